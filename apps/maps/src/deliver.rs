//! Maps on their way out: text or JSON on stdout, or text and picture in a folder.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use generativa::cli::Shared;
use generativa::data::Grid;
use generativa::run::file::{create_folder, write_atomically};

use crate::game::Game;
use crate::generate::Drawn;
use crate::platform::Edit;
use crate::show::{TileSet, tile_picture};

/// Where maps go, as flags.
#[derive(Args, Debug)]
pub struct Delivery {
    /// Write each map as text and picture into this folder instead of printing it
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Draw the found way into the pictures
    #[arg(long)]
    path: bool,
}

/// What a map is called.
pub struct Label<'a> {
    /// First part of the names of its files.
    pub name: &'a str,
    /// Seed that it came from.
    pub seed: u64,
    /// Its number under that seed.
    pub index: u64,
}

impl Delivery {
    /// Makes the folder, before any work is done.
    pub fn prepare(&self) -> Result<()> {
        self.out.as_deref().map_or(Ok(()), create_folder)
    }

    /// Writes a map as text and picture, where a folder was named, and gives the picture's name.
    pub fn write(
        &self,
        label: &Label,
        map: &Grid,
        tiles: TileSet,
        path: &[(usize, usize)],
    ) -> Result<Option<PathBuf>> {
        let Some(out) = &self.out else { return Ok(None) };
        let name = format!("{}-{}-{:04}", label.name, label.seed, label.index);
        write_atomically(&out.join(format!("{name}.txt")), map.to_string().as_bytes())?;
        let picture = out.join(format!("{name}.png"));
        tile_picture(tiles, map, self.path.then_some(path)).write(&picture)?;
        Ok(Some(picture))
    }

    /// Hands one map over.
    pub fn map(&self, drawn: &Drawn, label: &Label, game: Game, shared: &Shared) -> Result<()> {
        let Drawn { map, verdict, draws, edits } = drawn;
        let Label { seed, index, .. } = *label;
        let picture = self.write(label, map, game.tiles(), &verdict.path)?;
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
            "seed": seed,
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
