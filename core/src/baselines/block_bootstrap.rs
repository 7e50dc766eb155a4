//! Stationary bootstrap (Politis & Romano 1994): days of the past, in blocks of random length.

use generativa_random::Stream;

use crate::data::trading_day::Day;
use crate::metrics::stationary_bootstrap::stationary_places;

/// Draws windows from a history.
#[derive(Clone, Debug)]
pub struct BlockBootstrap {
    days: Vec<Day>,
    mean_block: f64,
}

impl BlockBootstrap {
    /// Blocks of `mean_block` days on average, at least 1, from `days`.
    pub fn new(days: Vec<Day>, mean_block: f64) -> Self {
        assert!(!days.is_empty() && mean_block >= 1.0, "blocks need days");
        Self { days, mean_block }
    }

    /// `count` windows of `window` days, each drawn for itself.
    pub fn windows(&self, count: usize, window: usize, stream: &mut Stream) -> Vec<Vec<Day>> {
        (0..count).map(|_| self.path(window, stream)).collect()
    }

    /// So many days in one piece.
    pub fn path(&self, days: usize, stream: &mut Stream) -> Vec<Day> {
        let places = stationary_places(self.days.len(), days, self.mean_block, stream);
        places.into_iter().map(|place| self.days[place]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_without_end_are_the_past_itself() {
        let days: Vec<Day> = (0..5).map(|day| [f64::from(day), 1.0, 0.5]).collect();
        let bootstrap = BlockBootstrap::new(days, 1e12);
        let path = bootstrap.path(12, &mut Stream::named(2, "path"));
        assert!(path.windows(2).all(|pair| pair[1][0] == (pair[0][0] + 1.0) % 5.0), "{path:?}");
    }
}
