//! Returns whose log volatility is the sum of a fast and a slow factor (Chernov, Gallant, Ghysels &
//! Tauchen 2003), fitted so that histories drawn from it have the stylised facts of a real one.
//!
//! ```text
//! r[t] = mean + autoregression r[t-1] + level exp(fast[t] + slow[t]) z[t]
//! f[t+1] = persistence f[t] + spread sqrt(1 - persistence^2) c[t]
//! c[t] = leverage z[t] + sqrt(1 - leverage^2) n[t]
//! ```
//!
//! for each factor `f`, where `z` is a skewed Student t (Fernández & Steel 1998) of mean 0 and
//! variance 1, and `n` is a standard normal of the factor's own.

use std::ops::Range;

use generativa_random::Stream;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

mod fit;
mod innovation;

pub use fit::Search;
use innovation::{Shock, SkewedStudent};

/// One part of the log volatility.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// How much of it is left after a day, 0 to 1.
    pub persistence: f64,
    /// Its standard deviation in the long run.
    pub spread: f64,
    /// Correlation of its change with the day's surprise, -1 to 1: below 0, falls stir.
    pub leverage: f64,
}

impl Factor {
    fn next(&self, value: f64, surprise: f64, own: f64) -> f64 {
        let rest = |share: f64| (1.0 - share * share).sqrt();
        let change = self.leverage * surprise + rest(self.leverage) * own;
        self.persistence * value + self.spread * rest(self.persistence) * change
    }
}

/// The numbers of one series of log-returns a day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogVolatility {
    /// What a day adds whatever yesterday was.
    pub mean: f64,
    /// How much of yesterday's return comes again.
    pub autoregression: f64,
    /// Standard deviation of a day's surprise where both factors are 0.
    pub level: f64,
    /// The factor that forgets in days.
    pub fast: Factor,
    /// The factor that forgets in months.
    pub slow: Factor,
    /// Degrees of freedom of the surprises, above 2.
    pub degrees: f64,
    /// How much wider surprises reach up than down, 1 for alike, above 0.
    pub skew: f64,
}

/// All that the next day depends on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The last return.
    pub previous: f64,
    /// The fast factor of the next day.
    pub fast: f64,
    /// The slow factor of the next day.
    pub slow: f64,
}

/// A history that is being drawn. It goes on without a seam: two days and then three are the five.
#[derive(Clone, Debug)]
pub struct Path {
    /// After the last day drawn.
    pub state: State,
    stream: Stream,
}

impl Path {
    /// Draws the next `days` returns.
    pub fn extend(&mut self, model: &LogVolatility, days: usize) -> Vec<f64> {
        let surprises = SkewedStudent::new(model.degrees, model.skew);
        (0..days)
            .map(|_| model.step(&mut self.state, &surprises, &Shock::draw(&mut self.stream)))
            .collect()
    }
}

impl LogVolatility {
    /// History `index` of those under `seed`, on the day before its first: its factors are drawn
    /// from where they lie in the long run.
    pub fn path(&self, seed: u64, index: u64) -> Path {
        let mut stream = Stream::item(seed, "log-volatility-path", index);
        let state = self.start([stream.normal(), stream.normal()]);
        Path { state, stream }
    }

    /// Returns of `days` days for each history of `paths` under `seed`, drawn side by side.
    pub fn simulate(&self, paths: Range<u64>, days: usize, seed: u64) -> Vec<Vec<f64>> {
        paths.into_par_iter().map(|index| self.path(seed, index).extend(self, days)).collect()
    }

    /// The state in the long run, from two standard normals.
    fn start(&self, normals: [f64; 2]) -> State {
        let [fast, slow] = normals;
        State { previous: 0.0, fast: self.fast.spread * fast, slow: self.slow.spread * slow }
    }

    /// Draws the next day from a shock.
    fn step(&self, state: &mut State, surprises: &SkewedStudent, shock: &Shock) -> f64 {
        let surprise = surprises.of(shock);
        let deviation = self.level * libm::exp(state.fast + state.slow);
        let value = self.mean + self.autoregression * state.previous + deviation * surprise;
        *state = State {
            previous: value,
            fast: self.fast.next(state.fast, surprise, shock.fast),
            slow: self.slow.next(state.slow, surprise, shock.slow),
        };
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: LogVolatility = LogVolatility {
        mean: 0.0003,
        autoregression: 0.0,
        level: 0.008,
        fast: Factor { persistence: 0.9, spread: 0.3, leverage: -0.6 },
        slow: Factor { persistence: 0.99, spread: 0.3, leverage: -0.4 },
        degrees: 30.0,
        skew: 0.95,
    };

    #[test]
    fn a_history_is_the_same_in_any_batch_and_in_any_pieces() {
        let whole = MODEL.simulate(0..4, 50, 3);
        assert_eq!(MODEL.simulate(2..3, 50, 3)[0], whole[2]);
        let mut path = MODEL.path(3, 2);
        assert_eq!([7, 0, 43].map(|days| path.extend(&MODEL, days)).concat(), whole[2]);
        assert_ne!(whole[1], whole[2]);
    }

    #[test]
    fn returns_vary_as_their_level_and_factors_say() {
        let returns = MODEL.simulate(0..40, 10_000, 1).concat();
        let count = returns.len() as f64;
        let mean = returns.iter().sum::<f64>() / count;
        let variance = returns.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        // The mean of exp(2 x) for a normal x of deviation s is exp(2 s^2).
        let expected = 0.008f64.powi(2) * (2.0 * (0.09f64 + 0.09)).exp();
        assert!((variance / expected - 1.0).abs() < 0.05, "{variance} {expected}");
        assert!((mean - 0.0003).abs() < 1e-4, "{mean}");
    }

    #[test]
    fn a_factor_keeps_its_spread_and_follows_falls() {
        let mut stream = Stream::named(1, "factor");
        let factor = Factor { persistence: 0.9, spread: 0.5, leverage: -0.7 };
        let (mut value, mut squares, mut product) = (0.0, 0.0, 0.0);
        let days = 200_000;
        for _ in 0..days {
            let surprise = stream.normal();
            value = factor.next(value, surprise, stream.normal());
            squares += value * value / f64::from(days);
            product += value * surprise / f64::from(days);
        }
        assert!((squares - 0.25).abs() < 0.01, "{squares}");
        // Of the change alone: spread sqrt(1 - persistence^2) leverage.
        assert!((product + 0.5 * 0.19f64.sqrt() * 0.7).abs() < 0.01, "{product}");
    }
}
