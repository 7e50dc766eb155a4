//! Prices of generated days, and whether their order holds.

use anyhow::Result;
use generativa::run::evaluation::{Better, Kind};

use super::rows::{Figure, Metric, Table};
use super::subjects::Subject;
use crate::bar::Bar;

/// Close before the first day, as `sample` has it.
const START: f64 = 100.0;
/// Digits behind the point that `sample` prints.
const DIGITS: i32 = 6;
/// Days of each path that is looked at.
const DAYS: usize = 1000;
/// Share of bars out of order that thirty normals in scaled open, high, low, close and volume of
/// the Google file make.
const OF_LEVELS: f64 = 0.36;
const METRIC: Metric = Metric { name: "ohlc-violations", unit: "share", better: Better::Lower };

/// Whether a bar as printed is impossible: a high below the close or the low, a low above the
/// close, or a price of nothing.
fn violates(bar: &Bar) -> bool {
    let [high, low, close] =
        [bar.high, bar.low, bar.close].map(|price| (price * 10f64.powi(DIGITS)).round());
    !(high >= close && high >= low && low <= close && low > 0.0)
}

/// The row of a subject that makes paths.
pub(super) fn add(table: &mut Table, model: &Subject, paths: u64) -> Result<()> {
    let (mut wrong, mut n) = (0, 0);
    for (place, &seed) in model.seeds.iter().enumerate() {
        for item in 0..paths {
            let bars =
                Bar::of(&model.maker(place).whole.path(DAYS, seed, item)?, &mut START.clone());
            wrong += bars.iter().filter(|bar| violates(bar)).count();
            n += bars.len();
        }
    }
    let value = wrong as f64 / n.max(1) as f64;
    table.add(model, METRIC, Figure { value, interval: None, n });
    Ok(())
}

/// What a mixture that knows levels alone makes, on the file that it was counted on.
pub(super) fn add_known(table: &mut Table) {
    if table.data() == super::GOOGLE {
        let figure = Figure { value: OF_LEVELS, interval: None, n: 0 };
        let subject = "k-means-30-gaussian of levels (5 columns)";
        table.add_named(subject, Kind::Anchor, &[], METRIC, figure);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violates(high: f64, low: f64, close: f64) -> bool {
        super::violates(&Bar { high, low, close })
    }

    #[test]
    fn a_close_outside_its_range_is_found_and_one_at_its_end_is_none() {
        assert!(violates(10.0, 9.0, 10.01) && violates(10.0, 9.0, 8.9));
        assert!(violates(9.0, 10.0, 9.5) && violates(1.0, 0.0, 0.5));
        // Less than half of the last digit that is printed.
        assert!(!violates(10.0, 9.0, 10.000_000_1) && !violates(10.0, 10.0, 10.0));
        assert!(violates(f64::NAN, 9.0, 9.5));
    }
}
