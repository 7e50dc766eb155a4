//! Rooms of dungeons seen from above, alone and joined into quests with locks and keys.
//!
//! Symbols are those of the Video Game Level Corpus for The Legend of Zelda: `F` floor, `B` block,
//! `M` monster, `P` lava or water, `O` floor with lava or water beside it, `I` block with it, `D`
//! door, `S` stair, `W` wall, `-` void.

pub mod measure;
pub mod quest;
pub mod recombine;
mod repair;
mod rule;

use generativa::data::Grid;

pub use quest::Quest;
pub use repair::repair;
pub use rule::{HEIGHT, Side, Verdict, WIDTH, is_walkable, judge};

/// Why a room cannot be played; empty where it can.
pub fn fault(room: &Grid) -> String {
    if (room.height(), room.width()) != (HEIGHT, WIDTH) {
        let (height, width) = (room.height(), room.width());
        return format!("a room has {HEIGHT} rows and {WIDTH} columns, found {height} and {width}");
    }
    let verdict = judge(room);
    let fault = match (verdict.complete, verdict.connected) {
        (false, _) => "some of its tiles are void",
        (true, false) => "there is no way between its doors",
        (true, true) => "",
    };
    fault.to_owned()
}

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
