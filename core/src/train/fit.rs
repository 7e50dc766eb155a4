//! The loop that all models share. What differs, the loss of one batch, is an argument.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use candle::Tensor;
use candle::backprop::GradStore;
use serde::{Deserialize, Serialize};

use super::optimizer::{AdamW, AdamWConfig, Group, assert_every_gradient};
use super::schedule::WarmupCosine;
use crate::layers::Parameters;
use crate::run::Run;
use crate::run::checkpoint::{Checkpoint, Part, Provenance};

/// How long and how fast to train.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Updates of the weights.
    pub steps: u64,
    /// Samples a batch.
    pub batch: usize,
    /// Batches whose gradients are averaged for one update.
    pub accumulate: usize,
    /// AdamW learning rate after warm-up; a cosine takes it to a hundredth.
    pub learning_rate: f64,
    /// Steps over which the learning rate rises from 0.
    pub warmup: u64,
    /// Decoupled weight decay of matrices and kernels (biases and norms have none).
    pub weight_decay: f64,
    /// Largest global norm of the gradient.
    pub clip_norm: f64,
    /// Decay of the average of the weights that sampling uses.
    pub average_decay: f64,
    /// Steps from one line in `metrics.jsonl` to the next.
    pub log_every: u64,
    /// Steps from one checkpoint to the next.
    pub checkpoint_every: u64,
}

/// The loss of one batch, a scalar, and its terms for the log, scalars too.
pub struct Loss {
    /// What is minimised.
    pub total: Tensor,
    /// Name and value of each part.
    pub terms: Vec<(&'static str, Tensor)>,
}

/// Where a loop keeps its state, and who may stop it.
pub struct Session<'a> {
    /// Takes log and checkpoints.
    pub run: &'a Run,
    /// Written into every checkpoint.
    pub provenance: Provenance,
    /// Continue from the newest checkpoint, where there is one.
    pub resume: bool,
    /// Set by Ctrl-C: save and return.
    pub stop: &'a AtomicBool,
}

/// What [`fit`] tells its observer after a step.
#[derive(Debug)]
pub struct Progress<'a> {
    /// Steps taken.
    pub step: u64,
    /// Steps in all.
    pub steps: u64,
    /// Samples a second, since this process began to train.
    pub samples_per_second: f64,
    /// The latest logged terms, `loss` first.
    pub terms: &'a [(&'static str, f64)],
}

/// How a loop ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// All steps are taken.
    Finished {
        /// Wall-clock seconds in this process.
        seconds: f64,
    },
    /// Stopped early, with a checkpoint at this step.
    Stopped {
        /// Steps taken.
        step: u64,
    },
}

/// Minimises `loss` over `parameters` and leaves log and checkpoints in the session's run.
///
/// `loss(draw)` computes one batch; all its randomness must be addressed by `draw`, which counts
/// batches from 0, so that a resumed run repeats a straight one bit for bit. `observe` is called
/// after every step and may end the training early.
///
/// # Errors
/// A variable without a gradient on the first step; a loss or gradient that is not finite.
pub fn fit(
    session: &Session,
    training: &Training,
    parameters: &Parameters,
    mut loss: impl FnMut(u64) -> Result<Loss>,
    mut observe: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Outcome> {
    let config = AdamWConfig {
        weight_decay: training.weight_decay,
        max_norm: Some(training.clip_norm),
        average: Some(training.average_decay),
        ..AdamWConfig::default()
    };
    let mut optimizer = AdamW::new(parameters, config, &[Group::UNDECAYED])?;
    let schedule = WarmupCosine {
        peak: training.learning_rate,
        floor: 0.01,
        warmup: training.warmup,
        total: training.steps,
    };
    let mut step = restore(session, parameters, &mut optimizer)?;
    let (first, started) = (step, Instant::now());
    let mut terms: Vec<(&'static str, f64)> = Vec::new();

    while step < training.steps {
        // Gradients of one update.
        let mut sum: Option<GradStore> = None;
        for micro in 0..training.accumulate {
            let loss = loss(step * training.accumulate as u64 + micro as u64)?;
            if micro == 0 {
                terms = read_terms(&loss).with_context(|| stopped_at(session, step))?;
            }
            let store = (loss.total / training.accumulate as f64)?.backward()?;
            sum = Some(match sum {
                Some(sum) => add(parameters, sum, &store)?,
                None => store,
            });
        }
        let gradients = sum.context("`accumulate` must be at least 1")?;
        if step == first {
            assert_every_gradient(parameters, &gradients)?;
        }

        // Update.
        let rate = schedule.rate(step);
        let norm = optimizer.step(&gradients, rate).with_context(|| stopped_at(session, step))?;
        step += 1;

        // Log and save.
        let samples = (step - first) as f64 * (training.batch * training.accumulate) as f64;
        let samples_per_second = samples / started.elapsed().as_secs_f64();
        if step % training.log_every == 0 || step == training.steps {
            let more = [("gradient_norm", norm), ("learning_rate", rate)];
            session.run.log(step, &[terms.as_slice(), &more].concat())?;
        }
        let progress = Progress { step, steps: training.steps, samples_per_second, terms: &terms };
        let stop = observe(&progress).is_break() || session.stop.load(Ordering::Relaxed);
        if step % training.checkpoint_every == 0 || step == training.steps || stop {
            checkpoint(session, parameters, &optimizer, step)?.save(session.run, 2)?;
        }
        if stop {
            break;
        }
    }

    let seconds = started.elapsed().as_secs_f64();
    if step > first {
        session.run.log_timing(step, &[("steps", (step - first) as f64), ("seconds", seconds)])?;
    }
    let whole = step >= training.steps;
    Ok(if whole { Outcome::Finished { seconds } } else { Outcome::Stopped { step } })
}

fn add(parameters: &Parameters, mut sum: GradStore, more: &GradStore) -> Result<GradStore> {
    for (_, variable) in parameters.named() {
        let Some(gradient) = more.get(&variable) else { continue };
        let gradient = match sum.get(&variable) {
            Some(sum) => (sum + gradient)?,
            None => gradient.clone(),
        };
        sum.insert(&variable, gradient);
    }
    Ok(sum)
}

fn read_terms(loss: &Loss) -> Result<Vec<(&'static str, f64)>> {
    let scalar = |tensor: &Tensor| Ok::<_, candle::Error>(f64::from(tensor.to_scalar::<f32>()?));
    let mut terms = vec![("loss", scalar(&loss.total)?)];
    for (name, value) in &loss.terms {
        terms.push((name, scalar(value)?));
    }
    if terms.iter().any(|(_, value)| !value.is_finite()) {
        let shown: Vec<_> = terms.iter().map(|(name, value)| format!("{name} {value}")).collect();
        bail!("the loss is not finite: {}", shown.join(", "));
    }
    Ok(terms)
}

/// What the optimizer puts before the name of an averaged weight.
const AVERAGE: &str = "average/";

fn stopped_at(session: &Session, step: u64) -> String {
    let latest = Checkpoint::latest(session.run, &session.provenance.app).ok().flatten();
    let good = latest.map_or("there is no checkpoint yet".to_owned(), |checkpoint| {
        format!("the last good checkpoint is step {}", checkpoint.step)
    });
    format!("stopped at step {}; {good}; try a lower learning rate", step + 1)
}

fn checkpoint(
    session: &Session,
    parameters: &Parameters,
    optimizer: &AdamW,
    step: u64,
) -> Result<Checkpoint> {
    let mut model = Part::new();
    for (name, variable) in parameters.named() {
        let values = variable.flatten_all()?.to_vec1::<f32>()?;
        model.insert(name, (variable.dims().to_vec(), values));
    }
    let (mut average, mut moments) = (Part::new(), Part::new());
    for (name, values) in optimizer.state() {
        // Sampling reads the average, so it has a file and the shapes of its own.
        match name.strip_prefix(AVERAGE).and_then(|name| model.get_key_value(name)) {
            Some((name, (shape, _))) => {
                average.insert(name.clone(), (shape.clone(), values.to_vec()));
            }
            None => {
                moments.insert(name, (vec![values.len()], values.to_vec()));
            }
        }
    }
    let parts = [("model", model), ("average", average), ("optimizer", moments)];
    Ok(Checkpoint {
        step,
        provenance: session.provenance.clone(),
        parts: parts.map(|(name, part)| (name.to_owned(), part)).into(),
    })
}

/// Puts the newest checkpoint back, and returns its step; 0 without one.
fn restore(session: &Session, parameters: &Parameters, optimizer: &mut AdamW) -> Result<u64> {
    let app = &session.provenance.app;
    let found = if session.resume { Checkpoint::latest(session.run, app)? } else { None };
    let Some(checkpoint) = found else {
        session.run.rewind_log(0)?;
        return Ok(0);
    };
    ensure!(
        checkpoint.provenance.data_sha256 == session.provenance.data_sha256,
        "the run was trained on other data ({}, sha256 {}) than is found now ({}, sha256 {})",
        checkpoint.provenance.data,
        checkpoint.provenance.data_sha256,
        session.provenance.data,
        session.provenance.data_sha256,
    );
    let model = checkpoint.part("model")?;
    for (name, variable) in parameters.named() {
        let (shape, values) =
            model.get(&name).with_context(|| format!("the checkpoint has no weight `{name}`"))?;
        variable
            .set(&Tensor::from_slice(values, shape.as_slice(), variable.device())?)
            .with_context(|| format!("weight `{name}`"))?;
    }
    let values =
        |(name, (_, values)): (&String, &(Vec<usize>, Vec<f32>))| (name.clone(), values.clone());
    let moments = checkpoint.part("optimizer")?.iter().map(values);
    let average = checkpoint.part("average")?.iter().map(values);
    let average = average.map(|(name, values)| (format!("{AVERAGE}{name}"), values));
    optimizer.restore(checkpoint.step, &moments.chain(average).collect())?;
    session.run.rewind_log(checkpoint.step)?;
    Ok(checkpoint.step)
}
