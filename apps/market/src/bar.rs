//! What one day of trading looks like on a chart.

use generativa::data::trading_day::Day;

/// High, low and close of a day. There is no open: the model does not know the night.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// Highest price.
    pub high: f64,
    /// Lowest price, at most the high.
    pub low: f64,
    /// Last price. Where the close before lies outside of high and low, nothing is amiss: prices
    /// jump overnight.
    pub close: f64,
}

impl Bar {
    /// The bar of a day after one that closed at `before`, which is above 0.
    pub fn after(before: f64, [change, range, position]: Day) -> Self {
        let close = before * change.exp();
        let low = close / (1.0 + position * range.exp_m1());
        Self { high: low * range.exp(), low, close }
    }

    /// The bars of days in a row; moves `close` from the close before them to their last.
    pub fn of(days: &[Day], close: &mut f64) -> Vec<Self> {
        let next = |day: &Day| {
            let bar = Self::after(*close, *day);
            *close = bar.close;
            bar
        };
        days.iter().map(next).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use generativa::data::trading_day::days_of_prices;

    #[test]
    fn the_bars_of_days_are_the_prices_that_the_days_were_made_of() -> anyhow::Result<()> {
        let (close, high, low) =
            ([10.0, 11.0, 10.5, 9.0], [10.2, 11.0, 11.5, 10.1], [9.0, 10.1, 10.4, 9.0]);
        let bars = Bar::of(&days_of_prices(&close, &high, &low)?, &mut 10.0);
        for (day, bar) in (1..).zip(bars) {
            for (found, known) in
                [bar.close, bar.high, bar.low].into_iter().zip([close[day], high[day], low[day]])
            {
                assert!((found - known).abs() < 1e-12, "{day}: {found} {known}");
            }
        }
        Ok(())
    }
}
