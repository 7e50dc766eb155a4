//! `export`: maps from text files in the formats of other tools.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use generativa::cli::Shared;
use generativa::run::file::{create_folder, write_atomically};

use super::{Label, Level, ldtk, plain, tmx};
use crate::game::Game;
use crate::map_file::read_map;
use crate::show::{TileSet, tile_picture};

/// A format that maps can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Plain rows, one file a map
    Text,
    /// A picture, one file a map
    Png,
    /// Tiled: one .tmx a map, with tile set and picture
    Tmx,
    /// LDtk: one project with a level a map
    Ldtk,
    /// One table, a record for each row of tiles
    Csv,
    /// One file with rows, labels, seeds and paths
    Json,
}

/// Flags of `export`.
#[derive(Args, Debug)]
pub struct Options {
    /// Maps, one character a tile
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The kind of game
    #[arg(long, value_enum, default_value = "platform")]
    game: Game,
    /// What to write; may be given several times
    #[arg(long, value_enum, required = true)]
    format: Vec<Format>,
    /// Folder for the files
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Keep the found way, where the format can hold it
    #[arg(long)]
    path: bool,
}

/// Reads all maps, then writes them in each format and prints the names of the files.
pub fn export(options: &Options, shared: &Shared) -> Result<()> {
    let level = |file: &PathBuf| {
        let grid = read_map(file, options.game)?;
        let verdict = options.game.verdict(&grid);
        let labels = [("playable".to_owned(), Label::Flag(verdict.playable()))].into();
        let path = if options.path { verdict.path } else { Vec::new() };
        Ok(Level { id: id(file)?, seed: 0, labels, grid, path })
    };
    let levels = options.files.iter().map(level).collect::<Result<Vec<_>>>()?;
    create_folder(&options.out)?;
    for &format in &options.format {
        for file in write(format, &options.out, options.game.tiles(), &levels)? {
            shared.print(&file.display().to_string())?;
        }
    }
    Ok(())
}

/// Writes `levels` into `folder`, which exists; gives the files written.
pub fn write(
    format: Format,
    folder: &Path,
    set: TileSet,
    levels: &[Level],
) -> Result<Vec<PathBuf>> {
    let one = |name: &str, text: String| {
        let path = folder.join(name);
        write_atomically(&path, text.as_bytes())?;
        Ok(vec![path])
    };
    let each = |extension: &str, file: &dyn Fn(&Level, &Path) -> Result<()>| {
        let write = |level: &Level| {
            let path = folder.join(format!("{}.{extension}", level.id));
            file(level, &path).map(|()| path)
        };
        levels.iter().map(write).collect()
    };
    match format {
        Format::Text => {
            each("txt", &|level, path| write_atomically(path, level.grid.to_string().as_bytes()))
        }
        Format::Png => each("png", &|level, path| {
            tile_picture(set, &level.grid, Some(&level.path)).write(path)
        }),
        Format::Tmx => tmx::write(folder, set, levels),
        Format::Ldtk => ldtk::write(folder, "maps", set, levels),
        Format::Csv => one("maps.csv", plain::csv(levels)?),
        Format::Json => one("maps.json", plain::json(set, levels)?),
    }
}

/// The name of a file as an id: what is no letter or digit becomes `-`.
fn id(file: &Path) -> Result<String> {
    let stem = file.file_stem().with_context(|| format!("{} is no file", file.display()))?;
    let plain = |symbol: char| if symbol.is_ascii_alphanumeric() { symbol } else { '-' };
    Ok(stem.to_string_lossy().chars().map(plain).collect())
}
