//! Quests: dungeons of many rooms with locks and keys, that no order of opening doors can lose.
//!
//! A [`Layout`] says which rooms there are, which doors join them, which of those are locked and
//! which rooms hold the keys; [`Quest::draw`] fills it with rooms; [`solve`] judges the whole map
//! and knows nothing of the layout.

mod draw;
mod keys;
mod layout;
mod solve;
mod world;

use generativa::data::Grid;

use super::rule::{HEIGHT, WIDTH};
use crate::platform::Edit;

pub use layout::{Asked, Door, Layout, MOST_LOCKS};
pub use solve::{Solution, solve, solve_map};

/// A tile of a locked door, on both sides of it.
pub const LOCKED: u8 = b'L';
/// A key on the floor.
pub const KEY: u8 = b'K';
/// Where the player starts.
pub const START: u8 = b'@';
/// The treasure, which is the goal.
pub const GOAL: u8 = b'T';

/// A place on the floor of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The room, by its number in the layout.
    pub room: usize,
    /// Row in the room, from the top.
    pub row: usize,
    /// Column in the room, from the left.
    pub column: usize,
}

/// A dungeon of rooms with locks and keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Quest {
    /// Where the rooms lie and how they are joined.
    pub layout: Layout,
    /// The rooms, in the order of the layout, each with just the doors that it asks for.
    pub rooms: Vec<Grid>,
    /// Where the player starts, on floor.
    pub start: Spot,
    /// Where the treasure lies, on floor.
    pub goal: Spot,
    /// Where the keys lie, on floor, in the order of the layout.
    pub keys: Vec<Spot>,
    /// Every tile that was changed after a room had been drawn, with the number of its room.
    pub edits: Vec<(usize, Edit)>,
    /// Rooms drawn, with those that were thrown away.
    pub draws: usize,
}

impl Quest {
    /// All rooms in one map, [`HEIGHT`] rows and [`WIDTH`] columns for each place of the layout and
    /// void where there is no room, with [`LOCKED`], [`KEY`], [`START`] and [`GOAL`].
    pub fn map(&self) -> Grid {
        let (height, width) = self.layout.size();
        let mut map = Grid::filled(height * HEIGHT, width * WIDTH, b'-');
        let mut set = |room: usize, (row, column): (usize, usize), symbol| {
            let (down, right) = self.layout.places[room];
            map.set(down * HEIGHT + row, right * WIDTH + column, symbol);
        };
        for (number, room) in self.rooms.iter().enumerate() {
            for cell in (0..HEIGHT * WIDTH).map(|at| (at / WIDTH, at % WIDTH)) {
                set(number, cell, room.get(cell.0, cell.1));
            }
        }
        for door in self.layout.doors.iter().filter(|door| door.locked) {
            for (room, side) in door.sides() {
                side.door().iter().for_each(|&cell| set(room, cell, LOCKED));
            }
        }
        let keys = self.keys.iter().map(|key| (key, KEY));
        for (spot, symbol) in keys.chain([(&self.start, START), (&self.goal, GOAL)]) {
            set(spot.room, (spot.row, spot.column), symbol);
        }
        map
    }
}

#[cfg(test)]
mod tests;
