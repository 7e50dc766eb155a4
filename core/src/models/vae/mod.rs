//! Variational autoencoders.

mod column_head;
mod gaussian;
mod series;
pub mod tile_map;

pub use column_head::{ColumnHead, ColumnHeadConfig};
pub use gaussian::Gaussian;
pub use series::{SeriesConfig, SeriesLoss, SeriesNormal, SeriesVae, SeriesWeights, Spread};
pub use tile_map::{TileBatch, TileMapConfig, TileMapLoss, TileMapShape, TileMapVae};
