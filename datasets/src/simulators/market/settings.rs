//! What is asked of a simulated market, beside its model.

use super::correlation::Correlation;
use crate::{Error, Result};

/// A history.
#[derive(Clone, Debug, PartialEq)]
pub struct Market {
    /// The source of everything that is drawn.
    pub seed: u64,
    /// Rows.
    pub days: usize,
    /// Close before the first row, of every asset.
    pub start: f64,
    /// Correlation of the shocks, `[assets][assets]`, positive definite.
    pub correlation: Vec<Vec<f64>>,
    /// How a day is made.
    pub session: Session,
}

/// The parts of a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Session {
    /// Steps from open to close.
    pub steps: usize,
    /// Share of the variance of a day that falls into the night before its open, from 0 to below 1.
    pub overnight: f64,
}

impl Default for Session {
    /// 78 steps: five minutes each of the six and a half hours of US exchanges. A fifth of the
    /// variance by night, between the 0.08 of the S&P 500 from 2014 on and the 0.38 of Google.
    fn default() -> Self {
        Self { steps: 78, overnight: 0.2 }
    }
}

impl Market {
    /// One asset.
    pub fn single(seed: u64, days: usize) -> Self {
        Self::equal(seed, days, 1, 0.0)
    }

    /// Several assets, each two with the same correlation.
    pub fn equal(seed: u64, days: usize, assets: usize, correlation: f64) -> Self {
        let entry = |row: usize, column: usize| if row == column { 1.0 } else { correlation };
        let row = |row| (0..assets).map(|column| entry(row, column)).collect();
        let correlation = (0..assets).map(row).collect();
        Self { seed, days, start: 100.0, correlation, session: Session::default() }
    }

    /// How many assets there are.
    pub fn assets(&self) -> usize {
        self.correlation.len()
    }

    /// Fails where a number is outside of what can be simulated, else gives what draws the shocks.
    pub(super) fn check(&self) -> Result<Correlation> {
        within("days", self.days as f64, 1.0, 1e6)?;
        within("start", self.start, 1e-6, 1e12)?;
        within("steps of a day", self.session.steps as f64, 1.0, 1e5)?;
        within("share of the night", self.session.overnight, 0.0, 0.99)?;
        within("assets", self.assets() as f64, 1.0, 1e4)?;
        Correlation::new(&self.correlation)
    }
}

impl Session {
    /// Lengths of night and steps, in days; they sum to 1.
    pub(super) fn lengths(&self) -> Vec<f64> {
        let step = (1.0 - self.overnight) / self.steps as f64;
        std::iter::once(self.overnight).chain(std::iter::repeat_n(step, self.steps)).collect()
    }
}

/// Fails where a parameter lies outside of its range.
pub(super) fn within(what: &str, value: f64, low: f64, high: f64) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    let (what, found) = (format!("simulated market, {what}"), value.to_string());
    Err(Error::Unfit { what, expected: format!("{low} to {high}"), found })
}
