//! The classical rivals of the models.

pub mod column_ngrams;
pub mod garch;
pub mod isolation_forest;
pub mod local_combinations;
pub mod log_volatility;
pub mod nearest_neighbours;
mod nelder_mead;
pub mod principal_components;

pub use garch::Garch;
pub use isolation_forest::IsolationForest;
pub use local_combinations::LocalCombinations;
pub use log_volatility::LogVolatility;
pub use nearest_neighbours::NearestNeighbours;
pub use principal_components::PrincipalComponents;
