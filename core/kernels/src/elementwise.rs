//! One function over every element, and over two tensors of one shape, in parallel.

use candle::{CpuStorage, Layout, Result, Shape, bail};

use crate::demand;
use crate::vector::widest;
use crate::written::{TASK, written};

/// `function` of every element.
pub(crate) fn map(
    operation: &str,
    (storage, layout): (&CpuStorage, &Layout),
    function: impl Fn(f32) -> f32 + Copy + Send + Sync,
) -> Result<(CpuStorage, Shape)> {
    let values = demand::values(operation, storage, layout)?;
    let (out, _) = written(values.len(), TASK, 0, |index, out| {
        let values = values[index * TASK..][..out.len()].iter();
        // What it captured is copied to the stack, where no write to `out` can change it.
        widest(move || _ = out.write(values.map(move |&value| function(value))));
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
    let (out, _) = written(left.len(), TASK, 0, |index, out| {
        let part = index * TASK..index * TASK + out.len();
        let pairs = left[part.clone()].iter().zip(&right[part]);
        widest(move || _ = out.write(pairs.map(move |(&a, &b)| function(a, b))));
    });
    Ok((CpuStorage::F32(out), shape.clone()))
}
