//! The same in candle operations, differentiable to every order.

use candle::{D, DType, Result, Tensor};

use super::{Attention, Sizes};
use crate::softmax;

pub(super) fn reference(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    attention: &Attention<'_>,
    sizes: &Sizes,
) -> Result<Tensor> {
    let Sizes { batch, queries, keys, heads, groups, size, width } = *sizes;
    // `[batch, heads, .., ..]`, each group repeated for its heads.
    let apart = |x: &Tensor, count: usize, heads: usize, size: usize| {
        x.reshape((batch, count, heads, size))?.transpose(1, 2)?.contiguous()
    };
    let repeated = |x: Tensor| {
        let (_, _, count, size) = x.dims4()?;
        let shape = (batch, groups, heads / groups, count, size);
        x.unsqueeze(2)?.broadcast_as(shape)?.reshape((batch, heads, count, size))
    };
    let q = apart(q, queries, heads, size)?;
    let (k, v) =
        (repeated(apart(k, keys, groups, size)?)?, repeated(apart(v, keys, groups, width)?)?);
    let mut scores = q.matmul(&k.transpose(2, 3)?.contiguous()?)?.affine(attention.scale, 0.0)?;
    if let Some(bias) = attention.bias {
        scores = scores.broadcast_add(bias)?;
    }
    if attention.causal {
        scores = scores.broadcast_add(&ahead(sizes, q.dtype(), &q)?)?;
    }
    // A query that sees nothing gets zeros: its scores are replaced before, its shares after.
    let none = scores.max_keepdim(D::Minus1)?.lt(f64::from(f32::MIN))?;
    let none = none.broadcast_as(scores.shape())?;
    let zeros = scores.zeros_like()?;
    let shares = softmax::reference(&none.where_cond(&zeros, &scores)?)?;
    let shares = none.where_cond(&zeros, &shares)?;
    let y = shares.matmul(&v)?; // [batch, heads, queries, width]
    y.transpose(1, 2)?.reshape((batch, queries, heads * width))
}

/// Minus infinity where a key lies ahead of a query, else 0: `[queries, keys]`.
fn ahead(sizes: &Sizes, dtype: DType, like: &Tensor) -> Result<Tensor> {
    let Sizes { queries, keys, .. } = *sizes;
    let hidden = |query: usize, key: usize| key + queries > query + keys;
    let values = (0..queries * keys).map(|place| hidden(place / keys, place % keys));
    let values = values.map(|hidden| if hidden { f32::NEG_INFINITY } else { 0.0 }).collect();
    Tensor::from_vec::<_, f32>(values, (queries, keys), like.device())?.to_dtype(dtype)
}
