//! The strict rule of a room: its doors, and whether one can walk between them.

use std::ops::Range;

use generativa::data::Grid;

/// Rows of a room.
pub const HEIGHT: usize = 16;
/// Columns of a room.
pub const WIDTH: usize = 11;

/// A wall of a room, in which there may be a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The upper wall.
    North,
    /// The lower wall.
    South,
    /// The left wall.
    West,
    /// The right wall.
    East,
}

impl Side {
    /// All sides, in the order of a room's door flags.
    pub const ALL: [Self; 4] = [Self::North, Self::South, Self::West, Self::East];

    /// (row, column) of each tile that the door takes in a room of the games.
    pub fn door(self) -> &'static [(usize, usize)] {
        match self {
            Self::North => &[(1, 4), (1, 5), (1, 6)],
            Self::South => &[(14, 4), (14, 5), (14, 6)],
            Self::West => &[(7, 1), (8, 1)],
            Self::East => &[(7, 9), (8, 9)],
        }
    }

    /// The side across: the door that a neighbour beyond this side has.
    pub fn opposite(self) -> Self {
        match self {
            Self::North => Self::South,
            Self::South => Self::North,
            Self::West => Self::East,
            Self::East => Self::West,
        }
    }

    /// Rows down and columns right to whatever lies beyond this side.
    pub fn step(self) -> (isize, isize) {
        match self {
            Self::North => (-1, 0),
            Self::South => (1, 0),
            Self::West => (0, -1),
            Self::East => (0, 1),
        }
    }

    /// (row, column) of each tile of the wall, which is two tiles thick; corners belong to north and
    /// south.
    pub(super) fn wall(self) -> impl Iterator<Item = (usize, usize)> {
        let (rows, columns): (Range<usize>, Range<usize>) = match self {
            Self::North => (0..2, 0..WIDTH),
            Self::South => (HEIGHT - 2..HEIGHT, 0..WIDTH),
            Self::West => (2..HEIGHT - 2, 0..2),
            Self::East => (2..HEIGHT - 2, WIDTH - 2..WIDTH),
        };
        rows.flat_map(move |row| columns.clone().map(move |column| (row, column)))
    }
}

/// What the strict rule says of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// For each of [`Side::ALL`] whether its wall has a door tile.
    pub doors: [bool; 4],
    /// Whether all door tiles in the walls lie in one region of floor, stairs, doors and `O`,
    /// walking up, down, left and right. True of a room with no door or one.
    pub connected: bool,
    /// Whether no tile is void.
    pub complete: bool,
}

impl Verdict {
    /// Connected and complete. The rule knows no bombs, no rafts and no blocks that are pushed, so
    /// 221 of the 267 distinct rooms of the games pass.
    pub fn passes(&self) -> bool {
        self.connected && self.complete
    }
}

/// Whether one can walk over the tile. A monster stands in the way here, as a block does.
pub fn is_walkable(symbol: u8) -> bool {
    matches!(symbol, b'F' | b'S' | b'D' | b'O')
}

/// Judges a room of [`HEIGHT`] rows and [`WIDTH`] columns; panics at another size.
pub fn judge(room: &Grid) -> Verdict {
    let size = (room.height(), room.width());
    assert_eq!(size, (HEIGHT, WIDTH), "a room has {HEIGHT} rows and {WIDTH} columns");
    let tiles = Side::ALL.map(|side| {
        side.wall().filter(|&(row, column)| room.get(row, column) == b'D').collect::<Vec<_>>()
    });
    let all: Vec<(usize, usize)> = tiles.iter().flatten().copied().collect();
    let connected = all.first().is_none_or(|&first| {
        let region = region(room, first);
        all.iter().all(|&(row, column)| region[row * WIDTH + column])
    });
    Verdict {
        doors: tiles.map(|tiles| !tiles.is_empty()),
        connected,
        complete: !room.cells().contains(&b'-'),
    }
}

/// The tiles that can be walked to from a walkable one, row by row.
pub(super) fn region(room: &Grid, from: (usize, usize)) -> Vec<bool> {
    let mut reached = vec![false; HEIGHT * WIDTH];
    reached[from.0 * WIDTH + from.1] = true;
    let mut open = vec![from];
    while let Some((row, column)) = open.pop() {
        for (row, column) in beside((row, column)) {
            if is_walkable(room.get(row, column)) && !reached[row * WIDTH + column] {
                reached[row * WIDTH + column] = true;
                open.push((row, column));
            }
        }
    }
    reached
}

/// The tiles of the room above, below, left and right of one.
pub(super) fn beside((row, column): (usize, usize)) -> impl Iterator<Item = (usize, usize)> {
    let tiles = Side::ALL.into_iter().filter_map(move |side| {
        let (down, right) = side.step();
        Some((row.checked_add_signed(down)?, column.checked_add_signed(right)?))
    });
    tiles.filter(|&(row, column)| row < HEIGHT && column < WIDTH)
}

/// Whether the tile lies inside the walls, [`HEIGHT`] - 4 rows by [`WIDTH`] - 4 columns.
pub(super) fn is_inside((row, column): (usize, usize)) -> bool {
    (2..HEIGHT - 2).contains(&row) && (2..WIDTH - 2).contains(&column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(doors: &[Side]) -> Grid {
        crate::rooms::empty(Side::ALL.map(|side| doors.contains(&side)))
    }

    fn block_row(room: &mut Grid, symbol: u8) {
        for column in 2..WIDTH - 2 {
            room.set(5, column, symbol);
        }
    }

    #[test]
    fn every_door_is_seen_in_its_own_wall() {
        for (index, side) in Side::ALL.into_iter().enumerate() {
            let doors = judge(&room(&[side])).doors;
            assert!((0..4).all(|other| doors[other] == (other == index)), "{side:?} {doors:?}");
        }
        assert_eq!(judge(&room(&[])).doors, [false; 4]);
    }

    #[test]
    fn an_open_room_connects_all_its_doors() {
        assert!(judge(&room(&Side::ALL)).passes());
    }

    #[test]
    fn water_from_wall_to_wall_parts_north_from_the_others_and_a_ford_does_not() {
        let mut parted = room(&[Side::North, Side::South]);
        block_row(&mut parted, b'P');
        assert!(!judge(&parted).connected);
        parted.set(5, 4, b'O');
        assert!(judge(&parted).passes());
        let mut same_bank = room(&[Side::South, Side::West, Side::East]);
        block_row(&mut same_bank, b'P');
        assert!(judge(&same_bank).passes());
    }

    #[test]
    fn tiles_that_touch_at_a_corner_are_not_connected() {
        let mut diagonal = room(&[Side::North, Side::South]);
        block_row(&mut diagonal, b'B');
        diagonal.set(5, 2, b'F');
        for row in 6..HEIGHT - 2 {
            diagonal.set(row, 2, b'B');
        }
        assert!(!judge(&diagonal).connected);
    }

    #[test]
    fn a_room_with_void_is_not_complete() {
        let mut void = room(&[Side::West]);
        void.set(9, 5, b'-');
        let verdict = judge(&void);
        assert!(verdict.connected && !verdict.passes());
    }
}
