//! Variational autoencoders of images and of rows.

use anyhow::Result;
use candle::Tensor;
use generativa::layers::{Activation, Conv, Conv2d, ConvTranspose2d, Linear};
use generativa::models::vae::Gaussian;
use generativa_kernels::squared_error;
use generativa_random::Stream;

use super::{Training, normals};
use crate::Work;

/// Sum of squares and KL to the standard normal, mean over the batch.
fn evidence_bound(y: &Tensor, x: &Tensor, posterior: &Gaussian) -> candle::Result<Tensor> {
    let zeros = posterior.mean.zeros_like()?;
    let prior = Gaussian { mean: zeros.clone(), log_var: zeros };
    let kl = posterior.kl(&prior)?.sum_all()?;
    (squared_error(y, x)?.sum_all()? + kl)? / x.dim(0)? as f64
}

fn sampled(posterior: &Gaussian, noise: &mut Stream) -> candle::Result<Tensor> {
    posterior.sample(&normals(noise, posterior.mean.dims())?)
}

pub(super) fn convolutional(size: usize, channels: usize, widths: [usize; 3]) -> Result<Work> {
    let training = Training::new();
    let (latent, batch, coarse) = (64, 64, size / 8);
    let halving = Conv { stride: (2, 2), padding: (1, 1), ..Conv::PLAIN };
    let [first, second, third] = widths;
    let features = third * coarse * coarse;
    let down = [(channels, first, "down.0"), (first, second, "down.1"), (second, third, "down.2")];
    let down = down.map(|(inputs, outputs, name)| {
        Conv2d::new(inputs, outputs, (4, 4), halving, training.builder(name))
    });
    let up = [(third, second, "up.0"), (second, first, "up.1"), (first, channels, "up.2")];
    let up = up.map(|(inputs, outputs, name)| {
        ConvTranspose2d::new(inputs, outputs, (4, 4), halving, (0, 0), training.builder(name))
    });
    let (down, up) = (all(down)?, all(up)?);
    let mean = Linear::new(features, latent, training.builder("mean"))?;
    let log_var = Linear::new(features, latent, training.builder("log_var"))?;
    let widen = Linear::new(latent, features, training.builder("widen"))?;
    let x = normals(&mut Stream::named(0, "bench"), &[batch, channels, size, size])?;
    training.steps(move |noise| {
        let mut hidden = x.clone();
        for layer in &down {
            hidden = layer.forward_then(&hidden, Activation::Relu)?;
        }
        let hidden = hidden.flatten_from(1)?;
        let posterior =
            Gaussian { mean: mean.forward(&hidden)?, log_var: log_var.forward(&hidden)? };
        let hidden = widen.forward_then(&sampled(&posterior, noise)?, Activation::Relu)?;
        let mut hidden = hidden.reshape((batch, third, coarse, coarse))?;
        let (last, inner) = up.split_last().expect("three layers");
        for layer in inner {
            hidden = layer.forward_then(&hidden, Activation::Relu)?;
        }
        let y = last.forward_then(&hidden, Activation::Sigmoid)?;
        evidence_bound(&y, &x, &posterior)
    })
}

fn all<T>(layers: [candle::Result<T>; 3]) -> candle::Result<Vec<T>> {
    layers.into_iter().collect()
}

pub(super) fn perceptron() -> Result<Work> {
    let training = Training::new();
    let layer = |name, inputs, outputs| Linear::new(inputs, outputs, training.builder(name));
    let encoder = [layer("encoder.0", 140, 128)?, layer("encoder.1", 128, 64)?];
    let (mean, log_var) = (layer("mean", 64, 16)?, layer("log_var", 64, 16)?);
    let decoder = [layer("decoder.0", 16, 64)?, layer("decoder.1", 64, 128)?];
    let last = layer("decoder.2", 128, 140)?;
    let x = normals(&mut Stream::named(0, "bench"), &[256, 140])?;
    training.steps(move |noise| {
        let mut hidden = x.clone();
        for layer in &encoder {
            hidden = layer.forward_then(&hidden, Activation::Relu)?;
        }
        let posterior =
            Gaussian { mean: mean.forward(&hidden)?, log_var: log_var.forward(&hidden)? };
        let mut hidden = sampled(&posterior, noise)?;
        for layer in &decoder {
            hidden = layer.forward_then(&hidden, Activation::Relu)?;
        }
        evidence_bound(&last.forward(&hidden)?, &x, &posterior)
    })
}
