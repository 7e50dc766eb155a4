//! Signals with known beats, for tests.

use std::fmt;

use generativa_random::Stream;

use super::detector::{Detector, Peak};

/// A beat: a QRS complex of one Gaussian wave, and a T wave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beat {
    /// The R peak, s.
    pub(super) time: f64,
    /// Its height, mV.
    pub(super) height: f64,
    /// The width of the complex, s: six standard deviations.
    pub(super) width: f64,
    /// The height of the T wave, mV, of 240 ms.
    pub(super) t_wave: f64,
}

/// Beats at equal intervals, s, from half of one on.
pub(super) fn regular(interval: f64, seconds: f64) -> Vec<Beat> {
    let count = (seconds / interval) as usize;
    let time = |index: usize| (index as f64 + 0.5) * interval;
    let beat = |index| Beat { time: time(index), height: 1.0, width: 0.08, t_wave: 0.25 };
    (0..count).map(beat).collect()
}

/// The signal of beats, mV.
pub(super) fn drawn(beats: &[Beat], frequency: f64, seconds: f64) -> Vec<f32> {
    let mut signal = vec![0.0; (seconds * frequency) as usize];
    for (index, beat) in beats.iter().enumerate() {
        let next = beats.get(index + 1).map_or(1.0, |next| next.time - beat.time);
        add_wave(&mut signal, frequency, beat.time, beat.width / 6.0, beat.height);
        // The faster the heart, the sooner it recovers (Bazett).
        let after = 0.3 * next.sqrt();
        add_wave(&mut signal, frequency, beat.time + after, 0.04, beat.t_wave);
    }
    signal
}

/// Adds a Gaussian wave of standard deviation `deviation`, s.
pub(super) fn add_wave(signal: &mut [f32], frequency: f64, time: f64, deviation: f64, height: f64) {
    let from = ((time - 5.0 * deviation) * frequency).max(0.0) as usize;
    let to = (((time + 5.0 * deviation) * frequency) as usize).min(signal.len());
    for (frame, value) in signal.iter_mut().enumerate().take(to).skip(from) {
        let distance = (frame as f64 / frequency - time) / deviation;
        *value += (height * (-distance * distance / 2.0).exp()) as f32;
    }
}

/// White noise, mV.
pub(super) fn noise(seed: u64, deviation: f32, count: usize) -> Vec<f32> {
    let mut noise = Stream::named(seed, "noise").normals(count);
    noise.iter_mut().for_each(|value| *value *= deviation);
    noise
}

/// The peaks of a recording in pieces of so many frames.
pub(super) fn detected(frequency: f64, leads: &[Vec<f32>], piece: usize) -> Vec<Peak> {
    let mut detector = Detector::new(frequency, leads.len()).expect("fit");
    let mut peaks = Vec::new();
    for start in (0..leads[0].len()).step_by(piece) {
        let end = (start + piece).min(leads[0].len());
        let part: Vec<Vec<f32>> = leads.iter().map(|lead| lead[start..end].to_vec()).collect();
        peaks.extend(detector.push(&part));
    }
    peaks.extend(detector.finish());
    peaks
}

/// Times of peaks, s.
pub(super) fn times(frequency: f64, peaks: &[Peak]) -> Vec<f64> {
    peaks.iter().map(|peak| peak.frame as f64 / frequency).collect()
}

/// What became of known times: the distances of those that were found, s, those that were missed,
/// and those found where there is none.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    pub(super) distances: Vec<f64>,
    pub(super) missed: Vec<f64>,
    pub(super) extra: Vec<f64>,
}

impl Outcome {
    /// Compares times in rising order, which match within 150 ms.
    pub(super) fn of(truth: &[f64], found: &[f64]) -> Self {
        let (mut outcome, mut truth, mut found) = (Self::default(), truth, found);
        while let ([first, rest @ ..], [other, others @ ..]) = (truth, found) {
            match other - first {
                apart if apart > 0.15 => {
                    outcome.missed.push(*first);
                    truth = rest;
                }
                apart if apart < -0.15 => {
                    outcome.extra.push(*other);
                    found = others;
                }
                apart => {
                    outcome.distances.push(apart);
                    (truth, found) = (rest, others);
                }
            }
        }
        outcome.missed.extend(truth);
        outcome.extra.extend(found);
        outcome
    }

    pub(super) fn sensitivity(&self) -> f64 {
        self.distances.len() as f64 / (self.distances.len() + self.missed.len()) as f64
    }

    pub(super) fn predictivity(&self) -> f64 {
        self.distances.len() as f64 / (self.distances.len() + self.extra.len()) as f64
    }

    pub(super) fn f1(&self) -> f64 {
        let wrong = self.missed.len() + self.extra.len();
        2.0 * self.distances.len() as f64 / (2 * self.distances.len() + wrong) as f64
    }

    /// The mean absolute distance, s.
    pub(super) fn error(&self) -> f64 {
        self.distances.iter().map(|apart| apart.abs()).sum::<f64>() / self.distances.len() as f64
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sensitivity, predictivity) = (100.0 * self.sensitivity(), 100.0 * self.predictivity());
        let (f1, error) = (100.0 * self.f1(), 1e3 * self.error());
        write!(out, "Se {sensitivity:.2} % +P {predictivity:.2} % F1 {f1:.2} % {error:.2} ms")?;
        let (missed, extra) = (self.missed.iter().take(5), self.extra.iter().take(5));
        write!(
            out,
            " missed {:.2?} extra {:.2?}",
            missed.collect::<Vec<_>>(),
            extra.collect::<Vec<_>>()
        )
    }
}
