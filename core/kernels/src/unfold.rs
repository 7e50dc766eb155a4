//! A convolution as a product: the patches that its kernel sees, laid out as columns, and back.

use std::ops::Range;

/// One image and how a kernel moves over it; all pairs are (vertical, horizontal).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// Height and width of the image.
    pub(crate) image: (usize, usize),
    /// Height and width of the kernel.
    pub(crate) kernel: (usize, usize),
    /// Pixels from one position to the next.
    pub(crate) stride: (usize, usize),
    /// Pixels from one tap of the kernel to the next.
    pub(crate) dilation: (usize, usize),
    /// Zeros above and to the left of the image.
    pub(crate) padding: (usize, usize),
    /// Zeros below and to the right of the image.
    pub(crate) behind: (usize, usize),
}

impl Window {
    /// Whether the kernel gets from one position and one tap to the next.
    pub(crate) fn moves(&self) -> bool {
        self.stride.0 * self.stride.1 * self.dilation.0 * self.dilation.1 > 0
    }

    /// Pixels that the kernel spans beyond its first.
    pub(crate) fn reach(&self) -> (usize, usize) {
        let Self { kernel, dilation, .. } = self;
        ((kernel.0.max(1) - 1) * dilation.0, (kernel.1.max(1) - 1) * dilation.1)
    }

    /// Numbers of kernel positions, `None` where the kernel exceeds the padded image.
    pub(crate) fn positions(&self) -> Option<(usize, usize)> {
        let along = |padded: usize, reach: usize, stride: usize| {
            Some(padded.checked_sub(reach + 1)? / stride + 1)
        };
        let (reach, padded) = (self.reach(), self.padded());
        Some((along(padded.0, reach.0, self.stride.0)?, along(padded.1, reach.1, self.stride.1)?))
    }

    /// Height and width of the image whose positions are `positions`, the last `extra` rows and
    /// columns seen by none; `None` where nothing is left or `extra` would make room for another.
    pub(crate) fn image_of(
        &self,
        positions: (usize, usize),
        extra: (usize, usize),
    ) -> Option<(usize, usize)> {
        let along = |count: usize, stride: usize, reach: usize, padding: usize, extra: usize| {
            let size = count.checked_sub(1)? * stride + reach + 1 + extra;
            size.checked_sub(padding).filter(|&size| size > 0 && extra < stride)
        };
        let (reach, padding) = (self.reach(), self.padding);
        let padding = (padding.0 + self.behind.0, padding.1 + self.behind.1);
        Some((
            along(positions.0, self.stride.0, reach.0, padding.0, extra.0)?,
            along(positions.1, self.stride.1, reach.1, padding.1, extra.1)?,
        ))
    }

    /// Height and width of the image with its zeros.
    fn padded(&self) -> (usize, usize) {
        let Self { image, padding, behind, .. } = self;
        (image.0 + padding.0 + behind.0, image.1 + padding.1 + behind.1)
    }

    /// Whether the patches are the image itself.
    pub(crate) fn is_pointwise(&self) -> bool {
        self.kernel == (1, 1) && self.stride == (1, 1) && self.padded() == self.image
    }

    /// Writes the patches at `rows` of positions of `image`, `[channels, height, width]`, to rows
    /// `[channels, kernel]` of `patches`, whose rows are `width` long; this image's columns begin at
    /// `offset`.
    pub(crate) fn unfold(
        &self,
        image: &[f32],
        patches: &mut [f32],
        width: usize,
        offset: usize,
        rows: Range<usize>,
    ) {
        let (pixels, taps) = (self.image.0 * self.image.1, self.kernel.0 * self.kernel.1);
        let columns = self.positions().map_or(0, |(_, columns)| columns);
        let canvas = Canvas::of(self, rows.clone());
        let mut buffer = canvas.buffer();
        for (channel, image) in image.chunks_exact(pixels).enumerate() {
            let image = canvas.lay_out(image, &mut buffer);
            for tap in 0..taps {
                let place = (channel * taps + tap) * width + offset;
                let patches = patches[place..].chunks_mut(columns);
                for (row, patch) in rows.clone().zip(patches) {
                    let start = canvas.place(self, tap, row);
                    copy(patch, &image[start..start + columns]);
                }
            }
        }
    }

    /// The transpose of [`unfold`](Self::unfold) at all rows: adds every place of the patches to the
    /// pixel that it was taken from.
    pub(crate) fn fold(&self, patches: &[f32], image: &mut [f32], width: usize, offset: usize) {
        let (pixels, taps) = (self.image.0 * self.image.1, self.kernel.0 * self.kernel.1);
        let (rows, columns) = self.positions().unwrap_or((0, 0));
        let canvas = Canvas::of(self, 0..rows);
        let mut buffer = canvas.buffer();
        for (channel, image) in image.chunks_exact_mut(pixels).enumerate() {
            let sums = if canvas.is_image() {
                &mut *image
            } else {
                buffer.fill(0.0);
                &mut buffer
            };
            for tap in 0..taps {
                let place = (channel * taps + tap) * width + offset;
                let patches = patches[place..][..rows * columns].chunks_exact(columns);
                for (row, patch) in patches.enumerate() {
                    let start = canvas.place(self, tap, row);
                    add(&mut sums[start..start + columns], patch);
                }
            }
            if !canvas.is_image() {
                canvas.take_up(&buffer, image);
            }
        }
    }
}

/// What some rows of positions see of one channel of an image, with its padding, its columns parted
/// by their remainder after the stride, `[height, stride, columns]`: what a tap sees from a row of
/// positions lies side by side and is never cut short.
struct Canvas {
    stride: usize,
    /// Zeros above and to the left.
    padding: (usize, usize),
    /// Whether there are no zeros at all.
    bare: bool,
    /// Height and width of the image.
    image: (usize, usize),
    /// Rows of the padded image.
    rows: Range<usize>,
    /// Columns of a phase.
    columns: usize,
}

impl Canvas {
    /// For `rows` of positions.
    fn of(window: &Window, rows: Range<usize>) -> Self {
        let Window { image, stride, padding, .. } = *window;
        let end = (rows.end.max(1) - 1) * stride.0 + window.reach().0 + 1;
        Self {
            stride: stride.1,
            padding,
            bare: window.padded() == image,
            image,
            rows: (rows.start * stride.0).min(end)..end,
            columns: window.padded().1.div_ceil(stride.1),
        }
    }

    /// Whether the image is its own canvas.
    fn is_image(&self) -> bool {
        self.stride == 1 && self.bare
    }

    /// Zeros for a canvas; nothing where the image is its own.
    fn buffer(&self) -> Vec<f32> {
        let length = if self.is_image() { 0 } else { self.rows.len() * self.stride * self.columns };
        vec![0.0; length]
    }

    /// Where what `tap` sees from row `row` of positions begins.
    fn place(&self, window: &Window, tap: usize, row: usize) -> usize {
        let (down, across) = (tap / window.kernel.1, tap % window.kernel.1);
        let (down, across) = (down * window.dilation.0, across * window.dilation.1);
        let first = if self.is_image() { 0 } else { self.rows.start };
        let y = row * window.stride.0 + down - first;
        (y * self.stride + across % self.stride) * self.columns + across / self.stride
    }

    /// `image` on the canvas, whose border is zero and stays so.
    fn lay_out<'a>(&self, image: &'a [f32], buffer: &'a mut [f32]) -> &'a [f32] {
        if self.is_image() {
            return image;
        }
        let wide = self.stride * self.columns;
        let (above, first) = self.meets_rows();
        let rows = buffer.chunks_exact_mut(wide).skip(above);
        for (row, to) in image.chunks_exact(self.image.1).skip(first).zip(rows) {
            if self.stride == 1 {
                to[self.padding.1..][..row.len()].copy_from_slice(row);
                continue;
            }
            for (phase, to) in to.chunks_exact_mut(self.columns).enumerate() {
                let (skipped, first) = self.meets(phase);
                let pixels = row.get(first..).unwrap_or_default().iter().step_by(self.stride);
                to[skipped..].iter_mut().zip(pixels).for_each(|(to, from)| *to = *from);
            }
        }
        buffer
    }

    /// Adds the inner part of a canvas to `image`.
    fn take_up(&self, buffer: &[f32], image: &mut [f32]) {
        let (above, first) = self.meets_rows();
        let rows = buffer.chunks_exact(self.stride * self.columns).skip(above);
        for (row, from) in image.chunks_exact_mut(self.image.1).skip(first).zip(rows) {
            if self.stride == 1 {
                add(row, &from[self.padding.1..][..self.image.1]);
                continue;
            }
            for (phase, from) in from.chunks_exact(self.columns).enumerate() {
                let (skipped, first) = self.meets(phase);
                let pixels = row.get_mut(first..).unwrap_or_default().iter_mut();
                pixels
                    .step_by(self.stride)
                    .zip(&from[skipped..])
                    .for_each(|(to, from)| *to += from);
            }
        }
    }

    /// Rows of the canvas that are padding above the image, and the first row of the image on it.
    fn meets_rows(&self) -> (usize, usize) {
        let above = self.padding.0.saturating_sub(self.rows.start);
        (above, self.rows.start.saturating_sub(self.padding.0))
    }

    /// The first column of a phase that is not padding, and the pixel that it holds.
    fn meets(&self, phase: usize) -> (usize, usize) {
        let skipped = self.padding.1.saturating_sub(phase).div_ceil(self.stride);
        (skipped, skipped * self.stride + phase - self.padding.1)
    }
}

/// Copies a run. Most are short and of a few lengths, for which a call costs more than the copy.
#[inline(always)]
fn copy(to: &mut [f32], from: &[f32]) {
    fn whole<const N: usize>(to: &mut [f32], from: &[f32]) {
        if let (Some(to), Some(from)) = (to.first_chunk_mut::<N>(), from.first_chunk::<N>()) {
            *to = *from;
        }
    }
    match to.len() {
        4 => whole::<4>(to, from),
        8 => whole::<8>(to, from),
        16 => whole::<16>(to, from),
        32 => whole::<32>(to, from),
        _ => to.copy_from_slice(from),
    }
}

/// Adds a run.
#[inline(always)]
fn add(to: &mut [f32], from: &[f32]) {
    let ((to, to_rest), (from, from_rest)) = (to.as_chunks_mut::<4>(), from.as_chunks::<4>());
    for (to, from) in to.iter_mut().zip(from) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
    }
    to_rest.iter_mut().zip(from_rest).for_each(|(to, from)| *to += from);
}

#[cfg(test)]
mod tests {
    use crate::Conv;

    #[test]
    fn patches_of_a_known_image_are_its_neighbourhoods() {
        let window = Conv { stride: (1, 2), padding: (0, 1), ..Conv::PLAIN }.window((2, 3), (2, 2));
        assert_eq!(window.positions(), Some((1, 2)));
        let mut patches = [9.0; 8];
        window.unfold(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &mut patches, 2, 0, 0..1);
        // Columns are the patches (0 1; 0 4) and (2 3; 5 6).
        assert_eq!(patches, [0.0, 2.0, 1.0, 3.0, 0.0, 5.0, 4.0, 6.0]);
    }

    #[test]
    fn folding_counts_how_often_a_pixel_was_seen() {
        let window = Conv::PLAIN.window((3, 3), (2, 2));
        let mut image = [0.0; 9];
        window.fold(&[1.0; 16], &mut image, 4, 0);
        assert_eq!(image, [1.0, 2.0, 1.0, 2.0, 4.0, 2.0, 1.0, 2.0, 1.0]);
    }

    #[test]
    fn a_kernel_larger_than_the_padded_image_has_no_position() {
        let window = Conv { padding: (0, 1), ..Conv::PLAIN }.window((3, 3), (2, 6));
        assert_eq!(window.positions(), None);
    }
}
