//! Variational autoencoders.

mod column_head;
mod gaussian;
pub mod tile_map;

pub use column_head::{ColumnHead, ColumnHeadConfig};
pub use gaussian::Gaussian;
pub use tile_map::{TileBatch, TileMapConfig, TileMapLoss, TileMapShape, TileMapVae};
