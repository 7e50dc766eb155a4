//! The kinds of game that the app knows: what is measured on their maps, and what playable means.

use generativa::data::{Grid, LabelKind};
use generativa_datasets::simulators::roguelike_rules;
use serde::{Deserialize, Serialize};

use crate::dungeon;
use crate::platform::measure::Measures;
use crate::platform::{self, Repair};
use crate::show::TileSet;

/// A kind of game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Game {
    /// Side-scrolling levels of any width, of the Video Game Level Corpus.
    Platform,
    /// Dungeons of one size, from the embedded simulator.
    Dungeon,
}

/// Whether a map can be played, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// It can.
    pub playable: bool,
    /// Cells (row, column) of a way through, where the rule finds one.
    pub path: Vec<(usize, usize)>,
    /// Why not, for a person; empty where it can.
    pub reason: String,
}

impl Game {
    /// Columns that one latent describes, and columns to the left that the model sees. `width`: of
    /// the maps learned from; `history`: of the head.
    pub fn window(self, width: usize, history: usize) -> (usize, usize) {
        match self {
            // Labels are defined over 16 columns, and a jump and its landing fit in.
            Self::Platform => (16, 16),
            // A dungeon is one window; to its left there is nothing.
            Self::Dungeon => (width, history),
        }
    }

    /// Names of the values that a user can ask for, in order, and how each adds up.
    pub fn labels(self) -> &'static [(&'static str, LabelKind)] {
        use LabelKind::{Mean, Sum};
        match self {
            Self::Platform => &[("density", Mean), ("leniency", Mean), ("elevation", Mean)],
            Self::Dungeon => &[("openness", Mean), ("monsters", Sum), ("treasures", Sum)],
        }
    }

    /// The labels, measured on a window. Platform: share of solid tiles, leniency per 100 columns,
    /// mean height in rows. Dungeon: share of cells that are not wall, and two counts.
    pub fn measure(self, window: &Grid) -> Vec<f64> {
        match self {
            Self::Platform => {
                let measures = Measures::of(window);
                vec![measures.density, measures.leniency, measures.elevation]
            }
            Self::Dungeon => {
                let count =
                    |symbol| window.cells().iter().filter(|&&found| found == symbol).count() as f64;
                let cells = window.cells().len() as f64;
                vec![(cells - count(b'#')) / cells.max(1.0), count(b'm'), count(b'$')]
            }
        }
    }

    /// Whether `map` can be played.
    pub fn verdict(self, map: &Grid) -> Verdict {
        match self {
            Self::Platform => {
                let reach = platform::reach(map);
                let reason = if reach.reachable {
                    String::new()
                } else {
                    format!(
                        "the way ends at column {} of {}",
                        reach.furthest_column + 1,
                        map.width()
                    )
                };
                Verdict { playable: reach.reachable, path: reach.path, reason }
            }
            Self::Dungeon => {
                let rows: Vec<Vec<u8>> = map.rows().map(<[u8]>::to_vec).collect();
                let reason = fault(&roguelike_rules::check(&rows));
                let playable = reason.is_empty();
                Verdict { playable, path: Vec::new(), reason: reason.to_owned() }
            }
        }
    }

    /// The symbol that stands for a cell still to be filled, unless the user chooses another: none
    /// of the game's own.
    pub fn free_symbol(self) -> char {
        match self {
            Self::Platform => '.',
            // The dot is floor.
            Self::Dungeon => '_',
        }
    }

    /// `map` with few edits that make it playable, none where `locked` (row by row, one flag a
    /// tile). `None` where no way was found.
    pub fn repair(self, map: &Grid, locked: &[bool]) -> Option<Repair> {
        match self {
            Self::Platform => platform::repair(map, locked),
            Self::Dungeon => dungeon::repair(map, locked),
        }
    }

    /// The pictures that draw its tiles.
    pub fn tiles(self) -> TileSet {
        match self {
            Self::Platform => TileSet::Platform,
            Self::Dungeon => TileSet::Roguelike,
        }
    }

    /// Whether a map may have any number of columns.
    pub fn has_any_width(self) -> bool {
        self == Self::Platform
    }
}

/// The first thing that is wrong with a dungeon; empty where nothing is.
fn fault(verdict: &roguelike_rules::Verdict) -> &'static str {
    let checks = [
        (verdict.known_symbols, "it holds a symbol that no dungeon has"),
        (
            verdict.exactly_one_of_each,
            "it lacks, or has more than one, of entrance, exit, key, lock",
        ),
        (verdict.connected, "some floor cannot be reached even with the key"),
        (verdict.key_before_door, "the key lies behind the locked door, or the exit before it"),
        (verdict.doors_in_walls, "a door does not stand between two walls"),
    ];
    checks.iter().find(|(passes, _)| !passes).map_or("", |(_, fault)| fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_solid_is_solid_to_the_rule() {
        for known in TileSet::Platform.symbols() {
            assert_eq!(known.solid, platform::is_solid(known.symbol), "{}", known.kind);
        }
    }

    #[test]
    fn every_label_is_finite_on_a_window_without_columns() {
        for game in [Game::Platform, Game::Dungeon] {
            let values = game.measure(&Grid::filled(14, 0, b'-'));
            assert_eq!(values.len(), game.labels().len());
            assert!(values.iter().all(|value| value.is_finite()), "{values:?}");
        }
    }

    #[test]
    fn a_dungeon_that_lacks_its_key_is_refused_with_the_reason() {
        let rows = generativa_datasets::simulators::roguelike::dungeon(0, 1).rows;
        let mut map = Grid::from_rows(&rows).expect("the simulator makes rows of one length");
        assert!(Game::Dungeon.verdict(&map).playable);
        let key = map.cells().iter().position(|&symbol| symbol == b'k').expect("it has a key");
        map.set(key / map.width(), key % map.width(), b'.');
        assert!(Game::Dungeon.verdict(&map).reason.contains("lacks"));
    }
}
