//! `e[b] = Σ (x[b, ..] − target[b, ..])²`, the loss of diffusion and of decoders with a normal
//! likelihood, without the tensors of differences and squares in between.

use candle::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use crate::demand::{self, gradient_of};
use crate::lanes::sums_of;
use crate::vector::{widest, widest_fn};
use crate::written::{TASK, written};

/// The squared error of every item, `[batch]`, of `x` and `target`, both `[batch, ..]`; not
/// averaged.
///
/// f32 or f64, any strides; differentiable twice, and a target that nobody tracks costs nothing.
/// An item has the same bits in any batch. Fails where the shapes differ or are of no dimension.
pub fn squared_error(x: &Tensor, target: &Tensor) -> Result<Tensor> {
    if x.dims() != target.dims() || x.rank() == 0 {
        bail!(
            "squared_error: x {:?} and target {:?} do not fit; expected twice [batch, ..]",
            x.dims(),
            target.dims()
        );
    }
    if demand::fast("squared_error", &[x, target])? {
        x.contiguous()?.apply_op2(&target.contiguous()?, SquaredError)
    } else {
        reference(x, target)
    }
}

fn reference(x: &Tensor, target: &Tensor) -> Result<Tensor> {
    by_item(&(x - target)?.sqr()?)
}

/// Sums over all but the first dimension.
fn by_item(x: &Tensor) -> Result<Tensor> {
    let batch = x.dim(0)?;
    x.reshape((batch, x.elem_count() / batch.max(1)))?.sum(1)
}

/// `x` with every item times its number of `factors`, `[batch]`.
fn times(x: &Tensor, factors: &Tensor) -> Result<Tensor> {
    let mut dims = vec![1; x.rank()];
    dims[0] = x.dim(0)?;
    x.broadcast_mul(&factors.reshape(dims)?)
}

struct SquaredError;

impl CustomOp2 for SquaredError {
    fn name(&self) -> &'static str {
        "squared_error"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        layout: &Layout,
        target: &CpuStorage,
        target_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let x = demand::values(self.name(), x, layout)?;
        let target = demand::values(self.name(), target, target_layout)?;
        let batch = layout.dims()[0];
        let item = x.len() / batch.max(1);
        // Parts of an item, so that one large item is work for all threads.
        let parts = item.div_ceil(TASK);
        let part = |index: usize| {
            let start = index / parts * item + index % parts * TASK;
            let end = (start + TASK).min((index / parts + 1) * item);
            of_part(&x[start..end], &target[start..end])
        };
        let few = TASK.div_ceil(item.clamp(1, TASK));
        let sums = (0..batch * parts).into_par_iter().with_min_len(few).map(part);
        let sums: Vec<f64> = sums.collect();
        let out = match parts {
            0 => vec![0.0; batch],
            _ => sums.chunks_exact(parts).map(|parts| parts.iter().sum::<f64>() as f32).collect(),
        };
        Ok((CpuStorage::F32(out), Shape::from(batch)))
    }

    fn bwd(
        &self,
        x: &Tensor,
        target: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        Ok((
            gradient_of(x, || x.apply_op3(target, &gradient, Slope))?,
            gradient_of(target, || target.apply_op3(x, &gradient, Slope))?,
        ))
    }
}

widest_fn! {
    fn of_part(x: &[f32], target: &[f32]) -> f64 = {
        let [sum] = sums_of([x, target], |[x, target]| [(x - target) * (x - target)]);
        sum
    }
}

/// `2 · gradient[b] · (x[b, ..] − target[b, ..])`.
struct Slope;

impl CustomOp3 for Slope {
    fn name(&self) -> &'static str {
        "squared_error: gradient"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        layout: &Layout,
        target: &CpuStorage,
        target_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let x = demand::values(self.name(), x, layout)?;
        let target = demand::values(self.name(), target, target_layout)?;
        let gradient = demand::values(self.name(), gradient, gradient_layout)?;
        let item = x.len() / gradient.len().max(1);
        let (out, _) = written(x.len(), TASK, 0, |index, out| {
            let mut start = index * TASK;
            while out.len() > 0 {
                let end = (start + out.len()).min((start / item + 1) * item);
                let factor = 2.0 * gradient[start / item];
                let pairs = x[start..end].iter().zip(&target[start..end]);
                let slope = move |(x, target): (&f32, &f32)| factor * (x - target);
                widest(|| _ = out.write(pairs.map(slope)));
                start = end;
            }
        });
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        target: &Tensor,
        gradient: &Tensor,
        _: &Tensor,
        outer: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        Ok((
            gradient_of(x, || times(outer, gradient)?.affine(2.0, 0.0))?,
            gradient_of(target, || times(outer, gradient)?.affine(-2.0, 0.0))?,
            gradient_of(gradient, || by_item(&(outer * (x - target)?)?)?.affine(2.0, 0.0))?,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{agrees, gradients, normals};

    #[test]
    fn the_squared_error_agrees_with_its_reference_to_the_second_order() -> Result<()> {
        for dims in [vec![3], vec![4, 1], vec![2, 3, 5, 7], vec![2, 40_001], vec![300, 130]] {
            let inputs = [normals("x", &dims)?, normals("target", &dims)?];
            let slow = |x: &[Tensor]| reference(&x[0], &x[1]);
            agrees(|x| squared_error(&x[0], &x[1]), slow, &inputs, 1e-5)?;
        }
        let [x, target] = [normals("x", &[3, 2, 5])?, normals("target", &[3, 2, 5])?];
        gradients(2e-3, &[x.clone(), target.clone()], |x| squared_error(&x[0], &x[1]))?;
        let gradient = normals("gradient", &[3])?;
        gradients(2e-3, &[x, target, gradient], |x| x[0].apply_op3(&x[1], &x[2], Slope))
    }

    #[test]
    fn an_item_has_the_same_bits_in_any_batch() -> Result<()> {
        for size in [5, 20_000] {
            let (x, target) = (normals("x", &[7, size])?, normals("target", &[7, size])?);
            let all = squared_error(&x, &target)?.to_vec1::<f32>()?;
            for item in 0..7 {
                let one = |all: &Tensor| all.narrow(0, item, 1);
                let alone = squared_error(&one(&x)?, &one(&target)?)?.to_vec1::<f32>()?;
                assert_eq!(alone, all[item..=item]);
            }
        }
        Ok(())
    }

    #[test]
    fn shapes_that_differ_are_refused_and_nothing_has_no_error() -> Result<()> {
        let error = squared_error(&normals("x", &[2, 3])?, &normals("target", &[2, 1])?);
        assert!(error.expect_err("3 is not 1").to_string().contains("x [2, 3] and target [2, 1]"));
        for dims in [[0, 3], [3, 0]] {
            let none = Tensor::zeros(&dims, candle::DType::F32, &candle::Device::Cpu)?;
            assert_eq!(squared_error(&none, &none)?.to_vec1::<f32>()?, vec![0.0; dims[0]]);
        }
        Ok(())
    }
}
