//! `repair`: few edits that make maps playable.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use generativa::cli::{Exit, Shared};
use generativa::data::Grid;
use generativa::run::file::write_atomically;

use crate::deliver::edits_json;
use crate::game::Game;
use crate::map_file::{MapFiles, read_mask};
use crate::rooms::{self, HEIGHT, WIDTH};

/// Flags of `repair`.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    maps: MapFiles,
    /// Cells that must stay, `#`, and others, `.`, in the layout of the map
    #[arg(long, value_name = "MASKFILE")]
    locked: Option<PathBuf>,
}

/// Writes each map repaired as NAME-repaired.txt, and prints every edit and the name of the file.
///
/// # Errors
/// A game without repair ([`Exit::Usage`]); no file could be repaired; or some could not
/// ([`Exit::Partial`]).
pub fn repair(options: &Options, shared: &Shared) -> Result<()> {
    if !options.maps.game.has_repair() {
        let text = "boards of Sokoban have no repair; `sample` draws until the solver is content";
        bail!(Exit::Usage(text.to_owned()));
    }
    options.maps.for_each(|file, map| one(file, &map, options, shared))
}

fn one(file: &Path, map: &Grid, options: &Options, shared: &Shared) -> Result<()> {
    if options.maps.game == Game::Room && (map.height(), map.width()) != (HEIGHT, WIDTH) {
        bail!("{}: {}", file.display(), rooms::fault(map));
    }
    let locked = match &options.locked {
        Some(mask) => read_mask(mask, (map.height(), map.width()))?,
        None => vec![false; map.cells().len()],
    };
    let repair = options.maps.game.repair(map, &locked).with_context(|| {
        format!("{}: no edits make it playable; lock fewer cells", file.display())
    })?;
    let stem = file.file_stem().context("a file has a name")?.to_string_lossy();
    let written = options.maps.written(file, format!("{stem}-repaired.txt"));
    write_atomically(&written, repair.level.to_string().as_bytes())?;
    if shared.json {
        let line = serde_json::json!({
            "file": file,
            "written": written,
            "edits": edits_json(&repair.edits),
        });
        return shared.print(&line.to_string());
    }
    for edit in &repair.edits {
        shared.print(&edit.to_string())?;
    }
    shared.print(&format!("{}: tiles changed: {}", written.display(), repair.edits.len()))
}
