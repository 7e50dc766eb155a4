//! The network on top of a filter of ranges: what an adversary taught it that the filter misses. Its
//! zero is the filter.

use anyhow::Result;
use candle::{Device, Tensor};
use generativa::baselines::LocalRangeHarState;
use generativa::data::trading_day::Day;
use generativa::layers::{Activation, VarBuilder};
use generativa::models::gan::{Refiner, RefinerConfig};
use generativa_random::Stream;

use crate::fitted::Ranges;
use crate::scale::{CHANNELS, Scale};
use crate::stretch::Stretch;

/// A filter and its network.
pub struct Generator {
    fitted: Ranges,
    refiner: Refiner,
    noise: usize,
}

/// Days that are refined at once.
const PIECE: usize = 1 << 12;

/// How the network corrects paths of the filter, `[batch, CHANNELS, memory + days]`: `[batch,
/// CHANNELS, days]` for [`corrected`] and [`Scale::corrected`].
fn corrections(refiner: &Refiner, paths: &Tensor, noise: &Tensor) -> candle::Result<Tensor> {
    let all = refiner.forward(paths, noise)?;
    // Shares of the room that there is, but for the log range, which has no ends.
    let bounded = |channel: usize| Activation::Tanh.forward(&all.narrow(1, channel, 1)?);
    Tensor::cat(&[bounded(0)?, all.narrow(1, 1, 1)?, bounded(2)?], 1)
}

/// What the network makes of paths of the filter, `[batch, CHANNELS, memory + days]`: `[batch,
/// CHANNELS, days]`, as [`Scale::corrected`] makes days.
pub fn corrected(
    refiner: &Refiner,
    scale: &Scale,
    paths: &Tensor,
    noise: &Tensor,
) -> candle::Result<Tensor> {
    let corrections = corrections(refiner, paths, noise)?;
    let days = corrections.dim(2)?;
    let kept = paths.narrow(2, refiner.memory(), days)?;
    let part = |of: &Tensor, channel: usize| of.narrow(1, channel, 1);
    let ratio = part(&kept, 0)?.affine(scale.of_ratio, 0.0)?;
    let room = (&ratio * Activation::Relu.forward(&ratio.abs()?.affine(-1.0, 1.0)?)?)?;
    let ratio = (ratio + (part(&corrections, 0)? * room)?)?.affine(1.0 / scale.of_ratio, 0.0)?;
    let log_range = (part(&kept, 1)? + part(&corrections, 1)?)?;
    let position = part(&kept, 2)?.affine(scale.of_position, 0.5)?;
    let room = (&position * position.affine(-1.0, 1.0)?)?;
    let position = (position + (part(&corrections, 2)? * room)?)?
        .affine(1.0 / scale.of_position, -0.5 / scale.of_position)?;
    Tensor::cat(&[ratio, log_range, position], 1)
}

impl Generator {
    /// From what was fitted and trained weights.
    pub fn new(fitted: Ranges, config: &RefinerConfig, vb: VarBuilder) -> Result<Self> {
        let refiner = Refiner::new(config, CHANNELS, CHANNELS, vb)?;
        Ok(Self { fitted, refiner, noise: config.noise })
    }

    /// `count` windows of so many days, each of a path of its own.
    pub fn windows(
        &self,
        count: usize,
        window: usize,
        stream: &mut Stream,
    ) -> Result<Vec<Vec<Day>>> {
        let seed = stream.below(1 << 53) as u64;
        let mut windows = Vec::with_capacity(count);
        for item in 0..count as u64 {
            windows.push(self.path(seed, item).next(window)?.days.swap_remove(0));
        }
        Ok(windows)
    }

    /// Path number `item` of a seed, from somewhere in the middle of a market's life.
    pub fn path(&self, seed: u64, item: u64) -> PathInProgress<'_> {
        let mut shocks = Stream::item(seed, "market/shocks", item);
        let Ranges { filter, .. } = &self.fitted;
        let memory = self.refiner.memory();
        let place = filter.place_after(memory, &mut shocks);
        // A path goes on from history, which the network remembers.
        let before = filter.days_before(place, memory);
        let missing = vec![before[0]; memory - before.len()];
        let days = [&missing[..], before].concat();
        let base = Stretch { from: vec![place as u32; memory], days: vec![days] };
        let state = filter.at(place);
        let mut noise = Stream::item(seed, "market/noise", item);
        let drawn = noise.normals(memory * self.noise);
        PathInProgress { of: self, shocks, noise, state, base, drawn }
    }
}

/// A path in progress: days come in pieces of any length, and the pieces make no difference.
pub struct PathInProgress<'a> {
    of: &'a Generator,
    shocks: Stream,
    noise: Stream,
    state: LocalRangeHarState,
    /// The days of the filter, at first of history, that the next ones still depend on.
    base: Stretch,
    /// Their noise, day by day.
    drawn: Vec<f32>,
}

impl PathInProgress<'_> {
    /// The next days.
    pub fn next(&mut self, days: usize) -> Result<Stretch> {
        let mut path = Stretch::new(1);
        while path.len() < days {
            let count = PIECE.min(days - path.len());
            self.piece(count)?.move_to(&mut path, count);
        }
        Ok(path)
    }

    fn piece(&mut self, days: usize) -> Result<Stretch> {
        let Generator { fitted, refiner, noise } = self.of;
        self.draw(days);
        let length = self.base.len();
        let seen = fitted.scale.tensor(&[&self.base.days[0]])?;
        let drawn = Tensor::from_slice(&self.drawn, (1, length, *noise), &Device::Cpu)?;
        let drawn = drawn.transpose(1, 2)?.contiguous()?;
        let found = corrections(refiner, &seen, &drawn)?.to_vec3::<f32>()?.swap_remove(0);
        let day = |(place, base): (usize, &Day)| {
            let correction = std::array::from_fn(|channel| found[channel][place].into());
            fitted.scale.corrected(*base, correction)
        };
        let memory = refiner.memory();
        let days = self.base.days[0][memory..].iter().enumerate().map(day).collect();
        let made = Stretch { days: vec![days], from: self.base.from[memory..].to_vec() };
        let past = length - memory;
        self.base.days[0].drain(..past);
        self.base.from.drain(..past);
        self.drawn.drain(..past * noise);
        Ok(made)
    }

    fn draw(&mut self, days: usize) {
        let filter = &self.of.fitted.filter;
        for _ in 0..days {
            let (day, place) = filter.draw(&mut self.state, &mut self.shocks);
            self.base.days[0].push(day);
            self.base.from.push(place as u32);
        }
        self.drawn.extend(self.noise.normals(days * self.of.noise));
    }
}
