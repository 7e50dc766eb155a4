//! Correlation of one series with another some days later, at every lag, and the band in which it
//! would lie for a history like this one (blocks of blocks: Künsch 1989; Politis & Romano 1994).

use generativa_random::Stream;
use rayon::prelude::*;

use super::quantile::quantile;
use super::stationary_bootstrap::stationary_places;

/// Correlations of `first[day]` with `second[day + lag]` for the lags 1 to `lags`: the mean product
/// over the days that have both, in deviations of the whole series. Both are of one length, which is
/// more than `lags`. NaN where either never moves.
pub fn lagged_correlations(first: &[f64], second: &[f64], lags: usize) -> Vec<f64> {
    let (first, second) = (standardised(first), standardised(second));
    assert!(first.len() == second.len() && lags < first.len(), "a lag leaves no days");
    let correlation = |lag: usize| mean_product(&first, &second[lag..]);
    (1..=lags).map(correlation).collect()
}

/// Lower and upper end of the middle share `level` (0 to 1) of each of [`lagged_correlations`] over
/// `resamples` stationary bootstraps in blocks of `mean_block` days on average. What is drawn is a
/// day with the days after it, so that no pair is torn apart and distant lags do not shrink.
pub fn lagged_band(
    first: &[f64],
    second: &[f64],
    lags: usize,
    mean_block: f64,
    (resamples, level): (usize, f64),
    seed: u64,
) -> [Vec<f64>; 2] {
    assert!(resamples > 0, "a band needs at least one resample");
    let (first, second) = (standardised(first), standardised(second));
    let days = first.len();
    assert!(days == second.len() && lags < days, "a lag leaves no days");
    let resample = |index: usize| -> Vec<f64> {
        let mut stream = Stream::item(seed, "lagged-correlations", index as u64);
        // Every place drawn has all lags before the end of the history.
        let places = stationary_places(days - lags, days - lags, mean_block, &mut stream);
        let drawn: Vec<f64> = places.iter().map(|&place| first[place]).collect();
        let correlation = |lag: usize| {
            let later: Vec<f64> = places.iter().map(|&place| second[place + lag]).collect();
            mean_product(&standardised(&drawn), &standardised(&later))
        };
        (1..=lags).map(correlation).collect()
    };
    let all: Vec<Vec<f64>> = (0..resamples).into_par_iter().map(resample).collect();
    let end = |share: f64| -> Vec<f64> {
        let at = |lag: usize| {
            let values: Vec<f64> = all.iter().map(|one| one[lag]).collect();
            if values.iter().any(|value| value.is_nan()) {
                f64::NAN
            } else {
                quantile(&values, share)
            }
        };
        (0..lags).map(at).collect()
    };
    [end((1.0 - level) / 2.0), end((1.0 + level) / 2.0)]
}

fn standardised(values: &[f64]) -> Vec<f64> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    values.iter().map(|value| (value - mean) / square.sqrt()).collect()
}

/// Up to the end of the shorter.
fn mean_product(first: &[f64], second: &[f64]) -> f64 {
    let count = first.len().min(second.len());
    first.iter().zip(second).map(|(a, b)| a * b).sum::<f64>() / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each value half the one before and a shock.
    fn autoregression(seed: u64, days: usize) -> Vec<f64> {
        let mut stream = Stream::named(seed, "autoregression");
        let mut value = 0.0;
        let next = |_| {
            value = 0.5 * value + stream.normal();
            value
        };
        (0..days).map(next).collect()
    }

    #[test]
    fn a_copy_two_days_late_correlates_at_two_days_alone() {
        let mut stream = Stream::named(1, "copy");
        let first: Vec<f64> = (0..20_000).map(|_| stream.normal()).collect();
        let second: Vec<f64> =
            [0.0; 2].into_iter().chain(first.iter().copied()).take(20_000).collect();
        let found = lagged_correlations(&first, &second, 3);
        assert!(found[0].abs() < 0.03 && found[2].abs() < 0.03 && found[1] > 0.99, "{found:?}");
    }

    #[test]
    fn the_memory_of_an_autoregression_halves_with_every_day_and_lies_in_its_band() {
        let values = autoregression(2, 20_000);
        let [low, high] = lagged_band(&values, &values, 40, 50.0, (100, 0.99), 1);
        for (lag, found) in lagged_correlations(&values, &values, 40).into_iter().enumerate() {
            let known = 0.5f64.powi(lag as i32 + 1);
            assert!((found - known).abs() < 0.05, "{lag} {found}");
            assert!(low[lag] < known + 0.02 && known - 0.02 < high[lag], "{lag}");
        }
    }

    #[test]
    fn a_band_is_the_same_on_one_thread() {
        let values = autoregression(3, 500);
        let draw = || lagged_band(&values, &values, 5, 20.0, (30, 0.9), 7);
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
        assert_eq!(one.install(draw), draw());
    }

    #[test]
    fn what_never_moves_has_no_correlation() {
        assert!(lagged_correlations(&[1.0; 9], &[1.0; 9], 2)[0].is_nan());
    }
}
