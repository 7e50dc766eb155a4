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
    /// Zeros around the image, on either side.
    pub(crate) padding: (usize, usize),
}

impl Window {
    /// Numbers of kernel positions, `None` where the kernel exceeds the padded image.
    pub(crate) fn positions(&self) -> Option<(usize, usize)> {
        let along = |size: usize, kernel: usize, stride: usize, padding: usize| {
            Some((size + 2 * padding).checked_sub(kernel)? / stride + 1)
        };
        Some((
            along(self.image.0, self.kernel.0, self.stride.0, self.padding.0)?,
            along(self.image.1, self.kernel.1, self.stride.1, self.padding.1)?,
        ))
    }

    /// Whether the patches are the image itself.
    pub(crate) fn is_pointwise(&self) -> bool {
        self.kernel == (1, 1) && self.stride == (1, 1) && self.padding == (0, 0)
    }

    /// The columns of positions at which `tap` of the kernel meets the image, not the padding.
    fn inside(&self, tap: usize, positions: usize) -> Range<usize> {
        let (stride, padding) = (self.stride.1, self.padding.1);
        let first = padding.saturating_sub(tap).div_ceil(stride);
        let end = (self.image.1 + padding).saturating_sub(tap).div_ceil(stride).min(positions);
        first.min(end)..end
    }

    /// For each tap of the kernel and each row of positions: the tap's row of the patches, the
    /// place in it, the place in the image (`None` in the padding) and the columns that meet it.
    fn runs(&self) -> impl Iterator<Item = (usize, usize, Option<usize>, Range<usize>)> + '_ {
        let (rows, columns) = self.positions().unwrap_or((0, 0));
        (0..self.kernel.0 * self.kernel.1).flat_map(move |tap| {
            let (down, across) = (tap / self.kernel.1, tap % self.kernel.1);
            let inside = self.inside(across, columns);
            (0..rows).map(move |row| {
                let y = (row * self.stride.0 + down)
                    .checked_sub(self.padding.0)
                    .filter(|&y| y < self.image.0 && !inside.is_empty());
                let x = inside.start * self.stride.1 + across;
                let start = y.map(|y| y * self.image.1 + x - self.padding.1);
                (tap, row * columns, start, inside.clone())
            })
        })
    }

    /// Writes the patches of `image`, `[channels, height, width]`, to rows `[channels, kernel]` of
    /// `patches`, whose rows are `width` long; this image's columns begin at `offset`.
    pub(crate) fn unfold(&self, image: &[f32], patches: &mut [f32], width: usize, offset: usize) {
        let (pixels, taps) = (self.image.0 * self.image.1, self.kernel.0 * self.kernel.1);
        let columns = self.positions().map_or(0, |(_, columns)| columns);
        for (channel, image) in image.chunks_exact(pixels).enumerate() {
            for (tap, place, start, inside) in self.runs() {
                let place = (channel * taps + tap) * width + offset + place;
                let row = &mut patches[place..place + columns];
                let Some(start) = start else {
                    row.fill(0.0);
                    continue;
                };
                row[..inside.start].fill(0.0);
                row[inside.end..].fill(0.0);
                let row = &mut row[inside];
                if self.stride.1 == 1 {
                    row.copy_from_slice(&image[start..start + row.len()]);
                } else {
                    let source = image[start..].iter().step_by(self.stride.1);
                    row.iter_mut().zip(source).for_each(|(to, from)| *to = *from);
                }
            }
        }
    }

    /// The transpose of [`unfold`](Self::unfold): adds every place of the patches to the pixel
    /// that it was taken from.
    pub(crate) fn fold(&self, patches: &[f32], image: &mut [f32], width: usize, offset: usize) {
        let (pixels, taps) = (self.image.0 * self.image.1, self.kernel.0 * self.kernel.1);
        for (channel, image) in image.chunks_exact_mut(pixels).enumerate() {
            for (tap, place, start, inside) in self.runs() {
                let Some(start) = start else { continue };
                let place = (channel * taps + tap) * width + offset + place;
                let row = &patches[place + inside.start..place + inside.end];
                if self.stride.1 == 1 {
                    let to = image[start..start + row.len()].iter_mut();
                    to.zip(row).for_each(|(to, from)| *to += from);
                } else {
                    let to = image[start..].iter_mut().step_by(self.stride.1);
                    to.zip(row).for_each(|(to, from)| *to += from);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_of_a_known_image_are_its_neighbourhoods() {
        let window = Window { image: (2, 3), kernel: (2, 2), stride: (1, 2), padding: (0, 1) };
        assert_eq!(window.positions(), Some((1, 2)));
        let mut patches = [9.0; 8];
        window.unfold(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &mut patches, 2, 0);
        // Columns are the patches (0 1; 0 4) and (2 3; 5 6).
        assert_eq!(patches, [0.0, 2.0, 1.0, 3.0, 0.0, 5.0, 4.0, 6.0]);
    }

    #[test]
    fn folding_counts_how_often_a_pixel_was_seen() {
        let window = Window { image: (3, 3), kernel: (2, 2), stride: (1, 1), padding: (0, 0) };
        let mut image = [0.0; 9];
        window.fold(&[1.0; 16], &mut image, 4, 0);
        assert_eq!(image, [1.0, 2.0, 1.0, 2.0, 4.0, 2.0, 1.0, 2.0, 1.0]);
    }

    #[test]
    fn a_kernel_larger_than_the_padded_image_has_no_position() {
        let window = Window { image: (3, 3), kernel: (2, 6), stride: (1, 1), padding: (0, 1) };
        assert_eq!(window.positions(), None);
    }
}
