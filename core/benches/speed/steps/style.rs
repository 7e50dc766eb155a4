//! A step of a small StyleGAN2 (Karras et al. 2020, arXiv 1912.04958) at 32², critic first. Styles
//! scale what goes into a convolution and what comes out of it, so that all images share a weight.

use anyhow::Result;
use candle::{Device, Tensor};
use candle_nn::Init;
use generativa::layers::{
    Activation, Conv, Conv2d, Linear, Parameters, VarBuilder, frozen_builder, seeded_builder,
};
use generativa::train::optimizer::{AdamW, AdamWConfig};
use generativa_kernels as kernels;
use generativa_kernels::Epilogue;
use generativa_random::Stream;

use super::normals;
use crate::Work;

const BATCH: usize = 16;
const WIDTH: usize = 128;
const LEAKY: Activation = Activation::LeakyRelu(0.2);

pub(super) fn step() -> Result<Work> {
    let (of_generator, of_critic) = (Parameters::default(), Parameters::default());
    let builder = |parameters| seeded_builder(parameters, 0, &Device::Cpu);
    let generator = Generator::new(builder(&of_generator))?;
    let critic = Critic::new(builder(&of_critic))?;
    // The same weights without a tape, for the side that does not learn at the moment.
    let still_generator = Generator::new(frozen_builder(of_generator.untracked()))?;
    let still_critic = Critic::new(frozen_builder(of_critic.untracked()))?;
    let config = AdamWConfig::default();
    let mut generator_optimizer = AdamW::new(&of_generator, config, &[])?;
    let mut critic_optimizer = AdamW::new(&of_critic, config, &[])?;
    let mut noise = Stream::named(0, "bench/noise");
    let real = normals(&mut noise, &[BATCH, 3, 32, 32])?;
    let softplus = Activation::Softplus;
    Ok(Box::new(move || {
        let fake = still_generator.forward(&normals(&mut noise, &[BATCH, WIDTH])?)?;
        let of_fake = softplus.forward(&critic.forward(&fake)?)?.mean_all()?;
        let of_real = softplus.forward(&critic.forward(&real)?.neg()?)?.mean_all()?;
        critic_optimizer.step(&(of_fake + of_real)?.backward()?, 1e-3)?;

        let fake = generator.forward(&normals(&mut noise, &[BATCH, WIDTH])?)?;
        let loss = softplus.forward(&still_critic.forward(&fake)?.neg()?)?.mean_all()?;
        generator_optimizer.step(&loss.backward()?, 1e-3)?;
        Ok(())
    }))
}

/// A convolution whose weight a style modulates.
struct Modulated {
    weight: Tensor,
    bias: Tensor,
    style: Linear,
    demodulate: bool,
}

impl Modulated {
    fn new(outputs: usize, kernel: usize, vb: VarBuilder<'_>) -> candle::Result<Self> {
        let stdev = 1.0 / ((WIDTH * kernel * kernel) as f64).sqrt();
        let init = Init::Randn { mean: 0.0, stdev };
        Ok(Self {
            weight: vb.get_with_hints((outputs, WIDTH, kernel, kernel), "weight", init)?,
            bias: vb.get_with_hints(outputs, "bias", Init::Const(0.0))?,
            style: Linear::new(WIDTH, WIDTH, vb.pp("style"))?,
            demodulate: kernel > 1,
        })
    }

    fn forward(&self, x: &Tensor, latent: &Tensor) -> candle::Result<Tensor> {
        let Self { weight, bias, .. } = self;
        let (outputs, inputs, kernel, _) = weight.dims4()?;
        let style = self.style.forward(latent)?;
        let scaled = kernels::scale_channels(x, &style, None, Epilogue::Identity)?;
        let conv = Conv { padding: (kernel / 2, kernel / 2), ..Conv::PLAIN };
        if !self.demodulate {
            return kernels::conv2d(&scaled, weight, Some(bias), conv, Epilogue::Identity);
        }
        let y = kernels::conv2d(&scaled, weight, None, conv, Epilogue::Identity)?;
        let squares = weight.sqr()?.reshape((outputs * inputs, kernel * kernel))?;
        let squares = kernels::sum_keepdim(&squares, 1)?.reshape((outputs, inputs))?;
        let power = kernels::linear(&style.sqr()?, &squares, None, Epilogue::Identity)?;
        let rate = power.affine(1.0, 1e-8)?.sqrt()?.recip()?;
        kernels::scale_channels(&y, &rate, Some(bias), Epilogue::LeakyRelu(0.2))
    }
}

struct Generator {
    mapping: [Linear; 2],
    start: Tensor,
    first: Modulated,
    blocks: Vec<[Modulated; 2]>,
    colour: Modulated,
}

impl Generator {
    fn new(vb: VarBuilder<'_>) -> candle::Result<Self> {
        let block = |index: usize| {
            let conv =
                |name: &str| Modulated::new(WIDTH, 3, vb.pp(format!("block.{index}.{name}")));
            Ok([conv("0")?, conv("1")?])
        };
        let mapping = |name| Linear::new(WIDTH, WIDTH, vb.pp(name));
        Ok(Self {
            mapping: [mapping("mapping.0")?, mapping("mapping.1")?],
            start: vb.get_with_hints(
                (1, WIDTH, 4, 4),
                "start",
                Init::Randn { mean: 0.0, stdev: 1.0 },
            )?,
            first: Modulated::new(WIDTH, 3, vb.pp("first"))?,
            blocks: (0..3).map(block).collect::<candle::Result<_>>()?,
            colour: Modulated::new(3, 1, vb.pp("colour"))?,
        })
    }

    fn forward(&self, noise: &Tensor) -> candle::Result<Tensor> {
        let mut latent = noise.clone();
        for layer in &self.mapping {
            latent = layer.forward_then(&latent, LEAKY)?;
        }
        let mut x = self.start.broadcast_as((noise.dim(0)?, WIDTH, 4, 4))?;
        x = self.first.forward(&x, &latent)?;
        for [first, second] in &self.blocks {
            x = first.forward(&kernels::upsample_nearest2d(&x, (2, 2))?, &latent)?;
            x = second.forward(&x, &latent)?;
        }
        self.colour.forward(&x, &latent)
    }
}

struct Critic {
    colour: Conv2d,
    blocks: Vec<[Conv2d; 2]>,
    dense: Linear,
    score: Linear,
}

impl Critic {
    fn new(vb: VarBuilder<'_>) -> candle::Result<Self> {
        let padded = Conv { padding: (1, 1), ..Conv::PLAIN };
        let block = |index: usize| {
            let conv = |name: &str| {
                Conv2d::new(WIDTH, WIDTH, (3, 3), padded, vb.pp(format!("block.{index}.{name}")))
            };
            Ok([conv("0")?, conv("1")?])
        };
        Ok(Self {
            colour: Conv2d::new(3, WIDTH, (1, 1), Conv::PLAIN, vb.pp("colour"))?,
            blocks: (0..3).map(block).collect::<candle::Result<_>>()?,
            dense: Linear::new(16 * WIDTH, WIDTH, vb.pp("dense"))?,
            score: Linear::new(WIDTH, 1, vb.pp("score"))?,
        })
    }

    fn forward(&self, x: &Tensor) -> candle::Result<Tensor> {
        let mut x = self.colour.forward_then(x, LEAKY)?;
        for [first, second] in &self.blocks {
            x = second.forward_then(&first.forward_then(&x, LEAKY)?, LEAKY)?;
            x = kernels::avg_pool2d(&x, (2, 2))?;
        }
        self.score.forward(&self.dense.forward_then(&x.flatten_from(1)?, LEAKY)?)
    }
}
