//! A convolutional variational autoencoder of short series of one length, such as heart beats
//! (Kingma & Welling 2013, arXiv 1312.6114).
//!
//! The decoder tells the mean and the variance of every sample (Nix & Weigend 1994), so the
//! reconstruction is a likelihood, and what varies much among the series it learned from weighs
//! little. A weight `beta` on the KL term (Higgins et al. 2017) makes the latent hold only what
//! most series share; an allowance of nats keeps single dimensions from being given up (Kingma et
//! al. 2016, arXiv 1606.04934, appendix C). Where something is known of the series beside their
//! samples, the first dimensions can be made to tell it (attribute regularisation after Pati & Lerch
//! 2020, arXiv 2004.05485, here by the values instead of their order).

use candle::{D, Result, Tensor, bail};
use candle_nn::VarBuilder;
use generativa_kernels::gelu;
use serde::{Deserialize, Serialize};

use super::Gaussian;
use crate::layers::{Activation, Along, Conv1d, ConvTranspose1d, Linear};

/// Size of a [`SeriesVae`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesConfig {
    /// Channels after each convolution; each halves the length.
    pub channels: Vec<usize>,
    /// Samples under a kernel, odd.
    pub kernel: usize,
    /// Width of the dense layers around the latent.
    pub hidden: usize,
    /// Dimensions of the latent.
    pub latent: usize,
    /// What the decoder says of the spread about its mean.
    pub spread: Spread,
    /// The least logarithm of a variance: what is closer to the mean than that is as good as equal.
    pub floor: f64,
}

/// What a decoder says of the spread of samples about its mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// One variance, the same for all samples of all series.
    Common,
    /// A variance for every sample of every series.
    Sample,
}

/// Encoder and decoder.
pub struct SeriesVae {
    down: Vec<Conv1d>,
    dense: Linear,
    posterior: Linear,
    undense: [Linear; 2],
    up: Vec<ConvTranspose1d>,
    log_var: Option<Tensor>,
    /// Channels and length between the dense layers and the last of `up`.
    coarse: (usize, usize),
    floor: f64,
}

/// What the decoder makes of latents: the distribution of series, each sample a normal of its own.
pub struct SeriesNormal {
    /// `[batch, length]`.
    pub mean: Tensor,
    /// `[batch, length]`, natural logarithm of the variance.
    pub log_var: Tensor,
}

/// How much the terms of the loss count beside the reconstruction.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SeriesWeights {
    /// Weight of the KL beyond the allowance.
    pub beta: f64,
    /// Nats of KL that each dimension may use at no cost.
    pub allowance: f64,
    /// Weight of the squared distance from the attributes.
    pub attributes: f64,
}

/// The terms of the loss, each a scalar: nats a series, mean over the batch.
pub struct SeriesLoss {
    /// `-log p(series | latent)`.
    pub reconstruction: Tensor,
    /// KL(posterior ‖ standard normal), without any allowance.
    pub kl: Tensor,
    /// Squared distance of the first dimensions from the attributes; 0 without any.
    pub attributes: Tensor,
    /// What is minimised.
    pub total: Tensor,
}

/// Variances beyond e² are as good as no knowledge of series whose own variance is about 1.
const CEILING: f64 = 2.0;
/// Where the logarithm of the variance starts.
const START: f64 = -1.0;

impl SeriesVae {
    /// Builds the network for series of `length` samples; parameters are named as the fields.
    pub fn new(config: &SeriesConfig, length: usize, vb: VarBuilder) -> Result<Self> {
        let SeriesConfig { channels, kernel, hidden, latent, spread, floor } = config;
        let (Some(&deepest), true) = (channels.last(), kernel % 2 == 1 && length > 0) else {
            bail!(
                "a series VAE needs channels, an odd kernel and a length, not {config:?}, {length}"
            );
        };
        let along = Along { stride: 2, padding: (kernel / 2, kernel / 2), dilation: 1 };
        // Lengths from the series' own down to the coarsest.
        let lengths: Vec<usize> =
            std::iter::successors(Some(length), |length| Some(length.div_ceil(2)))
                .take(channels.len() + 1)
                .collect();
        let coarse = (deepest, lengths[channels.len()]);
        let inputs = [&[1], &channels[..channels.len() - 1]].concat();
        let outputs_up = match spread {
            Spread::Common => 1,
            Spread::Sample => 2,
        };
        let (mut down, mut up) = (Vec::new(), Vec::new());
        for (level, (&inputs, &outputs)) in inputs.iter().zip(channels).enumerate() {
            let name = |part: &str| format!("{part}.{level}");
            down.push(Conv1d::new(inputs, outputs, *kernel, along, vb.pp(name("down")))?);
            let back = if level == 0 { outputs_up } else { inputs };
            // A halving rounds up, so that only an even length has a sample more to get back.
            let extra = 1 - lengths[level] % 2;
            up.push(ConvTranspose1d::new(outputs, back, *kernel, along, extra, vb.pp(name("up")))?);
        }
        up.reverse();
        let flat = coarse.0 * coarse.1;
        let log_var = match spread {
            Spread::Common => {
                let start = candle_nn::Init::Const(START);
                Some(vb.get_with_hints(1, "log_var", start)?)
            }
            Spread::Sample => None,
        };
        Ok(Self {
            down,
            dense: Linear::new(flat, *hidden, vb.pp("dense"))?,
            posterior: Linear::new(*hidden, 2 * latent, vb.pp("posterior"))?,
            undense: [
                Linear::new(*latent, *hidden, vb.pp("undense.0"))?,
                Linear::new(*hidden, flat, vb.pp("undense.1"))?,
            ],
            up,
            log_var,
            coarse,
            floor: *floor,
        })
    }

    /// The posterior of each series. `x`: `[batch, length]`.
    pub fn encode(&self, x: &Tensor) -> Result<Gaussian> {
        let mut hidden = x.unsqueeze(1)?; // [batch, 1, length]
        for layer in &self.down {
            hidden = layer.forward_then(&hidden, Activation::Gelu)?;
        }
        let hidden = gelu(&self.dense.forward(&hidden.flatten_from(1)?)?)?;
        // A posterior narrower than its prior is heard from the first step.
        Gaussian::from_parameters(&self.posterior.forward(&hidden)?, -2.0)
    }

    /// The series that latents stand for. `latent`: `[batch, latent]`.
    pub fn decode(&self, latent: &Tensor) -> Result<SeriesNormal> {
        let [first, second] = &self.undense;
        let hidden = gelu(&second.forward(&gelu(&first.forward(latent)?)?)?)?;
        let mut hidden = hidden.reshape(((), self.coarse.0, self.coarse.1))?;
        let (last, inner) = self.up.split_last().expect("there is at least one level");
        for layer in inner {
            hidden = layer.forward_then(&hidden, Activation::Gelu)?;
        }
        let outputs = last.forward(&hidden)?; // [batch, 1 or 2, length]
        let mean = outputs.narrow(1, 0, 1)?.squeeze(1)?;
        let log_var = match &self.log_var {
            Some(common) => self.limited(common)?.broadcast_as(mean.shape())?,
            None => self.limited(&(outputs.narrow(1, 1, 1)?.squeeze(1)? + START)?)?,
        };
        Ok(SeriesNormal { mean, log_var })
    }

    /// The loss of a batch. `x`: `[batch, length]`; `noise`: `[batch, latent]`, standard normal;
    /// `attributes`: `[batch, known]`, each of mean 0 and variance 1, with no more of them than
    /// dimensions.
    pub fn loss(
        &self,
        x: &Tensor,
        noise: &Tensor,
        attributes: Option<&Tensor>,
        weights: &SeriesWeights,
    ) -> Result<SeriesLoss> {
        let posterior = self.encode(x)?;
        let series = self.decode(&posterior.sample(noise)?)?;
        let reconstruction = series.nats(x)?.mean_all()?;
        let kl = posterior.kl_to_standard()?.mean(0)?; // [latent]
        let beyond = (&kl - weights.allowance)?.relu()?.sum_all()?;
        let mut total = (&reconstruction + (beyond * weights.beta)?)?;
        let attributes = match attributes {
            Some(known) => {
                let told = posterior.mean.narrow(1, 0, known.dim(1)?)?;
                let apart = ((told - known)?.sqr()?.sum_all()? / x.dim(0)? as f64)?;
                total = (total + (&apart * weights.attributes)?)?;
                apart
            }
            None => reconstruction.zeros_like()?,
        };
        Ok(SeriesLoss { reconstruction, kl: kl.sum_all()?, attributes, total })
    }

    /// A soft clamp between floor and ceiling: a hard one would end the gradient.
    fn limited(&self, log_var: &Tensor) -> Result<Tensor> {
        let (middle, half) = ((CEILING + self.floor) / 2.0, (CEILING - self.floor) / 2.0);
        (((log_var - middle)? / half)?.tanh()? * half)? + middle
    }
}

impl SeriesNormal {
    /// `-log p(x)` of each series in nats: `[batch]`. `x`: `[batch, length]`.
    pub fn nats(&self, x: &Tensor) -> Result<Tensor> {
        let surprise = ((x - &self.mean)?.sqr()? * self.log_var.neg()?.exp()?)?;
        let constant = (2.0 * std::f64::consts::PI).ln();
        ((surprise + &self.log_var)? + constant)?.sum(D::Minus1)? * 0.5
    }
}

#[cfg(test)]
mod tests {
    use candle::Device;
    use generativa_kernels::check;
    use generativa_random::Stream;

    use super::*;
    use crate::layers::{Parameters, seeded_builder};

    const LENGTH: usize = 13;

    fn config(spread: Spread) -> SeriesConfig {
        SeriesConfig { channels: vec![3, 4], kernel: 3, hidden: 6, latent: 2, spread, floor: -4.0 }
    }

    fn normals(name: &str, rows: usize, columns: usize) -> Result<Tensor> {
        let values = Stream::named(1, name).normals(rows * columns);
        Tensor::from_vec(values, (rows, columns), &Device::Cpu)
    }

    #[test]
    fn the_whole_loss_has_the_gradient_of_its_differences() -> Result<()> {
        for spread in [Spread::Common, Spread::Sample] {
            let parameters = Parameters::default();
            let vb = seeded_builder(&parameters, 3, &Device::Cpu);
            let vae = SeriesVae::new(&config(spread), LENGTH, vb)?;
            let (x, noise) = (normals("x", 3, LENGTH)?, normals("noise", 3, 2)?);
            let known = normals("known", 3, 1)?;
            let weights = SeriesWeights { beta: 0.7, allowance: 0.0, attributes: 0.5 };
            check::variable_gradients(5e-3, &parameters.named(), || {
                Ok(vae.loss(&x, &noise, Some(&known), &weights)?.total)
            })?;
        }
        Ok(())
    }

    #[test]
    fn series_of_any_length_come_back_as_long() -> Result<()> {
        for length in [1, 2, 7, 64, 140] {
            let vb = seeded_builder(&Parameters::default(), 3, &Device::Cpu);
            let vae = SeriesVae::new(&config(Spread::Sample), length, vb)?;
            let x = normals("x", 2, length)?;
            let series = vae.decode(&vae.encode(&x)?.mean)?;
            assert_eq!((series.mean.dims(), series.log_var.dims()), (x.dims(), x.dims()));
        }
        Ok(())
    }

    #[test]
    fn the_likelihood_is_that_of_the_normal() -> Result<()> {
        let row = |values: [f32; 2]| Tensor::new(&[values], &Device::Cpu);
        let series = SeriesNormal { mean: row([1.0, 0.0])?, log_var: row([0.0, 4f32.ln()])? };
        // One deviation off where the variance is 1, two where it is 4.
        let found = series.nats(&row([2.0, -4.0])?)?.to_vec1::<f32>()?[0];
        let expected = (1.0 + 4.0 + 4f32.ln()) / 2.0 + (2.0 * std::f32::consts::PI).ln();
        assert!((found - expected).abs() < 1e-5, "{found}, not {expected}");
        Ok(())
    }

    #[test]
    fn a_series_has_the_same_bits_in_any_batch() -> Result<()> {
        let vb = seeded_builder(&Parameters::default(), 3, &Device::Cpu);
        let vae = SeriesVae::new(&config(Spread::Sample), LENGTH, vb)?;
        let x = normals("x", 5, LENGTH)?;
        let nats = |x: &Tensor| vae.decode(&vae.encode(x)?.mean)?.nats(x)?.to_vec1::<f32>();
        let whole = nats(&x)?;
        for (row, &expected) in whole.iter().enumerate() {
            assert_eq!(nats(&x.narrow(0, row, 1)?)?, [expected]);
        }
        Ok(())
    }
}
