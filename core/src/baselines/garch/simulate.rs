//! Drawing histories of any length from a [`Garch`], each its own whichever are drawn with it.

use std::ops::Range;

use generativa_random::Stream;
use rayon::prelude::*;

use super::{Garch, State};

/// Days drawn and left out before a history starts, until its variance has forgotten its start.
const WARM_UP: usize = 500;

/// A history that is being drawn. It goes on without a seam: two days and then three are the five.
#[derive(Clone, Debug)]
pub struct Path {
    /// After the last day drawn.
    pub state: State,
    stream: Stream,
}

impl Path {
    /// History `index` of those under `seed`, to go on from `state`.
    pub fn new(state: State, seed: u64, index: u64) -> Self {
        Self { state, stream: Stream::item(seed, "garch-path", index) }
    }

    /// Draws the next `days` returns; `innovation` has mean 0 and variance 1.
    pub fn extend(
        &mut self,
        model: &Garch,
        days: usize,
        innovation: impl Fn(&mut Stream) -> f64,
    ) -> Vec<f64> {
        (0..days).map(|_| model.step(&mut self.state, innovation(&mut self.stream))).collect()
    }
}

impl Garch {
    /// History `index` of those under `seed`, on the day before its first.
    pub fn path(&self, seed: u64, index: u64, innovation: impl Fn(&mut Stream) -> f64) -> Path {
        let mut path = Path::new(self.at_rest(), seed, index);
        path.extend(self, WARM_UP, innovation);
        path
    }

    /// Returns of `days` days for each history of `paths` under `seed`, drawn side by side.
    pub fn simulate(
        &self,
        paths: Range<u64>,
        days: usize,
        seed: u64,
        innovation: impl Fn(&mut Stream) -> f64 + Sync,
    ) -> Vec<Vec<f64>> {
        let draw = |index| self.path(seed, index, &innovation).extend(self, days, &innovation);
        paths.into_par_iter().map(draw).collect()
    }
}

/// Innovations from Student's t with `degrees` (above 2) degrees of freedom, scaled to variance 1
/// (Bailey 1994, the polar method's trigonometric form).
pub fn student(degrees: f64) -> impl Fn(&mut Stream) -> f64 + Sync + Copy {
    assert!(degrees > 2.0, "a variance takes more than 2 degrees of freedom, not {degrees}");
    let scale = (degrees - 2.0).sqrt();
    move |stream| {
        let radius = (libm::pow(1.0 - stream.uniform(), -2.0 / degrees) - 1.0).sqrt();
        scale * radius * libm::cos(std::f64::consts::TAU * stream.uniform())
    }
}

/// Innovations drawn anew from `residuals` (at least one): filtered historical simulation.
pub fn resampled(residuals: &[f64]) -> impl Fn(&mut Stream) -> f64 + Sync + Copy {
    assert!(!residuals.is_empty(), "to draw anew takes at least one residual");
    |stream| *stream.pick(residuals)
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

    #[test]
    fn a_history_is_the_same_in_any_batch_and_in_any_pieces() {
        let innovation = student(MODEL.degrees);
        let whole = MODEL.simulate(0..4, 50, 3, innovation);
        assert_eq!(MODEL.simulate(2..3, 50, 3, innovation)[0], whole[2]);
        let mut path = MODEL.path(3, 2, innovation);
        let pieces = [7, 0, 43].map(|days| path.extend(&MODEL, days, innovation)).concat();
        assert_eq!(pieces, whole[2]);
        assert_ne!(whole[1], whole[2]);
        assert_ne!(MODEL.simulate(2..3, 50, 4, innovation)[0], whole[2]);
    }

    #[test]
    fn student_innovations_have_the_variance_and_tails_of_their_distribution() {
        let mut stream = Stream::named(1, "student");
        let draw = student(10.0);
        let draws: Vec<f64> = (0..400_000).map(|_| draw(&mut stream)).collect();
        let moment = |power: i32| {
            draws.iter().map(|value| value.powi(power)).sum::<f64>() / draws.len() as f64
        };
        assert!(moment(1).abs() < 0.01, "{}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.02, "{}", moment(2));
        // Kurtosis 3 + 6 / (10 - 4).
        assert!((moment(4) - 4.0).abs() < 0.25, "{}", moment(4));
        // P(|t| > 2.228) = 5 % for ten degrees of freedom.
        let bound = 2.228_138_852 * 0.8f64.sqrt();
        let beyond = draws.iter().filter(|value| value.abs() > bound).count() as f64 / 400_000.0;
        assert!((beyond - 0.05).abs() < 0.002, "{beyond}");
    }

    #[test]
    fn resampled_innovations_are_the_residuals() {
        let residuals = [-1.0, 0.25, 3.0];
        let mut stream = Stream::named(2, "resampled");
        let draw = resampled(&residuals);
        let draws: Vec<f64> = (0..200).map(|_| draw(&mut stream)).collect();
        assert!(draws.iter().all(|value| residuals.contains(value)));
        assert!(residuals.iter().all(|value| draws.contains(value)));
    }

    #[test]
    fn long_histories_have_the_variance_of_rest() {
        let histories = MODEL.simulate(0..20, 20_000, 5, student(30.0)).concat();
        let count = histories.len() as f64;
        let mean = histories.iter().sum::<f64>() / count;
        let variance = histories.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        // Returns that come again a little vary more than surprises: 1 / (1 - 0.05^2).
        let expected = MODEL.at_rest().variance / (1.0 - 0.0025);
        assert!((variance / expected - 1.0).abs() < 0.1, "{variance} {expected}");
    }
}
