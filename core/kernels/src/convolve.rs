//! The three products of a convolution: its output, and the two that are its derivatives.
//!
//! None of them lays the patches that the kernel sees out as a matrix. A task takes a band of the
//! result, copies what its positions see onto a canvas, a few channels at a time so that they stay
//! in the cache, and gathers from it the panels that [`Tile`] multiplies. An element of the result
//! is a sum over blocks of channels, in order, each a chain over channels and taps: its bits
//! depend on the shape of the convolution alone.

use std::mem::MaybeUninit;

use rayon::prelude::*;

use crate::canvas::{BEHIND, Canvas, Run, lay_out};
use crate::epilogue::Epilogue;
use crate::panels::{pack_positions, pack_rows};
use crate::sight::{Band, Sight};
use crate::tile::{Sums, Tile};
use crate::vector::widest_fn;
use crate::window::Window;

mod weight;

/// One convolution: the window over an image, its channels and those of the output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Convolution {
    pub(crate) window: Window,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
}

impl Convolution {
    /// `y[b, co, position] = Σ weight[co, patch] · patches(x[b])[patch, position] + bias[co]`, with
    /// `epilogue` of every value.
    pub(crate) fn output(
        &self,
        x: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        epilogue: Epilogue,
    ) -> Vec<f32> {
        let taps = self.taps();
        Gathering {
            sight: Sight::of(&self.window.flattened()),
            channels: (self.inputs, self.outputs),
            tile: Tile::widest(),
            apart: (taps, self.inputs * taps),
        }
        .run(x, weight, bias, epilogue)
    }

    /// The transpose of [`output`](Self::output) in `x`: spreads `weightᵀ · y` over images.
    pub(crate) fn input(
        &self,
        y: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        epilogue: Epilogue,
    ) -> Vec<f32> {
        let taps = self.taps();
        Gathering {
            sight: Sight::transposed(&self.window.flattened()),
            channels: (self.outputs, self.inputs),
            tile: Tile::widest(),
            apart: (self.inputs * taps, taps),
        }
        .run(y, weight, bias, epilogue)
    }

    fn taps(&self) -> usize {
        self.window.kernel.0 * self.window.kernel.1
    }
}

/// Terms of a sum that are taken at once: their panel and one of the weight fit the first cache.
const TERMS: usize = 256;
/// Pixels of the result that a task takes at least and at most: their sums and a block of the weight fit the
/// second cache.
const PIXELS: (usize, usize) = (64, 256);

/// A product of a weight with what the pixels of a result see of a source.
struct Gathering {
    sight: Sight,
    /// Of the source and of the result.
    channels: (usize, usize),
    tile: Tile,
    /// Values of the weight between two channels of the source, and between two of the result.
    apart: (usize, usize),
}

/// Buffers that one task after the other uses.
#[derive(Default)]
struct Scratch {
    canvas: Vec<f32>,
    panel: Vec<f32>,
    sums: Vec<f32>,
}

/// The sums of a phase of a band, `[channels, stride]` from `start` on.
struct Part {
    start: usize,
    stride: usize,
    /// Rows and columns of positions of one image.
    positions: (usize, usize),
    runs: Vec<Run>,
    /// Of what each tap sees of each channel of a block, on the canvases.
    places: Vec<usize>,
}

impl Gathering {
    fn run(
        &self,
        source: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        epilogue: Epilogue,
    ) -> Vec<f32> {
        let size = self.channels.0 * self.sight.source.0 * self.sight.source.1;
        let pixels = self.sight.result.0 * self.sight.result.1;
        let batch = source.len() / size.max(1);
        let length = batch * self.channels.1 * pixels;
        let mut result = Vec::with_capacity(length);
        if length == 0 {
            return result;
        }
        // No bit depends on how the work is parted.
        let share = batch * pixels / (4 * rayon::current_num_threads());
        let target = share.clamp(PIXELS.0, PIXELS.1) * self.sight.phases.len().min(2);
        let bands = self.sight.bands(target);
        let together = (target / pixels).clamp(1, batch);
        let weights = self.packed(weight);
        let mut tasks: Vec<Vec<Unwritten<'_>>> = Vec::new();
        tasks.resize_with(batch.div_ceil(together) * bands.len(), Vec::new);
        let values = &mut result.spare_capacity_mut()[..length];
        for (index, mut channel) in values.chunks_exact_mut(pixels).enumerate() {
            let group = index / self.channels.1 / together;
            for (task, band) in tasks[group * bands.len()..].iter_mut().zip(&bands) {
                let (part, rest) = channel.split_at_mut(self.sight.pixels(band).len());
                task.push(part);
                channel = rest;
            }
            assert!(channel.is_empty(), "bands cover a channel");
        }
        tasks.into_par_iter().enumerate().for_each_init(
            Scratch::default,
            |scratch, (index, mut results)| {
                let source = &source[index / bands.len() * together * size..];
                let images = results.len() / self.channels.1;
                let band = &bands[index % bands.len()];
                let parts = self.sums(&source[..images * size], &weights, band, scratch);
                self.finish(&mut scratch.sums, &parts, bias, epilogue);
                self.write(&scratch.sums, &parts, &mut results);
            },
        );
        #[expect(unsafe_code, reason = "zeros written first would be a pass of their own")]
        // SAFETY: every channel was parted into bands, and `write` fills each of them.
        unsafe {
            result.set_len(length);
        }
        result
    }

    /// Channels of the source that are taken at once.
    fn block(&self) -> usize {
        let most = (TERMS / self.sight.most_taps().max(1)).max(1);
        let blocks = self.channels.0.div_ceil(most);
        self.channels.0.div_ceil(blocks)
    }

    /// The weight of every phase, block after block of channels, as panels.
    fn packed(&self, weight: &[f32]) -> Vec<Vec<f32>> {
        let (block, (channels, rows)) = (self.block(), self.channels);
        let phases = self.sight.phases.iter().map(|phase| {
            let taps = || phase.taps.iter().map(|tap| tap.index);
            let mut packed = vec![0.0; rows * channels * phase.taps.len()];
            let blocks = packed.par_chunks_mut((rows * block * phase.taps.len()).max(1));
            blocks.enumerate().for_each(|(index, packed)| {
                let start = index * block;
                let group = start..channels.min(start + block);
                let places =
                    group.flat_map(|channel| taps().map(move |tap| channel * self.apart.0 + tap));
                let places: Vec<usize> = places.collect();
                pack_rows(self.tile, packed, weight, (rows, self.apart.1), &places);
            });
            packed
        });
        phases.collect()
    }

    /// Sums of all images of `source` in `band`, left in the scratch.
    fn sums(
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
        let canvases = sized(&mut scratch.canvas, images * block * canvas.size() + BEHIND);
        canvases.fill(0.0);
        let panel = sized(&mut scratch.panel, block * self.sight.most_taps() * lanes + BEHIND);
        for start in (0..self.channels.0).step_by(block) {
            let channels = block.min(self.channels.0 - start);
            let images = source.chunks_exact(self.channels.0 * pixels);
            for (image, to) in images.zip(canvases.chunks_exact_mut(block * canvas.size())) {
                lay_out(&canvas, &image[start * pixels..][..channels * pixels], to);
            }
            for ((phase, part), weight) in self.sight.phases.iter().zip(&parts).zip(weights) {
                let places = &part.places[..channels * phase.taps.len()];
                let weight = &weight[rows * start * phase.taps.len()..][..rows * places.len()];
                let panels = part.runs.chunk_by(|a, b| a.position / lanes == b.position / lanes);
                for (index, runs) in panels.enumerate() {
                    pack_positions(panel, lanes, runs, canvases, places);
                    let values = &mut sums[part.start + index * lanes..];
                    let sums = Sums { values, rows, stride: part.stride };
                    self.tile.multiply(sums, weight, &panel[..places.len() * lanes], start > 0);
                }
            }
        }
        parts
    }

    /// Where the sums of each phase go, and the runs of its positions.
    fn parts(&self, canvas: &Canvas, band: &Band, images: usize) -> Vec<Part> {
        let lanes = self.tile.lanes();
        let mut start = 0;
        let phases = self.sight.phases.iter().map(|phase| {
            let positions = self.sight.positions(phase, band);
            let stride = (images * positions.0 * positions.1).next_multiple_of(lanes);
            let runs = canvas.runs(positions, images, self.block() * canvas.size(), lanes);
            let places = canvas.places(&phase.taps, band, self.block());
            let part = Part { start, stride, positions, runs, places };
            start += self.channels.1 * stride;
            part
        });
        phases.collect()
    }

    /// Adds the bias and applies the epilogue.
    fn finish(&self, sums: &mut [f32], parts: &[Part], bias: Option<&[f32]>, epilogue: Epilogue) {
        for part in parts {
            let sums = &mut sums[part.start..][..self.channels.1 * part.stride];
            if let Some(bias) = bias
                && part.stride > 0
            {
                for (row, bias) in sums.chunks_exact_mut(part.stride).zip(bias) {
                    row.iter_mut().for_each(|sum| *sum += bias);
                }
            }
            epilogue.apply(sums);
        }
    }

    /// Copies sums to the channels of each image in turn, the phases in their places: every value of
    /// `results` is written.
    fn write(&self, sums: &[f32], parts: &[Part], results: &mut [Unwritten<'_>]) {
        let across = self.sight.step.1;
        for (index, result) in results.iter_mut().enumerate() {
            let (image, channel) = (index / self.channels.1, index % self.channels.1);
            let width = self.sight.result.1.min(result.len());
            let seen = |part: &Part| {
                let (size, start) = (part.positions.0 * part.positions.1, part.start);
                &sums[start + channel * part.stride + image * size..][..size]
            };
            if let [part] = parts {
                assert_eq!(result.len(), seen(part).len(), "a sum for every pixel");
                write_apart(result, 1, seen(part));
                continue;
            }
            for (row, result) in result.chunks_exact_mut(width).enumerate() {
                let (row, down) = (row / self.sight.step.0, row % self.sight.step.0);
                let parts = &parts[down * across..][..across];
                let row = |part: &Part| {
                    let columns = part.positions.1;
                    &seen(part)[row * columns..][..columns]
                };
                let count: usize = parts.iter().map(|part| part.positions.1).sum();
                assert_eq!(result.len(), count, "a sum for every pixel");
                if let [even, odd] = parts {
                    interleave(result, row(even), row(odd));
                    continue;
                }
                for (first, part) in parts.iter().enumerate() {
                    write_apart(&mut result[first.min(width)..], across, row(part));
                }
            }
        }
    }
}

/// Part of a channel of the result.
type Unwritten<'a> = &'a mut [MaybeUninit<f32>];

/// Writes values from the first place on, `apart` from each other.
fn write_apart(to: &mut [MaybeUninit<f32>], apart: usize, values: &[f32]) {
    to.iter_mut().step_by(apart).zip(values).for_each(|(to, value)| _ = to.write(*value));
}

widest_fn! {
    /// Writes values of the one to even places and of the other to odd ones.
    fn interleave(to: &mut [MaybeUninit<f32>], even: &[f32], odd: &[f32]) = {
        let (pairs, rest) = to.as_chunks_mut::<2>();
        for (pair, (even, odd)) in pairs.iter_mut().zip(even.iter().zip(odd)) {
            *pair = [MaybeUninit::new(*even), MaybeUninit::new(*odd)];
        }
        write_apart(rest, 1, &even[odd.len()..]);
    }
}

fn sized(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}
