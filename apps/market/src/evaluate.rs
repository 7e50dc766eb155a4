//! The honest table: the model beside the classical rivals, by the judges' definitions.

mod asked;
mod bars;
mod classic;
mod closes;
mod facts;
mod judged;
mod mixture;
mod neighbours;
mod rows;
mod subjects;
mod timegan;
mod together;
mod truth;
mod var;

use std::time::Instant;

use anyhow::{Context, Result};
use generativa::cli::{Shared, Trained};
use generativa::data::trading_day::Day;
use generativa::run::evaluation::{Better, Kind, Row};
use rayon::prelude::*;

use crate::config::{Config, EMBEDDED, EvaluationConfig, Method};
use crate::data::Corpus;
use crate::deliver::npy;
use crate::model::Model;
use crate::sample::Request;
use rows::{Figure, Metric, Table};
use subjects::{Rival, Subject};

/// Days of the windows that are judged: a month.
const WINDOW: usize = 24;
/// The file that others published figures on.
const GOOGLE: &str = "timegan-google-stock";

/// Rivals that are judged.
const JUDGED: [Rival; 5] =
    [Rival::RangeHar, Rival::Filtered, Rival::Student, Rival::Clusters, Rival::Blocks(20.0)];
/// Rivals that make long paths: days on their own, and blocks as long as those of the band.
const LONG: [Rival; 2] = [Rival::Blocks(1.0), Rival::Blocks(250.0)];
/// Rivals that are asked what the next day of a known market depends on.
const LAWFUL: [Rival; 5] =
    [Rival::RangeHar, Rival::Filtered, Rival::Student, Rival::Blocks(1.0), Rival::Blocks(250.0)];
/// A band of fewer resamples than the judges' is a try, with short judges and without what takes
/// minutes.
const TRY_BELOW: usize = 500;

/// Scores all seeds of a run together.
///
/// # Errors
/// Data that are not there, a run without a checkpoint, and histories that are too short to judge.
pub fn evaluate(trained: &[Trained<Config>], shared: &Shared) -> Result<Vec<Row>> {
    let config = &trained.first().context("a run has at least one seed")?.config;
    let corpus = Corpus::load(&config.data)?;
    if config.method == Method::TimeGan {
        return timegan::rows(trained, &corpus, shared);
    }
    let mut table = Table::new(&corpus.source);
    if corpus.ranged {
        ranges(&mut table, trained, &corpus, shared)?;
    } else {
        closes::add(&mut table, trained, &corpus, shared)?;
    }
    shared.remark("volatility that is asked for");
    asked::add(&mut table, trained)?;
    if is_slow(&config.evaluation) {
        shared.remark("a million paths");
        sampling(&mut table, "model", &trained[0])?;
        if corpus.source.name == var::SET {
            table.extend(var::rows(shared)?);
        }
    }
    Ok(table.rows())
}

/// How long a million paths of a month take as an array, from the run on disk to its last value.
fn sampling(table: &mut Table, subject: &str, trained: &Trained<Config>) -> Result<()> {
    let started = Instant::now();
    let model = Model::open(trained)?;
    npy(&model, &Request::plain(1_000_000, WINDOW, 1), &mut std::io::sink())?;
    let columns = model.columns().len();
    let unit = &format!("s, 1,000,000 paths of {WINDOW} days and {columns} columns");
    let metric = Metric { name: "sampling-seconds", unit, better: Better::Lower };
    let figure = Figure { value: started.elapsed().as_secs_f64(), interval: None, n: 1 };
    table.add_named(subject, Kind::Model, &[trained.header.seed], metric, figure);
    Ok(())
}

/// Whether more is wanted than a try.
fn is_slow(settings: &EvaluationConfig) -> bool {
    settings.band_resamples >= TRY_BELOW
}

/// The rows of an asset with ranges.
fn ranges(
    table: &mut Table,
    trained: &[Trained<Config>],
    corpus: &Corpus,
    shared: &Shared,
) -> Result<()> {
    let config = &trained[0].config;
    let (days, settings) = (&corpus.assets[0].days, &config.evaluation);
    let slow = is_slow(settings);
    let judge = judged::judges(!slow);
    let folds = if config.judged { judge.folds(days) } else { Vec::new() };

    shared.remark("fitting the filter and its rivals");
    let seeds: Vec<u64> = trained.iter().map(|one| one.header.seed).collect();
    let model = Subject::model(config.filter, days, &folds, &seeds)?;
    let network = match config.refine {
        true => Some(Subject::network(trained, folds.len())?),
        false => None,
    };
    let seeds = rival_seeds(&seeds, settings);
    let rivals = Subject::rivals(&JUDGED, days, &folds, &seeds)?;
    let long = Subject::rivals(&LONG, days, &[], &seeds)?;

    let all: Vec<&Subject> = std::iter::once(&model).chain(&network).chain(&rivals).collect();
    if config.judged {
        judged::add(table, &judge, days, &all, shared)?;
        shared.remark("nearest neighbours");
        neighbours::add(table, days, &folds, &all)?;
    } else {
        shared.remark("no hard judge: this run was trained with judged = false");
    }
    for (subject, refined) in [(Some(&model), false), (network.as_ref(), true)] {
        if let Some(subject) = subject {
            bars::add(table, &subject.name, trained, refined, settings.fact_paths)?;
        }
    }
    let slowest = network.as_ref().unwrap_or(&model);
    times(table, (&slowest.name, &slowest.seeds), trained)?;
    // Copies in blocks as short as those of the judge's lose what takes months.
    let short = |subject: &&Subject| subject.kind == Kind::Ceiling;
    let with_paths: Vec<&Subject> =
        all.iter().copied().filter(|subject| !short(subject)).chain(&long).collect();
    facts::add(table, days, &with_paths, settings, slow, shared)?;
    if corpus.source.name == EMBEDDED {
        shared.remark("what the law of the simulated market says");
        known_law(table, config)?;
    }
    if settings.classic_seeds > 0 {
        let network = network.as_ref().map(|network| (network, true));
        let subjects: Vec<_> = std::iter::once((&model, false)).chain(network).collect();
        classic::add(table, trained, corpus, &subjects, shared)?;
    }
    Ok(())
}

/// Whether the filter and its rivals learn what the next day of a known market depends on.
fn known_law(table: &mut Table, config: &Config) -> Result<()> {
    let subjects = |days: &[Day], history: u64| -> Result<Vec<Subject>> {
        let model = Subject::model(config.filter, days, &[], &[history])?;
        let rivals = Subject::rivals(&LAWFUL, days, &[], &[history])?;
        Ok(std::iter::once(model).chain(rivals).collect())
    };
    let days = |corpus: &Corpus| corpus.assets[0].days.clone();
    let rivals = LAWFUL.iter().map(|rival| (rival.name(), rival.kind()));
    let names: Vec<_> = std::iter::once(("model".to_owned(), Kind::Model)).chain(rivals).collect();
    truth::add(table, config, &names, |corpus, history| {
        let days = days(corpus);
        let paths = |subject: Subject| {
            let path = |item| -> Result<Vec<f64>> {
                let path = subject.maker(0).whole.path(days.len(), history, item)?;
                Ok(path.iter().map(|day| day[0]).collect())
            };
            (0..config.evaluation.fact_paths).into_par_iter().map(path).collect()
        };
        subjects(&days, history)?.into_iter().map(paths).collect()
    })
}

/// The longest training of a seed and, where blocks are judged, of the networks of all of them.
fn times(
    table: &mut Table,
    (name_of, seeds): (&str, &[u64]),
    trained: &[Trained<Config>],
) -> Result<()> {
    for (name, logged) in
        [("training-seconds", "seconds"), ("folds-training-seconds", "folds_seconds")]
    {
        let mut value = 0f64;
        for one in trained {
            value = value.max(one.run.logged_time(logged)?);
        }
        if value > 0.0 {
            let metric = Metric { name, unit: "s", better: Better::Lower };
            let figure = Figure { value, interval: None, n: trained.len() };
            table.add_named(name_of, Kind::Model, seeds, metric, figure);
        }
    }
    Ok(())
}

/// As many as asked for, from the first of the model's, so that some are both's.
fn rival_seeds(model: &[u64], settings: &EvaluationConfig) -> Vec<u64> {
    let first = model.first().copied().unwrap_or(1);
    (first..first + settings.judge_seeds.max(1)).collect()
}
