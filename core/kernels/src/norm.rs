//! `y = w (x − mean) / √(variance + eps) + b` over groups of values, with `silu` behind it or not:
//! layer norm (Ba et al. 2016, arXiv 1607.06450) and group norm (Wu & He 2018, arXiv 1803.08494).
//!
//! Both are one operation that sees `[batch, channels, inner]` in the shape of `x`: a reshaped `x`
//! would be one more node of the tape, which costs as much as the operation. The values of a group
//! lie side by side, so each is normalised while it is in the first cache. With `h` the standardised
//! values, `g` the gradient of `w h + b` and means over the group,
//!
//! `dx = (w g − mean(w g) − h mean(w g h)) / √(variance + eps)`, `dw = Σ g h`, `db = Σ g`.

mod call;
mod reference;

use candle::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, bail};

use crate::demand::{self, gradients_of};
use crate::tape::gradients_apart;
use crate::written::{TASK, written};
use call::{Call, differentiate, normalise};

/// Normalises the last dimension of `x`, `[.., width]`, and scales and shifts it by `weight` and
/// `bias`, `[width]`. f32 or f64, any strides; differentiable twice.
///
/// `eps` is added to the variance; 1e-5 is usual. Fails where the widths differ.
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<Tensor> {
    if x.rank() == 0 {
        bail!("layer_norm: expected [.., width], found a scalar");
    }
    Norm { over: Over::Width, eps, silu: false }.apply("layer_norm", x, weight, bias)
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
    let &[_, channels, ..] = x.dims() else {
        bail!("group_norm: expected [batch, channels, ..], found {:?}", x.dims());
    };
    if groups == 0 || !channels.is_multiple_of(groups) {
        bail!("group_norm: {channels} channels cannot be split into {groups} groups");
    }
    Norm { over: Over::Groups(groups), eps, silu }.apply("group_norm", x, weight, bias)
}

#[derive(Clone, Copy)]
struct Norm {
    over: Over,
    eps: f64,
    silu: bool,
}

/// What is normalised together.
#[derive(Clone, Copy)]
enum Over {
    /// The last dimension.
    Width,
    /// A group out of so many of the channels, which are the second dimension.
    Groups(usize),
}

impl Over {
    /// Groups of an item.
    fn groups(self) -> usize {
        match self {
            Self::Width => 1,
            Self::Groups(groups) => groups,
        }
    }

    /// `[batch, channels, inner]` for a tensor of shape `dims`.
    fn sizes(self, dims: &[usize]) -> (usize, usize, usize) {
        let channels = match self {
            Self::Width => dims.len() - 1,
            Self::Groups(_) => 1,
        };
        let product = |dims: &[usize]| dims.iter().product();
        (product(&dims[..channels]), dims[channels], product(&dims[channels + 1..]))
    }
}

impl Norm {
    fn apply(self, operation: &str, x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
        let (_, channels, _) = self.over.sizes(x.dims());
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
}

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
        let task = TASK.div_ceil(size); // groups
        let (y, _) = written(call.x.len(), task * size, 0, |index, y| {
            let first = index * task;
            (first..first + y.len() / size).for_each(|group| normalise(&call, y, group));
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
        gradients_of([x, affine], &both).map(Into::into)
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
        let (size, groups) = (call.size().max(1), call.groups_a_task());
        // Groups of an item that a task sees.
        let seen = groups.min(self.0.over.groups());
        let width = seen * call.channels;
        let (mut out, sums) = written(count, groups * size, 2 * all, |index, out| {
            let mut sums = vec![0.0; 2 * width];
            let (of_weight, of_bias) = sums.split_at_mut(width);
            let mut room = vec![0.0; if self.0.silu { size } else { 0 }];
            let first = index * groups;
            for group in first..first + out.len() / size {
                let channels = group % seen * call.channels..(group % seen + 1) * call.channels;
                let sums = [&mut of_weight[channels.clone()], &mut of_bias[channels]];
                differentiate(&call, out, gradient, group, sums, &mut room);
            }
            sums
        });
        let mut total = vec![0.0; 2 * all];
        for (index, sums) in sums.iter().enumerate() {
            let first = index * groups % self.0.over.groups() * call.channels;
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
        let function =
            |[x, affine, gradient]: &[Tensor; 3]| self.0.reference_gradients(x, affine, gradient);
        gradients_apart([x, affine, gradient], outer, function).map(Into::into)
    }
}

#[cfg(test)]
mod tests;
