//! Building blocks that know no task: plain structs with `new(.., vb)` and `forward`, PyTorch's
//! names, layouts and default weights. Every gradient is checked against differences.

pub mod activation;
pub mod attention;
pub mod convolution;
pub mod convolution1d;
pub mod embedding;
pub mod linear;
pub mod norm;
pub mod recurrent;
pub mod weights;

pub use activation::Activation;
pub use attention::MultiHeadAttention;
pub use candle_nn::VarBuilder;
pub use convolution::{Conv, Conv2d, ConvTranspose2d, DepthwiseConv2d};
pub use convolution1d::{Along, Conv1d, ConvTranspose1d};
pub use embedding::Embedding;
pub use linear::Linear;
pub use norm::{GroupNorm, LayerNorm, RmsNorm};
pub use recurrent::{Gru, Lstm, LstmState};
pub use weights::{Parameters, frozen_builder, seeded_builder};

#[cfg(test)]
pub(crate) mod gradient_check;
