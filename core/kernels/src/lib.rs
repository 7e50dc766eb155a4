//! Operations for candle that are fast on the CPU and have the right gradient, one a file: its
//! formula, a slow reference, the fast version, the gradient, and a test that they agree.
//!
//! - [`linear`], [`conv2d`], [`conv_transpose2d`]: products, differentiable to every order
//! - [`silu`], [`gelu`], [`gelu_erf`], [`relu`], [`leaky_relu`], [`softplus`], [`tanh`],
//!   [`sigmoid`]: elementwise
//! - [`cross_entropy`], [`log_softmax`], [`softmax`]: over the last dimension
//! - [`layer_norm`], [`group_norm`]: with their affine maps, and silu behind
//! - [`rms_norm`]: with its scale
//! - [`sum_keepdim`], [`channel_sum`]: reductions
//! - [`gru`]: a recurrent layer over a whole sequence
//! - [`adamw_step`]: one pass over a parameter, its moments and its average
//! - [`tune_process`]: settings of allocator and threads
//! - [`check`]: how all of them, and the layers built on them, are tested
//!
//! The fast versions take f32 on the CPU, in any strides. f64, and f32 on any other device, go through
//! the reference, which is made of candle operations known to be right. Any other type is
//! an error. Bits depend on the shapes and the instruction set, never on the number of threads;
//! rows of `linear` and images of the convolutions come out the same in any batch.

pub mod check;

mod adamw;
mod channel_sum;
mod conv2d;
mod conv_transpose2d;
mod convolve;
mod cross_entropy;
mod demand;
mod elementwise;
mod exponential;
mod filled;
mod gelu;
mod gelu_erf;
mod gru;
mod lanes;
mod log_softmax;
mod matmul;
mod norm;
mod process;
mod product;
mod relu;
mod rms_norm;
#[cfg(target_arch = "x86_64")]
mod row;
mod sigmoid;
mod silu;
mod softmax;
mod softplus;
mod sum;
mod tanh;
mod tape;
mod unfold;
mod vector;
mod written;

#[cfg(test)]
mod threads;

pub use adamw::{AdamWStep, adamw_step};
pub use channel_sum::channel_sum;
pub use conv_transpose2d::conv_transpose2d;
pub use conv2d::{Conv, conv2d};
pub use cross_entropy::cross_entropy;
pub use gelu::gelu;
pub use gelu_erf::gelu_erf;
pub use gru::gru;
pub use log_softmax::log_softmax;
pub use matmul::linear;
pub use norm::{group_norm, layer_norm};
pub use process::tune_process;
pub use relu::{leaky_relu, relu};
pub use rms_norm::rms_norm;
pub use sigmoid::sigmoid;
pub use silu::silu;
pub use softmax::softmax;
pub use softplus::softplus;
pub use sum::sum_keepdim;
pub use tanh::tanh;
