//! What a judge of markets looks at in a window of days: moments, extremes, memory and how return,
//! range and position go together.

use crate::data::trading_day::{Day, LEAST_RANGE};

/// So many numbers describe a window.
pub const STATISTICS: usize = 54;

/// Keeps a constant series from a division by nothing.
const LEAST_DEVIATION: f64 = 1e-9;

/// A day for a network: the logarithm of the range instead of the range.
pub fn with_log_range([change, range, position]: Day) -> [f64; 3] {
    [change, range.max(LEAST_RANGE).ln(), position]
}

/// [`STATISTICS`] numbers of one window of more than five days. Ten each of return, log range,
/// position and absolute return: mean, standard deviation, third and fourth moment of the
/// standardised values, least, largest, median, and their mean products one, two and five days
/// apart. Then eight correlations between them on the same day or one day apart, the largest and
/// the mean absolute return in units of the range, the sum of returns, its absolute value in
/// standard deviations, and the shares of days without a return and without a range.
pub fn window_statistics(window: &[Day]) -> Vec<f64> {
    let of = |value: &dyn Fn([f64; 3]) -> f64| -> Vec<f64> {
        window.iter().map(|&day| value(with_log_range(day))).collect()
    };
    let change = of(&|day| day[0]);
    let size = of(&|day| day[0].abs());
    let range = of(&|day| day[1]);
    let position = of(&|day| day[2]);
    let in_ranges = of(&|day| day[0].abs() / day[1].exp());

    let mut found = Vec::with_capacity(STATISTICS);
    for series in [&change, &range, &position, &size] {
        describe(series, &mut found);
    }
    let last = window.len() - 1;
    found.extend([
        correlation(&change, &range),
        correlation(&change, &position),
        correlation(&size, &range),
        correlation(&range, &position),
        correlation(&change[..last], &range[1..]),
        correlation(&range[..last], &size[1..]),
        correlation(&size[..last], &range[1..]),
        correlation(&position[..last], &change[1..]),
    ]);
    let sum: f64 = change.iter().sum();
    let share = |which: &dyn Fn(&Day) -> bool| {
        window.iter().filter(|day| which(day)).count() as f64 / window.len() as f64
    };
    found.extend([
        largest(&in_ranges),
        mean(&in_ranges),
        sum,
        sum.abs() / deviation(&change),
        share(&|day| day[0] == 0.0),
        share(&|day| day[1] <= LEAST_RANGE),
    ]);
    found
}

fn describe(series: &[f64], found: &mut Vec<f64>) {
    let standard = standardised(series);
    let moment = |power: i32| standard.iter().map(|z| z.powi(power)).sum::<f64>() / count(series);
    let apart = |days: usize| {
        let products = standard[days..].iter().zip(&standard).map(|(later, z)| later * z);
        products.sum::<f64>() / (series.len() - days) as f64
    };
    let mut rising = series.to_vec();
    rising.sort_unstable_by(f64::total_cmp);
    let median = (rising[(rising.len() - 1) / 2] + rising[rising.len() / 2]) / 2.0;
    found.extend([mean(series), deviation(series), moment(3), moment(4)]);
    found.extend([rising[0], rising[rising.len() - 1], median, apart(1), apart(2), apart(5)]);
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let products = standardised(a).into_iter().zip(standardised(b)).map(|(a, b)| a * b);
    products.sum::<f64>() / count(a)
}

fn standardised(series: &[f64]) -> Vec<f64> {
    let (mean, deviation) = (mean(series), deviation(series));
    series.iter().map(|x| (x - mean) / deviation).collect()
}

fn deviation(series: &[f64]) -> f64 {
    let mean = mean(series);
    let squares = series.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
    (squares / count(series)).sqrt() + LEAST_DEVIATION
}

fn mean(series: &[f64]) -> f64 {
    series.iter().sum::<f64>() / count(series)
}

fn largest(series: &[f64]) -> f64 {
    series.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn count(series: &[f64]) -> f64 {
    series.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_of_a_window_are_those_of_the_rule() {
        // `stats` of market_hard.py on the same window, numpy 2.
        let day = |t: usize| {
            let t = t as f64;
            [0.02 * (1.3 * t).sin(), 0.01 + 0.008 * (0.7 * t).cos(), 0.5 + 0.4 * (2.1 * t).sin()]
        };
        let found = window_statistics(&(0..24).map(day).collect::<Vec<_>>());
        let expected = [
            1.019996634229e-04,
            0.014145361256,
            -0.018516271194,
            1.516667896795,
            -0.019969900613,
            0.019970866907,
            0.001077536523,
            0.269347494827,
            -0.85589656319,
            0.977189766496,
            -4.861457183907,
            0.754120977295,
            -0.469280687769,
            1.690044680506,
            -6.042178361047,
            -4.017383521086,
            -4.495397286429,
            0.716079992653,
            0.080838569529,
            -0.828525447351,
            0.498925581389,
            0.283192481289,
            -0.128758924824,
            1.499969236539,
            0.130753080641,
            0.84528374666,
            0.523526152066,
            -0.521234702423,
            -0.473130411721,
            -0.455699527681,
            0.012649225939,
            0.006332354736,
            -0.505804784388,
            1.937390270725,
            0.0,
            0.019970866907,
            0.014497497431,
            -0.738480406207,
            0.35308677775,
            0.916964237203,
            0.265145755059,
            0.017895313517,
            -0.082952126116,
            0.024766578028,
            0.119934492598,
            -0.0147323996,
            -0.049069994944,
            -0.014998468428,
            7.684340158649,
            2.250081919669,
            0.002447991922,
            0.173059696243,
            0.041666666667,
            0.0,
        ];
        assert_eq!(found.len(), STATISTICS);
        for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert!((found - expected).abs() < 1e-9, "{index}: {found}, expected {expected}");
        }
    }

    #[test]
    fn days_without_trading_have_finite_statistics() {
        let found = window_statistics(&[[0.0, LEAST_RANGE, 0.5]; 24]);
        assert!(found.iter().all(|x| x.is_finite()), "{found:?}");
        assert_eq!(found[STATISTICS - 2..], [1.0, 1.0]);
    }
}
