//! Norms and their gradients in candle operations.

use candle::{Result, Tensor};

use super::Norm;
use crate::silu;

impl Norm {
    /// `affine`: weights, then biases, `[2, channels]`.
    pub(super) fn reference(self, x: &Tensor, affine: &Tensor) -> Result<Tensor> {
        let y = shifted(&self.standardised(x)?.0, affine)?;
        let y = if self.silu { silu::reference(&y)? } else { y };
        y.reshape(x.shape())
    }

    /// `(x − mean) · rate`, `[batch, channels, inner]`, and `rate = 1 / √(variance + eps)`,
    /// `[batch, groups, 1]`.
    fn standardised(self, x: &Tensor) -> Result<(Tensor, Tensor)> {
        let sizes = self.over.sizes(x.dims());
        let grouped = x.reshape((sizes.0, self.over.groups(), ()))?;
        let centred = grouped.broadcast_sub(&grouped.mean_keepdim(2)?)?;
        let variance = centred.sqr()?.mean_keepdim(2)?;
        let rate = variance.affine(1.0, self.eps)?.sqrt()?.recip()?;
        Ok((centred.broadcast_mul(&rate)?.reshape(sizes)?, rate))
    }

    /// [`Gradients`](super::Gradients) in candle operations.
    pub(super) fn reference_gradients(
        self,
        x: &Tensor,
        affine: &Tensor,
        gradient: &Tensor,
    ) -> Result<Tensor> {
        let (h, rate) = self.standardised(x)?;
        let mut gradient = gradient.reshape(h.shape())?;
        if self.silu {
            gradient = (gradient * silu::reference_slope(&shifted(&h, affine)?)?)?;
        }
        let of_weight = (&gradient * &h)?.sum((0, 2))?;
        let of_bias = gradient.sum((0, 2))?;
        let weight = affine.get(0)?.reshape((1, (), 1))?;
        let grouped = |x: &Tensor| x.reshape((x.dim(0)?, self.over.groups(), ()));
        let (weighted, h) = (grouped(&gradient.broadcast_mul(&weight)?)?, grouped(&h)?);
        let along = (&weighted * &h)?.mean_keepdim(2)?;
        let of_x = weighted.broadcast_sub(&weighted.mean_keepdim(2)?)?;
        let of_x = (of_x - h.broadcast_mul(&along)?)?.broadcast_mul(&rate)?;
        Tensor::cat(&[&of_x.flatten_all()?, &of_weight, &of_bias], 0)
    }
}

fn shifted(h: &Tensor, affine: &Tensor) -> Result<Tensor> {
    let row = |index| affine.get(index)?.reshape((1, (), 1));
    h.broadcast_mul(&row(0)?)?.broadcast_add(&row(1)?)
}
