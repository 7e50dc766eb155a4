//! What all loops share: where a training keeps its state, who may stop it, and how it goes on
//! where it ended.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use candle::Tensor;

use super::optimizer::AdamW;
use crate::layers::Parameters;
use crate::run::Run;
use crate::run::checkpoint::{Checkpoint, Part, Provenance};
use crate::run::file::write_atomically;

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

/// What a loop tells its observer after a step.
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

/// Weights that one optimizer moves.
pub(super) struct Learner<'a> {
    /// Put before the names of its weights, so that several can stand in one checkpoint.
    pub(super) prefix: &'static str,
    pub(super) parameters: &'a Parameters,
    pub(super) optimizer: AdamW,
}

/// Checkpoints that stay: one may be damaged.
const KEPT: usize = 2;
/// What the optimizer puts before the name of an averaged weight.
const AVERAGE: &str = "average/";
/// The number of updates that a learner had, beside its moments: whole [`COUNTED`]s and the rest, since
/// a checkpoint holds f32, which counts to 2^24.
const UPDATES: &str = "updates";
const COUNTED: u64 = 1 << 20;

impl Loss {
    /// The values of the loss and its terms, `loss` first.
    ///
    /// # Errors
    /// One that is not finite.
    pub(super) fn read(&self) -> Result<Vec<(&'static str, f64)>> {
        let scalar =
            |tensor: &Tensor| Ok::<_, candle::Error>(f64::from(tensor.to_scalar::<f32>()?));
        let mut terms = vec![("loss", scalar(&self.total)?)];
        for (name, value) in &self.terms {
            terms.push((name, scalar(value)?));
        }
        if terms.iter().any(|(_, value)| !value.is_finite()) {
            let shown: Vec<_> =
                terms.iter().map(|(name, value)| format!("{name} {value}")).collect();
            bail!("the loss is not finite: {}", shown.join(", "));
        }
        Ok(terms)
    }
}

impl Session<'_> {
    /// Ends the training of a model that was fitted since `started` and has no weights: its
    /// checkpoint, of step 0, says what it comes from.
    ///
    /// # Errors
    /// A run that cannot be written, and one to be resumed that learned from other data.
    pub fn fitted(&self, started: Instant) -> Result<Outcome> {
        self.restore(&mut [])?;
        let seconds = started.elapsed().as_secs_f64();
        let known = self.resume && Checkpoint::latest(self.run, &self.provenance.app)?.is_some();
        if !known {
            write_atomically(&self.run.metrics(), b"")?; // no loss was seen
            self.save(&[], 0)?;
            self.run.log_timing(0, &[("seconds", seconds)])?;
        }
        Ok(Outcome::Finished { seconds })
    }

    /// Whether somebody asked to stop.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// What is said of a training that fails at this step.
    pub(super) fn stopped_at(&self, step: u64) -> String {
        let latest = Checkpoint::latest(self.run, &self.provenance.app).ok().flatten();
        let good = latest.map_or("there is no checkpoint yet".to_owned(), |checkpoint| {
            format!("the last good checkpoint is step {}", checkpoint.step)
        });
        format!("stopped at step {}; {good}; try a lower learning rate", step + 1)
    }

    /// Logs the time that the steps of `taken` took since `started`, and says how a training of
    /// `steps` ended.
    pub(super) fn end(&self, taken: Range<u64>, steps: u64, started: Instant) -> Result<Outcome> {
        let seconds = started.elapsed().as_secs_f64();
        let Range { start, end: step } = taken;
        if step > start {
            let times = [("steps", (step - start) as f64), ("seconds", seconds)];
            self.run.log_timing(step, &times)?;
        }
        let whole = step >= steps;
        Ok(if whole { Outcome::Finished { seconds } } else { Outcome::Stopped { step } })
    }

    /// Writes a checkpoint: weights, their averages, which sampling reads, and moments.
    pub(super) fn save(&self, learners: &[Learner], step: u64) -> Result<()> {
        let (mut model, mut average, mut moments) = (Part::new(), Part::new(), Part::new());
        for Learner { prefix, parameters, optimizer, .. } in learners {
            let mut own = Part::new();
            for (name, variable) in parameters.named() {
                let values = variable.flatten_all()?.to_vec1::<f32>()?;
                own.insert(name, (variable.dims().to_vec(), values));
            }
            for (name, values) in optimizer.state() {
                // Averages have the shapes of their weights.
                match name.strip_prefix(AVERAGE).and_then(|name| own.get_key_value(name)) {
                    Some((name, (shape, _))) => {
                        let value = (shape.clone(), values.to_vec());
                        average.insert(format!("{prefix}{name}"), value);
                    }
                    None => {
                        let value = (vec![values.len()], values.to_vec());
                        moments.insert(format!("{prefix}{name}"), value);
                    }
                }
            }
            let updates = optimizer.steps();
            let counted = [updates / COUNTED, updates % COUNTED].map(|count| count as f32);
            moments.insert(format!("{prefix}{UPDATES}"), (vec![2], counted.to_vec()));
            model.extend(own.into_iter().map(|(name, value)| (format!("{prefix}{name}"), value)));
        }
        let parts = [("model", model), ("average", average), ("optimizer", moments)];
        let checkpoint = Checkpoint {
            step,
            provenance: self.provenance.clone(),
            parts: parts.map(|(name, part)| (name.to_owned(), part)).into(),
        };
        checkpoint.save(self.run, KEPT)?;
        Ok(())
    }

    /// Puts the newest checkpoint back, and returns its step; 0 without one.
    pub(super) fn restore(&self, learners: &mut [Learner]) -> Result<u64> {
        let app = &self.provenance.app;
        let found = if self.resume { Checkpoint::latest(self.run, app)? } else { None };
        let Some(checkpoint) = found else {
            self.run.rewind_log(0)?;
            return Ok(0);
        };
        ensure!(
            checkpoint.provenance.data_sha256 == self.provenance.data_sha256,
            "the run was trained on other data ({}, sha256 {}) than is found now ({}, sha256 {})",
            checkpoint.provenance.data,
            checkpoint.provenance.data_sha256,
            self.provenance.data,
            self.provenance.data_sha256,
        );
        for learner in learners {
            learner.restore(&checkpoint)?;
        }
        self.run.rewind_log(checkpoint.step)?;
        Ok(checkpoint.step)
    }
}

impl Learner<'_> {
    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let prefix = self.prefix;
        let model = checkpoint.part("model")?;
        for (name, variable) in self.parameters.named() {
            let name = format!("{prefix}{name}");
            let (shape, values) = model
                .get(&name)
                .with_context(|| format!("the checkpoint has no weight `{name}`"))?;
            variable
                .set(&Tensor::from_slice(values, shape.as_slice(), variable.device())?)
                .with_context(|| format!("weight `{name}`"))?;
        }
        let own = |part: &str, kind: &str| -> Result<Vec<(String, Vec<f32>)>> {
            let all = checkpoint.part(part)?.iter();
            let own = all.filter_map(|(name, (_, values))| {
                let name = name.strip_prefix(prefix)?;
                Some((format!("{kind}{name}"), values.clone()))
            });
            Ok(own.collect())
        };
        let mut state: BTreeMap<String, Vec<f32>> =
            own("optimizer", "")?.into_iter().chain(own("average", AVERAGE)?).collect();
        let counted = state.remove(UPDATES).unwrap_or_default();
        let [whole, rest] = counted[..] else {
            bail!("the checkpoint does not count updates: an older version made it; train anew");
        };
        let updates = whole as u64 * COUNTED + rest as u64;
        self.optimizer.restore(updates, &state)?;
        Ok(())
    }
}
