//! The sum of a depthwise convolution that gives its kernels: for every tap the product of the
//! outputs with what it sees.
//!
//! A band of a plane is summed in f32 lanes that stay in registers, several taps at once so that an
//! output is read once for all of them. Bands and images are then added in their order, in f64.

use rayon::prelude::*;

use super::plan::{LANES, Plan};
use super::planes::Planes;
use crate::canvas::Run;
use crate::sight::Sight;
use crate::vector::widest_fn;
use crate::written::TASK;

/// Positions of a band: few enough that a lane adds hundreds of products, not thousands.
const POSITIONS: usize = 4096;

impl Planes {
    /// `weight[c]` of `x[b, c]` and `y[b, c]`, summed over the batch.
    pub(crate) fn weight(&self, x: &[f32], y: &[f32]) -> Vec<f32> {
        let (sight, taps) = (Sight::of(&self.window), self.taps());
        let (pixels, positions) =
            (sight.source.0 * sight.source.1, sight.result.0 * sight.result.1);
        let bands = sight.bands(POSITIONS);
        let bands: Vec<_> =
            bands.iter().map(|band| (Plan::of(&sight, band), sight.pixels(band))).collect();
        // Several planes of one band, or one band: a canvas is clear but for what it holds anew.
        let together = if bands.len() > 1 { 1 } else { (TASK / positions).max(1) };
        let mut sums = vec![0.0; y.len() / positions * bands.len() * taps];
        sums.par_chunks_mut(together * taps).enumerate().for_each(|(task, sums)| {
            let (first, band) = (task * together / bands.len(), task * together % bands.len());
            let (plan, range) = &bands[band];
            let planes = x.chunks_exact(pixels).zip(y.chunks_exact(positions)).skip(first);
            let (mut canvas, mut padded) = (plan.clear_canvas(), Vec::new());
            for (sums, (x, y)) in sums.chunks_exact_mut(taps).zip(planes) {
                plan.lay_out(x, &mut canvas);
                let y = whole_vectors(&y[range.clone()], plan.columns(), &mut padded);
                correlate(plan, sums, y, &canvas);
            }
        });
        let mut total = vec![0.0; self.channels * taps];
        for (index, sums) in sums.chunks_exact(taps).enumerate() {
            let channel = index / bands.len() % self.channels;
            let total = total[channel * taps..].iter_mut().zip(sums);
            total.for_each(|(total, sum)| *total += sum);
        }
        total.into_iter().map(|sum| sum as f32).collect()
    }
}

/// Rows of outputs with zeros behind each, so that whole vectors are read. What taps see there adds
/// nothing unless it is not finite, and then the gradient of its channel is lost anyway.
fn whole_vectors<'a>(y: &'a [f32], columns: usize, padded: &'a mut Vec<f32>) -> &'a [f32] {
    let whole = columns.next_multiple_of(LANES);
    if whole == columns {
        return y;
    }
    padded.resize(y.len() / columns * whole, 0.0);
    for (to, row) in padded.chunks_exact_mut(whole).zip(y.chunks_exact(columns)) {
        to[..columns].copy_from_slice(row);
    }
    padded
}

widest_fn! {
    /// Writes the products of `y`, rows of whole vectors, with what each tap sees of the canvas.
    fn correlate(plan: &Plan, sums: &mut [f64], y: &[f32], canvas: &[f32]) = {
        let phase = &plan.phases[0];
        let (mut sums, mut places) = (sums, &phase.places[..]);
        while !places.is_empty() {
            let done = match places.len() {
                9.. => some_taps::<9>(sums, places, &phase.rows, y, canvas),
                4.. => some_taps::<4>(sums, places, &phase.rows, y, canvas),
                3 => some_taps::<3>(sums, places, &phase.rows, y, canvas),
                2 => some_taps::<2>(sums, places, &phase.rows, y, canvas),
                _ => some_taps::<1>(sums, places, &phase.rows, y, canvas),
            };
            (sums, places) = (&mut sums[done..], &places[done..]);
        }
    }
}

/// Writes the sums of the first taps and returns how many they are.
#[inline(always)]
fn some_taps<const TAPS: usize>(
    sums: &mut [f64],
    places: &[usize],
    rows: &[Run],
    y: &[f32],
    canvas: &[f32],
) -> usize {
    let places = places.first_chunk::<TAPS>().expect("as many taps");
    let width = y.len() / rows.len();
    let mut lanes = [[0.0f32; LANES]; TAPS];
    for (run, y) in rows.iter().zip(y.chunks_exact(width)) {
        let y = y.as_chunks::<LANES>().0;
        let mut seen = [&[][..]; TAPS];
        for (seen, place) in seen.iter_mut().zip(places) {
            *seen = &canvas[place + run.place..].as_chunks::<LANES>().0[..y.len()];
        }
        for (index, y) in y.iter().enumerate() {
            for (lanes, seen) in lanes.iter_mut().zip(&seen) {
                let terms = y.iter().zip(&seen[index]);
                lanes.iter_mut().zip(terms).for_each(|(lane, (y, seen))| *lane += y * seen);
            }
        }
    }
    for (sum, lanes) in sums.iter_mut().zip(lanes) {
        *sum = lanes.iter().map(|&lane| f64::from(lane)).sum();
    }
    TAPS
}
