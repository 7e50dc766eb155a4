//! When the heart is led to beat.

use generativa_random::Stream;

use super::curves::Oscillation;
use super::patient::Patient;
use super::{Rhythm, Settings};

/// The shortest RR interval that is led, s.
const SHORTEST: f64 = 0.3;

/// RR intervals, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Tachogram {
    stream: Stream,
    rhythm: Rhythm,
    /// Standard deviation as a share of the mean interval: of each wave, and of slow noise.
    deviations: [f64; 3],
    waves: [Oscillation; 3],
}

/// An RR interval.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interval {
    /// Its length, s.
    pub(super) seconds: f64,
    /// The state of the breath at its end, of unit variance.
    pub(super) breath: f64,
}

impl Tachogram {
    pub(super) fn new(settings: &Settings, patient: &Patient) -> Self {
        let mut stream = Stream::named(settings.seed, "ecg tachogram");
        // Centres and widths of the paper; below them a third, without which a day is too even.
        let waves = [(0.1, 0.01), (0.25, 0.01), (0.0, 0.005)];
        let waves = waves.map(|(centre, width)| Oscillation::new(centre, width, &mut stream));
        let [low, high] = patient.rr_waves;
        let deviations = [low, high, 0.4 * low].map(|share| settings.between_beats * share);
        Self { stream, rhythm: settings.rhythm, deviations, waves }
    }

    /// The interval that begins `elapsed` seconds after the one before began, at a mean rate in
    /// beats a minute.
    pub(super) fn next(&mut self, elapsed: f64, rate: f64) -> Interval {
        let [low, high, slow] =
            self.waves.each_mut().map(|wave| wave.advance(elapsed, &mut self.stream));
        let share = match self.rhythm {
            Rhythm::Sinus => {
                let [of_low, of_high, of_slow] = self.deviations;
                (of_low * low + of_high * high + of_slow * slow).max(-0.5)
            }
            // The node lets waves of the atria through without memory; a spread of a quarter.
            Rhythm::AtrialFibrillation => {
                let spread = 0.22;
                libm::exp(spread * self.stream.normal() - spread * spread / 2.0) - 1.0
            }
        };
        Interval { seconds: (60.0 / rate * (1.0 + share)).max(SHORTEST), breath: high }
    }
}
