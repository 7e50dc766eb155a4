//! What pretrained models do without a tape: GPT-2 reading and writing, T5 reading, and two blocks
//! of the network of Stable Diffusion XL, at their published sizes and with random weights.

use std::hint::black_box;

use anyhow::Result;
use candle::{Device, Tensor};
use generativa::layers::{
    Activation, Conv, Conv2d, Embedding, GroupNorm, LayerNorm, Linear, MultiHeadAttention,
    Parameters, RmsNorm, VarBuilder, frozen_builder, seeded_builder,
};
use generativa_kernels as kernels;
use generativa_kernels::{Attention, Epilogue};
use generativa_random::Stream;

use crate::{Case, Work};

pub(crate) fn cases() -> Vec<Case> {
    let case =
        |name, about, target, make| Case { name, about, target: Some(target), memory: false, make };
    vec![
        case("gpt2-prefill-128", "124 M weights, 128 tokens at once", 1.1, || {
            let model = Gpt2::new(frozen(Gpt2::new)?)?;
            let ids = Tensor::arange(2u32, 130, &Device::Cpu)?.unsqueeze(0)?;
            forward(move || Ok(model.forward(&ids, &[])?.0))
        }),
        case("gpt2-decode", "the token after 128 others", 1.3, || {
            let model = Gpt2::new(frozen(Gpt2::new)?)?;
            let ids = Tensor::arange(2u32, 130, &Device::Cpu)?.unsqueeze(0)?;
            let (_, cache) = model.forward(&ids, &[])?;
            let id = Tensor::new(&[[5u32]], &Device::Cpu)?;
            forward(move || Ok(model.forward(&id, &cache)?.0))
        }),
        case("t5-small-encode-64", "60 M weights, 64 tokens", 1.3, || {
            let model = T5Encoder::new(frozen(T5Encoder::new)?)?;
            let ids = Tensor::arange(2u32, 66, &Device::Cpu)?.unsqueeze(0)?;
            forward(move || model.forward(&ids))
        }),
        case("sdxl-resnet-640", "640 channels at 32², one image", 1.1, || {
            let block = ResnetBlock::new(frozen(ResnetBlock::new)?)?;
            let (x, time) = (normals(&[1, 640, 32, 32])?, normals(&[1, 1280])?);
            forward(move || block.forward(&x, &time))
        }),
        case("sdxl-cross-attention-640", "640 channels at 32², 77 words of 2048", 1.1, || {
            let block = TransformerBlock::new(frozen(TransformerBlock::new)?)?;
            let (x, words) = (normals(&[1, 640, 32, 32])?, normals(&[1, 77, 2048])?);
            forward(move || block.forward(&x, &words))
        }),
    ]
}

/// Random weights for what `make` builds, out of reach of any gradient.
fn frozen<T>(
    make: fn(VarBuilder<'static>) -> candle::Result<T>,
) -> candle::Result<VarBuilder<'static>> {
    let parameters = Parameters::default();
    make(seeded_builder(&parameters, 0, &Device::Cpu))?;
    Ok(frozen_builder(parameters.untracked()))
}

fn forward(work: impl Fn() -> candle::Result<Tensor> + 'static) -> Result<Work> {
    Ok(Box::new(move || {
        black_box(work()?);
        Ok(())
    }))
}

fn normals(shape: &[usize]) -> candle::Result<Tensor> {
    let values = Stream::named(0, "bench").normals(shape.iter().product());
    Tensor::from_vec(values, shape, &Device::Cpu)
}

fn each<T>(
    count: usize,
    name: &str,
    vb: &VarBuilder<'static>,
    make: impl Fn(VarBuilder<'static>) -> candle::Result<T>,
) -> candle::Result<Vec<T>> {
    (0..count).map(|index| make(vb.pp(format!("{name}.{index}")))).collect()
}

/// Radford et al. 2019, the smallest of the published sizes.
struct Gpt2 {
    words: Embedding,
    places: Embedding,
    layers: Vec<Gpt2Layer>,
    norm: LayerNorm,
}

struct Gpt2Layer {
    norms: [LayerNorm; 2],
    attend: Linear,
    project: Linear,
    widen: Linear,
    narrow: Linear,
}

impl Gpt2 {
    const WIDTH: usize = 768;
    const HEADS: usize = 12;

    fn new(vb: VarBuilder<'static>) -> candle::Result<Self> {
        Ok(Self {
            words: Embedding::new(50257, Self::WIDTH, 0.02, vb.pp("words"))?,
            places: Embedding::new(1024, Self::WIDTH, 0.01, vb.pp("places"))?,
            layers: each(12, "layer", &vb, Gpt2Layer::new)?,
            norm: LayerNorm::new(Self::WIDTH, 1e-5, vb.pp("norm"))?,
        })
    }

    /// `[batch, tokens]` after what `cache` holds to the logits of the next word, `[batch, 50257]`,
    /// and the keys and values of all layers so far.
    fn forward(
        &self,
        ids: &Tensor,
        cache: &[[Tensor; 2]],
    ) -> candle::Result<(Tensor, Vec<[Tensor; 2]>)> {
        let (_, count) = ids.dims2()?;
        let before = cache.first().map_or(Ok(0), |[keys, _]| keys.dim(1))? as u32;
        let places = Tensor::arange(before, before + count as u32, &Device::Cpu)?.unsqueeze(0)?;
        let mut x = (self.words.forward(ids)? + self.places.forward(&places)?)?;
        let mut kept = Vec::with_capacity(self.layers.len());
        for (index, layer) in self.layers.iter().enumerate() {
            let (out, both) = layer.forward(&x, cache.get(index))?;
            x = out;
            kept.push(both);
        }
        let last = self.norm.forward(&x.narrow(1, count - 1, 1)?.squeeze(1)?)?;
        Ok((kernels::linear(&last, self.words.weight(), None, Epilogue::Identity)?, kept))
    }
}

impl Gpt2Layer {
    fn new(vb: VarBuilder<'static>) -> candle::Result<Self> {
        let width = Gpt2::WIDTH;
        let norm = |name| LayerNorm::new(width, 1e-5, vb.pp(name));
        Ok(Self {
            norms: [norm("norm.0")?, norm("norm.1")?],
            attend: Linear::new(width, 3 * width, vb.pp("attend"))?,
            project: Linear::new(width, width, vb.pp("project"))?,
            widen: Linear::new(width, 4 * width, vb.pp("widen"))?,
            narrow: Linear::new(4 * width, width, vb.pp("narrow"))?,
        })
    }

    fn forward(
        &self,
        x: &Tensor,
        cache: Option<&[Tensor; 2]>,
    ) -> candle::Result<(Tensor, [Tensor; 2])> {
        let width = Gpt2::WIDTH;
        let all = self.attend.forward(&self.norms[0].forward(x)?)?;
        let part = |index: usize| all.narrow(2, index * width, width);
        let joined = |index: usize| match cache {
            Some(cache) => Tensor::cat(&[&cache[index], &part(index + 1)?], 1),
            None => part(index + 1),
        };
        let (keys, values) = (joined(0)?, joined(1)?);
        let causal = Attention::causal(Gpt2::HEADS, width / Gpt2::HEADS);
        let seen = kernels::attention(&part(0)?, &keys, &values, &causal)?;
        let x = (x + self.project.forward(&seen)?)?;
        let hidden = self.widen.forward_then(&self.norms[1].forward(&x)?, Activation::Gelu)?;
        Ok(((&x + self.narrow.forward(&hidden)?)?, [keys, values]))
    }
}

/// Raffel et al. 2020 (arXiv 1910.10683), the encoder of the small size.
struct T5Encoder {
    words: Embedding,
    distances: Embedding,
    layers: Vec<T5Layer>,
    norm: RmsNorm,
}

struct T5Layer {
    norms: [RmsNorm; 2],
    projections: Vec<Linear>,
    widen: Linear,
    narrow: Linear,
}

impl T5Encoder {
    const WIDTH: usize = 512;
    const HEADS: usize = 8;
    const BUCKETS: usize = 32;

    fn new(vb: VarBuilder<'static>) -> candle::Result<Self> {
        Ok(Self {
            words: Embedding::new(32128, Self::WIDTH, 1.0, vb.pp("words"))?,
            distances: Embedding::new(Self::BUCKETS, Self::HEADS, 0.5, vb.pp("distances"))?,
            layers: each(6, "layer", &vb, T5Layer::new)?,
            norm: RmsNorm::new(Self::WIDTH, 1e-6, vb.pp("norm"))?,
        })
    }

    fn forward(&self, ids: &Tensor) -> candle::Result<Tensor> {
        let (_, count) = ids.dims2()?;
        let bucket = |place: usize| bucket(place % count, place / count);
        let buckets: Vec<u32> = (0..count * count).map(bucket).collect();
        let buckets = Tensor::from_vec(buckets, (count, count), &Device::Cpu)?;
        let bias = self.distances.forward(&buckets)?.permute((2, 0, 1))?.unsqueeze(0)?;
        let bias = bias.contiguous()?; // [1, heads, queries, keys]
        let mut x = self.words.forward(ids)?;
        for layer in &self.layers {
            x = layer.forward(&x, &bias)?;
        }
        self.norm.forward(&x)
    }
}

/// The class of a distance: exact up to 8 to either side, then wider and wider up to 128.
fn bucket(key: usize, query: usize) -> u32 {
    let (side, distance) = (u32::from(key > query) * 16, key.abs_diff(query));
    let far = (distance as f64 / 8.0).ln() / 16f64.ln() * 8.0;
    side + if distance < 8 { distance as u32 } else { (8 + far as u32).min(15) }
}

impl T5Layer {
    fn new(vb: VarBuilder<'static>) -> candle::Result<Self> {
        let width = T5Encoder::WIDTH;
        let norm = |name| RmsNorm::new(width, 1e-6, vb.pp(name));
        Ok(Self {
            norms: [norm("norm.0")?, norm("norm.1")?],
            projections: each(4, "projection", &vb, |vb| Linear::without_bias(width, width, vb))?,
            widen: Linear::without_bias(width, 4 * width, vb.pp("widen"))?,
            narrow: Linear::without_bias(4 * width, width, vb.pp("narrow"))?,
        })
    }

    fn forward(&self, x: &Tensor, bias: &Tensor) -> candle::Result<Tensor> {
        let normed = self.norms[0].forward(x)?;
        let projected = |index: usize| self.projections[index].forward(&normed);
        let attention =
            Attention { heads: T5Encoder::HEADS, scale: 1.0, causal: false, bias: Some(bias) };
        let seen = kernels::attention(&projected(0)?, &projected(1)?, &projected(2)?, &attention)?;
        let x = (x + self.projections[3].forward(&seen)?)?;
        let hidden = self.widen.forward_then(&self.norms[1].forward(&x)?, Activation::Relu)?;
        &x + self.narrow.forward(&hidden)?
    }
}

/// Norm, convolution, time, norm, convolution, beside the identity.
struct ResnetBlock {
    norms: [GroupNorm; 2],
    convolutions: [Conv2d; 2],
    time: Linear,
}

impl ResnetBlock {
    fn new(vb: VarBuilder<'static>) -> candle::Result<Self> {
        let padded = Conv { padding: (1, 1), ..Conv::PLAIN };
        let norm = |name| GroupNorm::new(32, 640, 1e-6, vb.pp(name));
        let conv = |name| Conv2d::new(640, 640, (3, 3), padded, vb.pp(name));
        Ok(Self {
            norms: [norm("norm.0")?, norm("norm.1")?],
            convolutions: [conv("conv.0")?, conv("conv.1")?],
            time: Linear::new(1280, 640, vb.pp("time"))?,
        })
    }

    fn forward(&self, x: &Tensor, time: &Tensor) -> candle::Result<Tensor> {
        let hidden = self.convolutions[0].forward(&self.norms[0].forward_silu(x)?)?;
        let time = self.time.forward(&Activation::Silu.forward(time)?)?;
        let hidden = kernels::shift_channels(&hidden, &time)?;
        x + self.convolutions[1].forward(&self.norms[1].forward_silu(&hidden)?)?
    }
}

/// Attention to the own places, then to words, then two linear layers with a gate.
struct TransformerBlock {
    norm: GroupNorm,
    enter: Linear,
    norms: [LayerNorm; 3],
    own: MultiHeadAttention,
    cross: MultiHeadAttention,
    widen: Linear,
    narrow: Linear,
    leave: Linear,
}

impl TransformerBlock {
    fn new(vb: VarBuilder<'static>) -> candle::Result<Self> {
        let norm = |name| LayerNorm::new(640, 1e-5, vb.pp(name));
        let linear = |inputs, outputs, name| Linear::new(inputs, outputs, vb.pp(name));
        Ok(Self {
            norm: GroupNorm::new(32, 640, 1e-6, vb.pp("norm"))?,
            enter: linear(640, 640, "enter")?,
            norms: [norm("norm.0")?, norm("norm.1")?, norm("norm.2")?],
            own: MultiHeadAttention::new(640, 640, 10, 64, vb.pp("own"))?,
            cross: MultiHeadAttention::new(640, 2048, 10, 64, vb.pp("cross"))?,
            widen: linear(640, 2 * 2560, "widen")?,
            narrow: linear(2560, 640, "narrow")?,
            leave: linear(640, 640, "leave")?,
        })
    }

    fn forward(&self, x: &Tensor, words: &Tensor) -> candle::Result<Tensor> {
        let rows = kernels::channels_last(&self.norm.forward(x)?)?;
        let rows = self.enter.forward(&rows)?;
        let normed = self.norms[0].forward(&rows)?;
        let rows = (rows + self.own.forward(&normed, &normed)?)?;
        let normed = self.norms[1].forward(&rows)?;
        let rows = (rows + self.cross.forward(&normed, words)?)?;
        let gated = kernels::geglu(&self.widen.forward(&self.norms[2].forward(&rows)?)?)?;
        let rows = (rows + self.narrow.forward(&gated)?)?;
        x + kernels::channels_first(&self.leave.forward(&rows)?, &x.dims()[2..])?
    }
}
