//! What the pixels of a band see of their plane: the same for every plane, so it is found once.

use std::ops::Range;

use crate::canvas::{BEHIND, Canvas, Run, lay_out};
use crate::sight::{Band, Sight};
use crate::vector::widest_fn;

/// A band of a plane of the result, and the canvas that it is computed from.
pub(super) struct Plan {
    canvas: Canvas,
    /// Pixels of the result from one row to the next.
    width: usize,
    /// Result pixels from one position of a phase to the next.
    step: (usize, usize),
    /// Rows of positions that are summed as one, and values from one to the next.
    together: usize,
    pitch: usize,
    pub(super) phases: Vec<Phase>,
}

/// The positions of a phase within the band.
pub(super) struct Phase {
    /// Its weights in a kernel that lies phase by phase.
    taps: Range<usize>,
    /// Where on the canvas each tap sees the first position.
    pub(super) places: Vec<usize>,
    pub(super) rows: Vec<Run>,
}

/// Buffers that one plane after the other uses.
pub(super) struct Scratch {
    /// Clear but for the plane that was laid out last.
    pub(super) canvas: Vec<f32>,
    /// Some rows of every phase, in whole vectors.
    lines: Vec<[f32; LANES]>,
}

/// Sums that are held at most, unless a row is longer: they and what they see fit the first cache.
const SUMS: usize = 1024;

/// Values of a vector.
pub(super) const LANES: usize = 8;

impl Plan {
    pub(super) fn of(sight: &Sight, band: &Band) -> Self {
        let canvas = Canvas::of(sight, band);
        let mut start = 0;
        let phases = sight.phases.iter().map(|phase| {
            let taps = start..start + phase.taps.len();
            start = taps.end;
            let places = canvas.places(&phase.taps, band, 1);
            let rows = canvas.runs(sight.positions(phase, band), 1, 0, usize::MAX);
            Phase { taps, places, rows }
        });
        let phases = phases.collect();
        // Side by side but for the border of the canvas, whose sums nobody asks for.
        let pitch = canvas.row();
        let together = if sight.stride == (1, 1) { (SUMS / pitch).max(1) } else { 1 };
        Self { canvas, width: sight.result.1, step: sight.step, together, pitch, phases }
    }

    pub(super) fn scratch(&self) -> Scratch {
        let longest = (self.together - 1) * self.pitch + self.width.div_ceil(self.step.1);
        Scratch {
            canvas: self.clear_canvas(),
            lines: vec![[0.0; LANES]; self.phases.len() * longest.div_ceil(LANES)],
        }
    }

    pub(super) fn clear_canvas(&self) -> Vec<f32> {
        vec![0.0; self.canvas.size() + BEHIND]
    }

    /// Columns of the band, where all phases are one.
    pub(super) fn columns(&self) -> usize {
        self.phases[0].rows.first().map_or(0, |run| run.count)
    }

    /// Copies what the band sees of a plane to `canvas`.
    pub(super) fn lay_out(&self, plane: &[f32], canvas: &mut [f32]) {
        lay_out(&self.canvas, plane, canvas);
    }

    /// Writes the rows of the band to `to`: `bias` and what the taps see of the canvas, times
    /// `kernel`.
    #[inline(always)]
    fn rows(&self, to: &mut [f32], kernel: &[f32], bias: f32, scratch: &mut Scratch) {
        let Scratch { canvas, lines } = scratch;
        let (down, across) = self.step;
        let width = self.width.min(to.len());
        let line = lines.len() / self.phases.len();
        for (index, to) in to.chunks_mut(self.together * down * width).enumerate() {
            for (phase, line) in self.phases.iter().zip(lines.chunks_exact_mut(line)) {
                let rows = phase.rows.iter().skip(index * self.together).take(self.together);
                phase.sum(rows, line, canvas, kernel, bias);
            }
            for (row, to) in to.chunks_exact_mut(width).enumerate() {
                let first = row % down * across * line * LANES + row / down * self.pitch;
                write_row(to, &lines.as_flattened()[first..], line * LANES, across);
            }
        }
    }
}

impl Phase {
    /// Writes rows of positions, with all between them, to the beginning of `line`; what it leaves
    /// behind them in the last vector is for nobody.
    #[inline(always)]
    fn sum<'a>(
        &self,
        mut rows: impl DoubleEndedIterator<Item = &'a Run>,
        line: &mut [[f32; LANES]],
        canvas: &[f32],
        kernel: &[f32],
        bias: f32,
    ) {
        // A phase that begins behind the last row or column has none.
        let Some(first) = rows.next() else { return };
        let last = rows.next_back().unwrap_or(first);
        let length = last.place + last.count - first.place;
        let (line, canvas) = (&mut line[..length.div_ceil(LANES)], &canvas[first.place..]);
        line.fill([bias; LANES]);
        let (mut kernel, mut places) = (&kernel[self.taps.clone()], &self.places[..]);
        while !places.is_empty() {
            let done = match places.len() {
                9.. => add_taps::<9>(line, canvas, kernel, places),
                4.. => add_taps::<4>(line, canvas, kernel, places),
                3 => add_taps::<3>(line, canvas, kernel, places),
                2 => add_taps::<2>(line, canvas, kernel, places),
                _ => add_taps::<1>(line, canvas, kernel, places),
            };
            (kernel, places) = (&kernel[done..], &places[done..]);
        }
    }
}

/// Adds what the first taps see, times their weights, and returns how many they are.
#[inline(always)]
fn add_taps<const TAPS: usize>(
    line: &mut [[f32; LANES]],
    canvas: &[f32],
    kernel: &[f32],
    places: &[usize],
) -> usize {
    let kernel = kernel.first_chunk::<TAPS>().expect("a weight for every tap");
    let mut seen = [&[][..]; TAPS];
    for (seen, place) in seen.iter_mut().zip(places) {
        *seen = &canvas[*place..].as_chunks::<LANES>().0[..line.len()];
    }
    // Vector by vector, since sums of several at once were added value by value.
    for (index, line) in line.iter_mut().enumerate() {
        let mut sums = *line;
        for (weight, seen) in kernel.iter().zip(&seen) {
            let terms = sums.iter_mut().zip(&seen[index]);
            terms.for_each(|(sum, seen)| *sum += weight * seen);
        }
        *line = sums;
    }
    TAPS
}

/// Writes a row whose values come from `across` lines in turn, `line` values from each other.
#[inline(always)]
fn write_row(to: &mut [f32], lines: &[f32], line: usize, across: usize) {
    match across {
        1 => to.copy_from_slice(&lines[..to.len()]),
        2 => {
            // In pairs, which become shuffles.
            let (even, odd) = (lines, &lines[line..]);
            let (pairs, rest) = to.as_chunks_mut::<2>();
            rest.iter_mut().for_each(|last| *last = even[pairs.len()]);
            let values = even.iter().zip(odd);
            pairs.iter_mut().zip(values).for_each(|(pair, (even, odd))| *pair = [*even, *odd]);
        }
        _ => {
            for first in 0..across {
                let to = to.iter_mut().skip(first).step_by(across);
                to.zip(&lines[first * line..]).for_each(|(to, value)| *to = *value);
            }
        }
    }
}

widest_fn! {
    /// Writes the band of a plane to `to`, what it sees being on the canvas; `kernel` lies phase by
    /// phase.
    pub(super) fn filter(
        plan: &Plan,
        to: &mut [f32],
        kernel: &[f32],
        bias: f32,
        scratch: &mut Scratch
    ) = plan.rows(to, kernel, bias, scratch)
}
