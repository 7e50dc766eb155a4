//! Maps made from those of a data set, each judged: what a model learns from beside them.
//!
//! A few human maps show what a map is like, but not what parts one that can be played from one that
//! cannot. Splices show both, in any number, and the check that tells them apart runs before
//! training, so that drawing needs none.

use generativa::baselines::column_ngrams::ColumnNgrams;
use generativa::data::Grid;
use generativa::metrics::window_distance::Windows;
use generativa_random::Stream;
use rayon::prelude::*;

use crate::config::Recombination;
use crate::data::Corpus;
use crate::game::{Finding, Game};
use crate::rooms::recombine::recombine;
use crate::sokoban::vary::vary;

/// Spliced maps by whether they can be played. Those of which the check does not know are left out.
#[derive(Default)]
pub struct Splices {
    /// They can.
    pub playable: Vec<Grid>,
    /// They cannot.
    pub blocked: Vec<Grid>,
}

/// Tries to make one that can be played; a corpus in which none can must not hang.
const TRIES: usize = 100;

/// Tiles by which a room must differ from every human one. Human rooms recur with few changes, and
/// a model that learned from nothing else would do the same.
pub const NEW: usize = 10;

/// `settings.levels` playable maps and all those that failed on the way to them. None for dungeons:
/// their simulator makes as many as we like.
pub fn splices(corpus: &Corpus, settings: &Recombination, seed: u64) -> Splices {
    let Some(recipe) = Recipe::of(corpus) else { return Splices::default() };
    // Of rooms alone the human ones are so much alike that newness has to be asked for.
    let rooms = (corpus.game == Game::Room).then(|| symmetric_windows(Game::Room, &corpus.train));
    let wanted = |map: &Grid| {
        let alone = std::slice::from_ref(map);
        let distance = |rooms| Windows::new(alone, map.width()).distances(rooms)[0];
        rooms.as_ref().is_none_or(|rooms| distance(rooms) >= NEW)
    };
    let make = |index: usize| {
        let mut stream = Stream::item(seed, "maps/recombination", index as u64);
        let mut splices = Splices::default();
        for map in (0..TRIES).map_while(|_| recipe.draw(settings.width, &mut stream)) {
            match corpus.game.verdict(&map).finding {
                Finding::Playable if wanted(&map) => {
                    splices.playable.push(map);
                    break;
                }
                Finding::Unplayable => splices.blocked.push(map),
                Finding::Playable | Finding::Unknown => {}
            }
        }
        splices
    };
    let made: Vec<Splices> = (0..settings.levels).into_par_iter().map(make).collect();
    let mut all = Splices::default();
    for one in made {
        all.playable.extend(one.playable);
        all.blocked.extend(one.blocked);
    }
    all
}

/// How maps of a game are spliced.
pub enum Recipe<'a> {
    /// Levels in new orders of their columns: a column model of order 1.
    Columns(ColumnNgrams),
    /// Rooms out of rooms, see [`recombine`].
    Rooms(Vec<&'a Grid>),
    /// Boards with pieces that stand elsewhere, see [`vary`].
    Boards(&'a [Grid]),
}

impl<'a> Recipe<'a> {
    /// The recipe for a corpus, where its game has one.
    pub fn of(corpus: &'a Corpus) -> Option<Self> {
        let human = &corpus.train;
        match corpus.game {
            Game::Platform => Some(Self::Columns(ColumnNgrams::fit(human, 1))),
            Game::Room => {
                let whole = human.iter().filter(|room| corpus.game.verdict(room).playable());
                Some(Self::Rooms(whole.collect())).filter(Self::has_maps)
            }
            Game::Sokoban => Some(Self::Boards(human)).filter(Self::has_maps),
            Game::Dungeon => None,
        }
    }

    fn has_maps(&self) -> bool {
        match self {
            Self::Columns(_) => true,
            Self::Rooms(rooms) => !rooms.is_empty(),
            Self::Boards(boards) => !boards.is_empty(),
        }
    }

    /// A map that nothing is known of. `width`: its columns, where the game leaves it open. `None`
    /// where no level is so wide.
    pub fn draw(&self, width: usize, stream: &mut Stream) -> Option<Grid> {
        match self {
            Self::Columns(columns) => columns.draw(width, stream),
            Self::Rooms(rooms) => Some(recombine(rooms, stream)),
            Self::Boards(boards) => Some(vary(boards, stream)),
        }
    }
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
        let settings = Recombination { levels: 20, width: 0, share: 0.5, blocked_share: 0.1 };
        let Splices { playable, blocked } = splices(&corpus, &settings, 1);
        assert_eq!(playable.len(), 20);
        assert!(playable.iter().all(|map| Game::Sokoban.verdict(map).playable()));
        let unplayable = |map: &Grid| Game::Sokoban.verdict(map).finding == Finding::Unplayable;
        assert!(!blocked.is_empty() && blocked.iter().all(unplayable));
        let again = splices(&corpus, &settings, 1);
        assert_eq!((again.playable, again.blocked), (playable, blocked));
    }
}
