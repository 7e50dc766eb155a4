//! Building blocks that know no task: plain structs with `new(.., vb)` and `forward`, PyTorch's
//! names, layouts and default weights. Every gradient is checked against differences.

pub mod activation;
pub mod convolution;
pub mod embedding;
pub mod linear;
pub mod norm;
pub mod recurrent;
pub mod weights;

pub use activation::Activation;
pub use candle_nn::VarBuilder;
pub use convolution::{Conv, Conv2d, ConvTranspose2d};
pub use embedding::Embedding;
pub use linear::Linear;
pub use norm::{GroupNorm, LayerNorm, RmsNorm};
pub use recurrent::Gru;
pub use weights::{Parameters, frozen_builder, seeded_builder};

#[cfg(test)]
mod gradient_check;
