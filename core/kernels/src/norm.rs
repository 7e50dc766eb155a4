//! `y = w (x − mean) / √(variance + eps) + b` over groups of values, with `silu` behind it or not:
//! layer norm (Ba et al. 2016, arXiv 1607.06450) and group norm (Wu & He 2018, arXiv 1803.08494).
//!
//! Both are one operation on `[batch, channels, inner]`. The values of a group lie side by side, so
//! each is normalised while it is in the first cache. With `h` the standardised values, `g` the
//! gradient of `w h + b` and means over the group,
//!
//! `dx = (w g − mean(w g) − h mean(w g h)) / √(variance + eps)`, `dw = Σ g h`, `db = Σ g`.

use candle::backprop::GradStore;
use candle::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, Var, bail};

use crate::demand;
use crate::exponential;
use crate::filled::filled;
use crate::sigmoid::reference as sigmoid;
use crate::vector::widest_fn;

/// Normalises the last dimension of `x`, `[.., width]`, and scales and shifts it by `weight` and
/// `bias`, `[width]`. f32 or f64, any strides; differentiable twice.
///
/// `eps` is added to the variance; 1e-5 is usual. Fails where the widths differ.
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<Tensor> {
    let Some((&width, leading)) = x.dims().split_last() else {
        bail!("layer_norm: expected [.., width], found a scalar");
    };
    let rows = x.reshape((leading.iter().product::<usize>(), width, 1))?;
    Norm { groups: 1, eps, silu: false }
        .apply("layer_norm", &rows, weight, bias)?
        .reshape(x.shape())
}

/// Normalises the channels of `x`, `[batch, channels, ..]`, in `groups` of equal size, and scales
/// and shifts each by its entry of `weight` and `bias`, `[channels]`; with `silu` it then takes
/// `y σ(y)`. f32 or f64, any strides; differentiable twice.
///
/// `eps` is added to the variance; 1e-5 is usual. Fails where the numbers of channels differ or
/// `groups` does not divide them.
pub fn group_norm(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    groups: usize,
    eps: f64,
    silu: bool,
) -> Result<Tensor> {
    let &[batch, channels, ref rest @ ..] = x.dims() else {
        bail!("group_norm: expected [batch, channels, ..], found {:?}", x.dims());
    };
    if groups == 0 || !channels.is_multiple_of(groups) {
        bail!("group_norm: {channels} channels cannot be split into {groups} groups");
    }
    let flat = x.reshape((batch, channels, rest.iter().product::<usize>()))?;
    Norm { groups, eps, silu }.apply("group_norm", &flat, weight, bias)?.reshape(x.shape())
}

#[derive(Clone, Copy)]
struct Norm {
    groups: usize,
    eps: f64,
    silu: bool,
}

impl Norm {
    fn apply(self, operation: &str, x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
        let channels = x.dim(1)?;
        if channels == 0 || weight.dims() != [channels] || bias.dims() != [channels] {
            bail!(
                "{operation}: {channels} channels, weight {:?} and bias {:?} do not fit; expected \
                 [channels] twice",
                weight.dims(),
                bias.dims()
            );
        }
        let affine = Tensor::stack(&[weight, bias], 0)?;
        if demand::fast(operation, &[x, &affine])? {
            x.contiguous()?.apply_op2(&affine, self)
        } else {
            self.reference(x, &affine)
        }
    }

    /// `affine`: weights, then biases, `[2, channels]`.
    fn reference(self, x: &Tensor, affine: &Tensor) -> Result<Tensor> {
        let y = shifted(&self.standardised(x)?.0, affine)?;
        if self.silu { &y * sigmoid(&y)? } else { Ok(y) }
    }

    /// `(x − mean) · rate` and `rate = 1 / √(variance + eps)`, `[batch, groups, 1]`.
    fn standardised(self, x: &Tensor) -> Result<(Tensor, Tensor)> {
        let grouped = x.reshape((x.dim(0)?, self.groups, ()))?;
        let centred = grouped.broadcast_sub(&grouped.mean_keepdim(2)?)?;
        let variance = centred.sqr()?.mean_keepdim(2)?;
        let rate = variance.affine(1.0, self.eps)?.sqrt()?.recip()?;
        Ok((centred.broadcast_mul(&rate)?.reshape(x.shape())?, rate))
    }

    /// [`Gradients`] in candle operations.
    fn reference_gradients(self, x: &Tensor, affine: &Tensor, gradient: &Tensor) -> Result<Tensor> {
        let (h, rate) = self.standardised(x)?;
        let gradient = if self.silu {
            let y = shifted(&h, affine)?;
            let s = sigmoid(&y)?;
            let slope = (&s * (&y * s.affine(-1.0, 1.0)?)?.affine(1.0, 1.0)?)?;
            (gradient * slope)?
        } else {
            gradient.clone()
        };
        let of_weight = (&gradient * &h)?.sum((0, 2))?;
        let of_bias = gradient.sum((0, 2))?;
        let weight = affine.get(0)?.reshape((1, (), 1))?;
        let grouped = |x: &Tensor| x.reshape((x.dim(0)?, self.groups, ()));
        let (weighted, h) = (grouped(&gradient.broadcast_mul(&weight)?)?, grouped(&h)?);
        let along = (&weighted * &h)?.mean_keepdim(2)?;
        let of_x = weighted.broadcast_sub(&weighted.mean_keepdim(2)?)?;
        let of_x = (of_x - h.broadcast_mul(&along)?)?.broadcast_mul(&rate)?;
        Tensor::cat(&[&of_x.flatten_all()?, &of_weight, &of_bias], 0)
    }
}

fn shifted(h: &Tensor, affine: &Tensor) -> Result<Tensor> {
    let row = |index| affine.get(index)?.reshape((1, (), 1));
    h.broadcast_mul(&row(0)?)?.broadcast_add(&row(1)?)
}

/// Sizes and numbers of one call.
struct Call<'a> {
    x: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    /// Channels of a group.
    channels: usize,
    /// Values of a channel.
    inner: usize,
    norm: Norm,
}

impl<'a> Call<'a> {
    fn new(
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
    fn size(&self) -> usize {
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
    fn normalise(call: &Call<'_>, y: &mut [f32], x: &[f32], group: usize) = call.group(y, x, group)
}

widest_fn! {
    /// [`Call::gradient`].
    fn differentiate(
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
/// Values that repay a task.
const CHUNK: usize = 1 << 14;
/// Parts of a batch whose sums over it are taken apart.
const PARTS: usize = 16;

impl CustomOp2 for Norm {
    fn name(&self) -> &'static str {
        "norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        affine: &CpuStorage,
        affine_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let call = Call::new(*self, (x, x_layout), (affine, affine_layout))?;
        let size = call.size().max(1);
        let task = CHUNK.div_ceil(size); // groups
        let (y, _) = filled(call.x.len(), task * size, 0, |index, y| {
            let x = &call.x[index * task * size..][..y.len()];
            for (group, (y, x)) in y.chunks_mut(size).zip(x.chunks(size)).enumerate() {
                normalise(&call, y, x, index * task + group);
            }
        });
        Ok((CpuStorage::F32(y), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        affine: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let both = x.apply_op3(affine, &gradient.contiguous()?, Gradients(*self))?;
        let count = x.elem_count();
        let of_x = x.track_op().then(|| both.narrow(0, 0, count)?.reshape(x.shape()));
        let of_affine = affine
            .track_op()
            .then(|| both.narrow(0, count, affine.elem_count())?.reshape(affine.shape()));
        Ok((of_x.transpose()?, of_affine.transpose()?))
    }
}

/// The gradient of `x` and then those of the weights and of the biases, one after the other.
struct Gradients(Norm);

impl CustomOp3 for Gradients {
    fn name(&self) -> &'static str {
        "norm: gradients"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        affine: &CpuStorage,
        affine_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let call = Call::new(self.0, (x, x_layout), (affine, affine_layout))?;
        let gradient = demand::values(self.name(), gradient, gradient_layout)?;
        let (count, all) = (call.x.len(), call.weight.len());
        // A task is one group of one item or, where channels are short, some whole items.
        let groups = if call.inner == 1 {
            (count / call.size().max(1)).div_ceil(self.0.groups).div_ceil(PARTS) * self.0.groups
        } else {
            1
        };
        let task = (groups * call.size()).max(1);
        let place = |group: usize| group % self.0.groups.min(groups) * call.channels;
        let width = self.0.groups.min(groups) * call.channels;
        let (mut out, sums) = filled(count, task, 2 * all, |index, out| {
            let mut sums = vec![0.0; 2 * width];
            let (of_weight, of_bias) = sums.split_at_mut(width);
            let gradient = &gradient[index * task..][..out.len()];
            let pairs = out.chunks_mut(call.size()).zip(gradient.chunks(call.size()));
            for (group, (out, gradient)) in pairs.enumerate() {
                let channels = place(group)..place(group) + call.channels;
                let sums = [&mut of_weight[channels.clone()], &mut of_bias[channels]];
                differentiate(&call, out, gradient, index * groups + group, sums);
            }
            sums
        });
        let mut total = vec![0.0; 2 * all];
        for (index, sums) in sums.iter().enumerate() {
            let first = index * groups % self.0.groups * call.channels;
            for (side, sums) in sums.chunks(width).enumerate() {
                let total = total[side * all + first..].iter_mut().zip(sums);
                total.for_each(|(total, sum)| *total += sum);
            }
        }
        out.extend(total.into_iter().map(|total| total as f32));
        Ok((CpuStorage::F32(out), Shape::from(count + 2 * all)))
    }

    fn bwd(
        &self,
        x: &Tensor,
        affine: &Tensor,
        gradient: &Tensor,
        _: &Tensor,
        outer: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        // Rare enough to leave to candle: the gradient of the reference on a tape of its own.
        let inputs = [x, affine, gradient].map(|x| Var::from_tensor(&x.copy()?));
        let [x, affine, gradient] = inputs;
        let (x, affine, gradient) = (x?, affine?, gradient?);
        let first = self.0.reference_gradients(&x, &affine, &gradient)?;
        let store: GradStore = (first * outer)?.sum_all()?.backward()?;
        let of = |input: &Var| store.get(input).cloned();
        Ok((of(&x), of(&affine), of(&gradient)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{agrees, gradients, normals};

    #[test]
    fn group_norm_agrees_with_its_reference() -> Result<()> {
        let shapes: [(&[usize], usize); 4] =
            [(&[2, 6, 3, 5], 3), (&[3, 4, 1], 2), (&[1, 2, 40], 1), (&[5, 3, 7], 3)];
        for (dims, groups) in shapes {
            let affine = [normals("weight", &[dims[1]])?, normals("bias", &[dims[1]])?];
            let inputs = [&[normals("x", dims)?.affine(2.0, 0.5)?], affine.as_slice()].concat();
            for silu in [false, true] {
                let fast = |x: &[Tensor]| group_norm(&x[0], &x[1], &x[2], groups, 1e-5, silu);
                let slow = |x: &[Tensor]| {
                    let flat = x[0].reshape((dims[0], dims[1], ()))?;
                    let norm = Norm { groups, eps: 1e-5, silu };
                    norm.reference(&flat, &Tensor::stack(&x[1..], 0)?)?.reshape(dims)
                };
                agrees(fast, slow, &inputs, 1e-5)?;
                gradients(5e-3, &inputs, fast)?;
            }
        }
        Ok(())
    }

    #[test]
    fn layer_norm_agrees_with_its_reference() -> Result<()> {
        for dims in [vec![40, 19], vec![2, 3, 5], vec![33]] {
            let width = dims[dims.len() - 1];
            let x = normals("x", &dims)?.affine(2.0, 0.5)?;
            let inputs = [x, normals("weight", &[width])?, normals("bias", &[width])?];
            let fast = |x: &[Tensor]| layer_norm(&x[0], &x[1], &x[2], 1e-5);
            let slow = |x: &[Tensor]| {
                let norm = Norm { groups: 1, eps: 1e-5, silu: false };
                let affine = Tensor::stack(&x[1..], 0)?;
                norm.reference(&x[0].reshape(((), width, 1))?, &affine)?.reshape(dims.clone())
            };
            agrees(fast, slow, &inputs, 1e-5)?;
        }
        Ok(())
    }

    #[test]
    fn gradients_have_the_gradient_of_their_differences() -> Result<()> {
        let inputs = [
            normals("x", &[2, 4, 3])?.affine(2.0, 0.0)?,
            normals("affine", &[2, 4])?,
            normals("gradient", &[2, 4, 3])?,
        ];
        for silu in [false, true] {
            let norm = Norm { groups: 2, eps: 1e-2, silu };
            let slow = |x: &[Tensor]| norm.reference_gradients(&x[0], &x[1], &x[2]);
            let fast = |x: &[Tensor]| {
                let [x, affine, gradient] = [&x[0], &x[1], &x[2]].map(|x| x.contiguous());
                x?.apply_op3(&affine?, &gradient?, Gradients(norm))
            };
            agrees(fast, slow, &inputs, 1e-5)?;
        }
        Ok(())
    }

    #[test]
    fn a_group_far_from_zero_keeps_its_digits_and_a_constant_one_is_nothing() -> Result<()> {
        let x = normals("x", &[1, 1, 64])?;
        let (weight, bias) =
            (Tensor::ones(1, x.dtype(), x.device())?, Tensor::zeros(1, x.dtype(), x.device())?);
        let near = group_norm(&x, &weight, &bias, 1, 1e-5, false)?;
        let far = group_norm(&x.affine(1.0, 1000.0)?, &weight, &bias, 1, 1e-5, false)?;
        let error = (near - far)?.abs()?.max_all()?.to_scalar::<f32>()?;
        assert!(error < 1e-3, "{error}");
        let flat = group_norm(&x.zeros_like()?, &weight, &bias, 1, 1e-5, false)?;
        assert_eq!(flat.abs()?.max_all()?.to_scalar::<f32>()?, 0.0);
        let error = group_norm(&x, &weight, &bias, 2, 1e-5, false);
        assert!(error.expect_err("one channel").to_string().contains("into 2 groups"));
        Ok(())
    }
}
