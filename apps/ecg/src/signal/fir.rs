//! Symmetric finite filters by the windowed sinc (Oppenheim & Schafer, Discrete-Time Signal
//! Processing, section 7.5). Each output is centred on its input, so no phase is shifted.

use std::f64::consts::PI;

/// Outputs that are summed together: they stay in the first cache while all taps pass over them.
const TOGETHER: usize = 512;

/// A symmetric filter of `2 * reach + 1` taps.
#[derive(Clone, Debug)]
pub struct Fir {
    /// The weights at distance `reach`, `reach - 1` … 0 from the centre.
    taps: Vec<f32>,
}

impl Fir {
    /// Passes what lies under `high` Hz; gain 1 at 0 Hz.
    ///
    /// `frequency` of the samples in Hz; `reach` in s to either side. The edge is as wide as the
    /// Hamming window allows: from 1 to 0 in about `1.65 / reach` Hz around `high`.
    pub fn low_pass(frequency: f64, high: f64, reach: f64) -> Self {
        let (mut taps, _) = windowed(frequency, reach, |time| sinc(high, time));
        let gain = response(&taps, 0.0);
        taps.iter_mut().for_each(|tap| *tap /= gain);
        Self::from_taps(&taps)
    }

    /// Passes `low` to `high` Hz; gain 0 at 0 Hz and 1 in the middle of the band. Arguments as for
    /// [`low_pass`](Self::low_pass).
    pub fn band_pass(frequency: f64, low: f64, high: f64, reach: f64) -> Self {
        let ideal = |time| sinc(high, time) - sinc(low, time);
        let (mut taps, window) = windowed(frequency, reach, ideal);
        // The window lets some of the level through: a scaled copy of it takes that off.
        let leak = response(&taps, 0.0) / response(&window, 0.0);
        taps.iter_mut().zip(&window).for_each(|(tap, weight)| *tap -= leak * weight);
        let gain = response(&taps, PI * (low + high) / frequency);
        taps.iter_mut().for_each(|tap| *tap /= gain);
        Self::from_taps(&taps)
    }

    fn from_taps(taps: &[f64]) -> Self {
        Self { taps: taps.iter().map(|&tap| tap as f32).collect() }
    }

    /// Samples on either side that an output depends on.
    pub fn reach(&self) -> usize {
        self.taps.len() - 1
    }

    /// Appends the outputs of all inputs that have `reach` neighbours on either side:
    /// `input.len() - 2 * reach`, none if that is negative. The bits of an output depend on its
    /// neighbours alone.
    pub fn apply(&self, input: &[f32], output: &mut Vec<f32>) {
        let reach = self.reach();
        let count = input.len().saturating_sub(2 * reach);
        let mut sums = [0.0; TOGETHER];
        for start in (0..count).step_by(TOGETHER) {
            let sums = &mut sums[..TOGETHER.min(count - start)];
            for (sum, value) in sums.iter_mut().zip(&input[start + reach..]) {
                *sum = self.taps[reach] * value;
            }
            for (index, &tap) in self.taps[..reach].iter().enumerate() {
                add_pair(sums, tap, &input[start + index..], &input[start + 2 * reach - index..]);
            }
            output.extend_from_slice(sums);
        }
    }
}

/// Adds the inputs on either side of each output, weighted by the tap that they share.
fn add_pair(sums: &mut [f32], tap: f32, before: &[f32], after: &[f32]) {
    for ((sum, before), after) in sums.iter_mut().zip(before).zip(after) {
        *sum += tap * (before + after);
    }
}

/// Half of an ideal response times a Hamming window, and half of the window, outermost first.
fn windowed(frequency: f64, reach: f64, ideal: impl Fn(f64) -> f64) -> (Vec<f64>, Vec<f64>) {
    let reach = (reach * frequency).round().max(1.0);
    let half = (0..=reach as usize).rev().map(|distance| distance as f64);
    half.map(|distance| {
        let window = 0.54 + 0.46 * (PI * distance / (reach + 1.0)).cos();
        (ideal(distance / frequency) * window, window)
    })
    .unzip()
}

/// The ideal low-pass at a time in s, but for a factor.
fn sinc(edge: f64, time: f64) -> f64 {
    if time == 0.0 { 2.0 * edge } else { (2.0 * PI * edge * time).sin() / (PI * time) }
}

/// Gain at an angle a sample of the symmetric filter with these half taps.
fn response(taps: &[f64], angle: f64) -> f64 {
    let reach = taps.len() - 1;
    let pair = |(index, tap): (usize, &f64)| {
        let distance = (reach - index) as f64;
        if index == reach { *tap } else { 2.0 * tap * (angle * distance).cos() }
    };
    taps.iter().enumerate().map(pair).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gain(filter: &Fir, frequency: f64, of: f64) -> f64 {
        let taps: Vec<f64> = filter.taps.iter().map(|&tap| f64::from(tap)).collect();
        response(&taps, 2.0 * PI * of / frequency)
    }

    #[test]
    fn the_band_has_its_gain_at_every_sampling_frequency() {
        for frequency in [100.0, 128.0, 250.0, 360.0, 500.0, 1000.0] {
            let band = Fir::band_pass(frequency, 8.0, 20.0, 0.125);
            assert!(gain(&band, frequency, 0.0).abs() < 1e-5);
            assert!((gain(&band, frequency, 14.0) - 1.0).abs() < 1e-5);
            assert!(gain(&band, frequency, 35.0).abs() < 0.01, "{frequency}");
            let low = Fir::low_pass(frequency, 30.0, 0.1);
            assert!((gain(&low, frequency, 15.0) - 1.0).abs() < 0.01, "{frequency}");
            assert!(gain(&low, frequency, 45.0).abs() < 0.01, "{frequency}");
        }
    }

    #[test]
    fn an_impulse_gives_the_taps_back_around_its_place() {
        let filter = Fir::low_pass(360.0, 40.0, 0.05);
        let reach = filter.reach();
        let mut input = vec![0.0; 4 * reach + 1];
        input[2 * reach] = 1.0;
        let mut output = Vec::new();
        filter.apply(&input, &mut output);
        assert_eq!(output.len(), 2 * reach + 1);
        assert_eq!(output[..=reach], filter.taps);
        output.reverse();
        assert_eq!(output[..=reach], filter.taps);
    }
}
