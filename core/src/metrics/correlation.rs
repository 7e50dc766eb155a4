//! Correlation of values (Pearson) and of their ranks (Spearman 1904).

/// Spearman's correlation of two samples of one length: the Pearson correlation of their ranks,
/// equal values sharing the mean of their ranks.
///
/// From -1 (one falls wherever the other rises) to 1; 0 where either sample is constant or has
/// fewer than two values, since nothing then shows a relation. No value may be NaN.
pub fn spearman(first: &[f64], second: &[f64]) -> f64 {
    assert_eq!(first.len(), second.len(), "a correlation is of pairs");
    let (first, second) = (ranks(first), ranks(second));
    // Ranks of n values, shared or not, have the mean (n + 1) / 2.
    let mean = (first.len() + 1) as f64 / 2.0;
    let product = |a: &[f64], b: &[f64]| -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum()
    };
    let spread = (product(&first, &first) * product(&second, &second)).sqrt();
    if spread > 0.0 { product(&first, &second) / spread } else { 0.0 }
}

/// The Pearson correlations of samples of one length with each other, a row a sample: from -1 to 1,
/// 1 on the diagonal, 0 beside it for a sample that is constant.
pub fn correlation_matrix(samples: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let standard: Vec<Vec<f64>> = samples
        .iter()
        .map(|own| {
            let mean = own.iter().sum::<f64>() / own.len() as f64;
            let spread = own.iter().map(|value| (value - mean).powi(2)).sum::<f64>().sqrt();
            own.iter()
                .map(|value| if spread > 0.0 { (value - mean) / spread } else { 0.0 })
                .collect()
        })
        .collect();
    let entry = |row: usize, column: usize| match row == column {
        true => 1.0,
        false => standard[row].iter().zip(&standard[column]).map(|(a, b)| a * b).sum(),
    };
    let all = 0..samples.len();
    all.clone().map(|row| all.clone().map(|column| entry(row, column)).collect()).collect()
}

/// The rank of each value from 1; equal values share the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        for &index in equal {
            ranks[index] = before as f64 + (equal.len() + 1) as f64 / 2.0;
        }
        before += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rising_relation_scores_one_however_it_bends() {
        let x = [0.1, 0.5, 2.0, 3.0, 9.0];
        assert_eq!(spearman(&x, &x.map(f64::exp)), 1.0);
        assert_eq!(spearman(&x, &x.map(|x| -x.powi(3))), -1.0);
    }

    #[test]
    fn a_matrix_holds_the_correlation_of_every_pair() {
        let samples = [[1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0], [1.0, 3.0, 2.0, 4.0], [7.0; 4]];
        let found = correlation_matrix(&samples.map(Vec::from));
        let known = [
            [1.0, -1.0, 0.8, 0.0],
            [-1.0, 1.0, -0.8, 0.0],
            [0.8, -0.8, 1.0, 0.0],
            [0.0, 0.0, 0.0, 1.0],
        ];
        for (found, known) in found.iter().flatten().zip(known.iter().flatten()) {
            assert!((found - known).abs() < 1e-12, "{found} {known}");
        }
    }

    #[test]
    fn equal_values_share_their_rank() {
        assert_eq!(ranks(&[2.0, 1.0, 2.0, 5.0]), [2.5, 1.0, 2.5, 4.0]);
        // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5).
        let expected = 4.5 / 22.5f64.sqrt();
        let found = spearman(&[1.0, 2.0, 2.0, 3.0], &[1.0, 2.0, 3.0, 4.0]);
        assert!((found - expected).abs() < 1e-12, "{found}");
    }

    #[test]
    fn distinct_ranks_follow_the_formula_of_squared_differences() {
        // 1 - 6 * sum(d^2) / (n (n^2 - 1)) with d = 1, -1, 2, -1, -1.
        let found = spearman(&[1.0, 2.0, 3.0, 4.0, 5.0], &[2.0, 1.0, 5.0, 3.0, 4.0]);
        assert!((found - 0.6).abs() < 1e-12, "{found}");
    }

    #[test]
    fn a_constant_shows_no_relation() {
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[4.0; 3]), 0.0);
        assert_eq!(spearman(&[], &[]), 0.0);
    }
}
