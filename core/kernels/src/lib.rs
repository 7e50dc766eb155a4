//! Operations for candle that are fast on the CPU and have the right gradient, one a file: its
//! formula, a slow reference, the fast version, the gradient, and a test that they agree.
//!
//! - [`linear`], [`conv2d`], [`conv1d`] and the transposes [`conv_transpose2d`],
//!   [`conv_transpose1d`]: products, with an [`Epilogue`], differentiable to every order
//! - [`depthwise2d`], [`depthwise1d`]: convolutions of every channel apart, likewise
//! - [`silu`], [`gelu`], [`gelu_erf`], [`relu`], [`leaky_relu`], [`softplus`], [`tanh`],
//!   [`sigmoid`]: elementwise
//! - [`geglu`], [`swiglu`]: one half of the last dimension gates the other
//! - [`cross_entropy`], [`log_softmax`], [`softmax`]: over the last dimension
//! - [`squared_error`]: of every item
//! - [`layer_norm`], [`group_norm`]: with their affine maps, and silu behind
//! - [`attention`]: full or causal, to the own or another sequence
//! - [`rms_norm`]: with its scale
//! - [`sum_keepdim`], [`channel_sum`]: reductions
//! - [`add`]: where residual paths join; [`scale_channels`], [`shift_channels`]: modulation
//! - [`channels_first`], [`channels_last`]: images to rows of features and back
//! - [`upsample_nearest2d`], [`upsample_bilinear2d`], [`avg_pool2d`], [`fir2d`]: images
//!   enlarged and reduced
//! - [`gru`], [`lstm`]: recurrent layers over a whole sequence
//! - [`adamw_step`]: one pass over a parameter, its moments and its average
//! - [`backward_with_graph`]: gradients that can be differentiated in turn
//! - [`prepare_process`]: settings of allocator, threads and tape
//! - [`check`]: how all of them, and the layers built on them, are tested
//!
//! The fast versions take f32 on the CPU, in any strides. f64, and f32 on any other device, go through
//! the reference, which is made of candle operations known to be right. Any other type is
//! an error. Bits depend on the shapes and the instruction set, never on the number of threads;
//! rows of `linear` and images of the convolutions come out the same in any batch.

pub mod check;

mod adamw;
mod add;
mod attention;
mod bands;
mod blocks;
mod canvas;
mod channel_order;
mod channel_scale;
mod channel_shift;
mod channel_sum;
mod conv1d;
mod conv2d;
mod conv_transpose1d;
mod conv_transpose2d;
mod convolve;
mod cross_entropy;
mod demand;
mod depthwise;
#[cfg(target_arch = "x86_64")]
mod eight;
mod elementwise;
mod epilogue;
mod exponential;
mod filled;
mod fir2d;
mod gated;
mod gelu;
mod gelu_erf;
mod gru;
mod lanes;
mod log_softmax;
mod lstm;
mod matmul;
mod norm;
mod panels;
mod process;
mod product;
mod relu;
mod rms_norm;
#[cfg(target_arch = "x86_64")]
mod row;
mod second_order;
mod sight;
mod sigmoid;
mod silu;
mod softmax;
mod softplus;
mod squared_error;
mod sum;
mod tanh;
mod tape;
mod tile;
mod transpose;
mod upsample_bilinear2d;
mod vector;
mod window;
mod written;

#[cfg(test)]
mod threads;

pub use adamw::{AdamWStep, adamw_step};
pub use add::add;
pub use attention::{Attention, attention};
pub use blocks::{avg_pool2d, upsample_nearest2d};
pub use channel_order::{channels_first, channels_last};
pub use channel_scale::scale_channels;
pub use channel_shift::shift_channels;
pub use channel_sum::channel_sum;
pub use conv_transpose1d::conv_transpose1d;
pub use conv_transpose2d::conv_transpose2d;
pub use conv1d::{Along, conv1d};
pub use conv2d::{Conv, conv2d};
pub use cross_entropy::cross_entropy;
pub use depthwise::{depthwise1d, depthwise2d};
pub use epilogue::Epilogue;
pub use fir2d::{Filter, fir2d};
pub use gated::{geglu, swiglu};
pub use gelu::gelu;
pub use gelu_erf::gelu_erf;
pub use gru::gru;
pub use log_softmax::log_softmax;
pub use lstm::lstm;
pub use matmul::linear;
pub use norm::{group_norm, layer_norm};
pub use process::prepare_process;
pub use relu::{leaky_relu, relu};
pub use rms_norm::rms_norm;
pub use second_order::backward_with_graph;
pub use sigmoid::sigmoid;
pub use silu::silu;
pub use softmax::softmax;
pub use softplus::softplus;
pub use squared_error::squared_error;
pub use sum::sum_keepdim;
pub use tanh::tanh;
pub use upsample_bilinear2d::upsample_bilinear2d;
