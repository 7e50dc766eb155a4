//! What an operation demands of its tensors, and the path that they can take.

use candle::{CpuStorage, DType, Layout, Result, Tensor, bail};

use crate::second_order::kept_or_cut;

/// Whether the fast path takes `tensors`: f32 on the CPU. False sends f64, and any other device,
/// to the reference. Fails for other types and where the tensors differ in type.
pub(crate) fn fast(operation: &str, tensors: &[&Tensor]) -> Result<bool> {
    let dtype = tensors[0].dtype();
    let expected = matches!(dtype, DType::F32 | DType::F64);
    if !expected || tensors.iter().any(|tensor| tensor.dtype() != dtype) {
        let found: Vec<_> =
            tensors.iter().map(|tensor| (tensor.dtype(), tensor.shape().clone())).collect();
        bail!(
            "{operation}: expected tensors all f32 or all f64, found {found:?}; convert with \
             `to_dtype`"
        );
    }
    Ok(dtype == DType::F32 && tensors.iter().all(|tensor| tensor.device().is_cpu()))
}

/// [`fast`] with one tensor more, if there is one.
pub(crate) fn fast_with(
    operation: &str,
    tensors: &[&Tensor; 2],
    more: Option<&Tensor>,
) -> Result<bool> {
    match more {
        Some(more) => fast(operation, &[tensors[0], tensors[1], more]),
        None => fast(operation, tensors),
    }
}

/// The values of a contiguous f32 tensor.
pub(crate) fn values<'a>(
    operation: &str,
    storage: &'a CpuStorage,
    layout: &Layout,
) -> Result<&'a [f32]> {
    let CpuStorage::F32(values) = storage else {
        bail!("{operation}: expected f32, found {:?} {:?}", storage_type(storage), layout.shape());
    };
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&values[start..end]),
        None => bail!(
            "{operation}: expected a contiguous tensor, found {:?} with strides {:?}; call \
             `contiguous` first",
            layout.shape(),
            layout.stride()
        ),
    }
}

/// The values of a contiguous u32 tensor.
pub(crate) fn indices<'a>(
    operation: &str,
    storage: &'a CpuStorage,
    layout: &Layout,
) -> Result<&'a [u32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::U32(values), Some((start, end))) => Ok(&values[start..end]),
        _ => bail!(
            "{operation}: expected contiguous u32 indices, found {:?} {:?} with strides {:?}",
            storage_type(storage),
            layout.shape(),
            layout.stride()
        ),
    }
}

fn storage_type(storage: &CpuStorage) -> DType {
    use candle::backend::BackendStorage;
    storage.dtype()
}

/// The gradient of `argument`, computed only if somebody tracks it, and on a graph of its own only
/// if somebody will differentiate it.
pub(crate) fn gradient_of(
    argument: &Tensor,
    gradient: impl FnOnce() -> Result<Tensor>,
) -> Result<Option<Tensor>> {
    if argument.track_op() { gradient().map(kept_or_cut).map(Some) } else { Ok(None) }
}

/// The gradients of some arguments that lie in `packed` one after the other, each in the shape of
/// its argument and only where somebody tracks it.
pub(crate) fn gradients_of<const COUNT: usize>(
    arguments: [&Tensor; COUNT],
    packed: &Tensor,
) -> Result<[Option<Tensor>; COUNT]> {
    let mut gradients = [const { None }; COUNT];
    let mut start = 0;
    for (gradient, argument) in gradients.iter_mut().zip(arguments) {
        let count = argument.elem_count();
        *gradient =
            gradient_of(argument, || packed.narrow(0, start, count)?.reshape(argument.shape()))?;
        start += count;
    }
    Ok(gradients)
}
