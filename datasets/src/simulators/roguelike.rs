//! A dungeon generator: rooms, corridors and doors, a key, and a locked door before the exit.
//!
//! The embedded default of the maps app. Symbols: `#` wall, `.` floor, `+` door, `=` locked door,
//! `k` key, `m` monster, `$` treasure, `<` entrance (stairs up), `>` exit (stairs down).
//!
//! Every map has one entrance, one key, one locked door and one exit; everything is connected; the
//! exit lies behind the locked door and the key before it; every door stands between two walls
//! and two floors. [`roguelike_rules`](super::roguelike_rules) checks that independently.

mod furnish;
mod labels;
mod links;
mod plan;
mod rooms;

use generativa_random::Stream;

pub use labels::Labels;
use plan::Plan;

/// Every symbol of a map, in the order of the module's list.
pub const ALPHABET: &[u8] = b"#.+=km$<>";

/// What is asked of a dungeon. Counts are wishes: a small map holds fewer rooms, and [`Labels`]
/// say what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// Rows, at least [`Self::MIN_HEIGHT`].
    pub height: usize,
    /// Columns, at least [`Self::MIN_WIDTH`].
    pub width: usize,
    /// Rooms, at least 2.
    pub rooms: usize,
    /// Links beyond those that connect everything: ways around.
    pub loops: usize,
    /// Monsters.
    pub monsters: usize,
    /// Treasures.
    pub treasures: usize,
    /// How far corridors stray from the shortest way, 0 (not at all) to 1.
    pub corridor_winding: f64,
    /// Share of doorways that have a door, 0 to 1.
    pub doors: f64,
}

/// One map and what is measured on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Dungeon {
    /// `[height][width]` symbols of [`ALPHABET`], top row first, walls all around.
    pub rows: Vec<Vec<u8>>,
    /// The parameters as realised, measured on the map.
    pub labels: Labels,
}

impl Parameters {
    /// Fewest rows: two rooms above each other, or side by side with a way around.
    pub const MIN_HEIGHT: usize = 12;
    /// Fewest columns.
    pub const MIN_WIDTH: usize = 16;

    /// A 16 by 32 map with wishes drawn uniformly: 4 to 8 rooms, 0 to 2 loops, 0 to 8 monsters,
    /// 0 to 6 treasures, winding 0 to 1, doors 0.2 to 0.9. For another size:
    /// `Parameters { height, width, ..Parameters::draw(stream) }`.
    pub fn draw(stream: &mut Stream) -> Self {
        Self {
            height: 16,
            width: 32,
            rooms: 4 + stream.below(5), // three leave a bare map, nine seldom fit
            loops: stream.below(3),
            monsters: stream.below(9),
            treasures: stream.below(7),
            corridor_winding: stream.uniform(),
            doors: 0.2 + 0.7 * stream.uniform(),
        }
    }
}

/// A dungeon. Panics where `parameters` ask for a map below [`Parameters::MIN_HEIGHT`] by
/// [`Parameters::MIN_WIDTH`].
pub fn generate(parameters: &Parameters, stream: &mut Stream) -> Dungeon {
    assert!(
        parameters.height >= Parameters::MIN_HEIGHT && parameters.width >= Parameters::MIN_WIDTH,
        "a dungeon has at least {} by {} cells, not {} by {}",
        Parameters::MIN_HEIGHT,
        Parameters::MIN_WIDTH,
        parameters.height,
        parameters.width
    );
    // A layout whose rooms cannot all be linked is drawn anew, with a room less from time to time:
    // two rooms alone leave so much rock that a link is found almost at once.
    let mut wanted = parameters.rooms.max(2);
    loop {
        for _ in 0..4 {
            if let Some(rows) = attempt(parameters, wanted, stream) {
                let labels = Labels::measure(&rows);
                return Dungeon { rows, labels };
            }
        }
        wanted = (wanted - 1).max(2);
    }
}

/// The map number `index` of the family that `seed` names, at the default size: the same whichever
/// others are made.
pub fn dungeon(seed: u64, index: u64) -> Dungeon {
    let mut stream = Stream::item(seed, "roguelike", index);
    generate(&Parameters::draw(&mut stream), &mut stream)
}

fn attempt(parameters: &Parameters, wanted: usize, stream: &mut Stream) -> Option<Vec<Vec<u8>>> {
    let mut plan = Plan::rock(parameters.height, parameters.width);
    let rooms = rooms::place(&mut plan, wanted, stream);
    let vault = links::connect(&mut plan, &rooms, parameters, stream)?;
    furnish::furnish(&plan, &vault, parameters, stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulators::roguelike_rules::check;

    fn text(dungeon: &Dungeon) -> String {
        let lines = dungeon.rows.iter().map(|row| String::from_utf8_lossy(row) + "\n");
        lines.collect()
    }

    fn assert_playable(dungeon: &Dungeon, what: &str) {
        let verdict = check(&dungeon.rows);
        assert!(verdict.passes(), "{what}: {verdict:?}\n{}", text(dungeon));
    }

    #[test]
    fn two_thousand_dungeons_are_all_playable() {
        for index in 0..2000 {
            assert_playable(&dungeon(1, index), &format!("index {index}"));
        }
    }

    #[test]
    fn dungeons_of_other_sizes_are_playable_too() {
        for (height, width) in [(12, 16), (13, 17), (12, 60), (40, 16), (24, 48), (40, 80)] {
            for seed in 0..100 {
                let mut stream = Stream::item(seed, "sizes", (height * width) as u64);
                let rooms = 2 + stream.below(height * width / 60);
                let drawn = Parameters::draw(&mut stream);
                let parameters = Parameters { height, width, rooms, ..drawn };
                let made = generate(&parameters, &mut stream);
                assert_eq!((made.rows.len(), made.rows[0].len()), (height, width));
                assert_playable(&made, &format!("{height} by {width}, seed {seed}"));
            }
        }
    }

    #[test]
    fn wishes_out_of_all_proportion_still_end_in_a_dungeon() {
        let greedy = Parameters {
            height: 12,
            width: 16,
            rooms: 99,
            loops: 99,
            monsters: 999,
            treasures: 999,
            corridor_winding: 1.0,
            doors: 1.0,
        };
        let modest = Parameters { rooms: 0, loops: 0, monsters: 0, treasures: 0, ..greedy.clone() };
        for seed in 0..50 {
            let mut stream = Stream::named(seed, "wishes");
            assert_playable(&generate(&greedy, &mut stream), "greedy");
            let made = generate(&modest, &mut stream);
            assert_playable(&made, "modest");
            assert_eq!((made.labels.monsters, made.labels.treasures), (0, 0));
        }
    }

    #[test]
    fn one_address_gives_one_dungeon_and_neighbours_differ() {
        assert_eq!(dungeon(7, 3), dungeon(7, 3));
        let distinct: std::collections::HashSet<_> = (0..500).map(|i| dungeon(7, i).rows).collect();
        assert_eq!(distinct.len(), 500);
    }

    #[test]
    fn the_rooms_counted_on_a_map_are_the_rooms_that_were_dug() {
        for index in 0..500 {
            let mut stream = Stream::item(3, "rooms", index);
            let parameters = Parameters::draw(&mut stream);
            let mut plan = Plan::rock(parameters.height, parameters.width);
            let rooms = rooms::place(&mut plan, parameters.rooms, &mut stream);
            let Some(vault) = links::connect(&mut plan, &rooms, &parameters, &mut stream) else {
                continue;
            };
            if let Some(rows) = furnish::furnish(&plan, &vault, &parameters, &mut stream) {
                assert_eq!(Labels::measure(&rows).rooms, rooms.len(), "index {index}");
            }
        }
    }

    #[test]
    fn what_is_asked_shows_on_the_map() {
        let mean = |wish: &dyn Fn(Parameters) -> Parameters, label: &dyn Fn(&Labels) -> f64| {
            let one = |index| {
                let mut stream = Stream::item(5, "wish", index);
                let parameters = wish(Parameters::draw(&mut stream));
                label(&generate(&parameters, &mut stream).labels)
            };
            (0..200).map(one).sum::<f64>() / 200.0
        };
        let rooms = |rooms| mean(&|p| Parameters { rooms, ..p }, &|l| l.rooms as f64);
        assert!(rooms(7) - rooms(3) > 3.0, "{} against {}", rooms(7), rooms(3));
        let monsters = |monsters| mean(&|p| Parameters { monsters, ..p }, &|l| l.monsters as f64);
        assert!((monsters(5) - 5.0).abs() < 0.1, "{}", monsters(5));
        let treasures =
            |treasures| mean(&|p| Parameters { treasures, ..p }, &|l| l.treasures as f64);
        assert!((treasures(4) - 4.0).abs() < 0.1, "{}", treasures(4));
        let bends = |corridor_winding| {
            mean(&|p| Parameters { corridor_winding, ..p }, &|l| l.corridor_bends)
        };
        assert!(bends(1.0) > 1.2 * bends(0.0), "{} against {}", bends(1.0), bends(0.0));
    }
}
