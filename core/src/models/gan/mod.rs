//! Adversarial networks.

mod logistic;
pub mod moment_match;
mod penalty;
pub mod refiner;
pub mod stylegan2;
pub mod timegan;
pub mod window_critic;

pub use logistic::{discriminator_loss, generator_loss};
pub use moment_match::MomentMatch;
pub use penalty::{GradientPenalty, PathLength, gradient_penalty, path_length_penalty, r1_penalty};
pub use refiner::{Refiner, RefinerConfig};
pub use timegan::{TimeGan, TimeGanConfig, TimeGanWeights};
pub use window_critic::{StatisticsScale, WindowCritic, WindowCriticConfig};
