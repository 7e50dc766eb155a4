//! What drives a day, apart from what the model makes of it, so that many models can be tried on
//! the same days.

use generativa_random::Stream;

/// The random numbers of one day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shock {
    /// Logarithm of a uniform number: how far the surprise reaches.
    far: f64,
    /// Cosine of a random angle: which way.
    way: f64,
    /// Uniform: whether a skewed surprise turns out up or down.
    side: f64,
    /// Standard normal of the fast factor.
    pub(super) fast: f64,
    /// Standard normal of the slow factor.
    pub(super) slow: f64,
}

impl Shock {
    /// The next day's, in a fixed number of draws.
    pub(super) fn draw(stream: &mut Stream) -> Self {
        Self {
            far: libm::log(1.0 - stream.uniform()),
            way: libm::cos(std::f64::consts::TAU * stream.uniform()),
            side: stream.uniform(),
            fast: stream.normal(),
            slow: stream.normal(),
        }
    }
}

/// Student's t, stretched by `skew` above 0 and by `1 / skew` below (Fernández & Steel 1998), then
/// moved and scaled to mean 0 and variance 1.
pub(super) struct SkewedStudent {
    degrees: f64,
    skew: f64,
    /// Chance of the upper side.
    above: f64,
    mean: f64,
    deviation: f64,
}

impl SkewedStudent {
    pub(super) fn new(degrees: f64, skew: f64) -> Self {
        let above = skew * skew / (1.0 + skew * skew);
        // Mean size of a t variable.
        let half = |degrees: f64| libm::lgamma(degrees / 2.0);
        let ratio = libm::exp(half(degrees + 1.0) - half(degrees));
        let size = 2.0 * degrees.sqrt() * ratio / ((degrees - 1.0) * std::f64::consts::PI.sqrt());
        let square = degrees / (degrees - 2.0);
        let mean = size * (above * skew - (1.0 - above) / skew);
        let second = square * (above * skew * skew + (1.0 - above) / (skew * skew));
        Self { degrees, skew, above, mean, deviation: (second - mean * mean).sqrt() }
    }

    /// The surprise of a day (Bailey 1994 for the t variable).
    pub(super) fn of(&self, shock: &Shock) -> f64 {
        let radius = (libm::exp(-2.0 / self.degrees * shock.far) - 1.0) * self.degrees;
        let size = (radius.sqrt() * shock.way).abs();
        let value = if shock.side < self.above { size * self.skew } else { -size / self.skew };
        (value - self.mean) / self.deviation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(degrees: f64, skew: f64) -> [f64; 3] {
        let surprises = SkewedStudent::new(degrees, skew);
        let mut stream = Stream::named(1, "shocks");
        let values: Vec<f64> =
            (0..400_000).map(|_| surprises.of(&Shock::draw(&mut stream))).collect();
        [1, 2, 3].map(|power| values.iter().map(|x| x.powi(power)).sum::<f64>() / 400_000.0)
    }

    #[test]
    fn surprises_have_mean_zero_and_variance_one_and_lean_as_asked() {
        for (degrees, skew) in [(8.0, 1.0), (8.0, 0.8), (30.0, 1.3)] {
            let [mean, variance, third] = moments(degrees, skew);
            assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
            assert!(skew == 1.0 && third.abs() < 0.1 || third * (skew - 1.0) > 0.01, "{third}");
        }
    }
}
