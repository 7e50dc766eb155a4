//! Who is recorded: a person's own measures, and how they wander over minutes.

use generativa_random::Stream;

use super::Settings;

/// Seconds after which a wandering measure has forgotten all but a third of where it was.
const MEMORY: f64 = 90.0;

/// A person's own measures. Heights in mV are those of MLII and V1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Patient {
    /// Beats a minute.
    pub(super) heart_rate: f64,
    /// Deviation of RR by blood pressure and by breath, as shares of the mean interval.
    pub(super) rr_waves: [f64; 2],
    /// P: heights, and its width, s.
    pub(super) p: [f64; 2],
    pub(super) p_width: f64,
    /// From the beginning of P to that of the QRS at an RR interval of 1 s, s.
    pub(super) pr: f64,
    /// Heights of Q, R and S, and the width of all, s.
    pub(super) qrs: [[f64; 2]; 3],
    pub(super) qrs_width: f64,
    /// Of the first lead, mV, and how much of it the second shows.
    pub(super) st_level: f64,
    pub(super) st_in_second: f64,
    /// T in the first lead, mV, and how much of it the second shows.
    pub(super) t_amplitude: f64,
    pub(super) t_in_second: f64,
    /// From R to the peak of T at an RR interval of 1 s, s; its widths before and behind the peak.
    pub(super) t_distance: f64,
    pub(super) t_rise: f64,
    pub(super) t_fall: f64,
    /// Ventricular beats: height, positive where they point up in the first lead, and width, s.
    pub(super) ectopic: f64,
    pub(super) ectopic_width: f64,
    /// Width of beats with a bundle branch block, s.
    pub(super) blocked_width: f64,
    /// Frequency of fibrillatory waves, Hz, and their heights.
    pub(super) fibrillation: f64,
    pub(super) fibrillation_heights: [f64; 2],
}

impl Patient {
    pub(super) fn draw(settings: &Settings) -> Self {
        let mut stream = Stream::named(settings.seed, "ecg patient");
        let between = settings.between_patients;
        // Lengths and heights are positive and spread by shares; nobody lies beyond 2.5 deviations.
        let mut own = |usual: f64, share: f64| {
            usual * libm::exp(between * share * stream.normal().clamp(-2.5, 2.5))
        };
        let drawn_rate = own(72.0, 0.16).clamp(55.0, 95.0);
        // The paper's ratio of the two powers is a half; in people it varies widely.
        let rr_waves = [own(0.024, 0.25), own(0.030, 0.25)];
        let mut patient = Self {
            heart_rate: settings.heart_rate.unwrap_or(drawn_rate),
            rr_waves,
            p: [own(0.14, 0.25), own(0.06, 0.4)],
            p_width: own(0.021, 0.12),
            pr: own(0.165, 0.1),
            qrs: [
                [-own(0.09, 0.4), own(0.22, 0.35)],
                [own(1.15, 0.2), -own(0.95, 0.25)],
                [-own(0.2, 0.4), -own(0.12, 0.4)],
            ],
            qrs_width: own(0.092, 0.08).clamp(0.07, 0.115),
            st_level: own(1.0, 0.04) - 1.0,
            st_in_second: -own(0.5, 0.2),
            t_amplitude: own(0.3, 0.25),
            t_in_second: own(1.0, 0.3) - 0.7,
            t_distance: own(0.31, 0.05),
            t_rise: own(0.058, 0.1),
            t_fall: own(0.036, 0.1),
            ectopic: own(1.5, 0.2),
            ectopic_width: own(0.155, 0.06).max(0.13),
            blocked_width: own(0.145, 0.04).max(0.13),
            fibrillation: own(6.0, 0.1).clamp(4.5, 7.5),
            fibrillation_heights: [own(0.05, 0.2), own(0.09, 0.2)],
        };
        // A focus in the right ventricle spreads downwards, one in the left upwards.
        if stream.chance(0.4) {
            patient.ectopic = -patient.ectopic;
        }
        patient
    }
}

/// The four measures that wander, as they are now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measures {
    /// Beats a minute.
    pub(super) heart_rate: f64,
    /// Seconds.
    pub(super) qrs_width: f64,
    /// mV.
    pub(super) st_level: f64,
    /// mV.
    pub(super) t_amplitude: f64,
}

/// Four normal values that wander independently.
#[derive(Clone, Debug)]
pub(super) struct Wandering {
    stream: Stream,
    values: [f64; 4],
}

impl Wandering {
    pub(super) fn new(seed: u64) -> Self {
        let mut stream = Stream::named(seed, "ecg spread");
        let values = [(); 4].map(|()| stream.normal());
        Self { stream, values }
    }

    pub(super) fn advance(&mut self, seconds: f64) {
        let kept = libm::exp(-seconds / MEMORY);
        let fresh = (1.0 - kept * kept).sqrt();
        self.values = self.values.map(|value| kept * value + fresh * self.stream.normal());
    }

    /// Between the patient's own measures (`spread` 0) and values even in the ranges of healthy
    /// adults (1).
    pub(super) fn measures(&self, patient: &Patient, spread: f64) -> Measures {
        let moved = |index: usize, own: f64, low: f64, high: f64| {
            // The distribution function of a normal value is evenly distributed.
            let even = 0.5 + 0.5 * libm::erf(self.values[index] * std::f64::consts::FRAC_1_SQRT_2);
            own + spread * (low + (high - low) * even - own)
        };
        Measures {
            heart_rate: moved(0, patient.heart_rate, 50.0, 120.0),
            qrs_width: moved(1, patient.qrs_width, 0.07, 0.12),
            st_level: moved(2, patient.st_level, -0.2, 0.2),
            t_amplitude: moved(3, patient.t_amplitude, 0.1, 0.6),
        }
    }
}
