//! The measures of one beat.

use generativa_random::Stream;

use super::patient::{Measures, Patient};
use super::rhythm::Interval;
use super::{Change, Kind, Rhythm};

/// What tells a beat from others of its kind and patient.
#[derive(Clone, Debug)]
pub(super) struct Traits {
    /// Seconds.
    pub(super) qrs_width: f64,
    /// Of the first lead, mV.
    pub(super) st_level: f64,
    /// Of the first lead, mV.
    pub(super) t_amplitude: f64,
    /// Seconds; `None` without P.
    pub(super) pr: Option<f64>,
    /// The QRS as a share of its usual height.
    pub(super) height: f64,
    /// The square root of the sinus interval, s: how far P and T lie from R (McSharry 2003).
    pub(super) distance: f64,
}

impl Traits {
    /// Those of a beat of `kind` at the end of `interval`; `variability` is that between beats.
    pub(super) fn draw(
        (kind, rhythm): (Kind, Rhythm),
        patient: &Patient,
        measures: Measures,
        interval: Interval,
        variability: f64,
        stream: &mut Stream,
    ) -> Self {
        let mut around =
            |deviation: f64| 1.0 + variability * deviation * stream.normal().clamp(-3.0, 3.0);
        let upwards = patient.ectopic.signum();
        let Measures { qrs_width, st_level, t_amplitude, .. } = measures;
        // ST and T point away from a wide QRS: what is excited last recovers last.
        let (qrs_width, st_level, t_amplitude) = match kind {
            Kind::Normal | Kind::Atrial => (qrs_width, st_level, t_amplitude),
            Kind::Ventricular => (patient.ectopic_width, -0.12 * upwards, -0.5 * upwards),
            Kind::LeftBundle => (patient.blocked_width, st_level - 0.08, -0.12 - 0.5 * t_amplitude),
            Kind::RightBundle => (patient.blocked_width, st_level, 0.9 * t_amplitude),
        };
        let distance = interval.seconds.sqrt();
        let pr = (patient.pr * distance + around(0.004) - 1.0).max(0.1);
        let led_by_atria = kind != Kind::Ventricular && rhythm == Rhythm::Sinus;
        Self {
            qrs_width: qrs_width * around(0.015),
            st_level: st_level + around(0.012) - 1.0,
            t_amplitude: t_amplitude * around(0.04),
            pr: led_by_atria.then_some(pr),
            // The heart turns and the chest widens with the breath.
            height: around(0.02) * (1.0 + 0.03 * variability * interval.breath.clamp(-3.0, 3.0)),
            distance,
        }
    }

    /// The same with a change; [`Change::Early`] changes none of them.
    pub(super) fn changed(&self, change: Change, stream: &mut Stream) -> Self {
        let mut within = |low: f64, high: f64| low + (high - low) * stream.uniform();
        let mut changed = self.clone();
        match change {
            Change::LongPr => changed.pr = self.pr.map(|pr| pr + within(0.08, 0.14)),
            Change::WideQrs => {
                changed.qrs_width = (self.qrs_width * within(1.6, 2.0)).max(0.13);
                // The QRS begins earlier by half of what it gains, and P stays.
                let gained = (changed.qrs_width - self.qrs_width) / 2.0;
                changed.pr = self.pr.map(|pr| pr - gained);
            }
            Change::StElevation => changed.st_level += within(0.2, 0.4),
            Change::StDepression => changed.st_level -= within(0.2, 0.4),
            Change::FlatT => changed.t_amplitude *= within(0.0, 0.1),
            Change::InvertedT => {
                changed.t_amplitude = -(self.t_amplitude * within(0.7, 1.1)).max(0.1);
            }
            Change::TallT => changed.t_amplitude += within(0.4, 0.7),
            Change::Early => {}
        }
        changed
    }
}
