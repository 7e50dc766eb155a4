//! `y = f(a + b)`: where a residual path joins, with the function that follows it.

use candle::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};

use crate::demand::{self, gradient_of};
use crate::epilogue::Epilogue;
use crate::vector::widest;
use crate::written::{TASK, written};

/// Adds two tensors of one shape and applies `epilogue`. f32 or f64, any strides; differentiable to
/// every order. Fails where the shapes differ.
pub fn add(a: &Tensor, b: &Tensor, epilogue: Epilogue) -> Result<Tensor> {
    if a.shape() != b.shape() {
        bail!("add: expected two tensors of one shape, found {:?} and {:?}", a.dims(), b.dims());
    }
    if demand::fast("add", &[a, b])? {
        a.contiguous()?.apply_op2(&b.contiguous()?, Add(epilogue))
    } else {
        epilogue.forward(&(a + b)?)
    }
}

struct Add(Epilogue);

impl CustomOp2 for Add {
    fn name(&self) -> &'static str {
        "add"
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let a = demand::values(self.name(), a, a_layout)?;
        let b = demand::values(self.name(), b, b_layout)?;
        let (y, _) = written(a.len(), TASK, 0, |index, out| {
            let part = index * TASK..index * TASK + out.len();
            let pairs = a[part.clone()].iter().zip(&b[part]);
            self.0.apply(widest(|| out.write(pairs.map(|(a, b)| a + b))));
        });
        Ok((CpuStorage::F32(y), a_layout.shape().clone()))
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        y: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = self.0.gradient(y, gradient)?;
        Ok((gradient_of(a, || Ok(gradient.clone()))?, gradient_of(b, || Ok(gradient.clone()))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{agrees, normals};
    use crate::epilogue;

    #[test]
    fn sums_agree_with_candle_whatever_follows() -> Result<()> {
        for dims in [vec![3, 2, 5], vec![40_001]] {
            let inputs = [normals("a", &dims)?, normals("b", &dims)?];
            for epilogue in epilogue::tests::ALL {
                let slow = |x: &[Tensor]| epilogue.forward(&(&x[0] + &x[1])?);
                agrees(|x| add(&x[0], &x[1], epilogue), slow, &inputs, 1e-6)?;
            }
        }
        Ok(())
    }

    #[test]
    fn a_tensor_twice_gets_both_gradients() -> Result<()> {
        let twice = |x: &[Tensor]| add(&x[0], &x[0], Epilogue::Tanh);
        agrees(twice, |x| x[0].affine(2.0, 0.0)?.tanh(), &[normals("x", &[7])?], 1e-6)
    }

    #[test]
    fn shapes_that_differ_are_refused() -> Result<()> {
        let error = add(&normals("a", &[2, 3])?, &normals("b", &[1, 3])?, Epilogue::Identity);
        assert!(error.expect_err("no broadcast").to_string().contains("[2, 3] and [1, 3]"));
        Ok(())
    }
}
