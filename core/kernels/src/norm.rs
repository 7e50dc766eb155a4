//! `y = w (x − mean) / √(variance + eps) + b` over groups of values, with `silu` behind it or not:
//! layer norm (Ba et al. 2016, arXiv 1607.06450) and group norm (Wu & He 2018, arXiv 1803.08494).
//!
//! Both are one operation on `[batch, channels, inner]`. The values of a group lie side by side, so
//! each is normalised while it is in the first cache. With `h` the standardised values, `g` the
//! gradient of `w h + b` and means over the group,
//!
//! `dx = (w g − mean(w g) − h mean(w g h)) / √(variance + eps)`, `dw = Σ g h`, `db = Σ g`.

mod call;

use candle::backprop::GradStore;
use candle::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, Var, bail};

use crate::demand;
use crate::filled::filled;
use crate::sigmoid::reference as sigmoid;
use call::{Call, differentiate, normalise};

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
mod tests;
