//! StyleGAN2 (Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", arXiv
//! 1912.04958): a mapping network turns a latent into a style for every layer, and the styles scale
//! the channels of a convolutional generator that starts from a constant. Weights are named as in
//! the public PyTorch checkpoints.

mod config;
mod discriminator;
mod equalized;
mod generator;
mod mapping;
mod modulated;
mod resampling;
mod styled;

pub use config::StyleGan2Config;
pub use discriminator::{Discriminator, minibatch_deviation};
pub use generator::{Generator, Stage};
pub use mapping::{Mapping, truncate};
pub use modulated::ModulatedConv2d;
pub use resampling::Resampling;

use equalized::{EqualizedConv2d, EqualizedLinear};
use styled::{StyledConv2d, ToRgb};

/// Slope of the leaky ReLUs where they are negative.
const SLOPE: f32 = 0.2;

/// What multiplies a leaky ReLU, √2, so that it keeps the mean square of its input about 1. The
/// function commutes with positive factors, so this one goes into the weights and biases before it.
const GAIN: f64 = std::f64::consts::SQRT_2;

#[cfg(test)]
mod tests;
