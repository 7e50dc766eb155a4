//! Prices of generated days, and whether their order holds.

use anyhow::Result;
use generativa::run::evaluation::Better;

use super::rows::{Figure, Metric, Table};
use super::subjects::Subject;
use crate::bar::Bar;

/// Close before the first day, as `sample` has it.
const START: f64 = 100.0;
/// Digits behind the point that `sample` prints.
const DIGITS: i32 = 6;
/// Days of each path that is looked at.
const DAYS: usize = 1000;
pub(super) const METRIC: Metric =
    Metric { name: "ohlc-violations", unit: "share", better: Better::Lower };

/// Whether a bar as printed is impossible: a high below the low or a price `within` the day, a low
/// above one, or a price of nothing.
pub(super) fn violates(high: f64, low: f64, within: &[f64]) -> bool {
    let printed = |price: f64| (price * 10f64.powi(DIGITS)).round();
    let [high, low] = [high, low].map(printed);
    let holds = |price: &f64| high >= printed(*price) && low <= printed(*price);
    !(high >= low && low > 0.0 && within.iter().all(holds))
}

/// The row of a subject that makes paths.
pub(super) fn add(table: &mut Table, model: &Subject, paths: u64) -> Result<()> {
    let (mut wrong, mut n) = (0, 0);
    for (place, &seed) in model.seeds.iter().enumerate() {
        for item in 0..paths {
            let bars =
                Bar::of(&model.maker(place).whole.path(DAYS, seed, item)?, &mut START.clone());
            wrong += bars.iter().filter(|bar| violates(bar.high, bar.low, &[bar.close])).count();
            n += bars.len();
        }
    }
    let value = wrong as f64 / n.max(1) as f64;
    table.add(model, METRIC, Figure { value, interval: None, n });
    Ok(())
}

#[cfg(test)]
mod tests {
    fn violates(high: f64, low: f64, close: f64) -> bool {
        super::violates(high, low, &[close])
    }

    #[test]
    fn a_close_outside_its_range_is_found_and_one_at_its_end_is_none() {
        assert!(violates(10.0, 9.0, 10.01) && violates(10.0, 9.0, 8.9));
        assert!(violates(9.0, 10.0, 9.5) && violates(1.0, 0.0, 0.5));
        // Less than half of the last digit that is printed.
        assert!(!violates(10.0, 9.0, 10.000_000_1) && !violates(10.0, 10.0, 10.0));
        assert!(violates(f64::NAN, 9.0, 9.5));
        // An open outside.
        assert!(super::violates(10.0, 9.0, &[9.5, 10.5]) && !super::violates(10.0, 9.0, &[]));
    }
}
