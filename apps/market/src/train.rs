//! The training of one seed, and of the models that the hard judge judges.

use std::ops::ControlFlow;
use std::time::Instant;

use anyhow::{Context, Result};
use generativa::cli::Job;
use generativa::data::time_blocks::{Fold, open_days};
use generativa::data::trading_day::Day;
use generativa::run::Run;
use generativa::train::judge::HardJudge;
use generativa::train::session::{Outcome, Session};
use generativa::train::side_by_side::side_by_side;
use generativa_random::Stream;

use crate::config::{Config, Method};
use crate::data::Corpus;
use crate::fitted::{Fitted, Ranges};
use crate::learning::Learning;
use crate::timegan;

/// Fits the filter and, where the config says so and the asset has ranges, trains the network on all
/// days, then without each block of the hard judge.
pub fn train(job: &Job<Config>) -> Result<Outcome> {
    let config = job.config;
    config.check()?;
    let corpus = Corpus::load(&config.data)?;
    corpus.remarks.iter().for_each(|remark| job.shared.remark(remark));
    let source = &corpus.source;
    let name = [source.name.as_str(), source.subset.as_deref().unwrap_or_default()].join(" ");
    let (name, sha256) = (name.trim(), source.sha256.as_deref().unwrap_or("simulated"));
    job.shared.remark(&format!(
        "learning from {name} (sha256 {sha256}): {} days of {}",
        corpus.count(),
        corpus.title()
    ));

    if config.method == Method::TimeGan {
        return timegan::train(job, &corpus, (name, sha256));
    }
    let started = Instant::now();
    let fitted = Fitted::fit(&corpus, config)?;
    fitted.save(job.run.dir())?;
    if let Some(missing) = fitted.untold(&corpus) {
        job.shared.remark(&missing);
    }
    let session = job.session(name, sha256);
    let ranges = match (&fitted, config.refine) {
        (Fitted::Ranges(ranges), true) => ranges,
        // A filter is all there is.
        _ => return session.fitted(started),
    };
    let days = &corpus.assets[0].days;
    let (seed, device) = (job.header.seed, &job.device);
    let whole = Learning { config, stretches: &[days], seed, device };
    let outcome = whole.fit(ranges, &session, job.observer())?;
    if let (Outcome::Finished { .. }, true) = (outcome, config.judged) {
        job.shared.remark("training without each block of the hard judge");
        let started = Instant::now();
        if let Some(stopped) = folds(job, days, (name, sha256))? {
            return Ok(stopped);
        }
        let seconds = started.elapsed().as_secs_f64();
        job.run.log_timing(config.training.steps, &[("folds_seconds", seconds)])?;
    }
    Ok(outcome)
}

/// The folder of the model that did not see a block.
pub fn fold_folder(run: &Run, block: usize) -> std::path::PathBuf {
    run.dir().join("folds").join(block.to_string())
}

/// Trains a model without each block; returns how one was stopped, if it was.
fn folds(job: &Job<Config>, days: &[Day], (name, sha256): (&str, &str)) -> Result<Option<Outcome>> {
    let folds = HardJudge::default().folds(days);
    let train = |(block, fold): (usize, &Fold)| {
        let open = fold.open.clone();
        move || -> Result<Outcome> {
            let ranges = Ranges::fit(&open_days(days, &open), job.config.filter)
                .with_context(|| format!("without block {block}"))?;
            let run = Run::create(&fold_folder(job.run, block), job.header, job.config, true)?;
            Fitted::Ranges(Box::new(ranges.clone())).save(run.dir())?;
            let session = Session { run: &run, ..job.session(name, sha256) };
            let stretches = stretches(days, &open);
            // A stream of its own: folds are to differ as two trainings do.
            let seed =
                Stream::item(job.header.seed, "market/fold", block as u64).below(1 << 53) as u64;
            let (config, device) = (job.config, &job.device);
            let learning = Learning { config, stretches: &stretches, seed, device };
            learning.fit(&ranges, &session, |_| ControlFlow::Continue(()))
        }
    };
    let outcomes = side_by_side(folds.iter().enumerate().map(train).collect())?;
    Ok(outcomes.into_iter().find(|outcome| matches!(outcome, Outcome::Stopped { .. })))
}

/// The stretches of open days.
fn stretches<'a>(days: &'a [Day], open: &[bool]) -> Vec<&'a [Day]> {
    let mut start = 0;
    let runs = open.chunk_by(|a, b| a == b).map(|run| {
        start += run.len();
        (run[0], &days[start - run.len()..start])
    });
    runs.filter(|(open, _)| *open).map(|(_, days)| days).collect()
}
