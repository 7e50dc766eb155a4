//! `exp`, `sigmoid`, `silu`, `tanh` and the normal distribution without branches or calls, so that
//! loops over them vectorise.

/// `e^x` within two units in the last place for `-87 < x < 88`, and at the bounds beyond. NaN
/// stays NaN.
///
/// `x = n·ln 2 + r` with `|r| ≤ ln 2 / 2`; `2^n` goes into the exponent and `e^r` is the polynomial
/// `1 + r + r² q(r)` of degree 6 whose largest relative error there is least, `2^-27`.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 88.0);
    power(x, |whole| (x - whole[0]) - whole[1])
}

/// `e^(high + low)` for a sum between -87 and 88 that no single number holds.
#[inline(always)]
fn exp_of_sum(high: f32, low: f32) -> f32 {
    power(high + low, |whole| ((high - whole[0]) - whole[1]) + low)
}

/// `e^x`, where `rest` takes a multiple of ln 2, in two parts, off `x`.
#[inline(always)]
fn power(x: f32, rest: impl Fn([f32; 2]) -> f32) -> f32 {
    // Adding 1.5 · 2^23 rounds to an integer and leaves it in the low bits of the mantissa, and
    // 127 more make it the exponent's bits.
    const ROUND: f32 = 12_582_912.0 + 127.0;
    // ln 2 in two parts: the first has few enough bits that its multiples are exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    const Q: [f32; 5] = [0.499_999_94, 0.166_665_2, 4.166_839_3e-2, 8.368_781e-3, 1.381_446_7e-3];
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = rest([n * LN_2[0], n * LN_2[1]]);
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

/// Where `Φ(-x)` comes to the end of the numbers of full precision.
const FAR: f32 = 12.9;

/// `Φ(x)`, the standard normal distribution function `(1 + erf(x / √2)) / 2`, and `e^(-x²/2)`, √(2π)
/// times its density. Both within four units in the last place, the left tail included, for
/// `|x| ≤ 12.9`, and at these bounds beyond. NaN stays NaN.
///
/// `Φ(-a) = e^(-a²/2) m(a)` and `Φ(a) = 1 − Φ(-a)`, where `m`, Mills' ratio over √(2π), falls slowly
/// from 1/2: a quotient of polynomials of degree 4 and 5 gives it with a relative error of `2^-27`,
/// and without a difference, because all coefficients are positive.
#[inline(always)]
pub(crate) fn normal(x: f32) -> [f32; 2] {
    let [_, tail, bell] = tail(x);
    [if x < 0.0 { tail } else { 1.0 - tail }, bell]
}

/// `a = |x|`, at most [`FAR`], `Φ(-a)` and `e^(-a²/2)`.
#[inline(always)]
fn tail(x: f32) -> [f32; 3] {
    const ABOVE: [f32; 5] = [0.5, 0.434_870_96, 0.180_681_65, 3.976_726_5e-2, 3.986_141_6e-3];
    const BELOW: [f32; 6] =
        [1.0, 1.667_626_7, 1.191_933_5, 0.462_724_45, 9.968_933_5e-2, 9.991_627e-3];
    let size = if x.abs() > FAR { FAR } else { x.abs() };
    // Twelve bits, whose square is exact: that of all, once rounded, would cost the power digits.
    let high = f32::from_bits(size.to_bits() & 0xffff_f000);
    let bell = exp_of_sum(-0.5 * high * high, -0.5 * (size - high) * (size + high));
    let square = size * size;
    let above = ABOVE[2] + ABOVE[3] * size + ABOVE[4] * square;
    let above = ABOVE[0] + ABOVE[1] * size + above * square;
    let below = BELOW[2] + BELOW[3] * size + (BELOW[4] + BELOW[5] * size) * square;
    let below = BELOW[0] + BELOW[1] * size + below * square;
    [size, bell * (above / below), bell]
}

/// `x Φ(x)`, as `max(x, 0) − |x| Φ(-|x|)`.
#[inline(always)]
pub(crate) fn gelu_erf(x: f32) -> f32 {
    // Beyond the bound what is taken off is 0 to any use.
    let [size, tail, _] = tail(x);
    x.max(0.0) - size * tail
}

/// The slope of [`gelu_erf`], `Φ(x) + x e^(-x²/2) / √(2π)`.
#[inline(always)]
pub(crate) fn gelu_erf_slope(x: f32) -> f32 {
    const DENSITY: f32 = 0.398_942_3; // 1 / √(2π)
    let [below, bell] = normal(x);
    below + DENSITY * x.clamp(-FAR, FAR) * bell
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
    fn the_normal_distribution_is_within_four_units_in_the_last_place() {
        for step in -200_000..=200_000 {
            let x = step as f32 * (FAR / 200_000.0);
            let exact = f64::from(x);
            let below = 0.5 * libm::erfc(-exact * std::f64::consts::FRAC_1_SQRT_2);
            let bell = (-0.5 * exact * exact).exp();
            for (found, expected) in normal(x).into_iter().zip([below, bell]) {
                let error = (f64::from(found) - expected).abs() / expected;
                assert!(error < 4.0 * f64::from(f32::EPSILON), "normal({x}): {error:e}");
            }
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
        assert_eq!(normal(0.0), [0.5, 1.0]);
        assert_eq!(normal(f32::INFINITY)[0], 1.0);
        assert!(normal(f32::NEG_INFINITY)[0] < 1e-37);
        assert!(normal(f32::NAN)[0].is_nan() && normal(f32::NAN)[1].is_nan());
    }
}
