//! The likelihood of a series under a [`Garch`], and the parameters that make it highest.

use std::f64::consts::PI;

use super::super::nelder_mead::{Limits, minimise};
use super::{Garch, News};

/// Returns are fitted in per cent, where the numbers below are all of the size of 1.
const PER_CENT: f64 = 100.0;

/// Where the searches start, as free numbers (see [`Range::parameters`]): an index, and a series
/// whose variance hardly fades, as one of coarse prices. A search from one alone may end beside the
/// best.
const STARTS: [[f64; 7]; 2] =
    [[0.03, 0.0, -1.5, 3.0, -4.605, 1.609, -1.5], [0.03, 0.0, -3.5, 5.0, -4.605, 1.609, -3.5]];

/// How far the first simplex reaches along each of them.
const REACH: [f64; 7] = [0.03, 0.1, 0.5, 0.5, 0.5, 0.5, 0.5];

/// Free numbers beyond this hardly move what they stand for, so a simplex there lies flat; the next
/// search starts from here.
const FLAT: f64 = 6.0;

/// A likelihood this close, for each day, is told by no test on fewer than a million days.
const LIMITS: Limits = Limits { evaluations: 20_000, tolerance: 1e-10 };

/// `alpha + gamma / 2 + beta` at most: variance returns to rest within some ten thousand days.
const PERSISTENCE: f64 = 0.9999;

impl Garch {
    /// The parameters under which `returns` (100 at least) are most likely. Fails where they never
    /// move, or where there are too few.
    pub fn fit(returns: &[f64], news: News) -> anyhow::Result<Self> {
        const LEAST: usize = 100;
        anyhow::ensure!(
            returns.len() >= LEAST,
            "returns to fit: expected at least {LEAST}, found {}; take a longer history",
            returns.len()
        );
        let scaled: Vec<f64> = returns.iter().map(|value| value * PER_CENT).collect();
        let first = scaled[0];
        anyhow::ensure!(
            scaled.iter().all(|value| value.is_finite()),
            "returns to fit: expected finite numbers, found {}; leave out days without a price",
            scaled.iter().find(|value| !value.is_finite()).unwrap_or(&f64::NAN)
        );
        anyhow::ensure!(
            scaled.iter().any(|&value| value != first),
            "returns to fit: expected a series that moves, found {first} on every day"
        );
        let free = match news {
            News::Symmetric => 6,
            News::Asymmetric => 7,
        };
        let range = Range::new(&scaled);
        let loss = |free: &[f64]| range.parameters(free).loss(&scaled);
        let search = |start: &[f64]| minimise(loss, &start[..free], &REACH[..free], LIMITS);
        let ends = STARTS.iter().flat_map(|start| {
            let first = search(start);
            let steep: Vec<f64> = first.0.iter().map(|free| free.clamp(-FLAT, FLAT)).collect();
            [first, search(&steep)]
        });
        let best = ends.min_by(|a, b| a.1.total_cmp(&b.1)).expect("there are two starts").0;
        let found = range.parameters(&best);
        Ok(Self {
            mean: found.mean / PER_CENT,
            omega: found.omega / (PER_CENT * PER_CENT),
            ..found
        })
    }

    /// Mean negative log-likelihood of a day of `returns`; lower is better. The first day's
    /// variance is that of [`filter`](Self::filter).
    pub fn loss(&self, returns: &[f64]) -> f64 {
        let half = (self.degrees + 1.0) / 2.0;
        let constant = libm::lgamma(half)
            - libm::lgamma(self.degrees / 2.0)
            - 0.5 * (PI * (self.degrees - 2.0)).ln();
        let mut state = self.start(returns);
        let (mut spread, mut surprise) = (LogProduct::new(), LogProduct::new());
        for &value in returns {
            let error = value - self.forecast_mean(state.previous);
            spread.take(state.variance);
            surprise.take(1.0 + error * error / (state.variance * (self.degrees - 2.0)));
            self.observe(&mut state, value);
        }
        (0.5 * spread.log() + half * surprise.log()) / returns.len() as f64 - constant
    }

    fn forecast_mean(&self, previous: f64) -> f64 {
        self.mean + self.autoregression * previous
    }
}

/// What the parameters of a series may be.
struct Range {
    /// `omega` is above this.
    least_omega: f64,
}

impl Range {
    /// Without a least `omega` the likelihood of a series that rests on many days has no highest:
    /// variance falls to nothing there. This is the one with which variance at the highest
    /// persistence rests where that of the series does.
    fn new(returns: &[f64]) -> Self {
        let count = returns.len() as f64;
        let mean = returns.iter().sum::<f64>() / count;
        let variance = returns.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        Self { least_omega: (1.0 - PERSISTENCE) * variance }
    }

    /// The parameters, in per cent, behind numbers that may lie anywhere; 6 of them for no `gamma`.
    fn parameters(&self, free: &[f64]) -> Garch {
        let share = |free: f64| 1.0 / (1.0 + (-free).exp());
        let alpha = 0.3 * share(free[2]);
        let gamma = free.get(6).map_or(0.0, |&free| 0.4 * share(free));
        Garch {
            mean: free[0],
            autoregression: 0.5 * free[1].tanh(),
            omega: self.least_omega + free[4].exp(),
            alpha,
            gamma,
            beta: (PERSISTENCE - alpha - gamma / 2.0) * share(free[3]),
            degrees: 2.05 + free[5].exp(),
        }
    }
}

/// The sum of the logarithms of many positive numbers, by one logarithm for each few of them.
struct LogProduct {
    log: f64,
    product: f64,
    factors: u32,
}

impl LogProduct {
    fn new() -> Self {
        Self { log: 0.0, product: 1.0, factors: 0 }
    }

    fn take(&mut self, factor: f64) {
        /// Variances from 1e-30 to 1e30 overflow in no product of so many.
        const FACTORS: u32 = 8;
        self.product *= factor;
        self.factors += 1;
        if self.factors == FACTORS {
            *self = Self { log: self.log(), ..Self::new() };
        }
    }

    fn log(&self) -> f64 {
        self.log + self.product.ln()
    }
}

#[cfg(test)]
mod tests {
    use super::super::student;
    use super::*;

    const TRUTH: Garch = Garch {
        mean: 0.0004,
        autoregression: 0.05,
        omega: 1.2e-6,
        alpha: 0.03,
        gamma: 0.11,
        beta: 0.9,
        degrees: 7.0,
    };

    fn history(days: usize) -> Vec<f64> {
        TRUTH.simulate(0..1, days, 1, student(TRUTH.degrees)).remove(0)
    }

    #[test]
    fn the_likelihood_of_a_few_days_is_the_sum_of_their_densities() {
        let returns = [0.01, -0.02, 0.004, 0.0, -0.011];
        let filtered = TRUTH.filter(&returns);
        let t = statrs::distribution::StudentsT::new(0.0, 1.0, 7.0).expect("a t distribution");
        let wide = (7.0f64 / 5.0).sqrt();
        let log_density = |(residual, forecast): (&f64, &super::super::Forecast)| {
            // A t variable of variance 1 is a plain one divided by `wide`.
            use statrs::distribution::Continuous;
            (t.pdf(residual * wide) * wide / forecast.deviation).ln()
        };
        let logs = filtered.residuals.iter().zip(&filtered.forecasts).map(log_density);
        let expected = -logs.sum::<f64>() / 5.0;
        assert!((TRUTH.loss(&returns) - expected).abs() < 1e-9, "{expected}");
    }

    #[test]
    fn a_fit_finds_what_made_a_long_history_and_is_at_least_as_likely() {
        let returns = history(15_000);
        let found = Garch::fit(&returns, News::Asymmetric).expect("a history to fit");
        assert!(found.loss(&returns) <= TRUTH.loss(&returns));
        // About four standard errors of each.
        let near = |found: f64, truth: f64, error: f64| (found - truth).abs() < error;
        assert!(near(found.alpha, 0.03, 0.02) && near(found.gamma, 0.11, 0.04), "{found:?}");
        assert!(near(found.beta, 0.9, 0.03) && near(found.degrees, 7.0, 1.5), "{found:?}");
        assert!(near(found.autoregression, 0.05, 0.033), "{found:?}");
        let symmetric = Garch::fit(&returns, News::Symmetric).expect("a history to fit");
        assert_eq!(symmetric.gamma, 0.0);
        assert!(symmetric.loss(&returns) > found.loss(&returns));
    }

    #[test]
    fn a_series_that_rests_on_many_days_keeps_a_variance() {
        let returns: Vec<f64> = history(3_000)
            .into_iter()
            .enumerate()
            .map(|(day, value)| if day % 10 < 4 { 0.0 } else { value })
            .collect();
        let found = Garch::fit(&returns, News::Asymmetric).expect("a history to fit");
        let forecasts = found.filter(&returns).forecasts;
        let least = forecasts.iter().map(|day| day.deviation);
        // A hundredth of the standard deviation of a day.
        assert!(least.fold(f64::INFINITY, f64::min) > 1e-4, "{found:?}");
    }

    #[test]
    fn too_few_or_frozen_returns_are_refused() {
        let refusal = |returns: &[f64]| {
            Garch::fit(returns, News::Symmetric).expect_err("nothing to fit").to_string()
        };
        assert!(refusal(&[0.01; 5]).contains("expected at least 100, found 5"));
        assert!(refusal(&[0.0; 200]).contains("found 0 on every day"));
        let mut returns = history(200);
        returns[7] = f64::NAN;
        assert!(refusal(&returns).contains("found NaN"));
    }
}
