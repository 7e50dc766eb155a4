//! Levels of side-scrolling platform games: where a player can get, what the level measures, and
//! the edits that make it passable.
//!
//! Symbols are those of the Video Game Level Corpus for Super Mario Bros: `X` ground, `S` brick,
//! `?` and `Q` question blocks, `B` and `b` cannon, `<` `>` over `[` `]` a pipe, `E` enemy, `o`
//! coin, `-` air.

pub mod measure;
pub mod reach;
pub mod repair;
mod rule;

pub use measure::{Measures, Pipes};
pub use reach::{Reach, leads_on, reach};
pub use repair::{Edit, Repair, repair};

/// Whether nothing can move through the tile and one can stand on it.
pub fn is_solid(symbol: u8) -> bool {
    matches!(symbol, b'X' | b'S' | b'Q' | b'?' | b'B' | b'b' | b'[' | b']' | b'<' | b'>')
}
