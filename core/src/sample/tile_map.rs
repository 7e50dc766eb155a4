//! Draws whole maps from a [`TileMapVae`]: prior, plan, tiles, one window after another.
//!
//! Tiles may be locked. Then several drafts grow side by side, each with latents and free tiles of
//! its own; a draft counts as much as it makes the locked tiles likely, and every column the
//! drafts that do badly give way to copies of those that do well. So what is locked further right
//! decides which latents and which free tiles to its left are kept.

use candle::{Device, Result, Tensor};
use generativa_random::Stream;

use super::count_limits::Limits;
use super::particles::{effective_count, survivors, weights};
use super::tile_columns::{TileColumns, Voice, draw, log_share};
use crate::data::LabelScale;
use crate::models::vae::tile_map::Context;
use crate::models::vae::{TileBatch, TileMapShape, TileMapVae};

/// A model ready to draw maps.
pub struct TileMapSampler {
    vae: TileMapVae,
    head: TileColumns,
}

/// How maps are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Sampling {
    /// Divides the logits of the tiles; 1 draws from the model itself.
    pub temperature: f32,
    /// Multiplies the prior's standard deviation; 1 draws from the model itself.
    pub spread: f64,
    /// How much what is asked counts: with 1 the model draws as it learned; with more, tiles that
    /// what is asked makes likelier become likelier still (classifier-free guidance, Ho & Salimans
    /// 2022, arXiv 2207.12598, equation 6 with w = guidance - 1).
    pub guidance: f32,
}

/// What is asked of the windows of a map, beside that it is one that is wanted.
pub struct Asks<'a> {
    /// Scales of the labels.
    pub scales: &'a [LabelScale],
    /// The value asked of each label in window number `.0`; `None` leaves it to the model.
    pub values: &'a (dyn Fn(usize) -> Vec<Option<f64>> + Sync),
    /// Measures the labels on the first columns of a window, or on a single tile. Of a label of the
    /// kind [`Count`](crate::data::LabelKind::Count) no more is drawn than is asked for.
    pub measure: &'a (dyn Fn(&[Vec<u32>]) -> Vec<f64> + Sync),
}

/// A column of which some tiles are locked, row 0 at the bottom; `None` is free.
pub type Locks = Vec<Option<u32>>;

/// A map in the making.
#[derive(Clone)]
struct Draft {
    /// Context and what is drawn so far.
    columns: Vec<Vec<u32>>,
    /// The decoder's plans of the window in hand, told what is asked and, where guidance listens to
    /// it, told nothing: `[window, height, plan]` each.
    plans: [Vec<f32>; 2],
    /// Log-likelihood of the locked tiles since drafts were last weeded out.
    fit: f64,
}

impl Draft {
    fn new(columns: Vec<Vec<u32>>) -> Self {
        Self { columns, plans: Default::default(), fit: 0.0 }
    }
}

impl TileMapSampler {
    /// `vae` must be built from tensors that no gradient follows, on the CPU.
    pub fn new(vae: TileMapVae) -> Result<Self> {
        Ok(Self { head: TileColumns::new(&vae)?, vae })
    }

    /// The model.
    pub fn vae(&self) -> &TileMapVae {
        &self.vae
    }

    /// A map of `width` columns (each `height` tiles, row 0 at the bottom), continuing `before`,
    /// which may be empty.
    pub fn map(
        &self,
        width: usize,
        before: &[Vec<u32>],
        asks: &Asks,
        sampling: Sampling,
        stream: &mut Stream,
    ) -> Result<Vec<Vec<u32>>> {
        let free = vec![vec![None; self.vae.shape.height]; width];
        self.complete(&free, before, 1, asks, sampling, stream)
    }

    /// A map with a column for each of `locks`, continuing `before`: locked tiles as they are, the
    /// others drawn to go with them. `drafts`: how many are grown to choose from, at least 1.
    pub fn complete(
        &self,
        locks: &[Locks],
        before: &[Vec<u32>],
        drafts: usize,
        asks: &Asks,
        sampling: Sampling,
        stream: &mut Stream,
    ) -> Result<Vec<Vec<u32>>> {
        let draft = Draft::new(self.start(before));
        let mut drafts = vec![draft; drafts];
        for (index, locks) in locks.chunks(self.vae.shape.window).enumerate() {
            let asked = (asks.values)(index);
            let limits = Limits::new(asks, &asked, self.vae.shape.tiles);
            let context = self.context(&drafts, asks, &asked)?;
            let noise = stream.normals(drafts.len() * self.vae.latent);
            let shape = (drafts.len(), self.vae.latent);
            let noise = Tensor::from_vec(noise, shape, &Device::Cpu)?;
            let latents = self.vae.prior(&context)?.spread(sampling.spread)?.sample(&noise)?;
            self.plan(&mut drafts, &latents, &context, sampling.guidance)?;
            self.grow(&mut drafts, locks, asks, &limits, sampling, stream);
        }
        let fits: Vec<f64> = drafts.iter().map(|draft| draft.fit).collect();
        let chosen = drafts.swap_remove(stream.weighted(&weights(&fits)));
        Ok(chosen.columns[self.vae.shape.context..].to_vec())
    }

    /// The latent that explains each window of a map best (mean of the posterior, told what is
    /// asked of the window). `columns`: a whole number of windows, behind nothing.
    pub fn latents(&self, columns: &[Vec<u32>], asks: &Asks) -> Result<Vec<Vec<f32>>> {
        let TileMapShape { window, context, height, told: width, .. } = self.vae.shape;
        let outside = self.start(&[]);
        let padded = [outside.as_slice(), columns].concat();
        let count = columns.len() / window;
        let (mut tiles, mut told) = (Vec::new(), Vec::new());
        for index in 0..count {
            tiles.extend(padded[index * window..][..context + window].concat());
            told.extend(self.told(asks, &(asks.values)(index)));
        }
        let batch = TileBatch {
            tiles: Tensor::from_vec(tiles, (count, context + window, height), &Device::Cpu)?,
            labels: Tensor::from_vec(told, (count, width), &Device::Cpu)?,
            // The posterior does not look at it.
            asked: Tensor::zeros((count, window, width), candle::DType::F32, &Device::Cpu)?,
        };
        self.vae.posterior(&batch)?.mean.to_vec2()
    }

    /// The map of `latents`, one a window. Every cell takes one number from the stream, so equal
    /// streams give equal noise to equal cells, whatever the latents.
    pub fn decode(
        &self,
        latents: &[Vec<f32>],
        asks: &Asks,
        sampling: Sampling,
        stream: &mut Stream,
    ) -> Result<Vec<Vec<u32>>> {
        let TileMapShape { window, context, height, .. } = self.vae.shape;
        let free = vec![vec![None; height]; window];
        let mut drafts = vec![Draft::new(self.start(&[]))];
        for (index, latent) in latents.iter().enumerate() {
            let asked = (asks.values)(index);
            let limits = Limits::new(asks, &asked, self.vae.shape.tiles);
            let before = self.context(&drafts, asks, &asked)?;
            let latent = Tensor::from_slice(latent, (1, latent.len()), &Device::Cpu)?;
            self.plan(&mut drafts, &latent, &before, sampling.guidance)?;
            self.grow(&mut drafts, &free, asks, &limits, sampling, stream);
        }
        Ok(drafts.swap_remove(0).columns.split_off(context))
    }

    /// Draws a window of every draft, weeding them out by how well they fit the locks.
    fn grow(
        &self,
        drafts: &mut Vec<Draft>,
        locks: &[Locks],
        asks: &Asks,
        limits: &Limits,
        sampling: Sampling,
        stream: &mut Stream,
    ) {
        let asked = limits.asked;
        let TileMapShape { window, told: width, .. } = self.vae.shape;
        let Sampling { temperature, guidance, .. } = sampling;
        let nothing = vec![0.0; width];
        for (number, locks) in locks.iter().enumerate() {
            for draft in drafts.iter_mut() {
                let Draft { columns, plans, fit } = draft;
                let so_far = if asked.iter().any(Option::is_some) {
                    (asks.measure)(&columns[columns.len() - number..])
                } else {
                    // Nobody will look at it.
                    vec![0.0; asked.len()]
                };
                let told =
                    LabelScale::tell(asks.scales, asked, Some(true), &so_far, number, window);
                // Empty where nobody listens.
                let [plan, free_plan] = plans.each_ref().map(|plan| {
                    let planned = plan.len() / window;
                    &plan[number * planned..][..planned]
                });
                let voices = [
                    Voice { plan, told: &told, weight: guidance },
                    Voice { plan: free_plan, told: &nothing, weight: 1.0 - guidance },
                ];
                let heard = if guidance == 1.0 { &voices[..1] } else { &voices[..] };
                let mut left = limits.left(&so_far);
                self.head.extend(columns, heard, |row, logits| {
                    let tile = match locks[row] {
                        Some(tile) => {
                            *fit += log_share(logits, temperature, tile);
                            tile
                        }
                        None => draw(&limits.within(&left, logits), temperature, stream),
                    };
                    limits.take(&mut left, tile);
                    tile
                });
            }
            weed(drafts, stream);
        }
    }

    fn plan(
        &self,
        drafts: &mut [Draft],
        latents: &Tensor,
        context: &Context,
        guidance: f32,
    ) -> Result<()> {
        let told = self.vae.plan(latents, context)?.flatten_from(1)?.to_vec2()?;
        for (draft, told) in drafts.iter_mut().zip(told) {
            draft.plans[0] = told;
        }
        if guidance != 1.0 {
            let free = self.vae.plan(latents, &context.untold()?)?.flatten_from(1)?.to_vec2()?;
            for (draft, free) in drafts.iter_mut().zip(free) {
                draft.plans[1] = free;
            }
        }
        Ok(())
    }

    /// The columns that the context covers, filled up with cells outside the map.
    fn start(&self, before: &[Vec<u32>]) -> Vec<Vec<u32>> {
        let TileMapShape { tiles, height, context, .. } = self.vae.shape;
        let kept = before.len().min(context);
        let mut columns = vec![vec![tiles as u32; height]; context - kept];
        columns.extend_from_slice(&before[before.len() - kept..]);
        columns
    }

    fn context(&self, drafts: &[Draft], asks: &Asks, asked: &[Option<f64>]) -> Result<Context> {
        let TileMapShape { context, height, told: width, .. } = self.vae.shape;
        let latest = |draft: &Draft| draft.columns[draft.columns.len() - context..].concat();
        let latest: Vec<u32> = drafts.iter().flat_map(latest).collect();
        let latest = Tensor::from_vec(latest, (drafts.len(), context, height), &Device::Cpu)?;
        let told = self.told(asks, asked).repeat(drafts.len());
        let told = Tensor::from_vec(told, (drafts.len(), width), &Device::Cpu)?;
        self.vae.context(&latest, &told)
    }

    /// What is asked of a whole window.
    fn told(&self, asks: &Asks, asked: &[Option<f64>]) -> Vec<f32> {
        let nothing = vec![0.0; asked.len()];
        LabelScale::tell(asks.scales, asked, Some(true), &nothing, 0, self.vae.shape.window)
    }
}

/// Replaces drafts that fit badly by copies of those that fit well, once few have most of the
/// weight.
fn weed(drafts: &mut Vec<Draft>, stream: &mut Stream) {
    let fits: Vec<f64> = drafts.iter().map(|draft| draft.fit).collect();
    let weights = weights(&fits);
    if effective_count(&weights) >= drafts.len() as f64 / 2.0 {
        return;
    }
    let kept = survivors(&weights, stream);
    *drafts = kept.into_iter().map(|index| Draft { fit: 0.0, ..drafts[index].clone() }).collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::LabelKind;
    use crate::layers::{Parameters, seeded_builder};
    use crate::models::vae::tile_map::tests::{SHAPE, config};

    const PLAIN: Sampling = Sampling { temperature: 1.0, spread: 1.0, guidance: 1.0 };
    const GUIDED: Sampling = Sampling { guidance: 2.0, ..PLAIN };

    fn sampler() -> Result<TileMapSampler> {
        let weights = seeded_builder(&Parameters::default(), 3, &Device::Cpu);
        TileMapSampler::new(TileMapVae::new(&config(), SHAPE, weights)?)
    }

    fn scales() -> [LabelScale; 2] {
        let scale = |name: &str, kind| LabelScale {
            name: name.into(),
            kind,
            mean: 0.0,
            deviation: 1.0,
            range: [0.0, 1.0],
            usual: None,
        };
        [scale("share", LabelKind::Mean), scale("count", LabelKind::Sum)]
    }

    fn nothing_asked(scales: &[LabelScale]) -> Asks<'_> {
        Asks { scales, values: &|_| vec![None; 2], measure: &|_| vec![0.0; 2] }
    }

    #[test]
    fn locked_tiles_come_back_whatever_else_is_drawn() -> Result<()> {
        let (sampler, mut stream) = (sampler()?, Stream::named(1, "locks"));
        let scales = scales();
        let asks = nothing_asked(&scales);
        for share in [0.1, 0.5, 1.0] {
            let lock = |stream: &mut Stream| stream.chance(share).then(|| stream.below(3) as u32);
            let column = |stream: &mut Stream| (0..SHAPE.height).map(|_| lock(stream)).collect();
            let locks: Vec<Locks> = (0..17).map(|_| column(&mut stream)).collect();
            let drawn = sampler.complete(&locks, &[], 8, &asks, GUIDED, &mut stream)?;
            assert_eq!(drawn.len(), locks.len());
            let pairs = drawn.iter().flatten().zip(locks.iter().flatten());
            assert!(pairs.into_iter().all(|(tile, lock)| lock.is_none_or(|lock| lock == *tile)));
        }
        Ok(())
    }

    #[test]
    fn a_latent_decodes_alike_from_equal_noise_and_otherwise_from_other_noise() -> Result<()> {
        let (sampler, scales) = (sampler()?, scales());
        let asks = nothing_asked(&scales);
        let mut stream = Stream::named(2, "map");
        let map = sampler.map(14, &[], &asks, PLAIN, &mut stream)?;
        let latents = sampler.latents(&map, &asks)?;
        assert_eq!((latents.len(), latents[0].len()), (2, config().latent));
        let decode = |seed| {
            let mut stream = Stream::named(seed, "tiles");
            sampler.decode(&latents, &asks, PLAIN, &mut stream)
        };
        assert_eq!(decode(1)?, decode(1)?);
        assert_ne!(decode(1)?, decode(2)?);
        Ok(())
    }

    #[test]
    fn no_more_is_drawn_of_a_count_than_is_asked_for() -> Result<()> {
        let (sampler, mut scales) = (sampler()?, scales());
        scales[1].kind = LabelKind::Count;
        let count = |columns: &[Vec<u32>]| {
            vec![0.0, columns.iter().flatten().filter(|&&tile| tile == 2).count() as f64]
        };
        let mut most = 0.0f64;
        for seed in 0..20 {
            let values = |_| vec![None, Some(3.0)];
            let asks = Asks { scales: &scales, values: &values, measure: &count };
            let map = sampler.map(7, &[], &asks, GUIDED, &mut Stream::named(seed, "count"))?;
            most = most.max(count(&map)[1]);
        }
        // Of 35 tiles an untrained model would make a dozen so.
        assert_eq!(most, 3.0);
        Ok(())
    }

    #[test]
    fn of_many_drafts_those_that_expect_the_locks_survive() {
        let draft = |tile: u32, fit| Draft { fit, ..Draft::new(vec![vec![tile]]) };
        let mut drafts: Vec<_> = (0..8).map(|tile| draft(tile, -40.0)).collect();
        drafts[5].fit = -1.0;
        weed(&mut drafts, &mut Stream::named(3, "weed"));
        assert!(drafts.iter().all(|draft| draft.columns == [[5]] && draft.fit == 0.0));
    }
}
