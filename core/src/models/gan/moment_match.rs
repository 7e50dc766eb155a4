//! How far what a generator makes is from what is real, by characteristic functions: a distance that
//! no adversary has to learn, and so none can learn by heart.
//!
//! The squared difference of two characteristic functions at random frequencies is, but for a factor,
//! the maximum mean discrepancy of Gretton et al. 2012 under the kernel whose spectrum the
//! frequencies are drawn from (Rahimi & Recht 2007); generators are trained by it in Li, Swersky &
//! Zemel 2015 (arXiv 1502.02761) and, by frequencies, in Ansari, Scarlett & Soh 2020 (arXiv
//! 1909.07425).

use candle::{Result, Tensor, bail};
use generativa_random::Stream;

/// The characteristic function of real items at fixed frequencies.
#[derive(Clone, Debug)]
pub struct MomentMatch {
    /// `[features, frequencies]`.
    frequencies: Tensor,
    /// `[1, 2 · frequencies]`: real parts, then imaginary ones.
    real: Tensor,
}

/// Deviations of the normal laws that frequencies are drawn from: waves that see the whole of a
/// standardised feature, its halves, and its tails and gaps.
const SPREADS: [f64; 3] = [0.3, 1.0, 2.5];
/// Items whose waves are looked at together.
const AT_ONCE: usize = 512;

impl MomentMatch {
    /// From features of real items, `[items, features]`, each of about mean 0 and variance 1. Each
    /// feature alone is seen by `alone` frequencies, `together` more see all of them.
    pub fn of(
        real: &Tensor,
        (alone, together): (usize, usize),
        stream: &mut Stream,
    ) -> Result<Self> {
        let (items, features) = real.dims2()?;
        let count = features * alone + together;
        let mut frequencies = vec![0.0f32; features * count];
        for wave in 0..count {
            let spread = SPREADS[wave % SPREADS.len()];
            if wave < features * alone {
                frequencies[wave / alone * count + wave] = (spread * stream.normal()) as f32;
            } else {
                // Of a length that does not depend on the number of features.
                let scale = spread / (features as f64).sqrt();
                for feature in 0..features {
                    frequencies[feature * count + wave] = (scale * stream.normal()) as f32;
                }
            }
        }
        let frequencies = Tensor::from_vec(frequencies, (features, count), real.device())?;
        let mut sum = Tensor::zeros((1, 2 * count), real.dtype(), real.device())?;
        for start in (0..items).step_by(AT_ONCE) {
            let some = real.narrow(0, start, AT_ONCE.min(items - start))?.detach();
            sum = (sum + waves(&some, &frequencies)?.sum_keepdim(0)?)?;
        }
        Ok(Self { frequencies, real: (sum / items as f64)?.detach() })
    }

    /// The squared distance of generated items, `[items, features]`, an even number of them: mean over
    /// frequencies, without bias, and so below 0 at times. The items must be independent.
    pub fn distance(&self, made: &Tensor) -> Result<Tensor> {
        let (items, _) = made.dims2()?;
        if items % 2 == 1 || items == 0 {
            bail!("moment match: expected an even number of items, found {items}");
        }
        let waves = waves(made, &self.frequencies)?;
        // The product of two independent errors is the square without the noise of either.
        let half = |start: usize| {
            waves.narrow(0, start, items / 2)?.mean_keepdim(0)?.broadcast_sub(&self.real)
        };
        let product = (half(0)? * half(items / 2)?)?;
        product.mean_all()? * 2.0
    }
}

/// Cosines, then sines, of every item at every frequency, `[items, 2 · frequencies]`.
fn waves(items: &Tensor, frequencies: &Tensor) -> Result<Tensor> {
    let phases = items.matmul(frequencies)?;
    Tensor::cat(&[phases.cos()?, phases.sin()?], 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::gradient_check::normals;
    use candle::Var;
    use generativa_kernels::check::variable_gradients;

    fn matching(real: &Tensor) -> Result<MomentMatch> {
        MomentMatch::of(real, (6, 60), &mut Stream::named(1, "waves"))
    }

    #[test]
    fn the_same_law_is_near_and_another_mean_spread_or_dependence_is_far() -> Result<()> {
        let real = normals("real", &[20_000, 2])?;
        let match_ = matching(&real)?;
        let distance = |made: &Tensor| match_.distance(made)?.to_scalar::<f32>();
        let made = normals("made", &[20_000, 2])?;
        let same = distance(&made)?;
        assert!(same.abs() < 2e-4, "{same}");
        let moved = distance(&made.affine(1.0, 0.3)?)?;
        let wider = distance(&made.affine(1.3, 0.0)?)?;
        // Both features are one and the same.
        let one = made.narrow(1, 0, 1)?;
        let alike = distance(&Tensor::cat(&[&one, &one], 1)?)?;
        for (what, found) in [("moved", moved), ("wider", wider), ("alike", alike)] {
            assert!(found > 2e-3, "{what}: {found}");
        }
        Ok(())
    }

    #[test]
    fn the_distance_has_the_gradient_of_its_differences() -> Result<()> {
        let match_ = matching(&normals("real", &[50, 2])?)?;
        let made = Var::from_tensor(&normals("made", &[8, 2])?)?;
        variable_gradients(3e-3, &[("made".into(), made.clone())], || {
            match_.distance(made.as_tensor())?.reshape(1)
        })
    }

    #[test]
    fn an_odd_number_of_items_is_refused() -> Result<()> {
        let real = normals("real", &[50, 2])?;
        let error = matching(&real)?.distance(&real.narrow(0, 0, 7)?).expect_err("seven");
        assert!(error.to_string().contains("an even number of items, found 7"), "{error}");
        Ok(())
    }
}
