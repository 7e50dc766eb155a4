//! Rooms of dungeons seen from above, alone and joined into quests with locks and keys.
//!
//! Symbols are those of the Video Game Level Corpus for The Legend of Zelda: `F` floor, `B` block,
//! `M` monster, `P` lava or water, `O` floor with lava or water beside it, `I` block with it, `D`
//! door, `S` stair, `W` wall, `-` void.

pub mod quest;
mod repair;
mod rule;

use generativa::data::Grid;

pub use quest::Quest;
pub use repair::repair;
pub use rule::{HEIGHT, Side, Verdict, WIDTH, is_walkable, judge};

/// A room of bare floor with a door in each wall of [`Side::ALL`] that is flagged.
pub fn empty(doors: [bool; 4]) -> Grid {
    let mut room = Grid::filled(HEIGHT, WIDTH, b'W');
    for row in 2..HEIGHT - 2 {
        for column in 2..WIDTH - 2 {
            room.set(row, column, b'F');
        }
    }
    for (side, _) in Side::ALL.into_iter().zip(doors).filter(|(_, door)| *door) {
        for &(row, column) in side.door() {
            room.set(row, column, b'D');
        }
    }
    room
}
