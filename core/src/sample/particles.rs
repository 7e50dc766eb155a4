//! Which of several drafts go on, by how well each fits what is known (Gordon, Salmond & Smith
//! 1993, "Novel approach to nonlinear/non-Gaussian Bayesian state estimation").

use generativa_random::Stream;

/// Weights in proportion to `exp(fits)`, the largest being 1. `fits`: log-likelihoods, finite.
pub fn weights(fits: &[f64]) -> Vec<f64> {
    let best = fits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    fits.iter().map(|fit| libm::exp(fit - best)).collect()
}

/// How many equally weighted drafts `weights` (not negative, not all 0) are worth: from 1, where
/// one has it all, to their number (Kong, Liu & Wong 1994).
pub fn effective_count(weights: &[f64]) -> f64 {
    let sum: f64 = weights.iter().sum();
    sum * sum / weights.iter().map(|weight| weight * weight).sum::<f64>()
}

/// As many survivors as there are `weights` (not negative, not all 0), in order: each index as
/// often as its share of them, rounded up or down by a single draw (systematic resampling, Kitagawa
/// 1996).
pub fn survivors(weights: &[f64], stream: &mut Stream) -> Vec<usize> {
    let step = weights.iter().sum::<f64>() / weights.len() as f64;
    let offset = stream.uniform();
    let (mut index, mut passed) = (0, 0.0);
    let survivor = |place: usize| {
        let mark = (place as f64 + offset) * step;
        // Rounding may leave the last mark a hair beyond the sum.
        while index + 1 < weights.len() && passed + weights[index] <= mark {
            passed += weights[index];
            index += 1;
        }
        index
    };
    (0..weights.len()).map(survivor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_survives_as_often_as_its_share_says() {
        let mut stream = Stream::named(1, "survivors");
        for _ in 0..100 {
            assert_eq!(survivors(&[2.0, 0.0, 1.0, 1.0], &mut stream), [0, 0, 2, 3]);
            let counted = survivors(&[1.5, 0.5, 1.0, 1.0], &mut stream);
            let first = counted.iter().filter(|&&index| index == 0).count();
            assert!((1..=2).contains(&first) && counted.is_sorted());
        }
    }

    #[test]
    fn equal_weights_leave_every_draft_and_count_fully() {
        let mut stream = Stream::named(2, "survivors");
        assert_eq!(survivors(&[0.1; 7], &mut stream), [0, 1, 2, 3, 4, 5, 6]);
        assert!((effective_count(&[0.1; 7]) - 7.0).abs() < 1e-12);
        assert_eq!(effective_count(&[0.0, 3.0, 0.0]), 1.0);
    }

    #[test]
    fn weights_stay_finite_however_unlikely_everything_is() {
        let found = weights(&[-1e4, -1e4 - std::f64::consts::LN_2]);
        assert_eq!(found[0], 1.0);
        assert!((found[1] - 0.5).abs() < 1e-9);
    }
}
