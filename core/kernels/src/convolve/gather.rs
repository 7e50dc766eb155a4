//! The work of an output or an input: how it is parted, and where its results go.

use std::mem::MaybeUninit;

use rayon::prelude::*;

use super::sums::{Part, Scratch};
use crate::epilogue::Epilogue;
use crate::panels::pack_rows;
use crate::sight::Sight;
use crate::tile::Tile;
use crate::vector::widest_fn;

/// Terms of a sum that are taken at once: their panel and one of the weight fit the first cache.
const TERMS: usize = 256;
/// Pixels of the result that a task takes at least and at most: their sums and a block of the
/// weight fit the second cache.
const PIXELS: (usize, usize) = (64, 256);
/// At most where there are few channels, whose sums are small: fewer borders are seen twice.
const MANY: usize = 2048;

/// A product of a weight with what the pixels of a result see of a source.
pub(super) struct Gathering {
    pub(super) sight: Sight,
    /// Of the source and of the result.
    pub(super) channels: (usize, usize),
    pub(super) tile: Tile,
    /// Values of the weight between two channels of the source, and between two of the result.
    pub(super) apart: (usize, usize),
}

impl Gathering {
    pub(super) fn run(
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
        // No bit depends on how the work is parted, so that it may follow the number of threads.
        let share = batch * pixels / (4 * rayon::current_num_threads());
        let most = if self.tile.lanes_seen(self.channels.1).is_some() { MANY } else { PIXELS.1 };
        let target = share.clamp(PIXELS.0, most) * self.sight.phases.len().min(2);
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
    pub(super) fn block(&self) -> usize {
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
        let (down, across) = self.sight.step;
        for (index, result) in results.iter_mut().enumerate() {
            let (image, channel) = (index / self.channels.1, index % self.channels.1);
            if let [part] = parts
                && let Some(sums) = part.all(sums, channel, image)
            {
                write_apart(result, 1, sums);
                continue;
            }
            let width = self.sight.result.1.min(result.len());
            assert_eq!(result.len() % width, 0, "a band is of whole rows or part of one");
            for (row, result) in result.chunks_exact_mut(width).enumerate() {
                let parts = &parts[row % down * across..][..across];
                let row = |part: &Part| part.row(sums, channel, image, row / down);
                match parts {
                    [part] => write_apart(result, 1, row(part)),
                    [even, odd] => interleave(result, row(even), row(odd)),
                    _ => {
                        for (first, part) in parts.iter().enumerate() {
                            write_apart(&mut result[first.min(width)..], across, row(part));
                        }
                    }
                }
            }
        }
    }
}

/// Part of a channel of the result.
type Unwritten<'a> = &'a mut [MaybeUninit<f32>];

/// Writes values from the first place on, `apart` from each other; panics where there are not as
/// many as places.
fn write_apart(to: &mut [MaybeUninit<f32>], apart: usize, values: &[f32]) {
    assert_eq!(to.len().div_ceil(apart), values.len(), "a value for every place");
    to.iter_mut().step_by(apart).zip(values).for_each(|(to, value)| _ = to.write(*value));
}

widest_fn! {
    /// Writes values of the one to even places and of the other to odd ones.
    fn interleave(to: &mut [MaybeUninit<f32>], even: &[f32], odd: &[f32]) = {
        let (pairs, rest) = to.as_chunks_mut::<2>();
        assert_eq!(pairs.len(), odd.len(), "a value for every place");
        for (pair, (even, odd)) in pairs.iter_mut().zip(even.iter().zip(odd)) {
            *pair = [MaybeUninit::new(*even), MaybeUninit::new(*odd)];
        }
        write_apart(rest, 1, &even[odd.len()..]);
    }
}
