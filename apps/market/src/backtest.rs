//! Value at risk and expected shortfall a day ahead, as they would have been told day after day, and
//! whether they held.

use anyhow::Result;
use generativa::baselines::Garch;
use generativa::baselines::garch::News;
use generativa::metrics::value_at_risk::{Coverage, Tail, fissler_ziegel};

/// Shares of days that may fall below, all to be met.
pub const LEVELS: [f64; 2] = [0.01, 0.05];
/// Least p-value of each test of a forecast that holds.
pub const SIGNIFICANCE: f64 = 0.05;
/// Days that have to stand before the first that is tested.
pub const LEAST_BEFORE: usize = YEAR;

/// Days that a filter is fitted to at most.
const LEARNED: usize = 3000;
/// Days that historical simulation looks back, and after which a filter is fitted anew.
const YEAR: usize = 250;
/// Days back that surprises are taken from: two years, so that a change of a market's tails is soon
/// seen, and 1 % of them are still five.
const SURPRISES: usize = 2 * YEAR;

/// How a forecast is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A GJR-GARCH that is fitted anew each year, with the tail of its surprises in the last two.
    Rolling,
    /// A GJR-GARCH that is fitted once, before the first day that is tested, with the tail of its
    /// surprises until then: filtered historical simulation.
    Fixed,
    /// The tail of the returns of the last year: historical simulation.
    LastYear,
}

/// Forecasts of the last days of a series, and how they did.
#[derive(Clone, Debug)]
pub struct Backtest {
    /// Of each day that is tested, at each of [`LEVELS`].
    pub forecasts: Vec<[Tail; 2]>,
    /// Breaches at each level.
    pub coverage: [Coverage; 2],
    /// Mean loss of Fissler and Ziegel at each level; none where an expected shortfall is no loss.
    pub loss: [Option<f64>; 2],
}

impl Method {
    /// All of them, the verb's own first.
    pub const ALL: [Self; 3] = [Self::Rolling, Self::Fixed, Self::LastYear];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rolling => "gjr-garch-rolling",
            Self::Fixed => "fhs-gjr-garch",
            Self::LastYear => "historical-simulation-250",
        }
    }

    /// Tests the last `tested` days, at least 2, of `returns`, which holds [`LEAST_BEFORE`] more.
    ///
    /// # Errors
    /// Returns that no filter can be fitted to: that are not finite, or that never move.
    pub fn backtest(self, returns: &[f64], tested: usize) -> Result<Backtest> {
        let split = returns.len() - tested;
        let forecasts = self.forecasts(returns, split)?;
        let outcomes = &returns[split..];
        let of_level =
            |level: usize| -> Vec<Tail> { forecasts.iter().map(|tails| tails[level]).collect() };
        let coverage = [0, 1].map(|level| {
            let breached = outcomes.iter().zip(&forecasts);
            let breached: Vec<bool> =
                breached.map(|(value, tails)| *value < tails[level].value_at_risk).collect();
            Coverage::new(&breached, LEVELS[level])
        });
        let loss = [0, 1].map(|level| {
            let tails = of_level(level);
            let losses = tails.iter().all(|tail| tail.expected_shortfall < 0.0);
            losses.then(|| fissler_ziegel(outcomes, &tails, LEVELS[level]))
        });
        Ok(Backtest { forecasts, coverage, loss })
    }

    /// Of the days from `split` on, each from the days before it alone.
    fn forecasts(self, returns: &[f64], split: usize) -> Result<Vec<[Tail; 2]>> {
        let tails = |values: &[f64]| LEVELS.map(|level| Tail::of(values, level));
        let days = split..returns.len();
        Ok(match self {
            Self::LastYear => days.map(|day| tails(&returns[day - YEAR..day])).collect(),
            Self::Fixed => {
                let (from, model) = fitted(returns, split)?;
                let seen = model.filter(&returns[from..split]);
                let known = tails(&seen.residuals);
                let ahead = model.filter_from(seen.state, &returns[split..]).forecasts;
                let scaled = |one: &generativa::baselines::garch::Forecast| {
                    known.map(|tail| tail.scaled(one.mean, one.deviation))
                };
                ahead.iter().map(scaled).collect()
            }
            Self::Rolling => {
                let mut forecasts = Vec::with_capacity(days.len());
                for start in days.step_by(YEAR) {
                    let end = (start + YEAR).min(returns.len());
                    let (from, model) = fitted(returns, start)?;
                    let seen = model.filter(&returns[from..start]);
                    let ahead = model.filter_from(seen.state, &returns[start..end]);
                    let mut surprises = seen.residuals;
                    for (forecast, surprise) in ahead.forecasts.iter().zip(ahead.residuals) {
                        let last = surprises.len().saturating_sub(SURPRISES);
                        let known = tails(&surprises[last..]);
                        forecasts
                            .push(known.map(|tail| tail.scaled(forecast.mean, forecast.deviation)));
                        surprises.push(surprise);
                    }
                }
                forecasts
            }
        })
    }
}

impl Backtest {
    /// Whether the tests of both levels are passed.
    pub fn passes(&self) -> bool {
        self.coverage.iter().all(|coverage| coverage.passes(SIGNIFICANCE))
    }
}

/// A filter of the days before `split`, and the first of them.
fn fitted(returns: &[f64], split: usize) -> Result<(usize, Garch)> {
    let from = split.saturating_sub(LEARNED);
    Ok((from, Garch::fit(&returns[from..split], News::Asymmetric)?))
}

#[cfg(test)]
mod tests {
    use generativa::baselines::garch::student;

    use super::*;

    const MODEL: Garch = Garch {
        mean: 0.0004,
        autoregression: 0.05,
        omega: 1.2e-6,
        alpha: 0.03,
        gamma: 0.11,
        beta: 0.9,
        degrees: 7.0,
    };
    const TESTED: usize = 1000;

    fn history() -> Vec<f64> {
        MODEL.simulate(0..1, LEARNED + TESTED, 1, student(7.0)).remove(0)
    }

    #[test]
    fn filters_pass_where_their_law_goes_on_and_the_last_year_breaches_in_swarms() -> Result<()> {
        let returns = history();
        for method in [Method::Rolling, Method::Fixed] {
            let found = method.backtest(&returns, TESTED)?;
            assert!(found.passes(), "{method:?} {:?}", found.coverage);
        }
        let loss = |method: Method| -> Result<f64> {
            Ok(method.backtest(&returns, TESTED)?.loss[1].expect("a loss"))
        };
        assert!(loss(Method::Rolling)? < loss(Method::LastYear)?);
        Ok(())
    }

    #[test]
    fn surprises_that_grow_wilder_are_learned_by_the_rolling_filter_alone() -> Result<()> {
        let mut returns = history();
        // Every other surprise four times as large: a law that was never seen before.
        for (day, value) in returns[LEARNED..].iter_mut().enumerate() {
            *value *= if day % 2 == 0 { 4.0 } else { 0.5 };
        }
        let breaches = |method: Method| -> Result<usize> {
            Ok(method.backtest(&returns, TESTED)?.coverage[0].breaches)
        };
        assert!(!Method::Fixed.backtest(&returns, TESTED)?.passes());
        assert!(breaches(Method::Rolling)? < breaches(Method::Fixed)?);
        Ok(())
    }

    #[test]
    fn a_forecast_knows_nothing_of_its_day_or_later_ones() -> Result<()> {
        let returns = history();
        let mut other = returns.clone();
        let changed = returns.len() - 400;
        other[changed..].iter_mut().for_each(|value| *value *= -3.0);
        for method in Method::ALL {
            let [one, two] = [&returns, &other].map(|of| method.backtest(of, TESTED));
            let (one, two) = (one?.forecasts, two?.forecasts);
            assert_eq!(one.len(), TESTED);
            assert_eq!(one[..=600], two[..=600], "{method:?}");
            assert_ne!(one[601..], two[601..], "{method:?}");
        }
        Ok(())
    }
}
