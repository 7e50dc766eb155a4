//! Sokoban: boards, the rule of pushing, and a solver.
//!
//! Symbols are the usual ones: `#` wall, space floor, `$` box, `.` goal, `@` player, `*` box on a
//! goal, `+` player on a goal.

mod board;
mod solver;

pub use board::{Board, Direction, Push, Unplayable};
pub use solver::{Verdict, solve};
