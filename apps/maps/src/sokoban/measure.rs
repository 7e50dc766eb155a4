//! What a board measures.

use generativa::data::Grid;

/// Measures the first columns of a board, or all of it: the share of cells that are no wall, and
/// how many boxes, goals and players there are.
pub fn measure(part: &Grid) -> Vec<f64> {
    let count = |symbols: &[u8]| {
        part.cells().iter().filter(|symbol| symbols.contains(symbol)).count() as f64
    };
    let cells = part.cells().len() as f64;
    vec![(cells - count(b"#")) / cells.max(1.0), count(b"$*"), count(b".*+"), count(b"@+")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_on_a_goal_counts_with_the_goal() {
        let board = Grid::from_rows(&["####", "#+*#", "#$ #"]).expect("rows of one length");
        assert_eq!(measure(&board), [4.0 / 12.0, 2.0, 2.0, 1.0]);
    }
}
