//! The classical rivals of the models.

pub mod block_bootstrap;
pub mod boosted_trees;
pub mod column_ngrams;
pub mod filtered_days;
pub mod garch;
pub mod isolation_forest;
mod k_d_tree;
pub mod k_means;
pub mod k_means_gaussian;
pub mod like_days;
pub mod local_combinations;
pub mod local_garch;
pub mod log_volatility;
pub mod nearest_neighbours;
mod nelder_mead;
pub mod path_windows;
pub mod principal_components;
pub mod range_har;
pub mod volume_har;

pub use block_bootstrap::BlockBootstrap;
pub use boosted_trees::{BoostedTrees, BoostedTreesConfig};
pub use filtered_days::FilteredDays;
pub use garch::Garch;
pub use isolation_forest::IsolationForest;
pub use k_means_gaussian::KMeansGaussian;
pub use like_days::Locality;
pub use local_combinations::LocalCombinations;
pub use local_garch::{LocalGarch, LocalGarchState};
pub use log_volatility::LogVolatility;
pub use nearest_neighbours::NearestNeighbours;
pub use principal_components::PrincipalComponents;
pub use range_har::{LocalRangeHar, LocalRangeHarState, RangeHar, RangeHarState};
pub use volume_har::{VolumeHar, VolumeState};
