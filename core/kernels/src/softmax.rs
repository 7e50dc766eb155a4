//! `softmax(x)[i] = e^x[i] / Σ e^x[j]` over the last dimension.

use candle::{CpuStorage, CustomOp1, CustomOp2, D, Layout, Result, Shape, Tensor, bail};

use crate::demand::{self, gradient_of};
use crate::exponential::exp;
use crate::log_softmax;
use crate::vector::widest_fn;
use crate::written::{TASK, Unwritten, written};

/// Probabilities that `x`, `[.., classes]`, gives. f32 or f64; finite for any finite `x`, and 0
/// for classes at minus infinity beside others. Differentiable to every order. Fails where there
/// is no class.
pub fn softmax(x: &Tensor) -> Result<Tensor> {
    if x.rank() == 0 || x.dim(D::Minus1)? == 0 {
        bail!("softmax: x {:?} has no classes, expected [.., classes]", x.dims());
    }
    if demand::fast("softmax", &[x])? { x.contiguous()?.apply_op1(Softmax) } else { reference(x) }
}

pub(crate) fn reference(x: &Tensor) -> Result<Tensor> {
    log_softmax::reference(x)?.exp()
}

/// Values of a task: whole rows.
fn task(classes: usize) -> usize {
    TASK.div_ceil(classes) * classes
}

struct Softmax;

impl CustomOp1 for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let values = demand::values(self.name(), storage, layout)?;
        let classes = layout.shape().dim(D::Minus1)?;
        let task = task(classes);
        let (out, _) = written(values.len(), task, 0, |index, out| {
            let rows = values[index * task..][..out.len()].chunks_exact(classes);
            rows.for_each(|row| shares(out, row));
        });
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        gradient_of(x, || y.apply_op2(&gradient.contiguous()?, Slope))
    }
}

/// Lanes of a sum, fixed because they decide its bits.
pub(crate) const LANES: usize = 16;

widest_fn! {
    /// Writes the softmax of one row.
    fn shares(out: &mut Unwritten<'_>, row: &[f32]) = shares_inline(out, row)
}

#[inline(always)]
fn shares_inline(out: &mut Unwritten<'_>, row: &[f32]) {
    let most = largest_inline(row);
    // With no class possible, 0 / 0 says so.
    let most = if most == f32::NEG_INFINITY { 0.0 } else { most };
    let out = out.write(row.iter().map(move |&x| power(x - most)));
    let mut total = [0.0f32; LANES];
    let (blocks, last) = out.as_chunks::<LANES>();
    for block in blocks {
        total.iter_mut().zip(block).for_each(|(total, share)| *total += share);
    }
    let sum = last.iter().fold(total.iter().sum::<f32>(), |sum, share| sum + share);
    out.iter_mut().for_each(|out| *out /= sum);
}

widest_fn! {
    /// The largest value of a row, minus infinity where there is none.
    pub(crate) fn largest(row: &[f32]) -> f32 = largest_inline(row)
}

#[inline(always)]
fn largest_inline(row: &[f32]) -> f32 {
    let mut most = [f32::NEG_INFINITY; LANES];
    let (blocks, rest) = row.as_chunks::<LANES>();
    for block in blocks {
        most.iter_mut().zip(block).for_each(|(most, &x)| *most = if x > *most { x } else { *most });
    }
    most.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max)
}

/// `e^x`, exactly 0 where [`exp`] would give the smallest number it knows.
#[inline(always)]
pub(crate) fn power(x: f32) -> f32 {
    if x < -87.0 { 0.0 } else { exp(x) }
}

/// `y (gradient − Σ gradient · y)`.
struct Slope;

impl CustomOp2 for Slope {
    fn name(&self) -> &'static str {
        "softmax: gradient"
    }

    fn cpu_fwd(
        &self,
        y: &CpuStorage,
        layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let y = demand::values(self.name(), y, layout)?;
        let gradient = demand::values(self.name(), gradient, gradient_layout)?;
        let classes = layout.shape().dim(D::Minus1)?;
        let task = task(classes);
        let (out, _) = written(y.len(), task, 0, |index, out| {
            let part = index * task..index * task + out.len();
            let rows = y[part.clone()].chunks_exact(classes);
            let rows = rows.zip(gradient[part].chunks_exact(classes));
            rows.for_each(|(y, gradient)| slope(out, y, gradient));
        });
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(
        &self,
        y: &Tensor,
        gradient: &Tensor,
        _: &Tensor,
        outer: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let of_y = || -> Result<Tensor> {
            let total = (gradient * y)?.sum_keepdim(D::Minus1)?;
            let weighted = (outer * y)?.sum_keepdim(D::Minus1)?;
            outer * gradient.broadcast_sub(&total)? - gradient.broadcast_mul(&weighted)?
        };
        Ok((
            gradient_of(y, of_y)?,
            gradient_of(gradient, || y.apply_op2(&outer.contiguous()?, Slope))?,
        ))
    }
}

widest_fn! {
    /// Writes [`Slope`] of one row.
    fn slope(out: &mut Unwritten<'_>, y: &[f32], gradient: &[f32]) = {
        let total = weighted_inline(y, gradient);
        out.write(y.iter().zip(gradient).map(move |(y, g)| y * (g - total)));
    }
}

widest_fn! {
    /// Makes [`Slope`] of a row's gradient.
    pub(crate) fn slope_of(gradient: &mut [f32], y: &[f32]) = {
        let total = weighted_inline(y, gradient);
        gradient.iter_mut().zip(y).for_each(|(g, y)| *g = y * (*g - total));
    }
}

/// `Σ gradient · y`.
#[inline(always)]
fn weighted_inline(y: &[f32], gradient: &[f32]) -> f32 {
    let mut total = [0.0f32; LANES];
    let (y_blocks, y_rest) = y.as_chunks::<LANES>();
    let (blocks, rest) = gradient.as_chunks::<LANES>();
    for (y, gradient) in y_blocks.iter().zip(blocks) {
        total.iter_mut().zip(y.iter().zip(gradient)).for_each(|(total, (y, g))| *total += y * g);
    }
    let rest: f32 = y_rest.iter().zip(rest).map(|(y, g)| y * g).sum();
    total.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{agrees, gradients, normals};

    #[test]
    fn softmax_agrees_with_its_reference_to_the_second_order() -> Result<()> {
        for dims in [vec![7], vec![3, 5, 19], vec![4, 1], vec![2, 37]] {
            let x = normals("x", &dims)?.affine(3.0, 0.0)?;
            let slow = |x: &[Tensor]| reference(&x[0]);
            agrees(|x| softmax(&x[0]), slow, std::slice::from_ref(&x), 1e-6)?;
            gradients(2e-3, std::slice::from_ref(&x), |x| softmax(&x[0]))?;
            let gradient = normals("gradient", &dims)?;
            gradients(2e-3, &[x, gradient], |x| x[0].apply_op2(&x[1], Slope))?;
        }
        Ok(())
    }

    #[test]
    fn impossible_classes_get_nothing_and_large_logits_share() -> Result<()> {
        let x = [[f32::NEG_INFINITY, 0.0, 0.0, -200.0], [1e30, 1e30, 1e30, 1e30]];
        let shares = softmax(&Tensor::new(&x, &candle::Device::Cpu)?)?.to_vec2::<f32>()?;
        assert_eq!(shares, [[0.0, 0.5, 0.5, 0.0], [0.25; 4]]);
        let none = Tensor::full(f32::NEG_INFINITY, (1, 3), &candle::Device::Cpu)?;
        assert!(softmax(&none)?.flatten_all()?.to_vec1::<f32>()?.iter().all(|x| x.is_nan()));
        assert!(softmax(&Tensor::zeros((3, 0), candle::DType::F32, none.device())?).is_err());
        Ok(())
    }
}
