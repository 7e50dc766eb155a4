//! Fills a layout with rooms.

use anyhow::{Result, bail, ensure};
use generativa::data::Grid;
use generativa_random::Stream;

use super::{Layout, Quest, Spot};
use crate::platform::Repair;
use crate::rooms::repair::repair_for_locks;
use crate::rooms::rule::{HEIGHT, Side, WIDTH, beside, is_inside, is_walkable, region};

/// (row, column) in a room.
type Cell = (usize, usize);

/// Draws of a room before it is given up. What fails is mostly a room too full to hold a thing, or
/// with a wall across it; a source that fails this often has not learned rooms.
const TRIES: usize = 50;
const NOTHING_LOCKED: [bool; HEIGHT * WIDTH] = [false; HEIGHT * WIDTH];

impl Quest {
    /// Draws each room of `layout` by `room_source`, which is given the doors wanted in the order
    /// of [`Side::ALL`], and repairs it, so that it has just these doors and all of them can be
    /// reached from one another and from what lies in the room. A room that cannot be repaired, or
    /// is too full to hold what is to lie in it, is drawn anew.
    ///
    /// # Errors
    /// The source fails or draws another size; or none of 50 draws of a room can be used.
    pub fn draw(
        layout: Layout,
        mut room_source: impl FnMut([bool; 4], &mut Stream) -> Result<Grid>,
        stream: &mut Stream,
    ) -> Result<Self> {
        let (mut rooms, mut floors, mut edits) = (Vec::new(), Vec::new(), Vec::new());
        let mut draws = 0;
        for number in 0..layout.places.len() {
            let (doors, things) = (layout.doors_of(number), things(&layout, number));
            let usable = (0..TRIES).find_map(|_| {
                draws += 1;
                usable_room(room_source(doors, stream), doors, things).transpose()
            });
            let Some(usable) = usable else {
                let (room, rooms) = (number + 1, layout.places.len());
                let doors = names(doors);
                bail!(
                    "room {room} of {rooms}: none of {TRIES} draws with a door {doors} can be \
                     used; train longer"
                );
            };
            let (repair, floor) = usable?;
            edits.extend(repair.edits.into_iter().map(|edit| (number, edit)));
            rooms.push(repair.level);
            floors.push(floor);
        }
        let start = middle(layout.start, &mut floors);
        let goal = middle(layout.goal, &mut floors);
        let keys = layout.keys.iter().map(|&room| anywhere(room, &mut floors, stream)).collect();
        Ok(Self { layout, rooms, start, goal, keys, edits, draws })
    }
}

/// The room repaired and its [`open_floor`], or `None` where it must be drawn anew.
fn usable_room(
    drawn: Result<Grid>,
    doors: [bool; 4],
    things: usize,
) -> Result<Option<(Repair, Vec<Cell>)>> {
    let drawn = drawn?;
    let (height, width) = (drawn.height(), drawn.width());
    ensure!(
        (height, width) == (HEIGHT, WIDTH),
        "a room has {HEIGHT} rows and {WIDTH} columns; the source drew {height} and {width}"
    );
    let Some(repair) = repair_for_locks(&drawn, doors, &NOTHING_LOCKED) else { return Ok(None) };
    let floor = open_floor(&repair.level, doors);
    Ok((floor.len() >= things.max(1)).then_some((repair, floor)))
}

/// Things that are to lie in a room.
fn things(layout: &Layout, room: usize) -> usize {
    let keys = layout.keys.iter().filter(|&&key| key == room).count();
    keys + usize::from(layout.start == room) + usize::from(layout.goal == room)
}

/// The floor from which every door can be reached without passing another, the nearest to the
/// middle of the room first; empty where a door leads to no floor.
fn open_floor(room: &Grid, doors: [bool; 4]) -> Vec<Cell> {
    let mut shut = room.clone();
    let doors: Vec<Side> = Side::ALL.into_iter().filter(|&side| doors[side as usize]).collect();
    for &(row, column) in doors.iter().flat_map(|side| side.door()) {
        shut.set(row, column, b'W');
    }
    let thresholds = |side: &Side| side.door().iter().flat_map(|&cell| beside(cell));
    let walkable = |&(row, column): &Cell| is_walkable(shut.get(row, column));
    let regions = doors.first().into_iter().flat_map(thresholds).filter(walkable);
    let joined = regions.map(|from| region(&shut, from)).find(|region| {
        doors.iter().all(|side| thresholds(side).any(|cell| region[cell.0 * WIDTH + cell.1]))
    });
    let mut floor: Vec<Cell> = joined.map_or(Vec::new(), |region| {
        let cells = (0..HEIGHT * WIDTH).filter(|&at| region[at] && shut.cells()[at] == b'F');
        cells.map(|at| (at / WIDTH, at % WIDTH)).filter(|&cell| is_inside(cell)).collect()
    });
    // Twice the distance, since the middle of an even number of rows lies between two.
    floor.sort_by_key(|&(row, column)| {
        (2 * row).abs_diff(HEIGHT - 1).pow(2) + (2 * column).abs_diff(WIDTH - 1).pow(2)
    });
    floor
}

/// Takes the free floor of a room that is nearest to its middle.
fn middle(room: usize, floors: &mut [Vec<Cell>]) -> Spot {
    let (row, column) = floors[room].remove(0);
    Spot { room, row, column }
}

/// Takes any free floor of a room.
fn anywhere(room: usize, floors: &mut [Vec<Cell>], stream: &mut Stream) -> Spot {
    let place = stream.below(floors[room].len());
    let (row, column) = floors[room].remove(place);
    Spot { room, row, column }
}

/// The walls with a door, for a person.
fn names(doors: [bool; 4]) -> String {
    let sides = Side::ALL.into_iter().filter(|&side| doors[side as usize]);
    sides.map(|side| format!("{side:?}").to_lowercase()).collect::<Vec<_>>().join(", ")
}
