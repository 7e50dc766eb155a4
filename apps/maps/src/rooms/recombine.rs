//! New rooms made of those that there are.

use generativa::data::Grid;
use generativa_random::Stream;

use super::{HEIGHT, Side, WIDTH};

/// A room of parts of `rooms`, each mirrored at random: the wall of every side from another, so that
/// doors come together in every way, and an interior made of two: left half and right half, upper
/// half and lower half, or one laid over the other where that is bare floor. It may be cut in two,
/// or one that there is already.
pub fn recombine(rooms: &[&Grid], stream: &mut Stream) -> Grid {
    let mut pick = || {
        let images = stream.pick(rooms).symmetries();
        stream.pick(&images).clone()
    };
    let (mut room, first, second) = (pick(), pick(), pick());
    for side in Side::ALL {
        let other = pick();
        side.wall().for_each(|(row, column)| room.set(row, column, other.get(row, column)));
    }
    let way = stream.below(3);
    for row in 2..HEIGHT - 2 {
        for column in 2..WIDTH - 2 {
            let of_first = match way {
                0 => column <= WIDTH / 2,
                1 => row < HEIGHT / 2,
                _ => first.get(row, column) != b'F',
            };
            let from = if of_first { &first } else { &second };
            room.set(row, column, from.get(row, column));
        }
    }
    room
}

/// `room` with a door more on one side, or less.
pub fn misdoored(room: &Grid, stream: &mut Stream) -> Grid {
    let (side, mut room) = (*stream.pick(&Side::ALL), room.clone());
    let doors = side.wall().filter(|&(row, column)| room.get(row, column) == b'D');
    let doors: Vec<_> = doors.collect();
    if doors.is_empty() {
        side.door().iter().for_each(|&(row, column)| room.set(row, column, b'D'));
    } else {
        doors.iter().for_each(|&(row, column)| room.set(row, column, b'W'));
    }
    room
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::rooms::{empty, judge};

    #[test]
    fn every_tile_of_the_interior_comes_from_the_same_place_of_some_room() {
        let room = |symbol| {
            let mut room = Grid::filled(HEIGHT, WIDTH, b'W');
            for row in 2..HEIGHT - 2 {
                (2..WIDTH - 2).for_each(|column| room.set(row, column, symbol));
            }
            room
        };
        let rooms = [room(b'F'), room(b'B'), room(b'P')];
        let all: Vec<&Grid> = rooms.iter().collect();
        let made: Vec<Grid> =
            (0..60).map(|item| recombine(&all, &mut Stream::item(1, "rooms", item))).collect();
        assert!(made.iter().any(|made| !rooms.contains(made)));
        for made in &made {
            let walls = |row: usize, column: usize| {
                !(2..HEIGHT - 2).contains(&row) || !(2..WIDTH - 2).contains(&column)
            };
            for (cell, &symbol) in made.cells().iter().enumerate() {
                let expected: &[u8] = if walls(cell / WIDTH, cell % WIDTH) { b"W" } else { b"FBP" };
                assert!(expected.contains(&symbol));
            }
        }
    }

    #[test]
    fn doors_come_together_as_they_do_in_no_room() {
        let rooms = [empty([true; 4]), empty([false; 4])];
        let all: Vec<&Grid> = rooms.iter().collect();
        let doors = |item| judge(&recombine(&all, &mut Stream::item(1, "rooms", item))).doors;
        let seen: BTreeSet<[bool; 4]> = (0..200).map(doors).collect();
        assert_eq!(seen.len(), 16);
    }

    #[test]
    fn a_misdoored_room_has_another_door_on_one_side_and_is_else_the_same() {
        let mut changed = BTreeSet::new();
        for item in 0..80 {
            let room = empty([0, 1, 2, 3].map(|side| item >> side & 1 == 1));
            let other = misdoored(&room, &mut Stream::item(1, "rooms", item));
            let pairs = judge(&room).doors.into_iter().zip(judge(&other).doors);
            let sides: Vec<usize> =
                pairs.enumerate().filter(|(_, (a, b))| a != b).map(|(side, _)| side).collect();
            let [side] = sides[..] else { panic!("sides {sides:?} changed") };
            changed.insert(side);
            let places = Side::ALL[side].door();
            let cells = room.cells().iter().zip(other.cells()).enumerate();
            let moved = cells.filter(|(_, (a, b))| a != b).map(|(at, _)| (at / WIDTH, at % WIDTH));
            assert_eq!(moved.collect::<Vec<_>>(), places);
        }
        assert_eq!(changed.len(), 4);
    }
}
