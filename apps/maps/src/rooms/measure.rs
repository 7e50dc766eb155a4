//! What a room measures: its doors, its monsters and how much of it is built up.

use generativa::data::Grid;

use super::WIDTH;

/// Columns of the west and of the east wall, rows of the north and of the south wall.
const THICKNESS: usize = 2;

/// Measures the first columns of a room, or all of it: 1 or 0 for a door to the north, south, west
/// and east, the number of monsters, and the share of cells with a block or water.
///
/// A door counts as soon as its first tile is there, so that what is left to ask for is known
/// column by column.
pub fn measure(part: &Grid) -> Vec<f64> {
    let mut doors = [false; 4];
    let (mut monsters, mut built) = (0, 0);
    let south = part.height().saturating_sub(THICKNESS);
    for (row, symbols) in part.rows().enumerate() {
        for (column, symbol) in symbols.iter().enumerate() {
            match symbol {
                b'D' if row < THICKNESS => doors[0] = true,
                b'D' if row >= south => doors[1] = true,
                b'D' if column < THICKNESS => doors[2] = true,
                b'D' if column >= WIDTH - THICKNESS => doors[3] = true,
                b'M' => monsters += 1,
                b'B' | b'P' | b'O' | b'I' => built += 1,
                _ => {}
            }
        }
    }
    let share = f64::from(built) / part.cells().len().max(1) as f64;
    let doors = doors.map(|door| f64::from(u8::from(door)));
    doors.into_iter().chain([f64::from(monsters), share]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rooms::{HEIGHT, Side};

    #[test]
    fn a_door_is_measured_on_its_own_side_and_nothing_else_is() {
        for (index, side) in Side::ALL.into_iter().enumerate() {
            let mut room = Grid::filled(HEIGHT, WIDTH, b'W');
            side.door().iter().for_each(|&(row, column)| room.set(row, column, b'D'));
            let mut expected = vec![0.0; 6];
            expected[index] = 1.0;
            assert_eq!(measure(&room), expected, "{side:?}");
        }
    }

    #[test]
    fn monsters_are_counted_and_blocks_and_water_are_a_share() {
        let mut room = Grid::filled(HEIGHT, WIDTH, b'F');
        for (column, symbol) in b"MBPOIM".iter().enumerate() {
            room.set(5, 2 + column, *symbol);
        }
        let [.., monsters, built] = measure(&room)[..] else { unreachable!("six labels") };
        assert_eq!((monsters, built), (2.0, 4.0 / 176.0));
    }
}
