//! `softplus(x) = log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)`; the second form overflows for no
//! `x`. Its slope is `σ(x)`, so `softplus(x) − t x` is the cross-entropy of a logit `x` against a
//! target `t` of 0 to 1.

use candle::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

use crate::demand::{self, gradient_of};
use crate::elementwise::map;
use crate::sigmoid::sigmoid;

/// `log(1 + e^x)` for every element; f32 or f64, any shape. Differentiable to every order.
pub fn softplus(x: &Tensor) -> Result<Tensor> {
    if demand::fast("softplus", &[x])? { x.contiguous()?.apply_op1(Softplus) } else { reference(x) }
}

pub(crate) fn reference(x: &Tensor) -> Result<Tensor> {
    // The two halves meet at 0, where candle's slopes of max and |x| do not.
    let positive = x.gt(0.0)?.where_cond(x, &x.zeros_like()?)?;
    let magnitude = x.gt(0.0)?.where_cond(x, &x.neg()?)?;
    positive + magnitude.neg()?.exp()?.affine(1.0, 1.0)?.log()?
}

struct Softplus;

impl CustomOp1 for Softplus {
    fn name(&self) -> &'static str {
        "softplus"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        map(self.name(), (storage, layout), |x| {
            (if x <= 0.0 { 0.0 } else { x }) + (-x.abs()).exp().ln_1p()
        })
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        gradient_of(x, || gradient * sigmoid(x)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{agrees, gradients, normals};

    #[test]
    fn softplus_agrees_with_its_reference() -> Result<()> {
        let x = normals("x", &[3, 7, 5])?.affine(3.0, 0.0)?;
        agrees(|x| softplus(&x[0]), |x| reference(&x[0]), std::slice::from_ref(&x), 1e-6)?;
        gradients(2e-3, &[x], |x| softplus(&x[0]))
    }

    #[test]
    fn it_is_finite_for_any_input_and_right_at_known_ones() -> Result<()> {
        let values = [-1e30f32, -200.0, -20.0, 0.0, 200.0, 1e30];
        let x = candle::Var::new(&values, &candle::Device::Cpu)?;
        let y = softplus(&x)?;
        let found = y.to_vec1::<f32>()?;
        assert_eq!(found[..2], [0.0, 0.0]);
        assert!((found[2] - 2.061_153_6e-9).abs() < 1e-15);
        assert_eq!(found[3], std::f32::consts::LN_2);
        assert_eq!(found[4..], [200.0, 1e30]);
        let store = y.sum_all()?.backward()?;
        let slopes = store.get(&x).expect("tracked").to_vec1::<f32>()?;
        assert_eq!(slopes[3..], [0.5, 1.0, 1.0]);
        Ok(())
    }
}
