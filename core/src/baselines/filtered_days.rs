//! Filtered historical simulation (Barone-Adesi, Giannopoulos & Vosper 1999) of whole days: returns
//! follow a [`Garch`], and with a day's surprise come its range, in deviations of what was expected
//! of it, and its position.

use anyhow::Result;
use generativa_random::Stream;
use serde::{Deserialize, Serialize};

use super::garch::{Garch, News, State, student};
use super::path_windows::windows_of_paths;
use crate::data::trading_day::Day;

/// Days after which a path has forgotten that it began at rest.
const WARM_UP: usize = 300;
/// How many places further a past day may stand, by its surprise, from the one that is drawn.
const NEAR: usize = 20;

/// Where the surprises of drawn days come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Surprises {
    /// From the past, each with its own range and position.
    Past,
    /// From Student's t, with range and position of a past day of about the same surprise.
    Student,
}

/// The fitted model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FilteredDays {
    model: Garch,
    surprises: Surprises,
    /// By rising surprise.
    past: Vec<PastDay>,
}

/// A day of the past through the filter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct PastDay {
    surprise: f64,
    /// Range in deviations of the forecast.
    range: f64,
    position: f64,
}

impl FilteredDays {
    /// Fits the filter to `days` and sees them through it.
    ///
    /// # Errors
    /// Fewer than 100 days, values that are not finite, and returns that never move.
    pub fn fit(days: &[Day], news: News, surprises: Surprises) -> Result<Self> {
        let returns: Vec<f64> = days.iter().map(|day| day[0]).collect();
        Ok(Self::of(Garch::fit(&returns, news)?, days, &returns, surprises))
    }

    fn of(model: Garch, days: &[Day], returns: &[f64], surprises: Surprises) -> Self {
        let filtered = model.filter(returns);
        let through = days.iter().zip(filtered.forecasts.iter().zip(&filtered.residuals));
        let mut past: Vec<PastDay> = through
            .map(|(&[_, range, position], (forecast, &surprise))| PastDay {
                surprise,
                range: range / forecast.deviation,
                position,
            })
            .collect();
        past.sort_by(|a, b| a.surprise.total_cmp(&b.surprise));
        Self { model, surprises, past }
    }

    /// So many days in one piece, from somewhere in the middle of a path.
    pub fn path(&self, days: usize, stream: &mut Stream) -> Vec<Day> {
        let mut state = self.model.at_rest();
        for _ in 0..WARM_UP {
            self.next(&mut state, stream);
        }
        (0..days).map(|_| self.next(&mut state, stream)).collect()
    }

    /// `count` windows of `window` days, cut from paths.
    pub fn windows(&self, count: usize, window: usize, stream: &mut Stream) -> Vec<Vec<Day>> {
        windows_of_paths(count, window, stream, |days, stream| self.path(days, stream))
    }

    fn next(&self, state: &mut State, stream: &mut Stream) -> Day {
        let PastDay { surprise, range, position } = self.draw(stream);
        let deviation = self.model.forecast(state).deviation;
        [self.model.step(state, surprise), range * deviation, position]
    }

    fn draw(&self, stream: &mut Stream) -> PastDay {
        match self.surprises {
            Surprises::Past => *stream.pick(&self.past),
            Surprises::Student => {
                let surprise = student(self.model.degrees)(stream);
                let place = self.past.partition_point(|day| day.surprise < surprise);
                let place = (place + stream.below(2 * NEAR + 1)).saturating_sub(NEAR);
                PastDay { surprise, ..self.past[place.min(self.past.len() - 1)] }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: Garch = Garch {
        mean: 0.0004,
        autoregression: 0.05,
        omega: 2e-6,
        alpha: 0.03,
        gamma: 0.1,
        beta: 0.9,
        degrees: 6.0,
    };

    /// A history whose ranges and positions follow from its surprises.
    fn history(surprises: Surprises) -> FilteredDays {
        let returns = MODEL.simulate(0..1, 3_000, 1, student(MODEL.degrees)).remove(0);
        let filtered = MODEL.filter(&returns);
        let through = returns.iter().zip(filtered.forecasts.iter().zip(&filtered.residuals));
        let days: Vec<Day> = through
            .map(|(&value, (forecast, surprise))| {
                [value, forecast.deviation * surprise.exp(), 1.0 / (1.0 + (-surprise).exp())]
            })
            .collect();
        FilteredDays::of(MODEL, &days, &returns, surprises)
    }

    /// Surprise, range in deviations and position of drawn days.
    fn drawn(model: &FilteredDays, days: usize) -> Vec<[f64; 3]> {
        let mut stream = Stream::named(2, "drawn");
        let mut state = MODEL.at_rest();
        let day = |_| {
            let forecast = MODEL.forecast(&state);
            let [value, range, position] = model.next(&mut state, &mut stream);
            [forecast.residual(value), range / forecast.deviation, position]
        };
        (0..days).map(day).collect()
    }

    #[test]
    fn a_surprise_of_the_past_brings_its_own_range_and_position() {
        for [surprise, range, position] in drawn(&history(Surprises::Past), 200) {
            assert!((range.ln() - surprise).abs() < 1e-9, "{surprise} {range}");
            assert!((position / (1.0 - position) / range - 1.0).abs() < 1e-9, "{position}");
        }
    }

    #[test]
    fn a_drawn_surprise_brings_the_range_of_a_near_one() {
        let days = drawn(&history(Surprises::Student), 2_000);
        // In the middle, twenty of 3,000 days span 0.02 deviations or so; far out they span more.
        let middle = days.iter().filter(|day| day[0].abs() < 1.0);
        assert!(middle.clone().count() > 1_000);
        assert!(middle.clone().all(|day| (day[1].ln() - day[0]).abs() < 0.1));
        assert!(middle.clone().any(|day| day[1].ln() != day[0]));
    }

    #[test]
    fn windows_come_in_the_number_and_length_asked_for_and_the_same_twice() {
        let model = history(Surprises::Past);
        let draw = || model.windows(50, 24, &mut Stream::named(3, "windows"));
        assert!(draw().len() == 50 && draw().iter().all(|window| window.len() == 24));
        assert_eq!(draw(), draw());
    }

    #[test]
    fn too_few_days_are_refused() {
        let days = [[0.01, 0.02, 0.5]; 20];
        let refusal = FilteredDays::fit(&days, News::Asymmetric, Surprises::Past);
        assert!(refusal.is_err_and(|error| error.to_string().contains("at least 100, found 20")));
    }
}
