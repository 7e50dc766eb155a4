//! `−log softmax(logits)[target]` of every row, without the table of probabilities in between.

use candle::{CpuStorage, CustomOp2, CustomOp3, DType, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use crate::demand::{self, gradient_of};
use crate::exponential::exp;
use crate::log_softmax::{log_sum_exp, reference as log_probabilities};

/// Nats by which each row of `logits`, `[rows, classes]`, misses its class of `targets`, u32
/// `[rows]`, times `weights`, `[rows]`, if given: `[rows]`, not averaged.
///
/// f32 or f64; finite for any finite logits. The gradient, `weight · (softmax − one-hot)`, reaches
/// logits and weights. Second order fails on the fast path, which keeps no graph of the softmax.
/// Fails where shapes differ or a target is no class.
pub fn cross_entropy(
    logits: &Tensor,
    targets: &Tensor,
    weights: Option<&Tensor>,
) -> Result<Tensor> {
    let (rows, classes) = logits.dims2()?;
    let fits = targets.dtype() == DType::U32
        && targets.dims() == [rows]
        && weights.is_none_or(|weights| weights.dims() == [rows])
        && classes > 0;
    if !fits {
        bail!(
            "cross_entropy: logits {:?}, targets {:?} {:?} and weights {:?} do not fit; expected \
             [rows, classes], u32 [rows], [rows]",
            logits.dims(),
            targets.dtype(),
            targets.dims(),
            weights.map(Tensor::dims)
        );
    }
    let losses = if demand::fast("cross_entropy", &[logits])? {
        logits.contiguous()?.apply_op2(&targets.contiguous()?, CrossEntropy)?
    } else {
        reference(logits, targets)?
    };
    match weights {
        Some(weights) => losses * weights,
        None => Ok(losses),
    }
}

fn reference(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    log_probabilities(logits)?.gather(&targets.unsqueeze(1)?.contiguous()?, 1)?.squeeze(1)?.neg()
}

/// Logits, targets and the number of classes of one call.
fn operands<'a>(
    operation: &str,
    logits: (&'a CpuStorage, &Layout),
    targets: (&'a CpuStorage, &Layout),
) -> Result<(&'a [f32], &'a [u32], usize)> {
    let (_, classes) = logits.1.shape().dims2()?;
    let logits = demand::values(operation, logits.0, logits.1)?;
    let targets = demand::indices(operation, targets.0, targets.1)?;
    let foreign = targets.iter().enumerate().find(|(_, target)| **target as usize >= classes);
    if let Some((row, target)) = foreign {
        bail!("{operation}: target {target} of row {row} is not one of {classes} classes");
    }
    Ok((logits, targets, classes))
}

struct CrossEntropy;

impl CustomOp2 for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross_entropy"
    }

    fn cpu_fwd(
        &self,
        logits: &CpuStorage,
        logits_layout: &Layout,
        targets: &CpuStorage,
        targets_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let logits = (logits, logits_layout);
        let (logits, targets, classes) = operands(self.name(), logits, (targets, targets_layout))?;
        let losses: Vec<f32> = logits
            .par_chunks(classes)
            .zip(targets)
            .map(|(row, &target)| log_sum_exp(row) - row[target as usize])
            .collect();
        Ok((CpuStorage::F32(losses), targets_layout.shape().clone()))
    }

    fn bwd(
        &self,
        logits: &Tensor,
        targets: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let of_logits = || logits.apply_op3(targets, &gradient.contiguous()?, Residual);
        Ok((gradient_of(logits, of_logits)?, None))
    }
}

/// `gradient[row] · (softmax(logits[row]) − one-hot(target))`. It has no gradient of its own, and
/// candle says so where one is asked for.
struct Residual;

impl CustomOp3 for Residual {
    fn name(&self) -> &'static str {
        "cross_entropy: gradient"
    }

    fn cpu_fwd(
        &self,
        logits: &CpuStorage,
        logits_layout: &Layout,
        targets: &CpuStorage,
        targets_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let logits = (logits, logits_layout);
        let (logits, targets, classes) = operands(self.name(), logits, (targets, targets_layout))?;
        let gradient = demand::values(self.name(), gradient, gradient_layout)?;
        let mut out = vec![0.0; logits.len()];
        out.par_chunks_mut(classes)
            .zip(logits.par_chunks(classes))
            .zip(targets.par_iter().zip(gradient))
            .for_each(|((out, row), (&target, &gradient))| {
                let total = log_sum_exp(row);
                out.iter_mut().zip(row).for_each(|(out, x)| *out = gradient * exp(x - total));
                out[target as usize] -= gradient;
            });
        Ok((CpuStorage::F32(out), logits_layout.shape().clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{agrees, gradients, normals};

    fn targets(values: &[u32]) -> Result<Tensor> {
        Tensor::new(values, &candle::Device::Cpu)
    }

    #[test]
    fn cross_entropy_agrees_with_its_reference() -> Result<()> {
        for classes in [1, 3, 19] {
            let logits = normals("logits", &[5, classes])?.affine(3.0, 0.0)?;
            let classes = classes as u32;
            let targets = targets(&[0, classes - 1, classes / 2, 0, classes - 1])?;
            let inputs = [logits, targets, normals("weights", &[5])?];
            let fast = |x: &[Tensor]| cross_entropy(&x[0], &x[1], Some(&x[2]));
            let slow = |x: &[Tensor]| reference(&x[0], &x[1])? * &x[2];
            agrees(fast, slow, &inputs, 2e-6)?;
            agrees(
                |x| cross_entropy(&x[0], &x[1], None),
                |x| reference(&x[0], &x[1]),
                &inputs[..2],
                2e-6,
            )?;
            gradients(2e-3, &inputs, fast)?;
        }
        Ok(())
    }

    #[test]
    fn a_uniform_guess_costs_the_logarithm_of_the_classes() -> Result<()> {
        let logits = Tensor::full(-1e4f32, (2, 8), &candle::Device::Cpu)?;
        for loss in cross_entropy(&logits, &targets(&[0, 7])?, None)?.to_vec1::<f32>()? {
            // -1e4 has a unit in the last place of 1e-3.
            assert!((loss - 8f32.ln()).abs() < 1e-3, "{loss}");
        }
        Ok(())
    }

    #[test]
    fn large_logits_give_a_finite_loss_and_gradient() -> Result<()> {
        let logits = candle::Var::new(&[[1e4f32, -1e4, 0.0]], &candle::Device::Cpu)?;
        let loss = cross_entropy(&logits, &targets(&[1])?, None)?;
        assert_eq!(loss.to_vec1::<f32>()?, [2e4]);
        let store = loss.sum_all()?.backward()?;
        let slope = store.get(&logits).expect("tracked").to_vec2::<f32>()?;
        assert!(slope[0].iter().zip([1.0, -1.0, 0.0]).all(|(a, b)| (a - b).abs() < 1e-6));
        Ok(())
    }

    #[test]
    fn a_target_that_is_no_class_is_named() -> Result<()> {
        let error = cross_entropy(&normals("logits", &[2, 3])?, &targets(&[0, 3])?, None);
        let message = error.expect_err("3 is no class").to_string();
        assert!(message.contains("target 3 of row 1 is not one of 3 classes"), "{message}");
        Ok(())
    }
}
