//! `y[b, c, ..] = x[b, c, ..] + shift[b, c]`: what a time or a label adds to the channels of an item.

use candle::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};

use crate::demand::{self, gradient_of};
use crate::sum_keepdim;
use crate::vector::widest;
use crate::written::{TASK, written};

/// Adds `shift`, `[batch, channels]`, to every value of its channel of `x`, `[batch, channels,
/// ..]`. f32 or f64, any strides; differentiable to every order. Fails where shapes do not fit.
pub fn shift_channels(x: &Tensor, shift: &Tensor) -> Result<Tensor> {
    if x.rank() < 2 || shift.dims() != &x.dims()[..2] {
        bail!(
            "shift_channels: x {:?} and shift {:?} do not fit; expected [batch, channels, ..] and \
             [batch, channels]",
            x.dims(),
            shift.dims()
        );
    }
    if demand::fast("shift_channels", &[x, shift])? {
        x.contiguous()?.apply_op2(&shift.contiguous()?, Shifted)
    } else {
        reference(x, shift)
    }
}

fn reference(x: &Tensor, shift: &Tensor) -> Result<Tensor> {
    let mut dims = vec![1; x.rank()];
    dims[..2].copy_from_slice(shift.dims());
    x.broadcast_add(&shift.reshape(dims)?)
}

struct Shifted;

impl CustomOp2 for Shifted {
    fn name(&self) -> &'static str {
        "shift_channels"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        shift: &CpuStorage,
        shift_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let x = demand::values(self.name(), x, x_layout)?;
        let shift = demand::values(self.name(), shift, shift_layout)?;
        let size = x.len() / shift.len().max(1);
        let task = TASK.div_ceil(size.max(1)); // channels
        let (y, _) = written(x.len(), task * size, 0, |index, out| {
            let (first, count) = (index * task, out.len() / size);
            let channels = x[first * size..].chunks_exact(size).zip(&shift[first..]).take(count);
            for (x, &shift) in channels {
                widest(|| out.write(x.iter().map(move |x| x + shift)));
            }
        });
        Ok((CpuStorage::F32(y), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        shift: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let of_shift = || -> Result<Tensor> {
            let (batch, channels) = shift.dims2()?;
            sum_keepdim(&gradient.reshape((batch, channels, ()))?, 2)?.squeeze(2)
        };
        Ok((gradient_of(x, || Ok(gradient.clone()))?, gradient_of(shift, of_shift)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{agrees, gradients, normals};

    #[test]
    fn shifted_channels_agree_with_their_reference() -> Result<()> {
        for dims in [vec![3, 2, 5, 7], vec![2, 3], vec![1, 4, 2100]] {
            let inputs = [normals("x", &dims)?, normals("shift", &dims[..2])?];
            let fast = |x: &[Tensor]| shift_channels(&x[0], &x[1]);
            agrees(fast, |x| reference(&x[0], &x[1]), &inputs, 1e-5)?;
        }
        let inputs = [normals("x", &[2, 3, 5])?, normals("shift", &[2, 3])?];
        gradients(1e-3, &inputs, |x| shift_channels(&x[0], &x[1]))
    }

    #[test]
    fn a_shift_of_other_channels_is_refused() -> Result<()> {
        let error = shift_channels(&normals("x", &[2, 3, 5])?, &normals("shift", &[2, 5])?);
        assert!(error.expect_err("5 is not 3").to_string().contains("shift [2, 5]"));
        Ok(())
    }
}
