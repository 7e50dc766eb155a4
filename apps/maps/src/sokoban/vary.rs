//! Boards like one that there is: fewer boxes, or pieces that stand elsewhere.

use generativa::data::Grid;
use generativa_random::Stream;

/// Pieces that are moved at most.
const MOVED: usize = 3;

/// One of `boards`, mirrored and turned at random: every other time with fewer boxes and goals, and
/// with one to three of its boxes, goals and player moved to other free cells. Whether it can be
/// solved is for the solver to say.
pub fn vary(boards: &[Grid], stream: &mut Stream) -> Grid {
    let images = stream.pick(boards).symmetries();
    let mut board = stream.pick(&images).clone();
    if stream.chance(0.5) {
        let boxes = places(&board, b"$").len();
        for _ in 0..stream.below(boxes.max(1)) {
            for symbol in b"$." {
                let (row, column) = *stream.pick(&places(&board, &[*symbol]));
                board.set(row, column, b' ');
            }
        }
    }
    for _ in 0..=stream.below(MOVED) {
        let pieces = places(&board, b"$.@");
        let free = places(&board, b" ");
        if pieces.is_empty() || free.is_empty() {
            break;
        }
        let (from, to) = (*stream.pick(&pieces), *stream.pick(&free));
        board.set(to.0, to.1, board.get(from.0, from.1));
        board.set(from.0, from.1, b' ');
    }
    board
}

fn places(board: &Grid, symbols: &[u8]) -> Vec<(usize, usize)> {
    let cells = board.cells().iter().enumerate().filter(|(_, symbol)| symbols.contains(symbol));
    cells.map(|(cell, _)| (cell / board.width(), cell % board.width())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sokoban::measure::measure;

    #[test]
    fn a_variation_keeps_walls_and_player_and_has_as_many_boxes_as_goals() {
        let board = Grid::from_rows(&["#####", "#.. #", "# $$#", "#  @#", "#####"]);
        let board = board.expect("rows of one length");
        let made: Vec<Grid> = (0..50)
            .map(|item| vary(std::slice::from_ref(&board), &mut Stream::item(1, "boards", item)))
            .collect();
        let counts: Vec<_> = made.iter().map(measure).collect();
        assert!(counts.iter().all(|counts| counts[0] == 9.0 / 25.0 && counts[3] == 1.0));
        assert!(counts.iter().all(|counts| counts[1] == counts[2]));
        assert!([1.0, 2.0].iter().all(|boxes| counts.iter().any(|counts| counts[1] == *boxes)));
        let images = board.symmetries();
        assert!(made.iter().filter(|made| !images.contains(made)).count() > 40);
    }
}
