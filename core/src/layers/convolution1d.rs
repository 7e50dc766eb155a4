//! Convolutions of sequences `[batch, channels, length]`.

use candle::{Result, Tensor};
use candle_nn::VarBuilder;
use generativa_kernels as kernels;
pub use generativa_kernels::Along;
use generativa_kernels::Epilogue;

use super::Activation;
use super::linear::fan_in;

/// A convolution with a bias.
#[derive(Clone, Debug)]
pub struct Conv1d {
    weight: Tensor,
    bias: Tensor,
    along: Along,
}

impl Conv1d {
    /// From `inputs` channels to `outputs` under a kernel of `kernel` steps. Weights `weight`
    /// `[outputs, inputs, kernel]` and `bias` `[outputs]`, both uniform on ±1/√(inputs · kernel).
    pub fn new(
        inputs: usize,
        outputs: usize,
        kernel: usize,
        along: Along,
        vb: VarBuilder<'_>,
    ) -> Result<Self> {
        let init = fan_in(inputs * kernel);
        let weight = vb.get_with_hints((outputs, inputs, kernel), "weight", init)?;
        Ok(Self { weight, bias: vb.get_with_hints(outputs, "bias", init)?, along })
    }

    /// `[batch, inputs, length]` to `[batch, outputs, positions]`; for the length see
    /// [`kernels::conv1d`].
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        kernels::conv1d(x, &self.weight, Some(&self.bias), self.along, Epilogue::Identity)
    }

    /// `activation` of [`forward`](Self::forward), in the same pass where it can be.
    pub fn forward_then(&self, x: &Tensor, activation: Activation) -> Result<Tensor> {
        activation.of_product(|e| kernels::conv1d(x, &self.weight, Some(&self.bias), self.along, e))
    }
}

/// A transposed convolution with a bias: the way back from a strided [`Conv1d`].
#[derive(Clone, Debug)]
pub struct ConvTranspose1d {
    weight: Tensor,
    bias: Tensor,
    along: Along,
    output_padding: usize,
}

impl ConvTranspose1d {
    /// From `inputs` channels to `outputs` under a kernel of `kernel` steps. `output_padding` adds
    /// steps to the result, fewer than the stride. Weights `weight` `[inputs, outputs, kernel]` and
    /// `bias` `[outputs]`, both uniform on ±1/√(outputs · kernel), as PyTorch has it.
    pub fn new(
        inputs: usize,
        outputs: usize,
        kernel: usize,
        along: Along,
        output_padding: usize,
        vb: VarBuilder<'_>,
    ) -> Result<Self> {
        let init = fan_in(outputs * kernel);
        let weight = vb.get_with_hints((inputs, outputs, kernel), "weight", init)?;
        let bias = vb.get_with_hints(outputs, "bias", init)?;
        Ok(Self { weight, bias, along, output_padding })
    }

    /// `[batch, inputs, positions]` to `[batch, outputs, length]`; for the length see
    /// [`kernels::conv_transpose1d`].
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.with(x, Epilogue::Identity)
    }

    /// `activation` of [`forward`](Self::forward), in the same pass where it can be.
    pub fn forward_then(&self, x: &Tensor, activation: Activation) -> Result<Tensor> {
        activation.of_product(|epilogue| self.with(x, epilogue))
    }

    fn with(&self, x: &Tensor, epilogue: Epilogue) -> Result<Tensor> {
        let Self { weight, bias, along, output_padding } = self;
        kernels::conv_transpose1d(x, weight, Some(bias), *along, *output_padding, epilogue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::gradient_check::{layer, normals};
    use crate::layers::{Parameters, seeded_builder};

    const HALVE: Along = Along { stride: 2, padding: (1, 1), dilation: 1 };

    #[test]
    fn convolutions_have_the_gradient_of_their_differences() -> Result<()> {
        let build = |vb| Conv1d::new(2, 3, 3, Along::causal(3, 2), vb);
        layer(&[3, 2, 11], build, Conv1d::forward)?;
        layer(&[3, 2, 11], build, |conv, x| conv.forward_then(x, Activation::Tanh))?;
        let build = |vb| ConvTranspose1d::new(2, 3, 3, HALVE, 1, vb);
        layer(&[3, 2, 5], build, ConvTranspose1d::forward)?;
        layer(&[3, 2, 5], build, |conv, x| conv.forward_then(x, Activation::Sigmoid))
    }

    #[test]
    fn a_transposed_convolution_restores_the_length() -> Result<()> {
        let vb = seeded_builder(&Parameters::default(), 0, &candle::Device::Cpu);
        let down = Conv1d::new(1, 2, 4, HALVE, vb.pp("down"))?;
        let up = ConvTranspose1d::new(2, 1, 4, HALVE, 1, vb.pp("up"))?;
        let half = down.forward(&normals("x", &[2, 1, 9])?)?;
        assert_eq!(half.dims(), [2, 2, 4]);
        assert_eq!(up.forward(&half)?.dims(), [2, 1, 9]);
        Ok(())
    }
}
