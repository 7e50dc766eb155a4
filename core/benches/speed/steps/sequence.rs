//! Models of sequences: recurrent, and convolutions along time.

use anyhow::Result;
use candle::Tensor;
use generativa::layers::{Activation, Along, Conv1d, Gru, Linear, VarBuilder};
use generativa_kernels as kernels;
use generativa_kernels::Epilogue;
use generativa_random::Stream;

use super::{Training, normals};
use crate::Work;

pub(super) fn gru() -> Result<Work> {
    let training = Training::new();
    let model = Gru::new(24, 24, 3, training.builder("gru"))?;
    let head = Linear::new(24, 24, training.builder("head"))?;
    let x = normals(&mut Stream::named(0, "bench"), &[128, 24, 24])?;
    training.steps(move |_| {
        let (hidden, _) = model.forward(&x, None)?;
        (head.forward_then(&hidden, Activation::Sigmoid)? - &x)?.sqr()?.mean_all()
    })
}

/// A temporal convolutional network (Bai et al. 2018, arXiv 1803.01271) that predicts a series of
/// eight values from its past.
pub(super) fn tcn() -> Result<Work> {
    const WIDTH: usize = 64;
    let training = Training::new();
    let pointwise = |inputs, outputs, name| {
        Conv1d::new(inputs, outputs, 1, Along::PLAIN, training.builder(name))
    };
    let (first, last) = (pointwise(8, WIDTH, "first")?, pointwise(WIDTH, 8, "last")?);
    let blocks: Vec<Block> = (0..6)
        .map(|index| Block::new(WIDTH, 1 << index, training.builder(&format!("block.{index}"))))
        .collect::<candle::Result<_>>()?;
    let series = normals(&mut Stream::named(0, "bench"), &[32, 8, 257])?;
    let past = series.narrow(2, 0, 256)?.contiguous()?;
    let next = series.narrow(2, 1, 256)?.contiguous()?;
    training.steps(move |_| {
        let mut hidden = first.forward(&past)?;
        for block in &blocks {
            hidden = block.forward(&hidden)?;
        }
        (last.forward(&hidden)? - &next)?.sqr()?.mean_all()
    })
}

/// Two causal convolutions beside the identity.
struct Block([Conv1d; 2]);

impl Block {
    fn new(width: usize, dilation: usize, vb: VarBuilder<'_>) -> candle::Result<Self> {
        let conv = |name| Conv1d::new(width, width, 3, Along::causal(3, dilation), vb.pp(name));
        Ok(Self([conv("0")?, conv("1")?]))
    }

    fn forward(&self, x: &Tensor) -> candle::Result<Tensor> {
        let Self([first, second]) = self;
        let hidden = first.forward_then(x, Activation::Relu)?;
        let hidden = second.forward_then(&hidden, Activation::Relu)?;
        kernels::add(x, &hidden, Epilogue::Relu)
    }
}
