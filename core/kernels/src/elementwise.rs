//! One function over every element, and over two tensors of one shape, in parallel.

use candle::{CpuStorage, Layout, Result, Shape, bail};

use crate::demand;
use crate::filled::filled;
use crate::vector::widest;

/// Elements a task: small enough for a cache, large enough to repay the task.
const CHUNK: usize = 1 << 14;

/// `function` of every element.
pub(crate) fn map(
    operation: &str,
    (storage, layout): (&CpuStorage, &Layout),
    function: impl Fn(f32) -> f32 + Copy + Send + Sync,
) -> Result<(CpuStorage, Shape)> {
    let values = demand::values(operation, storage, layout)?;
    let (out, _) = filled(values.len(), CHUNK, 0, |index, out| {
        let pairs = out.iter_mut().zip(&values[index * CHUNK..]);
        // What it captured is copied to the stack, where no write to `out` can change it.
        widest(move || pairs.for_each(move |(out, &value)| *out = function(value)));
    });
    Ok((CpuStorage::F32(out), layout.shape().clone()))
}

/// `function` of every two elements in the same place.
pub(crate) fn map2(
    operation: &str,
    (left, left_layout): (&CpuStorage, &Layout),
    (right, right_layout): (&CpuStorage, &Layout),
    function: impl Fn(f32, f32) -> f32 + Copy + Send + Sync,
) -> Result<(CpuStorage, Shape)> {
    let (shape, other) = (left_layout.shape(), right_layout.shape());
    if shape != other {
        bail!("{operation}: expected two tensors of one shape, found {shape:?} and {other:?}");
    }
    let left = demand::values(operation, left, left_layout)?;
    let right = demand::values(operation, right, right_layout)?;
    let (out, _) = filled(left.len(), CHUNK, 0, |index, out| {
        let start = index * CHUNK;
        let pairs = out.iter_mut().zip(left[start..].iter().zip(&right[start..]));
        widest(move || pairs.for_each(move |(out, (&a, &b))| *out = function(a, b)));
    });
    Ok((CpuStorage::F32(out), shape.clone()))
}
