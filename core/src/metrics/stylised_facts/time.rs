//! How returns hang together over time.

use std::collections::VecDeque;

use super::super::quantile::median;
use super::shape::{mean, moment};

/// Days after a start within which a rise or a fall is awaited, the last excluded.
pub(super) const WAIT: usize = 520;

/// Autocorrelations over 1 to `lags` days; the sums of products are over the sum of all squares, so
/// distant ones shrink a little. NaN for a constant.
pub(super) fn autocorrelations(values: &[f64], lags: usize) -> Vec<f64> {
    let centre = mean(values);
    let centred: Vec<f64> = values.iter().map(|value| value - centre).collect();
    let all = product(&centred, &centred);
    (1..=lags).map(|lag| product(&centred, &centred[lag..]) / all).collect()
}

/// Sum of products of two series up to the end of the shorter, in a fixed order.
fn product(first: &[f64], second: &[f64]) -> f64 {
    /// As many sums side by side as a vector unit adds at once, twice.
    const LANES: usize = 8;
    let count = first.len().min(second.len());
    let (first, second) = (&first[..count], &second[..count]);
    let (first, second) = (first.chunks_exact(LANES), second.chunks_exact(LANES));
    let rest = first.remainder().iter().zip(second.remainder());
    let rest: f64 = rest.map(|(a, b)| a * b).sum();
    let mut sums = [0.0; LANES];
    for (first, second) in first.zip(second) {
        for lane in 0..LANES {
            sums[lane] += first[lane] * second[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// Correlation of a return with the size of one 1 to 10 days later, mean (Bouchaud, Matacz &
/// Potters 2001): below 0 where falls are followed by unrest. `sizes`: absolute values of
/// `centred`.
pub(super) fn leverage(centred: &[f64], sizes: &[f64]) -> f64 {
    let centre = mean(sizes);
    let sizes: Vec<f64> = sizes.iter().map(|size| size - centre).collect();
    let covariance = |lag: usize| product(centred, &sizes[lag..]) / (centred.len() - lag) as f64;
    let covariances: Vec<f64> = (1..=10).map(covariance).collect();
    mean(&covariances) / (moment(centred, 2) * moment(&sizes, 2)).sqrt()
}

/// Asymmetry in time (Zumbach & Lynch 2001): the correlation of the size of the return of 20 days
/// with the volatility of the next 20, minus that of the volatility with the next return's size.
/// Above 0 where trends make unrest.
pub(super) fn zumbach(centred: &[f64]) -> f64 {
    const SPAN: usize = 20;
    let squares: Vec<f64> = centred.iter().map(|value| value * value).collect();
    let spans = |values: &[f64]| -> Vec<f64> {
        let sums = running_sum(values);
        sums.iter().zip(&sums[SPAN..]).map(|(start, end)| end - start).collect()
    };
    let trends: Vec<f64> = spans(centred).iter().map(|sum| sum.abs()).collect();
    // A difference of running sums may lie a hair below 0.
    let unrest: Vec<f64> = spans(&squares).iter().map(|sum| sum.max(0.0).sqrt()).collect();
    correlation(&trends, &unrest[SPAN..]) - correlation(&unrest, &trends[SPAN..])
}

/// Pearson's correlation of two series up to the end of the shorter.
fn correlation(first: &[f64], second: &[f64]) -> f64 {
    let count = first.len().min(second.len());
    let centre = |values: &[f64]| -> Vec<f64> {
        let centre = mean(values);
        values.iter().map(|value| value - centre).collect()
    };
    let (first, second) = (centre(&first[..count]), centre(&second[..count]));
    product(&first, &second) / (product(&first, &first) * product(&second, &second)).sqrt()
}

/// 0 and the sums of the first one, two, … values.
pub(super) fn running_sum(values: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    let sums = values.iter().map(|value| {
        sum += value;
        sum
    });
    std::iter::once(0.0).chain(sums).collect()
}

/// Gain/loss asymmetry (Jensen, Johansen & Simonsen 2003): the log ratio of the median days from a
/// start, one in 21 days, until the log price `levels` first lies 5 % higher, and 5 % lower. Below
/// 0 where gains come sooner.
pub(super) fn gain_loss(levels: &[f64]) -> f64 {
    const MOVE: f64 = 0.05;
    let starts = || (0..levels.len() - 1 - WAIT).step_by(21);
    let wait = |start: usize, far: &dyn Fn(f64) -> bool| {
        let ahead = &levels[start + 1..start + WAIT];
        ahead.iter().position(|level| far(level - levels[start])).map_or(WAIT, |day| day + 1) as f64
    };
    let gains: Vec<f64> = starts().map(|start| wait(start, &|change| change >= MOVE)).collect();
    let losses: Vec<f64> = starts().map(|start| wait(start, &|change| change <= -MOVE)).collect();
    (median(&gains) / median(&losses)).ln()
}

/// Mean distance of the log price `levels` below its highest of the last 252 days, today included.
pub(super) fn drawdown(levels: &[f64]) -> f64 {
    const YEAR: usize = 252;
    // Days that may yet be the highest of a year, their levels falling.
    let mut peaks: VecDeque<usize> = VecDeque::new();
    let mut sum = 0.0;
    for (day, &level) in levels.iter().enumerate() {
        while peaks.back().is_some_and(|&peak| levels[peak] <= level) {
            peaks.pop_back();
        }
        peaks.push_back(day);
        if day - peaks[0] >= YEAR {
            peaks.pop_front();
        }
        sum += levels[peaks[0]] - level;
    }
    sum / levels.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternating_values_are_opposed_a_day_apart_and_alike_two_days_apart() {
        let values: Vec<f64> = (0..10).map(|day| f64::from(day % 2)).collect();
        // Nine products of -1/4, then eight of 1/4, over ten squares of 1/4.
        assert_eq!(autocorrelations(&values, 2), [-0.9, 0.8]);
    }

    #[test]
    fn a_drawdown_forgets_a_peak_after_a_year() {
        let mut levels = vec![0.0; 300];
        levels[0] = 1.0;
        // The peak itself is not below itself; days 1 to 251 are, day 252 no more.
        assert_eq!(drawdown(&levels), 251.0 / 300.0);
    }

    #[test]
    fn a_fall_twice_as_steep_as_the_rise_comes_in_half_the_days() {
        // 25 days up by 1 % each, 13 days down by 2 % each, and a rest of one more percent up.
        let returns: Vec<f64> =
            (0..2_000).map(|day| if day % 39 < 26 { 0.01 } else { -0.02 }).collect();
        let found = gain_loss(&running_sum(&returns));
        assert!(found < 0.0, "{found}");
        let mirrored: Vec<f64> = returns.iter().map(|value| -value).collect();
        assert!((gain_loss(&running_sum(&mirrored)) + found).abs() < 1e-12);
    }

    #[test]
    fn unrest_after_trends_is_seen_and_its_reverse_is_the_opposite() {
        let mut stream = generativa_random::Stream::named(1, "zumbach");
        let mut trend = 0.0;
        let returns: Vec<f64> = (0..20_000)
            .map(|_| {
                let value = (1.0 + f64::abs(trend)) * stream.normal();
                trend = 0.95 * trend + 0.05 * value;
                value
            })
            .collect();
        let found = zumbach(&returns);
        let reversed: Vec<f64> = returns.iter().rev().copied().collect();
        assert!(found > 0.03, "{found}");
        assert!((zumbach(&reversed) + found).abs() < 1e-9);
    }
}
