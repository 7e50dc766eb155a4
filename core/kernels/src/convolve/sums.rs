//! The sums of one task: what a band of the result sees, times the weight.

use super::gather::Gathering;
use super::sized;
use crate::canvas::{BEHIND, Canvas, Run, lay_out};
use crate::panels::pack_positions;
use crate::sight::Band;
use crate::tile::{Seen, Sums};

/// Buffers that one task after the other uses.
#[derive(Default)]
pub(super) struct Scratch {
    canvas: Vec<f32>,
    panel: Vec<f32>,
    pub(super) sums: Vec<f32>,
}

/// The sums of a phase of a band, `[channels, stride]` from `start` on.
pub(super) struct Part {
    pub(super) start: usize,
    pub(super) stride: usize,
    /// Rows and columns of positions of one image.
    positions: (usize, usize),
    /// Sums from one row of positions to the next, and from one image to the next.
    apart: (usize, usize),
    operand: Operand,
    /// Of what each tap sees of each channel of a block, on the canvases.
    places: Vec<usize>,
}

/// What the positions see, as it is multiplied.
enum Operand {
    /// Packed, run by run.
    Packed(Vec<Run>),
    /// Where it lies, so many places at once, as if there were a position at each: the sums that
    /// see across the border are of no use.
    Seen(usize),
}

impl Part {
    /// The sums of a channel of an image, if they lie side by side.
    pub(super) fn all<'a>(
        &self,
        sums: &'a [f32],
        channel: usize,
        image: usize,
    ) -> Option<&'a [f32]> {
        let (rows, columns) = self.positions;
        let start = self.start + channel * self.stride + image * self.apart.1;
        (self.apart.0 == columns).then(|| &sums[start..][..rows * columns])
    }

    /// The sums of a channel of an image at a row of positions.
    pub(super) fn row<'a>(
        &self,
        sums: &'a [f32],
        channel: usize,
        image: usize,
        row: usize,
    ) -> &'a [f32] {
        let start = self.start + channel * self.stride + image * self.apart.1 + row * self.apart.0;
        &sums[start..][..self.positions.1]
    }
}

impl Gathering {
    /// Sums of all images of `source` in `band`, left in the scratch.
    pub(super) fn sums(
        &self,
        source: &[f32],
        weights: &[Vec<f32>],
        band: &Band,
        scratch: &mut Scratch,
    ) -> Vec<Part> {
        let (pixels, block) = (self.sight.source.0 * self.sight.source.1, self.block());
        let images = source.len() / (self.channels.0 * pixels);
        let canvas = Canvas::of(&self.sight, band);
        let parts = self.parts(&canvas, band, images);
        let (lanes, rows) = (self.tile.lanes(), self.channels.1);
        let length = parts.last().map_or(0, |part| part.start + rows * part.stride);
        let sums = sized(&mut scratch.sums, length);
        let apart = block * canvas.size();
        let canvases = sized(&mut scratch.canvas, images * apart + BEHIND);
        canvases.fill(0.0);
        let panel = sized(&mut scratch.panel, block * self.sight.most_taps() * lanes + BEHIND);
        for start in (0..self.channels.0).step_by(block) {
            let channels = block.min(self.channels.0 - start);
            let images = source.chunks_exact(self.channels.0 * pixels);
            for (image, to) in images.zip(canvases.chunks_exact_mut(apart)) {
                lay_out(&canvas, &image[start * pixels..][..channels * pixels], to);
            }
            for ((phase, part), weight) in self.sight.phases.iter().zip(&parts).zip(weights) {
                let terms = channels * phase.taps.len();
                let weight = &weight[rows * start * phase.taps.len()..][..rows * terms];
                let places = &part.places[..terms];
                let sums = &mut sums[part.start..][..rows * part.stride];
                match &part.operand {
                    Operand::Packed(runs) => {
                        let same = |a: &Run, b: &Run| a.position / lanes == b.position / lanes;
                        for (index, runs) in runs.chunk_by(same).enumerate() {
                            pack_positions(panel, lanes, runs, canvases, places);
                            let values = &mut sums[index * lanes..];
                            let sums = Sums { values, rows, stride: part.stride };
                            self.tile.multiply(sums, weight, &panel[..terms * lanes], start > 0);
                        }
                    }
                    Operand::Seen(lanes) => {
                        for first in (0..part.stride).step_by(*lanes) {
                            let (image, place) = (first / part.apart.1, first % part.apart.1);
                            let values = &mut sums[first..];
                            let sums = Sums { values, rows, stride: part.stride };
                            let seen = &canvases[image * apart + place..];
                            let right = Seen { values: seen, places };
                            self.tile.multiply_seen(sums, weight, right, start > 0);
                        }
                    }
                }
            }
        }
        parts
    }

    /// Where the sums of each phase go, and how its operand is taken.
    fn parts(&self, canvas: &Canvas, band: &Band, images: usize) -> Vec<Part> {
        let lanes = self.tile.lanes();
        let mut start = 0;
        let phases = self.sight.phases.iter().map(|phase| {
            let (rows, columns) = self.sight.positions(phase, band);
            let (stride, apart, operand) = match self.seen(canvas, (rows, columns)) {
                Some((lanes, sums)) => (images * sums, (canvas.row(), sums), Operand::Seen(lanes)),
                None => {
                    let apart = self.block() * canvas.size();
                    let runs = canvas.runs((rows, columns), images, apart, lanes);
                    let stride = (images * rows * columns).next_multiple_of(lanes);
                    (stride, (columns, rows * columns), Operand::Packed(runs))
                }
            };
            let places = canvas.places(&phase.taps, band, self.block());
            let positions = (rows, columns);
            let part = Part { start, stride, positions, apart, operand, places };
            start += self.channels.1 * stride;
            part
        });
        phases.collect()
    }

    /// Where the operand of a phase is better not packed: at how many places it is taken at once,
    /// and how many sums of an image that gives.
    fn seen(&self, canvas: &Canvas, (rows, columns): (usize, usize)) -> Option<(usize, usize)> {
        let lanes = self.tile.lanes_seen(self.channels.1)?;
        let sums = (rows.checked_sub(1)? * canvas.row() + columns).next_multiple_of(lanes);
        // Up to half of the sums may be of no use: to pack costs as much as to multiply.
        (self.sight.stride == (1, 1) && sums <= 2 * rows * columns).then_some((lanes, sums))
    }
}
