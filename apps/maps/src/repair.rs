//! `repair`: few edits that make maps playable.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use generativa::cli::{Exit, Shared};
use generativa::run::file::{create_folder, write_atomically};

use crate::deliver::edits_json;
use crate::game::Game;
use crate::map_file::{read_map, read_mask};

/// Flags of `repair`.
#[derive(Args, Debug)]
pub struct Options {
    /// Maps, one character a tile
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The kind of game
    #[arg(long, value_enum, default_value = "platform")]
    game: Game,
    /// Cells that must stay, `#`, and others, `.`, in the layout of the map
    #[arg(long, value_name = "MASKFILE")]
    locked: Option<PathBuf>,
    /// Folder for the repaired maps, NAME-repaired.txt [default: beside each map]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Writes each map repaired, and prints every edit and the name of the file.
///
/// # Errors
/// A game that knows no repair; no file could be repaired; or some could not ([`Exit::Partial`]).
pub fn repair(options: &Options, shared: &Shared) -> Result<()> {
    if !options.game.knows_repair() {
        let name = options.game.tiles().name();
        bail!(Exit::Usage(format!("{name} maps cannot be repaired yet; draw others by `sample`")));
    }
    if let Some(out) = &options.out {
        create_folder(out)?;
    }
    let mut failed = 0;
    for file in &options.files {
        if let Err(error) = one(file, options, shared) {
            eprintln!("{error:#}");
            failed += 1;
        }
    }
    match failed {
        0 => Ok(()),
        all if all == options.files.len() => bail!("no map could be repaired"),
        some => bail!(Exit::Partial(format!("{some} of {} maps failed", options.files.len()))),
    }
}

fn one(file: &Path, options: &Options, shared: &Shared) -> Result<()> {
    let map = read_map(file, options.game)?;
    let locked = match &options.locked {
        Some(mask) => read_mask(mask, (map.height(), map.width()))?,
        None => vec![false; map.cells().len()],
    };
    let repair = options.game.repair(&map, &locked).with_context(|| {
        format!("{}: no edits make it playable; lock fewer cells", file.display())
    })?;
    let stem = file.file_stem().context("a file has a name")?.to_string_lossy();
    let name = format!("{stem}-repaired.txt");
    let written = match &options.out {
        Some(out) => out.join(name),
        None => file.with_file_name(name),
    };
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
