//! The Video Game Level Corpus: tile levels of twelve games.
//!
//! Summerville, Snodgrass, Mateas, Ontanon 2016, arXiv 1606.07487. A level is a text file, one
//! character a tile, top row first; a legend names what each character is.

mod games;
mod legend;
mod zelda;

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::{Error, Result, read};
pub use zelda::{Dungeon, GAME as ZELDA, Room, Rooms, zelda_dungeons, zelda_rooms};

/// The set whose commands the messages name.
const SET: &str = "vglc";

/// The levels of one game.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corpus {
    /// The game, by the name of its folder.
    pub game: String,
    /// Distinct levels in natural order of their names (`mario-1-1` … `mario-8-1`).
    pub levels: Vec<Level>,
    /// Every tile that may occur, sorted by symbol, with its properties (`solid`, `enemy`, …);
    /// none where the corpus says nothing about it.
    pub legend: Legend,
    /// Files left out because another one before them holds the same tiles.
    pub duplicates_removed: usize,
    /// Every file that was read, legend included: what a fingerprint is taken of.
    pub files: Vec<PathBuf>,
}

/// Tiles sorted by symbol, each with its properties.
pub type Legend = Vec<(u8, Vec<String>)>;

/// One level: rows of one length, top row first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// The file name without `.txt`.
    pub name: String,
    /// `[height][width]` symbols.
    pub rows: Vec<Vec<u8>>,
}

impl Corpus {
    /// Every symbol that may occur, sorted.
    pub fn alphabet(&self) -> Vec<u8> {
        self.legend.iter().map(|(symbol, _)| *symbol).collect()
    }

    /// Levels to train on and levels held out, by the committed table: see [`held_out`].
    pub fn split(&self) -> (Vec<&Level>, Vec<&Level>) {
        let held_out = held_out(&self.game);
        self.levels.iter().partition(|level| !held_out.contains(&level.name))
    }
}

/// The levels (Zelda: dungeons) of a game that are never trained on; none where no split is
/// committed.
pub fn held_out(game: &str) -> &'static [String] {
    #[derive(Deserialize)]
    struct Split {
        held_out: Vec<String>,
    }
    static SPLITS: LazyLock<BTreeMap<String, Split>> = LazyLock::new(|| {
        toml::from_str(include_str!("splits/vglc.toml")).expect("embedded, and parsed by tests")
    });
    SPLITS.get(game).map_or(&[], |split| &split.held_out)
}

/// The games that [`platform_levels`] knows; `Super Mario Bros 2` has its enemies, and
/// `Super Mario Bros 2/NoEnemies` has the same levels without.
pub fn games() -> Vec<String> {
    games::GAMES.iter().map(|game| game.name.to_owned()).collect()
}

/// All levels of one game, exact duplicates removed.
///
/// `root` is the folder of the set, `game` one of [`games`], or any other folder below `root` with
/// levels as `.txt` files (in it or in its `Processed`) and one legend
/// `{"tiles": {"X": ["solid"], …}}` as `.json`. Zelda's dungeons have [`zelda_dungeons`].
///
/// Fails at the first file that is missing, cut short, ragged or holds a tile that the legend does
/// not have; the reader of `Rainbow Islands` learns so of its `Level 24`.
pub fn platform_levels(root: &Path, game: &str) -> Result<Corpus> {
    let layout = games::layout(root, game)?;
    let (legend, mut files) = legend::read(root, &layout)?;
    let alphabet: Vec<u8> = legend.iter().map(|(symbol, _)| *symbol).collect();

    let folder = root.join(&layout.levels);
    let paths = level_files(&folder)?;
    if paths.is_empty() {
        return Err(Error::Empty { path: folder, expected: "levels as `.txt` files", set: SET });
    }
    let mut levels = Vec::with_capacity(paths.len());
    let mut seen = HashSet::new();
    for path in &paths {
        let rows = read::rows(path, &read::bytes(path, SET)?, &alphabet, SET)?;
        check_height(path, &rows, layout.height)?;
        if seen.insert(rows.clone()) {
            levels.push(Level { name: read::stem(path), rows });
        }
    }
    let duplicates_removed = paths.len() - levels.len();
    files.extend(paths);
    Ok(Corpus { game: game.to_owned(), levels, legend, duplicates_removed, files })
}

/// The levels in a folder, without the descriptions that two games carry beside theirs.
fn level_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = read::folder(folder, "txt", SET)?;
    files.retain(|file| {
        let name = read::stem(file).to_lowercase();
        name != "readme" && !name.ends_with("_tiletypes")
    });
    Ok(files)
}

/// A file that was cut between two rows is still a rectangle: only the height tells.
fn check_height(path: &Path, rows: &[Vec<u8>], height: Option<usize>) -> Result<()> {
    match height {
        Some(height) if rows.len() < height => Err(Error::Truncated {
            path: path.to_owned(),
            line: rows.len(),
            expected: format!("{height} rows"),
            found: format!("{} rows", rows.len()),
            set: SET,
        }),
        Some(height) if rows.len() > height => Err(Error::Malformed {
            path: path.to_owned(),
            line: height + 1,
            expected: format!("{height} rows"),
            found: format!("{} rows", rows.len()),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
