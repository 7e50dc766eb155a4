//! `log_softmax(x)[i] = x[i] − log Σ e^x[j]` over the last dimension.

use candle::{CpuStorage, CustomOp1, D, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use crate::demand::{self, gradient_of};
use crate::exponential::exp;

/// Logarithms of the probabilities that `x`, `[.., classes]`, gives; nats. f32 or f64; finite for
/// any finite `x`. Differentiable to every order. Fails where there is no class.
pub fn log_softmax(x: &Tensor) -> Result<Tensor> {
    if x.rank() == 0 || x.dim(D::Minus1)? == 0 {
        bail!("log_softmax: x {:?} has no classes, expected [.., classes]", x.dims());
    }
    if demand::fast("log_softmax", &[x])? {
        x.contiguous()?.apply_op1(LogSoftmax)
    } else {
        reference(x)
    }
}

/// The same in candle operations. The largest entry is a constant: it cancels in the gradient.
pub(crate) fn reference(x: &Tensor) -> Result<Tensor> {
    let shifted = x.broadcast_sub(&x.max_keepdim(D::Minus1)?.detach())?;
    shifted.broadcast_sub(&shifted.exp()?.sum_keepdim(D::Minus1)?.log()?)
}

/// `log Σ e^x` of one row.
pub(crate) fn log_sum_exp(row: &[f32]) -> f32 {
    let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if most == f32::NEG_INFINITY {
        // No class is possible, or all are NaN.
        return if row.iter().any(|x| x.is_nan()) { f32::NAN } else { most };
    }
    let mut lanes = [0.0f32; 8];
    let (blocks, rest) = row.as_chunks::<8>();
    for block in blocks {
        lanes.iter_mut().zip(block).for_each(|(lane, x)| *lane += exp(x - most));
    }
    let rest: f32 = rest.iter().map(|x| exp(x - most)).sum();
    most + (lanes.iter().sum::<f32>() + rest).ln()
}

struct LogSoftmax;

impl CustomOp1 for LogSoftmax {
    fn name(&self) -> &'static str {
        "log_softmax"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let values = demand::values(self.name(), storage, layout)?;
        let classes = layout.shape().dim(D::Minus1)?;
        let mut out = vec![0.0; values.len()];
        out.par_chunks_mut(classes).zip(values.par_chunks(classes)).for_each(|(out, row)| {
            let total = log_sum_exp(row);
            out.iter_mut().zip(row).for_each(|(out, x)| *out = x - total);
        });
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        gradient_of(x, || {
            let total = gradient.sum_keepdim(D::Minus1)?;
            gradient - y.exp()?.broadcast_mul(&total)?
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{agrees, gradients, normals};

    #[test]
    fn log_softmax_agrees_with_its_reference() -> Result<()> {
        for dims in [vec![7], vec![3, 5, 19], vec![4, 1]] {
            let x = normals("x", &dims)?.affine(3.0, 0.0)?;
            let slow = |x: &[Tensor]| reference(&x[0]);
            agrees(|x| log_softmax(&x[0]), slow, std::slice::from_ref(&x), 2e-6)?;
            gradients(2e-3, &[x], |x| log_softmax(&x[0]))?;
        }
        Ok(())
    }

    #[test]
    fn equal_logits_give_equal_shares_however_large() -> Result<()> {
        let x = Tensor::full(1e30f32, (2, 4), &candle::Device::Cpu)?;
        for share in log_softmax(&x)?.flatten_all()?.to_vec1::<f32>()? {
            // Beside 1e30 the logarithm of 4 is below half a unit in the last place.
            assert_eq!(share, 0.0);
        }
        let x = Tensor::full(-80f32, (2, 4), x.device())?;
        for share in log_softmax(&x)?.flatten_all()?.to_vec1::<f32>()? {
            assert!((share + 4f32.ln()).abs() < 1e-5, "{share}");
        }
        Ok(())
    }
}
