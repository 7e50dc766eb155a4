//! The honest table: the model beside the classical rivals, by the judges' definitions.

mod bars;
mod classic;
mod facts;
mod judged;
mod neighbours;
mod rows;
mod subjects;
mod var;

use anyhow::{Context, Result};
use generativa::cli::{Shared, Trained};
use generativa::run::evaluation::{Better, Kind, Row};

use crate::config::{Config, EvaluationConfig};
use crate::data::Corpus;
use rows::{Figure, Metric, Table};
use subjects::{Rival, Subject};

/// Days of the windows that are judged: a month.
const WINDOW: usize = 24;
/// The file that others published figures on.
const GOOGLE: &str = "timegan-google-stock";

/// Rivals that are judged, beside the model's own filter.
const JUDGED: [Rival; 5] =
    [Rival::RangeHar, Rival::Filtered, Rival::Student, Rival::Clusters, Rival::Blocks(20.0)];
/// Rivals that make long paths: days on their own, and blocks as long as those of the band.
const LONG: [Rival; 2] = [Rival::Blocks(1.0), Rival::Blocks(250.0)];
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
    let (days, settings) = (&corpus.days, &config.evaluation);
    let slow = settings.band_resamples >= TRY_BELOW;
    let judge = judged::judges(!slow);
    let folds = if config.judged { judge.folds(days) } else { Vec::new() };

    let model = Subject::model(trained, folds.len())?;
    shared.remark("fitting the rivals");
    let seeds = rival_seeds(&model, settings);
    let judged = [&[Rival::Filter(config.filter)], &JUDGED[..]].concat();
    let rivals = Subject::rivals(&judged, days, &folds, &seeds)?;
    let long = Subject::rivals(&LONG, days, &[], &seeds)?;

    let mut table = Table::new(&corpus.source);
    let all: Vec<&Subject> = std::iter::once(&model).chain(&rivals).collect();
    if config.judged {
        judged::add(&mut table, &judge, days, [std::slice::from_ref(&model), &rivals], shared)?;
        shared.remark("nearest neighbours");
        neighbours::add(&mut table, days, &folds, &all)?;
    } else {
        shared.remark("no hard judge: this run was trained with judged = false");
    }
    bars::add(&mut table, &model, settings.fact_paths)?;
    times(&mut table, &model, trained)?;
    // Copies in blocks as short as those of the judge's lose what takes months.
    let short = |subject: &&Subject| subject.kind == Kind::Ceiling;
    let with_paths: Vec<&Subject> =
        all.iter().copied().filter(|subject| !short(subject)).chain(&long).collect();
    facts::add(&mut table, days, &with_paths, settings, slow, shared)?;
    if settings.classic_seeds > 0 {
        let known = [Rival::Filter(config.filter), Rival::RangeHar, Rival::Clusters];
        let known = known.map(Rival::name);
        let scored =
            |subject: &&Subject| subject.name == model.name || known.contains(&subject.name);
        let some: Vec<&Subject> = all.into_iter().filter(scored).collect();
        classic::add(&mut table, &corpus, &some, settings.classic_seeds, shared)?;
    }
    if slow {
        table.extend(var::rows(shared)?);
    }
    Ok(table.rows())
}

/// The longest training of a seed's model and, where blocks are judged, of the models of all of them.
fn times(table: &mut Table, model: &Subject, trained: &[Trained<Config>]) -> Result<()> {
    for (name, logged) in
        [("training-seconds", "seconds"), ("folds-training-seconds", "folds_seconds")]
    {
        let mut value = 0f64;
        for one in trained {
            value = value.max(one.run.logged_time(logged)?);
        }
        if value > 0.0 {
            let metric = Metric { name, unit: "s", better: Better::Lower };
            table.add(model, metric, Figure { value, interval: None, n: trained.len() });
        }
    }
    Ok(())
}

/// As many as asked for, from the first of the model's, so that some are both's.
fn rival_seeds(model: &Subject, settings: &EvaluationConfig) -> Vec<u64> {
    let first = model.seeds.first().copied().unwrap_or(1);
    (first..first + settings.judge_seeds.max(1)).collect()
}
