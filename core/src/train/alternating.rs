//! The loop of several networks that learn in turn, each from a loss of its own. Which of them learns
//! when, and from what, is an argument.

use std::ops::ControlFlow;
use std::time::Instant;

use anyhow::{Context, Result};

use super::optimizer::{AdamW, AdamWConfig, assert_every_gradient};
use super::session::{Learner, Loss, Outcome, Progress, Session};
use crate::layers::Parameters;

/// How long to train and how often to write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alternating {
    /// Steps, each with as many updates as the caller makes.
    pub steps: u64,
    /// Samples that a step learns from, for the log.
    pub samples: usize,
    /// Steps from one line in `metrics.jsonl` to the next.
    pub log_every: u64,
    /// Steps from one checkpoint to the next.
    pub checkpoint_every: u64,
}

/// Weights that are moved together.
#[derive(Clone, Copy)]
pub struct Network<'a> {
    /// Put before the names of its weights in checkpoints, with a point at its end.
    pub prefix: &'static str,
    /// The weights; no two networks share one.
    pub parameters: &'a Parameters,
    /// How they are moved.
    pub optimizer: AdamWConfig,
}

/// The networks within a step.
pub struct Turns<'a, 'b> {
    session: &'b Session<'b>,
    networks: &'b [Network<'a>],
    learners: Vec<Learner<'a>>,
    /// Whether a gradient was seen to reach every weight of a network.
    reached: Vec<bool>,
    step: u64,
}

impl Turns<'_, '_> {
    /// Moves the networks of these numbers down `loss` at a learning rate, and returns its terms,
    /// `loss` first.
    ///
    /// # Errors
    /// A loss or gradient that is not finite; on the first update of a network, a weight that no
    /// gradient reaches.
    pub fn learn(
        &mut self,
        numbers: &[usize],
        loss: &Loss,
        rate: f64,
    ) -> Result<Vec<(&'static str, f64)>> {
        let Self { session, networks, learners, reached, step } = self;
        let names = || {
            let names = numbers.iter().map(|&number| networks[number].prefix);
            names.map(|prefix| prefix.trim_end_matches('.')).collect::<Vec<_>>().join(", ")
        };
        let stopped = || format!("{} {}", names(), session.stopped_at(*step));
        let terms = loss.read().with_context(stopped)?;
        let gradients = loss.total.backward()?;
        for &number in numbers {
            let learner = &mut learners[number];
            if !std::mem::replace(&mut reached[number], true) {
                assert_every_gradient(learner.parameters, &gradients)?;
            }
            learner.optimizer.step(&gradients, rate).with_context(stopped)?;
        }
        Ok(terms)
    }

    /// Lets a network's optimizer forget what it learned of the slopes: where another loss begins.
    ///
    /// # Errors
    /// None that its making did not give.
    pub fn forget(&mut self, number: usize) -> Result<()> {
        let Network { parameters, optimizer, .. } = self.networks[number];
        self.learners[number].optimizer = AdamW::new(parameters, optimizer, &[])?;
        Ok(())
    }
}

/// Calls `step` with the number of each step, from 0, in which it lets networks learn by
/// [`Turns::learn`]; it returns what the log shows. Log and checkpoints go to the session's run, as
/// those of [`fit`](super::fit::fit) do. All randomness is to be addressed by the number of the step, so
/// that a resumed run repeats a straight one bit for bit.
///
/// # Errors
/// Those of `step`, and a run that cannot be written.
pub fn alternate<'a>(
    session: &Session,
    training: &Alternating,
    networks: &[Network<'a>],
    mut step: impl FnMut(u64, &mut Turns) -> Result<Vec<(&'static str, f64)>>,
    mut observe: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Outcome> {
    let learner = |network: &Network<'a>| -> Result<Learner<'a>> {
        let Network { prefix, parameters, optimizer } = *network;
        Ok(Learner { prefix, parameters, optimizer: AdamW::new(parameters, optimizer, &[])? })
    };
    let mut learners = networks.iter().map(learner).collect::<Result<Vec<_>>>()?;
    let first = session.restore(&mut learners)?;
    let reached = vec![false; networks.len()];
    let mut turns = Turns { session, networks, learners, reached, step: first };
    let started = Instant::now();

    while turns.step < training.steps {
        let terms = step(turns.step, &mut turns)?;
        turns.step += 1;
        let now = turns.step;

        // Log and save.
        let samples = ((now - first) * training.samples as u64) as f64;
        let samples_per_second = samples / started.elapsed().as_secs_f64();
        if now.is_multiple_of(training.log_every) || now == training.steps {
            session.run.log(now, &terms)?;
        }
        let progress =
            Progress { step: now, steps: training.steps, samples_per_second, terms: &terms };
        let stop = observe(&progress).is_break() || session.is_stopped();
        if now.is_multiple_of(training.checkpoint_every) || now == training.steps || stop {
            session.save(&turns.learners, now)?;
        }
        if stop {
            break;
        }
    }
    session.end(first..turns.step, training.steps, started)
}
