//! The three products of a convolution: its output, and the two that are its derivatives.

use rayon::prelude::*;

use crate::epilogue::Epilogue;
use crate::matmul::sum_in_order;
use crate::product::{Matrix, multiply};
use crate::unfold::Window;

/// One convolution: the window over an image, its channels and those of the output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Convolution {
    pub(crate) window: Window,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
}

impl Convolution {
    fn positions(&self) -> usize {
        self.window.positions().map_or(0, |(rows, columns)| rows * columns)
    }

    fn pixels(&self) -> usize {
        self.window.image.0 * self.window.image.1
    }

    /// Values that one position sees, in all channels.
    fn patch(&self) -> usize {
        self.inputs * self.window.kernel.0 * self.window.kernel.1
    }

    /// Images that share a product, since one small image would not repay packing the weight.
    fn together(&self) -> usize {
        (256 / self.positions().max(1)).clamp(1, 16)
    }

    /// `y[b, co, position] = Σ weight[co, patch] · patches(x[b])[patch, position] + bias[co]`, with `epilogue` of every value.
    pub(crate) fn output(
        &self,
        x: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        epilogue: Epilogue,
    ) -> Vec<f32> {
        let (positions, size) = (self.positions(), self.inputs * self.pixels());
        let batch = x.len() / size.max(1);
        let mut y = vec![0.0; batch * self.outputs * positions];
        if y.is_empty() {
            return y;
        }
        let together = self.together();
        let wide = self.window.positions().is_some_and(|(_, columns)| columns > 1);
        if together == 1 && batch < FEW && positions > 2 * BLOCK && wide {
            self.output_by_blocks(&mut y, x, weight, bias, epilogue);
            return y;
        }
        let weight = Matrix::new(weight, self.outputs, self.patch());
        y.par_chunks_mut(together * self.outputs * positions)
            .zip(x.par_chunks(together * size))
            .for_each_init(Scratch::default, |scratch, (y, x)| {
                let columns = (x.len() / size * positions).max(2);
                let patches = self.patches(x, columns, &mut scratch.patches);
                let patches = Matrix::new(patches, self.patch(), columns);
                if together == 1 {
                    fill_channels(y, bias, positions);
                    multiply(y, weight, patches, bias.is_some());
                    return epilogue.apply(y);
                }
                let together = sized(&mut scratch.outputs, self.outputs * columns);
                fill_channels(together, bias, columns);
                multiply(together, weight, patches, bias.is_some());
                ungroup(together, y, positions, columns);
                epilogue.apply(y);
            });
        y
    }

    /// [`output`](Self::output) of a few large images, each split into rows of positions. The bits
    /// are the same: an element does not depend on the columns beside it.
    fn output_by_blocks(
        &self,
        y: &mut [f32],
        x: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        epilogue: Epilogue,
    ) {
        let weight = Matrix::new(weight, self.outputs, self.patch());
        let (positions, size) = (self.positions(), self.inputs * self.pixels());
        let (rows, columns) = self.window.positions().unwrap_or((0, 0));
        let block = BLOCK.div_ceil(columns); // rows
        let blocks = rows.div_ceil(block);
        let parts: Vec<Vec<f32>> = (0..x.len() / size * blocks)
            .into_par_iter()
            .map_init(Scratch::default, |scratch, task| {
                let image = &x[task / blocks * size..][..size];
                let start = task % blocks * block;
                let rows = start..rows.min(start + block);
                let count = rows.len() * columns;
                let mut out = vec![0.0; self.outputs * count];
                fill_channels(&mut out, bias, count);
                let patches = if self.window.is_pointwise() {
                    let all = Matrix::new(image, self.inputs, positions);
                    all.column_range(start * columns, count)
                } else {
                    let patches = sized(&mut scratch.patches, self.patch() * count);
                    self.window.unfold(image, patches, count, 0, rows);
                    Matrix::new(patches, self.patch(), count)
                };
                multiply(&mut out, weight, patches, bias.is_some());
                epilogue.apply(&mut out);
                out
            })
            .collect();
        y.par_chunks_mut(positions).enumerate().for_each(|(channel, y)| {
            let (image, channel) = (channel / self.outputs, channel % self.outputs);
            let parts = parts[image * blocks..][..blocks].iter();
            for (y, part) in y.chunks_mut(block * columns).zip(parts) {
                y.copy_from_slice(&part[channel * y.len()..][..y.len()]);
            }
        });
    }

    /// The transpose of [`output`](Self::output) in `x`: folds `weightᵀ · y` back to images.
    pub(crate) fn input(
        &self,
        y: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        epilogue: Epilogue,
    ) -> Vec<f32> {
        let (positions, size) = (self.positions(), self.outputs * self.positions());
        let batch = y.len() / size.max(1);
        if self.outputs <= self.inputs
            && let Some(reversed) = self.reversed()
        {
            return reversed.output(y, &self.turned(weight), bias, epilogue);
        }
        let mut x = vec![0.0; batch * self.inputs * self.pixels()];
        if x.is_empty() {
            return x;
        }
        let weight = Matrix::new(weight, self.outputs, self.patch()).transposed();
        let together = self.together();
        x.par_chunks_mut(together * self.inputs * self.pixels())
            .zip(y.par_chunks(together * size))
            .for_each_init(Scratch::default, |scratch, (x, y)| {
                fill_channels(x, bias, self.pixels());
                let columns = (y.len() / size * positions).max(2);
                let y = self.group(y, columns, &mut scratch.outputs);
                let y = Matrix::new(y, self.outputs, columns);
                if together == 1 && self.window.is_pointwise() {
                    multiply(x, weight, y, bias.is_some());
                    return epilogue.apply(x);
                }
                let patches = sized(&mut scratch.patches, self.patch() * columns);
                multiply(patches, weight, y, false);
                let images = x.chunks_exact_mut(self.inputs * self.pixels());
                for (index, image) in images.enumerate() {
                    self.window.fold(patches, image, columns, index * positions);
                }
                epilogue.apply(x);
            });
        x
    }

    /// The convolution with stride 1 that is the transpose of one with stride 1, unless that has
    /// more zeros than a kernel can span.
    fn reversed(&self) -> Option<Self> {
        let Window { padding, behind, stride, .. } = self.window;
        let reach = self.window.reach();
        let rest = |padding: (usize, usize)| {
            Some((reach.0.checked_sub(padding.0)?, reach.1.checked_sub(padding.1)?))
        };
        let window = Window {
            image: self.window.positions()?,
            padding: rest(padding)?,
            behind: rest(behind)?,
            ..self.window
        };
        (stride == (1, 1)).then_some(Self { window, inputs: self.outputs, outputs: self.inputs })
    }

    /// The weight of [`reversed`](Self::reversed): inputs for outputs, every kernel turned by half.
    fn turned(&self, weight: &[f32]) -> Vec<f32> {
        let taps = self.window.kernel.0 * self.window.kernel.1;
        let mut turned = Vec::with_capacity(weight.len());
        for input in 0..self.inputs {
            for output in 0..self.outputs {
                let kernel = &weight[(output * self.inputs + input) * taps..][..taps];
                turned.extend(kernel.iter().rev());
            }
        }
        turned
    }

    /// `weight[co, patch] = Σ y[b, co, position] · patches(x[b])[patch, position]`, over chunks of
    /// the batch that are added in their order.
    pub(crate) fn weight(&self, x: &[f32], y: &[f32]) -> Vec<f32> {
        let (positions, together) = (self.positions(), self.together());
        let (image, output) = (self.inputs * self.pixels(), self.outputs * positions);
        let values = self.outputs * self.patch();
        if values == 0 || x.is_empty() || y.is_empty() {
            return vec![0.0; values];
        }
        if x.len() / image < FEW && together == 1 {
            return self.weight_by_rows(x, y);
        }
        // A large weight is work enough for fewer chunks, and each chunk holds a copy of it.
        let chunks = if values > 1 << 20 { 4 } else { 16 };
        let chunk = (x.len() / image).div_ceil(chunks).next_multiple_of(together);
        let parts: Vec<Vec<f32>> = x
            .par_chunks(chunk * image)
            .zip(y.par_chunks(chunk * output))
            .map_init(Scratch::default, |scratch, (x, y)| {
                let mut sum = vec![0.0; values];
                for (x, y) in x.chunks(together * image).zip(y.chunks(together * output)) {
                    let columns = x.len() / image * positions;
                    let patches = self.patches(x, columns, &mut scratch.patches);
                    let y = self.group(y, columns, &mut scratch.outputs);
                    let patches = Matrix::new(patches, self.patch(), columns).transposed();
                    multiply(&mut sum, Matrix::new(y, self.outputs, columns), patches, true);
                }
                sum
            })
            .collect();
        sum_in_order(parts)
    }

    /// [`weight`](Self::weight) of a few large images, split into rows of the weight.
    fn weight_by_rows(&self, x: &[f32], y: &[f32]) -> Vec<f32> {
        let (positions, patch) = (self.positions(), self.patch());
        let taps = self.window.kernel.0 * self.window.kernel.1;
        let rows = 0..self.window.positions().map_or(0, |(rows, _)| rows);
        let mut sum = vec![0.0; self.outputs * patch];
        let mut scratch = Vec::new();
        let images = x.chunks(self.inputs * self.pixels()).zip(y.chunks(self.outputs * positions));
        for (index, (x, y)) in images.enumerate() {
            let patches = if self.window.is_pointwise() {
                x
            } else {
                let patches = sized(&mut scratch, patch * positions);
                let channels = patches.par_chunks_mut(taps * positions);
                channels.zip(x.par_chunks(self.pixels())).for_each(|(patches, channel)| {
                    self.window.unfold(channel, patches, positions, 0, rows.clone());
                });
                &*patches
            };
            let patches = Matrix::new(patches, patch, positions).transposed();
            let y = Matrix::new(y, self.outputs, positions);
            let block = self.outputs.div_ceil(4);
            sum.par_chunks_mut(block * patch).enumerate().for_each(|(task, sum)| {
                let rows = y.row_range(task * block, sum.len() / patch);
                multiply(sum, rows, patches, index > 0);
            });
        }
        sum
    }

    /// The patches of a group of images side by side, `[patch, columns]`; a column beyond them
    /// holds anything finite.
    fn patches<'a>(&self, x: &'a [f32], columns: usize, scratch: &'a mut Vec<f32>) -> &'a [f32] {
        let size = self.inputs * self.pixels();
        if x.len() == size && self.window.is_pointwise() && columns == self.positions() {
            return x;
        }
        let patches = sized(scratch, self.patch() * columns);
        let rows = 0..self.window.positions().map_or(0, |(rows, _)| rows);
        for (index, image) in x.chunks_exact(size).enumerate() {
            self.window.unfold(image, patches, columns, index * self.positions(), rows.clone());
        }
        patches
    }

    /// A group of outputs as `[outputs, columns]`, image after image along the columns.
    fn group<'a>(&self, y: &'a [f32], columns: usize, scratch: &'a mut Vec<f32>) -> &'a [f32] {
        let positions = self.positions();
        if y.len() == self.outputs * positions && columns == positions {
            return y;
        }
        let grouped = sized(scratch, self.outputs * columns);
        for (index, image) in y.chunks_exact(self.outputs * positions).enumerate() {
            for (channel, row) in image.chunks_exact(positions).enumerate() {
                let place = channel * columns + index * positions;
                grouped[place..place + positions].copy_from_slice(row);
            }
        }
        grouped
    }
}

/// Images from which a batch is work enough for all threads.
const FEW: usize = 8;
/// Positions of an image that a task takes: their patches stay in the second cache.
const BLOCK: usize = 256;

/// Copies `[outputs, columns]`, image after image along the columns, to `[images, outputs, ..]`.
fn ungroup(grouped: &[f32], y: &mut [f32], positions: usize, columns: usize) {
    let outputs = grouped.len() / columns;
    for (index, image) in y.chunks_exact_mut(outputs * positions).enumerate() {
        for (channel, row) in image.chunks_exact_mut(positions).enumerate() {
            let place = channel * columns + index * positions;
            row.copy_from_slice(&grouped[place..place + positions]);
        }
    }
}

/// Buffers that one task after the other uses.
#[derive(Default)]
struct Scratch {
    patches: Vec<f32>,
    outputs: Vec<f32>,
}

fn sized(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}

/// Sets every channel, `size` values, of every image to its bias, if there is one.
fn fill_channels(images: &mut [f32], bias: Option<&[f32]>, size: usize) {
    let Some(bias) = bias else { return };
    let channels = images.chunks_exact_mut(size).zip(bias.iter().cycle());
    channels.for_each(|(channel, &bias)| channel.fill(bias));
}
