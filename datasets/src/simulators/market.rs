//! Markets with known truth: prices of every day, and the law that its return was drawn from.
//!
//! Three models: [`Garch`] with or without leverage and with Student innovations, [`Heston`]'s
//! stochastic variance, and [`Regimes`] of a hidden Markov chain. A day is a path of a night and a
//! few dozen steps, so open, high, low and close are those of one path and always in order; high and
//! low are of the steps, and so a little nearer to each other than those of a continuous path.
//! Several assets have one model and correlated shocks. The bits depend on model and [`Market`]
//! alone, and the first days are the same in a longer history.

mod correlation;
mod gamma;
mod garch;
mod heston;
mod moments;
mod path;
mod regimes;
mod settings;

pub use garch::Garch;
pub use heston::Heston;
pub use moments::Moments;
pub use regimes::{Regime, Regimes};
pub use settings::{Market, Session};

use crate::Result;
use crate::prices::PriceTable;

/// How prices come about.
#[derive(Clone, Debug, PartialEq)]
pub enum Model {
    /// Variance by recursion.
    Garch(Garch),
    /// Variance as a process of its own.
    Heston(Heston),
    /// Variance and mean by a hidden state.
    Regimes(Regimes),
}

/// Prices and what is known about them.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    /// Assets `A1`, `A2` … on the weekdays from 3 January 2000 on.
    pub table: PriceTable,
    /// The law of the return of every row.
    pub truth: Truth,
}

/// The law of daily log returns given all that was before: for an asset and a row, of the
/// logarithm of its close over the close before. That before the first row is
/// [`Market::start`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Truth {
    /// `[asset][row]` the conditional mean.
    pub mean: Vec<Vec<f64>>,
    /// `[asset][row]` the conditional variance.
    pub variance: Vec<Vec<f64>>,
    /// `[row]` the state of the chain, for [`Model::Regimes`] only, whose mean and variance are
    /// those in this state.
    pub regime: Option<Vec<usize>>,
}

/// Simulates a market.
///
/// Fails where a parameter is outside of what has a stationary law, or the correlations are none.
pub fn simulate(model: &Model, market: &Market) -> Result<Simulated> {
    match model {
        Model::Garch(garch) => garch::simulate(garch, market),
        Model::Heston(heston) => heston::simulate(heston, market),
        Model::Regimes(regimes) => regimes::simulate(regimes, market),
    }
}

#[cfg(test)]
mod tests;
