//! `relu(x) = max(x, 0)`, and its leaky form. At 0 the slope is that of the left side, as in
//! PyTorch; candle's is 1 there, which units that start at 0 would notice.

use candle::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};

use crate::demand::{self, gradient_of};
use crate::elementwise::{map, map2};

/// `x` where it is positive, else 0; f32 or f64, any shape. Differentiable to every order.
pub fn relu(x: &Tensor) -> Result<Tensor> {
    leaky_relu(x, 0.0)
}

/// `x` where it is positive, else `slope · x`; f32 or f64, any shape. Differentiable to every
/// order.
pub fn leaky_relu(x: &Tensor, slope: f64) -> Result<Tensor> {
    if demand::fast("leaky_relu", &[x])? {
        x.contiguous()?.apply_op1(LeakyRelu(slope as f32))
    } else {
        reference(x, slope)
    }
}

fn reference(x: &Tensor, slope: f64) -> Result<Tensor> {
    x.gt(0.0)?.where_cond(x, &x.affine(slope, 0.0)?)
}

/// `x` where it is positive, else `slope · x`, and 0 for a slope of 0 even where `x` is infinite.
#[inline(always)]
pub(crate) fn leaky(x: f32, slope: f32) -> f32 {
    // Computed either way, so that there is no branch. Not `max`, which would turn NaN into 0.
    let low = if slope == 0.0 { 0.0 } else { slope * x };
    if x <= 0.0 { low } else { x }
}

struct LeakyRelu(f32);

impl CustomOp1 for LeakyRelu {
    fn name(&self) -> &'static str {
        "leaky_relu"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let slope = self.0;
        map(self.name(), (storage, layout), move |x| leaky(x, slope))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        gradient_of(x, || gate(x, gradient, self.0))
    }
}

/// `gradient` where `x` is positive, else `slope · gradient`. The result is constant in `x`, which
/// is therefore detached: a tracked argument must get a gradient. For a slope that is not negative
/// the result of `leaky_relu` serves as `x`.
pub(crate) fn gate(x: &Tensor, gradient: &Tensor, slope: f32) -> Result<Tensor> {
    x.detach().apply_op2(&gradient.contiguous()?, Gate(slope))
}

struct Gate(f32);

impl CustomOp2 for Gate {
    fn name(&self) -> &'static str {
        "leaky_relu: gradient"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let slope = self.0;
        map2(self.name(), (x, x_layout), (gradient, gradient_layout), move |x, gradient| {
            let low = slope * gradient;
            if x > 0.0 { gradient } else { low }
        })
    }

    fn bwd(
        &self,
        x: &Tensor,
        gradient: &Tensor,
        _: &Tensor,
        outer: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        Ok((None, gradient_of(gradient, || gate(x, outer, self.0))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{agrees, gradients, normals};

    #[test]
    fn leaky_relu_agrees_with_its_reference() -> Result<()> {
        let x = normals("x", &[3, 7, 5])?;
        for slope in [0.0, 0.2] {
            let slow = |x: &[Tensor]| reference(&x[0], slope);
            agrees(|x| leaky_relu(&x[0], slope), slow, std::slice::from_ref(&x), 1e-6)?;
            // Away from the kink.
            let x = (&x + x.sign()?)?;
            gradients(1e-3, std::slice::from_ref(&x), |x| leaky_relu(&x[0], slope))?;
            let gradient = normals("gradient", x.dims())?;
            gradients(1e-3, &[gradient], |g| gate(&x, &g[0], slope as f32))?;
        }
        Ok(())
    }

    #[test]
    fn at_zero_the_slope_is_that_of_the_left() -> Result<()> {
        for slope in [0.0, 0.5] {
            let x = candle::Var::new(&[-1f32, 0.0, -0.0, 1.0], &candle::Device::Cpu)?;
            let store = leaky_relu(&x, slope)?.sum_all()?.backward()?;
            let slopes = store.get(&x).expect("tracked").to_vec1::<f32>()?;
            assert_eq!(slopes, [slope as f32, slope as f32, slope as f32, 1.0]);
        }
        Ok(())
    }

    #[test]
    fn not_a_number_stays_visible() -> Result<()> {
        let x = Tensor::new(&[f32::NAN, f32::NEG_INFINITY], &candle::Device::Cpu)?;
        let y = relu(&x)?.to_vec1::<f32>()?;
        assert!(y[0].is_nan());
        assert_eq!(y[1], 0.0);
        Ok(())
    }
}
