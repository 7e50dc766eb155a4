//! Attention between linear maps, see [`kernels::attention`].

use candle::{Result, Tensor, bail};
use candle_nn::VarBuilder;
use generativa_kernels as kernels;

use super::Linear;

/// Attention of several heads to the own or to another sequence, in the layout and with the names
/// of diffusion models.
#[derive(Clone, Debug)]
pub struct MultiHeadAttention {
    queries: Linear,
    keys: Linear,
    values: Linear,
    out: Linear,
    heads: usize,
    size: usize,
}

impl MultiHeadAttention {
    /// `heads` heads of `size` over `width` features, which look at `context` features. Weights
    /// `to_q`, `to_k`, `to_v` without bias and `to_out.0` with one, PyTorch's defaults.
    pub fn new(
        width: usize,
        context: usize,
        heads: usize,
        size: usize,
        vb: VarBuilder<'_>,
    ) -> Result<Self> {
        if heads * size == 0 {
            bail!("attention: {heads} heads of size {size} leave nothing to compare");
        }
        let inner = heads * size;
        Ok(Self {
            queries: Linear::without_bias(width, inner, vb.pp("to_q"))?,
            keys: Linear::without_bias(context, inner, vb.pp("to_k"))?,
            values: Linear::without_bias(context, inner, vb.pp("to_v"))?,
            out: Linear::new(inner, width, vb.pp("to_out.0"))?,
            heads,
            size,
        })
    }

    /// `x`, `[batch, queries, width]`, looks at `context`, `[batch, keys, context]`: `[batch,
    /// queries, width]`. For attention to itself pass `x` twice.
    pub fn forward(&self, x: &Tensor, context: &Tensor) -> Result<Tensor> {
        let q = self.queries.forward(x)?;
        let (k, v) = (self.keys.forward(context)?, self.values.forward(context)?);
        let full = kernels::Attention::full(self.heads, self.size);
        self.out.forward(&kernels::attention(&q, &k, &v, &full)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::gradient_check::{layer, normals};
    use crate::layers::{Parameters, seeded_builder};

    #[test]
    fn attention_has_the_gradient_of_its_differences() -> Result<()> {
        let build = |vb| MultiHeadAttention::new(5, 5, 2, 3, vb);
        layer(&[2, 4, 5], build, |attention, x| attention.forward(x, x))?;
        let context = normals("context", &[2, 3, 7])?;
        let build = |vb| MultiHeadAttention::new(5, 7, 2, 3, vb);
        layer(&[2, 4, 5], build, |attention, x| attention.forward(x, &context))
    }

    #[test]
    fn a_context_of_one_place_gives_every_query_the_same() -> Result<()> {
        let vb = seeded_builder(&Parameters::default(), 0, &candle::Device::Cpu);
        let attention = MultiHeadAttention::new(5, 7, 2, 3, vb)?;
        let y = attention.forward(&normals("x", &[1, 2, 5])?, &normals("context", &[1, 1, 7])?)?;
        let rows = y.squeeze(0)?.to_vec2::<f32>()?;
        assert_eq!(rows[0], rows[1]);
        Ok(())
    }
}
