//! Whether a dungeon can be played, by flood fill: for maps of any origin.
//!
//! It shares no code with the [generator](super::roguelike), so that either can catch the other.

/// What holds for a map. Everything but `#` and symbols outside the alphabet can be walked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Only the nine symbols occur, and the rows are of one length.
    pub known_symbols: bool,
    /// One entrance, one exit, one key, one locked door.
    pub exactly_one_of_each: bool,
    /// From the entrance every open cell can be walked to, doors and the locked door open.
    pub connected: bool,
    /// The key can be had before the locked door is opened, and the exit only after.
    pub key_before_door: bool,
    /// Every door, the locked one too, has walls on two opposite sides and floor on the two
    /// others.
    pub doors_in_walls: bool,
}

impl Verdict {
    /// All of it holds.
    pub fn passes(&self) -> bool {
        self.known_symbols
            && self.exactly_one_of_each
            && self.connected
            && self.key_before_door
            && self.doors_in_walls
    }
}

/// Checks a map of any size, down to nothing at all.
pub fn check(rows: &[Vec<u8>]) -> Verdict {
    let width = rows.first().map_or(0, Vec::len);
    let rectangular = rows.iter().all(|row| row.len() == width);
    let known = |symbol: &u8| b"#.+=km$<>".contains(symbol);
    let count = |symbol: u8| rows.iter().flatten().filter(|&&found| found == symbol).count();
    let reached = |target: u8, closed: &[u8]| {
        flood(rows, closed).iter().any(|&(row, column)| rows[row][column] == target)
    };
    let open = rows.iter().flatten().filter(|&symbol| *symbol != b'#' && known(symbol)).count();
    Verdict {
        known_symbols: rectangular && rows.iter().flatten().all(known),
        exactly_one_of_each: b"<>k=".iter().all(|&symbol| count(symbol) == 1),
        connected: open > 0 && flood(rows, b"").len() == open,
        key_before_door: reached(b'k', b"=") && !reached(b'>', b"=") && reached(b'>', b""),
        doors_in_walls: doors_in_walls(rows),
    }
}

/// The cells that can be walked to from the entrances without stepping on a `closed` symbol.
fn flood(rows: &[Vec<u8>], closed: &[u8]) -> Vec<(usize, usize)> {
    let mut seen: Vec<Vec<bool>> = rows.iter().map(|row| vec![false; row.len()]).collect();
    let mut reached = Vec::new();
    let mut waiting: Vec<(usize, usize)> = Vec::new();
    for (row, symbols) in rows.iter().enumerate() {
        let entrances = symbols.iter().enumerate().filter(|(_, symbol)| **symbol == b'<');
        waiting.extend(entrances.map(|(column, _)| (row, column)));
    }
    while let Some((row, column)) = waiting.pop() {
        let Some(&symbol) = rows.get(row).and_then(|symbols| symbols.get(column)) else { continue };
        let walkable = b".+=km$<>".contains(&symbol) && !closed.contains(&symbol);
        if !walkable || std::mem::replace(&mut seen[row][column], true) {
            continue;
        }
        reached.push((row, column));
        // Outside the map the index wraps to a cell that is not there.
        waiting.extend([(row.wrapping_sub(1), column), (row + 1, column)]);
        waiting.extend([(row, column.wrapping_sub(1)), (row, column + 1)]);
    }
    reached
}

fn doors_in_walls(rows: &[Vec<u8>]) -> bool {
    let at = |row: usize, column: usize| rows.get(row).and_then(|row| row.get(column)).copied();
    let pair = |a: Option<u8>, b: Option<u8>, symbol: u8| a == Some(symbol) && b == Some(symbol);
    rows.iter().enumerate().all(|(row, symbols)| {
        symbols.iter().enumerate().filter(|(_, symbol)| b"+=".contains(symbol)).all(
            |(column, _)| {
                let (up, down) = (at(row.wrapping_sub(1), column), at(row + 1, column));
                let (left, right) = (at(row, column.wrapping_sub(1)), at(row, column + 1));
                (pair(up, down, b'#') && pair(left, right, b'.'))
                    || (pair(left, right, b'#') && pair(up, down, b'.'))
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [&str; 5] =
        ["###########", "#<.#...#..#", "#..+.k.=.>#", "#$.#..m#..#", "###########"];

    fn verdict(map: &[&str]) -> Verdict {
        let rows: Vec<Vec<u8>> = map.iter().map(|row| row.as_bytes().to_vec()).collect();
        check(&rows)
    }

    fn with(row: usize, line: &'static str) -> Verdict {
        let mut map = GOOD;
        map[row] = line;
        verdict(&map)
    }

    #[test]
    fn a_good_map_passes() {
        assert!(verdict(&GOOD).passes(), "{:?}", verdict(&GOOD));
    }

    #[test]
    fn each_fault_is_found_and_no_other() {
        let good = verdict(&GOOD);
        let cut_off = with(2, "#..#.k.=.>#");
        assert_eq!(cut_off, Verdict { connected: false, key_before_door: false, ..good });
        let late_key = verdict(&[GOOD[0], "#<.#...#.k#", "#..+...=.>#", GOOD[3], GOOD[4]]);
        assert_eq!(late_key, Verdict { key_before_door: false, ..good });
        let way_around = verdict(&[
            GOOD[0],
            "#<.#......#",
            "#..+.k.#..#",
            "#$.#...=.>#",
            "#..#...#..#",
            GOOD[4],
        ]);
        assert_eq!(way_around, Verdict { key_before_door: false, ..good });
        assert_eq!(with(3, "#$.#..k#..#"), Verdict { exactly_one_of_each: false, ..good });
        assert_eq!(with(3, "#$.#..?#..#"), Verdict { known_symbols: false, ..good });
        assert_eq!(with(3, "#$.#..m#."), Verdict { known_symbols: false, ..good }, "ragged");
        assert_eq!(with(2, "#..+mk.=.>#"), Verdict { doors_in_walls: false, ..good });
    }

    #[test]
    fn nothing_and_noise_are_judged_without_a_panic() {
        assert!(!verdict(&[]).passes());
        assert!(!verdict(&["", ""]).passes());
        assert!(!verdict(&["<", "", "k=>"]).passes());
        assert!(!check(&[vec![0xff, b'<'], vec![b'=']]).passes());
    }
}
