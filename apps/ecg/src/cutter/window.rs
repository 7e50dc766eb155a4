//! What part of the signal belongs to a beat.

use std::f64::consts::PI;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::trace::Trace;
use crate::signal::detector;

/// The longest window to either side of R, s: the cutter keeps no more of the signal.
const LONGEST: f64 = 2.0;
/// The most values of a beat.
const MOST_SAMPLES: usize = 4096;
/// Samples to either side of a time that tell the value there. At 100 Hz, where the band ends near
/// the last frequency that samples can carry, fewer would blunt R.
const REACH: i64 = 8;

/// What part of the signal belongs to a beat, and how many values it becomes.
///
/// At 128 values in 0.7 s none of the band of 40 Hz is lost; under about 80 values it would be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Seconds from its first value to R, 0 to 2.
    pub before: f64,
    /// Seconds from R to its last value, 0 to 2.
    pub after: f64,
    /// Values, evenly spaced from the first to the last, 2 to 4096.
    pub samples: usize,
}

impl Default for Window {
    /// From P to the end of T of a heart at rest, and a power of two of values.
    fn default() -> Self {
        Self { before: 0.25, after: 0.45, samples: 128 }
    }
}

impl Window {
    /// Its length, s.
    pub fn seconds(&self) -> f64 {
        self.before + self.after
    }

    /// The time of a value, s from R.
    pub fn time(&self, index: usize) -> f64 {
        index as f64 / (self.samples - 1) as f64 * self.seconds() - self.before
    }

    /// The value nearest to a time, s from R; the first or last where it lies outside.
    pub fn place(&self, time: f64) -> usize {
        let place = (time + self.before) / self.seconds() * (self.samples - 1) as f64;
        (place.round().max(0.0) as usize).min(self.samples - 1)
    }

    /// The place of R among the values: between two of them as a rule.
    pub fn place_of_r(&self) -> f64 {
        self.before / self.seconds() * (self.samples - 1) as f64
    }

    /// Its first frame and the one behind its last, from R.
    pub(super) fn ends(&self, frequency: f64) -> (i64, i64) {
        let frames = |seconds: f64| (seconds * frequency).round() as i64;
        (-frames(self.before), frames(self.after) + 1)
    }

    /// Fails where no beat can be cut by it.
    pub(super) fn check(&self) -> Result<(), Unfit> {
        let side = |seconds: &f64| (0.0..=LONGEST).contains(seconds);
        let sides = side(&self.before) && side(&self.after) && self.seconds() > 0.0;
        let fits = sides && (2..=MOST_SAMPLES).contains(&self.samples);
        if fits { Ok(()) } else { Err(Unfit::Window(*self)) }
    }
}

/// Why beats of a recording cannot be cut.
#[derive(Clone, Debug, PartialEq)]
pub enum Unfit {
    /// R peaks cannot be found.
    Detector(detector::Unfit),
    /// There is no such lead.
    Lead {
        /// The one that was to be cut, from 0.
        lead: usize,
        /// How many there are.
        leads: usize,
    },
    /// There is no such window.
    Window(Window),
}

impl fmt::Display for Unfit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Detector(unfit) => unfit.fmt(out),
            Self::Lead { lead, leads } => {
                write!(out, "lead to cut: expected a number under {leads}, found {lead}")
            }
            Self::Window(Window { before, after, samples }) => write!(
                out,
                "window of a beat: expected 0 to {LONGEST} s before and after R, not both 0, and 2 \
                 to {MOST_SAMPLES} samples, found {before} s before, {after} s after and {samples} \
                 samples"
            ),
        }
    }
}

impl std::error::Error for Unfit {}

impl From<detector::Unfit> for Unfit {
    fn from(unfit: detector::Unfit) -> Self {
        Self::Detector(unfit)
    }
}

/// Values at the times of a window by the sinc under a wider sinc (Lanczos). R is always a frame,
/// so that the weights are the same for all beats.
#[derive(Clone, Debug)]
pub(super) struct Resampling {
    /// Of each value, the first frame that tells of it, from R, and the weights from there on.
    values: Vec<(i64, [f32; 2 * REACH as usize])>,
}

impl Resampling {
    pub(super) fn new(window: &Window, frequency: f64) -> Self {
        let weights = |index| {
            let place = window.time(index) * frequency;
            let first = place.floor() as i64 - REACH + 1;
            let mut weights = [0.0; 2 * REACH as usize];
            for (weight, frame) in weights.iter_mut().zip(first..) {
                let distance = place - frame as f64;
                *weight = sinc(distance) * sinc(distance / REACH as f64);
            }
            // A level must come out as itself.
            let sum: f64 = weights.iter().sum();
            (first, weights.map(|weight| (weight / sum) as f32))
        };
        Self { values: (0..window.samples).map(weights).collect() }
    }

    /// The first frame that is needed, from R, and the one behind the last.
    pub(super) fn reach(&self) -> (i64, i64) {
        let ends = self.values.first().zip(self.values.last());
        ends.map_or((0, 0), |(first, last)| (first.0, last.0 + 2 * REACH))
    }

    /// The values around an R peak in a frame.
    pub(super) fn values(&self, trace: &Trace, frame: u64) -> Vec<f32> {
        let (first, behind) = self.reach();
        let around = trace.around(frame as i64 + first, frame as i64 + behind);
        let value = |(start, weights): &(i64, [f32; 2 * REACH as usize])| {
            let samples = &around[(start - first) as usize..];
            weights.iter().zip(samples).map(|(weight, sample)| weight * sample).sum()
        };
        self.values.iter().map(value).collect()
    }
}

fn sinc(distance: f64) -> f64 {
    // What is zero in theory must not become a rest of the sine.
    if distance.abs() < 1e-9 { 1.0 } else { (PI * distance).sin() / (PI * distance) }
}
