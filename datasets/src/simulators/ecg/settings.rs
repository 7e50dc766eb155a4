//! What is asked of a recording.

use crate::{Error, Result};

/// What leads the heart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// The sinus node, at the pace of blood pressure and breathing.
    Sinus,
    /// Fibrillating atria: no P, waves of 4 to 8 Hz in its place, RR intervals without order.
    AtrialFibrillation,
}

impl Rhythm {
    /// The text that annotations of WFDB have at its beginning.
    pub fn text(self) -> &'static str {
        match self {
            Self::Sinus => "(N",
            Self::AtrialFibrillation => "(AFIB",
        }
    }
}

/// The probability that a beat is of a kind; what is left of 1 is normal.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shares {
    /// Premature ventricular.
    pub ventricular: f64,
    /// Premature atrial; 0 in fibrillation, which knows none.
    pub atrial: f64,
    /// Left bundle branch block.
    pub left_bundle: f64,
    /// Right bundle branch block.
    pub right_bundle: f64,
}

/// What a recorder adds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// Baseline wander by breath and electrodes, root mean square, mV.
    pub wander: f64,
    /// Muscle noise, 20 to 100 Hz, as signal-to-noise ratio in dB: ten times the logarithm of the
    /// power of the clean lead over that of the noise, each the variance over the recording, lead
    /// by lead. `None`: no muscle noise. To know the power, the clean leads are made once in
    /// advance.
    pub muscle: Option<f64>,
    /// Hum of the mains, amplitude in mV.
    pub powerline: f64,
    /// Frequency of the mains, Hz.
    pub mains: f64,
    /// Dropouts an hour in the mean. In each, both leads are 0 for 1 to 6 s.
    pub dropouts: f64,
}

impl Noise {
    /// None at all.
    pub const NONE: Self =
        Self { wander: 0.0, muscle: None, powerline: 0.0, mains: 60.0, dropouts: 0.0 };
}

/// What is asked of a recording. The patient is drawn from the seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The source of everything that is drawn.
    pub seed: u64,
    /// Frames a second, Hz.
    pub frequency: f64,
    /// Length, s.
    pub seconds: f64,
    /// Mean rate of the sinus node or, in fibrillation, of the ventricles, beats a minute. `None`:
    /// the patient's own, 55 to 95.
    pub heart_rate: Option<f64>,
    /// What leads the heart.
    pub rhythm: Rhythm,
    /// How many beats are of which kind.
    pub shares: Shares,
    /// How far patients lie from the textbook: 0 not at all, 1 as people do.
    pub between_patients: f64,
    /// How far beats and, in sinus rhythm, RR intervals lie from those of their patient: 0 not at
    /// all, 1 as in people at rest. Fibrillation is irregular at any.
    pub between_beats: f64,
    /// How far QRS width (70 to 120 ms), ST level (-0.2 to 0.2 mV), T amplitude (0.1 to 0.6 mV) and
    /// rate (50 to 120 a minute) wander from the patient's own, each on its own and over minutes:
    /// 0 not at all, 1 evenly through these ranges.
    pub spread: f64,
    /// What the recorder adds.
    pub noise: Noise,
    /// Probability that a normal beat has a planted change; PR, QRS, ST, T and time come alike.
    pub changes: f64,
}

impl Default for Settings {
    /// A minute of one patient's normal beats at the 360 Hz of the MIT-BIH database, without noise.
    fn default() -> Self {
        Self {
            seed: 1,
            frequency: 360.0,
            seconds: 60.0,
            heart_rate: None,
            rhythm: Rhythm::Sinus,
            shares: Shares::default(),
            between_patients: 1.0,
            between_beats: 1.0,
            spread: 0.0,
            noise: Noise::NONE,
            changes: 0.0,
        }
    }
}

impl Settings {
    /// Normal beats without noise.
    pub fn clean(seed: u64, seconds: f64) -> Self {
        Self { seed, seconds, ..Self::default() }
    }

    /// A day as a recorder worn at the belt has it: rate and shape go up and down, some beats come
    /// early, and electrodes and muscles are heard.
    pub fn holter(seed: u64) -> Self {
        Self {
            seed,
            seconds: 86_400.0,
            shares: Shares { ventricular: 0.01, atrial: 0.01, ..Shares::default() },
            spread: 0.4,
            noise: Noise {
                wander: 0.08,
                muscle: Some(18.0),
                powerline: 0.01,
                dropouts: 1.0,
                ..Noise::NONE
            },
            ..Self::default()
        }
    }

    /// Frames of the recording.
    pub fn frames(&self) -> u64 {
        libm::round(self.seconds * self.frequency) as u64
    }

    /// Fails where a number is outside of what can be simulated.
    pub fn check(&self) -> Result<()> {
        let Shares { ventricular, atrial, left_bundle, right_bundle } = self.shares;
        let largest_atrial = if self.rhythm == Rhythm::Sinus { 1.0 } else { 0.0 };
        let noise = &self.noise;
        for (what, value, low, high) in [
            // Below 100 Hz a Q or S wave falls between two frames.
            ("frequency in Hz", self.frequency, 100.0, 10_000.0),
            ("length in s", self.seconds, 0.0, 1e8),
            ("heart rate in beats a minute", self.heart_rate.unwrap_or(60.0), 30.0, 200.0),
            ("share of ventricular beats", ventricular, 0.0, 1.0),
            ("share of atrial beats in this rhythm", atrial, 0.0, largest_atrial),
            ("share of beats with left bundle branch block", left_bundle, 0.0, 1.0),
            ("share of beats with right bundle branch block", right_bundle, 0.0, 1.0),
            ("sum of shares", ventricular + atrial + left_bundle + right_bundle, 0.0, 1.0 + 1e-9),
            ("variability between patients", self.between_patients, 0.0, 2.0),
            ("variability between beats", self.between_beats, 0.0, 3.0),
            ("spread", self.spread, 0.0, 1.0),
            ("share of planted changes", self.changes, 0.0, 1.0),
            ("baseline wander in mV", noise.wander, 0.0, 10.0),
            ("muscle noise in dB", noise.muscle.unwrap_or(0.0), -40.0, 120.0),
            ("powerline noise in mV", noise.powerline, 0.0, 10.0),
            ("mains frequency in Hz", noise.mains, 0.0, 1000.0),
            ("dropouts an hour", noise.dropouts, 0.0, 600.0),
        ] {
            if !(low..=high).contains(&value) {
                let (what, found) = (format!("simulated recording, {what}"), value.to_string());
                return Err(Error::Unfit { what, expected: format!("{low} to {high}"), found });
            }
        }
        Ok(())
    }
}
