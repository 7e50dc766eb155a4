//! The gradient by the weight: a sum over the positions of all images.

use std::ops::Range;

use rayon::prelude::*;

use super::{Convolution, sized};
use crate::canvas::{BEHIND, Canvas, lay_out};
use crate::matmul::sum_in_order;
use crate::sight::{Band, Sight};
use crate::tile::{Sums, Tile};
use crate::transpose::{pack_along, pack_taps};

/// Positions that are summed at once: a panel of what their taps see fits the first cache.
const POSITIONS: usize = 256;
/// Values of a row of the weight that a task takes at least: what they cost outweighs the packing
/// of the outputs, which each task repeats.
const VALUES: usize = 256;
/// Parts of the sum, which are added in their order.
const PARTS: usize = 16;

/// Buffers that one task after the other uses.
#[derive(Default)]
struct Scratch {
    canvas: Vec<f32>,
    left: Vec<f32>,
    right: Vec<f32>,
}

/// The positions of some images.
struct Part<'a> {
    /// `[images, inputs, height, width]` and `[images, outputs, positions]`.
    x: &'a [f32],
    y: &'a [f32],
    band: &'a Band,
}

impl Convolution {
    /// `weight[co, patch] = Σ y[b, co, position] · patches(x[b])[patch, position]`.
    pub(crate) fn weight(&self, x: &[f32], y: &[f32]) -> Vec<f32> {
        let sight = Sight::of(&self.window.flattened());
        let taps = self.taps();
        let mut weight = vec![0.0; self.outputs * self.inputs * taps];
        let image = self.inputs * sight.source.0 * sight.source.1;
        let output = self.outputs * sight.result.0 * sight.result.1;
        if weight.is_empty() || x.is_empty() || y.is_empty() {
            return weight;
        }
        let bands = sight.bands(POSITIONS);
        let together = (POSITIONS * self.outputs / output).max(1);
        let images = x.chunks(together * image).zip(y.chunks(together * output));
        let parts: Vec<Part<'_>> =
            images.flat_map(|(x, y)| bands.iter().map(move |band| Part { x, y, band })).collect();
        let tile = Tile::widest();
        // So many channels that their panels are full.
        let channels = VALUES.div_ceil(taps * tile.lanes()) * tile.lanes();
        let groups = self.inputs.div_ceil(channels);
        let chunk = parts.len().div_ceil(PARTS.div_ceil(groups));
        let chunks = parts.len().div_ceil(chunk);
        let sums: Vec<Vec<f32>> = (0..groups * chunks)
            .into_par_iter()
            .map_init(Scratch::default, |scratch, task| {
                let start = task / chunks * channels;
                let group = start..self.inputs.min(start + channels);
                let parts = &parts[task % chunks * chunk..];
                self.sum(tile, &sight, &parts[..chunk.min(parts.len())], &group, scratch)
            })
            .collect();
        let mut sums = sums.into_iter();
        for group in 0..groups {
            let sum = sum_in_order(sums.by_ref().take(chunks).collect());
            let rows = weight.chunks_exact_mut(self.inputs * taps);
            for (row, sum) in rows.zip(sum.chunks_exact(sum.len() / self.outputs)) {
                let row = &mut row[group * channels * taps..];
                let count = row.len().min(channels * taps);
                row[..count].copy_from_slice(&sum[..count]);
            }
        }
        weight
    }

    /// The sum over `parts` for some channels of the input, `[outputs, channels, taps, ..]`.
    fn sum(
        &self,
        tile: Tile,
        sight: &Sight,
        parts: &[Part<'_>],
        group: &Range<usize>,
        scratch: &mut Scratch,
    ) -> Vec<f32> {
        let (lanes, pixels) = (tile.lanes(), sight.source.0 * sight.source.1);
        let positions = sight.result.0 * sight.result.1;
        let stride = (group.len() * self.taps()).next_multiple_of(lanes);
        let mut sums = vec![0.0; self.outputs * stride];
        for (index, part) in parts.iter().enumerate() {
            let range = sight.pixels(part.band);
            let images = part.y.len() / (self.outputs * positions);
            let terms = images * range.len();
            let left = sized(&mut scratch.left, self.outputs * terms + BEHIND);
            pack_along(tile, left, part.y, (self.outputs, positions), (range.start, range.len()));
            let canvas = Canvas::of(sight, part.band);
            let apart = group.len() * canvas.size();
            let canvases = sized(&mut scratch.canvas, images * apart + BEHIND);
            canvases.fill(0.0);
            let images_of_x = part.x.chunks_exact(self.inputs * pixels);
            for (image, to) in images_of_x.zip(canvases.chunks_exact_mut(apart)) {
                lay_out(&canvas, &image[group.start * pixels..group.end * pixels], to);
            }
            let phase = &sight.phases[0];
            let seen = sight.positions(phase, part.band);
            let runs = canvas.runs(seen, images, apart, usize::MAX);
            let places = canvas.places(&phase.taps, part.band, group.len());
            let right = sized(&mut scratch.right, terms * lanes);
            for (panel, places) in places.chunks(lanes).enumerate() {
                pack_taps(right, lanes, &runs, canvases, places);
                let values = &mut sums[panel * lanes..];
                let sums = Sums { values, rows: self.outputs, stride };
                tile.multiply(sums, &left[..self.outputs * terms], right, index > 0);
            }
        }
        sums
    }
}
