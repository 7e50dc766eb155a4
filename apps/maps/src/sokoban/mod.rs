//! Sokoban: boards, the rule of pushing, and a solver.
//!
//! Symbols are the usual ones: `#` wall, space floor, `$` box, `.` goal, `@` player, `*` box on a
//! goal, `+` player on a goal.

mod board;
pub mod measure;
mod solver;
pub mod vary;

use generativa::data::Grid;

use crate::game::{self, Finding};
pub use board::{Board, Direction, Push, Unplayable};
pub use solver::{Verdict, solve};

/// States that a verdict searches: enough for each of the first thousand boards of Boxoban's
/// `unfiltered/valid`.
pub const CAP: usize = 50_000;

/// Whether a board can be solved, and where the boxes go on the way.
pub fn judge(map: &Grid) -> game::Verdict {
    let (finding, path, reason) = match Board::read(map).map(|board| solve(&board, CAP)) {
        Ok(Verdict::Solved(pushes)) => {
            let path = pushes.iter().map(|push| (push.row, push.column)).collect();
            (Finding::Playable, path, String::new())
        }
        Ok(Verdict::Unsolvable) => {
            (Finding::Unplayable, Vec::new(), "it cannot be solved".to_owned())
        }
        Ok(Verdict::Unknown) => {
            let reason = format!("the solver gave up after {CAP} states");
            (Finding::Unknown, Vec::new(), reason)
        }
        Err(unplayable) => (Finding::Unplayable, Vec::new(), unplayable.to_string()),
    };
    game::Verdict { finding, path, reason }
}
