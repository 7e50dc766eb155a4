//! `exp`, `sigmoid`, `silu` and `tanh` without branches or calls, so that loops over them vectorise.

/// `e^x` within two units in the last place for `-87 < x < 88`, and at the bounds beyond. NaN
/// stays NaN.
///
/// `x = n·ln 2 + r` with `|r| ≤ ln 2 / 2`; `2^n` goes into the exponent and `e^r` is the polynomial
/// `1 + r + r² q(r)` of degree 6 whose largest relative error there is least, `2^-27`.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Adding 1.5 · 2^23 rounds to an integer and leaves it in the low bits of the mantissa, and
    // 127 more make it the exponent's bits.
    const ROUND: f32 = 12_582_912.0 + 127.0;
    // ln 2 in two parts: the first has few enough bits that its multiples are exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    const Q: [f32; 5] = [0.499_999_94, 0.166_665_2, 4.166_839_3e-2, 8.368_781e-3, 1.381_446_7e-3];
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN_2[0]) - n * LN_2[1];
    let square = r * r;
    // By twos: one after the other, each term would wait for the one before.
    let high = Q[2] + Q[3] * r + Q[4] * square;
    let q = Q[0] + Q[1] * r + high * square;
    (1.0 + (r + q * square)) * f32::from_bits(shifted.to_bits() << 23)
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `x σ(x)`.
#[inline(always)]
pub(crate) fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// The slope of [`silu`], `σ + x σ (1 − σ)`.
#[inline(always)]
pub(crate) fn silu_slope(x: f32) -> f32 {
    let s = sigmoid(x);
    s * (1.0 + x * (1.0 - s))
}

/// `tanh x` within three units in the last place.
///
/// Near 0 the odd polynomial of Cephes' `tanhf` (Moshier 1992), elsewhere `1 − 2 / (e^2|x| + 1)`.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    const NEAR: f32 = 0.625;
    let (size, square) = (x.abs(), x * x);
    let far = (1.0 - 2.0 / (exp(2.0 * size) + 1.0)).copysign(x);
    let mut sum = -5.704_988_7e-3;
    for factor in [2.063_909e-2, -5.373_971_6e-2, 1.333_144_2e-1, -3.333_328e-1] {
        sum = sum * square + factor;
    }
    let near = x + x * square * sum;
    if size < NEAR { near } else { far }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_two_units_in_the_last_place() {
        for step in 0..200_000 {
            let x = -87.0 + step as f32 * (175.0 / 200_000.0);
            let expected = f64::from(x).exp();
            let error = (f64::from(exp(x)) - expected).abs() / expected;
            assert!(error < 2.0 * f64::from(f32::EPSILON), "exp({x}): {error:e}");
        }
    }

    #[test]
    fn tanh_is_within_three_units_in_the_last_place() {
        for step in 1..200_000 {
            let x = step as f32 * (10.0 / 200_000.0);
            let expected = f64::from(x).tanh();
            let error = (f64::from(tanh(x)) - expected).abs() / expected;
            assert!(error < 3.0 * f64::from(f32::EPSILON), "tanh({x}): {error:e}");
            assert_eq!(tanh(-x), -tanh(x));
        }
    }

    #[test]
    fn known_values_and_extremes_hold() {
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(sigmoid(0.0), 0.5);
        assert_eq!(tanh(0.0), 0.0);
        assert_eq!(sigmoid(1e30), 1.0);
        assert!(sigmoid(-1e30) < 1e-37);
        assert_eq!(tanh(f32::NEG_INFINITY), -1.0);
        assert_eq!(tanh(1e30), 1.0);
        assert!(exp(f32::NAN).is_nan() && tanh(f32::NAN).is_nan());
    }
}
