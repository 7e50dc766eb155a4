//! Whatever makes days, learned from all of a history and without each block of the hard judge.

use std::path::Path;

use anyhow::{Context, Result, bail};
use candle::Device;
use generativa::baselines::filtered_days::Surprises;
use generativa::baselines::garch::News;
use generativa::baselines::{
    BlockBootstrap, FilteredDays, KMeansGaussian, LocalRangeHar, Locality, RangeHar,
};
use generativa::cli::{App, Trained};
use generativa::data::time_blocks::{Fold, open_days, windows_at, windows_within};
use generativa::data::trading_day::Day;
use generativa::layers::{VarBuilder, frozen_builder};
use generativa::run::evaluation::Kind;
use generativa::run::{Checkpoint, Run};
use generativa::train::side_by_side::side_by_side;
use generativa_random::Stream;

use super::WINDOW;
use crate::config::Config;
use crate::fitted::Fitted;
use crate::generator::Generator;
use crate::train::fold_folder;

/// Something that is scored.
pub(super) struct Subject {
    /// Its name in the table.
    pub(super) name: String,
    /// Its part in the comparison.
    pub(super) kind: Kind,
    /// What it is scored with.
    pub(super) seeds: Vec<u64>,
    /// One for each seed, or one for all of them.
    makers: Vec<Maker>,
}

/// What was learned once.
pub(super) struct Maker {
    /// From all days.
    pub(super) whole: Learned,
    /// Without each block; none where nobody judges.
    pub(super) without: Vec<Learned>,
}

/// A maker of days.
pub(super) enum Learned {
    Network(Box<Generator>),
    RangeHar(RangeHar),
    Local(LocalRangeHar),
    Filtered(FilteredDays),
    Clusters(KMeansGaussian),
    Blocks(BlockBootstrap),
}

/// A classical way to make days.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rival {
    /// Ranges that follow their day, week and month.
    RangeHar,
    /// Filtered historical simulation by a GJR-GARCH.
    Filtered,
    /// GARCH with Student's t.
    Student,
    /// Windows from thirty normals.
    Clusters,
    /// Blocks of the past, of so many days on average.
    Blocks(f64),
}

impl Subject {
    /// The filter, fitted on `days` and without the block of each fold.
    pub(super) fn model(
        locality: Locality,
        days: &[Day],
        folds: &[Fold],
        seeds: &[u64],
    ) -> Result<Self> {
        let learn = |open: &[bool]| {
            let days = open_days(days, open);
            move || Ok(Learned::Local(LocalRangeHar::fit(&days, locality)?))
        };
        let all = vec![true; days.len()];
        let opens = std::iter::once(&all).chain(folds.iter().map(|fold| &fold.open));
        let mut learned = side_by_side(opens.map(|open| learn(open)).collect())?;
        let whole = learned.remove(0);
        Ok(Self {
            name: "model".into(),
            kind: Kind::Model,
            seeds: seeds.to_vec(),
            makers: vec![Maker { whole, without: learned }],
        })
    }

    /// The network of every seed on top of the filter.
    pub(super) fn network(trained: &[Trained<Config>], blocks: usize) -> Result<Self> {
        let maker = |one: &Trained<Config>| -> Result<Maker> {
            let weights = one.weights(&Device::Cpu)?.pp("generator");
            let without = (0..blocks).map(|block| without_block(one, block));
            Ok(Maker {
                whole: network(one.run.dir(), &one.config, weights)?,
                without: without.collect::<Result<_>>()?,
            })
        };
        Ok(Self {
            name: "network".into(),
            kind: Kind::Model,
            seeds: trained.iter().map(|one| one.header.seed).collect(),
            makers: trained.iter().map(maker).collect::<Result<_>>()?,
        })
    }

    /// `rivals`, fitted side by side on `days` and without the block of each fold.
    pub(super) fn rivals(
        rivals: &[Rival],
        days: &[Day],
        folds: &[Fold],
        seeds: &[u64],
    ) -> Result<Vec<Self>> {
        let all = vec![true; days.len()];
        let opens = || std::iter::once(&all).chain(folds.iter().map(|fold| &fold.open));
        let mut jobs = Vec::new();
        for &rival in rivals {
            for open in opens() {
                jobs.push(move || rival.learn(days, open).with_context(|| rival.name()));
            }
        }
        let mut learned = side_by_side(jobs)?.into_iter();
        let subject = |rival: &Rival| {
            let whole = learned.next().context("every rival learns")?;
            let without = learned.by_ref().take(folds.len()).collect();
            Ok(Self {
                name: rival.name(),
                kind: rival.kind(),
                seeds: seeds.to_vec(),
                makers: vec![Maker { whole, without }],
            })
        };
        rivals.iter().map(subject).collect()
    }

    /// Each maker with its seeds.
    pub(super) fn by_maker(&self) -> impl Iterator<Item = (&Maker, &[u64])> {
        let each = if self.makers.len() == 1 { self.seeds.len() } else { 1 };
        self.makers.iter().zip(self.seeds.chunks(each.max(1)))
    }

    /// What stands for the seed at this place.
    pub(super) fn maker(&self, place: usize) -> &Maker {
        &self.makers[place % self.makers.len()]
    }
}

impl Learned {
    /// `count` windows of the judge's length.
    pub(super) fn windows(&self, count: usize, stream: &mut Stream) -> Result<Vec<Vec<Day>>> {
        Ok(match self {
            Self::Network(generator) => generator.windows(count, WINDOW, stream)?,
            Self::RangeHar(filter) => filter.windows(count, WINDOW, stream),
            Self::Local(filter) => filter.windows(count, WINDOW, stream),
            Self::Filtered(filter) => filter.windows(count, WINDOW, stream),
            Self::Clusters(clusters) => clusters.windows(count, stream),
            Self::Blocks(blocks) => blocks.windows(count, WINDOW, stream),
        })
    }

    /// Whether it makes more than windows.
    pub(super) fn has_paths(&self) -> bool {
        !matches!(self, Self::Clusters(_))
    }

    /// Path number `item` of a seed.
    ///
    /// # Errors
    /// What makes windows alone.
    pub(super) fn path(&self, days: usize, seed: u64, item: u64) -> Result<Vec<Day>> {
        let mut stream = Stream::item(seed, "market/rival-path", item);
        Ok(match self {
            Self::Network(generator) => generator.path(seed, item).next(days)?.days.swap_remove(0),
            Self::RangeHar(filter) => filter.path(days, &mut stream),
            Self::Local(filter) => filter.path(days, &mut stream),
            Self::Filtered(filter) => filter.path(days, &mut stream),
            Self::Clusters(_) => bail!("k-means: windows of {WINDOW} days make no path"),
            Self::Blocks(blocks) => blocks.path(days, &mut stream),
        })
    }
}

impl Rival {
    /// Its name in the table.
    pub(super) fn name(self) -> String {
        match self {
            Self::RangeHar => "range-har".into(),
            Self::Filtered => "fhs-gjr-garch".into(),
            Self::Student => "garch-t".into(),
            Self::Clusters => "k-means-30-gaussian".into(),
            Self::Blocks(1.0) => "iid-days".into(),
            Self::Blocks(days) => format!("block-bootstrap-{days} (copies)"),
        }
    }

    /// Copies of the past are out of competition.
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Blocks(days) if days > 1.0 => Kind::Ceiling,
            _ => Kind::Baseline,
        }
    }

    fn learn(self, days: &[Day], open: &[bool]) -> Result<Learned> {
        let own = || open_days(days, open);
        Ok(match self {
            Self::RangeHar => Learned::RangeHar(RangeHar::fit(&own())?),
            Self::Filtered => {
                Learned::Filtered(FilteredDays::fit(&own(), News::Asymmetric, Surprises::Past)?)
            }
            Self::Student => {
                Learned::Filtered(FilteredDays::fit(&own(), News::Symmetric, Surprises::Student)?)
            }
            Self::Clusters => {
                let windows = windows_at(days, &windows_within(open, WINDOW, 2), WINDOW);
                let mut stream = Stream::named(0, "market/k-means");
                Learned::Clusters(KMeansGaussian::fit(&windows, 30, &mut stream)?)
            }
            Self::Blocks(mean) => Learned::Blocks(BlockBootstrap::new(own(), mean)),
        })
    }
}

/// The model that did not see a block.
fn without_block(trained: &Trained<Config>, block: usize) -> Result<Learned> {
    let folder = fold_folder(&trained.run, block);
    let (run, _, _) = Run::open::<Config>(&folder, crate::Market::NAME)?;
    let checkpoint = Checkpoint::latest(&run, crate::Market::NAME)?
        .with_context(|| format!("{} has no checkpoint yet", folder.display()))?;
    let weights = frozen_builder(checkpoint.tensors("average", &Device::Cpu)?);
    network(&folder, &trained.config, weights.pp("generator"))
}

/// A network of these weights on the filter in a folder.
fn network(folder: &Path, config: &Config, weights: VarBuilder) -> Result<Learned> {
    let Fitted::Ranges(ranges) = Fitted::load(folder)? else {
        bail!("{}: expected a filter of ranges under a network", folder.display());
    };
    Ok(Learned::Network(Box::new(Generator::new(*ranges, &config.refiner, weights)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rival_learns_once_from_all_days_and_once_without_each_block() -> Result<()> {
        let days: Vec<Day> = (0..200).map(|day| [f64::from(day), 0.01, 0.5]).collect();
        let fold = |from: usize| Fold {
            learned: Vec::new(),
            tested: Vec::new(),
            open: (0..200).map(|day| day < from).collect(),
        };
        let rivals = [Rival::Blocks(20.0), Rival::Blocks(1.0)];
        let subjects = Subject::rivals(&rivals, &days, &[fold(50), fold(100)], &[4, 5])?;
        let names: Vec<&str> = subjects.iter().map(|subject| subject.name.as_str()).collect();
        assert_eq!(names, ["block-bootstrap-20 (copies)", "iid-days"]);
        for subject in &subjects {
            let maker = subject.maker(1);
            let seeds: Vec<&[u64]> = subject.by_maker().map(|(_, seeds)| seeds).collect();
            assert_eq!(seeds, [&[4, 5]]);
            let most = |learned: &Learned| -> Result<f64> {
                Ok(learned.path(5_000, 1, 0)?.iter().fold(0.0, |most, day| most.max(day[0])))
            };
            assert_eq!(most(&maker.whole)?, 199.0);
            assert_eq!([most(&maker.without[0])?, most(&maker.without[1])?], [49.0, 99.0]);
        }
        Ok(())
    }
}
