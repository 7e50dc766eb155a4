//! Whole training steps: loss, gradients and update of small models, built of layers.

mod diffusion;
mod sequence;
mod style;
mod vae;

use anyhow::Result;
use candle::{Device, Tensor};
use generativa::layers::{Parameters, VarBuilder, seeded_builder};
use generativa::train::optimizer::{AdamW, AdamWConfig};
use generativa_random::Stream;

use crate::{Case, Work};

pub(crate) fn cases() -> Vec<Case> {
    let case = |name, about, make| Case { name, about, target: Some(1.3), memory: true, make };
    vec![
        case("conv-vae-32", "1×32×32, 32–64–128 channels, latent 64, batch 64", || {
            vae::convolutional(32, 1, [32, 64, 128])
        }),
        case("conv-vae-64", "3×64×64, 64–128–256 channels, latent 64, batch 64", || {
            vae::convolutional(64, 3, [64, 128, 256])
        }),
        case("mlp-vae", "140 features, 128–64, latent 16, batch 256", vae::perceptron),
        case("gru", "3 layers of 24 over 24 steps, batch 128", sequence::gru),
        case("tcn", "6 causal blocks of 64 channels over 256 steps, batch 32", sequence::tcn),
        case("stylegan2-32", "128 channels, batch 16, critic and generator", style::step),
        case(
            "diffusion-unet-32",
            "3×32×32, 64–128 channels, attention at 16², batch 16",
            diffusion::step,
        ),
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

/// Standard normal values from the stream of a step.
fn normals(stream: &mut Stream, shape: &[usize]) -> candle::Result<Tensor> {
    Tensor::from_vec(stream.normals(shape.iter().product()), shape, &Device::Cpu)
}
