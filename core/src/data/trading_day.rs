//! One day of trading in three numbers that fit together whatever they are: what generators of
//! markets make, and judges see, instead of prices.

use anyhow::{Result, ensure};

/// Logarithm of close over the close before, `ln(high / low)` from [`LEAST_RANGE`] up, and where
/// the close lies between low (0) and high (1), a half where they are one.
pub type Day = [f64; 3];

/// A range below it is taken for it: days without trading have none, and its logarithm is needed.
pub const LEAST_RANGE: f64 = 1e-4;

/// The days of a history of prices, from the second on; the first has no close before it.
///
/// # Errors
/// Columns of unequal length, and prices that are not positive and finite, or a high below its low.
pub fn days_of_prices(close: &[f64], high: &[f64], low: &[f64]) -> Result<Vec<Day>> {
    ensure!(
        close.len() == high.len() && close.len() == low.len(),
        "prices: expected three columns of one length, found {}, {} and {}",
        close.len(),
        high.len(),
        low.len()
    );
    let day = |day: usize| {
        let (close, before, high, low) = (close[day], close[day - 1], high[day], low[day]);
        let positive = |price: f64| price > 0.0 && price.is_finite();
        ensure!(
            [close, before, high, low].into_iter().all(positive) && low <= high,
            "day {day}: expected positive prices with low at most high, found close {close} after \
             {before}, high {high}, low {low}"
        );
        let position = if high > low { (close - low) / (high - low) } else { 0.5 };
        let range = (high / low).ln().max(LEAST_RANGE);
        Ok([close.ln() - before.ln(), range, position.clamp(0.0, 1.0)])
    };
    (1..close.len()).map(day).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_its_return_its_range_and_where_it_closed() -> Result<()> {
        let days = days_of_prices(&[1.0, 2.0, 2.0], &[1.0, 4.0, 2.0], &[1.0, 1.0, 2.0])?;
        let (two, four) = (2f64.ln(), 4f64.ln());
        assert_eq!(days, [[two, four, 1.0 / 3.0], [0.0, LEAST_RANGE, 0.5]]);
        Ok(())
    }

    #[test]
    fn a_price_of_nothing_is_refused_by_its_day() {
        let error = days_of_prices(&[1.0, 0.0], &[1.0; 2], &[1.0; 2]).expect_err("no logarithm");
        assert!(error.to_string().starts_with("day 1: expected positive prices"), "{error}");
    }
}
