//! Convolutions of images `[batch, channels, height, width]`.

use candle::{Result, Tensor};
use candle_nn::VarBuilder;
use generativa_kernels as kernels;
pub use generativa_kernels::Conv;
use generativa_kernels::Epilogue;

use super::Activation;
use super::linear::fan_in;

/// A convolution with a bias.
#[derive(Clone, Debug)]
pub struct Conv2d {
    weight: Tensor,
    bias: Tensor,
    conv: Conv,
}

impl Conv2d {
    /// From `inputs` channels to `outputs` under a kernel of (height, width). Weights `weight`
    /// `[outputs, inputs, height, width]` and `bias` `[outputs]`, both uniform on ±1/√(inputs ·
    /// height · width).
    pub fn new(
        inputs: usize,
        outputs: usize,
        kernel: (usize, usize),
        conv: Conv,
        vb: VarBuilder<'_>,
    ) -> Result<Self> {
        let init = fan_in(inputs * kernel.0 * kernel.1);
        let weight = vb.get_with_hints((outputs, inputs, kernel.0, kernel.1), "weight", init)?;
        Ok(Self { weight, bias: vb.get_with_hints(outputs, "bias", init)?, conv })
    }

    /// `[batch, inputs, height, width]` to `[batch, outputs, rows, columns]`; for the sizes see
    /// [`kernels::conv2d`].
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        kernels::conv2d(x, &self.weight, Some(&self.bias), self.conv, Epilogue::Identity)
    }

    /// `activation` of [`forward`](Self::forward), in the same pass where it can be.
    pub fn forward_then(&self, x: &Tensor, activation: Activation) -> Result<Tensor> {
        activation.of_product(|e| kernels::conv2d(x, &self.weight, Some(&self.bias), self.conv, e))
    }

    /// `[outputs, inputs, height, width]`.
    pub fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// `[outputs]`.
    pub fn bias(&self) -> &Tensor {
        &self.bias
    }
}

/// A transposed convolution with a bias: the way back from a strided [`Conv2d`].
#[derive(Clone, Debug)]
pub struct ConvTranspose2d {
    weight: Tensor,
    bias: Tensor,
    conv: Conv,
    output_padding: (usize, usize),
}

impl ConvTranspose2d {
    /// From `inputs` channels to `outputs` under a kernel of (height, width). `output_padding`
    /// adds rows and columns to the result, fewer than the stride. Weights `weight` `[inputs,
    /// outputs, height, width]` and `bias` `[outputs]`, both uniform on ±1/√(outputs · height ·
    /// width), as PyTorch has it.
    pub fn new(
        inputs: usize,
        outputs: usize,
        kernel: (usize, usize),
        conv: Conv,
        output_padding: (usize, usize),
        vb: VarBuilder<'_>,
    ) -> Result<Self> {
        let init = fan_in(outputs * kernel.0 * kernel.1);
        let weight = vb.get_with_hints((inputs, outputs, kernel.0, kernel.1), "weight", init)?;
        let bias = vb.get_with_hints(outputs, "bias", init)?;
        Ok(Self { weight, bias, conv, output_padding })
    }

    /// `[batch, inputs, rows, columns]` to `[batch, outputs, height, width]`; for the sizes see
    /// [`kernels::conv_transpose2d`].
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.with(x, Epilogue::Identity)
    }

    /// `activation` of [`forward`](Self::forward), in the same pass where it can be.
    pub fn forward_then(&self, x: &Tensor, activation: Activation) -> Result<Tensor> {
        activation.of_product(|epilogue| self.with(x, epilogue))
    }

    fn with(&self, x: &Tensor, epilogue: Epilogue) -> Result<Tensor> {
        let Self { weight, bias, conv, output_padding } = self;
        kernels::conv_transpose2d(x, weight, Some(bias), *conv, *output_padding, epilogue)
    }
}

/// A convolution of every channel apart, with a bias: PyTorch's `Conv2d` of as many groups as
/// channels.
#[derive(Clone, Debug)]
pub struct DepthwiseConv2d {
    weight: Tensor,
    bias: Tensor,
    conv: Conv,
}

impl DepthwiseConv2d {
    /// Of `channels` under a kernel each of (height, width). Weights `weight` `[channels, 1, height,
    /// width]` and `bias` `[channels]`, both uniform on ±1/√(height · width).
    pub fn new(
        channels: usize,
        kernel: (usize, usize),
        conv: Conv,
        vb: VarBuilder<'_>,
    ) -> Result<Self> {
        let init = fan_in(kernel.0 * kernel.1);
        let weight = vb.get_with_hints((channels, 1, kernel.0, kernel.1), "weight", init)?;
        Ok(Self { weight, bias: vb.get_with_hints(channels, "bias", init)?, conv })
    }

    /// `[batch, channels, height, width]` to `[batch, channels, rows, columns]`; for the sizes see
    /// [`kernels::depthwise2d`].
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.with(x, Epilogue::Identity)
    }

    /// `activation` of [`forward`](Self::forward), in the same pass where it can be.
    pub fn forward_then(&self, x: &Tensor, activation: Activation) -> Result<Tensor> {
        activation.of_product(|epilogue| self.with(x, epilogue))
    }

    fn with(&self, x: &Tensor, epilogue: Epilogue) -> Result<Tensor> {
        kernels::depthwise2d(x, &self.weight, Some(&self.bias), self.conv, epilogue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::gradient_check::{layer, normals};
    use crate::layers::{Parameters, seeded_builder};

    const HALVE: Conv = Conv { stride: (2, 2), padding: (1, 1), ..Conv::PLAIN };

    #[test]
    fn convolutions_have_the_gradient_of_their_differences() -> Result<()> {
        layer(&[3, 2, 8, 7], |vb| Conv2d::new(2, 3, (3, 3), HALVE, vb), Conv2d::forward)?;
        let build = |vb| ConvTranspose2d::new(2, 3, (3, 3), HALVE, (1, 0), vb);
        layer(&[3, 2, 4, 3], build, ConvTranspose2d::forward)?;
        let tanh = |conv: &Conv2d, x: &Tensor| conv.forward_then(x, Activation::Tanh);
        layer(&[3, 2, 8, 7], |vb| Conv2d::new(2, 3, (3, 3), HALVE, vb), tanh)
    }

    #[test]
    fn a_depthwise_convolution_has_the_gradient_of_its_differences() -> Result<()> {
        let build = |vb| DepthwiseConv2d::new(2, (3, 3), HALVE, vb);
        layer(&[3, 2, 8, 7], build, DepthwiseConv2d::forward)?;
        let tanh = |conv: &DepthwiseConv2d, x: &Tensor| conv.forward_then(x, Activation::Tanh);
        layer(&[3, 2, 8, 7], build, tanh)
    }

    #[test]
    fn depthwise_weights_have_the_names_shapes_and_range_of_pytorch() -> Result<()> {
        let parameters = Parameters::default();
        let vb = seeded_builder(&parameters, 0, &candle::Device::Cpu);
        let conv = DepthwiseConv2d::new(400, (3, 5), Conv::PLAIN, vb.pp("apart"))?;
        assert_eq!(conv.forward(&normals("x", &[1, 400, 4, 6])?)?.dims(), [1, 400, 2, 2]);
        let shapes = [("apart.bias", vec![400]), ("apart.weight", vec![400, 1, 3, 5])];
        let named = parameters.named();
        assert_eq!(named.len(), shapes.len());
        for ((name, weight), (expected, shape)) in named.iter().zip(shapes) {
            assert_eq!((name.as_str(), weight.dims()), (expected, &shape[..]));
            let most = weight.abs()?.max_all()?.to_scalar::<f32>()?;
            let bound = 1.0 / 15f32.sqrt();
            assert!(most <= bound && most > 0.95 * bound, "{name} up to {most}");
        }
        Ok(())
    }

    #[test]
    fn a_transposed_convolution_restores_the_size() -> Result<()> {
        let vb = seeded_builder(&Parameters::default(), 0, &candle::Device::Cpu);
        let down = Conv2d::new(1, 2, (4, 4), HALVE, vb.pp("down"))?;
        let up = ConvTranspose2d::new(2, 1, (4, 4), HALVE, (0, 1), vb.pp("up"))?;
        let half = down.forward(&normals("x", &[2, 1, 8, 7])?)?;
        assert_eq!(half.dims(), [2, 2, 4, 3]);
        assert_eq!(up.forward(&half)?.dims(), [2, 1, 8, 7]);
        Ok(())
    }
}
