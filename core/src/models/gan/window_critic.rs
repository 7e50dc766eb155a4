//! A critic of windows of several series that stand in relation, such as return, range and position
//! of trading days: convolutions see their shapes, and statistics what a window has as a whole.
//!
//! Windows of heavy-tailed series differ less in shape than in moments and dependence, which a
//! convolution learns slowly; so the critic is told them, standardised, in the manner of the moments
//! that Generative Moment Matching Networks compare (Li, Swersky & Zemel 2015, arXiv 1502.02761).

use candle::{D, Result, Tensor};
use candle_nn::VarBuilder;
use serde::{Deserialize, Serialize};

use crate::layers::{Activation, Along, Conv1d, Linear};

/// Size of a [`WindowCritic`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WindowCriticConfig {
    /// Channels of the convolutions.
    pub channels: usize,
    /// Width of the dense layers.
    pub hidden: usize,
}

/// The network.
pub struct WindowCritic {
    near: Conv1d,
    wide: Conv1d,
    wider: Conv1d,
    shape: Linear,
    whole: Linear,
    inner: Linear,
    score: Linear,
    scale: StatisticsScale,
}

/// Mean and deviation of each statistic over real windows, `[1, statistics]`.
#[derive(Clone, Debug)]
pub struct StatisticsScale {
    mean: Tensor,
    deviation: Tensor,
}

const CURVE: Activation = Activation::Silu;
/// Lags of the correlations, in steps.
const LAGS: [usize; 4] = [0, 1, 2, 5];
/// Statistics beyond so many deviations are as good as there: a window of a crash must not decide.
const MOST: f64 = 8.0;

impl WindowCritic {
    /// For windows `[batch, series, length]` whose series have about mean 0 and variance 1.
    pub fn new(
        config: &WindowCriticConfig,
        (series, length): (usize, usize),
        scale: StatisticsScale,
        vb: VarBuilder,
    ) -> Result<Self> {
        let WindowCriticConfig { channels, hidden } = *config;
        let halve = Along { stride: 2, padding: (2, 2), dilation: 1 };
        let same = Along { stride: 1, padding: (2, 2), dilation: 1 };
        let coarse = length.div_ceil(2).div_ceil(2);
        let statistics = scale.mean.dim(1)?;
        Ok(Self {
            near: Conv1d::new(series, channels, 5, same, vb.pp("near"))?,
            wide: Conv1d::new(channels, channels, 5, halve, vb.pp("wide"))?,
            wider: Conv1d::new(channels, channels, 5, halve, vb.pp("wider"))?,
            shape: Linear::new(channels * coarse, hidden, vb.pp("shape"))?,
            whole: Linear::new(statistics, hidden, vb.pp("whole"))?,
            inner: Linear::new(2 * hidden, hidden, vb.pp("inner"))?,
            score: Linear::new(hidden, 1, vb.pp("score"))?,
            scale,
        })
    }

    /// `[batch, series, length]` to logits `[batch]`, above 0 for what seems real.
    pub fn forward(&self, windows: &Tensor) -> Result<Tensor> {
        let x = self.near.forward_then(windows, CURVE)?;
        let x = self.wide.forward_then(&x, CURVE)?;
        let x = self.wider.forward_then(&x, CURVE)?;
        let shape = self.shape.forward_then(&x.flatten_from(1)?, CURVE)?;
        let told = self.scale.statistics(windows)?;
        let whole = self.whole.forward_then(&told, CURVE)?;
        let both = Tensor::cat(&[shape, whole], 1)?;
        self.score.forward(&self.inner.forward_then(&both, CURVE)?)?.squeeze(1)
    }
}

impl StatisticsScale {
    /// From real windows, `[count, series, length]`, at least two.
    pub fn of(windows: &Tensor) -> Result<Self> {
        let all = statistics(windows)?.detach();
        let mean = all.mean_keepdim(0)?;
        let deviation = all.broadcast_sub(&mean)?.sqr()?.mean_keepdim(0)?.sqrt()?;
        Ok(Self { mean, deviation: deviation.affine(1.0, 1e-3)? })
    }

    /// Standardised statistics of windows, `[batch, series, length]` to `[batch, statistics]`, none
    /// beyond eight deviations.
    pub fn statistics(&self, windows: &Tensor) -> Result<Tensor> {
        let told = statistics(windows)?;
        let z = told.broadcast_sub(&self.mean)?.broadcast_div(&self.deviation)?;
        SATURATING.forward(&z.affine(1.0 / MOST, 0.0)?)?.affine(MOST, 0.0)
    }
}

const SATURATING: Activation = Activation::Tanh;

/// What a window has as a whole, `[batch, statistics]`: of each series and of the sizes of the first
/// mean, deviation, skewness, kurtosis and the ends, and their correlations with themselves and each
/// other at a few lags.
fn statistics(windows: &Tensor) -> Result<Tensor> {
    let sizes = windows.narrow(1, 0, 1)?.abs()?;
    let all = Tensor::cat(&[windows, &sizes], 1)?; // [batch, series + 1, length]
    let (_, _, length) = all.dims3()?;
    let mean = all.mean_keepdim(D::Minus1)?;
    let centred = all.broadcast_sub(&mean)?;
    let deviation = centred.sqr()?.mean_keepdim(D::Minus1)?.affine(1.0, 1e-3)?.sqrt()?;
    let z = centred.broadcast_div(&deviation)?;
    let square = z.sqr()?;
    let mut told = vec![
        mean.squeeze(2)?,
        deviation.log()?.squeeze(2)?,
        (&square * &z)?.mean(2)?,
        square.sqr()?.mean(2)?.affine(1.0, 0.1)?.log()?,
        all.max(2)?,
        all.min(2)?,
    ];
    // All products of two series, each so many steps behind the other.
    for lag in LAGS.into_iter().filter(|lag| *lag < length) {
        let (early, late) = (z.narrow(2, 0, length - lag)?, z.narrow(2, lag, length - lag)?);
        let products = early.contiguous()?.matmul(&late.transpose(1, 2)?.contiguous()?)?;
        told.push((products / (length - lag) as f64)?.flatten_from(1)?);
    }
    Tensor::cat(&told, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::gradient_check::normals;
    use crate::layers::{Parameters, seeded_builder};
    use crate::models::gan::r1_penalty;
    use candle::Device;
    use generativa_kernels::check::variable_gradients;

    #[test]
    fn statistics_are_those_of_the_window() -> Result<()> {
        // A rising series and its mirror image.
        let rising = [1f32, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let falling = rising.map(|x| 9.0 - x);
        let windows = Tensor::new(&[[rising, falling]], &Device::Cpu)?;
        let found = statistics(&windows)?.to_vec2::<f32>()?.swap_remove(0);
        // Means, then deviations, of the two and of the sizes of the first.
        assert_eq!(found[..3], [4.5, 4.5, 4.5]);
        assert!((found[3] - 5.251f32.sqrt().ln()).abs() < 1e-4, "{}", found[3]);
        assert_eq!(found[12..18], [8.0, 8.0, 8.0, 1.0, 1.0, 1.0]);
        // The correlation of the two on one day, then of the first with itself a day later.
        assert!((found[19] + 1.0).abs() < 1e-3, "{}", found[19]);
        assert!((found[27] - 26.25 / (7.0 * 5.251)).abs() < 1e-3, "{}", found[27]);
        Ok(())
    }

    #[test]
    fn scores_and_their_penalty_have_the_gradient_of_their_differences() -> Result<()> {
        let parameters = Parameters::default();
        let vb = seeded_builder(&parameters, 0, &Device::Cpu);
        let real = normals("real", &[6, 2, 9])?;
        let config = WindowCriticConfig { channels: 3, hidden: 4 };
        let critic = WindowCritic::new(&config, (2, 9), StatisticsScale::of(&real)?, vb)?;
        variable_gradients(3e-3, &parameters.named(), || critic.forward(&real))?;
        let penalty = || r1_penalty(|x| critic.forward(x), &real)?.reshape(1);
        variable_gradients(1e-2, &parameters.named(), penalty)
    }
}
