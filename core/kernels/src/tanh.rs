//! `tanh(x) = (e^x − e^-x) / (e^x + e^-x)`.

use candle::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};

use crate::demand::{self, gradient_of};
use crate::elementwise::{map, map2};
use crate::exponential;

/// `tanh x` for every element; f32 or f64, any shape. Differentiable to every order.
pub fn tanh(x: &Tensor) -> Result<Tensor> {
    if demand::fast("tanh", &[x])? { x.contiguous()?.apply_op1(Tanh) } else { x.tanh() }
}

struct Tanh;

impl CustomOp1 for Tanh {
    fn name(&self) -> &'static str {
        "tanh"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        map(self.name(), (storage, layout), exponential::tanh)
    }

    fn bwd(&self, x: &Tensor, y: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        gradient_of(x, || slope(y, gradient))
    }
}

/// `gradient · (1 − y²)`; `y` is the result of the function.
pub(crate) fn slope(y: &Tensor, gradient: &Tensor) -> Result<Tensor> {
    y.apply_op2(&gradient.contiguous()?, Slope)
}

struct Slope;

impl CustomOp2 for Slope {
    fn name(&self) -> &'static str {
        "tanh: gradient"
    }

    fn cpu_fwd(
        &self,
        y: &CpuStorage,
        y_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        map2(self.name(), (y, y_layout), (gradient, gradient_layout), |y, gradient| {
            gradient * (1.0 - y * y)
        })
    }

    fn bwd(
        &self,
        y: &Tensor,
        gradient: &Tensor,
        _: &Tensor,
        outer: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        Ok((
            gradient_of(y, || ((outer * gradient)? * y)?.affine(-2.0, 0.0))?,
            gradient_of(gradient, || outer * y.sqr()?.affine(-1.0, 1.0)?)?,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{agrees, gradients, normals};

    #[test]
    fn tanh_agrees_with_candle_to_the_second_order() -> Result<()> {
        let x = normals("x", &[3, 7, 5])?.affine(2.0, 0.0)?;
        agrees(|x| tanh(&x[0]), |x| x[0].tanh(), std::slice::from_ref(&x), 1e-6)?;
        gradients(2e-3, std::slice::from_ref(&x), |x| tanh(&x[0]))?;
        let gradient = normals("gradient", x.dims())?;
        gradients(2e-3, &[x, gradient], |x| x[0].apply_op2(&x[1], Slope))
    }
}
