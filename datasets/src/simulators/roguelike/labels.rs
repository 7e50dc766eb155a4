//! What can be counted on a finished map, made by the generator or by a model.

use serde::{Deserialize, Serialize};

/// Measurements of a dungeon: the labels to learn from, and the check of what was asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Labels {
    /// Rooms: connected groups of floor made of 2 by 2 blocks. Doors and corridors belong to none.
    pub rooms: usize,
    /// Doors `+`, the locked one not counted.
    pub doors: usize,
    /// Monsters `m`.
    pub monsters: usize,
    /// Treasures `$`.
    pub treasures: usize,
    /// Share of cells that are not wall, 0 to 1.
    pub open_share: f64,
    /// Share of corridor cells at which the way turns, 0 to 1; 0 without corridors. A corridor
    /// cell is floor outside all rooms.
    pub corridor_bends: f64,
}

impl Labels {
    /// Measures a map of any alphabet in which `#` is wall; rows of one length.
    pub fn measure(rows: &[Vec<u8>]) -> Self {
        let count = |symbol| rows.iter().flatten().filter(|&&found| found == symbol).count();
        let cells = rows.iter().map(Vec::len).sum::<usize>().max(1);
        let in_room = room_cells(rows);
        Self {
            rooms: groups(&in_room),
            doors: count(b'+'),
            monsters: count(b'm'),
            treasures: count(b'$'),
            open_share: 1.0 - count(b'#') as f64 / cells as f64,
            corridor_bends: corridor_bends(rows, &in_room),
        }
    }
}

/// Which cells lie in a 2 by 2 block without walls and doors.
fn room_cells(rows: &[Vec<u8>]) -> Vec<Vec<bool>> {
    let mut in_room: Vec<Vec<bool>> = rows.iter().map(|row| vec![false; row.len()]).collect();
    for row in 1..rows.len() {
        for column in 1..rows[row].len().min(rows[row - 1].len()) {
            let block =
                [(row - 1, column - 1), (row - 1, column), (row, column - 1), (row, column)];
            if block.iter().all(|&(row, column)| !b"#+=".contains(&rows[row][column])) {
                for (row, column) in block {
                    in_room[row][column] = true;
                }
            }
        }
    }
    in_room
}

/// Number of groups of marked cells that hang together by their sides.
fn groups(marked: &[Vec<bool>]) -> usize {
    let mut left = marked.to_vec();
    let mut groups = 0;
    for row in 0..left.len() {
        for column in 0..left[row].len() {
            if !left[row][column] {
                continue;
            }
            groups += 1;
            let mut waiting = vec![(row, column)];
            while let Some((row, column)) = waiting.pop() {
                if left.get(row).and_then(|row| row.get(column)) == Some(&true) {
                    left[row][column] = false;
                    waiting.extend([(row + 1, column), (row, column + 1)]);
                    waiting.extend([(row.wrapping_sub(1), column), (row, column.wrapping_sub(1))]);
                }
            }
        }
    }
    groups
}

fn corridor_bends(rows: &[Vec<u8>], in_room: &[Vec<bool>]) -> f64 {
    let open = |row: usize, column: usize| {
        rows.get(row).and_then(|row| row.get(column)).is_some_and(|&symbol| symbol != b'#')
    };
    let (mut corridor, mut bends) = (0, 0);
    for (row, symbols) in rows.iter().enumerate() {
        for (column, &symbol) in symbols.iter().enumerate() {
            if in_room[row][column] || b"#+=".contains(&symbol) {
                continue;
            }
            corridor += 1;
            let (up, down) = (open(row.wrapping_sub(1), column), open(row + 1, column));
            let (left, right) = (open(row, column.wrapping_sub(1)), open(row, column + 1));
            // Exactly one way along the column and one along the row.
            bends += usize::from(up != down && left != right);
        }
    }
    bends as f64 / f64::from(corridor.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_drawn_by_hand_is_counted_right() {
        let map =
            ["##########", "#<.#...###", "#..+.#.#m#", "####.#.+.#", "#$.m.#..$#", "#..#######"];
        let rows: Vec<Vec<u8>> = map.iter().map(|row| row.as_bytes().to_vec()).collect();
        let labels = Labels::measure(&rows);
        // Rooms: at `<`, at `$` on the left. The rest are corridors.
        assert_eq!((labels.rooms, labels.doors, labels.monsters, labels.treasures), (2, 2, 2, 2));
        assert_eq!(labels.open_share, 24.0 / 60.0);
        // Corridors: 3 + 3 + 3 + 5 cells, row by row; the way turns at five of them.
        assert_eq!(labels.corridor_bends, 5.0 / 14.0);
    }

    #[test]
    fn an_empty_map_has_no_rooms_and_no_bends() {
        assert_eq!(Labels::measure(&[]).rooms, 0);
        let rock = vec![b"####".to_vec(); 3];
        assert_eq!(Labels::measure(&rock), Labels::default());
    }
}
