//! Maps made from those of a data set, each judged: what a model learns from beside them.
//!
//! A few human maps show what a map is like, but not what parts one that is wanted, because it can
//! be played, from one that is not. Splices show both, in any number, and the check that tells them
//! apart runs before training, so that drawing needs none.

use generativa::baselines::column_ngrams::ColumnNgrams;
use generativa::data::Grid;
use generativa::metrics::window_distance::Windows;
use generativa_random::Stream;
use rayon::prelude::*;

use crate::config::Recombination;
use crate::data::Corpus;
use crate::game::{Finding, Game};
use crate::platform::leads_on;
use crate::rooms::recombine::{misdoored, recombine};
use crate::sokoban::vary::vary;

/// Spliced maps by whether they are wanted. Those of which the check does not know are left out.
#[derive(Default)]
pub struct Splices {
    /// They are.
    pub wanted: Vec<Grid>,
    /// They are not.
    pub unwanted: Vec<Unwanted>,
}

/// A map that is not wanted.
#[derive(Debug, PartialEq)]
pub struct Unwanted {
    /// The map.
    pub map: Grid,
    /// The labels that were asked of it, where it is not wanted because it has others.
    pub asked: Option<Vec<f64>>,
}

/// What maps of a game are wanted: those that can be played and, of rooms, that are new.
pub struct Taste {
    game: Game,
    /// Rooms from which others must differ: human ones are so much alike that newness has to be
    /// asked for.
    known: Option<Windows>,
}

impl Taste {
    /// For the maps of a corpus.
    pub fn of(corpus: &Corpus) -> Self {
        let game = corpus.game;
        let known = (game == Game::Room).then(|| symmetric_windows(game, &corpus.train));
        Self { game, known }
    }

    /// Whether `map` is wanted; `None` where nobody knows.
    pub fn likes(&self, map: &Grid) -> Option<bool> {
        let alone = std::slice::from_ref(map);
        let new = |known| Windows::new(alone, map.width()).distances(known)[0] >= NEW;
        match self.game.verdict(map).finding {
            Finding::Playable => Some(self.known.as_ref().is_none_or(new)),
            Finding::Unplayable => Some(false),
            Finding::Unknown => None,
        }
    }

    /// For each column of a human map whether what is so is wanted: of levels, whether the way leads
    /// on. What nobody knows of a human map is taken to be good.
    pub fn columns(&self, map: &Grid) -> Vec<bool> {
        match self.game {
            Game::Platform => leads_on(map),
            _ => vec![self.likes(map) != Some(false); map.width()],
        }
    }
}

/// Tries to make one that is wanted; a corpus in which none can must not hang.
const TRIES: usize = 100;

/// Tiles by which a map of one window must differ from every image of every human one to be called
/// new; rooms that are not are not wanted. Human rooms recur with few changes, and
/// a model that learned from nothing else would do the same.
pub const NEW: usize = 10;

/// `settings.levels` maps that are wanted, those that failed on the way to them, and a spoiled copy
/// of each, where the game has a way to spoil one. Of dungeons only the copies: their simulator
/// makes as many others as we like.
pub fn splices(corpus: &Corpus, settings: &Recombination, seed: u64) -> Splices {
    let (taste, recipe) = (Taste::of(corpus), Recipe::of(corpus));
    let make = |index: usize| {
        let mut stream = Stream::item(seed, "maps/recombination", index as u64);
        let mut splices = Splices::default();
        for map in (0..TRIES).map_while(|_| recipe.draw(settings.width, &mut stream)) {
            match taste.likes(&map) {
                Some(true) => {
                    let (game, asked) = (corpus.game, corpus.game.measure(&map));
                    let spoiled = recipe.spoil(&map, &mut stream);
                    let spoiled = spoiled.filter(|map| game.measure(map) != asked);
                    let unwanted = |map| Unwanted { map, asked: Some(asked) };
                    splices.unwanted.extend(spoiled.map(unwanted));
                    splices.wanted.push(map);
                    break;
                }
                Some(false) => splices.unwanted.push(Unwanted { map, asked: None }),
                None => {}
            }
        }
        splices
    };
    let made: Vec<Splices> = (0..settings.levels).into_par_iter().map(make).collect();
    let mut all = Splices::default();
    for one in made {
        all.wanted.extend(one.wanted);
        all.unwanted.extend(one.unwanted);
    }
    if corpus.game == Game::Dungeon {
        // They are the maps of the corpus.
        all.wanted.clear();
    }
    all
}

/// How maps of a game are spliced and spoiled.
pub enum Recipe<'a> {
    /// Levels in new orders of their columns: a column model of order 1.
    Columns(ColumnNgrams),
    /// Dungeons as they are.
    Dungeons(&'a [Grid]),
    /// Rooms out of rooms, see [`recombine`].
    Rooms(Vec<&'a Grid>),
    /// Boards with pieces that stand elsewhere, see [`vary`].
    Boards(&'a [Grid]),
}

impl<'a> Recipe<'a> {
    /// The recipe for a corpus.
    pub fn of(corpus: &'a Corpus) -> Self {
        let human = &corpus.train;
        match corpus.game {
            Game::Platform => Self::Columns(ColumnNgrams::fit(human, 1)),
            Game::Dungeon => Self::Dungeons(human),
            Game::Room => {
                let whole = human.iter().filter(|room| corpus.game.verdict(room).playable());
                Self::Rooms(whole.collect())
            }
            Game::Sokoban => Self::Boards(human),
        }
    }

    /// A map that nothing is known of. `width`: its columns, where the game leaves it open. `None`
    /// where there is nothing to make it of, or no level is so wide.
    pub fn draw(&self, width: usize, stream: &mut Stream) -> Option<Grid> {
        match self {
            Self::Columns(columns) => columns.draw(width, stream),
            Self::Dungeons(dungeons) if !dungeons.is_empty() => Some(stream.pick(dungeons).clone()),
            Self::Rooms(rooms) if !rooms.is_empty() => Some(recombine(rooms, stream)),
            Self::Boards(boards) if !boards.is_empty() => Some(vary(boards, stream)),
            _ => None,
        }
    }

    /// A copy of `map` that may have other labels: it lacks, or has too much of, what is counted on
    /// it, or a door.
    fn spoil(&self, map: &Grid, stream: &mut Stream) -> Option<Grid> {
        match self {
            Self::Dungeons(_) => Some(miscounted(map, b"<>k=", b'.', stream)),
            Self::Boards(_) => Some(miscounted(map, b"$.@", b' ', stream)),
            Self::Rooms(_) => Some(misdoored(map, stream)),
            Self::Columns(_) => None,
        }
    }
}

/// `map` with one of `things` turned to `floor`, or a bit of floor turned to one.
fn miscounted(map: &Grid, things: &[u8], floor: u8, stream: &mut Stream) -> Grid {
    let thing = *stream.pick(things);
    let (from, to) = if stream.chance(0.5) { (thing, floor) } else { (floor, thing) };
    let cells = map.cells().iter().enumerate().filter(|(_, symbol)| **symbol == from);
    let cells: Vec<usize> = cells.map(|(cell, _)| cell).collect();
    let mut map = map.clone();
    if !cells.is_empty() {
        let cell = *stream.pick(&cells);
        map.set(cell / map.width(), cell % map.width(), to);
    }
    map
}

/// All images of all maps, each as one window.
pub fn symmetric_windows(game: Game, maps: &[Grid]) -> Windows {
    let images: Vec<Grid> = maps.iter().flat_map(|map| game.symmetries(map)).collect();
    Windows::new(&images, images.first().map_or(1, Grid::width))
}

#[cfg(test)]
mod tests {
    use generativa::run::evaluation::DataRef;

    use super::*;

    #[test]
    fn splices_are_sorted_by_the_rule_of_their_game() {
        let board = ["######", "#  . #", "# $  #", "#  @ #", "######"];
        let board = Grid::from_rows(&board).expect("rows of one length");
        let train = vec![board.clone()];
        let corpus = Corpus {
            game: Game::Sokoban,
            held_out: train.clone(),
            train,
            source: DataRef::default(),
        };
        let settings = Recombination { levels: 20, width: 0, share: 0.5, unwanted_share: 0.1 };
        let Splices { wanted, unwanted } = splices(&corpus, &settings, 1);
        assert_eq!(wanted.len(), 20);
        assert!(wanted.iter().all(|map| Game::Sokoban.verdict(map).playable()));
        let unplayable = |map: &Grid| Game::Sokoban.verdict(map).finding == Finding::Unplayable;
        assert!(unwanted.iter().all(|one| unplayable(&one.map)));
        let spoiled: Vec<_> = unwanted.iter().filter(|one| one.asked.is_some()).collect();
        assert!(!spoiled.is_empty() && spoiled.len() < unwanted.len());
        let obeys = |one: &&Unwanted| one.asked == Some(Game::Sokoban.measure(&one.map));
        assert!(!spoiled.iter().any(obeys));
        let again = splices(&corpus, &settings, 1);
        assert_eq!((again.wanted, again.unwanted), (wanted, unwanted));
    }
}
