//! `geglu(x) = a · b Φ(b)` and `swiglu(x) = a σ(a) · b`, where `a` is the first and `b` the second
//! half of the last dimension of `x` (Shazeer 2020, arXiv 2002.05202, equation 5, without the
//! products before; which half is the gate differs, as it does in the models that are around).
//!
//! One node each: halves taken on the tape would be two more, each with the gradient of all of `x`.

use candle::{CpuStorage, CustomOp1, CustomOp2, D, Layout, Result, Shape, Tensor, bail};

use crate::demand::{self, gradient_of};
use crate::exponential;
use crate::tape::gradients_apart;
use crate::vector::widest_fn;
use crate::written::{TASK, Unwritten, written};
use crate::{gelu_erf, silu};

/// `a · gelu_erf(b)` for `x`, `[.., 2 width]`, with `a` its first and `b` its second half, `[..,
/// width]`: the order of diffusers' `GEGLU`. f32 or f64, any strides; differentiable twice. Fails
/// where the last dimension has no halves.
pub fn geglu(x: &Tensor) -> Result<Tensor> {
    Gated::Geglu.apply(x)
}

/// `silu(a) · b` for `x`, `[.., 2 width]`, with `a` its first and `b` its second half, `[..,
/// width]`: gate and value of a Llama layer, side by side. f32 or f64, any strides; differentiable
/// twice. Fails where the last dimension has no halves.
pub fn swiglu(x: &Tensor) -> Result<Tensor> {
    Gated::Swiglu.apply(x)
}

#[derive(Clone, Copy)]
enum Gated {
    Geglu,
    Swiglu,
}

impl Gated {
    fn apply(self, x: &Tensor) -> Result<Tensor> {
        let last = x.dims().last().copied().unwrap_or(0);
        if last == 0 || !last.is_multiple_of(2) {
            bail!(
                "{}: x {:?} has no two halves, expected [.., 2 width]; make the layer before it \
                 twice as wide as the output",
                self.name(),
                x.dims()
            );
        }
        if demand::fast(self.name(), &[x])? {
            x.contiguous()?.apply_op1(self)
        } else {
            self.reference(x)
        }
    }

    fn reference(self, x: &Tensor) -> Result<Tensor> {
        let [a, b] = halves(x)?;
        match self {
            Self::Geglu => a * gelu_erf::reference(&b)?,
            Self::Swiglu => silu::reference(&a)? * b,
        }
    }

    /// [`Gradient`] in candle operations.
    fn reference_gradient(self, x: &Tensor, gradient: &Tensor) -> Result<Tensor> {
        let [a, b] = halves(x)?;
        let (of_a, of_b) = match self {
            Self::Geglu => (gelu_erf::reference(&b)?, (a * gelu_erf::reference_slope(&b)?)?),
            Self::Swiglu => ((silu::reference_slope(&a)? * b)?, silu::reference(&a)?),
        };
        Tensor::cat(&[(gradient * of_a)?, (gradient * of_b)?], D::Minus1)
    }
}

fn halves(x: &Tensor) -> Result<[Tensor; 2]> {
    let width = x.dim(D::Minus1)? / 2;
    Ok([x.narrow(D::Minus1, 0, width)?, x.narrow(D::Minus1, width, width)?])
}

impl CustomOp1 for Gated {
    fn name(&self) -> &'static str {
        match self {
            Self::Geglu => "geglu",
            Self::Swiglu => "swiglu",
        }
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = demand::values(self.name(), storage, layout)?;
        let mut dims = layout.dims().to_vec();
        let width = dims[dims.len() - 1] / 2;
        *dims.last_mut().expect("not a scalar") = width;
        let row = match self {
            Self::Geglu => geglu_row,
            Self::Swiglu => swiglu_row,
        };
        let task = TASK.div_ceil(width) * width;
        let (y, _) = written(x.len() / 2, task, 0, |index, y| {
            let rows = x[2 * index * task..][..2 * y.len()].chunks_exact(2 * width);
            rows.for_each(|x| row(y, x.split_at(width)));
        });
        Ok((CpuStorage::F32(y), Shape::from(dims)))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        gradient_of(x, || x.apply_op2(&gradient.contiguous()?, Gradient(*self)))
    }
}

widest_fn! {
    /// One row, from its halves.
    fn geglu_row(y: &mut Unwritten<'_>, halves: (&[f32], &[f32])) = {
        y.write(halves.0.iter().zip(halves.1).map(|(a, b)| a * exponential::gelu_erf(*b)));
    }
}

widest_fn! {
    /// One row, from its halves.
    fn swiglu_row(y: &mut Unwritten<'_>, halves: (&[f32], &[f32])) = {
        y.write(halves.0.iter().zip(halves.1).map(|(a, b)| exponential::silu(*a) * b));
    }
}

/// The gradient of `x` from that of the output: of both halves, row by row.
struct Gradient(Gated);

impl CustomOp2 for Gradient {
    fn name(&self) -> &'static str {
        match self.0 {
            Gated::Geglu => "geglu: gradient",
            Gated::Swiglu => "swiglu: gradient",
        }
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let x = demand::values(self.name(), x, x_layout)?;
        let gradient = demand::values(self.name(), gradient, gradient_layout)?;
        let width = gradient_layout.shape().dim(D::Minus1)?;
        let row = match self.0 {
            Gated::Geglu => geglu_gradient_row,
            Gated::Swiglu => swiglu_gradient_row,
        };
        let task = TASK.div_ceil(2 * width) * width;
        let (out, _) = written(x.len(), 2 * task, 0, |index, out| {
            let (first, count) = (index * task, out.len() / 2);
            let rows = x[2 * first..][..2 * count].chunks_exact(2 * width);
            let rows = rows.zip(gradient[first..][..count].chunks_exact(width));
            rows.for_each(|(x, gradient)| row(out, x.split_at(width), gradient));
        });
        Ok((CpuStorage::F32(out), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        gradient: &Tensor,
        _: &Tensor,
        outer: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let function = |[x, gradient]: &[Tensor; 2]| self.0.reference_gradient(x, gradient);
        gradients_apart([x, gradient], outer, function).map(Into::into)
    }
}

widest_fn! {
    /// The gradients of both halves of one row.
    fn geglu_gradient_row(out: &mut Unwritten<'_>, halves: (&[f32], &[f32]), gradient: &[f32]) = {
        let values = halves.0.iter().zip(halves.1).zip(gradient);
        out.write_apart(values.map(|((a, b), g)| [g * exponential::gelu_erf(*b), g * a * exponential::gelu_erf_slope(*b)]));
    }
}

widest_fn! {
    /// The gradients of both halves of one row.
    fn swiglu_gradient_row(out: &mut Unwritten<'_>, halves: (&[f32], &[f32]), gradient: &[f32]) = {
        let values = halves.0.iter().zip(halves.1).zip(gradient);
        out.write_apart(values.map(|((a, b), g)| [g * b * exponential::silu_slope(*a), g * exponential::silu(*a)]));
    }
}

#[cfg(test)]
mod tests;
