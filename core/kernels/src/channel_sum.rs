//! The gradient of a bias: `out[c] = Σ x[i, c, j]` over all `i` and `j`.

use candle::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use crate::demand::{self, gradient_of};
use crate::sum::row_sum;
use crate::vector::widest;

/// Sums `[outer, channels, ..]`, f32 or f64, to `[channels]`; partial sums are f64. Differentiable
/// to every order.
pub fn channel_sum(x: &Tensor) -> Result<Tensor> {
    if x.rank() < 2 {
        bail!("channel sum: expected [outer, channels, ..], found {:?}", x.dims());
    }
    sum_but(x, 1)
}

/// Sums over all dimensions but `kept`, as [`channel_sum`] does.
pub(crate) fn sum_but(x: &Tensor, kept: usize) -> Result<Tensor> {
    if demand::fast("channel sum", &[x])? {
        x.contiguous()?.apply_op1(ChannelSum { kept })
    } else {
        reference(x, kept)
    }
}

fn reference(x: &Tensor, kept: usize) -> Result<Tensor> {
    let outer: usize = x.dims()[..kept].iter().product();
    x.reshape((outer, x.dim(kept)?, ()))?.sum((0, 2))
}

/// Parts that are summed apart. Fixed, since the order of a sum decides its bits.
const CHUNKS: usize = 16;

struct ChannelSum {
    kept: usize,
}

impl CustomOp1 for ChannelSum {
    fn name(&self) -> &'static str {
        "channel-sum"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let values = demand::values(self.name(), storage, layout)?;
        let (before, rest) = layout.dims().split_at(self.kept);
        let (channels, outer) = (rest[0], before.iter().product::<usize>());
        let inner = rest[1..].iter().product::<usize>();
        let item = channels * inner;
        let mut total = vec![0.0; channels];
        if item > 0 && outer > 0 {
            let parts: Vec<Vec<f64>> = values
                .par_chunks(outer.div_ceil(CHUNKS) * item)
                .map(|part| widest(|| part_sum(part, channels, inner)))
                .collect();
            for part in parts {
                total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
            }
        }
        let total = total.into_iter().map(|sum| sum as f32).collect();
        Ok((CpuStorage::F32(total), Shape::from(channels)))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let mut dims = vec![1; x.rank()];
        dims[self.kept] = x.dim(self.kept)?;
        gradient_of(x, || gradient.reshape(dims)?.broadcast_as(x.shape()))
    }
}

#[inline(always)]
fn part_sum(values: &[f32], channels: usize, inner: usize) -> Vec<f64> {
    let mut sums = vec![0.0; channels];
    for item in values.chunks_exact(channels * inner) {
        if inner == 1 {
            sums.iter_mut().zip(item).for_each(|(sum, &value)| *sum += f64::from(value));
        } else {
            let rows = item.chunks_exact(inner);
            sums.iter_mut().zip(rows).for_each(|(sum, row)| *sum += row_sum(row));
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    #[test]
    fn the_sum_over_all_but_one_dimension_agrees_with_candle() -> Result<()> {
        for dims in [vec![37, 3], vec![5, 2, 11], vec![3, 4, 5, 7]] {
            let x = check::normals("x", &dims)?;
            let x = std::slice::from_ref(&x);
            check::agrees(|x| channel_sum(&x[0]), |x| reference(&x[0], 1), x, 1e-6)?;
            let last = dims.len() - 1;
            check::agrees(|x| sum_but(&x[0], last), |x| reference(&x[0], last), x, 1e-6)?;
        }
        Ok(())
    }
}
