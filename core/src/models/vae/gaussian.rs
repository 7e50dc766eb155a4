//! The normal with a diagonal covariance: posterior and prior of every VAE here.

use candle::{Result, Tensor};

/// A batch of normals, one for each row.
#[derive(Clone, Debug)]
pub struct Gaussian {
    /// `[batch, latent]`.
    pub mean: Tensor,
    /// `[batch, latent]`, natural logarithm of the variance.
    pub log_var: Tensor,
}

/// Log-variances are kept in `±LIMIT` by a soft clamp: beyond it a standard deviation is numerically
/// 0 or swamps everything, and `exp` would carry the gradient with it.
const LIMIT: f64 = 8.0;

impl Gaussian {
    /// Splits the output of a linear layer, `[batch, 2 * latent]`, into mean and log-variance. An
    /// output of 0 means a log-variance of `start`.
    ///
    /// A posterior that starts as wide as its prior drowns what it says in noise, and a decoder
    /// that can do without learns not to listen; `start` below 0 lets it be heard from the first
    /// step.
    pub fn from_parameters(parameters: &Tensor, start: f64) -> Result<Self> {
        let halves = parameters.chunk(2, 1)?;
        let log_var = (((&halves[1] + start)? / LIMIT)?.tanh()? * LIMIT)?;
        Ok(Self { mean: halves[0].clone(), log_var })
    }

    /// `mean + deviation * noise` (reparameterisation, Kingma & Welling 2013, section 2.4). `noise`:
    /// `[batch, latent]`, standard normal.
    pub fn sample(&self, noise: &Tensor) -> Result<Tensor> {
        let deviation = (&self.log_var * 0.5)?.exp()?;
        &self.mean + (deviation * noise)?
    }

    /// The same normal with its standard deviation times `factor`, which is positive.
    pub fn spread(&self, factor: f64) -> Result<Self> {
        Ok(Self { mean: self.mean.clone(), log_var: (&self.log_var + 2.0 * factor.ln())? })
    }

    /// KL(self ‖ other) of each dimension, in nats: `[batch, latent]`.
    pub fn kl(&self, other: &Self) -> Result<Tensor> {
        let gap = (&self.mean - &other.mean)?.sqr()?;
        let ratio = (self.log_var.exp()? + gap)?.mul(&other.log_var.neg()?.exp()?)?;
        ((ratio + (&other.log_var - &self.log_var)?)? - 1.0)? * 0.5
    }

    /// KL(self ‖ standard normal) of each dimension, in nats: `[batch, latent]`.
    pub fn kl_to_standard(&self) -> Result<Tensor> {
        let squares = (self.log_var.exp()? + self.mean.sqr()?)?;
        ((squares - &self.log_var)? - 1.0)? * 0.5
    }
}

#[cfg(test)]
mod tests {
    use candle::Device;

    use super::*;

    fn gaussian(mean: f32, log_var: f32) -> Result<Gaussian> {
        let one = |value: f32| Tensor::from_slice(&[value], (1, 1), &Device::Cpu);
        Ok(Gaussian { mean: one(mean)?, log_var: one(log_var)? })
    }

    fn kl(a: &Gaussian, b: &Gaussian) -> Result<f32> {
        a.kl(b)?.sum_all()?.to_scalar()
    }

    #[test]
    fn kl_is_zero_only_between_equals_and_known_elsewhere() -> Result<()> {
        let (unit, shifted) = (gaussian(0.0, 0.0)?, gaussian(2.0, 0.0)?);
        let to_standard = |one: &Gaussian| one.kl_to_standard()?.sum_all()?.to_scalar::<f32>();
        assert_eq!((kl(&unit, &unit)?, to_standard(&shifted)?), (0.0, 2.0));
        // Half the squared distance in standard deviations.
        assert_eq!(kl(&shifted, &unit)?, 2.0);
        // ln(s) + (1 / s² - 1) / 2 with s = e.
        let wide = gaussian(0.0, 2.0)?;
        let expected = 1.0 + ((-2f32).exp() - 1.0) / 2.0;
        assert!((kl(&unit, &wide)? - expected).abs() < 1e-6);
        Ok(())
    }

    #[test]
    fn a_sample_moves_by_one_deviation_for_each_unit_of_noise() -> Result<()> {
        let noise = Tensor::from_slice(&[-1.5f32], (1, 1), &Device::Cpu)?;
        let drawn = gaussian(3.0, 4f32.ln())?.sample(&noise)?.sum_all()?.to_scalar::<f32>()?;
        assert!((drawn - 0.0).abs() < 1e-6);
        Ok(())
    }
}
