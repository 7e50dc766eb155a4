//! The Legend of Zelda: eighteen dungeons, each on a grid of rooms.
//!
//! Tiles, from the README of the folder: `F` floor, `B` block, `M` monster, `P` lava or water,
//! `O` lava or water over floor, `I` lava or water over a block, `D` door, `S` stair, `W` wall,
//! `-` void.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{SET, level_files};
use crate::{Error, Result, read};

/// The game, by the name of its folder.
pub const GAME: &str = "The Legend of Zelda";
const ALPHABET: &[u8] = b"-BDFIMOPSW";

/// A dungeon as a grid of rooms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dungeon {
    /// The file name without `.txt`: `tloz3_1` is the third dungeon of the first quest.
    pub name: String,
    /// `[room row][room column]`; `None` where the map is void.
    pub rooms: Vec<Vec<Option<Room>>>,
    /// The file.
    pub file: PathBuf,
}

/// One room, walls included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The dungeon that it stands in (the first one, where rooms were merged).
    pub dungeon: String,
    /// Its row in the dungeon, from the top.
    pub room_row: usize,
    /// Its column in the dungeon, from the left.
    pub room_column: usize,
    /// [`Room::HEIGHT`] rows of [`Room::WIDTH`] symbols.
    pub rows: Vec<Vec<u8>>,
}

impl Room {
    /// Rows of a room.
    pub const HEIGHT: usize = 16;
    /// Columns of a room.
    pub const WIDTH: usize = 11;
}

/// The distinct rooms of all dungeons, split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rooms {
    /// Rooms to train on: those that stand in at least one dungeon that is not held out.
    pub training: Vec<Room>,
    /// Rooms that stand in held-out dungeons only: see [`held_out`](super::held_out).
    pub held_out: Vec<Room>,
    /// Rooms left out because another one before them has the same tiles.
    pub duplicates_removed: usize,
    /// Every file that was read.
    pub files: Vec<PathBuf>,
}

/// All dungeons, in natural order. `root` is the folder of the set.
///
/// Fails at the first file that is missing, cut short, ragged, holds an unknown tile, or is no
/// whole number of rooms high and wide.
pub fn zelda_dungeons(root: &Path) -> Result<Vec<Dungeon>> {
    let folder = root.join(GAME).join("Processed");
    let paths = level_files(&folder)?;
    if paths.is_empty() {
        return Err(Error::Empty { path: folder, expected: "dungeons as `.txt` files", set: SET });
    }
    paths.into_iter().map(dungeon).collect()
}

/// The distinct rooms of all dungeons, in the order in which they first occur. `root` is the folder
/// of the set; fails as [`zelda_dungeons`] does.
pub fn zelda_rooms(root: &Path) -> Result<Rooms> {
    let dungeons = zelda_dungeons(root)?;
    let held_out = super::held_out(GAME);
    let mut distinct: Vec<(Room, bool)> = Vec::new();
    let mut places: HashMap<&[Vec<u8>], usize> = HashMap::new();
    let mut total = 0;
    for room in dungeons.iter().flat_map(|dungeon| dungeon.rooms.iter().flatten().flatten()) {
        total += 1;
        let place = *places.entry(&room.rows).or_insert_with(|| {
            distinct.push((room.clone(), false));
            distinct.len() - 1
        });
        distinct[place].1 |= !held_out.contains(&room.dungeon);
    }
    let duplicates_removed = total - distinct.len();
    let (training, held_out): (Vec<_>, Vec<_>) =
        distinct.into_iter().partition(|(_, train)| *train);
    let rooms = |part: Vec<(Room, bool)>| part.into_iter().map(|(room, _)| room).collect();
    Ok(Rooms {
        training: rooms(training),
        held_out: rooms(held_out),
        duplicates_removed,
        files: dungeons.into_iter().map(|dungeon| dungeon.file).collect(),
    })
}

fn dungeon(path: PathBuf) -> Result<Dungeon> {
    let rows = read::rows(&path, &read::bytes(&path, SET)?, ALPHABET, SET)?;
    let (height, width) = (rows.len(), rows[0].len());
    if height % Room::HEIGHT != 0 {
        let found = format!("{height} rows");
        let expected = format!("a multiple of {} rows", Room::HEIGHT);
        return Err(Error::Truncated { path, line: height, expected, found, set: SET });
    }
    if width % Room::WIDTH != 0 {
        let found = format!("{width} columns");
        let expected = format!("a multiple of {} columns", Room::WIDTH);
        return Err(Error::Malformed { path, line: 1, expected, found });
    }
    let name = read::stem(&path);
    let room = |room_row: usize, room_column: usize| {
        let left = room_column * Room::WIDTH;
        let cut = |row: &Vec<u8>| row[left..left + Room::WIDTH].to_vec();
        let rows: Vec<_> =
            rows[room_row * Room::HEIGHT..][..Room::HEIGHT].iter().map(cut).collect();
        let void = rows.iter().flatten().all(|&symbol| symbol == b'-');
        (!void).then(|| Room { dungeon: name.clone(), room_row, room_column, rows })
    };
    let line = |row| (0..width / Room::WIDTH).map(|column| room(row, column)).collect();
    let rooms = (0..height / Room::HEIGHT).map(line).collect();
    Ok(Dungeon { rooms, name, file: path })
}
