//! From steps of log prices to open, high, low and close of days.

use super::Truth;
use crate::prices::{Asset, Date, PriceTable};

/// A market as it is made.
#[derive(Debug)]
pub(super) struct Path {
    /// Log of the last price of each asset.
    last: Vec<f64>,
    /// `[asset]` open, high, low and close of each day.
    days: Vec<[Vec<f64>; 4]>,
    truth: Truth,
}

impl Path {
    pub(super) fn new(assets: usize, start: f64) -> Self {
        let empty = vec![Vec::new(); assets];
        Self {
            last: vec![libm::log(start); assets],
            days: vec![Default::default(); assets],
            truth: Truth { mean: empty.clone(), variance: empty, regime: None },
        }
    }

    /// A day of an asset: the increments of its log price, that of the night first. The sum is its
    /// log return.
    pub(super) fn day(&mut self, asset: usize, increments: &[f64]) {
        let mut price = self.last[asset];
        let (mut open, mut high, mut low) = (price, f64::NEG_INFINITY, f64::INFINITY);
        for (part, increment) in increments.iter().enumerate() {
            price += increment;
            if part == 0 {
                open = price;
            }
            high = high.max(price);
            low = low.min(price);
        }
        self.last[asset] = price;
        let [open, close] = [open, price].map(libm::exp);
        // Its last bit may make an exponential fall where its argument rises.
        let high = libm::exp(high).max(open).max(close);
        let low = libm::exp(low).min(open).min(close);
        for (column, value) in self.days[asset].iter_mut().zip([open, high, low, close]) {
            column.push(value);
        }
    }

    /// The law that the next day of an asset is drawn from.
    pub(super) fn law(&mut self, asset: usize, mean: f64, variance: f64) {
        self.truth.mean[asset].push(mean);
        self.truth.variance[asset].push(variance);
    }

    /// The table, and its truth without regimes.
    pub(super) fn finish(self) -> (PriceTable, Truth) {
        let days = self.days.first().map_or(0, |[.., close]| close.len());
        let asset = |(number, [open, high, low, close]): (usize, [Vec<f64>; 4])| Asset {
            open: Some(open),
            high: Some(high),
            low: Some(low),
            ..Asset::closes(&format!("A{}", number + 1), close)
        };
        let assets = self.days.into_iter().enumerate().map(asset).collect();
        (PriceTable { dates: Some(weekdays(days)), assets }, self.truth)
    }
}

/// Mondays to Fridays from 3 January 2000, a Monday, on.
fn weekdays(count: usize) -> Vec<Date> {
    let first = Date::constant(2000, 1, 3);
    let day = |number: usize| {
        let days = (number / 5 * 7 + number % 5) as i64;
        first.saturating_add(jiff::Span::new().days(days))
    };
    (0..count).map(day).collect()
}
