//! Paths of a trained run, by the network or by its filter alone.

use anyhow::Result;
use generativa::baselines::{LocalRangeHar, LocalRangeHarState};
use generativa::cli::Trained;
use generativa::data::trading_day::Day;
use generativa_random::Stream;

use crate::config::Config;
use crate::generator::{Generator, PathInProgress, open};

/// What paths are drawn from.
pub struct Paths {
    generator: Generator,
    /// Days of the filter before the first that the network corrects.
    memory: usize,
}

/// A path in progress.
pub enum Path<'a> {
    /// Of the filter, corrected by the network.
    Refined(Box<PathInProgress<'a>>),
    /// Of the filter alone.
    Filter(Box<FilterPath<'a>>),
}

/// A path of the filter in progress.
pub struct FilterPath<'a> {
    filter: &'a LocalRangeHar,
    shocks: Stream,
    state: LocalRangeHarState,
}

impl Paths {
    /// Of one seed of a run.
    pub fn open(trained: &Trained<Config>) -> Result<Self> {
        Ok(Self { generator: open(trained)?, memory: trained.config.refiner.memory() })
    }

    /// Path number `item` of a seed; `raw`: what the network would have corrected, day for day.
    pub fn path(&self, seed: u64, item: u64, raw: bool) -> Path<'_> {
        if !raw {
            return Path::Refined(Box::new(self.generator.path(seed, item)));
        }
        // The stream that the generator draws its shocks from.
        let mut shocks = Stream::item(seed, "market/shocks", item);
        let filter = self.generator.filter();
        let mut state = filter.start(&mut shocks);
        for _ in 0..self.memory {
            filter.next(&mut state, &mut shocks);
        }
        Path::Filter(Box::new(FilterPath { filter, shocks, state }))
    }
}

impl Path<'_> {
    /// The next days; pieces of any length make the same path.
    pub fn next(&mut self, days: usize) -> Result<Vec<Day>> {
        match self {
            Self::Refined(path) => path.next(days),
            Self::Filter(path) => {
                let FilterPath { filter, shocks, state } = path.as_mut();
                Ok((0..days).map(|_| filter.next(state, shocks)).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle::Device;
    use generativa::cli::Preset;
    use generativa::layers::{Parameters, seeded_builder};
    use generativa::models::gan::RefinerConfig;

    use crate::data::Corpus;
    use crate::generator::Fitted;

    /// A network that has not learned anything yet, and so corrects nothing.
    fn unlearned() -> Result<Paths> {
        let Config { data, filter, .. } = Config::preset(Preset::Tiny, "", "");
        let corpus = Corpus::load(&data)?;
        let config = RefinerConfig { channels: 4, blocks: 3, noise: 2 };
        let fitted = Fitted::fit(&corpus.days, filter)?;
        let weights = seeded_builder(&Parameters::default(), 1, &Device::Cpu);
        Ok(Paths { generator: Generator::new(fitted, &config, weights)?, memory: config.memory() })
    }

    #[test]
    fn the_zero_of_the_network_is_the_filter_day_for_day() -> Result<()> {
        let paths = unlearned()?;
        let [refined, raw] = [false, true].map(|raw| paths.path(3, 5, raw).next(200));
        for (refined, raw) in refined?.iter().flatten().zip(raw?.iter().flatten()) {
            assert!((refined - raw).abs() < 1e-6, "{refined} {raw}");
        }
        Ok(())
    }

    #[test]
    fn a_path_in_pieces_equals_the_path_at_once() -> Result<()> {
        let paths = unlearned()?;
        for raw in [false, true] {
            let whole = paths.path(1, 0, raw).next(60)?;
            let mut path = paths.path(1, 0, raw);
            let mut pieces = Vec::new();
            for days in [1, 7, 0, 30, 22] {
                pieces.extend(path.next(days)?);
            }
            assert_eq!(pieces, whole, "raw: {raw}");
        }
        Ok(())
    }

    #[test]
    fn paths_of_other_numbers_and_seeds_differ() -> Result<()> {
        let paths = unlearned()?;
        let one = paths.path(1, 0, true).next(5)?;
        assert_ne!(one, paths.path(1, 1, true).next(5)?);
        assert_ne!(one, paths.path(2, 0, true).next(5)?);
        Ok(())
    }
}
