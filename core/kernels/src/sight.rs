//! What the positions of a convolution see of its source, in one form for both directions: for each
//! tap of the kernel a pixel at a fixed distance, stepping with the position.

use std::ops::Range;

use crate::window::Window;

/// The result of a convolution as phases, each a convolution of the source with some of the taps;
/// all pairs are (vertical, horizontal).
///
/// A convolution has one phase. Its transpose has one for every residue of a result pixel modulo
/// the stride, since those see the source through different taps (Shi et al. 2016, arXiv
/// 1609.07009), and each has stride 1.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    /// Height and width of the source.
    pub(crate) source: (usize, usize),
    /// Height and width of the result.
    pub(crate) result: (usize, usize),
    /// Source pixels from one position of a phase to the next.
    pub(crate) stride: (usize, usize),
    /// Result pixels from one position of a phase to the next.
    pub(crate) step: (usize, usize),
    /// By the first of their pixels, row by row: `step.0 · step.1` of them.
    pub(crate) phases: Vec<Phase>,
}

/// The result pixels `start + step · position`.
#[derive(Clone, Debug)]
pub(crate) struct Phase {
    pub(crate) start: (usize, usize),
    pub(crate) taps: Vec<Tap>,
}

/// A place in the kernel and the pixel that the first position sees through it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tap {
    /// Place in the kernel, row by row.
    pub(crate) index: usize,
    /// Pixel of the source, which may lie beyond its edge and is zero there.
    pub(crate) pixel: (isize, isize),
}

/// Some rows of positions, or some columns of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Band {
    pub(crate) rows: Range<usize>,
    pub(crate) columns: Range<usize>,
}

impl Sight {
    /// Of the positions of `window` on its image.
    pub(crate) fn of(window: &Window) -> Self {
        let (above, left) = signed(window.padding);
        let taps = taps(window, |tap| Some(tap - above), |tap| Some(tap - left));
        Self {
            source: window.image,
            result: window.positions().unwrap_or((0, 0)),
            stride: window.stride,
            step: (1, 1),
            phases: vec![Phase { start: (0, 0), taps }],
        }
    }

    /// Of the pixels of its image on the positions of `window`.
    pub(crate) fn transposed(window: &Window) -> Self {
        let (padding, stride) = (signed(window.padding), signed(window.stride));
        // The position whose tap meets a pixel, if one does.
        let met = |pixel: isize, stride: isize| {
            (pixel.rem_euclid(stride) == 0).then(|| pixel.div_euclid(stride))
        };
        let phase = |start: (usize, usize)| {
            let pixel = (signed(start).0 + padding.0, signed(start).1 + padding.1);
            let down = |tap| met(pixel.0 - tap, stride.0);
            Phase { start, taps: taps(window, down, |tap| met(pixel.1 - tap, stride.1)) }
        };
        let (down, across) = window.stride;
        let starts = (0..down).flat_map(|row| (0..across).map(move |column| (row, column)));
        Self {
            source: window.positions().unwrap_or((0, 0)),
            result: window.image,
            stride: (1, 1),
            step: window.stride,
            phases: starts.map(phase).collect(),
        }
    }

    /// Most taps of a phase.
    pub(crate) fn most_taps(&self) -> usize {
        self.phases.iter().map(|phase| phase.taps.len()).max().unwrap_or(0)
    }

    /// Rows and columns of positions of a phase within `band`.
    pub(crate) fn positions(&self, phase: &Phase, band: &Band) -> (usize, usize) {
        let along = |result: usize, start: usize, step: usize, band: &Range<usize>| {
            let all = result.saturating_sub(start).div_ceil(step);
            band.end.min(all).saturating_sub(band.start)
        };
        (
            along(self.result.0, phase.start.0, self.step.0, &band.rows),
            along(self.result.1, phase.start.1, self.step.1, &band.columns),
        )
    }

    /// Pixels of the result within `band`, which follow each other in memory.
    pub(crate) fn pixels(&self, band: &Band) -> Range<usize> {
        let row = |row: usize| (row * self.step.0).min(self.result.0) * self.result.1;
        if band.rows.len() > 1 || self.step.0 > 1 {
            return row(band.rows.start)..row(band.rows.end);
        }
        let column = |column: usize| (column * self.step.1).min(self.result.1);
        let start = row(band.rows.start);
        start + column(band.columns.start)..start + column(band.columns.end)
    }

    /// Bands that cover the result in its order, each of about `target` pixels: of whole rows
    /// unless a row is much longer than that.
    pub(crate) fn bands(&self, target: usize) -> Vec<Band> {
        let rows = self.result.0.div_ceil(self.step.0);
        let columns = self.result.1.div_ceil(self.step.1);
        if self.step.0 == 1 && self.result.1 > 2 * target {
            let parts = parts(columns, (target / self.step.1).max(1));
            let row = |row: usize| {
                parts.iter().cloned().map(move |columns| Band { rows: row..row + 1, columns })
            };
            return (0..rows).flat_map(row).collect();
        }
        let height = target / (self.step.0 * self.result.1).max(1);
        let bands = parts(rows, height.max(1)).into_iter();
        bands.map(|rows| Band { rows, columns: 0..columns }).collect()
    }
}

/// `0..length` in parts of about `most`, none longer.
fn parts(length: usize, most: usize) -> Vec<Range<usize>> {
    let count = length.div_ceil(most);
    let part = length.div_ceil(count.max(1)).max(1);
    (0..length).step_by(part).map(|start| start..length.min(start + part)).collect()
}

/// The taps that see a pixel: `down` and `across` find it from the place of the tap in the kernel.
fn taps(
    window: &Window,
    down: impl Fn(isize) -> Option<isize>,
    across: impl Fn(isize) -> Option<isize>,
) -> Vec<Tap> {
    let dilation = signed(window.dilation);
    let count = window.kernel.0 * window.kernel.1;
    let places = (0..count).map(|index| signed((index / window.kernel.1, index % window.kernel.1)));
    let pixels =
        places.map(|(row, column)| Some((down(row * dilation.0)?, across(column * dilation.1)?)));
    pixels.enumerate().filter_map(|(index, pixel)| Some(Tap { index, pixel: pixel? })).collect()
}

/// Sizes of images fit in either type.
fn signed((down, across): (usize, usize)) -> (isize, isize) {
    (down as isize, across as isize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Conv;

    const HALVING: Conv = Conv { stride: (2, 2), padding: (1, 1), ..Conv::PLAIN };

    #[test]
    fn every_tap_of_a_transpose_belongs_to_one_phase() {
        for dilation in [(1, 1), (2, 3)] {
            let window = Conv { dilation, ..HALVING }.window((9, 10), (4, 3));
            let sight = Sight::transposed(&window);
            let taps = sight.phases.iter().flat_map(|phase| &phase.taps);
            let mut taps: Vec<_> = taps.map(|tap| tap.index).collect();
            taps.sort_unstable();
            assert_eq!(taps, (0..12).collect::<Vec<_>>(), "dilation {dilation:?}");
        }
    }

    #[test]
    fn a_transpose_sees_a_position_where_the_position_sees_the_pixel() {
        let window = HALVING.window((6, 6), (4, 4));
        let sight = Sight::transposed(&window);
        // Pixel 0 is the second tap of position 0, and no tap of it meets position -1 but the last.
        let taps: Vec<_> = sight.phases[0].taps.iter().map(|tap| (tap.index, tap.pixel)).collect();
        assert_eq!(taps, [(5, (0, 0)), (7, (0, -1)), (13, (-1, 0)), (15, (-1, -1))]);
    }

    #[test]
    fn bands_cover_every_pixel_once_in_order() {
        let windows =
            [((9, 7), (1, 1)), ((1, 1000), (1, 1)), ((3, 300), (1, 2)), ((40, 41), (2, 3))];
        for (image, stride) in windows {
            let window = Conv { stride, ..Conv::PLAIN }.window(image, (1, 1));
            for sight in [Sight::of(&window), Sight::transposed(&window)] {
                for target in [1, 20, 64, 5000] {
                    let bands = sight.bands(target);
                    let pixels: Vec<_> = bands.iter().flat_map(|band| sight.pixels(band)).collect();
                    let expected: Vec<_> = (0..sight.result.0 * sight.result.1).collect();
                    assert_eq!(pixels, expected, "{image:?} by {target}");
                }
            }
        }
    }
}
