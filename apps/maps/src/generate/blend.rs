//! A walk between two maps through the latents of the model.

use anyhow::Result;
use generativa::data::Grid;
use generativa_random::Stream;

use super::Generator;

/// Walks of which the steadiest is kept, each with a noise of its own: a latent leaves single tiles
/// open, and a brick in the sky alone lifts a window's elevation by half a row.
const WALKS: usize = 8;

/// One end of a walk.
struct End {
    /// Latent of each window.
    latents: Vec<Vec<f32>>,
    /// Labels of each window.
    labels: Vec<Vec<f64>>,
}

/// Two ends, and steps in between.
struct Walk {
    ends: [End; 2],
    /// Columns of each map.
    width: usize,
    /// Maps, both ends included.
    steps: usize,
}

impl Generator {
    /// `steps` maps (at least 2) from one like `first` to one like `second`, as wide as the
    /// narrower of them: latents and labels of each window go over into each other at an even
    /// pace. The noise is the same for every step, so that a tile changes only where the model's
    /// mind does; of a few such noises the one is kept whose maps measure most as asked.
    ///
    /// # Errors
    /// A tile that the model does not know; a size that it does not make.
    pub fn blend(
        &self,
        first: &Grid,
        second: &Grid,
        steps: usize,
        stream: &mut Stream,
    ) -> Result<Vec<Grid>> {
        assert!(steps >= 2, "a walk has two ends");
        let width = first.width().min(second.width());
        let walk = Walk { ends: [self.end(first, width)?, self.end(second, width)?], width, steps };
        let mut steadiest = self.walk(&walk, stream)?;
        for _ in 1..WALKS {
            let other = self.walk(&walk, stream)?;
            if other.1 < steadiest.1 {
                steadiest = other;
            }
        }
        Ok(steadiest.0)
    }

    /// The maps of a walk under the next noise of the stream, and how far they stray from what was
    /// asked: squared, in deviations, summed.
    fn walk(&self, walk: &Walk, stream: &mut Stream) -> Result<(Vec<Grid>, f64)> {
        let noise = stream.clone();
        let (mut maps, mut strayed) = (Vec::new(), 0.0);
        for step in 0..walk.steps {
            *stream = noise.clone();
            let share = step as f64 / (walk.steps - 1) as f64;
            let (latents, labels) = walk.at(share);
            let asked = |window: usize| labels[window].iter().copied().map(Some).collect();
            let columns = self.asking(&asked, |asks| {
                self.sampler.decode(&latents, asks, self.sampling, stream)
            })?;
            strayed += self.strayed(&columns, &labels);
            maps.push(self.domain.alphabet.map(&columns[..walk.width]));
        }
        Ok((maps, strayed))
    }

    fn strayed(&self, columns: &[Vec<u32>], asked: &[Vec<f64>]) -> f64 {
        let windows = self.measure(columns).into_iter().zip(asked);
        let squares = windows.flat_map(|(found, asked)| {
            let each = found.into_iter().zip(asked).zip(&self.domain.labels);
            each.map(|((found, asked), scale)| ((found - asked) / scale.deviation).powi(2))
                .collect::<Vec<_>>()
        });
        squares.sum()
    }

    /// The first `width` columns of `map`, its last one repeated to the end of a window.
    fn end(&self, map: &Grid, width: usize) -> Result<End> {
        self.check_size(map)?;
        let mut columns = self.domain.alphabet.columns(&map.columns(0..width))?;
        if let Some(last) = columns.last().cloned() {
            columns.resize(width.next_multiple_of(self.domain.shape.window), last);
        }
        let labels = self.measure(&columns);
        let told = |window: usize| labels[window].iter().copied().map(Some).collect();
        let latents = self.asking(&told, |asks| self.sampler.latents(&columns, asks))?;
        Ok(End { latents, labels })
    }

    /// The labels of each window.
    fn measure(&self, columns: &[Vec<u32>]) -> Vec<Vec<f64>> {
        let windows = columns.chunks(self.domain.shape.window);
        windows.map(|window| self.domain.game.measure(&self.domain.alphabet.map(window))).collect()
    }
}

impl Walk {
    /// Latents and labels of each window, `share` of the way from the first end to the second.
    fn at(&self, share: f64) -> (Vec<Vec<f32>>, Vec<Vec<f64>>) {
        let [from, to] = &self.ends;
        let latents = from.latents.iter().zip(&to.latents);
        let latent = |(from, to): (&Vec<f32>, &Vec<f32>)| {
            let each = from.iter().zip(to);
            each.map(|(from, to)| from + (to - from) * share as f32).collect()
        };
        let labels = from.labels.iter().zip(&to.labels);
        let label = |(from, to): (&Vec<f64>, &Vec<f64>)| {
            from.iter().zip(to).map(|(from, to)| from + (to - from) * share).collect()
        };
        (latents.map(latent).collect(), labels.map(label).collect())
    }
}
