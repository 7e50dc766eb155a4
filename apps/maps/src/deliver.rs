//! Maps on their way out: text or JSON on stdout, or text and picture in a folder.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use generativa::cli::{Shared, for_each};
use generativa::data::Grid;
use generativa::run::file::{create_folder, write_atomically};
use generativa_random::Stream;

use crate::game::Game;
use crate::generate::Drawn;
use crate::platform::Edit;
use crate::show::{TileSet, tile_picture};

/// How many maps are made, and where they go, as flags.
#[derive(Args, Debug)]
pub struct Series {
    /// How many to make; number I of a seed is the same however many
    #[arg(long, short = 'n', default_value_t = 1)]
    count: u64,
    /// What the maps come from and where they go.
    #[command(flatten)]
    pub delivery: Delivery,
}

impl Series {
    /// Calls `make` with each number and its stream of `family`, after the folder was made.
    ///
    /// # Errors
    /// As [`for_each`].
    pub fn for_each(
        &self,
        family: &str,
        mut make: impl FnMut(u64, &mut Stream) -> Result<()>,
    ) -> Result<()> {
        self.delivery.prepare()?;
        let seed = self.delivery.seed;
        for_each(0..self.count, |index| make(index, &mut Stream::item(seed, family, index)))
    }
}

/// Which maps are made and where they go, as flags.
#[derive(Args, Debug)]
pub struct Delivery {
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Write each map as text and picture into this folder instead of printing it
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Draw the found way into the pictures
    #[arg(long)]
    path: bool,
}

impl Delivery {
    /// Makes the folder, before any work is done.
    pub fn prepare(&self) -> Result<()> {
        self.out.as_deref().map_or(Ok(()), create_folder)
    }

    /// Writes a map as text and picture, where a folder was named, and gives the picture's name.
    /// `name`: the first part of the names of the files; `index`: the map's number under the seed.
    pub fn write(
        &self,
        (name, index): (&str, u64),
        map: &Grid,
        tiles: TileSet,
        path: &[(usize, usize)],
    ) -> Result<Option<PathBuf>> {
        let Some(out) = &self.out else { return Ok(None) };
        let name = format!("{name}-{}-{index:04}", self.seed);
        write_atomically(&out.join(format!("{name}.txt")), map.to_string().as_bytes())?;
        let picture = out.join(format!("{name}.png"));
        tile_picture(tiles, map, self.path.then_some(path)).write(&picture)?;
        Ok(Some(picture))
    }

    /// Hands one map over; name and number as for [`write`](Self::write).
    pub fn map(
        &self,
        (name, index): (&str, u64),
        drawn: &Drawn,
        game: Game,
        shared: &Shared,
    ) -> Result<()> {
        let Drawn { map, verdict, draws, edits } = drawn;
        let picture = self.write((name, index), map, game.tiles(), &verdict.path)?;
        if let Some(picture) = picture.filter(|_| !shared.json) {
            let repaired = match edits.len() {
                0 => String::new(),
                count => format!("  repaired, tiles changed: {count}"),
            };
            return shared.print(&format!("{}{repaired}", picture.display()));
        }
        if !shared.json {
            return shared.print(&map.to_string());
        }
        let labels = game.labels().iter().map(|label| label.name);
        let measured = labels.zip(game.measure(map));
        let line = serde_json::json!({
            "id": index,
            "seed": self.seed,
            "draws": draws,
            "edits": edits_json(edits),
            "playable": verdict.playable(),
            "labels": measured.collect::<BTreeMap<_, _>>(),
            "rows": map.rows().map(String::from_utf8_lossy).collect::<Vec<_>>(),
        });
        shared.print(&line.to_string())
    }
}

/// Edits with rows and columns counted from 1, as they are printed.
pub fn edits_json(edits: &[Edit]) -> serde_json::Value {
    let edit = |edit: &Edit| {
        serde_json::json!({
            "row": edit.row + 1,
            "column": edit.column + 1,
            "before": char::from(edit.before),
            "after": char::from(edit.after),
        })
    };
    edits.iter().map(edit).collect()
}
