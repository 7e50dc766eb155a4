//! A whole dungeon as cells that one can step between.
//!
//! Rooms touch only through doors. In the dungeons of VGLC the door tiles of two rooms that face
//! each other stand in one line with two tiles of wall between them: row 14 of the upper room and
//! row 1 of the lower, column 9 of the left one and column 1 of the right. So a step leads from a
//! door tile straight over these two to the door tile across. A door that is whole on one side only
//! (6 of 389, all in the second quest) or leads nowhere is no way out; nor is part of a door.

use std::collections::VecDeque;

use generativa::data::Grid;

use super::{GOAL, KEY, LOCKED, START};
use crate::rooms::rule::{HEIGHT, Side, WIDTH, is_walkable};

/// A place of the map, as row times columns plus column.
pub(super) type Cell = usize;

pub(super) struct World {
    width: usize,
    /// Whether the cell can be walked on before any lock is opened.
    open: Vec<bool>,
    /// The cell across, for each tile of a door that leads to another room.
    across: Vec<Option<Cell>>,
    /// The lock, by number, for each tile of a locked door.
    lock: Vec<Option<usize>>,
    /// Number of locked doors.
    pub(super) locks: usize,
    /// Every cell with a key.
    pub(super) keys: Vec<Cell>,
    /// The first start, if there is one.
    pub(super) start: Option<Cell>,
    /// The first goal, if there is one.
    pub(super) goal: Option<Cell>,
}

impl World {
    /// Reads a map of whole rooms; panics at another size.
    pub(super) fn read(map: &Grid) -> Self {
        let (height, width) = (map.height(), map.width());
        assert!(
            height % HEIGHT == 0 && width % WIDTH == 0,
            "{height} rows and {width} columns are no rooms of {HEIGHT} rows and {WIDTH} columns"
        );
        let symbols = map.cells();
        let places = |symbol| (0..symbols.len()).filter(move |&cell| symbols[cell] == symbol);
        let mut world = Self {
            width,
            open: symbols.iter().map(|&symbol| is_open(symbol)).collect(),
            across: vec![None; symbols.len()],
            lock: vec![None; symbols.len()],
            locks: 0,
            keys: places(KEY).collect(),
            start: places(START).next(),
            goal: places(GOAL).next(),
        };
        for (down, right) in
            (0..height / HEIGHT).flat_map(|row| (0..width / WIDTH).map(move |column| (row, column)))
        {
            let corner = down * HEIGHT * width + right * WIDTH;
            if (down + 1) * HEIGHT < height {
                world.join(map, Side::South, corner, corner + HEIGHT * width);
            }
            if (right + 1) * WIDTH < width {
                world.join(map, Side::East, corner, corner + WIDTH);
            }
        }
        world
    }

    /// Enters the door in wall `side` of one room, if it is whole there and in the other room. It
    /// is locked if any tile of it is. Rooms are given by their upper left cells.
    fn join(&mut self, map: &Grid, side: Side, room: Cell, other: Cell) {
        let tiles = |room: Cell, side: Side| {
            side.door().iter().map(move |&(row, column)| room + row * map.width() + column)
        };
        let symbol = |cell: Cell| map.cells()[cell];
        let pairs: Vec<(Cell, Cell)> =
            tiles(room, side).zip(tiles(other, side.opposite())).collect();
        let both = || pairs.iter().flat_map(|&(one, other)| [one, other]);
        if !both().all(|cell| matches!(symbol(cell), b'D' | LOCKED)) {
            return;
        }
        for &(one, other) in &pairs {
            (self.across[one], self.across[other]) = (Some(other), Some(one));
        }
        if both().any(|cell| symbol(cell) == LOCKED) {
            both().for_each(|cell| self.lock[cell] = Some(self.locks));
            self.locks += 1;
        }
    }

    /// Number of cells.
    pub(super) fn cells(&self) -> usize {
        self.open.len()
    }

    /// (row, column) of a cell.
    pub(super) fn place(&self, cell: Cell) -> (usize, usize) {
        (cell / self.width, cell % self.width)
    }

    /// The lock that the cell is a tile of.
    pub(super) fn lock(&self, cell: Cell) -> Option<usize> {
        self.lock[cell]
    }

    /// Whether the cell can be walked on with the locks of these bits opened.
    pub(super) fn is_open(&self, cell: Cell, opened: u64) -> bool {
        self.lock[cell].map_or(self.open[cell], |lock| opened >> lock & 1 == 1)
    }

    /// The cells beside one in its room, and the one across its door, whatever stands there.
    pub(super) fn beside(&self, cell: Cell) -> impl Iterator<Item = Cell> {
        let (row, column) = self.place(cell);
        let room = (row / HEIGHT, column / WIDTH);
        let steps = Side::ALL.into_iter().filter_map(move |side| {
            let (down, right) = side.step();
            let (row, column) = (row.checked_add_signed(down)?, column.checked_add_signed(right)?);
            ((row / HEIGHT, column / WIDTH) == room).then_some(row * self.width + column)
        });
        steps.chain(self.across[cell])
    }

    /// The cells of a shortest way with the locks of these bits opened, without the first, to a
    /// cell that `arrives`; `None` where none can be reached.
    pub(super) fn way(
        &self,
        from: Cell,
        opened: u64,
        arrives: impl Fn(Cell) -> bool,
    ) -> Option<Vec<Cell>> {
        let mut before = vec![None; self.cells()];
        before[from] = Some(from);
        let mut queue = VecDeque::from([from]);
        while let Some(cell) = queue.pop_front() {
            if arrives(cell) {
                let back = |&at: &Cell| before[at].filter(|&previous| previous != at);
                let mut way: Vec<Cell> = std::iter::successors(Some(cell), back).collect();
                way.pop();
                way.reverse();
                return Some(way);
            }
            for next in self.beside(cell) {
                if self.is_open(next, opened) && before[next].is_none() {
                    before[next] = Some(cell);
                    queue.push_back(next);
                }
            }
        }
        None
    }
}

/// Whether one can walk over the symbol. What lies on the floor is no obstacle, a locked door is.
fn is_open(symbol: u8) -> bool {
    is_walkable(symbol) || matches!(symbol, KEY | START | GOAL)
}
