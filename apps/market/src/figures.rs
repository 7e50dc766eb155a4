//! What a report shows of paths, as SVG that follows the reader's light or dark setting: prices,
//! single days, memory, extremes, the stylised facts, and windows as dots. The history is drawn in ink, its 90 %
//! band in grey, the model in blue and its network in orange, everywhere.

mod days;
mod facts;
mod map;
mod panel;
mod prices;
mod sheet;
mod traits;

pub use days::days_figure;
pub use facts::facts_figure;
pub use map::map_figure;
pub use prices::prices_figure;
pub use traits::{Beside, extremes_figure, memory_figure};
