//! The curve of one beat.

use super::Kind;
use super::patient::Patient;
use super::traits::Traits;

/// Standard deviations from its centre at which a wave ends, at 3e-4 of its height.
const END: f64 = 4.0;

/// A Gaussian in time, of one width before its peak and another behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wave {
    /// Seconds after R.
    pub(super) centre: f64,
    /// Standard deviation before the peak, s.
    pub(super) rise: f64,
    /// Standard deviation behind the peak, s.
    pub(super) fall: f64,
    /// Height in each lead, mV.
    pub(super) heights: [f64; 2],
}

/// The waves of a beat.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    p: Option<Wave>,
    qrs: [Wave; 3],
    st: Wave,
    t: Wave,
}

/// A piece of both leads that waves are added to.
#[derive(Clone, Debug)]
pub(super) struct Strip {
    /// Frames a second.
    pub(super) frequency: f64,
    /// The first frame of the piece; negative before the recording.
    pub(super) start: i64,
    /// mV, the leads of one length.
    pub(super) leads: [Vec<f64>; 2],
}

impl Strip {
    /// Adds a beat whose R lies `at` seconds, `scale` times as high.
    pub(super) fn add(&mut self, shape: &Shape, at: f64, scale: f64) {
        for wave in shape.waves() {
            let centre = (at + wave.centre) * self.frequency;
            let heights = wave.heights.map(|height| scale * height);
            let after = libm::ceil(centre);
            let (rise, fall) = (wave.rise * self.frequency, wave.fall * self.frequency);
            self.slope(after as i64, 1, after - centre, fall, heights);
            self.slope(after as i64 - 1, -1, centre - after + 1.0, rise, heights);
        }
    }

    /// Half a wave, from the frame next to its peak away from it. `offset` is the distance of that
    /// frame from the peak and `width` the standard deviation, in frames.
    fn slope(&mut self, first: i64, step: i64, offset: f64, width: f64, heights: [f64; 2]) {
        // The ratio of neighbours is itself a geometric sequence: three exponentials a slope.
        let double = 2.0 * width * width;
        let mut value = libm::exp(-offset * offset / double);
        let mut ratio = libm::exp(-(2.0 * offset + 1.0) / double);
        let bend = libm::exp(-2.0 / double);
        let count = (END * width - offset).max(0.0) as i64;
        let [one, two] = &mut self.leads;
        for index in 0..count {
            let place = usize::try_from(first - self.start + step * index);
            if let Some(place) = place.ok().filter(|&place| place < one.len()) {
                one[place] += heights[0] * value;
                two[place] += heights[1] * value;
            }
            value *= ratio;
            ratio *= bend;
        }
    }
}

impl Shape {
    /// Seconds before R at which the earliest P of any beat begins, with room to spare.
    pub(super) const BEFORE: f64 = 0.8;
    /// Seconds after R at which the latest T of any beat ends, with room to spare.
    pub(super) const AFTER: f64 = 1.4;

    /// The curve of a beat.
    pub(super) fn new(kind: Kind, patient: &Patient, traits: &Traits) -> Self {
        let qrs = ventricles(kind, patient, traits);
        let (begin, end) = extent(&qrs);
        let p = traits.pr.map(|pr| {
            // From another place in the atria, P turns round and narrows.
            let (heights, narrower) = match kind {
                Kind::Atrial => ([-0.6 * patient.p[0], 1.2 * patient.p[1]], 0.75),
                _ => (patient.p, 1.0),
            };
            let width = narrower * patient.p_width;
            Wave { centre: begin - pr + 2.0 * width, rise: width, fall: width, heights }
        });
        let (slower, later, t_in_second, st_in_second) = match kind {
            Kind::Normal | Kind::Atrial => (1.0, 0.0, patient.t_in_second, patient.st_in_second),
            Kind::Ventricular => (1.25, 0.03, -0.8, -1.0),
            Kind::LeftBundle => (1.15, 0.025, -1.4, -1.5),
            Kind::RightBundle => (1.1, 0.02, -0.9, -0.5),
        };
        let distance = traits.distance;
        let t = Wave {
            centre: patient.t_distance * distance + later,
            rise: slower * patient.t_rise * distance,
            fall: slower * patient.t_fall * distance,
            heights: [traits.t_amplitude, t_in_second * traits.t_amplitude],
        };
        // Off the line by a third at the end of the QRS already, highest 0.1 s later.
        let segment = (t.centre - end).max(0.1);
        let (centre, rise, fall) = (end + 0.4 * segment, 0.27 * segment, 0.3 * segment);
        let heights = [traits.st_level, st_in_second * traits.st_level];
        let st = Wave { centre, rise, fall, heights };
        Self { p, qrs, st, t }
    }

    fn waves(&self) -> impl Iterator<Item = &Wave> {
        self.p.iter().chain(&self.qrs).chain([&self.st, &self.t])
    }

    /// Beginning and end of the QRS, seconds after R.
    pub(super) fn qrs(&self) -> (f64, f64) {
        extent(&self.qrs)
    }

    /// The peak of T, seconds after R.
    pub(super) fn t_peak(&self) -> f64 {
        self.t.centre
    }
}

/// Two standard deviations around all of them, s.
fn extent(waves: &[Wave]) -> (f64, f64) {
    let begin = waves.iter().map(|wave| wave.centre - 2.0 * wave.rise);
    let end = waves.iter().map(|wave| wave.centre + 2.0 * wave.fall);
    (begin.fold(f64::INFINITY, f64::min), end.fold(f64::NEG_INFINITY, f64::max))
}

/// The QRS: centres and widths in s, stretched to the width asked for, and heights in mV.
fn ventricles(kind: Kind, patient: &Patient, traits: &Traits) -> [Wave; 3] {
    let [q, r, s] = patient.qrs;
    let (tall, up) = (r[0], patient.ectopic);
    let waves = match kind {
        Kind::Normal | Kind::Atrial => [(-0.03, 0.009, q), (0.0, 0.011, r), (0.03, 0.009, s)],
        Kind::Ventricular => [
            (-0.032, 0.012, [0.12 * up, 0.1 * up]),
            (0.0, 0.022, [up, -0.8 * up]),
            (0.042, 0.018, [0.4 * up, -0.5 * up]),
        ],
        Kind::LeftBundle => [
            (-0.030, 0.013, [0.55 * tall, -0.1]),
            (0.010, 0.016, [0.85 * tall, -1.3 * tall]),
            (0.042, 0.013, [0.4 * tall, -0.4 * tall]),
        ],
        Kind::RightBundle => [
            (-0.026, 0.009, [q[0], 0.25]),
            (0.0, 0.011, [0.9 * tall, -0.5]),
            (0.052, 0.018, [-0.35 * tall, 0.7 * tall]),
        ],
    };
    let mut waves = waves.map(|(centre, width, heights): (f64, f64, [f64; 2])| Wave {
        centre,
        rise: width,
        fall: width,
        heights: heights.map(|height| traits.height * height),
    });
    let (begin, end) = extent(&waves);
    let stretch = traits.qrs_width / (end - begin);
    for wave in &mut waves {
        wave.centre *= stretch;
        wave.rise *= stretch;
        wave.fall *= stretch;
    }
    waves
}
