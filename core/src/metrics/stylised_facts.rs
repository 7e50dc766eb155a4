//! Twenty stylised facts of a daily log-return series (after Cont 2001; Zumbach & Lynch 2001;
//! Jensen, Johansen & Simonsen 2003), and the band in which a history like the real one would have
//! them.

use generativa_random::Stream;
use rayon::prelude::*;

use super::quantile::{quantile, quantile_of_sorted};
use super::stationary_bootstrap::stationary_places;

mod shape;
mod time;

/// How many facts there are.
pub const COUNT: usize = 20;

/// The fewest returns that have all facts: the wait for a rise or a fall looks 519 days ahead.
pub const LEAST_DAYS: usize = time::WAIT + 1;

/// What one figure of [`facts`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its name in records, which never changes.
    pub name: &'static str,
    /// What it measures, with its unit.
    pub description: &'static str,
}

const fn fact(name: &'static str, description: &'static str) -> Fact {
    Fact { name, description }
}

/// The facts in the order of [`facts`].
pub const FACTS: [Fact; COUNT] = [
    fact("mean", "mean return, a day"),
    fact("standard-deviation", "standard deviation of returns, a day"),
    fact("skewness", "skewness of returns"),
    fact("excess-kurtosis", "kurtosis of returns above that of a normal distribution"),
    fact("quantile-1", "1 % quantile of returns around their mean, in standard deviations"),
    fact("quantile-99", "99 % quantile of returns around their mean, in standard deviations"),
    fact("tail-index-losses", "Hill's tail index of the worst 5 % of days: lower is heavier"),
    fact("tail-index-gains", "Hill's tail index of the best 5 % of days: lower is heavier"),
    fact("autocorrelation-1", "correlation of returns a day apart"),
    fact("autocorrelation-2-10", "correlation of returns 2 to 10 days apart, mean"),
    fact("clustering-1", "correlation of sizes of returns a day apart"),
    fact("clustering-2-10", "correlation of sizes 2 to 10 days apart, mean"),
    fact("clustering-11-50", "correlation of sizes 11 to 50 days apart, mean"),
    fact("clustering-51-100", "correlation of sizes 51 to 100 days apart, mean"),
    fact("clustering-squares", "correlation of squares, cut at 99.5 %, over 1 to 10 days, mean"),
    fact("leverage", "correlation of a return with the sizes 1 to 10 days later, mean"),
    fact("zumbach", "how much better trends foretell 20-day volatility than it foretells trends"),
    fact("gain-loss", "log ratio of the median waits for a rise and for a fall of 5 %"),
    fact("excess-kurtosis-20", "excess kurtosis of returns over 20 days"),
    fact("drawdown", "mean log distance below the highest close of 252 days"),
];

/// The facts of `returns`: log-returns a day, at least [`LEAST_DAYS`]. NaN where a fact is not
/// defined, as for a series that never moves.
pub fn facts(returns: &[f64]) -> [f64; COUNT] {
    let days = returns.len();
    assert!(days >= LEAST_DAYS, "facts need {LEAST_DAYS} returns, not {days}");
    let mean = shape::mean(returns);
    let centred: Vec<f64> = returns.iter().map(|value| value - mean).collect();
    let mut sorted = centred.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let deviation = shape::moment(&centred, 2).sqrt();
    let near = time::autocorrelations(returns, 10);
    let sizes: Vec<f64> = centred.iter().map(|value| value.abs()).collect();
    let clustering = time::autocorrelations(&sizes, 100);
    let squares: Vec<f64> = centred.iter().map(|value| value * value).collect();
    let most = quantile(&squares, 0.995);
    let squares: Vec<f64> = squares.into_iter().map(|square| square.min(most)).collect();
    let months: Vec<f64> = returns.chunks_exact(20).map(|month| month.iter().sum()).collect();
    let levels = time::running_sum(returns);
    [
        mean,
        deviation,
        shape::moment(&centred, 3) / deviation.powi(3),
        shape::excess_kurtosis(&centred),
        quantile_of_sorted(&sorted, 0.01) / deviation,
        quantile_of_sorted(&sorted, 0.99) / deviation,
        shape::tail_index(sorted.iter().map(|value| -value)),
        shape::tail_index(sorted.iter().rev().copied()),
        near[0],
        shape::mean(&near[1..]),
        clustering[0],
        shape::mean(&clustering[1..10]),
        shape::mean(&clustering[10..50]),
        shape::mean(&clustering[50..]),
        shape::mean(&time::autocorrelations(&squares, 10)),
        time::leverage(&centred, &sizes),
        time::zumbach(&centred),
        time::gain_loss(&levels),
        shape::excess_kurtosis(&months),
        time::drawdown(&levels),
    ]
}

/// The range of each fact over histories that might as well have happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// Lower ends, in the order of [`FACTS`].
    pub low: [f64; COUNT],
    /// Upper ends.
    pub high: [f64; COUNT],
}

/// The middle share `level` (0 to 1) of each fact over `resamples` stationary bootstraps of
/// `returns`, of `length` days each (at least [`LEAST_DAYS`]), in blocks of `mean_block` days on
/// average. NaN for a fact that some resample does not have.
pub fn band(
    returns: &[f64],
    length: usize,
    mean_block: f64,
    resamples: usize,
    level: f64,
    seed: u64,
) -> Band {
    assert!(resamples > 0, "a band needs at least one resample");
    let resample = |index: usize| {
        let mut stream = Stream::item(seed, "stylised-facts", index as u64);
        let places = stationary_places(returns.len(), length, mean_block, &mut stream);
        facts(&places.iter().map(|&place| returns[place]).collect::<Vec<f64>>())
    };
    let all: Vec<[f64; COUNT]> = (0..resamples).into_par_iter().map(resample).collect();
    let end = |share: f64| {
        std::array::from_fn(|fact| {
            let values: Vec<f64> = all.iter().map(|facts| facts[fact]).collect();
            if values.iter().any(|value| value.is_nan()) {
                return f64::NAN;
            }
            quantile(&values, share)
        })
    };
    Band { low: end((1.0 - level) / 2.0), high: end((1.0 + level) / 2.0) }
}

/// Which facts lie in the band, its ends included; one that is NaN does not.
pub fn inside(facts: &[f64; COUNT], band: &Band) -> [bool; COUNT] {
    std::array::from_fn(|fact| band.low[fact] <= facts[fact] && facts[fact] <= band.high[fact])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normals(seed: u64, days: usize) -> Vec<f64> {
        let mut stream = Stream::named(seed, "facts");
        (0..days).map(|_| 0.01 * stream.normal()).collect()
    }

    fn named(facts: &[f64; COUNT], name: &str) -> f64 {
        facts[FACTS.iter().position(|fact| fact.name == name).expect("a name of the list")]
    }

    #[test]
    fn names_are_distinct() {
        let names: std::collections::BTreeSet<&str> = FACTS.iter().map(|fact| fact.name).collect();
        assert_eq!(names.len(), COUNT);
    }

    #[test]
    fn independent_normals_have_the_facts_of_a_normal_distribution() {
        let days = 40_000;
        let found = facts(&normals(1, days));
        // Five standard errors: of a moment, then of an autocorrelation.
        let error = 5.0 / (days as f64).sqrt();
        assert!((named(&found, "standard-deviation") / 0.01 - 1.0).abs() < error / 2f64.sqrt());
        assert!(named(&found, "skewness").abs() < error * 6f64.sqrt());
        assert!(named(&found, "excess-kurtosis").abs() < error * 24f64.sqrt());
        assert!((named(&found, "quantile-1") + 2.326).abs() < 0.1);
        assert!((named(&found, "quantile-99") - 2.326).abs() < 0.1);
        for name in ["autocorrelation-1", "clustering-1", "clustering-11-50", "leverage"] {
            assert!(named(&found, name).abs() < error, "{name} {}", named(&found, name));
        }
    }

    #[test]
    fn reversed_signs_swap_the_tails() {
        let returns: Vec<f64> = normals(2, 2_000).iter().map(|x| x + 20.0 * x * x).collect();
        let mirrored: Vec<f64> = returns.iter().map(|value| -value).collect();
        let (found, mirror) = (facts(&returns), facts(&mirrored));
        let swapped = |first: &str, second: &str, sign: f64| {
            let (first, second) = (named(&found, first), named(&mirror, second));
            assert!((first - sign * second).abs() < 1e-9, "{first} {second}");
        };
        swapped("tail-index-losses", "tail-index-gains", 1.0);
        swapped("quantile-1", "quantile-99", -1.0);
        swapped("gain-loss", "gain-loss", -1.0);
        swapped("clustering-2-10", "clustering-2-10", 1.0);
    }

    #[test]
    fn a_band_is_the_same_on_one_thread_and_holds_a_history_of_the_same_kind() {
        let returns = normals(3, 3_000);
        let draw = || band(&returns, 3_000, 100.0, 60, 0.9, 7);
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
        let three = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("threads");
        let found = one.install(draw);
        assert_eq!(found, three.install(draw));
        let count = |facts: &[f64; COUNT]| inside(facts, &found).iter().filter(|&&in_| in_).count();
        assert!(count(&facts(&returns)) >= 18);
        // Half as loud again: other standard deviation, mean drawdown and waits.
        let louder: Vec<f64> = returns.iter().map(|value| value * 1.5).collect();
        let louder = inside(&facts(&louder), &found);
        assert!(!louder[1] && !louder[19] && louder[2], "{louder:?}");
    }

    #[test]
    fn a_series_that_never_moves_has_no_shape_and_lies_in_no_band() {
        let found = facts(&[0.0; LEAST_DAYS]);
        assert!(found[2].is_nan() && found[6].is_nan() && found[10].is_nan(), "{found:?}");
        let band = Band { low: [-1.0; COUNT], high: [1.0; COUNT] };
        assert!(!inside(&found, &band)[2] && inside(&found, &band)[1]);
    }

    #[test]
    fn waves_with_shocks_have_the_facts_that_numpy_gives_them() {
        // A series that numpy can write down too: a chirp with a shock each 97 days.
        let wave = |day: usize| {
            let day = day as f64;
            0.01 * (0.001 * day * day).sin() * (1.0 + 0.5 * (day / 50.0).sin())
                - if day % 97.0 == 0.0 { 0.05 } else { 0.0 }
        };
        let found = facts(&(0..3_000).map(wave).collect::<Vec<f64>>());
        for (fact, (found, expected)) in found.iter().zip(NUMPY).enumerate() {
            assert!((found - expected).abs() < 1e-9, "{} {found} {expected}", FACTS[fact].name);
        }
    }

    const NUMPY: [f64; COUNT] = [
        -0.000442764586186,
        0.00914286854051,
        -1.66958945056,
        8.33661943427,
        -4.07684253706,
        1.62726715741,
        2.9027573418,
        11.4246170666,
        -0.0141213801075,
        -0.0152847134528,
        0.116939411253,
        0.129794808864,
        0.100844244942,
        0.0133879890091,
        0.0130683529266,
        0.0112402372581,
        0.0780602490494,
        2.28353689802,
        12.8140325587,
        0.141306033961,
    ];
}
