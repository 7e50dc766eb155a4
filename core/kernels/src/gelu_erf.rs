//! `gelu_erf(x) = x Φ(x) = x/2 · (1 + erf(x / √2))`, the exact form of Hendrycks & Gimpel 2016, arXiv
//! 1606.08415.

use candle::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};

use crate::demand::{self, gradient_of};
use crate::elementwise::{map, map2};
use crate::exponential;

const ROOT_HALF: f64 = std::f64::consts::FRAC_1_SQRT_2;
const DENSITY: f64 = 0.398_942_280_401_432_7; // 1 / √(2π)

/// `x Φ(x)` for every element, with `Φ` the standard normal distribution function; f32 or f64, any
/// shape. Keeps its digits at the left, where `1 + erf` would lose them. Differentiable twice.
pub fn gelu_erf(x: &Tensor) -> Result<Tensor> {
    if demand::fast("gelu_erf", &[x])? { x.contiguous()?.apply_op1(GeluErf) } else { reference(x) }
}

pub(crate) fn reference(x: &Tensor) -> Result<Tensor> {
    x * below(x)?
}

/// `Φ(x)`.
fn below(x: &Tensor) -> Result<Tensor> {
    x.affine(ROOT_HALF, 0.0)?.erf()?.affine(0.5, 0.5)
}

/// The slope in candle operations, `Φ(x) + x φ(x)` with `φ` the density.
pub(crate) fn reference_slope(x: &Tensor) -> Result<Tensor> {
    below(x)? + (x * density(x)?)?
}

/// `φ(x) = e^(-x²/2) / √(2π)`.
fn density(x: &Tensor) -> Result<Tensor> {
    x.sqr()?.affine(-0.5, 0.0)?.exp()?.affine(DENSITY, 0.0)
}

struct GeluErf;

impl CustomOp1 for GeluErf {
    fn name(&self) -> &'static str {
        "gelu-erf"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        map(self.name(), (storage, layout), exponential::gelu_erf)
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        gradient_of(x, || x.apply_op2(&gradient.contiguous()?, Slope))
    }
}

/// `gradient · gelu_erf'(x)`.
struct Slope;

impl CustomOp2 for Slope {
    fn name(&self) -> &'static str {
        "gelu-erf: gradient"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        map2(self.name(), (x, x_layout), (gradient, gradient_layout), |x, gradient| {
            gradient * exponential::gelu_erf_slope(x)
        })
    }

    fn bwd(
        &self,
        x: &Tensor,
        gradient: &Tensor,
        _: &Tensor,
        outer: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        // Beyond 20 nothing bends any more, and x² might overflow.
        let bounded = x.clamp(-20.0, 20.0)?;
        let slope = || outer * reference_slope(&bounded)?;
        // gelu_erf'' = φ(x) (2 − x²)
        let bend =
            || (outer * gradient)? * (density(&bounded)? * bounded.sqr()?.affine(-1.0, 2.0)?)?;
        Ok((gradient_of(x, bend)?, gradient_of(gradient, slope)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{agrees, gradients, normals};
    use candle::{Device, Var};

    #[test]
    fn gelu_erf_agrees_with_its_reference_to_the_second_order() -> Result<()> {
        let x = normals("x", &[3, 7, 5])?.affine(2.0, 0.0)?;
        agrees(|x| gelu_erf(&x[0]), |x| reference(&x[0]), std::slice::from_ref(&x), 1e-6)?;
        gradients(2e-3, std::slice::from_ref(&x), |x| gelu_erf(&x[0]))?;
        let gradient = normals("gradient", x.dims())?;
        let inputs = [x, gradient];
        let fast = |x: &[Tensor]| x[0].contiguous()?.apply_op2(&x[1].contiguous()?, Slope);
        agrees(fast, |x| &x[1] * reference_slope(&x[0])?, &inputs, 1e-5)?;
        gradients(2e-3, &inputs, fast)
    }

    #[test]
    fn known_values_hold_far_to_the_left_too() -> Result<()> {
        // x Φ(x), from a table of the normal distribution
        let known = [(1f32, 0.841_344_8f32), (-1.0, -0.158_655_25), (-6.0, -5.919_526e-9)];
        for (x, expected) in known {
            let found = gelu_erf(&Tensor::new(x, &Device::Cpu)?)?.to_scalar::<f32>()?;
            assert!((found / expected - 1.0).abs() < 1e-6, "{x}: {found}");
        }
        Ok(())
    }

    #[test]
    fn large_inputs_have_the_slope_of_a_ramp_and_not_a_number_stays_visible() -> Result<()> {
        let x = Var::new(&[f32::NEG_INFINITY, -1e30, -200.0, 0.0, 200.0, 1e30], &Device::Cpu)?;
        let y = gelu_erf(&x)?;
        assert!(y.narrow(0, 0, 3)?.abs()?.max_all()?.to_scalar::<f32>()? < 1e-35);
        assert_eq!(y.to_vec1::<f32>()?[3..], [0.0, 200.0, 1e30]);
        let slope = y.backward()?.get(&x).expect("tracked").to_vec1::<f32>()?;
        assert!(slope[..3].iter().all(|slope| slope.abs() < 1e-35), "{slope:?}");
        assert_eq!(slope[3..], [0.5, 1.0, 1.0]);
        assert!(gelu_erf(&Tensor::new(f32::NAN, &Device::Cpu)?)?.to_scalar::<f32>()?.is_nan());
        Ok(())
    }
}
