//! The three phases in which TimeGAN learns, in the order and with the numbers of the authors' code: the
//! autoencoder alone, the supervisor on its embeddings, then all of them together.

use std::ops::ControlFlow;

use anyhow::{Result, ensure};
use candle::{Device, Tensor};
use generativa_random::Stream;
use serde::{Deserialize, Serialize};

use super::alternating::{Alternating, Network, Turns, alternate};
use super::optimizer::AdamWConfig;
use super::session::{Loss, Outcome, Progress, Session};
use crate::layers::{Parameters, VarBuilder, frozen_builder, seeded_builder};
use crate::models::gan::{TimeGan, TimeGanConfig, TimeGanWeights};

/// How long and how fast to train.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TimeGanTraining {
    /// Iterations of each of the three phases; the published figures are of 50,000.
    pub iterations: u64,
    /// Windows a batch.
    pub batch: usize,
    /// Adam learning rate.
    pub learning_rate: f64,
    /// The discriminator learns where its loss is above this, so that it does not run ahead.
    pub discriminator_above: f64,
    /// Iterations from one line in `metrics.jsonl` to the next.
    pub log_every: u64,
    /// Iterations from one checkpoint to the next.
    pub checkpoint_every: u64,
}

/// One training.
pub struct TimeGanLearning<'a> {
    /// Size of the networks.
    pub config: &'a TimeGanConfig,
    /// Its length and rates.
    pub training: &'a TimeGanTraining,
    /// What is learned, `[windows, time, columns]`, each column scaled to 0..1.
    pub windows: &'a Tensor,
    /// Decides everything random.
    pub seed: u64,
    /// Where it is trained.
    pub device: &'a Device,
}

/// Updates of generator and autoencoder in an iteration of the third phase.
const ROUNDS: u64 = 2;
/// The parts in checkpoints, and their numbers in the loop.
const PARTS: [&str; 4] = ["autoencoder.", "generator.", "supervisor.", "discriminator."];
const AUTOENCODER: usize = 0;
const GENERATOR: usize = 1;
const SUPERVISOR: usize = 2;
const DISCRIMINATOR: usize = 3;

impl TimeGanLearning<'_> {
    /// Trains, and leaves log and checkpoints in the session's run.
    ///
    /// # Errors
    /// Windows that are none; a loss or gradient that is not finite.
    pub fn fit(
        &self,
        session: &Session,
        observe: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Outcome> {
        let Self { config, training, windows, seed, device } = *self;
        let (count, time, columns) = windows.dims3()?;
        ensure!(
            count > 0 && time > 1,
            "TimeGAN: expected windows of two steps or more, found none"
        );
        let parts: [Parameters; 4] = Default::default();
        let seeded = weights(|part| seeded_builder(&parts[part], seed, device));
        let learning = TimeGan::new(config, columns, &seeded)?;
        let untracked = weights(|part| frozen_builder(parts[part].untracked()));
        let fixed = TimeGan::new(config, columns, &untracked)?;

        let windows = windows.to_device(device)?;
        let batch = |draw: u64| -> Result<(Tensor, Tensor)> {
            let mut stream = Stream::item(seed, "timegan/batch", draw);
            let places: Vec<u32> =
                (0..training.batch).map(|_| stream.below(count) as u32).collect();
            let places = Tensor::from_vec(places, training.batch, device)?;
            Ok((
                windows.index_select(&places, 0)?,
                noise(training.batch, time, columns, &mut stream, device)?,
            ))
        };
        let optimizer = AdamWConfig { weight_decay: 0.0, ..AdamWConfig::default() };
        let networks = [0, 1, 2, 3].map(|part| Network {
            prefix: PARTS[part],
            parameters: &parts[part],
            optimizer,
        });
        let length = Alternating {
            steps: 3 * training.iterations,
            samples: training.batch,
            log_every: training.log_every,
            checkpoint_every: training.checkpoint_every,
        };
        let rate = training.learning_rate;
        let step = |step: u64, turns: &mut Turns| {
            // As many draws as the largest step needs, so that none is used twice.
            let draw = step * (ROUNDS + 1);
            let only = |total: Tensor| Loss { total, terms: vec![] };
            match step / training.iterations {
                0 => {
                    let (real, _) = batch(draw)?;
                    let loss = only(learning.autoencoder_loss(&real)?);
                    Ok(named("autoencoder_loss", turns.learn(&[AUTOENCODER], &loss, rate)?))
                }
                1 => {
                    let (real, _) = batch(draw)?;
                    let embedded = fixed.embed(&real)?.detach();
                    let loss = only(learning.supervised_error(&embedded)?);
                    Ok(named("supervised_loss", turns.learn(&[SUPERVISOR], &loss, rate)?))
                }
                _ => {
                    if step == 2 * training.iterations {
                        // Other losses begin here, with optimizers of their own.
                        turns.forget(AUTOENCODER)?;
                        turns.forget(SUPERVISOR)?;
                    }
                    let mut terms = Vec::new();
                    for round in 0..ROUNDS {
                        let (real, noise) = batch(draw + round)?;
                        let [total, opinion, moments] =
                            learning.generator_loss(&fixed, &real, &noise)?;
                        let told = vec![("opinion", opinion), ("moments", moments)];
                        let loss = Loss { total, terms: told };
                        terms = turns.learn(&[GENERATOR, SUPERVISOR], &loss, rate)?;
                        let loss = only(learning.joint_autoencoder_loss(&fixed, &real)?);
                        let own = turns.learn(&[AUTOENCODER], &loss, rate)?;
                        terms.extend(named("autoencoder_loss", own));
                    }
                    let (real, noise) = batch(draw + ROUNDS)?;
                    let loss = only(learning.discriminator_loss(&fixed, &real, &noise)?);
                    let value = f64::from(loss.total.to_scalar::<f32>()?);
                    if value > training.discriminator_above {
                        turns.learn(&[DISCRIMINATOR], &loss, rate)?;
                    }
                    terms.push(("discriminator_loss", value));
                    Ok(terms)
                }
            }
        };
        alternate(session, &length, &networks, step, observe)
    }
}

/// A trained model from the weights of its checkpoint.
///
/// # Errors
/// Weights that are missing or of another shape.
pub fn trained(
    config: &TimeGanConfig,
    columns: usize,
    vb: &VarBuilder<'static>,
) -> Result<TimeGan> {
    let part = |part: usize| vb.pp(PARTS[part].trim_end_matches('.'));
    Ok(TimeGan::new(config, columns, &weights(part))?)
}

/// Noise of `count` windows, uniform on 0..1.
///
/// # Errors
/// A device that is full.
pub fn noise(
    count: usize,
    time: usize,
    columns: usize,
    stream: &mut Stream,
    device: &Device,
) -> Result<Tensor> {
    let values: Vec<f32> = (0..count * time * columns).map(|_| stream.uniform() as f32).collect();
    Ok(Tensor::from_vec(values, (count, time, columns), device)?)
}

fn weights(of: impl Fn(usize) -> VarBuilder<'static>) -> TimeGanWeights {
    TimeGanWeights {
        autoencoder: of(AUTOENCODER),
        generator: of(GENERATOR),
        supervisor: of(SUPERVISOR),
        discriminator: of(DISCRIMINATOR),
    }
}

/// The terms of a loss under its own name.
fn named(own: &'static str, terms: Vec<(&'static str, f64)>) -> Vec<(&'static str, f64)> {
    let rename = |(name, value)| if name == "loss" { (own, value) } else { (name, value) };
    terms.into_iter().map(rename).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::run::checkpoint::{Checkpoint, Provenance};
    use crate::run::{Header, Run};

    const CONFIG: TimeGanConfig = TimeGanConfig { hidden: 8, layers: 2 };
    const TRAINING: TimeGanTraining = TimeGanTraining {
        iterations: 300,
        batch: 32,
        learning_rate: 5e-3,
        discriminator_above: 0.15,
        log_every: 50,
        checkpoint_every: 1000,
    };
    /// Days of a window, and its columns.
    const SHAPE: [usize; 2] = [6, 2];

    /// Windows of a line that rises from anywhere in the lower half, and its mirror image.
    fn windows(count: usize) -> Result<Tensor> {
        let mut stream = Stream::named(1, "windows");
        let window = |_| {
            let from = 0.1 + 0.4 * stream.uniform();
            (0..SHAPE[0]).flat_map(move |day| {
                let value = (from + 0.06 * day as f64) as f32;
                [value, 1.0 - value]
            })
        };
        let values: Vec<f32> = (0..count).flat_map(window).collect();
        Ok(Tensor::from_vec(values, (count, SHAPE[0], SHAPE[1]), &Device::Cpu)?)
    }

    /// Trains until a step, or to the end, and gives the newest weights.
    fn learn(
        dir: &Path,
        training: &TimeGanTraining,
        stop_at: Option<u64>,
        resume: bool,
    ) -> Result<Checkpoint> {
        let header = Header { app: "game".into(), preset: "tiny".into(), seed: 7 };
        let run = Run::create(dir, &header, training, resume)?;
        let provenance = Provenance {
            app: "game".into(),
            revision: String::new(),
            data: String::new(),
            data_sha256: String::new(),
            seed: 7,
        };
        let stop = AtomicBool::new(false);
        let session = Session { run: &run, provenance, resume, stop: &stop };
        let windows = windows(200)?;
        let (config, device) = (&CONFIG, &Device::Cpu);
        let learning = TimeGanLearning { config, training, windows: &windows, seed: 7, device };
        learning.fit(&session, |progress| match stop_at {
            Some(step) if progress.step == step => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })?;
        Ok(Checkpoint::latest(&run, "game")?.expect("one is saved"))
    }

    #[test]
    fn windows_that_are_made_lie_and_move_as_those_that_were_learned() -> Result<()> {
        generativa_kernels::prepare_process();
        let dir = tempfile::tempdir()?;
        let checkpoint = learn(&dir.path().join("run"), &TRAINING, None, false)?;
        let vb = frozen_builder(checkpoint.tensors("model", &Device::Cpu)?);
        let model = trained(&CONFIG, SHAPE[1], &vb)?;
        let noise = noise(400, SHAPE[0], SHAPE[1], &mut Stream::named(1, "new"), &Device::Cpu)?;
        let made = model.forward(&noise)?;
        // Mean of each day of the first column, and of both columns together.
        let of = |windows: &Tensor| -> Result<Vec<f32>> {
            Ok(windows.narrow(2, 0, 1)?.squeeze(2)?.mean(0)?.to_vec1::<f32>()?)
        };
        for (made, real) in of(&made)?.into_iter().zip(of(&windows(200)?)?) {
            assert!((made - real).abs() < 0.08, "{made} {real}");
        }
        let sums = made.sum(2)?.flatten_all()?.to_vec1::<f32>()?;
        let off = sums.iter().map(|sum| (sum - 1.0).abs()).sum::<f32>() / sums.len() as f32;
        assert!(off < 0.08, "{off}");
        Ok(())
    }

    #[test]
    fn a_training_that_is_resumed_in_any_phase_ends_with_the_bits_of_a_straight_one() -> Result<()>
    {
        generativa_kernels::prepare_process();
        let dir = tempfile::tempdir()?;
        let short = TimeGanTraining { iterations: 6, ..TRAINING };
        let straight = learn(&dir.path().join("straight"), &short, None, false)?;
        let parted = dir.path().join("parted");
        for (stop_at, resume) in [(3, false), (9, true), (12, true), (15, true)] {
            learn(&parted, &short, Some(stop_at), resume)?;
        }
        let resumed = learn(&parted, &short, None, true)?;
        assert_eq!((resumed.step, &resumed.parts), (18, &straight.parts));
        Ok(())
    }
}
