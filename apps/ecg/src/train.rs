//! The training of one seed, and of the models that give its thresholds.

use std::ops::ControlFlow;
use std::time::Instant;

use anyhow::{Result, bail};
use candle::{Device, Tensor};
use generativa::cli::{App, Exit, Job};
use generativa::layers::{Parameters, frozen_builder, seeded_builder};
use generativa::models::vae::{SeriesVae, SeriesWeights};
use generativa::run::{Checkpoint, Run};
use generativa::train::fit::fit;
use generativa::train::session::{Loss, Outcome, Progress, Session};
use generativa::train::side_by_side::side_by_side;
use generativa_random::Stream;

use crate::beat::{Beat, smoothed};
use crate::config::Config;
use crate::data::{Corpus, Domain};
use crate::patients::MEASURES;
use crate::score::{Parts, Scorer};

/// Trains a model of the normal beats that the job's config names.
pub fn train(job: &Job<Config>) -> Result<Outcome> {
    let config = job.config;
    config.check()?;
    let corpus = Corpus::load(&config.data)?;
    corpus.remarks.iter().for_each(|remark| job.shared.remark(remark));
    let source = &corpus.source;
    let name = [source.name.as_str(), source.subset.as_deref().unwrap_or_default()].join(" ");
    let (name, sha256) = (name.trim(), source.sha256.as_deref().unwrap_or("simulated"));
    job.shared.remark(&format!(
        "learning from {name} (sha256 {sha256}): {} normal beats; thresholds from {}",
        corpus.learned.len(),
        match corpus.aside.iter().map(Vec::len).sum() {
            0 => format!("{} folds of them", config.alarm.folds),
            count => format!("{count} others"),
        }
    ));

    let measures = standardised(&corpus.measures);
    let (beats, measures) = (&corpus.learned[..], &measures[..]);
    let whole = Learning { config, beats, measures, seed: job.header.seed, device: &job.device };
    let outcome = whole.fit(&job.session(name, sha256), job.observer())?;
    if let Outcome::Stopped { .. } = outcome {
        return Ok(outcome);
    }
    let normal = if corpus.aside.is_empty() {
        if config.alarm.folds < 2 {
            let folds = config.alarm.folds;
            bail!(Exit::Usage(format!(
                "alarm.folds: no beats are set aside for thresholds, so expected 2 or more, found \
                 {folds}"
            )));
        }
        job.shared.remark(&format!(
            "training {} more models, each without a part of the beats, for thresholds",
            config.alarm.folds
        ));
        let started = Instant::now();
        match out_of_fold(job, &corpus, (name, sha256))? {
            Ok(parts) => {
                let seconds = started.elapsed().as_secs_f64();
                job.run.log_timing(config.training.steps, &[("folds_seconds", seconds)])?;
                parts
            }
            Err(stopped) => return Ok(stopped),
        }
    } else {
        corpus.parts_aside(&whole.scorer(job.run)?)?
    };
    Domain::new(&corpus, config, normal).save(job.run.dir())?;
    Ok(outcome)
}

/// The parts of every learned beat by a model that did not learn from it, or how the trainings
/// were stopped.
fn out_of_fold(
    job: &Job<Config>,
    corpus: &Corpus,
    (name, sha256): (&str, &str),
) -> Result<Result<Vec<Parts>, Outcome>> {
    let folds = folds(corpus.learned.len(), job.config.alarm.folds, job.header.seed);
    let train = |number: usize| {
        let (folds, job, corpus) = (&folds, &job, &corpus);
        move || {
            let own = |held: bool| {
                let chosen =
                    (0..corpus.learned.len()).filter(|&beat| (folds[beat] == number) == held);
                chosen.map(|beat| corpus.learned[beat].clone()).collect::<Vec<_>>()
            };
            let dir = job.run.dir().join("folds").join(number.to_string());
            let run = Run::create(&dir, job.header, job.config, true)?;
            let session = Session { run: &run, ..job.session(name, sha256) };
            let kept = own(false);
            // A stream of initial weights of its own: folds are to differ as two trainings do.
            let seed =
                Stream::item(job.header.seed, "ecg/fold", number as u64).below(1 << 53) as u64;
            let (config, device) = (job.config, &job.device);
            let learning = Learning { config, beats: &kept, measures: &[], seed, device };
            match learning.fit(&session, |_| ControlFlow::Continue(()))? {
                Outcome::Finished { .. } => Ok(Ok(learning.scorer(&run)?.parts(&own(true))?)),
                stopped => Ok(Err(stopped)),
            }
        }
    };
    let parts = side_by_side((0..job.config.alarm.folds).map(train).collect())?;
    let parts: Result<Vec<Vec<Parts>>, Outcome> = parts.into_iter().collect();
    Ok(parts.map(|parts| {
        // Back into the order of the beats.
        let mut parts: Vec<_> = parts.into_iter().map(Vec::into_iter).collect();
        folds.iter().map(|&fold| parts[fold].next().expect("every beat has a fold")).collect()
    }))
}

/// The fold of each of `count` items, shuffled and equally large.
pub(crate) fn folds(count: usize, folds: usize, seed: u64) -> Vec<usize> {
    let mut fold: Vec<usize> = (0..count).map(|item| item % folds.max(1)).collect();
    Stream::named(seed, "ecg/folds").shuffle(&mut fold);
    fold
}

/// Measures with mean 0 and variance 1.
fn standardised(measures: &[[f64; MEASURES.len()]]) -> Vec<[f32; MEASURES.len()]> {
    let count = measures.len().max(1) as f64;
    let mut all = vec![[0.0; MEASURES.len()]; measures.len()];
    for place in 0..MEASURES.len() {
        let mean = measures.iter().map(|row| row[place]).sum::<f64>() / count;
        let variance = measures.iter().map(|row| (row[place] - mean).powi(2)).sum::<f64>() / count;
        for (to, row) in all.iter_mut().zip(measures) {
            to[place] = ((row[place] - mean) / variance.sqrt().max(1e-9)) as f32;
        }
    }
    all
}

/// One training.
struct Learning<'a> {
    config: &'a Config,
    beats: &'a [Beat],
    /// What is known of each beat, of mean 0 and variance 1, or nothing.
    measures: &'a [[f32; MEASURES.len()]],
    seed: u64,
    device: &'a Device,
}

impl Learning<'_> {
    fn fit(
        &self,
        session: &Session,
        observe: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Outcome> {
        let Self { config, seed, .. } = *self;
        let values = smoothed(self.beats, config.score.smoothing);
        let width = values[0].len();
        let parameters = Parameters::default();
        let builder = seeded_builder(&parameters, seed, self.device);
        let vae = SeriesVae::new(&config.model, width, builder)?;
        let (batch, latent) = (config.training.batch, config.model.latent);
        let rise = config.objective.rise
            * (config.training.steps * config.training.accumulate as u64) as f64;
        let loss = |draw: u64| {
            let mut stream = Stream::item(seed, "ecg/batch", draw);
            let chosen: Vec<usize> = (0..batch).map(|_| stream.below(values.len())).collect();
            let rows: Vec<f32> = chosen.iter().flat_map(|&beat| values[beat].clone()).collect();
            let x = Tensor::from_vec(rows, (batch, width), self.device)?;
            let noise =
                Tensor::from_vec(stream.normals(batch * latent), (batch, latent), self.device)?;
            let weights = SeriesWeights {
                beta: config.objective.beta * (draw as f64 / rise.max(1.0)).min(1.0),
                allowance: config.objective.allowance,
                attributes: config.objective.attributes,
            };
            let known = self.attributes(&chosen)?;
            let loss = vae.loss(&x, &noise, known.as_ref(), &weights)?;
            let mut terms = vec![("reconstruction", loss.reconstruction), ("kl", loss.kl)];
            terms.extend(known.map(|_| ("attributes", loss.attributes)));
            Ok(Loss { total: loss.total, terms })
        };
        fit(session, &config.training, &parameters, loss, observe)
    }

    /// What is known of these beats, as many measures as the latent has axes for.
    fn attributes(&self, chosen: &[usize]) -> Result<Option<Tensor>> {
        let count = MEASURES.len().min(self.config.model.latent);
        if self.measures.is_empty() || self.config.objective.attributes == 0.0 {
            return Ok(None);
        }
        let known: Vec<f32> =
            chosen.iter().flat_map(|&beat| self.measures[beat][..count].to_vec()).collect();
        Ok(Some(Tensor::from_vec(known, (chosen.len(), count), self.device)?))
    }

    /// The trained model with the beats that it learned from.
    fn scorer(&self, run: &Run) -> Result<Scorer> {
        let checkpoint = Checkpoint::latest(run, crate::Ecg::NAME)?;
        let checkpoint = checkpoint.expect("a finished training has a checkpoint");
        let weights = frozen_builder(checkpoint.tensors("average", &Device::Cpu)?);
        let vae = SeriesVae::new(&self.config.model, self.beats[0].values.len(), weights)?;
        Scorer::new(vae, &self.config.score, self.beats)
    }
}
