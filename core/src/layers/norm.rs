//! Normalisation by the mean and the variance, or the mean square, of a group of values, then an
//! affine map.

use candle::{Result, Tensor, bail};
use candle_nn::{Init, VarBuilder};
use generativa_kernels as kernels;

/// Layer normalisation over the last dimension (Ba et al. 2016, arXiv 1607.06450).
#[derive(Clone, Debug)]
pub struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f64,
}

impl LayerNorm {
    /// Weights `weight` (ones) and `bias` (zeros), `[width]`. `eps` is added to the variance;
    /// 1e-5 is usual.
    pub fn new(width: usize, eps: f64, vb: VarBuilder<'_>) -> Result<Self> {
        let (weight, bias) = scale_and_shift(width, vb)?;
        Ok(Self { weight, bias, eps })
    }

    /// `[.., width]` to the same shape.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        kernels::layer_norm(x, &self.weight, &self.bias, self.eps)
    }
}

/// Normalisation by the root mean square of the last dimension (Zhang & Sennrich 2019, arXiv
/// 1910.07467).
#[derive(Clone, Debug)]
pub struct RmsNorm {
    weight: Tensor,
    eps: f64,
}

impl RmsNorm {
    /// Weights `weight`, `[width]` (ones). `eps` is added to the mean square; 1e-6 and 1e-5 are
    /// usual.
    pub fn new(width: usize, eps: f64, vb: VarBuilder<'_>) -> Result<Self> {
        Ok(Self { weight: vb.get_with_hints(width, "weight", Init::Const(1.0))?, eps })
    }

    /// `[.., width]` to the same shape.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        kernels::rms_norm(x, &self.weight, self.eps)
    }
}

/// Normalisation of groups of channels (Wu & He 2018, arXiv 1803.08494).
#[derive(Clone, Debug)]
pub struct GroupNorm {
    groups: usize,
    weight: Tensor,
    bias: Tensor,
    eps: f64,
}

impl GroupNorm {
    /// `channels` in `groups` of equal size. Weights `weight` (ones) and `bias` (zeros),
    /// `[channels]`. `eps` is added to the variance; 1e-5 is usual.
    pub fn new(groups: usize, channels: usize, eps: f64, vb: VarBuilder<'_>) -> Result<Self> {
        if groups == 0 || !channels.is_multiple_of(groups) {
            bail!("group norm: {channels} channels cannot be split into {groups} groups");
        }
        let (weight, bias) = scale_and_shift(channels, vb)?;
        Ok(Self { groups, weight, bias, eps })
    }

    /// `[batch, channels, ..]` to the same shape.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        kernels::group_norm(x, &self.weight, &self.bias, self.groups, self.eps, false)
    }

    /// The same with [`silu`](kernels::silu) behind it, in one pass.
    pub fn forward_silu(&self, x: &Tensor) -> Result<Tensor> {
        kernels::group_norm(x, &self.weight, &self.bias, self.groups, self.eps, true)
    }
}

fn scale_and_shift(width: usize, vb: VarBuilder<'_>) -> Result<(Tensor, Tensor)> {
    let weight = vb.get_with_hints(width, "weight", Init::Const(1.0))?;
    Ok((weight, vb.get_with_hints(width, "bias", Init::Const(0.0))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::gradient_check::{layer, normals};
    use crate::layers::{Parameters, seeded_builder};
    use candle::Device;

    #[test]
    fn norms_have_the_gradient_of_their_differences() -> Result<()> {
        layer(&[3, 2, 7], |vb| LayerNorm::new(7, 1e-5, vb), LayerNorm::forward)?;
        layer(&[3, 2, 7], |vb| RmsNorm::new(7, 1e-5, vb), RmsNorm::forward)?;
        layer(&[2, 6, 3, 5], |vb| GroupNorm::new(3, 6, 1e-5, vb), GroupNorm::forward)?;
        layer(&[2, 6, 3, 5], |vb| GroupNorm::new(3, 6, 1e-5, vb), GroupNorm::forward_silu)
    }

    #[test]
    fn a_layer_norm_gives_known_values() -> Result<()> {
        let norm = LayerNorm::new(2, 0.0, seeded_builder(&Parameters::default(), 0, &Device::Cpu))?;
        let y = norm.forward(&Tensor::new(&[[3f32, 7.0], [-1.0, -2.0]], &Device::Cpu)?)?;
        assert_eq!(y.to_vec2::<f32>()?, [[-1.0, 1.0], [1.0, -1.0]]);
        Ok(())
    }

    #[test]
    fn a_fresh_rms_norm_gives_known_values() -> Result<()> {
        let norm = RmsNorm::new(2, 0.0, seeded_builder(&Parameters::default(), 0, &Device::Cpu))?;
        let y = norm.forward(&Tensor::new(&[[7f32, 1.0], [0.0, -2.0]], &Device::Cpu)?)?;
        assert_eq!(y.to_vec2::<f32>()?, [[1.4, 0.2], [0.0, -std::f32::consts::SQRT_2]]);
        Ok(())
    }

    #[test]
    fn every_group_of_channels_gets_mean_zero_and_variance_one() -> Result<()> {
        let vb = seeded_builder(&Parameters::default(), 0, &Device::Cpu);
        let norm = GroupNorm::new(2, 6, 0.0, vb.clone())?;
        let x = normals("x", &[3, 6, 4, 5])?.affine(3.0, 2.0)?;
        for group in norm.forward(&x)?.reshape((6, 60))?.to_vec2::<f32>()? {
            let moment = |power| group.iter().map(|x| x.powi(power)).sum::<f32>() / 60.0;
            assert!(moment(1).abs() < 1e-5 && (moment(2) - 1.0).abs() < 1e-4);
        }
        assert!(GroupNorm::new(4, 6, 0.0, vb).is_err());
        Ok(())
    }
}
