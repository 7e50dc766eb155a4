//! One score a file: slices or grids in, `f64` out; each says its source, unit and best value.

pub mod conformal;
pub mod correlation;
pub mod event_match;
pub mod interval;
pub mod lagged_correlation;
pub mod quantile;
pub mod roc;
pub mod stationary_bootstrap;
pub mod stylised_facts;
pub mod tile_patterns;
pub mod value_at_risk;
pub mod window_distance;
pub mod window_statistics;
