//! A source with its border of zeros, laid out so that what a tap sees from a row of positions lies
//! side by side and is never cut short.

use crate::sight::{Band, Sight, Tap};
use crate::vector::widest_fn;

/// What the positions of a band see of one channel of an image, `[rows, stride, columns]`: its
/// columns are parted by their remainder after the horizontal stride.
pub(crate) struct Canvas {
    /// Height and width of the source.
    source: (usize, usize),
    stride: (usize, usize),
    /// Pixel of the source in the upper left corner, which may lie beyond its edge.
    corner: (isize, isize),
    rows: usize,
    /// Columns of each remainder, and where the source lies in them.
    columns: usize,
    spans: Vec<Span>,
}

/// `count` columns from `to` on hold the pixels from `from` on, a stride apart; the others, zeros.
#[derive(Clone, Copy)]
struct Span {
    to: usize,
    from: usize,
    count: usize,
}

/// Values that one tap sees from some positions of a row, side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The first position, of all that are seen together.
    pub(crate) position: usize,
    pub(crate) count: usize,
    /// Place of the first value on the canvases, from the place of the tap.
    pub(crate) place: usize,
}

/// Values that must follow the last canvas, since runs are read in whole vectors.
pub(crate) const BEHIND: usize = 128;

impl Canvas {
    pub(crate) fn of(sight: &Sight, band: &Band) -> Self {
        let taps = || sight.phases.iter().flat_map(|phase| &phase.taps);
        let along = |start: usize, count: usize, stride: usize, pixel: fn(&Tap) -> isize| {
            let first = taps().map(pixel).min().unwrap_or(0);
            let reach = taps().map(pixel).max().unwrap_or(0).abs_diff(first);
            (first + (start * stride) as isize, (count.max(1) - 1) * stride + reach + 1)
        };
        let (down, across) = sight.stride;
        let (above, rows) = along(band.rows.start, band.rows.len(), down, |tap| tap.pixel.0);
        let (left, width) =
            along(band.columns.start, band.columns.len(), across, |tap| tap.pixel.1);
        let columns = width.div_ceil(across);
        let span = |remainder: usize| {
            let first = left + remainder as isize;
            let to = first.min(0).unsigned_abs().div_ceil(across).min(columns);
            let from = (first + (to * across) as isize).max(0).unsigned_abs();
            let count = sight.source.1.saturating_sub(from).div_ceil(across).min(columns - to);
            Span { to, from, count }
        };
        Self {
            source: sight.source,
            stride: sight.stride,
            corner: (above, left),
            rows,
            columns,
            spans: (0..across).map(span).collect(),
        }
    }

    /// Values from one row to the next, where the stride is 1.
    pub(crate) fn row(&self) -> usize {
        self.stride.1 * self.columns
    }

    /// Values of one channel.
    pub(crate) fn size(&self) -> usize {
        self.rows * self.stride.1 * self.columns
    }

    /// Where on the canvases of some channels lies what each tap sees of each channel from the
    /// first position of the band; the taps are of the sight.
    pub(crate) fn places(&self, taps: &[Tap], band: &Band, channels: usize) -> Vec<usize> {
        let along = |pixel: isize, start: usize, stride: usize, corner: isize| {
            (pixel + (start * stride) as isize - corner).unsigned_abs()
        };
        let place = |tap: &Tap| {
            let down = along(tap.pixel.0, band.rows.start, self.stride.0, self.corner.0);
            let across = along(tap.pixel.1, band.columns.start, self.stride.1, self.corner.1);
            let (remainder, column) = (across % self.stride.1, across / self.stride.1);
            (down * self.stride.1 + remainder) * self.columns + column
        };
        let first: Vec<usize> = taps.iter().map(place).collect();
        let channels = (0..channels).map(|channel| channel * self.size());
        channels.flat_map(|channel| first.iter().map(move |place| channel + place)).collect()
    }

    #[inline(always)]
    fn copy(&self, channels: &[f32], to: &mut [f32]) {
        let (height, width) = self.source;
        let above = self.corner.0.min(0).unsigned_abs().min(self.rows);
        let first = self.corner.0.max(0).unsigned_abs();
        let channels = channels.chunks_exact(height * width);
        for (channel, to) in channels.zip(to.chunks_exact_mut(self.size())) {
            let rows = to.chunks_exact_mut(self.stride.1 * self.columns).skip(above);
            for (row, to) in channel.chunks_exact(width).skip(first).zip(rows) {
                for (span, to) in self.spans.iter().zip(to.chunks_exact_mut(self.columns)) {
                    let seen = row.get(span.from..).unwrap_or_default();
                    copy_apart(&mut to[span.to..][..span.count], seen, self.stride.1);
                }
            }
        }
    }

    /// Runs of the `positions`, (rows, columns), of a phase in `images` that are `apart` values from
    /// each other, cut where a multiple of `most` positions is reached.
    pub(crate) fn runs(
        &self,
        positions: (usize, usize),
        images: usize,
        apart: usize,
        most: usize,
    ) -> Vec<Run> {
        let mut runs = Vec::new();
        let mut position = 0;
        for row in 0..images * positions.0 {
            let (image, row) = (row / positions.0, row % positions.0);
            let start = image * apart + row * self.stride.0 * self.stride.1 * self.columns;
            let mut column = 0;
            while column < positions.1 {
                let count = (most - position % most).min(positions.1 - column);
                runs.push(Run { position, count, place: start + column });
                column += count;
                position += count;
            }
        }
        runs
    }
}

widest_fn! {
    /// Copies channels of the source, `[channels, height, width]`, to canvases whose borders are
    /// zero and stay so.
    pub(crate) fn lay_out(canvas: &Canvas, channels: &[f32], to: &mut [f32]) =
        canvas.copy(channels, to)
}

/// Fills `to` with every `stride`-th value.
#[inline(always)]
fn copy_apart(to: &mut [f32], from: &[f32], stride: usize) {
    match stride {
        1 => copy(to, &from[..to.len()]),
        2 => {
            // In pairs, which become shuffles.
            let pairs = from.as_chunks::<2>().0;
            to.iter_mut().zip(pairs).for_each(|(to, pair)| *to = pair[0]);
            if let Some(last) = to.get_mut(pairs.len()) {
                *last = from[2 * pairs.len()];
            }
        }
        _ => to.iter_mut().zip(from.iter().step_by(stride)).for_each(|(to, from)| *to = *from),
    }
}

/// Copies a row. Most are short and of a few lengths, for which a call costs more than the copy.
#[inline(always)]
fn copy(to: &mut [f32], from: &[f32]) {
    match to.len() {
        4 => copy_blocks::<4, 1>(to, from),
        8 => copy_blocks::<8, 1>(to, from),
        16 => copy_blocks::<8, 2>(to, from),
        32 => copy_blocks::<8, 4>(to, from),
        64 => copy_blocks::<8, 8>(to, from),
        _ => to.copy_from_slice(from),
    }
}

/// Blocks of one vector each: a longer array would be copied by a call again.
#[inline(always)]
fn copy_blocks<const BLOCK: usize, const COUNT: usize>(to: &mut [f32], from: &[f32]) {
    let (to, from) = (to.as_chunks_mut::<BLOCK>().0, from.as_chunks::<BLOCK>().0);
    if let (Some(to), Some(from)) = (to.first_chunk_mut::<COUNT>(), from.first_chunk::<COUNT>()) {
        let blocks = *from;
        to.iter_mut().zip(blocks).for_each(|(to, from)| *to = from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Conv;

    #[test]
    fn runs_of_a_known_image_are_what_its_taps_see() {
        let window = Conv { stride: (1, 2), padding: (0, 1), ..Conv::PLAIN }.window((2, 3), (2, 2));
        let sight = Sight::of(&window);
        let band = Band { rows: 0..1, columns: 0..2 };
        let canvas = Canvas::of(&sight, &band);
        let mut values = vec![0.0; canvas.size()];
        lay_out(&canvas, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &mut values);
        let runs = canvas.runs((1, 2), 1, 0, 16);
        assert_eq!(runs, [Run { position: 0, count: 2, place: 0 }]);
        let places = canvas.places(&sight.phases[0].taps, &band, 1);
        let seen = places.iter().map(|&place| [values[place], values[place + 1]]);
        // The patches (0 1; 0 4) and (2 3; 5 6).
        assert_eq!(seen.collect::<Vec<_>>(), [[0.0, 2.0], [1.0, 3.0], [0.0, 5.0], [4.0, 6.0]]);
    }

    #[test]
    fn every_tap_sees_the_pixel_it_names_and_zeros_beyond_the_edge() {
        let image: Vec<f32> = (1..=35).map(|value| value as f32).collect();
        for (stride, padding, dilation) in
            [((1, 1), (1, 2), (1, 1)), ((2, 2), (3, 9), (1, 2)), ((1, 3), (0, 2), (2, 1))]
        {
            let window = Conv { stride, padding, dilation }.window((5, 7), (2, 3));
            for sight in [Sight::of(&window), Sight::transposed(&window)] {
                let image = &image[..sight.source.0.min(5) * sight.source.1.min(7)];
                if image.len() < sight.source.0 * sight.source.1 {
                    continue;
                }
                for band in sight.bands(6) {
                    every_tap_sees(&sight, &band, image);
                }
            }
        }
    }

    fn every_tap_sees(sight: &Sight, band: &Band, image: &[f32]) {
        let canvas = Canvas::of(sight, band);
        let mut values = vec![0.0; canvas.size()];
        lay_out(&canvas, image, &mut values);
        for phase in &sight.phases {
            let (rows, columns) = sight.positions(phase, band);
            let runs = canvas.runs((rows, columns), 1, 0, 4);
            let seen = runs.iter().flat_map(|run| (0..run.count).map(move |more| (run, more)));
            for (run, more) in seen {
                let position = run.position + more;
                let places = canvas.places(&phase.taps, band, 1);
                for (tap, place) in phase.taps.iter().zip(places) {
                    let along = |pixel: isize, position: usize, stride: usize, size: usize| {
                        let pixel = pixel + (position * stride) as isize;
                        usize::try_from(pixel).ok().filter(|&pixel| pixel < size)
                    };
                    let (row, column) = (position / columns, position % columns);
                    let row =
                        along(tap.pixel.0, band.rows.start + row, sight.stride.0, sight.source.0);
                    let column = along(
                        tap.pixel.1,
                        band.columns.start + column,
                        sight.stride.1,
                        sight.source.1,
                    );
                    let expected = row.zip(column);
                    let expected = expected.map_or(0.0, |(y, x)| image[y * sight.source.1 + x]);
                    assert_eq!(values[place + run.place + more], expected);
                }
            }
        }
    }
}
