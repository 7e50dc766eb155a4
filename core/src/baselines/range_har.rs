//! Range-HAR bootstrap: the log range of a day from its means over the last day, week and month
//! (Corsi 2009, on the range instead of the realised variance) and from the return before, with
//! drawn residuals. No network and no distribution: the rival to beat.

mod local;

use anyhow::{Result, ensure};
use faer::Mat;
use faer::linalg::solvers::SolveLstsq;
use generativa_random::Stream;
use serde::{Deserialize, Serialize};

use super::path_windows::windows_of_paths;
use crate::data::trading_day::Day;
use crate::metrics::window_statistics::with_log_range;
pub use local::{LocalRangeHar, LocalRangeHarState};

/// Days of a trading month, the longest memory.
const MONTH: usize = 22;
/// Days of a trading week.
const WEEK: usize = 5;
/// Days after which a path has forgotten that it began at the mean.
const WARM_UP: usize = 300;
/// Returns of more ranges than this are taken for it: the close lies outside high and low then.
const MOST_RANGES: f64 = 3.0;

/// The fitted model.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct RangeHar {
    /// Constant, log range of yesterday, of the week, of the month, return in ranges of yesterday,
    /// and its size.
    weights: [f64; 6],
    shocks: Vec<Shock>,
    mean: f64,
    /// The least and the largest log range seen.
    bounds: [f64; 2],
}

/// What one day of the past brought that the days before it did not tell.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
struct Shock {
    /// Residual of the log range.
    log_range: f64,
    /// Return in ranges.
    ratio: f64,
    position: f64,
}

/// Where a path stands: all that the days to come depend on.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct RangeHarState {
    /// Of the last month, the oldest first.
    log_ranges: [f64; MONTH],
    /// Return of the last day in ranges.
    ratio: f64,
}

impl RangeHarState {
    fn told(&self) -> [f64; 6] {
        let mean = |days: usize| self.log_ranges[MONTH - days..].iter().sum::<f64>() / days as f64;
        [1.0, self.log_ranges[MONTH - 1], mean(WEEK), mean(MONTH), self.ratio, self.ratio.abs()]
    }

    fn advance(&mut self, log_range: f64, ratio: f64) {
        self.log_ranges.rotate_left(1);
        self.log_ranges[MONTH - 1] = log_range;
        self.ratio = ratio;
    }
}

impl RangeHar {
    /// Least squares over `days`, at least two months of them.
    ///
    /// # Errors
    /// Fewer days, and values that are not finite.
    pub fn fit(days: &[Day]) -> Result<Self> {
        ensure!(
            days.len() >= 2 * MONTH,
            "range-HAR: expected at least {} days, found {}",
            2 * MONTH,
            days.len()
        );
        if let Some(day) = days.iter().position(|day| day.iter().any(|x| !x.is_finite())) {
            anyhow::bail!("range-HAR: day {day}: expected finite values, found {:?}", days[day]);
        }
        let told: Vec<[f64; 6]> =
            (MONTH..days.len()).map(|day| state(&days[..day]).told()).collect();
        let log_range = |day: usize| with_log_range(days[day])[1];
        let regressors = Mat::from_fn(told.len(), 6, |row, column| told[row][column]);
        let answers = Mat::from_fn(told.len(), 1, |row, _| log_range(row + MONTH));
        // Pivoted, so that a history of constant range has an answer too.
        let solution = regressors.col_piv_qr().solve_lstsq(&answers);
        let weights: [f64; 6] = std::array::from_fn(|index| solution[(index, 0)]);
        ensure!(
            weights.iter().all(|weight| weight.is_finite()),
            "range-HAR: the days do not tell its weights apart, found {weights:?}; more days are \
             needed"
        );
        let shock = |(row, told): (usize, &[f64; 6])| Shock {
            log_range: log_range(row + MONTH) - product(&weights, told),
            ratio: ratio(days[row + MONTH]),
            position: days[row + MONTH][2],
        };
        let shocks = told.iter().enumerate().map(shock).collect();
        let ranges: Vec<f64> = (0..days.len()).map(log_range).collect();
        let bound = |pick: fn(f64, f64) -> f64| ranges.iter().copied().reduce(pick);
        let bounds = [bound(f64::min), bound(f64::max)].map(Option::unwrap_or_default);
        Ok(Self { weights, shocks, mean: ranges.iter().sum::<f64>() / ranges.len() as f64, bounds })
    }

    /// Somewhere in the middle of a path.
    pub fn start(&self, stream: &mut Stream) -> RangeHarState {
        let mut state = RangeHarState { log_ranges: [self.mean; MONTH], ratio: 0.0 };
        for _ in 0..WARM_UP {
            self.next(&mut state, stream);
        }
        state
    }

    /// After these days, at least a month of them, which need not be those of the fit.
    ///
    /// # Errors
    /// Fewer days.
    pub fn after(&self, days: &[Day]) -> Result<RangeHarState> {
        ensure!(
            days.len() >= MONTH,
            "range-HAR: expected at least {MONTH} days to go on from, found {}",
            days.len()
        );
        Ok(state(days))
    }

    /// The next day of a path.
    pub fn next(&self, state: &mut RangeHarState, stream: &mut Stream) -> Day {
        self.day_after(state, stream.pick(&self.shocks))
    }

    /// The day that `shock` makes.
    fn day_after(&self, state: &mut RangeHarState, shock: &Shock) -> Day {
        let log_range = product(&self.weights, &state.told()) + shock.log_range;
        let log_range = log_range.clamp(self.bounds[0], self.bounds[1]);
        state.advance(log_range, shock.ratio);
        let range = log_range.exp();
        [shock.ratio * range, range, shock.position]
    }

    /// So many days in one piece, from somewhere in the middle of a path.
    pub fn path(&self, days: usize, stream: &mut Stream) -> Vec<Day> {
        let mut state = self.start(stream);
        (0..days).map(|_| self.next(&mut state, stream)).collect()
    }

    /// `count` windows of `window` days, cut from paths.
    pub fn windows(&self, count: usize, window: usize, stream: &mut Stream) -> Vec<Vec<Day>> {
        windows_of_paths(count, window, stream, |days, stream| self.path(days, stream))
    }
}

/// After a month of days or more.
fn state(days: &[Day]) -> RangeHarState {
    let month = &days[days.len() - MONTH..];
    let log_ranges = std::array::from_fn(|day| with_log_range(month[day])[1]);
    RangeHarState { log_ranges, ratio: ratio(month[MONTH - 1]) }
}

fn ratio([change, range, _]: Day) -> f64 {
    (change / range).clamp(-MOST_RANGES, MOST_RANGES)
}

fn product(a: &[f64; 6], b: &[f64; 6]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A history with these weights and small normal shocks.
    fn history(weights: [f64; 6], days: usize) -> Vec<Day> {
        let mut stream = Stream::named(1, "history");
        let mut state = RangeHarState { log_ranges: [-4.0; MONTH], ratio: 0.0 };
        let next = |_| {
            let log_range = product(&weights, &state.told()) + 0.1 * stream.normal();
            let ratio = (0.5 * stream.normal()).clamp(-1.0, 1.0);
            state.advance(log_range, ratio);
            [ratio * log_range.exp(), log_range.exp(), stream.uniform()]
        };
        (0..days).map(next).collect()
    }

    const WEIGHTS: [f64; 6] = [-0.45, 0.3, 0.3, 0.3, -0.1, 0.1];

    #[test]
    fn the_weights_of_a_long_history_are_found() -> Result<()> {
        let model = RangeHar::fit(&history(WEIGHTS, 20_000))?;
        for (found, known) in model.weights.iter().zip(WEIGHTS).skip(1) {
            assert!((found - known).abs() < 0.04, "{:?}", model.weights);
        }
        Ok(())
    }

    #[test]
    fn a_path_goes_on_from_its_state_as_if_it_had_not_stopped() -> Result<()> {
        let days = history(WEIGHTS, 500);
        let model = RangeHar::fit(&days)?;
        let mut stream = Stream::named(2, "path");
        let whole = model.path(50, &mut stream.clone());
        let mut state = model.start(&mut stream);
        let mut parts: Vec<Day> = (0..20).map(|_| model.next(&mut state, &mut stream)).collect();
        let stored = serde_json::to_string(&state)?;
        let mut state: RangeHarState = serde_json::from_str(&stored)?;
        parts.extend((0..30).map(|_| model.next(&mut state, &mut stream)));
        assert_eq!(whole, parts);
        // Every day keeps within the ranges of the past.
        assert!(whole.iter().all(|day| (model.bounds[0]..=model.bounds[1]).contains(&day[1].ln())));
        Ok(())
    }

    #[test]
    fn days_of_the_past_can_be_gone_on_from() -> Result<()> {
        let days = history(WEIGHTS, 500);
        let model = RangeHar::fit(&days)?;
        let calm: Vec<Day> = days[..MONTH].iter().map(|day| [0.0, day[1] / 4.0, 0.5]).collect();
        let mut state = model.after(&calm)?;
        let next = model.next(&mut state, &mut Stream::named(3, "next"));
        assert!(next[1] < days.iter().map(|day| day[1]).sum::<f64>() / 500.0);
        assert!(model.after(&calm[1..]).is_err());
        Ok(())
    }
}
