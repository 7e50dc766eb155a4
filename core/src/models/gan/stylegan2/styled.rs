//! The two kinds of layer that a style steers.

use candle::{Result, Tensor};
use candle_nn::{Init, VarBuilder};
use generativa_kernels as kernels;
use generativa_kernels::Epilogue;

use super::config::COLOURS;
use super::{GAIN, ModulatedConv2d, Resampling, SLOPE};

/// A modulated convolution under a kernel of 3, noise, a bias and a leaky ReLU.
#[derive(Clone, Debug)]
pub(super) struct StyledConv2d {
    conv: ModulatedConv2d,
    /// Strength of the noise, `[1]`.
    strength: Tensor,
    bias: Tensor,
}

impl StyledConv2d {
    pub(super) fn new(
        [inputs, outputs]: [usize; 2],
        style_dim: usize,
        resampling: Option<Resampling>,
        vb: VarBuilder<'_>,
    ) -> Result<Self> {
        let conv = ModulatedConv2d::new(inputs, outputs, 3, style_dim, resampling, vb.pp("conv"))?;
        Ok(Self {
            conv,
            strength: vb.get_with_hints(1, "noise.weight", Init::Const(0.0))?,
            bias: vb.get_with_hints(outputs, "activate.bias", Init::Const(0.0))?,
        })
    }

    pub(super) fn forward(&self, x: &Tensor, style: &Tensor, noise: &Tensor) -> Result<Tensor> {
        let y = self.conv.forward(x, style, Some(&self.bias), GAIN)?;
        let noise = noise.broadcast_mul(&self.strength.affine(GAIN, 0.0)?)?;
        kernels::add(&y, &noise.broadcast_as(y.shape())?, Epilogue::LeakyRelu(SLOPE))
    }
}

/// A modulated convolution of single pixels to colours.
#[derive(Clone, Debug)]
pub(super) struct ToRgb {
    conv: ModulatedConv2d,
    /// `[1, 3, 1, 1]`.
    bias: Tensor,
}

impl ToRgb {
    pub(super) fn new(inputs: usize, style_dim: usize, vb: VarBuilder<'_>) -> Result<Self> {
        let conv = ModulatedConv2d::new(inputs, COLOURS, 1, style_dim, None, vb.pp("conv"))?;
        let bias = vb.get_with_hints((1, COLOURS, 1, 1), "bias", Init::Const(0.0))?;
        Ok(Self { conv, bias })
    }

    pub(super) fn forward(&self, x: &Tensor, style: &Tensor) -> Result<Tensor> {
        self.conv.forward_plain(x, style)?.broadcast_add(&self.bias)
    }
}
