//! `silu(x) = x · σ(x)`, also called swish (Elfwing et al. 2017, arXiv 1702.03118).

use candle::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};

use crate::demand::{self, gradient_of};
use crate::elementwise::{map, map2};
use crate::exponential;
use crate::sigmoid::reference as sigmoid;

/// `x · σ(x)` for every element; f32 or f64, any shape. Differentiable twice.
pub fn silu(x: &Tensor) -> Result<Tensor> {
    if demand::fast("silu", &[x])? { x.contiguous()?.apply_op1(Silu) } else { reference(x) }
}

pub(crate) fn reference(x: &Tensor) -> Result<Tensor> {
    x * sigmoid(x)?
}

/// The slope in candle operations, `σ + x σ (1 − σ)`.
pub(crate) fn reference_slope(x: &Tensor) -> Result<Tensor> {
    let s = sigmoid(x)?;
    &s * (x * s.affine(-1.0, 1.0)?)?.affine(1.0, 1.0)?
}

struct Silu;

impl CustomOp1 for Silu {
    fn name(&self) -> &'static str {
        "silu"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        map(self.name(), (storage, layout), exponential::silu)
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        gradient_of(x, || x.apply_op2(&gradient.contiguous()?, Slope))
    }
}

/// `gradient · silu'(x)`.
struct Slope;

impl CustomOp2 for Slope {
    fn name(&self) -> &'static str {
        "silu: gradient"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        map2(self.name(), (x, x_layout), (gradient, gradient_layout), |x, gradient| {
            gradient * exponential::silu_slope(x)
        })
    }

    fn bwd(
        &self,
        x: &Tensor,
        gradient: &Tensor,
        _: &Tensor,
        outer: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        // silu'' = σ (1 − σ) (2 + x (1 − 2σ))
        let bend = || {
            let s = sigmoid(x)?;
            (&s * s.affine(-1.0, 1.0)?)? * (x * s.affine(-2.0, 1.0)?)?.affine(1.0, 2.0)?
        };
        Ok((
            gradient_of(x, || (outer * gradient)? * bend()?)?,
            gradient_of(gradient, || outer * reference_slope(x)?)?,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{agrees, gradients, normals};

    #[test]
    fn silu_agrees_with_its_reference_to_the_second_order() -> Result<()> {
        let x = normals("x", &[3, 7, 5])?.affine(3.0, 0.0)?;
        agrees(|x| silu(&x[0]), |x| reference(&x[0]), std::slice::from_ref(&x), 1e-6)?;
        gradients(2e-3, std::slice::from_ref(&x), |x| silu(&x[0]))?;
        let gradient = normals("gradient", x.dims())?;
        gradients(2e-3, &[x, gradient], |x| x[0].apply_op2(&x[1], Slope))
    }

    #[test]
    fn large_inputs_give_themselves_or_nothing() -> Result<()> {
        let x = Tensor::new(&[-1e30f32, -200.0, 0.0, 200.0], &candle::Device::Cpu)?;
        let y = silu(&x)?.to_vec1::<f32>()?;
        assert!(y[0].abs() < 1e-6 && y[1].abs() < 1e-6, "{y:?}");
        assert_eq!(y[2..], [0.0, 200.0]);
        Ok(())
    }
}
