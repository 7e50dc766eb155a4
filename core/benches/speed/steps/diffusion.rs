//! A step of a small denoising network (Ho et al. 2020, arXiv 2006.11239): residual blocks that are
//! told the time, attention in the middle, skips from the way down to the way up.

use anyhow::Result;
use candle::{Device, Tensor};
use generativa::layers::{
    Activation, Conv, Conv2d, GroupNorm, Linear, MultiHeadAttention, VarBuilder,
};
use generativa_kernels as kernels;
use generativa_random::Stream;

use super::{Training, normals};
use crate::Work;

const BATCH: usize = 16;
const TIME: usize = 256;
const PADDED: Conv = Conv { padding: (1, 1), ..Conv::PLAIN };
const HALVING: Conv = Conv { stride: (2, 2), ..PADDED };

pub(super) fn step() -> Result<Work> {
    let training = Training::new();
    let network = Network::new(training.builder("unet"))?;
    let noisy = normals(&mut Stream::named(0, "bench"), &[BATCH, 3, 32, 32])?;
    let times: Vec<f32> = (0..BATCH).map(|item| (item * 61) as f32).collect();
    let waves = waves(&times)?;
    training.steps(move |noise| {
        let target = normals(noise, &[BATCH, 3, 32, 32])?;
        let squares = kernels::squared_error(&network.forward(&noisy, &waves)?, &target)?;
        squares.sum_all()? / target.elem_count() as f64
    })
}

/// Sines and cosines of the times, `[batch, 64]`.
fn waves(times: &[f32]) -> candle::Result<Tensor> {
    let rate = |index: usize| (-(10_000f32.ln()) * index as f32 / 32.0).exp();
    let rows = times.iter().flat_map(|time| {
        let angles = (0..32).map(move |index| time * rate(index));
        angles.clone().map(f32::sin).chain(angles.map(f32::cos))
    });
    Tensor::from_vec(rows.collect(), (times.len(), 64), &Device::Cpu)
}

struct Network {
    time: [Linear; 2],
    enter: Conv2d,
    fine: Block,
    down: [Conv2d; 2],
    middle: Block,
    middle_attention: Attention,
    coarse: Block,
    coarse_attention: Attention,
    up: [Conv2d; 2],
    up_middle: Block,
    up_fine: Block,
    norm: GroupNorm,
    leave: Conv2d,
}

impl Network {
    fn new(vb: VarBuilder<'_>) -> candle::Result<Self> {
        let conv =
            |inputs, outputs, conv, name| Conv2d::new(inputs, outputs, (3, 3), conv, vb.pp(name));
        let block = |inputs, outputs, name| Block::new(inputs, outputs, vb.pp(name));
        let time = |inputs, name| Linear::new(inputs, TIME, vb.pp(name));
        Ok(Self {
            time: [time(64, "time.0")?, time(TIME, "time.1")?],
            enter: conv(3, 64, PADDED, "enter")?,
            fine: block(64, 64, "fine")?,
            down: [conv(64, 64, HALVING, "down.0")?, conv(128, 128, HALVING, "down.1")?],
            middle: block(64, 128, "middle")?,
            middle_attention: Attention::new(128, vb.pp("middle_attention"))?,
            coarse: block(128, 128, "coarse")?,
            coarse_attention: Attention::new(128, vb.pp("coarse_attention"))?,
            up: [conv(128, 128, PADDED, "up.0")?, conv(128, 128, PADDED, "up.1")?],
            up_middle: block(256, 128, "up_middle")?,
            up_fine: block(192, 64, "up_fine")?,
            norm: GroupNorm::new(32, 64, 1e-5, vb.pp("norm"))?,
            leave: conv(64, 3, PADDED, "leave")?,
        })
    }

    fn forward(&self, x: &Tensor, waves: &Tensor) -> candle::Result<Tensor> {
        let [first, second] = &self.time;
        let time = first.forward_then(waves, Activation::Silu)?;
        let time = second.forward_then(&time, Activation::Silu)?;

        let fine = self.fine.forward(&self.enter.forward(x)?, &time)?; // [batch, 64, 32, 32]
        let middle = self.middle.forward(&self.down[0].forward(&fine)?, &time)?;
        let middle = self.middle_attention.forward(&middle)?; // [batch, 128, 16, 16]
        let coarse = self.coarse.forward(&self.down[1].forward(&middle)?, &time)?;
        let coarse = self.coarse_attention.forward(&coarse)?; // [batch, 128, 8, 8]

        let x = self.up[0].forward(&kernels::upsample_nearest2d(&coarse, (2, 2))?)?;
        let x = self.up_middle.forward(&Tensor::cat(&[x, middle], 1)?, &time)?;
        let x = self.up[1].forward(&kernels::upsample_nearest2d(&x, (2, 2))?)?;
        let x = self.up_fine.forward(&Tensor::cat(&[x, fine], 1)?, &time)?;
        self.leave.forward(&self.norm.forward_silu(&x)?)
    }
}

/// Norm, convolution, time, norm, convolution, beside the identity.
struct Block {
    norms: [GroupNorm; 2],
    convolutions: [Conv2d; 2],
    time: Linear,
    skip: Option<Conv2d>,
}

impl Block {
    fn new(inputs: usize, outputs: usize, vb: VarBuilder<'_>) -> candle::Result<Self> {
        let conv = |inputs, kernel, conv, name| {
            Conv2d::new(inputs, outputs, (kernel, kernel), conv, vb.pp(name))
        };
        let skip = (inputs != outputs).then(|| conv(inputs, 1, Conv::PLAIN, "skip"));
        Ok(Self {
            norms: [
                GroupNorm::new(32, inputs, 1e-5, vb.pp("norm.0"))?,
                GroupNorm::new(32, outputs, 1e-5, vb.pp("norm.1"))?,
            ],
            convolutions: [conv(inputs, 3, PADDED, "conv.0")?, conv(outputs, 3, PADDED, "conv.1")?],
            time: Linear::new(TIME, outputs, vb.pp("time"))?,
            skip: skip.transpose()?,
        })
    }

    fn forward(&self, x: &Tensor, time: &Tensor) -> candle::Result<Tensor> {
        let hidden = self.convolutions[0].forward(&self.norms[0].forward_silu(x)?)?;
        let hidden = kernels::shift_channels(&hidden, &self.time.forward(time)?)?;
        let hidden = self.convolutions[1].forward(&self.norms[1].forward_silu(&hidden)?)?;
        match &self.skip {
            Some(skip) => skip.forward(x)? + hidden,
            None => x + hidden,
        }
    }
}

/// Attention of every place to all others, beside the identity.
struct Attention {
    norm: GroupNorm,
    heads: MultiHeadAttention,
}

impl Attention {
    fn new(channels: usize, vb: VarBuilder<'_>) -> candle::Result<Self> {
        Ok(Self {
            norm: GroupNorm::new(32, channels, 1e-5, vb.pp("norm"))?,
            heads: MultiHeadAttention::new(channels, channels, 4, channels / 4, vb.pp("heads"))?,
        })
    }

    fn forward(&self, x: &Tensor) -> candle::Result<Tensor> {
        let rows = kernels::channels_last(&self.norm.forward(x)?)?;
        let seen = self.heads.forward(&rows, &rows)?;
        x + kernels::channels_first(&seen, &x.dims()[2..])?
    }
}
