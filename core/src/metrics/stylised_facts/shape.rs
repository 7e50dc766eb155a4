//! What a distribution of returns looks like, whatever their order.

/// Mean of at least one value.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Mean of the `power`-th powers.
pub(super) fn moment(values: &[f64], power: i32) -> f64 {
    values.iter().map(|value| value.powi(power)).sum::<f64>() / values.len() as f64
}

/// Kurtosis minus that of a normal distribution, 3. NaN where all values are alike.
pub(super) fn excess_kurtosis(values: &[f64]) -> f64 {
    let centre = mean(values);
    let centred: Vec<f64> = values.iter().map(|value| value - centre).collect();
    moment(&centred, 4) / moment(&centred, 2).powi(2) - 3.0
}

/// Share of all values, as of a symmetric distribution, that are a tail.
const TAIL: f64 = 0.05;

/// Hill's estimate (1975) of the exponent of a power-law tail, from `falling` values, those above 0
/// being one side of a distribution. NaN for fewer than two of them.
pub(super) fn tail_index(falling: impl Iterator<Item = f64>) -> f64 {
    let side: Vec<f64> = falling.take_while(|&value| value > 0.0).collect();
    if side.len() < 2 {
        return f64::NAN;
    }
    // Ten values at least, or an estimate is noise.
    let tail = ((TAIL * side.len() as f64 * 2.0) as usize).max(10).min(side.len() - 1);
    let least = side[tail];
    tail as f64 / side[..tail].iter().map(|value| (value / least).ln()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_index_of_a_power_law_is_its_exponent() {
        // Quantiles of a Pareto distribution with exponent 3, from the highest.
        let falling = (1..=200_000).map(|rank| (rank as f64 / 200_001.0).powf(-1.0 / 3.0));
        let found = tail_index(falling);
        assert!((found - 3.0).abs() < 0.01, "{found}");
    }

    #[test]
    fn kurtosis_knows_two_values_and_a_third() {
        assert_eq!(excess_kurtosis(&[-1.0, 1.0]), -2.0);
        assert_eq!(excess_kurtosis(&[-1.0, 0.0, 0.0, 1.0]), -1.0);
    }
}
