//! Quantiles of a sample, by linear interpolation between order statistics (Hyndman & Fan 1996,
//! definition 7).

/// The value below which the share `level` (0 to 1) of `values` lies, in their unit. `values`: any
/// order, at least one, none NaN.
pub fn quantile(values: &[f64], level: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    quantile_of_sorted(&sorted, level)
}

/// [`quantile`] of values that already rise.
pub fn quantile_of_sorted(sorted: &[f64], level: f64) -> f64 {
    assert!(!sorted.is_empty(), "a quantile needs at least one value");
    assert!((0.0..=1.0).contains(&level), "a quantile's level lies in 0..=1, not at {level}");
    let place = level * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + place.fract() * (above - below)
}

/// The quantile at one half.
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_an_even_number_of_values_lies_between_two() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&[7.0]), 7.0);
    }

    #[test]
    fn quantiles_of_equal_steps_are_linear_in_their_level() {
        let steps: Vec<f64> = (0..=20).map(f64::from).collect();
        assert_eq!(quantile(&steps, 0.0), 0.0);
        assert!((quantile(&steps, 0.05) - 1.0).abs() < 1e-12);
        assert!((quantile(&steps, 0.33) - 6.6).abs() < 1e-12);
        assert_eq!(quantile(&steps, 1.0), 20.0);
    }
}
