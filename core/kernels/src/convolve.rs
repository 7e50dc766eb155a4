//! The three products of a convolution: its output, and the two that are its derivatives.

use rayon::prelude::*;

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

    /// `y[b, co, position] = Σ weight[co, patch] · patches(x[b])[patch, position] + bias[co]`.
    pub(crate) fn output(&self, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
        let (positions, size) = (self.positions(), self.inputs * self.pixels());
        let batch = x.len() / size.max(1);
        let mut y = vec![0.0; batch * self.outputs * positions];
        if y.is_empty() {
            return y;
        }
        let weight = Matrix::new(weight, self.outputs, self.patch());
        let together = self.together();
        y.par_chunks_mut(together * self.outputs * positions)
            .zip(x.par_chunks(together * size))
            .for_each_init(Scratch::default, |scratch, (y, x)| {
                let columns = (x.len() / size * positions).max(2);
                let patches = self.patches(x, columns, &mut scratch.patches);
                let patches = Matrix::new(patches, self.patch(), columns);
                if together == 1 {
                    fill_channels(y, bias, positions);
                    return multiply(y, weight, patches, bias.is_some());
                }
                let together = sized(&mut scratch.outputs, self.outputs * columns);
                fill_channels(together, bias, columns);
                multiply(together, weight, patches, bias.is_some());
                ungroup(together, y, positions, columns);
            });
        y
    }

    /// The transpose of [`output`](Self::output) in `x`: folds `weightᵀ · y` back to images.
    pub(crate) fn input(&self, y: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
        let (positions, size) = (self.positions(), self.outputs * self.positions());
        let batch = y.len() / size.max(1);
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
                    return multiply(x, weight, y, bias.is_some());
                }
                let patches = sized(&mut scratch.patches, self.patch() * columns);
                multiply(patches, weight, y, false);
                let images = x.chunks_exact_mut(self.inputs * self.pixels());
                for (index, image) in images.enumerate() {
                    self.window.fold(patches, image, columns, index * positions);
                }
            });
        x
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

    /// The patches of a group of images side by side, `[patch, columns]`; a column beyond them
    /// holds anything finite.
    fn patches<'a>(&self, x: &'a [f32], columns: usize, scratch: &'a mut Vec<f32>) -> &'a [f32] {
        let size = self.inputs * self.pixels();
        if x.len() == size && self.window.is_pointwise() && columns == self.positions() {
            return x;
        }
        let patches = sized(scratch, self.patch() * columns);
        for (index, image) in x.chunks_exact(size).enumerate() {
            self.window.unfold(image, patches, columns, index * self.positions());
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
