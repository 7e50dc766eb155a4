//! New rooms made of those that there are.

use generativa::data::Grid;
use generativa_random::Stream;

use super::{HEIGHT, WIDTH};

/// A room with the walls of one of `rooms` and an interior made of two, each mirrored at random:
/// left half and right half, upper half and lower half, or one laid over the other where that is
/// bare floor. It may be cut in two, or one that there is already.
pub fn recombine(rooms: &[&Grid], stream: &mut Stream) -> Grid {
    let mut pick = || {
        let images = stream.pick(rooms).symmetries();
        stream.pick(&images).clone()
    };
    let (mut room, first, second) = (pick(), pick(), pick());
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
