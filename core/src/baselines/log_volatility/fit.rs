//! Simulated moments (McFadden 1989) with the stylised facts as the moments: the numbers whose
//! histories lie deepest in the band of the real one, found on the same random days for every try.

use generativa_random::Stream;
use rayon::prelude::*;

use super::super::nelder_mead::{Limits, minimise};
use super::innovation::SkewedStudent;
use super::{Factor, LogVolatility, Shock};
use crate::metrics::stylised_facts::{Band, COUNT, facts};

/// How a search goes: on 15,000 days, 8 histories and 500 to 1,500 tries are enough.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// Histories that each try is scored on: more tell tries apart more surely.
    pub histories: u64,
    /// Days of each, as many as the band's own histories have.
    pub days: usize,
    /// Tries in all.
    pub tries: usize,
}

/// Where a search starts, as free numbers (see [`parameters`]).
const START: [f64; FREE] = [0.02, 0.0, 1.8, -1.0, 4.8, -0.9, -0.7, -0.5, 1.6, -0.03];

/// How far the first simplex reaches along each of them.
const REACH: [f64; FREE] = [0.02, 0.1, 0.5, 0.3, 0.5, 0.3, 0.3, 0.3, 0.5, 0.03];

const FREE: usize = 10;

/// The random numbers of one history.
struct Draws {
    start: [f64; 2],
    shocks: Vec<Shock>,
}

impl LogVolatility {
    /// The numbers whose histories have facts that lie deepest in `band`. Their mean return is
    /// `mean`; the search starts from histories whose standard deviation is `deviation`, above 0.
    pub fn fit(mean: f64, deviation: f64, band: &Band, search: Search, seed: u64) -> Self {
        let draws: Vec<Draws> = (0..search.histories)
            .map(|index| {
                let mut stream = Stream::item(seed, "log-volatility-fit", index);
                let start = [stream.normal(), stream.normal()];
                Draws {
                    start,
                    shocks: (0..search.days).map(|_| Shock::draw(&mut stream)).collect(),
                }
            })
            .collect();
        let loss = |free: &[f64]| parameters(free, mean, deviation).distance(band, &draws);
        let limits = Limits { evaluations: search.tries, tolerance: 1e-5 };
        parameters(&minimise(loss, &START, &REACH, limits).0, mean, deviation)
    }

    /// How far from the middle of the band the facts of these histories lie.
    fn distance(&self, band: &Band, draws: &[Draws]) -> f64 {
        let surprises = SkewedStudent::new(self.degrees, self.skew);
        let one = |draws: &Draws| {
            let mut state = self.start(draws.start);
            let step = |shock| self.step(&mut state, &surprises, shock);
            let facts = facts(&draws.shocks.iter().map(step).collect::<Vec<f64>>());
            (0..COUNT).map(|fact| misfit(facts[fact], band.low[fact], band.high[fact])).sum::<f64>()
        };
        let all: Vec<f64> = draws.par_iter().map(one).collect();
        all.iter().sum::<f64>() / all.len() as f64
    }
}

/// 0 in the middle of a range, ln 2 at its ends, and slowly more beyond, so that one fact that
/// cannot be had does not cost the others.
fn misfit(value: f64, low: f64, high: f64) -> f64 {
    let off = (2.0 * value - low - high) / (high - low);
    (off * off).ln_1p()
}

/// The numbers behind those of a search, which may lie anywhere.
fn parameters(free: &[f64], mean: f64, deviation: f64) -> LogVolatility {
    let free: [f64; FREE] = free.try_into().expect("a search moves as many as it starts with");
    let [autoregression, level, fast, fast_spread, slow, slow_spread, ..] = free;
    let [.., fast_lean, slow_lean, degrees, skew] = free;
    let factor = |days: f64, spread: f64, lean: f64| Factor {
        // A half is left after exp(days).
        persistence: libm::exp(-std::f64::consts::LN_2 * libm::exp(-days)),
        spread: libm::exp(spread),
        leverage: lean.tanh(),
    };
    let (fast, slow) = (factor(fast, fast_spread, fast_lean), factor(slow, slow_spread, slow_lean));
    let autoregression = autoregression.clamp(-0.5, 0.5);
    // The variance of a normal's exponential is taken back.
    let spread = fast.spread.powi(2) + slow.spread.powi(2);
    LogVolatility {
        mean: mean * (1.0 - autoregression),
        autoregression,
        level: deviation * libm::exp(level - spread),
        fast,
        slow,
        degrees: 2.5 + libm::exp(degrees),
        skew: libm::exp(skew),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::stylised_facts::{band, inside};

    #[test]
    fn the_middle_of_a_range_fits_and_its_ends_cost_the_same() {
        assert_eq!(misfit(3.0, 2.0, 4.0), 0.0);
        assert_eq!(misfit(2.0, 2.0, 4.0), 2f64.ln());
        assert_eq!(misfit(4.0, 2.0, 4.0), 2f64.ln());
        assert!(misfit(5.0, 2.0, 4.0) > misfit(4.5, 2.0, 4.0));
    }

    #[test]
    fn a_short_search_finds_numbers_nearer_to_the_band_and_the_same_ones_twice() {
        let truth = LogVolatility {
            fast: Factor { persistence: 0.8, spread: 0.5, leverage: -0.8 },
            ..parameters(&START, 0.0005, 0.02)
        };
        let returns = truth.simulate(0..1, 3_000, 1).remove(0);
        let band = band(&returns, 3_000, 100.0, 40, 0.9, 1);
        let own = facts(&returns);
        let search = |tries| Search { histories: 2, days: 3_000, tries };
        let fit = |tries| LogVolatility::fit(own[0], own[1], &band, search(tries), 2);
        let near = |model: &LogVolatility| -> usize {
            let histories = model.simulate(0..10, 3_000, 3);
            let inside = |history: &Vec<f64>| inside(&facts(history), &band);
            histories.iter().flat_map(inside).filter(|&inside| inside).count()
        };
        let (start, found) = (fit(1), fit(120));
        assert_eq!(found, fit(120));
        assert!(near(&found) > near(&start), "{} {}", near(&found), near(&start));
    }
}
