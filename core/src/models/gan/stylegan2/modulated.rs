//! Convolutions whose weights a style modulates (Karras et al. 2020, arXiv 1912.04958, equations 1
//! and 3), with one weight for the whole batch: since a convolution is linear, a style may scale
//! the input channels instead, and demodulation the output channels.

use candle::{Result, Tensor};
use candle_nn::{Init, VarBuilder};
use generativa_kernels as kernels;
use generativa_kernels::{Conv, Epilogue};

use super::equalized::per_root_of;
use super::{EqualizedLinear, Resampling};

/// Added to the sum of squares that demodulation divides by.
const EPS: f64 = 1e-8;

/// A square kernel with the weights `w[o, i, u, v] · s[i]`, where `s` is an affine map of the style
/// of the image, and divided by the norm of all that leads to output channel `o`.
#[derive(Clone, Debug)]
pub struct ModulatedConv2d {
    /// `[1, outputs, inputs, kernel, kernel]`.
    weight: Tensor,
    modulation: EqualizedLinear,
    kernel: usize,
    /// Doubles the sides, where there is one.
    resampling: Option<Resampling>,
}

impl ModulatedConv2d {
    /// From `inputs` channels to `outputs` under a kernel of odd side, for styles of width
    /// `style_dim`. With `resampling` the sides double. Weights `weight` `[1, outputs, inputs,
    /// kernel, kernel]` and `modulation.weight` `[inputs, style_dim]`, standard normal, and
    /// `modulation.bias` `[inputs]`, ones.
    pub fn new(
        inputs: usize,
        outputs: usize,
        kernel: usize,
        style_dim: usize,
        resampling: Option<Resampling>,
        vb: VarBuilder<'_>,
    ) -> Result<Self> {
        let init = Init::Randn { mean: 0.0, stdev: 1.0 };
        let dims = (1, outputs, inputs, kernel, kernel);
        Ok(Self {
            weight: vb.get_with_hints(dims, "weight", init)?,
            modulation: EqualizedLinear::new(style_dim, inputs, 1.0, 1.0, vb.pp("modulation"))?,
            kernel,
            resampling,
        })
    }

    /// `gain · (y + bias)`, where `y` is the demodulated convolution of `x`. `x`: `[batch, inputs,
    /// height, width]`; `style`: `[batch, style_dim]`; `bias`: `[outputs]`. The result is `[batch,
    /// outputs, rows, columns]`.
    pub fn forward(
        &self,
        x: &Tensor,
        style: &Tensor,
        bias: Option<&Tensor>,
        gain: f64,
    ) -> Result<Tensor> {
        let scale = self.scale(style)?;
        let y = self.convolve(x, &scale)?;
        let rate = self.norm(&scale)?.recip()?.affine(gain, 0.0)?;
        let bias = bias.map(|bias| bias.affine(gain, 0.0)).transpose()?;
        kernels::scale_channels(&y, &rate, bias.as_ref(), Epilogue::Identity)
    }

    /// The convolution without demodulation, bias and gain, as layers to colours have it.
    pub fn forward_plain(&self, x: &Tensor, style: &Tensor) -> Result<Tensor> {
        self.convolve(x, &self.scale(style)?)
    }

    /// The scale of every input channel, with the factor that equalizes the weight: `[batch,
    /// inputs]`.
    fn scale(&self, style: &Tensor) -> Result<Tensor> {
        let terms = self.weight.dims()[2..].iter().product();
        self.modulation.forward(style)?.affine(per_root_of(terms), 0.0)
    }

    /// The norms of the modulated weights, `√(Σ (s[i] · w[o, i, u, v])²)`: `[batch, outputs]`.
    fn norm(&self, scale: &Tensor) -> Result<Tensor> {
        let (_, outputs, inputs, height, width) = self.weight.dims5()?;
        let squares = self.weight.sqr()?.reshape((outputs * inputs, height * width))?;
        let squares = kernels::sum_keepdim(&squares, 1)?.reshape((outputs, inputs))?;
        let power = kernels::linear(&scale.sqr()?, &squares, None, Epilogue::Identity)?;
        power.affine(1.0, EPS)?.sqrt()
    }

    fn convolve(&self, x: &Tensor, scale: &Tensor) -> Result<Tensor> {
        let x = kernels::scale_channels(x, scale, None, Epilogue::Identity)?;
        let weight = self.weight.squeeze(0)?;
        let Some(resampling) = &self.resampling else {
            let padding = (self.kernel / 2, self.kernel / 2);
            let conv = Conv { padding, ..Conv::PLAIN };
            return kernels::conv2d(&x, &weight, None, conv, Epilogue::Identity);
        };
        let doubling = Conv { stride: (2, 2), ..Conv::PLAIN };
        let weight = weight.transpose(0, 1)?;
        let y = kernels::conv_transpose2d(&x, &weight, None, doubling, (0, 0), Epilogue::Identity)?;
        resampling.behind_transposed(&y, self.kernel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::gradient_check::{layer, normals};
    use crate::layers::{Parameters, seeded_builder};

    /// From 3 channels to 2 for styles of width 5.
    fn conv(up: bool, vb: VarBuilder<'_>) -> Result<ModulatedConv2d> {
        let resampling = up.then(|| Resampling::new(&[1.0, 2.0, 1.0])).transpose()?;
        ModulatedConv2d::new(3, 2, 3, 5, resampling, vb)
    }

    #[test]
    fn a_shared_weight_does_what_a_weight_for_every_image_does() -> Result<()> {
        let parameters = Parameters::default();
        let conv = conv(false, seeded_builder(&parameters, 0, &candle::Device::Cpu))?;
        let (x, style) = (normals("x", &[4, 3, 5, 6])?, normals("style", &[4, 5])?);
        let found = conv.forward(&x, &style, None, 1.0)?;
        let scale = conv.modulation.forward(&style)?.affine(per_root_of(27), 0.0)?;
        for image in 0..4 {
            let scale = scale.get(image)?.reshape((1, 3, 1, 1))?;
            let weight = conv.weight.get(0)?.broadcast_mul(&scale)?;
            let norm = weight.sqr()?.flatten_from(1)?.sum(1)?.affine(1.0, EPS)?.sqrt()?;
            let weight = weight.broadcast_div(&norm.reshape((2, 1, 1, 1))?)?;
            let around = Conv { padding: (1, 1), ..Conv::PLAIN };
            let x = x.narrow(0, image, 1)?;
            let expected = kernels::conv2d(&x, &weight, None, around, Epilogue::Identity)?;
            let gap = (found.narrow(0, image, 1)? - expected)?.abs()?.max_all()?;
            assert!(gap.to_scalar::<f32>()? < 1e-5, "image {image}: {gap}");
        }
        Ok(())
    }

    #[test]
    fn modulated_convolutions_have_the_gradient_of_their_differences() -> Result<()> {
        let style = normals("style", &[2, 5])?;
        for up in [false, true] {
            let demodulated = |conv: &ModulatedConv2d, x: &Tensor| {
                conv.forward(x, &style, None, 1.5) // the style is checked through its affine map
            };
            layer(&[2, 3, 3, 4], |vb| conv(up, vb), demodulated)?;
            layer(&[2, 3, 3, 4], |vb| conv(up, vb), |conv, x| conv.forward_plain(x, &style))?;
        }
        Ok(())
    }
}
