//! Adversarial networks.

mod logistic;
mod penalty;
pub mod stylegan2;

pub use logistic::{discriminator_loss, generator_loss};
pub use penalty::{GradientPenalty, PathLength, gradient_penalty, path_length_penalty, r1_penalty};
