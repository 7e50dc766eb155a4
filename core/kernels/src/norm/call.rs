//! Groups of values, one after the other: their moments, outputs and gradients.

use candle::{CpuStorage, Layout, Result};

use super::Norm;
use crate::demand;
use crate::exponential;
use crate::vector::widest_fn;

/// Sizes and numbers of one call.
pub(super) struct Call<'a> {
    pub(super) x: &'a [f32],
    pub(super) weight: &'a [f32],
    bias: &'a [f32],
    /// Channels of a group.
    pub(super) channels: usize,
    /// Values of a channel.
    pub(super) inner: usize,
    norm: Norm,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        norm: Norm,
        x: (&'a CpuStorage, &Layout),
        affine: (&'a CpuStorage, &Layout),
    ) -> Result<Self> {
        let (_, channels, inner) = x.1.shape().dims3()?;
        let affine = demand::values("norm", affine.0, affine.1)?;
        let (weight, bias) = affine.split_at(channels);
        let x = demand::values("norm", x.0, x.1)?;
        Ok(Self { x, weight, bias, channels: channels / norm.groups, inner, norm })
    }

    /// Values of a group.
    pub(super) fn size(&self) -> usize {
        self.channels * self.inner
    }

    /// Weights and biases of a group by its number in the batch.
    #[inline(always)]
    fn affine(&self, group: usize) -> (&[f32], &[f32]) {
        let first = group % self.norm.groups * self.channels;
        let channels = first..first + self.channels;
        (&self.weight[channels.clone()], &self.bias[channels])
    }

    /// Mean, and 1 over the root of the variance and `eps`.
    #[inline(always)]
    fn moments(&self, x: &[f32]) -> (f32, f32) {
        let count = x.len() as f64;
        let mean = (sum_of(x, x, |x, _| x) / count) as f32;
        let squares = sum_of(x, x, |x, _| (x - mean) * (x - mean));
        (mean, (1.0 / (squares / count + self.norm.eps).sqrt()) as f32)
    }

    #[inline(always)]
    fn group(&self, y: &mut [f32], x: &[f32], group: usize) {
        let (mean, rate) = self.moments(x);
        let (weight, bias) = self.affine(group);
        if self.inner == 1 {
            for ((y, x), (w, b)) in y.iter_mut().zip(x).zip(weight.iter().zip(bias)) {
                *y = (x - mean) * rate * w + b;
            }
        } else {
            let channels = y.chunks_exact_mut(self.inner).zip(x.chunks_exact(self.inner));
            for ((y, x), (w, b)) in channels.zip(weight.iter().zip(bias)) {
                y.iter_mut().zip(x).for_each(|(y, x)| *y = (x - mean) * rate * w + b);
            }
        }
        if self.norm.silu {
            y.iter_mut().for_each(|y| *y *= exponential::sigmoid(*y));
        }
    }

    /// The gradient of a group into `out`; those of its weights and biases are added to `sums`.
    #[inline(always)]
    fn gradient(&self, out: &mut [f32], gradient: &[f32], group: usize, sums: [&mut [f64]; 2]) {
        let x = &self.x[group * self.size()..][..self.size()];
        let (mean, rate) = self.moments(x);
        let (weight, bias) = self.affine(group);
        let [of_weight, of_bias] = sums;
        let (mut total, mut along) = (0.0, 0.0);
        if self.inner == 1 {
            let values = out.iter_mut().zip(x).zip(gradient);
            for (((out, x), g), (w, b)) in values.zip(weight.iter().zip(bias)) {
                *out = self.before_silu(*g, (x - mean) * rate * w + b);
            }
            // The weighted gradient takes its place; the sums over the batch come first.
            let values = out.iter_mut().zip(x).zip(weight);
            let sums = of_weight.iter_mut().zip(of_bias);
            for (((out, x), w), (of_weight, of_bias)) in values.zip(sums) {
                *of_weight += f64::from(*out * ((x - mean) * rate));
                *of_bias += f64::from(*out);
                *out *= w;
            }
            total = sum_of(out, x, |weighted, _| weighted);
            along = sum_of(out, x, |weighted, x| weighted * ((x - mean) * rate));
        } else {
            let channels = out.chunks_exact_mut(self.inner).zip(x.chunks_exact(self.inner));
            let channels = channels.zip(gradient.chunks_exact(self.inner)).enumerate();
            for (channel, ((out, x), gradient)) in channels {
                let (w, b) = (weight[channel], bias[channel]);
                let values = out.iter_mut().zip(x).zip(gradient);
                values.for_each(|((out, x), g)| {
                    *out = self.before_silu(*g, (x - mean) * rate * w + b);
                });
                let weighted = sum_of(out, x, |out, x| out * ((x - mean) * rate));
                let sum = sum_of(out, x, |out, _| out);
                of_weight[channel] += weighted;
                of_bias[channel] += sum;
                total += f64::from(w) * sum;
                along += f64::from(w) * weighted;
            }
        }
        let count = self.size() as f64;
        let (total, along) = ((total / count) as f32, (along / count) as f32);
        let gradient_of =
            |weighted: f32, x: f32| rate * (weighted - total - (x - mean) * rate * along);
        if self.inner == 1 {
            out.iter_mut().zip(x).for_each(|(out, x)| *out = gradient_of(*out, *x));
        } else {
            let channels = out.chunks_exact_mut(self.inner).zip(x.chunks_exact(self.inner));
            for ((out, x), w) in channels.zip(weight) {
                out.iter_mut().zip(x).for_each(|(out, x)| *out = gradient_of(*out * w, *x));
            }
        }
    }

    /// The gradient before `silu`, whose argument is `y`.
    #[inline(always)]
    fn before_silu(&self, gradient: f32, y: f32) -> f32 {
        if !self.norm.silu {
            return gradient;
        }
        let s = exponential::sigmoid(y);
        gradient * s * (1.0 + y * (1.0 - s))
    }
}

widest_fn! {
    /// [`Call::group`].
    pub(super) fn normalise(call: &Call<'_>, y: &mut [f32], x: &[f32], group: usize) = call.group(y, x, group)
}

widest_fn! {
    /// [`Call::gradient`].
    pub(super) fn differentiate(
        call: &Call<'_>, out: &mut [f32], gradient: &[f32], group: usize, sums: [&mut [f64]; 2]
    ) = call.gradient(out, gradient, group, sums)
}

/// Lanes of a sum and terms of a block, fixed because they decide its bits.
const LANES: usize = 32;
const BLOCK: usize = 1024;

/// `Σ term(a, b)` over two slices of one length: blocks in f32 lanes, their sums in f64.
#[inline(always)]
fn sum_of(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f64 {
    let mut sum = 0.0;
    for (a, b) in a.chunks(BLOCK).zip(b.chunks(BLOCK)) {
        let mut lanes = [0.0f32; LANES];
        let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        for (a, b) in a.iter().zip(b) {
            lanes.iter_mut().zip(a.iter().zip(b)).for_each(|(lane, (&a, &b))| *lane += term(a, b));
        }
        let rest: f32 = a_rest.iter().zip(b_rest).map(|(&a, &b)| term(a, b)).sum();
        // Pairs of halves: a fold over all lanes would be a chain of additions.
        let mut width = LANES / 2;
        while width > 0 {
            let (left, right) = lanes.split_at_mut(width);
            left.iter_mut().zip(right).for_each(|(left, right)| *left += *right);
            width /= 2;
        }
        sum += f64::from(lanes[0] + rest);
    }
    sum
}
