//! The values of every column, told apart by at most 254 thresholds: trees then need to look at
//! bins instead of rows.

use rayon::prelude::*;

/// Thresholds, and the bin of every value.
#[derive(Debug)]
pub(super) struct Bins {
    /// A column: rising thresholds; bin `b` holds the values above threshold `b - 1` up to `b`.
    pub(super) thresholds: Vec<Vec<f64>>,
    /// A column: the bin of every row.
    pub(super) bins: Vec<Vec<u8>>,
}

impl Bins {
    /// At most `count` bins a column of `rows`, whose values are finite.
    pub(super) fn of(rows: &[Vec<f64>], count: usize) -> Self {
        let column = |column: usize| {
            let values: Vec<f64> = rows.iter().map(|row| row[column]).collect();
            let thresholds = thresholds(&values, count);
            let bin = |x: &f64| thresholds.partition_point(|threshold| threshold < x) as u8;
            let bins = values.iter().map(bin).collect();
            (thresholds, bins)
        };
        let (thresholds, bins) = (0..rows[0].len()).into_par_iter().map(column).unzip();
        Self { thresholds, bins }
    }
}

/// The middles between neighbours where there are at most `count` values; else quantiles, the mean
/// of two values where one ends just at a value (R's second definition, Hyndman & Fan 1996).
fn thresholds(values: &[f64], count: usize) -> Vec<f64> {
    let mut rising = values.to_vec();
    rising.sort_unstable_by(f64::total_cmp);
    let mut distinct = rising.clone();
    distinct.dedup();
    let mut thresholds: Vec<f64> = if distinct.len() <= count {
        distinct.windows(2).map(|pair| pair[0] + (pair[1] - pair[0]) / 2.0).collect()
    } else {
        let quantile = |number: usize| {
            let (place, rest) = (rising.len() * number / count, rising.len() * number % count);
            let above = rising[place];
            if rest > 0 { above } else { (rising[place - 1] + above) / 2.0 }
        };
        (1..count).map(quantile).collect()
    };
    thresholds.dedup();
    thresholds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_are_parted_in_their_middles_and_many_by_quantiles() {
        assert_eq!(thresholds(&[3.0, 1.0, 1.0, 2.0], 3), [1.5, 2.5]);
        assert_eq!(thresholds(&[1.0; 9], 3), [0.0; 0]);
        // A quarter of 1..=8 ends after the second; a third of it within the third.
        let values: Vec<f64> = (1..=8).map(f64::from).collect();
        assert_eq!(thresholds(&values, 4), [2.5, 4.5, 6.5]);
        assert_eq!(thresholds(&values, 3), [3.0, 6.0]);
    }

    #[test]
    fn a_value_at_a_threshold_is_below_it() {
        let rows: Vec<Vec<f64>> = (1..=8).map(|x| vec![f64::from(x)]).collect();
        assert_eq!(Bins::of(&rows, 3).bins[0], [0, 0, 0, 1, 1, 1, 2, 2]);
    }
}
