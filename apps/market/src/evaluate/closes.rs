//! The table of closes, of one asset or of several: stylised facts, also in years that nobody has
//! seen, and what moves together.

use anyhow::Result;
use generativa::baselines::garch::{News, student};
use generativa::baselines::{Garch, LocalGarch, Locality};
use generativa::cli::{Shared, Trained};
use generativa::metrics::stationary_bootstrap::stationary_places;
use generativa::metrics::stylised_facts::{COUNT, LEAST_DAYS, facts};
use generativa::run::evaluation::{Better, Kind};
use generativa_random::Stream;
use rayon::prelude::*;

use super::facts::{Facts, count, figures, halves, log_volatility, metric, own_band};
use super::rows::{Figure, Metric, Table};
use super::{is_slow, rival_seeds, together, truth};
use crate::config::{Config, EMBEDDED, EvaluationConfig};
use crate::data::Corpus;

/// Returns of each asset, a value a day.
pub(super) type Returns = Vec<Vec<f64>>;

/// What makes returns of all assets.
enum Maker {
    /// Surprises of like days.
    Local(Box<LocalGarch>),
    /// A filter for each asset, and their residuals, those of all assets of one day.
    Filtered(Vec<(Garch, Vec<f64>)>),
    /// A filter for each asset, with Student's t on its own.
    Student(Vec<Garch>),
    /// Blocks of the past, of so many days on average.
    Blocks(Returns, f64),
}

/// A way to make them.
#[derive(Clone, Copy)]
struct Subject {
    name: &'static str,
    kind: Kind,
    way: Way,
}

#[derive(Clone, Copy)]
enum Way {
    Model,
    Filtered,
    Student,
    Blocks(f64),
}

/// All that are compared; the seeds of the model are those of its runs.
const SUBJECTS: [Subject; 5] = [
    Subject { name: "model", kind: Kind::Model, way: Way::Model },
    Subject { name: "fhs-gjr-garch", kind: Kind::Baseline, way: Way::Filtered },
    Subject { name: "gjr-garch-t", kind: Kind::Baseline, way: Way::Student },
    Subject { name: "iid-days", kind: Kind::Baseline, way: Way::Blocks(1.0) },
    Subject { name: "block-bootstrap-250 (copies)", kind: Kind::Ceiling, way: Way::Blocks(250.0) },
];
/// Days until a filter has forgotten that it began at rest.
const WARM_UP: usize = 500;
const LOG_VOLATILITY: &str = "log-volatility";

/// The rows of a run.
pub(super) fn add(
    table: &mut Table,
    trained: &[Trained<Config>],
    corpus: &Corpus,
    shared: &Shared,
) -> Result<()> {
    let config = &trained[0].config;
    let settings = &config.evaluation;
    let own: Vec<u64> = trained.iter().map(|one| one.header.seed).collect();
    let rivals = rival_seeds(&own, settings);
    let seeds = |kind: Kind| if kind == Kind::Model { &own } else { &rivals };
    let returns = corpus.returns();
    if corpus.count() < LEAST_DAYS {
        shared.remark(&format!(
            "no stylised facts: they take {LEAST_DAYS} days, there are {}",
            corpus.count()
        ));
    } else {
        let makers = learn(&returns, config.closes)?;
        for (subject, maker) in SUBJECTS.iter().zip(&makers) {
            shared.remark(&format!("stylised facts: {}", subject.name));
            let seeds = seeds(subject.kind);
            let paths = settings.fact_paths;
            let drawn: Vec<Vec<Returns>> = seeds
                .iter()
                .map(|&seed| {
                    let path = |item| maker.path(corpus.count(), seed, item);
                    (0..paths).into_par_iter().map(path).collect()
                })
                .collect();
            for (name, figure) in scored(&drawn, &returns, settings) {
                table.add_named(subject.name, subject.kind, seeds, metric(&name), figure);
            }
            if returns.len() > 1 {
                for (metric, figure) in together::figures(&drawn, &returns) {
                    table.add_named(subject.name, subject.kind, seeds, metric, figure);
                }
            }
        }
        if let ([only], true) = (&returns[..], is_slow(settings)) {
            shared.remark("stylised facts: log-volatility, fitted on them");
            let band = own_band(only, only.len(), settings);
            let found = log_volatility(only, &band, settings.fact_paths, &rivals);
            for (name, figure) in figures(&[(found, &band)]) {
                let kind = Kind::Baseline;
                table.add_named(LOG_VOLATILITY, kind, &rivals, metric(&name), figure);
            }
            if let Some(figure) = halves(only, settings) {
                table.add_named("real-halves", Kind::Ceiling, &[], metric("facts-single"), figure);
            }
        }
        unseen(table, &returns, config, [&own, &rivals], shared)?;
        if corpus.source.name == EMBEDDED {
            shared.remark("what the law of the simulated market says");
            let subjects = SUBJECTS.map(|subject| (subject.name.to_owned(), subject.kind));
            truth::add(table, config, &subjects, |corpus, history| {
                let makers = learn(&corpus.returns(), config.closes)?;
                let days = corpus.count();
                let path = |maker: &Maker, item| maker.path(days, history, item).swap_remove(0);
                let paths = |maker| {
                    (0..settings.fact_paths).into_par_iter().map(|item| path(maker, item)).collect()
                };
                Ok(makers.iter().map(paths).collect())
            })?;
        }
    }
    let mut value = 0f64;
    for one in trained {
        value = value.max(one.run.logged_time("seconds")?);
    }
    let metric = Metric { name: "training-seconds", unit: "s", better: Better::Lower };
    let figure = Figure { value, interval: None, n: trained.len() };
    table.add_named("model", Kind::Model, &own, metric, figure);
    Ok(())
}

/// Facts of the second half of the days, of paths by what learned from the first half alone, and of
/// the first half itself.
fn unseen(
    table: &mut Table,
    returns: &Returns,
    config: &Config,
    [own, rivals]: [&[u64]; 2],
    shared: &Shared,
) -> Result<()> {
    let settings = &config.evaluation;
    let middle = returns[0].len() / 2;
    let [first, second]: [Returns; 2] = [0..middle, middle..returns[0].len()]
        .map(|half| returns.iter().map(|own| own[half.clone()].to_vec()).collect());
    if middle < LEAST_DAYS {
        return Ok(());
    }
    shared.remark("stylised facts of years that nobody has seen");
    let renamed = |name: &str| name.replacen("facts", "facts-unseen", 1);
    let days = second[0].len();
    for (subject, maker) in SUBJECTS.iter().zip(&learn(&first, config.closes)?) {
        let seeds = if subject.kind == Kind::Model { own } else { rivals };
        let drawn: Vec<Vec<Returns>> = seeds
            .iter()
            .map(|&seed| {
                let path = |item| maker.path(days, seed, item);
                (0..settings.fact_paths).into_par_iter().map(path).collect()
            })
            .collect();
        for (name, figure) in scored(&drawn, &second, settings) {
            table.add_named(subject.name, subject.kind, seeds, metric(&renamed(&name)), figure);
        }
    }
    if let ([first], [second], true) = (&first[..], &second[..], is_slow(settings)) {
        let band = own_band(first, first.len(), settings);
        let found = log_volatility(first, &band, settings.fact_paths, rivals);
        let band = own_band(second, days, settings);
        for (name, figure) in figures(&[(found, &band)]) {
            let name = renamed(&name);
            table.add_named(LOG_VOLATILITY, Kind::Baseline, rivals, metric(&name), figure);
        }
    }
    let inside = first
        .iter()
        .zip(&second)
        .map(|(first, second)| count(&facts(first), &own_band(second, days, settings)) as f64);
    let value = inside.sum::<f64>() / first.len() as f64;
    let figure = Figure { value, interval: None, n: first.len() };
    let name = "facts-unseen-single";
    table.add_named("the half that was seen", Kind::Ceiling, &[], metric(name), figure);
    Ok(())
}

/// What stands for each of [`SUBJECTS`].
fn learn(returns: &Returns, locality: Locality) -> Result<Vec<Maker>> {
    let fit = |own: &Vec<f64>| Garch::fit(own, News::Asymmetric);
    let models: Vec<Garch> = returns.par_iter().map(fit).collect::<Result<_>>()?;
    let maker = |subject: &Subject| {
        Ok(match subject.way {
            Way::Model => Maker::Local(Box::new(LocalGarch::fit(returns, locality)?)),
            Way::Filtered => {
                let seen = models.iter().zip(returns);
                Maker::Filtered(seen.map(|(one, own)| (*one, one.filter(own).residuals)).collect())
            }
            Way::Student => Maker::Student(models.clone()),
            Way::Blocks(mean) => Maker::Blocks(returns.clone(), mean),
        })
    };
    SUBJECTS.iter().map(maker).collect()
}

impl Maker {
    fn path(&self, days: usize, seed: u64, item: u64) -> Returns {
        let mut stream = Stream::item(seed, "market/closes", item);
        match self {
            Self::Local(filter) => filter.path(days, &mut stream),
            Self::Filtered(assets) => {
                let mut states: Vec<_> = assets.iter().map(|(model, _)| model.at_rest()).collect();
                let mut path = vec![Vec::with_capacity(days); assets.len()];
                for day in 0..WARM_UP + days {
                    let drawn = stream.below(assets[0].1.len());
                    for (asset, (model, residuals)) in assets.iter().enumerate() {
                        let value = model.step(&mut states[asset], residuals[drawn]);
                        if day >= WARM_UP {
                            path[asset].push(value);
                        }
                    }
                }
                path
            }
            Self::Student(models) => {
                let path = |(asset, model): (usize, &Garch)| {
                    let innovation = student(model.degrees);
                    let number = item * models.len() as u64 + asset as u64;
                    model.path(seed, number, innovation).extend(model, days, innovation)
                };
                models.iter().enumerate().map(path).collect()
            }
            Self::Blocks(returns, mean) => {
                let places = stationary_places(returns[0].len(), days, *mean, &mut stream);
                let of = |own: &Vec<f64>| places.iter().map(|&place| own[place]).collect();
                returns.iter().map(of).collect()
            }
        }
    }
}

/// Facts of paths of each seed in the bands of `real`, means over the assets.
fn scored(
    drawn: &[Vec<Returns>],
    real: &Returns,
    settings: &EvaluationConfig,
) -> [(String, Figure); 2] {
    let bands: Vec<_> = real.iter().map(|own| own_band(own, own.len(), settings)).collect();
    let of_asset = |asset: usize| -> Facts {
        let of_seed = |paths: &Vec<Returns>| -> Vec<[f64; COUNT]> {
            paths.par_iter().map(|path| facts(&path[asset])).collect()
        };
        drawn.iter().map(of_seed).collect()
    };
    let assets: Vec<_> =
        bands.iter().enumerate().map(|(asset, band)| (of_asset(asset), band)).collect();
    figures(&assets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_maker_makes_all_assets_the_same_twice_and_other_paths_of_other_numbers() -> Result<()>
    {
        let mut stream = Stream::named(1, "returns");
        let returns: Returns =
            (0..2).map(|_| (0..500).map(|_| 0.01 * stream.normal()).collect()).collect();
        let locality = Locality { neighbours: 20, era: 1e9, stay: 1000.0 };
        for (maker, subject) in learn(&returns, locality)?.iter().zip(SUBJECTS) {
            let path = maker.path(50, 3, 1);
            assert!(path.len() == 2 && path.iter().all(|own| own.len() == 50), "{}", subject.name);
            assert_eq!(path, maker.path(50, 3, 1), "{}", subject.name);
            assert_ne!(path, maker.path(50, 3, 2), "{}", subject.name);
            assert_ne!(path, maker.path(50, 4, 1), "{}", subject.name);
        }
        Ok(())
    }
}
