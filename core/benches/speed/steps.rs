//! Whole training steps: loss, gradients and update of small models, built of layers.

use anyhow::Result;
use candle::{Device, Tensor};
use generativa::layers::{
    Activation, Conv, Conv2d, ConvTranspose2d, Gru, Linear, Parameters, VarBuilder, seeded_builder,
};
use generativa::models::vae::Gaussian;
use generativa::train::optimizer::{AdamW, AdamWConfig};
use generativa_random::Stream;

use crate::{Case, Work};

pub(crate) fn cases() -> Vec<Case> {
    let case = |name, about, make| Case { name, about, target: Some(1.3), make };
    vec![
        case("conv-vae-32", "1×32×32, 32–64–128 channels, latent 64, batch 64", || {
            conv_vae(32, 1, [32, 64, 128])
        }),
        case("conv-vae-64", "3×64×64, 64–128–256 channels, latent 64, batch 64", || {
            conv_vae(64, 3, [64, 128, 256])
        }),
        case("mlp-vae", "140 features, 128–64, latent 16, batch 256", mlp_vae),
        case("gru", "3 layers of 24 over 24 steps, batch 128", gru),
    ]
}

/// Weights of a model, and the steps that move them.
struct Training {
    parameters: Parameters,
    noise: Stream,
}

impl Training {
    fn new() -> Self {
        Self { parameters: Parameters::default(), noise: Stream::named(0, "bench/noise") }
    }

    fn builder(&self, name: &str) -> VarBuilder<'static> {
        seeded_builder(&self.parameters, 0, &Device::Cpu).pp(name)
    }

    /// A step of `loss`, which is given the stream of its noise.
    fn steps(
        mut self,
        loss: impl Fn(&mut Stream) -> candle::Result<Tensor> + 'static,
    ) -> Result<Work> {
        let mut optimizer = AdamW::new(&self.parameters, AdamWConfig::default(), &[])?;
        Ok(Box::new(move || {
            let loss = loss(&mut self.noise)?;
            optimizer.step(&loss.backward()?, 1e-3)?;
            loss.to_scalar::<f32>()?;
            Ok(())
        }))
    }
}

/// Sum of squares and KL to the standard normal, mean over the batch.
fn evidence_bound(y: &Tensor, x: &Tensor, posterior: &Gaussian) -> candle::Result<Tensor> {
    let zeros = posterior.mean.zeros_like()?;
    let prior = Gaussian { mean: zeros.clone(), log_var: zeros };
    let kl = posterior.kl(&prior)?.sum_all()?;
    ((y - x)?.sqr()?.sum_all()? + kl)? / x.dim(0)? as f64
}

fn sampled(posterior: &Gaussian, noise: &mut Stream) -> candle::Result<Tensor> {
    let shape = posterior.mean.shape();
    let noise = Tensor::from_vec(noise.normals(shape.elem_count()), shape, &Device::Cpu)?;
    posterior.sample(&noise)
}

fn conv_vae(size: usize, channels: usize, widths: [usize; 3]) -> Result<Work> {
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
    let pixels = Stream::named(0, "bench").normals(batch * channels * size * size);
    let x = Tensor::from_vec(pixels, (batch, channels, size, size), &Device::Cpu)?;
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

fn mlp_vae() -> Result<Work> {
    let training = Training::new();
    let layer = |name, inputs, outputs| Linear::new(inputs, outputs, training.builder(name));
    let encoder = [layer("encoder.0", 140, 128)?, layer("encoder.1", 128, 64)?];
    let (mean, log_var) = (layer("mean", 64, 16)?, layer("log_var", 64, 16)?);
    let decoder = [layer("decoder.0", 16, 64)?, layer("decoder.1", 64, 128)?];
    let last = layer("decoder.2", 128, 140)?;
    let x = Stream::named(0, "bench").normals(256 * 140);
    let x = Tensor::from_vec(x, (256, 140), &Device::Cpu)?;
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

fn gru() -> Result<Work> {
    let training = Training::new();
    let model = Gru::new(24, 24, 3, training.builder("gru"))?;
    let head = Linear::new(24, 24, training.builder("head"))?;
    let x = Stream::named(0, "bench").normals(128 * 24 * 24);
    let x = Tensor::from_vec(x, (128, 24, 24), &Device::Cpu)?;
    training.steps(move |_| {
        let (hidden, _) = model.forward(&x, None)?;
        (head.forward_then(&hidden, Activation::Sigmoid)? - &x)?.sqr()?.mean_all()
    })
}
