//! Layers with an equalized learning rate (Karras et al. 2018, arXiv 1710.10196, section 4.1):
//! weights are drawn with deviation 1 and scaled where they are used, so that an optimizer which
//! normalises its steps moves all layers at one relative speed.

use candle::{Result, Tensor};
use candle_nn::{Init, VarBuilder};
use generativa_kernels as kernels;
use generativa_kernels::{Conv, Epilogue};

use super::{GAIN, SLOPE};

/// An affine map `y = x (c W)ᵀ + m b` with `c = m / √inputs`, where `m` multiplies the learning
/// rate.
#[derive(Clone, Debug)]
pub(super) struct EqualizedLinear {
    weight: Tensor,
    bias: Tensor,
    rate: f64,
}

impl EqualizedLinear {
    /// From `inputs` features to `outputs`. `rate` multiplies the learning rate; the map itself
    /// begins alike for any. Weights `weight` `[outputs, inputs]`, normal with deviation 1 / `rate`,
    /// and `bias` `[outputs]`, which adds `bias` at first.
    pub(super) fn new(
        inputs: usize,
        outputs: usize,
        rate: f64,
        bias: f64,
        vb: VarBuilder<'_>,
    ) -> Result<Self> {
        let init = Init::Randn { mean: 0.0, stdev: 1.0 / rate };
        Ok(Self {
            weight: vb.get_with_hints((outputs, inputs), "weight", init)?,
            bias: vb.get_with_hints(outputs, "bias", Init::Const(bias / rate))?,
            rate,
        })
    }

    /// `[.., inputs]` to `[.., outputs]`.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.scaled(x, self.rate, Epilogue::Identity)
    }

    /// `√2 · leaky ReLU` of [`forward`](Self::forward), in the same pass.
    pub(super) fn forward_leaky(&self, x: &Tensor) -> Result<Tensor> {
        self.scaled(x, self.rate * GAIN, Epilogue::LeakyRelu(SLOPE))
    }

    fn scaled(&self, x: &Tensor, factor: f64, epilogue: Epilogue) -> Result<Tensor> {
        // Rows of x are fewer than those of the weight, as a rule.
        let x = x.affine(factor / (self.weight.dim(1)? as f64).sqrt(), 0.0)?;
        kernels::linear(&x, &self.weight, Some(&self.bias.affine(factor, 0.0)?), epilogue)
    }
}

/// A convolution with weights `W / √(inputs · kernel²)`.
#[derive(Clone, Debug)]
pub(super) struct EqualizedConv2d {
    weight: Tensor,
    conv: Conv,
}

impl EqualizedConv2d {
    /// From `inputs` channels to `outputs` under a square kernel. Weight `weight` `[outputs,
    /// inputs, kernel, kernel]`, standard normal.
    pub(super) fn new(
        inputs: usize,
        outputs: usize,
        kernel: usize,
        conv: Conv,
        vb: VarBuilder<'_>,
    ) -> Result<Self> {
        let init = Init::Randn { mean: 0.0, stdev: 1.0 };
        let weight = vb.get_with_hints((outputs, inputs, kernel, kernel), "weight", init)?;
        Ok(Self { weight, conv })
    }

    /// `gain` times the convolution of `[batch, inputs, height, width]`, without a bias: `[batch,
    /// outputs, rows, columns]`, see [`kernels::conv2d`] for the sizes.
    pub(super) fn forward(&self, x: &Tensor, gain: f64) -> Result<Tensor> {
        let weight = self.weight(gain)?;
        kernels::conv2d(x, &weight, None, self.conv, Epilogue::Identity)
    }

    /// `gain · leaky ReLU` of the convolution and `bias`, `[outputs]`, in one pass. `gain` must not
    /// be negative.
    pub(super) fn forward_leaky(&self, x: &Tensor, bias: &Tensor, gain: f64) -> Result<Tensor> {
        let (weight, bias) = (self.weight(gain)?, bias.affine(gain, 0.0)?);
        kernels::conv2d(x, &weight, Some(&bias), self.conv, Epilogue::LeakyRelu(SLOPE))
    }

    fn weight(&self, gain: f64) -> Result<Tensor> {
        let (_, inputs, height, width) = self.weight.dims4()?;
        self.weight.affine(gain * per_root_of(inputs * height * width), 0.0)
    }
}

/// `1 / √terms`, which gives a sum of so many standard normal values a variance of 1.
pub(super) fn per_root_of(terms: usize) -> f64 {
    1.0 / (terms as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use candle::Device;

    use super::*;
    use crate::layers::gradient_check::{layer, normals};
    use crate::layers::{Parameters, seeded_builder};

    #[test]
    fn a_map_begins_alike_for_any_learning_rate() -> Result<()> {
        let x = normals("x", &[3, 5])?;
        let first = |rate: f64| -> Result<Vec<f32>> {
            let vb = seeded_builder(&Parameters::default(), 0, &Device::Cpu);
            let map = EqualizedLinear::new(5, 4, rate, 1.0, vb)?;
            map.forward_leaky(&x)?.flatten_all()?.to_vec1()
        };
        for (slow, fast) in first(0.01)?.iter().zip(first(1.0)?) {
            assert!((slow - fast).abs() < 1e-5, "{slow} and {fast}");
        }
        Ok(())
    }

    #[test]
    fn outputs_of_normal_inputs_have_variance_one() -> Result<()> {
        let vb = seeded_builder(&Parameters::default(), 0, &Device::Cpu);
        let conv = EqualizedConv2d::new(20, 50, 3, Conv::PLAIN, vb.pp("conv"))?;
        let map = EqualizedLinear::new(200, 500, 1.0, 0.0, vb.pp("map"))?;
        let outputs = [
            conv.forward(&normals("image", &[4, 20, 8, 8])?, 1.0)?,
            map.forward(&normals("row", &[20, 200])?)?,
            map.forward_leaky(&normals("row", &[20, 200])?)?.affine(GAIN.recip(), 0.0)?,
        ];
        // A leaky ReLU has the mean square (1 + slope²) / 2.
        for (y, expected) in outputs.iter().zip([1.0, 1.0, 0.52]) {
            let found = y.sqr()?.mean_all()?.to_scalar::<f32>()?;
            assert!((found / expected - 1.0).abs() < 0.1, "{found}, expected {expected}");
        }
        Ok(())
    }

    #[test]
    fn equalized_layers_have_the_gradient_of_their_differences() -> Result<()> {
        let map = |vb| EqualizedLinear::new(5, 3, 0.5, 1.0, vb);
        layer(&[4, 5], map, EqualizedLinear::forward)?;
        let halving = Conv { stride: (2, 2), padding: (1, 1), ..Conv::PLAIN };
        let conv = |vb| EqualizedConv2d::new(2, 3, 3, halving, vb);
        layer(&[2, 2, 7, 8], conv, |conv, x| conv.forward(x, 0.5))
    }
}
