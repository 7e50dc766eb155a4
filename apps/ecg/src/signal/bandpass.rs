//! The band of a beat's shape, 0.5 to 40 Hz, without phase and in pieces of any size.

use super::bridge::Bridge;
use super::fir::Fir;
use super::moving::MovingMean;

/// Above lie muscles and mains, Hz. Kligfield et al. 2007 ask for 150 Hz to measure; 40 Hz is what
/// monitors show.
const HIGH: f64 = 40.0;
/// To either side, s: the edge of 40 Hz is then 28 to 52 Hz, and mains of 50 Hz are a fiftieth.
const HIGH_REACH: f64 = 0.07;
/// Two means of this length, s, take away half the power at 0.5 Hz: `1 - sinc(0.5 * 1.23)^2` is
/// the root of a half.
const BASELINE: f64 = 1.23;

/// A zero-phase band-pass of one lead. An edge of 0.5 Hz would need seconds of taps; what two
/// moving means take for the baseline costs four additions.
#[derive(Clone, Debug)]
pub struct BandPass {
    bridge: Bridge,
    low_pass: Fir,
    means: [MovingMean; 2],
    /// Samples without gaps from `reach` before the next output of the low-pass.
    input: Vec<f32>,
    /// What the low-pass gave, from the next output on.
    passed: Vec<f32>,
    /// Means that lie before the first output.
    early: usize,
}

impl BandPass {
    /// For samples of this frequency, Hz, from 100.
    pub fn new(frequency: f64) -> Self {
        // Under 2 * 40 Hz of margin the edge moves down.
        let low_pass = Fir::low_pass(frequency, HIGH.min(0.4 * frequency), HIGH_REACH);
        let means = [(); 2].map(|()| MovingMean::new((BASELINE * frequency) as usize));
        let early = 2 * means[0].reach();
        let input = vec![0.0; low_pass.reach()];
        let (bridge, passed) = (Bridge::new(frequency), Vec::new());
        Self { bridge, low_pass, means, input, passed, early }
    }

    /// Samples that wait for those after them, without gaps: about 1.3 s.
    pub fn delay(&self) -> usize {
        self.low_pass.reach() + 2 * self.means[0].reach()
    }

    /// The next samples in mV, NaN where missing; returns the outputs in mV that are now known. The
    /// first output belongs to the first sample, and after [`finish`](Self::finish) there are as
    /// many.
    pub fn push(&mut self, samples: &[f32]) -> Vec<f32> {
        self.bridge.push(samples, &mut self.input);
        self.filter()
    }

    /// The outputs of the last samples, as if the last value went on. The filter is used up.
    pub fn finish(&mut self) -> Vec<f32> {
        self.bridge.finish(&mut self.input);
        let last = self.input.last().copied().unwrap_or(0.0);
        self.input.resize(self.input.len() + self.delay(), last);
        self.filter()
    }

    fn filter(&mut self) -> Vec<f32> {
        let start = self.passed.len();
        self.low_pass.apply(&self.input, &mut self.passed);
        let new = self.passed.len() - start;
        self.input.drain(..new);
        let [first, second] = &mut self.means;
        let mut baselines = Vec::with_capacity(new);
        for &value in &self.passed[start..] {
            let mean = second.push(first.push(value));
            if self.early > 0 {
                self.early -= 1;
            } else {
                baselines.push(mean);
            }
        }
        self.passed
            .drain(..baselines.len())
            .zip(baselines)
            .map(|(value, base)| value - base)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    fn filtered(frequency: f64, samples: &[f32], piece: usize) -> Vec<f32> {
        let mut band = BandPass::new(frequency);
        let mut outputs = Vec::new();
        samples.chunks(piece).for_each(|piece| outputs.extend(band.push(piece)));
        outputs.extend(band.finish());
        outputs
    }

    fn sine(frequency: f64, of: f64, seconds: f64) -> Vec<f32> {
        let count = (seconds * frequency) as usize;
        (0..count).map(|frame| (TAU * of * frame as f64 / frequency).sin() as f32).collect()
    }

    #[test]
    fn a_sine_within_the_band_keeps_its_phase_and_one_without_goes() {
        for frequency in [100.0, 360.0, 1000.0] {
            let within = sine(frequency, 10.0, 8.0);
            let found = filtered(frequency, &within, 100);
            let middle = 3 * frequency as usize..5 * frequency as usize;
            let off = middle.clone().map(|frame| (found[frame] - within[frame]).abs());
            assert!(off.fold(0.0, f32::max) < 0.02, "{frequency}");
            for (of, most) in [(0.05, 0.02), (0.1, 0.06)] {
                let found = filtered(frequency, &sine(frequency, of, 8.0), 100);
                let left = middle.clone().map(|frame| found[frame].abs());
                assert!(left.fold(0.0, f32::max) < most, "{of} Hz at {frequency} Hz");
            }
        }
        let mains = filtered(500.0, &sine(500.0, 60.0, 8.0), 100);
        assert!(mains[1500..2500].iter().all(|value| value.abs() < 0.02));
    }

    #[test]
    fn there_are_as_many_outputs_as_samples_and_the_same_in_any_pieces() {
        let mut samples = sine(360.0, 3.0, 4.0);
        samples[500..700].fill(f32::NAN);
        samples[900] = f32::NAN;
        let whole = filtered(360.0, &samples, samples.len());
        assert_eq!(whole.len(), samples.len());
        for piece in [1, 7, 64, 1000] {
            assert_eq!(filtered(360.0, &samples, piece), whole);
        }
        assert!(filtered(360.0, &[], 1).is_empty());
        assert_eq!(filtered(360.0, &[1.0], 1), [0.0]);
    }

    #[test]
    fn a_level_leaves_nothing_even_at_the_ends() {
        assert_eq!(filtered(250.0, &[300.0; 1000], 10), [0.0; 1000]);
    }
}
