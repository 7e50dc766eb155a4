//! `y = w x / √(mean(x²) + eps)` over the last dimension (Zhang & Sennrich 2019, arXiv 1910.07467,
//! equation 4), the scale of a layer norm without its shift.
//!
//! With `h = x / √(mean(x²) + eps)`, `g` the gradient of `y` and means over the row,
//!
//! `dx = (w g − h mean(w g h)) / √(mean(x²) + eps)`, `dw = Σ g h`.

use candle::{CpuStorage, CustomOp2, CustomOp3, D, Layout, Result, Shape, Tensor, bail};

use crate::demand::{self, gradients_of};
use crate::lanes::sums_of;
use crate::tape::gradients_apart;
use crate::vector::widest_fn;
use crate::written::{TASK, Unwritten, written};

/// Divides the last dimension of `x`, `[.., width]`, by the root of its mean square, and scales it
/// by `weight`, `[width]`. f32 or f64, any strides; differentiable twice.
///
/// `eps` is added to the mean square; 1e-6 and 1e-5 are usual. Fails where the widths differ.
pub fn rms_norm(x: &Tensor, weight: &Tensor, eps: f64) -> Result<Tensor> {
    let width = x.dims().last().copied().unwrap_or(0);
    if width == 0 || weight.dims() != [width] {
        bail!(
            "rms_norm: x {:?} and weight {:?} do not fit; expected [.., width] and [width]",
            x.dims(),
            weight.dims()
        );
    }
    let norm = RmsNorm { eps };
    if demand::fast("rms_norm", &[x, weight])? {
        x.contiguous()?.apply_op2(&weight.contiguous()?, norm)
    } else {
        norm.reference(x, weight)
    }
}

#[derive(Clone, Copy)]
struct RmsNorm {
    eps: f64,
}

impl RmsNorm {
    fn reference(self, x: &Tensor, weight: &Tensor) -> Result<Tensor> {
        x.broadcast_mul(&self.rate(x)?)?.broadcast_mul(weight)
    }

    /// `1 / √(mean(x²) + eps)`, `[.., 1]`.
    fn rate(self, x: &Tensor) -> Result<Tensor> {
        x.sqr()?.mean_keepdim(D::Minus1)?.affine(1.0, self.eps)?.sqrt()?.recip()
    }

    /// [`Gradients`] in candle operations.
    fn reference_gradients(self, x: &Tensor, weight: &Tensor, gradient: &Tensor) -> Result<Tensor> {
        let rate = self.rate(x)?;
        let h = x.broadcast_mul(&rate)?;
        let weighted = gradient.broadcast_mul(weight)?;
        let along = (&weighted * &h)?.mean_keepdim(D::Minus1)?;
        let of_x = (weighted - h.broadcast_mul(&along)?)?.broadcast_mul(&rate)?;
        let of_weight = (gradient * h)?.reshape(((), weight.elem_count()))?.sum(0)?;
        Tensor::cat(&[&of_x.flatten_all()?, &of_weight], 0)
    }
}

impl CustomOp2 for RmsNorm {
    fn name(&self) -> &'static str {
        "rms-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let x = demand::values(self.name(), x, x_layout)?;
        let weight = demand::values(self.name(), weight, weight_layout)?;
        let task = TASK.div_ceil(weight.len()) * weight.len();
        let (y, _) = written(x.len(), task, 0, |index, y| {
            let rows = x[index * task..][..y.len()].chunks_exact(weight.len());
            rows.for_each(|x| normalise(self.eps, y, x, weight));
        });
        Ok((CpuStorage::F32(y), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let both = x.apply_op3(weight, &gradient.contiguous()?, Gradients(*self))?;
        gradients_of([x, weight], &both).map(Into::into)
    }
}

/// The gradient of `x` and then that of the weights.
struct Gradients(RmsNorm);

/// Parts at most of the rows whose sums over them are taken apart.
const PARTS: usize = 16;

impl CustomOp3 for Gradients {
    fn name(&self) -> &'static str {
        "rms-norm: gradients"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let x = demand::values(self.name(), x, x_layout)?;
        let weight = demand::values(self.name(), weight, weight_layout)?;
        let gradient = demand::values(self.name(), gradient, gradient_layout)?;
        let width = weight.len();
        let task = (x.len() / width).div_ceil(PARTS).max(TASK.div_ceil(width)) * width;
        let (mut out, sums) = written(x.len(), task, width, |index, out| {
            let mut of_weight = vec![0.0; width];
            let part = index * task..index * task + out.len();
            let rows = x[part.clone()].chunks_exact(width).zip(gradient[part].chunks_exact(width));
            rows.for_each(|(x, g)| differentiate(self.0.eps, out, x, weight, g, &mut of_weight));
            of_weight
        });
        let mut total = vec![0.0; width];
        for sums in sums {
            total.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
        }
        out.extend(total.into_iter().map(|total| total as f32));
        Ok((CpuStorage::F32(out), Shape::from(x.len() + width)))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        gradient: &Tensor,
        _: &Tensor,
        outer: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let function =
            |[x, weight, gradient]: &[Tensor; 3]| self.0.reference_gradients(x, weight, gradient);
        gradients_apart([x, weight, gradient], outer, function).map(Into::into)
    }
}

/// `1 / √(mean(x²) + eps)`.
#[inline(always)]
fn rate_of(x: &[f32], eps: f64) -> f32 {
    let [squares] = sums_of([x], |[x]| [x * x]);
    (1.0 / (squares / x.len() as f64 + eps).sqrt()) as f32
}

widest_fn! {
    /// One row.
    fn normalise(eps: f64, y: &mut Unwritten<'_>, x: &[f32], weight: &[f32]) = {
        let rate = rate_of(x, eps);
        y.write(x.iter().zip(weight).map(move |(x, w)| x * rate * w));
    }
}

widest_fn! {
    /// The gradient of one row; that of the weights is added to `of_weight`.
    fn differentiate(
        eps: f64,
        out: &mut Unwritten<'_>,
        x: &[f32],
        weight: &[f32],
        gradient: &[f32],
        of_weight: &mut [f64]
    ) = {
        let rate = rate_of(x, eps);
        for ((of_weight, x), g) in of_weight.iter_mut().zip(x).zip(gradient) {
            *of_weight += f64::from(g * (x * rate));
        }
        let [along] = sums_of([x, gradient, weight], |[x, g, w]| [g * w * (x * rate)]);
        let along = (along / x.len() as f64) as f32;
        let values = x.iter().zip(gradient).zip(weight);
        out.write(values.map(move |((x, g), w)| rate * (g * w - x * rate * along)));
    }
}

#[cfg(test)]
mod tests;
