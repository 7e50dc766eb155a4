//! How many stylised facts of long paths lie in the band of the real history.

use anyhow::Result;
use generativa::baselines::LogVolatility;
use generativa::baselines::log_volatility::Search;
use generativa::cli::Shared;
use generativa::data::trading_day::Day;
use generativa::metrics::quantile::quantile_of_sorted;
use generativa::metrics::stylised_facts::{Band, COUNT, LEAST_DAYS, band, facts, inside};
use generativa::run::evaluation::{Better, Kind};
use rayon::prelude::*;

use super::rows::{Figure, Metric, Table, over_grid};
use super::subjects::Subject;
use crate::config::EvaluationConfig;

/// Mean days of a block of the bootstrap behind a band.
const MEAN_BLOCK: f64 = 250.0;
/// Share of its histories that a band holds, fact by fact.
const LEVEL: f64 = 0.9;
/// Histories that each try of the log-volatility's fit is scored on, and tries.
const SEARCH: (u64, usize) = (8, 1000);

/// Facts of each path of each seed, of one asset.
pub(super) type Facts = Vec<Vec<[f64; COUNT]>>;

/// The rows of all subjects that make paths, of the log-volatility fitted on the facts where `slow`
/// rivals are wanted, and of the halves of the real history.
pub(super) fn add(
    table: &mut Table,
    days: &[Day],
    subjects: &[&Subject],
    config: &EvaluationConfig,
    slow: bool,
    shared: &Shared,
) -> Result<()> {
    if days.len() < LEAST_DAYS {
        shared.remark(&format!(
            "no stylised facts: they take {LEAST_DAYS} days, there are {}",
            days.len()
        ));
        return Ok(());
    }
    let returns: Vec<f64> = days.iter().map(|day| day[0]).collect();
    let band = own_band(&returns, returns.len(), config);
    for subject in subjects.iter().filter(|subject| subject.maker(0).whole.has_paths()) {
        shared.remark(&format!("stylised facts: {}", subject.name));
        let mut found = Vec::new();
        for (place, &seed) in subject.seeds.iter().enumerate() {
            // Networks compute on this thread alone: a path after the other.
            let path = |item| subject.maker(place).whole.path(returns.len(), seed, item);
            let paths: Vec<Vec<Day>> = (0..config.fact_paths).map(path).collect::<Result<_>>()?;
            found.push(of_paths(
                paths
                    .into_par_iter()
                    .map(|path| path.into_iter().map(|day| day[0]).collect::<Vec<f64>>()),
            ));
        }
        for (name, figure) in figures(&[(found, &band)]) {
            table.add(subject, metric(&name), figure);
        }
    }
    if slow {
        shared.remark("stylised facts: log-volatility, fitted on them");
        let seeds = subjects.last().map_or(&[1][..], |subject| &subject.seeds);
        let found = log_volatility(&returns, &band, config.fact_paths, seeds);
        for (name, figure) in figures(&[(found, &band)]) {
            table.add_named("log-volatility", Kind::Baseline, seeds, metric(&name), figure);
        }
    }
    if let Some(figure) = halves(&returns, config) {
        table.add_named("real-halves", Kind::Ceiling, &[], metric("facts-single"), figure);
    }
    Ok(())
}

pub(super) fn metric(name: &str) -> Metric<'_> {
    Metric { name, unit: "facts of 20", better: Better::Higher }
}

pub(super) fn own_band(returns: &[f64], length: usize, config: &EvaluationConfig) -> Band {
    band(returns, length, MEAN_BLOCK, config.band_resamples, LEVEL, 0)
}

fn of_paths(paths: impl IndexedParallelIterator<Item = Vec<f64>>) -> Vec<[f64; COUNT]> {
    paths.map(|path| facts(&path)).collect()
}

/// Paths of a log-volatility that is fitted on the facts of `returns`.
pub(super) fn log_volatility(returns: &[f64], band: &Band, paths: u64, seeds: &[u64]) -> Facts {
    let [mean, deviation, ..] = facts(returns);
    let (histories, tries) = SEARCH;
    let search = Search { histories, days: returns.len(), tries };
    let model = LogVolatility::fit(mean, deviation, band, search, 0);
    let drawn = |&seed: &u64| {
        let paths = model.simulate(0..paths, returns.len(), seed);
        of_paths(paths.into_par_iter())
    };
    seeds.iter().map(drawn).collect()
}

/// Facts of which the median over the paths lies in the band, and facts of one path, means over the
/// seeds and over the assets, each with its band.
pub(super) fn figures(assets: &[(Facts, &Band)]) -> [(String, Figure); 2] {
    let seeds = assets.first().map_or(0, |(found, _)| found.len());
    let paths = assets.first().and_then(|(found, _)| found.first()).map_or(0, Vec::len);
    let drawn = "seeds and paths";
    let figure = |value: &dyn Fn(&[usize], &[usize]) -> f64| {
        over_grid([seeds, paths], drawn, seeds * paths, value)
    };
    // By asset, seed and path.
    let inside: Vec<Vec<Vec<f64>>> = assets
        .iter()
        .map(|(found, band)| {
            let of_seed = |paths: &Vec<[f64; COUNT]>| {
                paths.iter().map(|facts| count(facts, band) as f64).collect()
            };
            found.iter().map(of_seed).collect()
        })
        .collect();
    let of_medians = |seeds: &[usize], paths: &[usize]| {
        let all = assets.iter().flat_map(|(found, band)| {
            seeds.iter().map(move |&seed| count(&medians(&found[seed], paths), band))
        });
        all.sum::<usize>() as f64 / (assets.len() * seeds.len()) as f64
    };
    let of_singles = |seeds: &[usize], paths: &[usize]| {
        let all = inside.iter().map(|values| super::rows::mean_of(values, seeds, paths));
        all.sum::<f64>() / inside.len() as f64
    };
    [
        (format!("facts-median-{paths}"), figure(&of_medians)),
        ("facts-single".into(), figure(&of_singles)),
    ]
}

/// How many facts lie in the band.
pub(super) fn count(facts: &[f64; COUNT], band: &Band) -> usize {
    inside(facts, band).into_iter().filter(|&inside| inside).count()
}

/// The median of each fact over some paths; NaN for one that some path does not have.
fn medians(found: &[[f64; COUNT]], paths: &[usize]) -> [f64; COUNT] {
    std::array::from_fn(|fact| {
        let mut values: Vec<f64> = paths.iter().map(|&path| found[path][fact]).collect();
        values.sort_unstable_by(f64::total_cmp);
        if values.iter().any(|value| value.is_nan()) {
            return f64::NAN;
        }
        quantile_of_sorted(&values, 0.5)
    })
}

/// How many facts of each half of the real history lie in the band of the other half: what a real
/// path of another time reaches. The interval holds the two. None of a short history.
pub(super) fn halves(returns: &[f64], config: &EvaluationConfig) -> Option<Figure> {
    let (first, second) = returns.split_at(returns.len() / 2);
    if first.len() < LEAST_DAYS {
        return None;
    }
    let lies = |half: &[f64], other: &[f64]| {
        count(&facts(half), &own_band(other, half.len(), config)) as f64
    };
    let (one, other) = (lies(first, second), lies(second, first));
    let interval = Some(([one.min(other), one.max(other)], "the lower and the higher".into()));
    Some(Figure { value: (one + other) / 2.0, interval, n: 2 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(value: f64) -> [f64; COUNT] {
        std::array::from_fn(|fact| if fact < 15 { value } else { 9.0 })
    }

    #[test]
    fn paths_that_miss_on_both_sides_have_their_median_in_the_band() {
        let band = Band { low: [-1.0; COUNT], high: [1.0; COUNT] };
        let found = vec![vec![path(-3.0), path(0.0), path(3.0)]];
        let [(name, medians), (single, singles)] = figures(&[(found, &band)]);
        assert_eq!((name.as_str(), medians.value, medians.n), ("facts-median-3", 15.0, 3));
        assert_eq!((single.as_str(), singles.value), ("facts-single", 5.0));
        let ([low, high], _) = singles.interval.expect("an interval");
        assert_eq!([low, high], [0.0, 15.0]);
    }

    #[test]
    fn a_fact_that_a_path_does_not_have_is_in_no_band() {
        let mut lacking = path(0.0);
        lacking[3] = f64::NAN;
        let band = Band { low: [-1.0; COUNT], high: [1.0; COUNT] };
        let [(_, medians), _] = figures(&[(vec![vec![lacking, path(0.0)]], &band)]);
        assert_eq!(medians.value, 14.0);
    }
}
