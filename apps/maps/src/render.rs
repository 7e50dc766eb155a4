//! `render`: a map from a text file as a picture, with its verdict.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use generativa::cli::{Exit, Shared};
use generativa::run::file::create_folder;

use crate::game::Game;
use crate::map_file::read_map;
use crate::show::tile_picture;

/// Flags of `render`.
#[derive(Args, Debug)]
pub struct Options {
    /// Maps, one character a tile
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The kind of game
    #[arg(long, value_enum, default_value = "platform")]
    game: Game,
    /// Folder for the pictures [default: beside each map]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Draw the found way
    #[arg(long)]
    path: bool,
}

/// Writes one picture a file and prints its name and the verdict.
///
/// # Errors
/// No file could be drawn; or some could not ([`Exit::Partial`]).
pub fn render(options: &Options, shared: &Shared) -> Result<()> {
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
        all if all == options.files.len() => bail!("no map could be drawn"),
        some => bail!(Exit::Partial(format!("{some} of {} maps failed", options.files.len()))),
    }
}

fn one(file: &Path, options: &Options, shared: &Shared) -> Result<()> {
    let map = read_map(file, options.game)?;
    let verdict = options.game.verdict(&map);
    let name = file.with_extension("png");
    let picture = match &options.out {
        Some(out) => out.join(name.file_name().context("a file has a name")?),
        None => name,
    };
    let path = options.path.then_some(verdict.path.as_slice());
    tile_picture(options.game.tiles(), &map, path).write(&picture)?;
    let verdict = if verdict.playable { "can be played" } else { &verdict.reason };
    shared.print(&format!("{}: {verdict}", picture.display()))
}
