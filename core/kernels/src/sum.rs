//! `out[i, 0, k] = Σ x[i, j, k]` over all `j`: the sum over one dimension.

use candle::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use crate::demand::{self, gradient_of};
use crate::vector::widest;

/// Sum of `x`, f32 or f64, over its dimension `dim`, which is kept with size 1. Partial sums are
/// f64, so that a million terms lose no digit of an f32 result. Differentiable to every order.
/// Fails where there is no such dimension.
pub fn sum_keepdim(x: &Tensor, dim: usize) -> Result<Tensor> {
    x.dim(dim)?;
    if demand::fast("sum", &[x])? {
        x.contiguous()?.apply_op1(Sum { dim })
    } else {
        x.sum_keepdim(dim)
    }
}

struct Sum {
    dim: usize,
}

/// Columns that one task sums: their f64 sums stay in the first cache.
const COLUMNS: usize = 512;
/// Rows that one task sums.
const ROWS: usize = 4096;
/// Values that repay a task.
const CHUNK: usize = 1 << 14;

impl CustomOp1 for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let values = demand::values(self.name(), storage, layout)?;
        let mut dims = layout.dims().to_vec();
        let (count, inner) = (dims[self.dim], dims[self.dim + 1..].iter().product::<usize>());
        dims[self.dim] = 1;
        let shape = Shape::from(dims);
        let out = match (values.is_empty(), inner) {
            (true, _) => vec![0.0; shape.elem_count()],
            (false, 1) => {
                let rows = values.par_chunks(count).with_min_len(CHUNK.div_ceil(count));
                rows.map(|row| widest(|| row_sum(row)) as f32).collect()
            }
            (false, _) => {
                let items = values.par_chunks(count * inner);
                let items = items.with_min_len(CHUNK.div_ceil(count * inner));
                items.map(|item| column_sums(item, inner)).collect::<Vec<_>>().concat()
            }
        };
        Ok((CpuStorage::F32(out), shape))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        gradient_of(x, || gradient.broadcast_as(x.shape()))
    }
}

/// Sums of the columns of `[rows, columns]`.
fn column_sums(values: &[f32], columns: usize) -> Vec<f32> {
    let block = COLUMNS.min(columns);
    let blocks = columns.div_ceil(block);
    let rows = values.len() / columns;
    let tasks = (0..blocks * rows.div_ceil(ROWS)).into_par_iter();
    let parts: Vec<Vec<f64>> = tasks
        .with_min_len(CHUNK.div_ceil(block * rows.min(ROWS)))
        .map(|task| {
            let (part, first) = (task / blocks, task % blocks * block);
            let (start, end) = (part * ROWS, rows.min((part + 1) * ROWS));
            let mut sums = vec![0.0; block.min(columns - first)];
            let rows = values[start * columns..end * columns].chunks_exact(columns);
            widest(|| {
                rows.for_each(|row| {
                    let pairs = sums.iter_mut().zip(&row[first..]);
                    pairs.for_each(|(sum, &value)| *sum += f64::from(value));
                });
            });
            sums
        })
        .collect();
    let mut total = vec![0.0; columns];
    for (task, part) in parts.iter().enumerate() {
        let sums = total[task % blocks * block..].iter_mut().zip(part);
        sums.for_each(|(total, sum)| *total += sum);
    }
    total.into_iter().map(|sum| sum as f32).collect()
}

/// Sums in lanes, which the compiler keeps in registers.
#[inline(always)]
pub(crate) fn row_sum(row: &[f32]) -> f64 {
    let mut lanes = [0.0; 16];
    let (blocks, rest) = row.as_chunks::<16>();
    for block in blocks {
        lanes.iter_mut().zip(block).for_each(|(lane, &value)| *lane += f64::from(value));
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|&value| f64::from(value)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{agrees, normals};

    #[test]
    fn the_sum_over_any_dimension_agrees_with_candle() -> Result<()> {
        for dims in
            [vec![5], vec![3, 1], vec![1, 600], vec![4, 3, 19], vec![9000, 3], vec![2, 3, 4, 5]]
        {
            let x = normals("x", &dims)?;
            for dim in 0..dims.len() {
                let slow = |x: &[Tensor]| x[0].sum_keepdim(dim);
                agrees(|x| sum_keepdim(&x[0], dim), slow, std::slice::from_ref(&x), 1e-5)?;
            }
        }
        Ok(())
    }

    #[test]
    fn a_million_equal_terms_lose_no_digit() -> Result<()> {
        let x = Tensor::full(1e-3f32, (1 << 20, 2), &candle::Device::Cpu)?;
        let expected = (f64::from(1e-3f32) * f64::from(1 << 20)) as f32;
        assert_eq!(sum_keepdim(&x, 0)?.to_vec2::<f32>()?, [[expected; 2]]);
        let x = x.t()?.contiguous()?;
        assert_eq!(sum_keepdim(&x, 1)?.to_vec2::<f32>()?, [[expected]; 2]);
        assert!(sum_keepdim(&x, 2).is_err());
        Ok(())
    }
}
