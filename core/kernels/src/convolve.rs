//! The three products of a convolution: its output, and the two that are its derivatives.
//!
//! None of them lays the patches that the kernel sees out as a matrix. A task takes a band of the
//! result, copies what its positions see onto a canvas, a few channels at a time so that they stay
//! in the cache, and gathers from it the panels that [`Tile`] multiplies. An element of the result
//! is a sum over blocks of channels, in order, each a chain over channels and taps: its bits
//! depend on the shape of the convolution alone.

use crate::epilogue::Epilogue;
use crate::sight::Sight;
use crate::tile::Tile;
use crate::window::Window;

mod gather;
mod sums;
mod weight;

use gather::Gathering;

/// One convolution: the window over an image, its channels and those of the output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Convolution {
    pub(crate) window: Window,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
}

impl Convolution {
    /// `y[b, co, position] = Σ weight[co, patch] · patches(x[b])[patch, position] + bias[co]`, with
    /// `epilogue` of every value.
    pub(crate) fn output(
        &self,
        x: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        epilogue: Epilogue,
    ) -> Vec<f32> {
        let taps = self.taps();
        Gathering {
            sight: Sight::of(&self.window.flattened()),
            channels: (self.inputs, self.outputs),
            tile: Tile::widest(),
            apart: (taps, self.inputs * taps),
        }
        .run(x, weight, bias, epilogue)
    }

    /// The transpose of [`output`](Self::output) in `x`: spreads `weightᵀ · y` over images.
    pub(crate) fn input(
        &self,
        y: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        epilogue: Epilogue,
    ) -> Vec<f32> {
        let taps = self.taps();
        Gathering {
            sight: Sight::transposed(&self.window.flattened()),
            channels: (self.outputs, self.inputs),
            tile: Tile::widest(),
            apart: (self.inputs * taps, taps),
        }
        .run(y, weight, bias, epilogue)
    }

    fn taps(&self) -> usize {
        self.window.kernel.0 * self.window.kernel.1
    }
}

/// So many values of a buffer that one task after the other uses.
fn sized(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}
