//! Groups of values, one after the other: their moments, outputs and gradients.

use candle::{CpuStorage, Layout, Result};

use super::Norm;
use crate::demand;
use crate::exponential::{silu, silu_slope};
use crate::lanes::sums_of;
use crate::vector::widest_fn;
use crate::written::{TASK, Unwritten};

/// Parts at most of a batch whose sums over it are taken apart.
const PARTS: usize = 16;

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
        let (_, channels, inner) = norm.over.sizes(x.1.dims());
        let affine = demand::values("norm", affine.0, affine.1)?;
        let (weight, bias) = affine.split_at(channels);
        let x = demand::values("norm", x.0, x.1)?;
        Ok(Self { x, weight, bias, channels: channels / norm.over.groups(), inner, norm })
    }

    /// Values of a group.
    pub(super) fn size(&self) -> usize {
        self.channels * self.inner
    }

    #[inline(always)]
    fn of_group<'b>(&self, values: &'b [f32], group: usize) -> &'b [f32] {
        &values[group * self.size()..][..self.size()]
    }

    /// Groups that a task of the backward pass takes, whose sums are taken apart: whole items where
    /// a channel is one value, else a part that divides an item.
    pub(super) fn groups_a_task(&self) -> usize {
        let (size, all) = (self.size().max(1), self.norm.over.groups());
        if self.inner == 1 {
            let items = self.x.len() / (size * all);
            return items.div_ceil(PARTS).max(TASK.div_ceil(size * all)) * all;
        }
        let fits = |groups: &usize| all.is_multiple_of(*groups) && groups * size <= TASK;
        (1..=all).rev().find(fits).unwrap_or(1)
    }

    /// Weights and biases of a group by its number in the batch.
    #[inline(always)]
    fn affine(&self, group: usize) -> (&[f32], &[f32]) {
        let first = group % self.norm.over.groups() * self.channels;
        let channels = first..first + self.channels;
        (&self.weight[channels.clone()], &self.bias[channels])
    }

    /// Mean, and 1 over the root of the variance and `eps`.
    #[inline(always)]
    fn moments(&self, x: &[f32]) -> (f32, f32) {
        let count = x.len() as f64;
        let [sum] = sums_of([x], |x| x);
        let mean = (sum / count) as f32;
        let [squares] = sums_of([x], |[x]| [(x - mean) * (x - mean)]);
        (mean, (1.0 / (squares / count + self.norm.eps).sqrt()) as f32)
    }

    /// A group, with `last` behind the affine map.
    #[inline(always)]
    fn group(&self, y: &mut Unwritten<'_>, group: usize, last: impl Fn(f32) -> f32 + Copy) {
        let x = self.of_group(self.x, group);
        let (mean, rate) = self.moments(x);
        let affine = self.affine(group);
        let affine = affine.0.iter().zip(affine.1);
        if self.inner == 1 {
            let values = x.iter().zip(affine);
            y.write(values.map(move |(x, (w, b))| last((x - mean) * rate * w + b)));
        } else {
            for (x, (&w, &b)) in x.chunks_exact(self.inner).zip(affine) {
                y.write(x.iter().map(move |x| last((x - mean) * rate * w + b)));
            }
        }
    }

    /// The gradient of a group, from that of the whole output; those of its weights and biases are
    /// added to `sums`. `room` is as long as the group.
    #[inline(always)]
    fn gradient(
        &self,
        out: &mut Unwritten<'_>,
        gradient: &[f32],
        group: usize,
        sums: [&mut [f64]; 2],
        room: &mut [f32],
    ) {
        let (x, gradient) = (self.of_group(self.x, group), self.of_group(gradient, group));
        let (mean, rate) = self.moments(x);
        let standard = move |x: f32| (x - mean) * rate;
        let (weight, bias) = self.affine(group);
        let gradient = if self.norm.silu {
            self.before_silu(room, gradient, x, (weight, bias), standard);
            room
        } else {
            gradient
        };
        let [total, along] = self.sums(gradient, x, weight, sums, standard);
        let count = self.size() as f64;
        let (total, along) = ((total / count) as f32, (along / count) as f32);
        let gradient_of =
            move |weighted: f32, x: f32| rate * (weighted - total - standard(x) * along);
        if self.inner == 1 {
            let values = gradient.iter().zip(x).zip(weight);
            out.write(values.map(move |((g, x), w)| gradient_of(g * w, *x)));
        } else {
            let channels = gradient.chunks_exact(self.inner).zip(x.chunks_exact(self.inner));
            for ((gradient, x), w) in channels.zip(weight) {
                let w = *w;
                out.write(gradient.iter().zip(x).map(move |(g, x)| gradient_of(g * w, *x)));
            }
        }
    }

    /// The gradient of a group before `silu`, from that behind it.
    #[inline(always)]
    fn before_silu(
        &self,
        out: &mut [f32],
        gradient: &[f32],
        x: &[f32],
        (weight, bias): (&[f32], &[f32]),
        standard: impl Fn(f32) -> f32 + Copy,
    ) {
        let affine = weight.iter().zip(bias);
        if self.inner == 1 {
            let values = out.iter_mut().zip(gradient).zip(x).zip(affine);
            values.for_each(|(((out, g), x), (w, b))| *out = g * silu_slope(standard(*x) * w + b));
        } else {
            let inner = self.inner;
            let channels = out.chunks_exact_mut(inner).zip(gradient.chunks_exact(inner));
            for (((out, gradient), x), (&w, &b)) in channels.zip(x.chunks_exact(inner)).zip(affine)
            {
                let values = out.iter_mut().zip(gradient).zip(x);
                values.for_each(|((out, g), x)| *out = g * silu_slope(standard(*x) * w + b));
            }
        }
    }

    /// Sums over a group of the weighted gradient, and of its product with the standardised values.
    /// Those of each channel without the weight are added to `sums`, the other way round.
    #[inline(always)]
    fn sums(
        &self,
        gradient: &[f32],
        x: &[f32],
        weight: &[f32],
        [of_weight, of_bias]: [&mut [f64]; 2],
        standard: impl Fn(f32) -> f32 + Copy,
    ) -> [f64; 2] {
        let sums = of_weight.iter_mut().zip(of_bias);
        if self.inner == 1 {
            for ((g, x), (of_weight, of_bias)) in gradient.iter().zip(x).zip(sums) {
                *of_weight += f64::from(g * standard(*x));
                *of_bias += f64::from(*g);
            }
            return sums_of([gradient, x, weight], |[g, x, w]| [g * w, g * w * standard(x)]);
        }
        let (mut total, mut along) = (0.0, 0.0);
        let channels = gradient.chunks_exact(self.inner).zip(x.chunks_exact(self.inner));
        for (((gradient, x), &w), (of_weight, of_bias)) in channels.zip(weight).zip(sums) {
            let [sum, product] = sums_of([gradient, x], |[g, x]| [g, g * standard(x)]);
            *of_weight += product;
            *of_bias += sum;
            total += f64::from(w) * sum;
            along += f64::from(w) * product;
        }
        [total, along]
    }
}

widest_fn! {
    /// [`Call::group`].
    pub(super) fn normalise(call: &Call<'_>, y: &mut Unwritten<'_>, group: usize) = if call.norm.silu {
        call.group(y, group, silu)
    } else {
        call.group(y, group, |y| y)
    }
}

widest_fn! {
    /// [`Call::gradient`].
    pub(super) fn differentiate(
        call: &Call<'_>,
        out: &mut Unwritten<'_>,
        gradient: &[f32],
        group: usize,
        sums: [&mut [f64]; 2],
        room: &mut [f32]
    ) = call.gradient(out, gradient, group, sums, room)
}
