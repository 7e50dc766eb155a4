//! Few edits that make a level reachable.
//!
//! A search over the states of the [reach rule](fn@super::reach) in which a step that is not allowed
//! may be bought: a free cell to stand on is filled, a solid cell in the way is cleared.

mod changes;
mod search;

use std::fmt;

use generativa::data::Grid;

use super::reach;
use changes::Change;

/// One changed tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Row from the top.
    pub row: usize,
    /// Column from the left.
    pub column: usize,
    /// The tile that was there.
    pub before: u8,
    /// The tile that is there now.
    pub after: u8,
}

/// `row 12 column 33: - -> X`, counted from 1.
impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [before, after] = [self.before, self.after].map(char::from);
        write!(f, "row {} column {}: {before} -> {after}", self.row + 1, self.column + 1)
    }
}

/// A reachable level and how it differs from the one it was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// The level after all edits; it passes [`reach()`].
    pub level: Grid,
    /// Every tile that changed, from left to right, then from top to bottom.
    pub edits: Vec<Edit>,
}

/// Steps that a fill or a clearing looks back on to see whether it undoes what the way rests on.
/// Longer than any arc with the falls after it; the whole way is looked at where this fails.
const RECENT: usize = 32;

/// Changes as few tiles of `level` as the search finds so that it becomes reachable; no tile whose
/// flag in `locked` (row by row, one flag a tile) is set. `None` where no way was found.
///
/// What is guaranteed: the level returned is reachable, locked tiles are unchanged, no pipe is
/// broken that was whole (a pipe in the way is shortened, every tile of it counted), and no single
/// change can be taken back. A level that is reachable already comes back without edits, and one
/// edit is always fewest. More than one are fewest but for this: the search keeps one way to each
/// state, the cheapest, and a dearer one could at times be continued at less cost.
pub fn repair(level: &Grid, locked: &[bool]) -> Option<Repair> {
    assert_eq!(locked.len(), level.cells().len(), "one flag a tile says what is locked");
    if reach(level).reachable {
        return Some(Repair { level: level.clone(), edits: Vec::new() });
    }
    let mut kept = [RECENT, usize::MAX].into_iter().find_map(|memory| {
        let changes = search::cheapest_changes(level, locked, memory)?;
        reach(&changed(level, &changes)).reachable.then_some(changes)
    })?;

    // Two changes on one way may open another way that needs only one of them.
    let mut at = 0;
    while at < kept.len() {
        let mut fewer = kept.clone();
        fewer.remove(at);
        if reach(&changed(level, &fewer)).reachable {
            kept = fewer;
        } else {
            at += 1;
        }
    }
    let after = changed(level, &kept);
    Some(Repair { edits: edits(level, &after), level: after })
}

fn changed(level: &Grid, changes: &[Change]) -> Grid {
    let mut level = level.clone();
    for change in changes {
        change.apply(&mut level);
    }
    level
}

/// Every tile in which two levels of one size differ, in the order of [`Repair::edits`].
pub(crate) fn edits(before: &Grid, after: &Grid) -> Vec<Edit> {
    let places =
        (0..before.width()).flat_map(|column| (0..before.height()).map(move |row| (row, column)));
    places
        .filter(|&(row, column)| before.get(row, column) != after.get(row, column))
        .map(|(row, column)| {
            let (before, after) = (before.get(row, column), after.get(row, column));
            Edit { row, column, before, after }
        })
        .collect()
}

#[cfg(test)]
mod tests;
