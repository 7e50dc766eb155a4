//! Returns whose volatility follows their own past: GARCH(1,1) (Bollerslev 1986) and GJR-GARCH(1,1)
//! (Glosten, Jagannathan & Runkle 1993), with a mean that follows yesterday's return and Student-t
//! innovations. With innovations drawn anew from its own residuals it is the filtered historical
//! simulation of Barone-Adesi, Giannopoulos & Vosper (1999).
//!
//! ```text
//! r[t] = mean + autoregression r[t-1] + e[t]
//! e[t] = sqrt(h[t]) z[t], where z is Student's t of variance 1
//! h[t+1] = omega + (alpha + gamma if e[t] < 0) e[t]^2 + beta h[t]
//! ```
//!
//! Everywhere returns are log-returns a day, not per cent.

use serde::{Deserialize, Serialize};

mod fit;
mod simulate;

pub use simulate::{Path, resampled, student};

/// Whether falls may stir more than rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum News {
    /// GARCH: `gamma` is 0.
    Symmetric,
    /// GJR-GARCH.
    Asymmetric,
}

/// The numbers of one series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Garch {
    /// What a day adds whatever yesterday was.
    pub mean: f64,
    /// How much of yesterday's return comes again, -0.5 to 0.5.
    pub autoregression: f64,
    /// Variance that each day adds, above 0; fitted, above a ten-thousandth of the series'.
    pub omega: f64,
    /// Share of yesterday's squared surprise, 0 to 0.3.
    pub alpha: f64,
    /// Share of it that comes on top after a fall, 0 to 0.4.
    pub gamma: f64,
    /// Share of yesterday's variance; `alpha + gamma / 2 + beta` is below 1.
    pub beta: f64,
    /// Degrees of freedom of the innovations, above 2.05: fewer are wilder.
    pub degrees: f64,
}

/// All that the next day depends on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The last return.
    pub previous: f64,
    /// The variance of the next day's surprise.
    pub variance: f64,
}

/// What is expected of the next day before it comes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Mean return.
    pub mean: f64,
    /// Standard deviation around it.
    pub deviation: f64,
}

impl Forecast {
    /// How many deviations above its mean `value` turned out.
    pub fn residual(&self, value: f64) -> f64 {
        (value - self.mean) / self.deviation
    }
}

/// A series seen through the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Filtered {
    /// The forecast of each day, made the day before.
    pub forecasts: Vec<Forecast>,
    /// Each day's surprise in deviations of its forecast.
    pub residuals: Vec<f64>,
    /// After the last day.
    pub state: State,
}

impl Garch {
    /// The forecast of the day after `state`.
    pub fn forecast(&self, state: &State) -> Forecast {
        Forecast {
            mean: self.mean + self.autoregression * state.previous,
            deviation: state.variance.sqrt(),
        }
    }

    /// Takes the next day's return into `state`.
    pub fn observe(&self, state: &mut State, value: f64) {
        let surprise = value - self.mean - self.autoregression * state.previous;
        let share = if surprise < 0.0 { self.alpha + self.gamma } else { self.alpha };
        state.variance = self.omega + share * surprise * surprise + self.beta * state.variance;
        state.previous = value;
    }

    /// Draws the next day: its return, where its surprise is `innovation` deviations.
    pub fn step(&self, state: &mut State, innovation: f64) -> f64 {
        let forecast = self.forecast(state);
        let value = forecast.mean + forecast.deviation * innovation;
        self.observe(state, value);
        value
    }

    /// The state in the long run: no return yesterday, and the variance that days have on average.
    pub fn at_rest(&self) -> State {
        // A hair short of no rest at all, variance would have no end.
        let fading = (1.0 - self.alpha - self.gamma / 2.0 - self.beta).max(1e-3);
        State { previous: 0.0, variance: self.omega / fading }
    }

    /// `returns`, at least one, from the start of a history: the first variance is that of all of
    /// its surprises, and the day before the first is taken to be like the first.
    pub fn filter(&self, returns: &[f64]) -> Filtered {
        self.filter_from(self.start(returns), returns)
    }

    /// `returns` that go on after `state`.
    pub fn filter_from(&self, mut state: State, returns: &[f64]) -> Filtered {
        let (forecasts, residuals) = returns
            .iter()
            .map(|&value| {
                let forecast = self.forecast(&state);
                self.observe(&mut state, value);
                (forecast, forecast.residual(value))
            })
            .unzip();
        Filtered { forecasts, residuals, state }
    }

    fn start(&self, returns: &[f64]) -> State {
        assert!(!returns.is_empty(), "a history has at least one return");
        let previous = std::iter::once(&returns[0]).chain(returns);
        let surprise = |(value, previous): (&f64, &f64)| value - self.autoregression * previous;
        let surprises: Vec<f64> = returns.iter().zip(previous).map(surprise).collect();
        let count = surprises.len() as f64;
        let mean = surprises.iter().sum::<f64>() / count;
        let variance = surprises.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        State { previous: returns[0], variance }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Garch = Garch {
        mean: 0.01,
        autoregression: 0.5,
        omega: 0.1,
        alpha: 0.2,
        gamma: 0.1,
        beta: 0.5,
        degrees: 5.0,
    };

    #[test]
    fn a_day_follows_from_the_day_before_as_by_hand() {
        let mut state = State { previous: 0.2, variance: 4.0 };
        let forecast = KNOWN.forecast(&state);
        assert_eq!((forecast.mean, forecast.deviation), (0.11, 2.0));
        let value = KNOWN.step(&mut state, -1.5);
        assert_eq!(value, 0.11 - 3.0);
        // A fall by 3: 0.1 + (0.2 + 0.1) 9 + 0.5 * 4; a rise by 3 stirs less.
        assert!((state.variance - 4.8).abs() < 1e-12 && state.previous == value);
        let mut state = State { previous: 0.2, variance: 4.0 };
        KNOWN.step(&mut state, 1.5);
        assert!((state.variance - 3.9).abs() < 1e-12);
    }

    #[test]
    fn a_history_filtered_in_two_pieces_is_one_filtered_in_one() {
        let returns = [0.3, -2.0, 0.7, 1.1, -0.4, 0.0];
        let whole = KNOWN.filter(&returns);
        // The state carries everything over the cut.
        let first = KNOWN.filter_from(KNOWN.start(&returns), &returns[..2]);
        let second = KNOWN.filter_from(first.state, &returns[2..]);
        assert_eq!([first.residuals, second.residuals].concat(), whole.residuals);
        assert_eq!(second.state, whole.state);
    }

    #[test]
    fn steps_with_the_residuals_of_a_history_give_it_back() {
        let returns = [0.3, -2.0, 0.7, 1.1];
        let filtered = KNOWN.filter(&returns);
        let mut state = KNOWN.start(&returns);
        for (value, residual) in returns.iter().zip(filtered.residuals) {
            assert!((KNOWN.step(&mut state, residual) - value).abs() < 1e-12);
        }
    }

    #[test]
    fn variance_at_rest_stays_on_average() {
        let rest = KNOWN.at_rest();
        // The mean of the step up after a fall and after a rise of one deviation.
        let after = [-1.0, 1.0].map(|innovation| {
            let mut state = rest;
            KNOWN.step(&mut state, innovation);
            state.variance
        });
        assert!(((after[0] + after[1]) / 2.0 - rest.variance).abs() < 1e-12, "{after:?}");
    }
}
