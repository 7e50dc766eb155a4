//! Maps as people write them: text files, one character a tile, top row first.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use generativa::cli::for_each;
use generativa::data::Grid;
use generativa::run::file::create_folder;

use crate::game::Game;

/// Maps to work on, one by one, as flags.
#[derive(Args, Debug)]
pub struct MapFiles {
    /// Maps, one character a tile
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The kind of game
    #[arg(long, value_enum, default_value = "platform")]
    pub game: Game,
    /// Folder for what is written [default: beside each map]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl MapFiles {
    /// Reads every map and does `work` with it, going on after a failure: see [`for_each`].
    pub fn for_each(&self, mut work: impl FnMut(&Path, Grid) -> Result<()>) -> Result<()> {
        self.out.as_deref().map_or(Ok(()), create_folder)?;
        for_each(&self.files, |file| work(file, read_map(file, self.game)?))
    }

    /// Where the result for `file` goes, under `name`.
    pub fn written(&self, file: &Path, name: impl AsRef<OsStr>) -> PathBuf {
        let folder = self.out.as_deref().or(file.parent()).unwrap_or(Path::new("."));
        folder.join(name.as_ref())
    }
}

/// Reads a map of `game`.
///
/// # Errors
/// A file that cannot be read, is empty or ragged, or holds a tile that the game does not have; the
/// message names the place.
pub fn read_map(file: &Path, game: Game) -> Result<Grid> {
    let tiles = game.tiles();
    let known: Vec<u8> = tiles.symbols().iter().map(|known| known.symbol).collect();
    read_symbols(file, &known, &format!("the tiles of {} maps", tiles.name()))
}

/// Reads a map of `game` in which `free` stands for a cell that is still to be filled, and says of
/// each cell, row by row, whether it is locked.
///
/// # Errors
/// As [`read_map`].
pub fn read_partial_map(file: &Path, game: Game, free: u8) -> Result<(Grid, Vec<bool>)> {
    let tiles = game.tiles();
    let mut known: Vec<u8> = tiles.symbols().iter().map(|known| known.symbol).collect();
    known.push(free);
    let map = read_symbols(file, &known, &format!("the tiles of {} maps", tiles.name()))?;
    let locked = map.cells().iter().map(|&symbol| symbol != free).collect();
    Ok((map, locked))
}

/// Reads which cells of a map of this height and width are locked, `#`, and which are free, `.`.
///
/// # Errors
/// As [`read_map`]; a mask of another size.
pub fn read_mask(file: &Path, (height, width): (usize, usize)) -> Result<Vec<bool>> {
    let mask = read_symbols(file, b"#.", "locked and free cells")?;
    if (mask.height(), mask.width()) != (height, width) {
        bail!(
            "{}: a mask of {} rows and {} columns does not fit a map of {height} and {width}",
            file.display(),
            mask.height(),
            mask.width()
        );
    }
    Ok(mask.cells().iter().map(|&symbol| symbol == b'#').collect())
}

fn read_symbols(file: &Path, known: &[u8], meaning: &str) -> Result<Grid> {
    let shown = file.display();
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {shown}"))?;
    let lines = bytes.split(|&byte| byte == b'\n');
    let mut rows: Vec<&[u8]> = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect();
    // The line feed that closes the last row begins no new one.
    while rows.last().is_some_and(|row| row.is_empty()) {
        rows.pop();
    }
    let width = rows.first().map_or(0, |row| row.len());
    if width == 0 {
        bail!("{shown} holds no map");
    }
    for (number, row) in (1..).zip(&rows) {
        if row.len() != width {
            bail!("{shown} line {number}: expected {width} tiles, found {}", row.len());
        }
        if let Some(column) = row.iter().position(|symbol| !known.contains(symbol)) {
            bail!(
                "{shown} line {number} column {}: unknown tile `{}`; {meaning} are `{}`",
                column + 1,
                row[column].escape_ascii(),
                known.escape_ascii()
            );
        }
    }
    Grid::from_rows(&rows).context("rows were just found to be of one length")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of this process alone, removed when dropped.
    struct Scratch(std::path::PathBuf);

    impl Scratch {
        fn new(name: &str, text: &str) -> Result<Self> {
            let path = std::env::temp_dir().join(format!("maps-{}-{name}", std::process::id()));
            std::fs::write(&path, text)?;
            Ok(Self(path))
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            // A file left behind harms no test.
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn free_cells_are_told_from_locked_ones() -> Result<()> {
        let file = Scratch::new("partial", "-.\r\nX.\n\n")?;
        let (map, locked) = read_partial_map(&file.0, Game::Platform, b'.')?;
        assert_eq!((map.height(), map.width()), (2, 2));
        assert_eq!(locked, [true, false, true, false]);
        Ok(())
    }

    #[test]
    fn a_mask_of_another_size_is_refused_with_both_sizes() -> Result<()> {
        let file = Scratch::new("mask", "#.\n.#\n")?;
        assert_eq!(read_mask(&file.0, (2, 2))?, [true, false, false, true]);
        let error = read_mask(&file.0, (2, 3)).err().map(|error| error.to_string());
        assert!(error.is_some_and(|text| text.contains("2 rows and 2 columns")));
        Ok(())
    }

    #[test]
    fn an_unknown_tile_is_named_with_its_place() -> Result<()> {
        let file = Scratch::new("unknown", "--\n-!\n")?;
        let error = read_map(&file.0, Game::Platform).err().map(|error| error.to_string());
        assert!(error.is_some_and(|text| text.contains("line 2 column 2: unknown tile `!`")));
        Ok(())
    }
}
