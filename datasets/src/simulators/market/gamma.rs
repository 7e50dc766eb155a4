//! Gamma variates.

use generativa_random::Stream;

/// A gamma variate of this shape (above 0) and scale 1 (Marsaglia & Tsang 2000, ACM Trans. Math.
/// Softw. 26:363). Mean and variance are `shape`.
pub(super) fn gamma(stream: &mut Stream, shape: f64) -> f64 {
    if shape < 1.0 {
        // Their section 6.
        let power = libm::log(1.0 - stream.uniform()) / shape;
        return gamma(stream, shape + 1.0) * libm::exp(power);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = stream.normal();
        let v = (1.0 + c * x) * (1.0 + c * x) * (1.0 + c * x);
        let u = 1.0 - stream.uniform();
        if v > 0.0 && libm::log(u) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return d * v;
        }
    }
}
