//! Traded volumes beside simulated days: the log volume of a day from its means over the last day, week
//! and month, as Corsi 2009 has it for volatility, with residuals of the days that are drawn. A day
//! brings the volume that went with its move, at the level that volumes have come to.

use anyhow::{Result, ensure};
use faer::Mat;
use faer::linalg::solvers::SolveLstsq;
use serde::{Deserialize, Serialize};

/// Days of a trading month, and of a week.
const MONTH: usize = 22;
const WEEK: usize = 5;
/// Constant, last day, week, month.
const TERMS: usize = 4;

/// The fitted model.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct VolumeHar {
    weights: [f64; TERMS],
    /// Log volume of each day of history.
    logs: Vec<f64>,
    /// What each day from the second month on brought beyond what was expected.
    shocks: Vec<f64>,
    /// The least and the largest log volume.
    bounds: [f64; 2],
}

/// Log volumes of the last month of a path, the oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct VolumeState([f64; MONTH]);

impl VolumeState {
    fn told(&self) -> [f64; TERMS] {
        let Self(logs) = self;
        let mean = |days: usize| logs[MONTH - days..].iter().sum::<f64>() / days as f64;
        [1.0, logs[MONTH - 1], mean(WEEK), mean(MONTH)]
    }
}

impl VolumeHar {
    /// Least squares over `volumes`, a value a day, at least two months of them.
    ///
    /// # Errors
    /// Fewer days, and a day on which nothing was traded: its logarithm is none.
    pub fn fit(volumes: &[f64]) -> Result<Self> {
        ensure!(
            volumes.len() >= 2 * MONTH,
            "volumes: expected at least {} days, found {}",
            2 * MONTH,
            volumes.len()
        );
        if let Some(day) = volumes.iter().position(|volume| !(*volume > 0.0 && volume.is_finite()))
        {
            anyhow::bail!("volumes: day {day}: expected one above 0, found {}", volumes[day]);
        }
        let logs: Vec<f64> = volumes.iter().map(|volume| volume.ln()).collect();
        let told: Vec<[f64; TERMS]> =
            (MONTH..logs.len()).map(|day| before(&logs, day).told()).collect();
        let regressors = Mat::from_fn(told.len(), TERMS, |row, column| told[row][column]);
        let answers = Mat::from_fn(told.len(), 1, |row, _| logs[row + MONTH]);
        // Pivoted, so that volumes that never change have an answer too.
        let solution = regressors.col_piv_qr().solve_lstsq(&answers);
        let weights: [f64; TERMS] = std::array::from_fn(|index| solution[(index, 0)]);
        ensure!(
            weights.iter().all(|weight| weight.is_finite()),
            "volumes: the days do not tell their weights apart, found {weights:?}"
        );
        let shocks =
            told.iter().zip(&logs[MONTH..]).map(|(told, log)| log - product(&weights, told));
        let bound = |pick: fn(f64, f64) -> f64| logs.iter().copied().reduce(pick);
        let bounds = [bound(f64::min), bound(f64::max)].map(Option::unwrap_or_default);
        Ok(Self { weights, shocks: shocks.collect(), bounds, logs })
    }

    /// How many days there are to draw: those from the second month on, numbered from 0.
    pub fn places(&self) -> usize {
        self.shocks.len()
    }

    /// As history stood before the day of this number, below [`places`](Self::places).
    pub fn at(&self, place: usize) -> VolumeState {
        before(&self.logs, place + MONTH)
    }

    /// The volume of the next day of a path, which is drawn from the day of this number.
    pub fn next(&self, state: &mut VolumeState, place: usize) -> f64 {
        let [least, most] = self.bounds;
        let log = (product(&self.weights, &state.told()) + self.shocks[place]).clamp(least, most);
        state.0.rotate_left(1);
        state.0[MONTH - 1] = log;
        log.exp()
    }
}

fn before(logs: &[f64], day: usize) -> VolumeState {
    VolumeState(std::array::from_fn(|at| logs[day - MONTH + at]))
}

fn product(a: &[f64; TERMS], b: &[f64; TERMS]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use generativa_random::Stream;

    use super::*;

    fn volumes() -> Vec<f64> {
        let mut stream = Stream::named(1, "volumes");
        let mut level = 0.0;
        let day = |_| {
            level = 0.95 * level + 0.1 * stream.normal();
            1e6 * f64::exp(level + 0.2 * stream.normal())
        };
        (0..2000).map(day).collect()
    }

    #[test]
    fn the_days_of_history_in_their_order_have_its_volumes() -> Result<()> {
        let volumes = volumes();
        let model = VolumeHar::fit(&volumes)?;
        let mut state = model.at(0);
        for place in 0..model.places() {
            let found = model.next(&mut state, place);
            let known = volumes[place + MONTH];
            assert!((found / known - 1.0).abs() < 1e-6, "{place}: {found} {known}");
        }
        Ok(())
    }

    #[test]
    fn drawn_days_keep_level_spread_and_memory() -> Result<()> {
        let volumes = volumes();
        let model = VolumeHar::fit(&volumes)?;
        let mut stream = Stream::named(2, "path");
        let mut state = model.at(0);
        let made: Vec<f64> =
            (0..50_000).map(|_| model.next(&mut state, stream.below(model.places()))).collect();
        // Mean, deviation and correlation over five days of the logarithm.
        let of = |values: &[f64]| {
            let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
            let count = logs.len() as f64;
            let mean = logs.iter().sum::<f64>() / count;
            let square = logs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
            let pairs = logs.iter().zip(&logs[5..]);
            let product = pairs.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / count;
            [mean, square.sqrt(), product / square]
        };
        for (found, known) in of(&made).into_iter().zip(of(&volumes)) {
            assert!((found - known).abs() < 0.1, "{found} {known}");
        }
        Ok(())
    }

    #[test]
    fn a_day_without_trade_is_named() {
        let mut volumes = volumes();
        volumes[7] = 0.0;
        let told = VolumeHar::fit(&volumes).expect_err("nothing traded").to_string();
        assert_eq!(told, "volumes: day 7: expected one above 0, found 0");
    }
}
