//! Adversarial networks.

mod penalty;

pub use penalty::{GradientPenalty, gradient_penalty, r1_penalty};
