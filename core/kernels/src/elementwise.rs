//! One function over every element, and over two tensors of one shape, in parallel.

use candle::{CpuStorage, Layout, Result, Shape, bail};
use rayon::prelude::*;

use crate::demand;
use crate::vector::widest;

/// Elements a task: small enough for a cache, large enough to repay the task.
const CHUNK: usize = 1 << 14;

/// `function` of every element.
pub(crate) fn map(
    operation: &str,
    (storage, layout): (&CpuStorage, &Layout),
    function: impl Fn(f32) -> f32 + Sync,
) -> Result<(CpuStorage, Shape)> {
    let values = demand::values(operation, storage, layout)?;
    let mut out = vec![0.0; values.len()];
    out.par_chunks_mut(CHUNK).zip(values.par_chunks(CHUNK)).for_each(|(out, values)| {
        widest(|| out.iter_mut().zip(values).for_each(|(out, &value)| *out = function(value)));
    });
    Ok((CpuStorage::F32(out), layout.shape().clone()))
}

/// `function` of every two elements in the same place.
pub(crate) fn map2(
    operation: &str,
    (left, left_layout): (&CpuStorage, &Layout),
    (right, right_layout): (&CpuStorage, &Layout),
    function: impl Fn(f32, f32) -> f32 + Sync,
) -> Result<(CpuStorage, Shape)> {
    let (shape, other) = (left_layout.shape(), right_layout.shape());
    if shape != other {
        bail!("{operation}: expected two tensors of one shape, found {shape:?} and {other:?}");
    }
    let left = demand::values(operation, left, left_layout)?;
    let right = demand::values(operation, right, right_layout)?;
    let mut out = vec![0.0; left.len()];
    out.par_chunks_mut(CHUNK).zip(left.par_chunks(CHUNK).zip(right.par_chunks(CHUNK))).for_each(
        |(out, (left, right))| {
            let pairs = left.iter().zip(right);
            widest(|| out.iter_mut().zip(pairs).for_each(|(out, (&a, &b))| *out = function(a, b)));
        },
    );
    Ok((CpuStorage::F32(out), shape.clone()))
}
