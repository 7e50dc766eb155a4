//! Few edits that give a room the doors asked for and a way between them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use generativa::data::Grid;

use super::rule::{Side, WIDTH, beside, is_inside, is_walkable, judge};
use crate::platform::{Repair, repair::edits};

type Cell = (usize, usize);

/// `room` with few edits, none where `locked` (row by row, one flag a tile), so that it
/// [passes](super::Verdict::passes) and has a door in just those walls of [`Side::ALL`] that are
/// flagged in `doors`: each of them whole, and no door tile elsewhere in the walls. `None` for
/// `doors` keeps the doors that the rule sees. A room that is as asked comes back without edits.
///
/// Doors are joined one after another, each time the one that takes the fewest edits, over tiles
/// that can be walked on: a block or a monster becomes floor, water a ford; walls are not dug.
/// No door of a room that was edited is needed as a way between two others, so a lock in one door
/// parts none of the others. `None` where there is no way, or where what is locked forbids it.
///
/// Panics unless the room has [`HEIGHT`](super::HEIGHT) rows and [`WIDTH`] columns.
pub fn repair(room: &Grid, doors: Option<[bool; 4]>, locked: &[bool]) -> Option<Repair> {
    let as_asked = doors.is_none_or(|doors| has_just(room, doors));
    if as_asked && judge(room).passes() {
        return Some(Repair { level: room.clone(), edits: Vec::new() });
    }
    repair_for_locks(room, doors.unwrap_or(judge(room).doors), locked)
}

/// As [`repair`], but edits also a room that passes, where a door is the only way between two
/// others.
pub(super) fn repair_for_locks(room: &Grid, doors: [bool; 4], locked: &[bool]) -> Option<Repair> {
    assert_eq!(locked.len(), room.cells().len(), "one flag a tile says what is locked");
    let mut level = room.clone();
    fill_void(&mut level);
    hang_doors(&mut level, doors);
    join_doors(&mut level, doors, locked)?;
    let edits = edits(room, &level);
    let allowed = edits.iter().all(|edit| !locked[edit.row * WIDTH + edit.column]);
    (allowed && has_just(&level, doors) && judge(&level).passes())
        .then_some(Repair { level, edits })
}

/// Whether the door tiles in the walls are just those of the doors flagged.
fn has_just(room: &Grid, doors: [bool; 4]) -> bool {
    let mut hung = room.clone();
    hang_doors(&mut hung, doors);
    hung == *room
}

fn fill_void(room: &mut Grid) {
    for cell in (0..room.cells().len()).map(|at| (at / WIDTH, at % WIDTH)) {
        if room.get(cell.0, cell.1) == b'-' {
            room.set(cell.0, cell.1, if is_inside(cell) { b'F' } else { b'W' });
        }
    }
}

fn hang_doors(room: &mut Grid, doors: [bool; 4]) {
    for (side, wanted) in Side::ALL.into_iter().zip(doors) {
        for (row, column) in side.wall() {
            if wanted && side.door().contains(&(row, column)) {
                room.set(row, column, b'D');
            } else if room.get(row, column) == b'D' {
                room.set(row, column, b'W');
            }
        }
    }
}

/// Clears a way from the first door to the nearest other one, and from that way to the rest.
fn join_doors(room: &mut Grid, doors: [bool; 4], locked: &[bool]) -> Option<()> {
    let mut apart: Vec<Side> = Side::ALL.into_iter().filter(|&side| doors[side as usize]).collect();
    if apart.is_empty() {
        return Some(());
    }
    let mut from = apart.remove(0).door().to_vec();
    while !apart.is_empty() {
        let (joined, way) = cheapest_way(room, &from, &apart, locked)?;
        for &(row, column) in &way {
            if let Some(after) = cleared(room.get(row, column)) {
                room.set(row, column, after);
            }
        }
        apart.retain(|&side| side != joined);
        // On from the floor between the two doors, not from the other tiles of the first.
        from = way.into_iter().filter(|cell| !is_doorway(*cell)).collect();
    }
    Some(())
}

/// What a tile in the way becomes, or `None` where it stays.
fn cleared(symbol: u8) -> Option<u8> {
    match symbol {
        b'B' | b'M' => Some(b'F'),
        b'P' | b'I' => Some(b'O'),
        _ => None,
    }
}

fn is_doorway(cell: Cell) -> bool {
    Side::ALL.iter().any(|side| side.door().contains(&cell))
}

/// The way from one of the tiles `from` to one of the doors `others` that needs the fewest edits,
/// the shortest of those (Dijkstra), and the door that it ends at. Doors are ends of ways only.
fn cheapest_way(
    room: &Grid,
    from: &[Cell],
    others: &[Side],
    locked: &[bool],
) -> Option<(Side, Vec<Cell>)> {
    let mut before: Vec<Option<Cell>> = vec![None; room.cells().len()];
    let starts = from.iter().map(|&cell| Reverse((0, 0, cell, cell)));
    // (edits, steps, tile, the tile before it)
    let mut open: BinaryHeap<Reverse<(usize, usize, Cell, Cell)>> = starts.collect();
    while let Some(Reverse((edits, steps, cell, previous))) = open.pop() {
        let entry = &mut before[cell.0 * WIDTH + cell.1];
        if entry.is_some() {
            continue;
        }
        *entry = Some(previous);
        if let Some(&reached) = others.iter().find(|side| side.door().contains(&cell)) {
            let back = |&(row, column): &Cell| before[row * WIDTH + column];
            let way = std::iter::successors(Some(cell), |at| back(at).filter(|next| next != at));
            return Some((reached, way.collect()));
        }
        if is_doorway(cell) && !from.contains(&cell) {
            continue;
        }
        for next in beside(cell) {
            let (symbol, at) = (room.get(next.0, next.1), next.0 * WIDTH + next.1);
            let price = match cleared(symbol) {
                _ if is_walkable(symbol) => 0,
                Some(_) if is_inside(next) && !locked[at] => 1,
                _ => continue,
            };
            open.push(Reverse((edits + price, steps + 1, next, cell)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use generativa_random::Stream;

    use super::*;
    use crate::platform::Edit;
    use crate::rooms::{HEIGHT, empty};

    const FREE: [bool; HEIGHT * WIDTH] = [false; HEIGHT * WIDTH];
    const NORTH_SOUTH: [bool; 4] = [true, true, false, false];

    fn across(room: &mut Grid, row: usize, symbol: u8) {
        (2..WIDTH - 2).for_each(|column| room.set(row, column, symbol));
    }

    #[test]
    fn a_room_that_passes_needs_no_edit() {
        for doors in (0..16).map(|bits| [1, 2, 4, 8].map(|bit| bits & bit != 0)) {
            for asked in [None, Some(doors)] {
                let repair = repair(&empty(doors), asked, &FREE).expect("it passes");
                assert_eq!(repair, Repair { level: empty(doors), edits: Vec::new() });
            }
        }
    }

    #[test]
    fn a_row_of_blocks_takes_one_edit_and_a_river_gets_a_ford() {
        for (symbol, after) in [(b'B', b'F'), (b'M', b'F'), (b'P', b'O'), (b'I', b'O')] {
            let mut room = empty(NORTH_SOUTH);
            across(&mut room, 5, symbol);
            let edits = repair(&room, None, &FREE).expect("it can be repaired").edits;
            assert_eq!(edits, [Edit { row: 5, column: 4, before: symbol, after }]);
        }
    }

    #[test]
    fn the_way_goes_where_the_fewest_tiles_stand_in_it() {
        let mut room = empty(NORTH_SOUTH);
        (4..8).for_each(|row| across(&mut room, row, b'B'));
        (4..7).for_each(|row| room.set(row, 8, b'F'));
        let edits = repair(&room, None, &FREE).expect("it can be repaired").edits;
        assert_eq!(edits, [Edit { row: 7, column: 8, before: b'B', after: b'F' }]);
    }

    #[test]
    fn what_is_locked_stays_and_forbids_what_needs_it() {
        let mut room = empty(NORTH_SOUTH);
        across(&mut room, 5, b'B');
        let mut locked = FREE;
        (2..WIDTH - 3).for_each(|column| locked[5 * WIDTH + column] = true);
        let edits = repair(&room, None, &locked).expect("one block is free").edits;
        assert_eq!(edits, [Edit { row: 5, column: 8, before: b'B', after: b'F' }]);
        locked[5 * WIDTH + 8] = true;
        assert_eq!(repair(&room, None, &locked), None);
        assert_eq!(repair(&empty(NORTH_SOUTH), Some([false; 4]), &[true; HEIGHT * WIDTH]), None);
    }

    #[test]
    fn walls_are_not_dug() {
        let mut room = empty(NORTH_SOUTH);
        across(&mut room, 5, b'W');
        assert_eq!(repair(&room, None, &FREE), None);
    }

    #[test]
    fn doors_are_hung_whole_and_taken_out() {
        let mut part = empty([true, false, true, false]);
        part.set(1, 4, b'W');
        part.set(0, 9, b'D');
        part.set(3, 3, b'-');
        part.set(0, 0, b'-');
        let kept = repair(&part, None, &FREE).expect("it can be repaired");
        assert_eq!(kept.level, empty([true, false, true, false]));
        assert_eq!(kept.edits.len(), 4);
        for doors in (0..16).map(|bits| [1, 2, 4, 8].map(|bit| bits & bit != 0)) {
            let repair = repair(&part, Some(doors), &FREE).expect("it can be repaired");
            assert_eq!(repair.level, empty(doors));
        }
    }

    #[test]
    fn a_door_that_is_the_way_between_two_others_is_passed_round_only_for_locks() {
        let doors = [true, false, true, true];
        let mut room = empty(doors);
        (2..HEIGHT - 2).for_each(|row| room.set(row, 5, b'B'));
        assert_eq!(repair(&room, Some(doors), &FREE).expect("it passes").edits, []);
        let edits = repair_for_locks(&room, doors, &FREE).expect("it can be repaired").edits;
        assert_eq!(edits.len(), 1);
        assert_eq!(edits[0].column, 5);
    }

    #[test]
    fn noise_always_becomes_a_room_with_the_doors_asked_for() {
        let mut stream = Stream::named(1, "noise");
        for _ in 0..500 {
            let doors = [0; 4].map(|_| stream.chance(0.5));
            let mut room = Grid::filled(HEIGHT, WIDTH, b'F');
            for cell in (0..HEIGHT * WIDTH).map(|at| (at / WIDTH, at % WIDTH)) {
                let symbols: &[u8] = if is_inside(cell) { b"FBMPOISD-" } else { b"WWWWD-F" };
                room.set(cell.0, cell.1, *stream.pick(symbols));
            }
            let repair = repair(&room, Some(doors), &FREE).expect("nothing is locked");
            assert!(judge(&repair.level).passes() && has_just(&repair.level, doors));
            assert_eq!(repair.edits, edits(&room, &repair.level));
        }
    }
}
