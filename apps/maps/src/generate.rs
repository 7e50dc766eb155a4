//! A trained model as a maker of maps.

mod blend;
mod complete;

use anyhow::{Context, Result, bail};
use candle::Device;
use generativa::cli::{Exit, Trained};
use generativa::data::{Grid, LabelScale};
use generativa::models::vae::{Gaussian, TileBatch, TileMapVae};
use generativa::sample::tile_map::{Asks, Sampling, TileMapSampler};
use generativa_random::Stream;

use crate::config::Config;
use crate::data::Domain;
use crate::game::{Game, Verdict};
use crate::platform::Edit;

/// A trained model, its domain and how it draws.
pub struct Generator {
    /// What was learned.
    pub domain: Domain,
    sampler: TileMapSampler,
    sampling: Sampling,
}

/// A map and how it came about.
pub struct Drawn {
    /// The map.
    pub map: Grid,
    /// Whether it can be played.
    pub verdict: Verdict,
    /// Draws that it took.
    pub draws: usize,
    /// Tiles that were changed so that it can be played.
    pub edits: Vec<Edit>,
}

impl Drawn {
    /// A map that was neither chosen nor changed.
    pub fn unchecked(map: Grid, game: Game) -> Self {
        Self { verdict: game.verdict(&map), map, draws: 1, edits: Vec::new() }
    }
}

/// From this draw on, one that fails is repaired: a map that needs no repair is the better one, but
/// not at any price.
const REPAIRED_FROM: usize = 3;

/// Values asked for, one for each label of the game; `None` leaves it to the model.
pub type Wishes = Vec<Option<f64>>;

impl Generator {
    /// Opens a run.
    pub fn open(trained: &Trained<Config>) -> Result<Self> {
        let domain = Domain::load(trained.run.dir())?;
        let weights = trained.weights(&Device::Cpu)?;
        let vae =
            TileMapVae::new(&trained.config.model, domain.shape, weights).with_context(|| {
                format!("the weights in {} do not fit", trained.run.dir().display())
            })?;
        let sampling = Sampling {
            temperature: trained.config.sampling.temperature as f32,
            spread: trained.config.sampling.spread,
            guidance: trained.config.sampling.guidance as f32,
        };
        Ok(Self { sampler: TileMapSampler::new(vae)?, domain, sampling })
    }

    /// The network.
    pub fn vae(&self) -> &TileMapVae {
        self.sampler.vae()
    }

    /// The prior of each window of a batch, as drawing uses it.
    pub fn prior(&self, batch: &TileBatch) -> Result<Gaussian> {
        let context = self.vae().context(&batch.tiles, &batch.labels)?;
        Ok(self.vae().prior(&context)?.spread(self.sampling.spread)?)
    }

    /// Reads wishes such as `density=0.2`.
    ///
    /// # Errors
    /// A label that the game does not have, or a value that is no number.
    pub fn wishes(&self, asked: &[String]) -> Result<Wishes> {
        let mut wishes = vec![None; self.domain.labels.len()];
        for wish in asked {
            let (name, value) = wish.split_once('=').unwrap_or((wish, ""));
            let label = self.domain.labels.iter().position(|scale| scale.name == name.trim());
            let value = value.trim().parse::<f64>().ok().filter(|value| value.is_finite());
            let (Some(label), Some(value)) = (label, value) else {
                let ranges = self.domain.labels.iter();
                let ranges = ranges.map(|LabelScale { name, range: [low, high], .. }| {
                    format!("{name} (usually {low:.3} to {high:.3})")
                });
                let ranges = ranges.collect::<Vec<_>>().join(", ");
                bail!(Exit::Usage(format!(
                    "--ask takes `label=number`, found `{wish}`; the labels are {ranges}"
                )));
            };
            wishes[label] = Some(value);
        }
        if let Some((one, other)) = self.domain.game.equals() {
            let both = wishes[one].or(wishes[other]);
            if wishes[other].is_some_and(|other| Some(other) != both) {
                let [one, other] = [one, other].map(|label| self.domain.labels[label].name.clone());
                bail!(Exit::Usage(format!("--ask takes as many {one} as {other}")));
            }
            (wishes[one], wishes[other]) = (both, both);
        }
        let usual = self.usual_wishes();
        Ok(wishes.into_iter().zip(usual).map(|(wish, usual)| wish.or(usual)).collect())
    }

    /// What is asked where nobody asks for anything: of most labels nothing.
    pub fn usual_wishes(&self) -> Wishes {
        self.domain.labels.iter().map(|label| label.usual).collect()
    }

    /// One draw: a map of `width` columns (where the game leaves it open) with `wishes` for every
    /// window. No search, no rejection.
    pub fn draw(&self, width: usize, wishes: &Wishes, stream: &mut Stream) -> Result<Grid> {
        let width = self.domain.map_width(width);
        self.asking(&|_| wishes.clone(), |asks| {
            let columns = self.sampler.map(width, &[], asks, self.sampling, stream)?;
            Ok(self.domain.alphabet.map(&columns))
        })
    }

    /// One draw of a room with the doors asked for, in the order of
    /// [`Side::ALL`](crate::rooms::Side::ALL). Only for a model of rooms.
    pub fn draw_room(&self, doors: [bool; 4], stream: &mut Stream) -> Result<Grid> {
        let mut wishes = self.usual_wishes();
        for (wish, door) in wishes.iter_mut().zip(doors) {
            *wish = Some(f64::from(u8::from(door)));
        }
        self.draw(0, &wishes, stream)
    }

    /// Draws until a map can be played, at most `tries` times (at least once), and returns the
    /// last. Where the game knows a repair, the third draw and those after it are repaired.
    pub fn draw_checked(
        &self,
        width: usize,
        wishes: &Wishes,
        tries: usize,
        stream: &mut Stream,
    ) -> Result<Drawn> {
        until_playable(self.domain.game, None, tries, || self.draw(width, wishes, stream))
    }

    /// What is asked of each window, as the sampler takes it.
    fn asking<T>(
        &self,
        values: &(dyn Fn(usize) -> Wishes + Sync),
        draw: impl FnOnce(&Asks) -> T,
    ) -> T {
        let Domain { game, alphabet, labels, .. } = &self.domain;
        let measure = |columns: &[Vec<u32>]| game.measure(&alphabet.map(columns));
        draw(&Asks { scales: labels, values, measure: &measure })
    }
}

/// Draws until a map can be played, at most `tries` times (at least once), and returns the last.
/// The third draw and those after it are repaired, tiles flagged in `locked` (row by row; `None`
/// locks nothing) staying as drawn.
pub fn until_playable(
    game: Game,
    locked: Option<&[bool]>,
    tries: usize,
    mut draw: impl FnMut() -> Result<Grid>,
) -> Result<Drawn> {
    let mut draws = 0;
    loop {
        draws += 1;
        let drawn = Drawn { draws, ..Drawn::unchecked(draw()?, game) };
        if drawn.verdict.playable() || draws >= tries {
            return Ok(drawn);
        }
        if draws >= REPAIRED_FROM {
            let map = &drawn.map;
            let nothing = locked.is_none().then(|| vec![false; map.cells().len()]);
            let locked = locked.or(nothing.as_deref()).unwrap_or_default();
            if let Some(repair) = game.repair(map, locked) {
                let verdict = game.verdict(&repair.level);
                return Ok(Drawn { map: repair.level, verdict, draws, edits: repair.edits });
            }
        }
    }
}

#[cfg(test)]
mod tests;
