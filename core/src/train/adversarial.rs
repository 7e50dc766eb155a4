//! The loop of two networks against each other: a critic learns to tell what a generator makes from
//! what is real, and the generator to be taken for real (Goodfellow et al. 2014, arXiv 1406.2661).
//! What differs, the losses of one batch, are arguments.

use std::ops::ControlFlow;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::alternating::{Alternating, Network, Turns, alternate};
use super::optimizer::AdamWConfig;
use super::schedule::WarmupCosine;
use super::session::{Loss, Outcome, Progress, Session};
use crate::layers::Parameters;

/// How long and how fast to train.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AdversarialTraining {
    /// Updates of the generator.
    pub steps: u64,
    /// Samples a batch, as many real as generated ones.
    pub batch: usize,
    /// Updates of the critic for each of the generator.
    pub critic_steps: u64,
    /// Adam learning rate of the generator; a cosine takes it to a tenth.
    pub generator_rate: f64,
    /// The same of the critic: a faster one lets it keep up with fewer updates (Heusel et al. 2017,
    /// arXiv 1706.08500).
    pub critic_rate: f64,
    /// Share of the first moment that a step keeps: little, since the opponent moves the goal.
    pub beta1: f64,
    /// Share of the second moment that a step keeps.
    pub beta2: f64,
    /// Critic updates from one with the penalty to the next (Karras et al. 2020, arXiv 1912.04958,
    /// section 3.1).
    pub penalty_every: u64,
    /// Decay of the average of the generator's weights that sampling uses.
    pub average_decay: f64,
    /// Steps from one line in `metrics.jsonl` to the next.
    pub log_every: u64,
    /// Steps from one checkpoint to the next.
    pub checkpoint_every: u64,
}

/// The weights of the two networks, which share none.
#[derive(Clone, Copy)]
pub struct Players<'a> {
    /// Saved with `generator.` before its names.
    pub generator: &'a Parameters,
    /// Saved with `critic.` before its names.
    pub critic: &'a Parameters,
}

/// Their numbers in the loop.
const GENERATOR: usize = 0;
const CRITIC: usize = 1;

/// One update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Counts the updates of this network from 0: all randomness of a loss is addressed by it.
    pub draw: u64,
    /// Whether the penalty is due, to be weighed by [`AdversarialTraining::penalty_every`].
    pub penalised: bool,
}

/// Trains both networks and leaves log and checkpoints in the session's run, as
/// [`fit`](super::fit::fit) does. `critic_loss` must detach what the generator made, and
/// `generator_loss` is to see the critic through [`Parameters::untracked`].
///
/// # Errors
/// A variable without a gradient on the first step; a loss or gradient that is not finite.
pub fn compete(
    session: &Session,
    training: &AdversarialTraining,
    players: Players,
    mut critic_loss: impl FnMut(Turn) -> Result<Loss>,
    mut generator_loss: impl FnMut(Turn) -> Result<Loss>,
    observe: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Outcome> {
    let config = AdamWConfig {
        beta1: training.beta1,
        beta2: training.beta2,
        weight_decay: 0.0,
        ..AdamWConfig::default()
    };
    let averaged = AdamWConfig { average: Some(training.average_decay), ..config };
    let networks = [
        Network { prefix: "generator.", parameters: players.generator, optimizer: averaged },
        Network { prefix: "critic.", parameters: players.critic, optimizer: config },
    ];
    let length = Alternating {
        steps: training.steps,
        samples: training.batch,
        log_every: training.log_every,
        checkpoint_every: training.checkpoint_every,
    };
    let schedule = WarmupCosine { peak: 1.0, floor: 0.1, warmup: 0, total: training.steps };
    let step = |step: u64, turns: &mut Turns| {
        let rate = schedule.rate(step);
        let mut terms = Vec::new();
        for part in 0..training.critic_steps {
            let draw = step * training.critic_steps + part;
            let turn = Turn { draw, penalised: draw.is_multiple_of(training.penalty_every.max(1)) };
            terms = turns.learn(&[CRITIC], &critic_loss(turn)?, rate * training.critic_rate)?;
        }
        let loss = generator_loss(Turn { draw: step, penalised: false })?;
        let own = turns.learn(&[GENERATOR], &loss, rate * training.generator_rate)?;
        let named = |(name, value)| match name {
            "loss" => ("critic_loss", value),
            other => (other, value),
        };
        Ok(own.into_iter().chain(terms.into_iter().map(named)).collect())
    };
    alternate(session, &length, &networks, step, observe)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use candle::{Device, Tensor};
    use generativa_random::Stream;

    use super::*;
    use crate::layers::{Activation, Linear, frozen_builder, seeded_builder};
    use crate::models::gan::{discriminator_loss, generator_loss, r1_penalty};
    use crate::run::checkpoint::{Checkpoint, Provenance};
    use crate::run::{Header, Run};

    const TRAINING: AdversarialTraining = AdversarialTraining {
        steps: 2000,
        batch: 64,
        critic_steps: 2,
        generator_rate: 1e-2,
        critic_rate: 1e-2,
        beta1: 0.0,
        beta2: 0.99,
        penalty_every: 4,
        average_decay: 0.9,
        log_every: 100,
        checkpoint_every: 100,
    };

    fn normals(name: &str, draw: u64) -> candle::Result<Tensor> {
        let values = Stream::item(7, name, draw).normals(TRAINING.batch);
        Tensor::from_vec(values, (TRAINING.batch, 1), &Device::Cpu)
    }

    /// A line `z ↦ a z + b` learns to make normal numbers of mean 3 and deviation 0.5, the latest of
    /// its averaged weights are returned.
    fn learn(dir: &std::path::Path, stop_at: Option<u64>, resume: bool) -> Result<[f32; 2]> {
        let header = Header { app: "game".into(), preset: "tiny".into(), seed: 7 };
        let run = Run::create(dir, &header, &TRAINING, resume)?;
        let provenance = Provenance {
            app: "game".into(),
            revision: String::new(),
            data: String::new(),
            data_sha256: String::new(),
            seed: 7,
        };
        let stop = AtomicBool::new(false);
        let session = Session { run: &run, provenance, resume, stop: &stop };

        let (generator, critic) = (Parameters::default(), Parameters::default());
        let line = Linear::new(1, 1, seeded_builder(&generator, 7, &Device::Cpu))?;
        let hidden = Linear::new(2, 16, seeded_builder(&critic, 7, &Device::Cpu).pp("hidden"))?;
        let score = Linear::new(16, 1, seeded_builder(&critic, 7, &Device::Cpu).pp("score"))?;
        let judge = |hidden: &Linear, score: &Linear, x: &Tensor| {
            let powers = Tensor::cat(&[x, &x.sqr()?], 1)?;
            score.forward(&hidden.forward_then(&powers, Activation::Softplus)?)
        };
        let critic_loss = |turn: Turn| {
            let real = normals("real", turn.draw)?.affine(0.5, 3.0)?;
            let fake = line.forward(&normals("critic noise", turn.draw)?)?.detach();
            let logits = |x: &Tensor| judge(&hidden, &score, x);
            let mut total = discriminator_loss(&logits(&real)?, &logits(&fake)?)?;
            if turn.penalised {
                let penalty = r1_penalty(|x| logits(x), &real)?;
                total = (total + penalty.affine(0.02 * TRAINING.penalty_every as f64, 0.0)?)?;
            }
            Ok(Loss { total, terms: vec![] })
        };
        let seen = |name: &str| {
            let vb = frozen_builder(critic.untracked()).pp(name);
            Linear::new(
                if name == "score" { 16 } else { 2 },
                if name == "score" { 1 } else { 16 },
                vb,
            )
        };
        let generator_loss = |turn: Turn| {
            let fake = line.forward(&normals("noise", turn.draw)?)?;
            let total = generator_loss(&judge(&seen("hidden")?, &seen("score")?, &fake)?)?;
            Ok(Loss { total, terms: vec![] })
        };
        let players = Players { generator: &generator, critic: &critic };
        let observe = |progress: &Progress| match stop_at {
            Some(step) if progress.step == step => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        compete(&session, &TRAINING, players, critic_loss, generator_loss, observe)?;
        let checkpoint = Checkpoint::latest(&run, "game")?.expect("one is saved");
        let average = checkpoint.part("average")?;
        Ok(["generator.weight", "generator.bias"].map(|name| average[name].1[0]))
    }

    #[test]
    fn the_generator_learns_the_real_distribution() -> Result<()> {
        generativa_kernels::prepare_process();
        let dir = tempfile::tempdir()?;
        let [deviation, mean] = learn(&dir.path().join("run"), None, false)?;
        assert!((mean - 3.0).abs() < 0.15, "mean {mean}");
        assert!((deviation.abs() - 0.5).abs() < 0.15, "deviation {deviation}");
        Ok(())
    }

    #[test]
    fn a_game_that_is_resumed_ends_with_the_bits_of_a_straight_one() -> Result<()> {
        generativa_kernels::prepare_process();
        let dir = tempfile::tempdir()?;
        let straight = learn(&dir.path().join("straight"), None, false)?;
        let parted = dir.path().join("parted");
        learn(&parted, Some(130), false)?;
        assert_eq!(learn(&parted, None, true)?, straight);
        Ok(())
    }
}
