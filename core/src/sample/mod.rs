//! From a trained model to samples: seeded draws that do not depend on what is drawn beside them.

mod count_limits;
pub mod particles;
pub mod tile_columns;
pub mod tile_map;
