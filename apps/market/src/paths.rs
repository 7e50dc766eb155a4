//! Paths of a trained run, by its filter or as its network corrects them.

use anyhow::{Context, Result};
use candle::Device;
use generativa::cli::{Exit, Trained};
use generativa_random::Stream;

use crate::config::Config;
use crate::fitted::{FilterState, Fitted, Ranges};
use crate::generator::{Generator, PathInProgress};
use crate::stretch::Stretch;
use crate::wish::{Wish, WishedPath};

/// What paths are drawn from.
pub struct Paths {
    fitted: Fitted,
    network: Option<Generator>,
    /// Days of history that the network remembers.
    memory: usize,
}

/// A path in progress.
pub enum Path<'a> {
    /// Of the filter.
    Filter(Box<FilterPath<'a>>),
    /// Of the filter, going on as asked.
    Wished(Box<WishedPath<'a>>),
    /// Of the filter, corrected by the network.
    Refined(Box<PathInProgress<'a>>),
}

/// A path of the filter in progress.
pub struct FilterPath<'a> {
    fitted: &'a Fitted,
    shocks: Stream,
    state: FilterState,
}

impl Paths {
    /// Of one seed of a run.
    ///
    /// # Errors
    /// What was fitted, or weights, that cannot be read.
    pub fn open(trained: &Trained<Config>) -> Result<Self> {
        let fitted = Fitted::load(trained.run.dir())?;
        let config = &trained.config;
        let network = match &fitted {
            Fitted::Ranges(ranges) if config.refine => {
                let weights = trained.weights(&Device::Cpu)?.pp("generator");
                Some(Generator::new(Ranges::clone(ranges), &config.refiner, weights)?)
            }
            _ => None,
        };
        let memory = network.as_ref().map_or(0, |_| config.refiner.memory());
        Ok(Self { fitted, network, memory })
    }

    /// Of what was fitted alone.
    #[cfg(test)]
    pub(crate) fn of(fitted: Fitted) -> Self {
        Self { fitted, network: None, memory: 0 }
    }

    /// What was fitted.
    pub fn fitted(&self) -> &Fitted {
        &self.fitted
    }

    /// What corrects paths.
    ///
    /// # Errors
    /// The run has no network.
    pub fn network(&self) -> Result<&Generator> {
        self.network.as_ref().with_context(|| {
            Exit::Usage(
                "this run has no network; one is trained with refine = true, on one asset that has \
                 high and low"
                    .into(),
            )
        })
    }

    /// Path number `item` of a seed; `refined`: as the network corrects it, day for day.
    ///
    /// # Errors
    /// `refined` without a network.
    pub fn path(&self, seed: u64, item: u64, refined: bool) -> Result<Path<'_>> {
        if refined {
            return Ok(Path::Refined(Box::new(self.network()?.path(seed, item))));
        }
        // The stream that the generator draws its shocks from.
        let mut shocks = Stream::item(seed, "market/shocks", item);
        let state = self.fitted.start_after(self.memory, &mut shocks);
        Ok(Path::Filter(Box::new(FilterPath { fitted: &self.fitted, shocks, state })))
    }

    /// Path number `item` of a seed that goes on as asked.
    pub fn wished(&self, wish: Wish, seed: u64, item: u64) -> Path<'_> {
        Path::Wished(Box::new(WishedPath::new(&self.fitted, wish, seed, item)))
    }
}

impl Path<'_> {
    /// The next days of each asset; pieces of any length make the same path.
    pub fn next(&mut self, days: usize) -> Result<Stretch> {
        let assets = match self {
            Self::Refined(_) => 1,
            Self::Filter(path) => path.fitted.assets(),
            Self::Wished(path) => path.assets(),
        };
        let mut path = Stretch::new(assets);
        self.append(days, &mut path)?;
        Ok(path)
    }

    /// Appends them.
    pub fn append(&mut self, days: usize, to: &mut Stretch) -> Result<()> {
        match self {
            Self::Refined(path) => path.next(days)?.move_to(to, days),
            Self::Wished(path) => path.append(days, to),
            Self::Filter(path) => {
                let FilterPath { fitted, shocks, state } = path.as_mut();
                fitted.next(state, shocks, days, to);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use generativa::cli::Preset;
    use generativa::layers::{Parameters, seeded_builder};
    use generativa::models::gan::RefinerConfig;

    use crate::data::Corpus;

    /// A network that has not learned anything yet, and so corrects nothing.
    fn unlearned() -> Result<Paths> {
        let config = Config::preset(Preset::Tiny, "", "");
        let fitted = Fitted::fit(&Corpus::load(&config.data)?, &config)?;
        let Fitted::Ranges(ranges) = fitted.clone() else { anyhow::bail!("expected ranges") };
        let config = RefinerConfig { channels: 4, blocks: 3, noise: 2 };
        let weights = seeded_builder(&Parameters::default(), 1, &Device::Cpu);
        let network = Some(Generator::new(*ranges, &config, weights)?);
        Ok(Paths { fitted, network, memory: config.memory() })
    }

    #[test]
    fn the_zero_of_the_network_is_the_filter_day_for_day() -> Result<()> {
        let paths = unlearned()?;
        let [refined, raw] =
            [true, false].map(|refined| paths.path(3, 5, refined).and_then(|mut p| p.next(200)));
        for (refined, raw) in refined?.days[0].iter().flatten().zip(raw?.days[0].iter().flatten()) {
            assert!((refined - raw).abs() < 1e-6, "{refined} {raw}");
        }
        Ok(())
    }

    #[test]
    fn a_path_in_pieces_equals_the_path_at_once() -> Result<()> {
        let paths = unlearned()?;
        for refined in [false, true] {
            let whole = paths.path(1, 0, refined)?.next(60)?;
            let mut path = paths.path(1, 0, refined)?;
            let mut pieces = Stretch::new(1);
            for days in [1, 7, 0, 30, 22] {
                path.append(days, &mut pieces)?;
            }
            assert_eq!(pieces, whole, "refined: {refined}");
        }
        Ok(())
    }

    #[test]
    fn paths_of_other_numbers_and_seeds_differ() -> Result<()> {
        let paths = unlearned()?;
        let path = |seed: u64, item: u64| paths.path(seed, item, false)?.next(5);
        let one = path(1, 0)?;
        assert_ne!(one, path(1, 1)?);
        assert_ne!(one, path(2, 0)?);
        Ok(())
    }
}
