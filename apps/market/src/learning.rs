//! One training of the network against its adversary, on days that it may see.

use std::ops::ControlFlow;

use anyhow::{Result, bail};
use candle::{Device, Tensor};
use generativa::cli::Exit;
use generativa::data::trading_day::Day;
use generativa::layers::{Parameters, VarBuilder, frozen_builder, seeded_builder};
use generativa::models::gan::{
    MomentMatch, Refiner, StatisticsScale, WindowCritic, discriminator_loss, generator_loss,
    r1_penalty,
};
use generativa::train::adversarial::{Players, Turn, compete};
use generativa::train::session::{Loss, Outcome, Progress, Session};
use generativa_random::Stream;

use crate::config::Config;
use crate::fitted::Ranges;
use crate::generator::corrected;
use crate::scale::CHANNELS;

/// Paths of the filter that pieces are drawn from, and days of each: more than are ever seen.
const POOL: [usize; 2] = [400, 1000];
/// Frequencies that see one statistic alone, and that see all of them.
const WAVES_ALONE: usize = 6;
const WAVES_TOGETHER: usize = 384;
/// Real windows by which the statistics are scaled, at most.
const SCALED_BY: usize = 4096;

/// One training.
pub struct Learning<'a> {
    /// Its settings.
    pub config: &'a Config,
    /// Stretches of days without a gap.
    pub stretches: &'a [&'a [Day]],
    /// Decides everything random.
    pub seed: u64,
    /// Where it is trained.
    pub device: &'a Device,
}

impl Learning<'_> {
    /// Trains on top of `fitted` and leaves the weights in the session's run.
    ///
    /// # Errors
    /// No stretch as long as a window; a loss that is not finite.
    pub fn fit(
        &self,
        fitted: &Ranges,
        session: &Session,
        observe: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Outcome> {
        let Self { config, seed, device, .. } = *self;
        let (window, batch, scale) = (config.window, config.training.batch, fitted.scale);
        let real = self.windows()?;
        let pool = pool(fitted, seed);
        let (generator, critic) = (Parameters::default(), Parameters::default());
        let refiner = Refiner::new(
            &config.refiner,
            CHANNELS,
            CHANNELS,
            seeded_builder(&generator, seed, device),
        )?;
        let sizes = (CHANNELS + 1, window);
        let statistics = StatisticsScale::of(&seen(&real, fitted, device)?)?;
        let adversary = |vb: VarBuilder<'static>| {
            WindowCritic::new(&config.critic, sizes, statistics.clone(), vb)
        };
        let judge = adversary(seeded_builder(&critic, seed, device).pp("critic"))?;
        let told = statistics.statistics(&seen(&real, fitted, device)?)?;
        let waves = (WAVES_ALONE, WAVES_TOGETHER);
        let moments = MomentMatch::of(&told, waves, &mut Stream::named(seed, "market/waves"))?;
        let made = |name: &str, draw: u64| {
            let mut stream = Stream::item(seed, name, draw);
            let length = refiner.memory() + window;
            let pieces: Vec<&[Day]> = (0..batch)
                .map(|_| {
                    let path = &pool[stream.below(pool.len())];
                    let start = stream.below(path.len() - length + 1);
                    &path[start..start + length]
                })
                .collect();
            let noise = stream.normals(batch * config.refiner.noise * length);
            let noise = Tensor::from_vec(noise, (batch, config.refiner.noise, length), device)?;
            let made =
                corrected(&refiner, &scale, &scale.tensor(&pieces)?.to_device(device)?, &noise)?;
            scale.for_critic(&made)
        };
        let critic_loss = |turn: Turn| {
            let mut stream = Stream::item(seed, "market/real", turn.draw);
            let chosen: Vec<&[Day]> = (0..batch).map(|_| *stream.pick(&real)).collect();
            let real = scale.for_critic(&scale.tensor(&chosen)?.to_device(device)?)?;
            let fake = made("market/critic", turn.draw)?.detach();
            let mut total = discriminator_loss(&judge.forward(&real)?, &judge.forward(&fake)?)?;
            let mut terms = Vec::new();
            if turn.penalised {
                let penalty = r1_penalty(|x| judge.forward(x), &real)?;
                let weight = config.penalty / 2.0 * config.training.penalty_every as f64;
                total = (total + penalty.affine(weight, 0.0)?)?;
                terms.push(("penalty", penalty));
            }
            Ok(Loss { total, terms })
        };
        let generator_loss = |turn: Turn| {
            let judge = adversary(frozen_builder(critic.untracked()).pp("critic"))?;
            let made = made("market/generator", turn.draw)?;
            let fooled = generator_loss(&judge.forward(&made)?)?;
            let moments = moments.distance(&statistics.statistics(&made)?)?;
            let total = ((fooled * config.adversary)? + (&moments * config.moments)?)?;
            Ok(Loss { total, terms: vec![("moments", moments)] })
        };
        let players = Players { generator: &generator, critic: &critic };
        compete(session, &config.training, players, critic_loss, generator_loss, observe)
    }

    /// Every window of the stretches.
    fn windows(&self) -> Result<Vec<&[Day]>> {
        let window = self.config.window;
        let all: Vec<&[Day]> =
            self.stretches.iter().flat_map(|stretch| stretch.windows(window)).collect();
        if all.len() < 2 {
            let longest = self.stretches.iter().map(|stretch| stretch.len()).max().unwrap_or(0);
            bail!(Exit::Usage(format!(
                "window: expected at most the {} days that follow each other, found {window}",
                longest.saturating_sub(1)
            )));
        }
        Ok(all)
    }
}

/// Paths of the filter.
fn pool(fitted: &Ranges, seed: u64) -> Vec<Vec<Day>> {
    let [paths, days] = POOL;
    let path =
        |item: usize| fitted.filter.path(days, &mut Stream::item(seed, "market/pool", item as u64));
    (0..paths).map(path).collect()
}

/// Real windows as the critic sees them, some of them where there are many.
fn seen(real: &[&[Day]], fitted: &Ranges, device: &Device) -> Result<Tensor> {
    let apart = real.len().div_ceil(SCALED_BY);
    let some: Vec<&[Day]> = real.iter().copied().step_by(apart).collect();
    Ok(fitted.scale.for_critic(&fitted.scale.tensor(&some)?.to_device(device)?)?)
}
