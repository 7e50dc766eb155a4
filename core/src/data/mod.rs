//! Values to tensors and back: splits, windows, batches.

pub mod grid;
pub mod labels;
pub mod tile_windows;
pub mod time_blocks;
pub mod trading_day;

pub use grid::Grid;
pub use labels::{LabelKind, LabelScale};
pub use tile_windows::{Alphabet, JudgedMap, Shown, TileWindows};
pub use time_blocks::{Fold, TimeBlocks};
pub use trading_day::Day;
