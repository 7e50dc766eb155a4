//! `render`: a map from a text file as a picture, with its verdict.

use anyhow::{Context, Result};
use clap::Args;
use generativa::cli::Shared;

use crate::map_file::MapFiles;
use crate::show::tile_picture;

/// Flags of `render`.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    maps: MapFiles,
    /// Draw the found way
    #[arg(long)]
    path: bool,
}

/// Writes one picture a file and prints its name and the verdict.
///
/// # Errors
/// No file could be drawn; or some could not ([`Exit::Partial`](generativa::cli::Exit)).
pub fn render(options: &Options, shared: &Shared) -> Result<()> {
    let game = options.maps.game;
    options.maps.for_each(|file, map| {
        let verdict = game.verdict(&map);
        let name = file.with_extension("png");
        let picture = options.maps.written(file, name.file_name().context("a file has a name")?);
        let path = options.path.then_some(verdict.path.as_slice());
        tile_picture(game.tiles(), &map, path).write(&picture)?;
        let verdict = if verdict.playable() { "can be played" } else { &verdict.reason };
        shared.print(&format!("{}: {verdict}", picture.display()))
    })
}
