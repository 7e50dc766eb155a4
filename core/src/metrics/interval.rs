//! How far a figure can be trusted: 95 % intervals and standard errors.

use generativa_random::Stream;

use super::quantile::quantile;

/// The standard normal's quantile at 0.975.
const NORMAL_975: f64 = 1.959_963_984_540_054;

/// `[low, high]` of the share behind `successes` out of `trials` (Wilson 1927), within `0..=1`;
/// `[0, 1]` without trials.
pub fn wilson(successes: usize, trials: usize) -> [f64; 2] {
    assert!(successes <= trials, "{successes} successes in {trials} trials");
    if trials == 0 {
        return [0.0, 1.0];
    }
    let (count, share) = (trials as f64, successes as f64 / trials as f64);
    let z2 = NORMAL_975 * NORMAL_975;
    let middle = share + z2 / (2.0 * count);
    let half = NORMAL_975 * (share * (1.0 - share) / count + z2 / (4.0 * count * count)).sqrt();
    let scale = 1.0 + z2 / count;
    [((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0)]
}

/// `[low, high]` of the mean of `values` by the percentile bootstrap (Efron 1979): items are drawn
/// anew, with replacement, `resamples` times (1,000 or more). `values`: at least one.
pub fn bootstrap_mean(values: &[f64], resamples: usize, stream: &mut Stream) -> [f64; 2] {
    let means: Vec<f64> = (0..resamples).map(|_| resampled_mean(values, stream)).collect();
    percentiles(&means)
}

/// `[low, high]` of the mean of `model` minus the mean of `rival`, by the percentile bootstrap over
/// seeds and over items.
///
/// Both hold one list of item scores for each seed, the same seeds in the same order; the numbers
/// of items may differ. Each of the `resamples` draws seeds anew, one draw for both sides, and
/// within every drawn seed the items of each side anew. An interval wholly above 0 says that the
/// model's mean is the larger.
pub fn bootstrap_difference(
    model: &[Vec<f64>],
    rival: &[Vec<f64>],
    resamples: usize,
    stream: &mut Stream,
) -> [f64; 2] {
    assert_eq!(model.len(), rival.len(), "both sides need the same seeds");
    assert!(!model.is_empty(), "a bootstrap needs at least one seed");
    let seeds = model.len();
    let differences: Vec<f64> = (0..resamples)
        .map(|_| {
            let sum: f64 = (0..seeds)
                .map(|_| {
                    let seed = stream.below(seeds);
                    resampled_mean(&model[seed], stream) - resampled_mean(&rival[seed], stream)
                })
                .sum();
            sum / seeds as f64
        })
        .collect();
    percentiles(&differences)
}

/// The standard error of the mean of one figure a seed, in its unit: their sample standard
/// deviation over the root of their number. NaN for fewer than two seeds.
pub fn standard_error(figures: &[f64]) -> f64 {
    if figures.len() < 2 {
        return f64::NAN;
    }
    let count = figures.len() as f64;
    let mean = figures.iter().sum::<f64>() / count;
    let variance = figures.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (variance / count).sqrt()
}

fn resampled_mean(values: &[f64], stream: &mut Stream) -> f64 {
    assert!(!values.is_empty(), "a bootstrap needs at least one item");
    (0..values.len()).map(|_| *stream.pick(values)).sum::<f64>() / values.len() as f64
}

fn percentiles(figures: &[f64]) -> [f64; 2] {
    [quantile(figures, 0.025), quantile(figures, 0.975)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: [f64; 2], expected: [f64; 2], tolerance: f64) -> bool {
        (found[0] - expected[0]).abs() < tolerance && (found[1] - expected[1]).abs() < tolerance
    }

    #[test]
    fn wilson_has_its_closed_form_at_the_ends_and_in_the_middle() {
        let z2 = NORMAL_975 * NORMAL_975;
        assert!(near(wilson(0, 10), [0.0, z2 / (10.0 + z2)], 1e-12));
        assert!(near(wilson(10, 10), [10.0 / (10.0 + z2), 1.0], 1e-12));
        let half = 0.5 * (z2 / (100.0 + z2)).sqrt();
        assert!(near(wilson(50, 100), [0.5 - half, 0.5 + half], 1e-12));
        assert_eq!(wilson(0, 0), [0.0, 1.0]);
    }

    #[test]
    fn the_bootstrap_of_many_coins_agrees_with_the_normal_interval() {
        let coins: Vec<f64> = (0..400).map(|index| f64::from(index % 2)).collect();
        let found = bootstrap_mean(&coins, 4_000, &mut Stream::named(1, "coins"));
        let half = NORMAL_975 * 0.5 / 20.0;
        assert!(near(found, [0.5 - half, 0.5 + half], 0.006), "{found:?}");
    }

    #[test]
    fn a_constant_lead_has_an_interval_of_no_width() {
        let (model, rival) = (vec![vec![0.75; 8]; 3], vec![vec![0.25; 5]; 3]);
        let found = bootstrap_difference(&model, &rival, 100, &mut Stream::named(2, "lead"));
        assert_eq!(found, [0.5, 0.5]);
    }

    #[test]
    fn seeds_that_disagree_widen_the_interval_though_their_items_do_not() {
        // Differences by seed 0 or 1, without noise inside: the mean of two draws is 0, 0.5 or 1.
        let (model, rival) = (vec![vec![0.0; 50], vec![1.0; 50]], vec![vec![0.0; 50]; 2]);
        let found = bootstrap_difference(&model, &rival, 1_000, &mut Stream::named(3, "seeds"));
        assert_eq!(found, [0.0, 1.0]);
    }

    #[test]
    fn a_difference_common_to_both_sides_of_a_seed_cancels() {
        let by_seed = vec![vec![0.0; 20], vec![10.0; 20], vec![20.0; 20]];
        let found = bootstrap_difference(&by_seed, &by_seed, 200, &mut Stream::named(4, "pairs"));
        assert_eq!(found, [0.0, 0.0]);
    }

    #[test]
    fn the_standard_error_shrinks_with_the_root_of_the_seeds() {
        assert!((standard_error(&[1.0, 3.0]) - 1.0).abs() < 1e-12);
        assert!((standard_error(&[1.0, 3.0, 1.0, 3.0]) - (1.0f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!(standard_error(&[1.0]).is_nan());
    }
}
