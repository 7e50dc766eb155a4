//! Scaled dot-product attention (Vaswani et al. 2017, arXiv 1706.03762): for every head
//!
//! `y = softmax(scale · q kᵀ + bias) v`
//!
//! in blocks of queries and keys, so that the scores of a block never leave the cache: sums and
//! products are rescaled when a later block holds a larger score (Dao et al. 2022, arXiv
//! 2205.14135). Heads lie side by side in the last dimension, where the linear layers around put
//! them, so nothing is transposed in memory.

mod backward;
mod forward;
mod reference;

use candle::{CpuStorage, CustomOp3, Layout, Result, Shape, Storage, Tensor, bail};
use rayon::prelude::*;

use crate::demand::{self, gradients_of};
use backward::HeadGradients;
use forward::Call;

/// Which queries see which keys, and how scores are made.
#[derive(Clone, Copy, Debug)]
pub struct Attention<'a> {
    /// Heads of the queries. Keys and values may have fewer, each for as many neighbouring heads
    /// of the queries (Ainslie et al. 2023, arXiv 2305.13245).
    pub heads: usize,
    /// Factor on the products, usually `1 / √size`.
    pub scale: f64,
    /// Whether the last query sees all keys, the one before it all but the last, and so on.
    pub causal: bool,
    /// Added to the scores, `[batch or 1, heads or 1, queries or 1, keys]`; minus infinity hides a
    /// key.
    pub bias: Option<&'a Tensor>,
}

impl Attention<'_> {
    /// All queries see all keys; `size` is that of one head.
    pub fn full(heads: usize, size: usize) -> Self {
        Self { heads, scale: 1.0 / (size.max(1) as f64).sqrt(), causal: false, bias: None }
    }

    /// A query sees its own key and those before it; `size` is that of one head.
    pub fn causal(heads: usize, size: usize) -> Self {
        Self { causal: true, ..Self::full(heads, size) }
    }
}

/// Attention of queries `q`, `[batch, queries, heads · size]`, to keys `k`, `[batch, keys, groups ·
/// size]`, with values `v`, `[batch, keys, groups · width]`, where `groups` divides the number of
/// heads: `[batch, queries, heads · width]`.
///
/// f32 or f64, any strides. A query that sees no key gets zeros. A query has the same bits in any
/// batch and beside any other queries: word by word a text gives what it gives at once. Fails where
/// shapes do not fit. Differentiable once on the fast path, unless `bias` is tracked: then, as in
/// f64, to every order.
pub fn attention(q: &Tensor, k: &Tensor, v: &Tensor, attention: &Attention<'_>) -> Result<Tensor> {
    let sizes = Sizes::new(q, k, v, attention)?;
    let mut tensors = vec![q, k, v];
    tensors.extend(attention.bias);
    let is_constant = attention.bias.is_none_or(|bias| !bias.track_op());
    if demand::fast("attention", &tensors)? && is_constant {
        let bias = attention.bias.map(Tensor::contiguous).transpose()?;
        let operation =
            Operation { sizes, scale: attention.scale as f32, causal: attention.causal, bias };
        q.contiguous()?.apply_op3(&k.contiguous()?, &v.contiguous()?, operation)
    } else {
        reference::reference(q, k, v, attention, &sizes)
    }
}

/// Sizes of one call.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    batch: usize,
    queries: usize,
    keys: usize,
    heads: usize,
    /// Heads of keys and values.
    groups: usize,
    /// Size of a head of queries and keys.
    size: usize,
    /// Size of a head of values.
    width: usize,
}

impl Sizes {
    fn new(q: &Tensor, k: &Tensor, v: &Tensor, attention: &Attention<'_>) -> Result<Self> {
        let sizes = || {
            let ([batch, queries, q_wide], [k_batch, keys, k_wide], [v_batch, v_keys, v_wide]) =
                (array(q)?, array(k)?, array(v)?);
            let heads = attention.heads;
            let size = q_wide.checked_div(heads)?;
            let groups = k_wide.checked_div(size)?;
            let width = v_wide.checked_div(groups)?;
            let sizes = Self { batch, queries, keys, heads, groups, size, width };
            let fits = q_wide == heads * size
                && k_wide == groups * size
                && v_wide == groups * width
                && heads.is_multiple_of(groups)
                && [k_batch, v_batch] == [batch; 2]
                && v_keys == keys
                && keys * width > 0
                && attention.bias.is_none_or(|bias| sizes.take(bias.dims()));
            fits.then_some(sizes)
        };
        match sizes() {
            Some(sizes) => Ok(sizes),
            None => bail!(
                "attention: q {:?}, k {:?}, v {:?}, {} heads and bias {:?} do not fit; expected \
                 [batch, queries, heads · size], [batch, keys, groups · size], [batch, keys, \
                 groups · width] with groups that divide heads, nothing empty but the batch or the \
                 queries, and [batch or 1, heads or 1, queries or 1, keys]",
                q.dims(),
                k.dims(),
                v.dims(),
                attention.heads,
                attention.bias.map(Tensor::dims)
            ),
        }
    }

    /// Whether a bias of these dimensions fits.
    fn take(&self, bias: &[usize]) -> bool {
        let &[batch, heads, queries, keys] = bias else { return false };
        [1, self.batch].contains(&batch)
            && [1, self.heads].contains(&heads)
            && [1, self.queries].contains(&queries)
            && keys == self.keys
    }
}

fn array(tensor: &Tensor) -> Option<[usize; 3]> {
    tensor.dims().try_into().ok()
}

#[derive(Clone)]
struct Operation {
    sizes: Sizes,
    scale: f32,
    causal: bool,
    bias: Option<Tensor>,
}

impl Operation {
    /// Runs `work` on the values of the operands.
    fn call<T>(
        &self,
        operands: [(&CpuStorage, &Layout); 3],
        work: impl FnOnce(&Call<'_>) -> Result<T>,
    ) -> Result<T> {
        let [q, k, v] = operands.map(|(x, layout)| demand::values("attention", x, layout));
        let (q, k, v) = (q?, k?, v?);
        let Self { sizes, scale, causal, bias } = self;
        let (sizes, scale, causal) = (*sizes, *scale, *causal);
        match bias {
            None => work(&Call { sizes, scale, causal, q, k, v, bias: None }),
            Some(bias) => with_values(bias, |values| {
                let [batch, heads, queries, _] = *bias.dims() else {
                    bail!("attention: bias {:?} has not four dimensions", bias.dims());
                };
                let bias = Some((values, [batch, heads, queries]));
                work(&Call { sizes, scale, causal, q, k, v, bias })
            }),
        }
    }
}

/// Runs `work` on the values of a contiguous f32 tensor on the CPU.
fn with_values<T>(tensor: &Tensor, work: impl FnOnce(&[f32]) -> Result<T>) -> Result<T> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => work(demand::values("attention", storage, layout)?),
        _ => bail!("attention: expected a tensor on the CPU, found {:?}", tensor.device()),
    }
}

impl CustomOp3 for Operation {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(
        &self,
        q: &CpuStorage,
        q_layout: &Layout,
        k: &CpuStorage,
        k_layout: &Layout,
        v: &CpuStorage,
        v_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.call([(q, q_layout), (k, k_layout), (v, v_layout)], |call| {
            let Sizes { batch, queries, heads, width, .. } = self.sizes;
            let y = call.output();
            Ok((CpuStorage::F32(y), Shape::from((batch, queries, heads * width))))
        })
    }

    fn bwd(
        &self,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let all = q.apply_op3(k, v, Gradients { operation: self.clone(), gradient })?;
        gradients_of([q, k, v], &all).map(Into::into)
    }
}

/// The gradients of queries, keys and values, one after the other. It has no gradient of its own:
/// a second pass through it is refused by candle, by name.
struct Gradients {
    operation: Operation,
    /// That of the result.
    gradient: Tensor,
}

impl CustomOp3 for Gradients {
    fn name(&self) -> &'static str {
        "the gradient of attention"
    }

    fn cpu_fwd(
        &self,
        q: &CpuStorage,
        q_layout: &Layout,
        k: &CpuStorage,
        k_layout: &Layout,
        v: &CpuStorage,
        v_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let operands = [(q, q_layout), (k, k_layout), (v, v_layout)];
        let all = self.operation.call(operands, |call| {
            with_values(&self.gradient, |gradient| {
                let Sizes { batch, groups, .. } = self.operation.sizes;
                let tasks = (0..batch * groups).into_par_iter();
                let parts: Vec<_> = tasks
                    .map(|task| call.gradients(gradient, task / groups, task % groups))
                    .collect();
                Ok(HeadGradients::together(&self.operation.sizes, &parts))
            })
        })?;
        let count = all.len();
        Ok((CpuStorage::F32(all), Shape::from(count)))
    }
}

#[cfg(test)]
mod tests;
