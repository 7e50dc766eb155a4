//! Random curves in time, of unit variance, drawn as they go on.

use std::f64::consts::TAU;

use generativa_random::Stream;

/// Noise of a narrow band: a phase that turns at one frequency and forgets at `width`, the half
/// width of its spectrum. Sampled exactly at any times (Ornstein & Uhlenbeck 1930, in the plane).
#[derive(Clone, Debug)]
pub(super) struct Oscillation {
    frequency: f64,
    width: f64,
    point: [f64; 2],
}

impl Oscillation {
    /// `frequency` and `width` in Hz.
    pub(super) fn new(frequency: f64, width: f64, stream: &mut Stream) -> Self {
        Self { frequency, width, point: [stream.normal(), stream.normal()] }
    }

    /// The value `seconds` later.
    pub(super) fn advance(&mut self, seconds: f64, stream: &mut Stream) -> f64 {
        let kept = libm::exp(-TAU * self.width * seconds);
        let fresh = (1.0 - kept * kept).sqrt();
        let angle = TAU * self.frequency * seconds;
        let (sin, cos) = (kept * libm::sin(angle), kept * libm::cos(angle));
        let [x, y] = self.point;
        self.point = [
            cos * x - sin * y + fresh * stream.normal(),
            sin * x + cos * y + fresh * stream.normal(),
        ];
        self.point[0]
    }
}

/// A smooth curve: a cubic B-spline over normal draws.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    stream: Stream,
    spacing: f64,
    knots: [f64; 4],
    /// How far on from the second knot to the third, in spacings.
    place: f64,
}

impl Curve {
    /// `spacing`: seconds between knots. Nothing faster than half a wave in that time.
    pub(super) fn new(spacing: f64, mut stream: Stream) -> Self {
        let knots = [(); 4].map(|()| stream.normal());
        Self { stream, spacing, knots, place: 0.0 }
    }

    /// The value `seconds` later.
    pub(super) fn advance(&mut self, seconds: f64) -> f64 {
        self.place += seconds / self.spacing;
        while self.place >= 1.0 {
            let [_, b, c, d] = self.knots;
            self.knots = [b, c, d, self.stream.normal()];
            self.place -= 1.0;
        }
        let (u, [a, b, c, d]) = (self.place, self.knots);
        let v = 1.0 - u;
        let sum = v * v * v * a
            + (4.0 - 6.0 * u * u + 3.0 * u * u * u) * b
            + (4.0 - 6.0 * v * v + 3.0 * v * v * v) * c
            + u * u * u * d;
        // The squared weights sum to 151/315 in the mean over a spacing.
        sum / 6.0 * (315.0_f64 / 151.0).sqrt()
    }
}
