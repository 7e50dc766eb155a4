//! One step of AdamW (Loshchilov & Hutter 2017, arXiv 1711.05101, algorithm 2) in one pass over
//! memory, together with a moving average of the weights.

use rayon::prelude::*;

use crate::vector::widest;

/// The numbers of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWStep {
    /// Learning rate.
    pub lr: f64,
    /// Share of the first moment that is kept, below 1.
    pub beta1: f64,
    /// Share of the second moment that is kept, below 1.
    pub beta2: f64,
    /// Added to the root of the corrected second moment.
    pub eps: f64,
    /// Decoupled decay: weights shrink by `lr · weight_decay` before the update.
    pub weight_decay: f64,
    /// Number of this step, from 1: corrects the moments, which start at 0.
    pub step: u64,
    /// Factor on the gradient, 1 unless its norm was clipped.
    pub gradient_scale: f64,
}

/// Moves `param` against its gradient, as PyTorch's `AdamW` does:
///
/// `p ← p (1 − lr·decay)`, `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`,
/// `p ← p − lr · m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + eps)`
///
/// and then, with `ema` of an average and its decay, `average ← decay·average + (1 − decay)·p`.
/// Panics where the slices differ in length or the step is 0.
pub fn adamw_step(
    param: &mut [f32],
    grad: &[f32],
    m: &mut [f32],
    v: &mut [f32],
    ema: Option<(&mut [f32], f64)>,
    step: &AdamWStep,
) {
    assert!(step.step > 0, "steps count from 1");
    let length = param.len();
    assert!(
        [grad.len(), m.len(), v.len()].iter().all(|&other| other == length)
            && ema.as_ref().is_none_or(|(average, _)| average.len() == length),
        "a parameter, its gradient, its moments and its average have one length"
    );
    let update = Update::new(step);
    let parts = param
        .par_chunks_mut(CHUNK)
        .zip(grad.par_chunks(CHUNK))
        .zip(m.par_chunks_mut(CHUNK).zip(v.par_chunks_mut(CHUNK)));
    match ema {
        None => {
            parts.for_each(|((param, grad), (m, v))| widest(|| update.apply(param, grad, m, v)))
        }
        Some((average, decay)) => {
            let rate = (1.0 - decay) as f32;
            parts.zip(average.par_chunks_mut(CHUNK)).for_each(
                |(((param, grad), (m, v)), average)| {
                    widest(|| {
                        update.apply(param, grad, m, v);
                        average.iter_mut().zip(param).for_each(|(a, p)| *a += rate * (*p - *a));
                    });
                },
            );
        }
    }
}

/// Elements a task.
const CHUNK: usize = 1 << 14;

/// The factors of a step, which f64 computes once.
struct Update {
    shrink: f32,
    gradient_scale: f32,
    beta1_rest: f32,
    beta2: f32,
    beta2_rest: f32,
    root_scale: f32,
    eps: f32,
    rate: f32,
}

impl Update {
    fn new(step: &AdamWStep) -> Self {
        let correction = |beta: f64| 1.0 - beta.powf(step.step as f64);
        Self {
            shrink: (1.0 - step.lr * step.weight_decay) as f32,
            gradient_scale: step.gradient_scale as f32,
            beta1_rest: (1.0 - step.beta1) as f32,
            beta2: step.beta2 as f32,
            beta2_rest: (1.0 - step.beta2) as f32,
            root_scale: (1.0 / correction(step.beta2).sqrt()) as f32,
            eps: step.eps as f32,
            rate: (step.lr / correction(step.beta1)) as f32,
        }
    }

    #[inline(always)]
    fn apply(&self, param: &mut [f32], grad: &[f32], m: &mut [f32], v: &mut [f32]) {
        let moments = m.iter_mut().zip(v);
        for ((p, g), (m, v)) in param.iter_mut().zip(grad).zip(moments) {
            let g = self.gradient_scale * g;
            *m += self.beta1_rest * (g - *m);
            *v = self.beta2 * *v + self.beta2_rest * g * g;
            let root = v.sqrt() * self.root_scale + self.eps;
            *p = *p * self.shrink - self.rate * *m / root;
        }
    }
}

#[cfg(test)]
mod tests {
    use generativa_random::Stream;

    use super::*;

    const STEP: AdamWStep = AdamWStep {
        lr: 0.01,
        beta1: 0.9,
        beta2: 0.99,
        eps: 1e-8,
        weight_decay: 0.1,
        step: 1,
        gradient_scale: 1.0,
    };

    #[test]
    fn the_first_step_moves_by_the_rate_whatever_the_gradient() {
        let mut param = [0.0, 0.0, 0.0];
        let (mut m, mut v) = ([0.0; 3], [0.0; 3]);
        adamw_step(&mut param, &[3.0, -1e-3, 1e3], &mut m, &mut v, None, &STEP);
        for (moved, expected) in param.iter().zip([-0.01, 0.01, -0.01]) {
            assert!((moved - expected as f32).abs() < 1e-6, "{param:?}");
        }
    }

    #[test]
    fn decay_is_decoupled_from_the_moments() {
        let (mut param, mut m, mut v) = ([2.0], [0.0], [0.0]);
        adamw_step(&mut param, &[0.0], &mut m, &mut v, None, &STEP);
        assert!((param[0] - 2.0 * 0.999).abs() < 1e-6);
        assert_eq!((m, v), ([0.0], [0.0]));
    }

    #[test]
    fn many_steps_agree_with_the_paper_in_double_precision() {
        let count = 3 * CHUNK / 2;
        let mut stream = Stream::named(0, "adamw");
        let mut param = stream.normals(count);
        let (mut m, mut v, mut average) = (vec![0.0; count], vec![0.0; count], param.clone());
        let mut slow: Vec<[f64; 4]> =
            param.iter().map(|&p| [p.into(), 0.0, 0.0, p.into()]).collect();
        for number in 1..=20 {
            let grad = stream.normals(count);
            let step = AdamWStep { step: number, gradient_scale: 0.5, ..STEP };
            adamw_step(&mut param, &grad, &mut m, &mut v, Some((&mut average, 0.9)), &step);
            for ([p, m, v, a], g) in slow.iter_mut().zip(grad) {
                let g = 0.5 * f64::from(g);
                *p -= step.lr * step.weight_decay * *p;
                *m = 0.9 * *m + 0.1 * g;
                *v = 0.99 * *v + 0.01 * g * g;
                let (m, v) = (
                    *m / (1.0 - 0.9f64.powf(number as f64)),
                    *v / (1.0 - 0.99f64.powf(number as f64)),
                );
                *p -= step.lr * m / (v.sqrt() + step.eps);
                *a = 0.9 * *a + 0.1 * *p;
            }
        }
        for (index, [p, _, _, a]) in slow.iter().enumerate() {
            // Twenty roundings to half a unit in the last place, and as many of the update.
            let allowed = 20.0 * f64::from(f32::EPSILON) * p.abs().max(1.0);
            assert!((f64::from(param[index]) - p).abs() < allowed, "weight {index}");
            assert!((f64::from(average[index]) - a).abs() < allowed, "average {index}");
        }
    }
}
