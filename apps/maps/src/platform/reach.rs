//! Whether the end of a level can be reached by geometry.
//!
//! The rule knows no enemies and no momentum, so a level that passes is called reachable, never
//! beaten.

use generativa::data::Grid;

use super::is_solid;
use super::rule::Rule;

/// What a breadth-first search over all moves of a player finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Whether any state lies in the last column.
    pub reachable: bool,
    /// The largest column of any state met before the search ended, which it does at the first
    /// state in the last column; 0 where there is no place to start.
    pub furthest_column: usize,
    /// (row, column) of each state on a way of fewest moves from a start to the first state met in
    /// `furthest_column`. A diagonal fall may skip a cell. Empty where there is no place to start.
    pub path: Vec<(usize, usize)>,
}

/// A state met, with the place of its forerunner in the queue; a start is its own.
struct Visit {
    cell: u32,
    motion: u8,
    from: u32,
}

/// Searches `level`, of any height and width, from its first three columns for a state in its last.
///
/// A state is a cell and, in a jump, the arc, its direction and its step. From everywhere a jump
/// goes on along its arc; on a solid cell one may walk or begin any jump; over a free cell one may
/// fall, straight or sideways.
pub fn reach(level: &Grid) -> Reach {
    let rule = Rule { height: level.height(), width: level.width() };
    let solid: Vec<bool> = level.cells().iter().map(|&symbol| is_solid(symbol)).collect();
    let mut search = Search {
        rule,
        seen: vec![0; solid.len()],
        queue: Vec::with_capacity(solid.len()),
        furthest: None,
    };
    let allowed = |step: &super::rule::Step| {
        step.support.is_none_or(|cell| solid[cell as usize])
            && step.free.iter().all(|&cell| !solid[cell as usize])
    };

    for start in rule.starts().filter(allowed) {
        search.meet(start.cell, start.motion, search.queue.len() as u32);
    }
    let mut next = 0;
    while next < search.queue.len() && !search.is_done() {
        let Visit { cell, motion, .. } = search.queue[next];
        // What is open on foot depends on the cell alone, so its first visit stands for all.
        if search.seen[cell as usize] & EXPANDED == 0 {
            search.seen[cell as usize] |= EXPANDED;
            for step in rule.on_foot(cell).filter(allowed) {
                search.meet(step.cell, step.motion, next as u32);
            }
        }
        if let Some(step) = rule.glide(cell, motion).filter(allowed) {
            search.meet(step.cell, step.motion, next as u32);
        }
        next += 1;
    }
    search.result()
}

/// Columns of the widest jump: what stands in the next so many decides whether the way leads on.
pub const JUMP: usize = 8;

/// For each column whether the way from the left leads at least a jump beyond it, or to the end.
pub fn leads_on(level: &Grid) -> Vec<bool> {
    let Reach { reachable, furthest_column, .. } = reach(level);
    (0..level.width()).map(|column| reachable || column + JUMP <= furthest_column).collect()
}

/// Set in [`Search::seen`] once the steps on foot from a cell are in the queue.
const EXPANDED: u128 = 1 << 127;

struct Search {
    rule: Rule,
    /// For each cell one bit for each motion.
    seen: Vec<u128>,
    queue: Vec<Visit>,
    /// Column and place in the queue of the first state in the largest column so far.
    furthest: Option<(usize, usize)>,
}

impl Search {
    fn meet(&mut self, cell: u32, motion: u8, from: u32) {
        let bit = 1 << motion;
        if self.is_done() || self.seen[cell as usize] & bit != 0 {
            return;
        }
        self.seen[cell as usize] |= bit;
        let (_, column) = self.rule.place(cell);
        if self.furthest.is_none_or(|(furthest, _)| column > furthest) {
            self.furthest = Some((column, self.queue.len()));
        }
        self.queue.push(Visit { cell, motion, from });
    }

    fn is_done(&self) -> bool {
        self.furthest.is_some_and(|(column, _)| column + 1 == self.rule.width)
    }

    fn result(&self) -> Reach {
        let reachable = self.is_done();
        let Some((furthest_column, mut at)) = self.furthest else {
            return Reach { reachable, furthest_column: 0, path: Vec::new() };
        };
        let mut path = vec![self.rule.place(self.queue[at].cell)];
        while self.queue[at].from as usize != at {
            at = self.queue[at].from as usize;
            path.push(self.rule.place(self.queue[at].cell));
        }
        path.reverse();
        Reach { reachable, furthest_column, path }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(rows: &[&str]) -> Grid {
        Grid::from_rows(rows).expect("rows of one length")
    }

    /// Flat ground with `gap` columns missing.
    fn ground_with_gap(gap: usize) -> Grid {
        let mut grid = Grid::filled(14, 30, b'-');
        for column in (0..30).filter(|column| !(10..10 + gap).contains(column)) {
            grid.set(13, column, b'X');
        }
        grid
    }

    /// Flat ground with a wall of `rise` tiles.
    fn ground_with_wall(rise: usize) -> Grid {
        let mut grid = ground_with_gap(0);
        for row in 13 - rise..13 {
            grid.set(row, 15, b'X');
        }
        grid
    }

    #[test]
    fn a_player_walks_along_flat_ground() {
        let found = reach(&level(&["-----", "XXXXX"]));
        assert!(found.reachable);
        assert_eq!(found.furthest_column, 4);
        assert_eq!(found.path.last(), Some(&(0, 4)));
        assert!(found.path[0].1 <= 2);
    }

    #[test]
    fn the_widest_jump_clears_nine_columns_of_pit_and_no_more() {
        // The flat arcs are three rows up after seven columns; three sideways falls add three
        // columns, so the player lands ten columns on.
        assert!(reach(&ground_with_gap(9)).reachable);
        assert!(!reach(&ground_with_gap(10)).reachable);
    }

    #[test]
    fn a_wall_of_four_is_jumped_and_a_wall_of_five_is_not() {
        assert!(reach(&ground_with_wall(4)).reachable);
        let blocked = reach(&ground_with_wall(5));
        assert!(!blocked.reachable);
        assert_eq!(blocked.furthest_column, 14);
        assert_eq!(blocked.path.last().map(|place| place.1), Some(14));
    }

    #[test]
    fn a_level_without_ground_has_no_start() {
        let found = reach(&Grid::filled(14, 20, b'-'));
        assert_eq!(found, Reach { reachable: false, furthest_column: 0, path: Vec::new() });
    }

    #[test]
    fn levels_of_no_size_are_searched_without_harm() {
        for (height, width) in [(0, 0), (0, 5), (5, 0), (1, 1), (1, 9), (2, 1), (9, 1), (2, 2)] {
            for symbol in [b'-', b'X'] {
                assert!(!reach(&Grid::filled(height, width, symbol)).reachable);
            }
        }
        assert!(reach(&level(&["-", "X"])).reachable);
    }
}
