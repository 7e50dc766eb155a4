//! `y[b, c, ..] = f(scale[b, c] · x[b, c, ..] + bias[c])`: every channel of every item by a factor
//! of its own, as modulation by a style needs it (Karras et al. 2020, arXiv 1912.04958).
//!
//! The product is linear in both operands: its derivatives are itself and the dot products `Σ a[b,
//! c, ..] b[b, c, ..]`, whose derivatives are the product again. So gradients of any order stay
//! here.

use candle::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use crate::channel_sum::channel_sum;
use crate::demand::{self, gradient_of};
use crate::epilogue::Epilogue;
use crate::lanes::sums_of;
use crate::vector::{widest, widest_fn};
use crate::written::{TASK, written};

/// Scales `x`, `[batch, channels, ..]`, by `scale`, `[batch, channels]`, adds `bias`, `[channels]`,
/// and applies `epilogue`. f32 or f64, any strides; differentiable to every order. Fails where
/// shapes do not fit.
pub fn scale_channels(
    x: &Tensor,
    scale: &Tensor,
    bias: Option<&Tensor>,
    epilogue: Epilogue,
) -> Result<Tensor> {
    let fits = x.rank() >= 2
        && scale.dims() == &x.dims()[..2]
        && bias.is_none_or(|bias| bias.dims() == &x.dims()[1..2]);
    if !fits {
        bail!(
            "scale_channels: x {:?}, scale {:?} and bias {:?} do not fit; expected [batch, \
             channels, ..], [batch, channels], [channels]",
            x.dims(),
            scale.dims(),
            bias.map(Tensor::dims)
        );
    }
    if !demand::fast_with("scale_channels", &[x, scale], bias)? {
        return epilogue.forward(&reference(x, scale, bias)?);
    }
    let (x, scale) = (x.contiguous()?, scale.contiguous()?);
    match bias {
        None => x.apply_op2(&scale, Scaled(epilogue)),
        Some(bias) => x.apply_op3(&scale, &bias.contiguous()?, Scaled(epilogue)),
    }
}

fn reference(x: &Tensor, scale: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let (batch, channels) = scale.dims2()?;
    let flat = x.reshape((batch, channels, ()))?;
    let mut y = flat.broadcast_mul(&scale.unsqueeze(2)?)?;
    if let Some(bias) = bias {
        y = y.broadcast_add(&bias.reshape((1, channels, 1))?)?;
    }
    y.reshape(x.shape())
}

struct Scaled(Epilogue);

impl Scaled {
    fn forward(
        &self,
        x: (&CpuStorage, &Layout),
        scale: (&CpuStorage, &Layout),
        bias: Option<&[f32]>,
    ) -> Result<(CpuStorage, Shape)> {
        let values = demand::values("scale_channels", x.0, x.1)?;
        let scale = demand::values("scale_channels", scale.0, scale.1)?;
        let size = values.len() / scale.len().max(1);
        let channels_of_item = x.1.dims()[1];
        let task = TASK.div_ceil(size.max(1)); // channels
        let (y, _) = written(values.len(), task * size, 0, |index, out| {
            let (first, count) = (index * task, out.len() / size);
            let channels = values[first * size..].chunks_exact(size).zip(&scale[first..]);
            for (place, (x, &scale)) in channels.take(count).enumerate() {
                let bias = bias.map_or(0.0, |bias| bias[(first + place) % channels_of_item]);
                self.0.apply(widest(|| out.write(x.iter().map(move |x| x * scale + bias))));
            }
        });
        Ok((CpuStorage::F32(y), x.1.shape().clone()))
    }

    /// `gradient` is that before the epilogue.
    fn gradients(
        x: &Tensor,
        scale: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        Ok((
            gradient_of(x, || gradient.contiguous()?.apply_op2(scale, Scaled(Epilogue::Identity)))?,
            gradient_of(scale, || gradient.contiguous()?.apply_op2(x, Dots))?,
        ))
    }
}

widest_fn! {
    fn dot(a: &[f32], b: &[f32]) -> f64 = sums_of([a, b], |[a, b]| [a * b])[0]
}

impl CustomOp2 for Scaled {
    fn name(&self) -> &'static str {
        "scale_channels"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        scale: &CpuStorage,
        scale_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.forward((x, x_layout), (scale, scale_layout), None)
    }

    fn bwd(
        &self,
        x: &Tensor,
        scale: &Tensor,
        y: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        Self::gradients(x, scale, &self.0.gradient(y, gradient)?)
    }
}

impl CustomOp3 for Scaled {
    fn name(&self) -> &'static str {
        "scale_channels"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        scale: &CpuStorage,
        scale_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let bias = demand::values("scale_channels", bias, bias_layout)?;
        self.forward((x, x_layout), (scale, scale_layout), Some(bias))
    }

    fn bwd(
        &self,
        x: &Tensor,
        scale: &Tensor,
        bias: &Tensor,
        y: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let gradient = self.0.gradient(y, gradient)?;
        let (of_x, of_scale) = Self::gradients(x, scale, &gradient)?;
        Ok((of_x, of_scale, gradient_of(bias, || channel_sum(&gradient))?))
    }
}

/// `Σ a[b, c, ..] b[b, c, ..]` over all but the first two dimensions, `[batch, channels]`.
struct Dots;

impl CustomOp2 for Dots {
    fn name(&self) -> &'static str {
        "scale_channels: gradient of scale"
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (a, b) =
            (demand::values(self.name(), a, a_layout)?, demand::values(self.name(), b, b_layout)?);
        let (batch, channels) = (a_layout.dims()[0], a_layout.dims()[1]);
        let size = a.len() / (batch * channels).max(1);
        let mut dots = vec![0.0; batch * channels];
        if size > 0 {
            let pairs = a.par_chunks_exact(size).zip(b.par_chunks_exact(size));
            let tasks = dots.par_iter_mut().zip(pairs).with_min_len(TASK.div_ceil(size));
            tasks.for_each(|(out, (a, b))| *out = dot(a, b) as f32);
        }
        Ok((CpuStorage::F32(dots), Shape::from((batch, channels))))
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let scaled = |x: &Tensor| x.apply_op2(&gradient, Scaled(Epilogue::Identity));
        Ok((gradient_of(a, || scaled(b))?, gradient_of(b, || scaled(a))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{agrees, gradients, normals};
    use crate::epilogue;

    #[test]
    fn scaled_channels_agree_with_their_reference() -> Result<()> {
        for dims in [vec![3, 2, 5, 7], vec![2, 3], vec![1, 4, 2100]] {
            let inputs = [
                normals("x", &dims)?,
                normals("scale", &dims[..2])?,
                normals("bias", &dims[1..2])?,
            ];
            for epilogue in epilogue::tests::ALL {
                let fast = |x: &[Tensor]| scale_channels(&x[0], &x[1], x.get(2), epilogue);
                let slow = |x: &[Tensor]| epilogue.forward(&reference(&x[0], &x[1], x.get(2))?);
                agrees(fast, slow, &inputs, 1e-5)?;
                agrees(fast, slow, &inputs[..2], 1e-5)?;
            }
        }
        Ok(())
    }

    #[test]
    fn product_and_dots_have_the_gradient_of_their_differences() -> Result<()> {
        let [a, b] = [normals("a", &[2, 3, 5])?, normals("b", &[2, 3, 5])?];
        let scaled = |x: &[Tensor]| x[0].apply_op2(&x[1], Scaled(Epilogue::Identity));
        gradients(1e-3, &[a.clone(), normals("scale", &[2, 3])?], scaled)?;
        gradients(2e-3, &[a, b], |x| x[0].apply_op2(&x[1], Dots))
    }

    #[test]
    fn a_scale_of_other_channels_is_refused() -> Result<()> {
        let (x, scale) = (normals("x", &[2, 3, 5])?, normals("scale", &[2, 5])?);
        let error = scale_channels(&x, &scale, None, Epilogue::Identity);
        assert!(error.expect_err("5 is not 3").to_string().contains("scale [2, 5]"));
        Ok(())
    }
}
