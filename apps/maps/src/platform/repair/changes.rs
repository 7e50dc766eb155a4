//! What may be changed about a level, and which tiles that touches.

use generativa::data::Grid;

use crate::platform::is_solid;
use crate::platform::measure::right_of;

/// A change at (row, column).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Puts a solid tile where there is none.
    Fill { row: usize, column: usize },
    /// Takes a solid tile away that belongs to no pipe.
    Clear { row: usize, column: usize },
    /// Lowers the pipe whose left half is in `column` so that `row` is above it.
    Shorten { row: usize, column: usize },
}

impl Change {
    /// The change that makes the solid tile at `row`, `column` passable.
    pub(super) fn passing(level: &Grid, row: usize, column: usize) -> Self {
        if is_pipe(level, row, column) {
            Self::Shorten { row, column }
        } else if column > 0 && is_pipe(level, row, column - 1) {
            Self::Shorten { row, column: column - 1 }
        } else {
            Self::Clear { row, column }
        }
    }

    /// Every tile that changes, with its row, its column and what it becomes.
    pub(super) fn tiles(self, level: &Grid) -> Vec<(usize, usize, u8)> {
        match self {
            Self::Fill { row, column } => vec![(row, column, support(level, row, column))],
            Self::Clear { row, column } => vec![(row, column, b'-')],
            // An earlier change lowered the pipe as far or further.
            Self::Shorten { row, column } if !is_pipe(level, row, column) => Vec::new(),
            Self::Shorten { row, column } => {
                let cleared = (pipe_top(level, row, column)..=row)
                    .flat_map(|row| [(row, column, b'-'), (row, column + 1, b'-')]);
                let below = row + 1;
                let goes_on = below < level.height()
                    && level.get(below, column) == b'['
                    && is_pipe(level, below, column);
                let lip = [(below, column, b'<'), (below, column + 1, b'>')];
                cleared.chain(lip.into_iter().filter(|_| goes_on)).collect()
            }
        }
    }

    pub(super) fn apply(self, level: &mut Grid) {
        for (row, column, after) in self.tiles(level) {
            level.set(row, column, after);
        }
    }
}

/// Whether the tile is the left half of a pipe whose right half is there.
fn is_pipe(level: &Grid, row: usize, column: usize) -> bool {
    let right = (column + 1 < level.width()).then(|| level.get(row, column + 1));
    right.is_some() && right_of(level.get(row, column)) == right
}

/// The highest row of the pipe whose left half is at `row`, `column`.
fn pipe_top(level: &Grid, row: usize, column: usize) -> usize {
    let mut top = row;
    while top > 0 && level.get(top, column) == b'[' && is_pipe(level, top - 1, column) {
        top -= 1;
    }
    top
}

/// The tile that fits its neighbourhood: what it continues to the side, ground above ground and at
/// the bottom, brick in the air.
fn support(level: &Grid, row: usize, column: usize) -> u8 {
    let side = |offset| column.checked_add_signed(offset).filter(|&side| side < level.width());
    let sides: Vec<u8> =
        [-1, 1].into_iter().filter_map(side).map(|side| level.get(row, side)).collect();
    let below = (row + 1 < level.height()).then(|| level.get(row + 1, column));
    if sides.contains(&b'X') || below == Some(b'X') {
        b'X'
    } else if sides.iter().any(|&tile| matches!(tile, b'S' | b'?' | b'Q')) {
        b'S'
    } else if row + 2 >= level.height() {
        b'X'
    } else {
        b'S'
    }
}

/// What an edit costs beside its tiles, in shares of a tile that never add up to one within eight
/// edits: of equally few edits the search takes those that take nothing from the player.
pub(super) fn regret(level: &Grid, row: usize, column: usize) -> u32 {
    match level.get(row, column) {
        b'X' | b'S' => 1,
        b'?' | b'Q' | b'o' => 3,
        b'E' | b'B' | b'b' => 6,
        symbol if is_solid(symbol) => 1,
        _ => u32::from(stands_alone(level, row, column)),
    }
}

/// Whether a solid tile put here would touch no other at its sides or below.
fn stands_alone(level: &Grid, row: usize, column: usize) -> bool {
    let solid = |row: usize, column: usize| {
        row < level.height() && column < level.width() && is_solid(level.get(row, column))
    };
    let left = column > 0 && solid(row, column - 1);
    !left && !solid(row, column + 1) && !solid(row + 1, column)
}
