//! Prices of generated days, and whether their order holds.

use anyhow::Result;
use generativa::cli::Trained;
use generativa::run::evaluation::{Better, Kind};

use super::rows::{Figure, Metric, Table};
use crate::config::Config;
use crate::model::Model;
use crate::sample::{Piece, Request};

/// Digits behind the point that `sample` prints.
const DIGITS: i32 = 6;
/// Days of each path that is looked at.
const DAYS: usize = 1000;
pub(super) const METRIC: Metric =
    Metric { name: "ohlc-violations", unit: "share", better: Better::Lower };

/// Where the prices of a day stand that have an order.
pub(super) struct Order {
    high: usize,
    low: usize,
    /// Open and close, as far as they are told.
    within: Vec<usize>,
}

impl Order {
    /// Among these columns; nothing where no high and low are told.
    pub(super) fn of(columns: &[String]) -> Option<Self> {
        let place = |name: &str| columns.iter().position(|column| column == name);
        let within = ["open", "close"].into_iter().filter_map(place).collect();
        Some(Self { high: place("high")?, low: place("low")?, within })
    }

    /// Whether a day as printed is impossible: a high below the low, the open or the close, a low above
    /// one of these, or a price of nothing.
    pub(super) fn is_violated(&self, day: &[f64]) -> bool {
        let printed = |place: usize| (day[place] * 10f64.powi(DIGITS)).round();
        let (high, low) = (printed(self.high), printed(self.low));
        let holds = |&place: &usize| high >= printed(place) && low <= printed(place);
        !(high >= low && low > 0.0 && self.within.iter().all(holds))
    }
}

/// The row of the paths that `sample` makes of all seeds, `refined` or not.
pub(super) fn add(
    table: &mut Table,
    name: &str,
    trained: &[Trained<Config>],
    refined: bool,
    paths: u64,
) -> Result<()> {
    let (mut wrong, mut n) = (0, 0);
    for one in trained {
        let model = Model::open(one)?;
        let columns = model.columns();
        let Some(order) = Order::of(&columns) else { return Ok(()) };
        let request = Request { refined, ..Request::plain(paths, DAYS, one.header.seed) };
        let mut piece = Piece::default();
        for item in 0..paths {
            piece.each(&model, &request, item, |_, days| {
                let days = days.chunks_exact(columns.len());
                n += days.len();
                wrong += days.filter(|day| order.is_violated(day)).count();
                Ok(())
            })?;
        }
    }
    let seeds: Vec<u64> = trained.iter().map(|one| one.header.seed).collect();
    let value = wrong as f64 / n.max(1) as f64;
    table.add_named(name, Kind::Model, &seeds, METRIC, Figure { value, interval: None, n });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_outside_its_range_is_found_and_one_at_its_end_is_none() {
        let columns = ["open", "high", "low", "close"].map(str::to_owned);
        let order = Order::of(&columns).expect("high and low");
        let violates =
            |high: f64, low: f64, close: f64| order.is_violated(&[low, high, low, close]);
        assert!(violates(10.0, 9.0, 10.01) && violates(10.0, 9.0, 8.9));
        assert!(violates(9.0, 10.0, 9.5) && violates(1.0, 0.0, 0.5));
        // Less than half of the last digit that is printed.
        assert!(!violates(10.0, 9.0, 10.000_000_1) && !violates(10.0, 10.0, 10.0));
        assert!(violates(f64::NAN, 9.0, 9.5));
        assert!(order.is_violated(&[10.5, 10.0, 9.0, 9.5]), "an open above the high");
        assert!(Order::of(&columns[3..]).is_none());
    }
}
