//! The loop of models that minimise one loss. What differs, the loss of one batch, is an argument.

use std::ops::ControlFlow;
use std::time::Instant;

use anyhow::{Context, Result};
use candle::backprop::GradStore;
use serde::{Deserialize, Serialize};

use super::optimizer::{AdamW, AdamWConfig, Group, assert_every_gradient};
use super::schedule::WarmupCosine;
use super::session::{Learner, Loss, Outcome, Progress, Session};
use crate::layers::Parameters;

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
    let optimizer = AdamW::new(parameters, config, &[Group::UNDECAYED])?;
    let mut learners = [Learner { prefix: "", parameters, optimizer }];
    let schedule = WarmupCosine {
        peak: training.learning_rate,
        floor: 0.01,
        warmup: training.warmup,
        total: training.steps,
    };
    let mut step = session.restore(&mut learners)?;
    let (first, started) = (step, Instant::now());
    let mut terms: Vec<(&'static str, f64)> = Vec::new();

    while step < training.steps {
        // Gradients of one update.
        let mut sum: Option<GradStore> = None;
        for micro in 0..training.accumulate {
            let loss = loss(step * training.accumulate as u64 + micro as u64)?;
            if micro == 0 {
                terms = loss.read().with_context(|| session.stopped_at(step))?;
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
        let [learner] = &mut learners;
        let norm = learner.optimizer.step(&gradients, rate);
        let norm = norm.with_context(|| session.stopped_at(step))?;
        step += 1;

        // Log and save.
        let samples = (step - first) as f64 * (training.batch * training.accumulate) as f64;
        let samples_per_second = samples / started.elapsed().as_secs_f64();
        if step % training.log_every == 0 || step == training.steps {
            let more = [("gradient_norm", norm), ("learning_rate", rate)];
            session.run.log(step, &[terms.as_slice(), &more].concat())?;
        }
        let progress = Progress { step, steps: training.steps, samples_per_second, terms: &terms };
        let stop = observe(&progress).is_break() || session.is_stopped();
        if step % training.checkpoint_every == 0 || step == training.steps || stop {
            session.save(&learners, step)?;
        }
        if stop {
            break;
        }
    }

    session.end(first..step, training.steps, started)
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
