//! Stationary bootstrap (Politis & Romano 1994): days of the past, in blocks of random length.

use generativa_random::Stream;

use crate::data::trading_day::Day;

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

/// `draws` places in a series of `length`: every next one follows the last, the first follows the
/// end, but with a chance of one in `mean_block` it is any.
pub fn stationary_places(
    length: usize,
    draws: usize,
    mean_block: f64,
    stream: &mut Stream,
) -> Vec<usize> {
    let mut place = 0;
    let next = |draw: usize| {
        let anew = draw == 0 || stream.chance(1.0 / mean_block);
        place = if anew { stream.below(length) } else { (place + 1) % length };
        place
    };
    (0..draws).map(next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_their_mean_length_and_every_place_is_drawn_alike() {
        let mut stream = Stream::named(1, "places");
        let places = stationary_places(50, 100_000, 20.0, &mut stream);
        let breaks = places.windows(2).filter(|pair| pair[1] != (pair[0] + 1) % 50).count();
        // One break in 20, less the one in 50 that happens to go on; five standard errors.
        assert!((breaks as f64 / 1e5 - 0.98 / 20.0).abs() < 0.0035, "{breaks}");
        let drawn = (0..50).map(|place| places.iter().filter(|&&p| p == place).count());
        assert!(drawn.into_iter().all(|count| count.abs_diff(2000) < 1000));
    }

    #[test]
    fn blocks_without_end_are_the_past_itself() {
        let days: Vec<Day> = (0..5).map(|day| [f64::from(day), 1.0, 0.5]).collect();
        let bootstrap = BlockBootstrap::new(days, 1e12);
        let path = bootstrap.path(12, &mut Stream::named(2, "path"));
        assert!(path.windows(2).all(|pair| pair[1][0] == (pair[0][0] + 1.0) % 5.0), "{path:?}");
    }
}
