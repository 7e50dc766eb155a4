//! The kinds of game that the app knows: what is measured on their maps, and what playable means.

use generativa::data::{Grid, LabelKind};
use generativa_datasets::vglc;
use serde::{Deserialize, Serialize};

use crate::platform::measure::Measures;
use crate::platform::{self, Repair};
use crate::show::TileSet;
use crate::{dungeon, rooms, sokoban};

/// A kind of game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Game {
    /// Side-scrolling levels of any width, of the Video Game Level Corpus.
    Platform,
    /// Dungeons of one size, from the embedded simulator.
    Dungeon,
    /// Rooms of dungeons, of The Legend of Zelda in the Video Game Level Corpus.
    Room,
    /// Boards with boxes to push, of Boxoban.
    Sokoban,
}

/// The name of the embedded simulator's data.
pub const EMBEDDED: &str = "embedded";

/// The parts of Boxoban that have boards to learn from and others to be judged by.
pub const BOXOBAN: [&str; 2] = ["unfiltered", "medium"];

/// What a check of limited size knows of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It can be played.
    Playable,
    /// It cannot.
    Unplayable,
    /// The check gave up before either was known; the map does not count as playable.
    Unknown,
}

/// Whether a map can be played, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What is known.
    pub finding: Finding,
    /// Cells (row, column) of a way through, where the rule finds one.
    pub path: Vec<(usize, usize)>,
    /// Why not, for a person; empty where it can.
    pub reason: String,
}

impl Verdict {
    /// Whether the map is known to be playable.
    pub fn playable(&self) -> bool {
        self.finding == Finding::Playable
    }

    /// Playable where there is nothing to say against it.
    fn unless(reason: String, path: Vec<(usize, usize)>) -> Self {
        let finding = if reason.is_empty() { Finding::Playable } else { Finding::Unplayable };
        Self { finding, path, reason }
    }
}

/// A value that a user can ask for.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// How it adds up along a window.
    pub kind: LabelKind,
    /// What is asked where nobody asks for anything else.
    pub usual: Option<f64>,
}

const fn mean(name: &'static str) -> Label {
    Label { name, kind: LabelKind::Mean, usual: None }
}

const fn sum(name: &'static str) -> Label {
    Label { name, kind: LabelKind::Sum, usual: None }
}

const fn count(name: &'static str) -> Label {
    Label { name, kind: LabelKind::Count, usual: None }
}

const fn usually(name: &'static str, usual: f64) -> Label {
    Label { usual: Some(usual), ..count(name) }
}

impl Game {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Platform, Self::Dungeon, Self::Room, Self::Sokoban];

    /// The kind that a data set holds, by its name and part; both empty for the embedded simulator.
    pub fn of(data: &str, subset: &str) -> Self {
        match subset {
            _ if data.is_empty() || data == EMBEDDED => Self::Dungeon,
            vglc::ZELDA => Self::Room,
            _ if BOXOBAN.contains(&subset) => Self::Sokoban,
            _ => Self::Platform,
        }
    }

    /// Columns that one latent describes, and columns to the left that the model sees. `width`: of
    /// the maps learned from; `history`: of the head.
    pub fn window(self, width: usize, history: usize) -> (usize, usize) {
        // Labels are defined over 16 columns, and a jump and its landing fit in. Other maps are one
        // window, with nothing to its left.
        if self.has_any_width() { (16, 16) } else { (width, history) }
    }

    /// The values that a user can ask for, in order.
    pub fn labels(self) -> &'static [Label] {
        match self {
            Self::Platform => const { &[mean("density"), mean("leniency"), mean("elevation")] },
            Self::Dungeon => {
                const {
                    &[
                        mean("openness"),
                        count("monsters"),
                        count("treasures"),
                        usually("entrances", 1.0),
                        usually("exits", 1.0),
                        usually("keys", 1.0),
                        usually("locks", 1.0),
                    ]
                }
            }
            Self::Room => {
                const {
                    &[
                        sum("north"),
                        sum("south"),
                        sum("west"),
                        sum("east"),
                        count("monsters"),
                        mean("built"),
                    ]
                }
            }
            Self::Sokoban => {
                const {
                    &[
                        mean("openness"),
                        usually("boxes", 4.0),
                        usually("goals", 4.0),
                        usually("players", 1.0),
                    ]
                }
            }
        }
    }

    /// Two labels that are only asked for alike: a board needs as many goals as boxes.
    pub fn equals(self) -> Option<(usize, usize)> {
        (self == Self::Sokoban).then_some((1, 2))
    }

    /// How many labels, from the first, are usually asked for together: the doors of a room.
    pub fn asked_together(self) -> usize {
        if self == Self::Room { 4 } else { 0 }
    }

    /// The labels, measured on a window or its first columns. Platform: share of solid tiles,
    /// leniency per 100 columns, mean height in rows. Dungeon and Sokoban: share of cells that are
    /// not wall, and counts. Room: see [`rooms::measure`].
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
                let openness = (cells - count(b'#')) / cells.max(1.0);
                [openness].into_iter().chain(b"m$<>k=".map(count)).collect()
            }
            Self::Room => rooms::measure::measure(window),
            Self::Sokoban => sokoban::measure::measure(window),
        }
    }

    /// Whether `map` can be played.
    pub fn verdict(self, map: &Grid) -> Verdict {
        match self {
            Self::Platform => {
                let reach = platform::reach(map);
                let (end, width) = (reach.furthest_column + 1, map.width());
                let reason = if reach.reachable {
                    String::new()
                } else {
                    format!("the way ends at column {end} of {width}")
                };
                Verdict::unless(reason, reach.path)
            }
            Self::Dungeon => Verdict::unless(dungeon::fault(map).to_owned(), Vec::new()),
            Self::Room => Verdict::unless(rooms::fault(map), Vec::new()),
            Self::Sokoban => sokoban::judge(map),
        }
    }

    /// The images of a map that are as good as itself, itself first.
    pub fn symmetries(self, map: &Grid) -> Vec<Grid> {
        match self {
            Self::Room | Self::Sokoban => map.symmetries(),
            // Left is not right where one walks to the right; the simulator makes enough.
            Self::Platform | Self::Dungeon => vec![map.clone()],
        }
    }

    /// The symbol that stands for a cell still to be filled, unless the user chooses another: none
    /// of the game's own.
    pub fn free_symbol(self) -> char {
        match self {
            Self::Platform => '.',
            Self::Room => '.',
            // The dot is floor, or a goal.
            Self::Dungeon | Self::Sokoban => '_',
        }
    }

    /// `map` with few edits that make it playable, none where `locked` (row by row, one flag a
    /// tile). `None` where no way was found, and always for boards of Sokoban, of which only the
    /// solver knows what an edit does.
    pub fn repair(self, map: &Grid, locked: &[bool]) -> Option<Repair> {
        match self {
            Self::Platform => platform::repair(map, locked),
            Self::Dungeon => dungeon::repair(map, locked),
            Self::Room => rooms::repair(map, None, locked),
            Self::Sokoban => None,
        }
    }

    /// Whether it knows a [`repair`](Self::repair).
    pub fn has_repair(self) -> bool {
        self != Self::Sokoban
    }

    /// The pictures that draw its tiles.
    pub fn tiles(self) -> TileSet {
        match self {
            Self::Platform => TileSet::Platform,
            Self::Dungeon => TileSet::Roguelike,
            Self::Room => TileSet::Rooms,
            Self::Sokoban => TileSet::Sokoban,
        }
    }

    /// Whether a map may have any number of columns.
    pub fn has_any_width(self) -> bool {
        self == Self::Platform
    }
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
    fn a_data_set_and_its_part_say_what_the_maps_are_of() {
        let sets = [
            (("", ""), Game::Dungeon),
            (("embedded", ""), Game::Dungeon),
            (("vglc", "Super Mario Bros"), Game::Platform),
            (("some/folder", "my game"), Game::Platform),
            (("vglc", "The Legend of Zelda"), Game::Room),
            (("boxoban", "medium"), Game::Sokoban),
        ];
        for ((data, subset), game) in sets {
            assert_eq!(Game::of(data, subset), game, "{data} {subset}");
        }
    }

    #[test]
    fn every_label_is_finite_on_a_window_without_columns() {
        for game in Game::ALL {
            let values = game.measure(&Grid::filled(16, 0, b'-'));
            assert_eq!(values.len(), game.labels().len());
            assert!(values.iter().all(|value| value.is_finite()), "{values:?}");
        }
    }

    #[test]
    fn a_dungeon_that_lacks_its_key_is_refused_with_the_reason() {
        let rows = generativa_datasets::simulators::roguelike::dungeon(0, 1).rows;
        let mut map = Grid::from_rows(&rows).expect("the simulator makes rows of one length");
        assert!(Game::Dungeon.verdict(&map).playable());
        let key = map.cells().iter().position(|&symbol| symbol == b'k').expect("it has a key");
        map.set(key / map.width(), key % map.width(), b'.');
        assert!(Game::Dungeon.verdict(&map).reason.contains("lacks"));
    }
}
