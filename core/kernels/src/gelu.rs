//! `gelu(x) = x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))`, the tanh form of Hendrycks & Gimpel
//! 2016, arXiv 1606.08415; at most 5e-4 from the exact `x Φ(x)`.

use candle::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};

use crate::demand::{self, gradient_of};
use crate::elementwise::{map, map2};
use crate::exponential;

const SCALE: f64 = 0.797_884_560_802_865_4; // √(2/π)
const CUBIC: f64 = 0.044_715;

/// The tanh form for every element; f32 or f64, any shape. Differentiable twice.
pub fn gelu(x: &Tensor) -> Result<Tensor> {
    if demand::fast("gelu", &[x])? { x.contiguous()?.apply_op1(Gelu) } else { reference(x) }
}

fn reference(x: &Tensor) -> Result<Tensor> {
    x.affine(0.5, 0.0)? * inner(x)?.tanh()?.affine(1.0, 1.0)?
}

/// `√(2/π) (x + 0.044715 x³)`.
fn inner(x: &Tensor) -> Result<Tensor> {
    x * x.sqr()?.affine(SCALE * CUBIC, SCALE)?
}

struct Gelu;

impl CustomOp1 for Gelu {
    fn name(&self) -> &'static str {
        "gelu"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (scale, cubic) = (SCALE as f32, CUBIC as f32);
        map(self.name(), (storage, layout), move |x| {
            // x/2 (1 + tanh u) = x σ(2u), without the cancellation at the left
            x * exponential::sigmoid(2.0 * scale * x * (1.0 + cubic * x * x))
        })
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        gradient_of(x, || x.apply_op2(&gradient.contiguous()?, Slope))
    }
}

/// `gradient · gelu'(x)`, `gelu' = (1 + t)/2 + x/2 (1 − t²) u'` where `t = tanh u`.
struct Slope;

impl CustomOp2 for Slope {
    fn name(&self) -> &'static str {
        "gelu: gradient"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (scale, cubic) = (SCALE as f32, CUBIC as f32);
        map2(self.name(), (x, x_layout), (gradient, gradient_layout), move |x, gradient| {
            // Beyond 10 the slope is 0 or 1 to the last bit, and u' would overflow.
            let x = x.clamp(-10.0, 10.0);
            let t = exponential::tanh(scale * x * (1.0 + cubic * x * x));
            let u_slope = scale * (1.0 + 3.0 * cubic * x * x);
            gradient * 0.5 * ((1.0 + t) + x * (1.0 - t * t) * u_slope)
        })
    }

    fn bwd(
        &self,
        x: &Tensor,
        gradient: &Tensor,
        _: &Tensor,
        outer: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let x_bounded = x.clamp(-10.0, 10.0)?;
        let t = inner(&x_bounded)?.tanh()?;
        let rest = t.sqr()?.affine(-1.0, 1.0)?; // 1 − t²
        let u_slope = x_bounded.sqr()?.affine(3.0 * SCALE * CUBIC, SCALE)?;
        let u_bend = x_bounded.affine(6.0 * SCALE * CUBIC, 0.0)?;
        let t_slope = (&rest * &u_slope)?;
        let t_bend = ((&rest * u_bend)? - (&t * (&t_slope * &u_slope)?)?.affine(2.0, 0.0)?)?;
        let slope = (t.affine(0.5, 0.5)? + (&x_bounded * &t_slope)?.affine(0.5, 0.0)?)?;
        let bend = (t_slope + (&x_bounded * t_bend)?.affine(0.5, 0.0)?)?;
        Ok((
            gradient_of(x, || (outer * gradient)? * bend)?,
            gradient_of(gradient, || outer * slope)?,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{agrees, gradients, normals};

    #[test]
    fn gelu_agrees_with_its_reference_to_the_second_order() -> Result<()> {
        let x = normals("x", &[3, 7, 5])?.affine(2.0, 0.0)?;
        agrees(|x| gelu(&x[0]), |x| reference(&x[0]), std::slice::from_ref(&x), 2e-6)?;
        gradients(2e-3, std::slice::from_ref(&x), |x| gelu(&x[0]))?;
        let gradient = normals("gradient", x.dims())?;
        gradients(2e-3, &[x, gradient], |x| x[0].apply_op2(&x[1], Slope))
    }

    #[test]
    fn large_inputs_have_the_slope_of_a_ramp() -> Result<()> {
        let x = candle::Var::new(&[-1e30f32, -200.0, 0.0, 200.0, 1e30], &candle::Device::Cpu)?;
        let y = gelu(&x)?;
        assert_eq!(y.to_vec1::<f32>()?[2..], [0.0, 200.0, 1e30]);
        let slope = y.sum_all()?.backward()?;
        let slope = slope.get(&x).expect("tracked").to_vec1::<f32>()?;
        assert_eq!(slope, [0.0, 0.0, 0.5, 1.0, 1.0]);
        Ok(())
    }
}
