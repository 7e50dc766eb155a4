//! Principal components (Pearson 1901) and their probabilistic reading (Tipping & Bishop 1999).

use faer::{Mat, Side};

/// The directions in which rows vary most.
#[derive(Clone, Debug)]
pub struct PrincipalComponents {
    mean: Vec<f64>,
    /// Unit vectors, that of the largest variance first.
    axes: Vec<Vec<f64>>,
    /// Variance along each axis, with the divisor n - 1; falling.
    variances: Vec<f64>,
}

impl PrincipalComponents {
    /// All components of `rows`, which have one length; at least two rows.
    pub fn fit(rows: &[Vec<f32>]) -> Self {
        assert!(rows.len() > 1, "components need at least two rows");
        let (count, width) = (rows.len() as f64, rows[0].len());
        assert!(rows.iter().all(|row| row.len() == width), "rows must have one length");
        let mean: Vec<f64> = (0..width)
            .map(|column| rows.iter().map(|row| f64::from(row[column])).sum::<f64>() / count)
            .collect();
        let centred = Mat::from_fn(rows.len(), width, |row, column| {
            f64::from(rows[row][column]) - mean[column]
        });
        let covariance = (centred.transpose() * &centred) * faer::Scale(1.0 / (count - 1.0));
        let parts = covariance
            .self_adjoint_eigen(Side::Lower)
            .expect("a symmetric matrix of finite values has its eigenvalues");
        // They come rising.
        let axis = |axis| (0..width).map(|row| parts.U()[(row, axis)]).collect();
        let axes = (0..width).rev().map(axis).collect();
        let variances = (0..width).rev().map(|axis| parts.S()[axis].max(0.0)).collect();
        Self { mean, axes, variances }
    }

    /// Variance along each component, falling.
    pub fn variances(&self) -> &[f64] {
        &self.variances
    }

    /// Squared distance of `row` from the plane of the first `count` components through the mean;
    /// with none, from the mean.
    pub fn residual(&self, row: &[f32], count: usize) -> f64 {
        let difference = self.above_mean(row);
        let explained: f64 = self.along(&difference, count).map(|length| length * length).sum();
        // Rounding may take a row on the plane below it.
        (difference.iter().map(|x| x * x).sum::<f64>() - explained).max(0.0)
    }

    /// `row` less the mean and its part in the plane of the first `count` components.
    pub fn remainder(&self, row: &[f32], count: usize) -> Vec<f64> {
        let mut difference = self.above_mean(row);
        let lengths: Vec<f64> = self.along(&difference, count).collect();
        for (axis, length) in self.axes.iter().zip(lengths) {
            difference.iter_mut().zip(axis).for_each(|(left, along)| *left -= length * along);
        }
        difference
    }

    /// How far `row` lies from the mean along each of the first `count` components, in its unit.
    pub fn coordinates(&self, row: &[f32], count: usize) -> Vec<f64> {
        self.along(&self.above_mean(row), count).collect()
    }

    /// Twice the negative log-likelihood of `row` under probabilistic components, less a constant:
    /// the first `count` with their variances, all other directions with the mean of the rest.
    pub fn surprise(&self, row: &[f32], count: usize) -> f64 {
        let rest = &self.variances[count..];
        let noise = rest.iter().sum::<f64>() / rest.len() as f64;
        let difference = self.above_mean(row);
        let within: f64 = self
            .along(&difference, count)
            .zip(&self.variances)
            .map(|(length, variance)| length * length / variance)
            .sum();
        within + self.residual(row, count) / noise
    }

    fn above_mean(&self, row: &[f32]) -> Vec<f64> {
        assert_eq!(row.len(), self.mean.len(), "a row of another length");
        row.iter().zip(&self.mean).map(|(&x, mean)| f64::from(x) - mean).collect()
    }

    fn along(&self, difference: &[f64], count: usize) -> impl Iterator<Item = f64> {
        let along = move |axis: &Vec<f64>| axis.iter().zip(difference).map(|(a, d)| a * d).sum();
        self.axes.iter().take(count).map(along)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use generativa_random::Stream;

    /// Rows of three values: deviations 3 along (0.6, 0.8, 0), 1 across it, 0.1 along the third,
    /// about (5, 0, -2).
    fn rows() -> Vec<Vec<f32>> {
        let mut stream = Stream::named(1, "components");
        let row = |_| {
            let (a, b, c) = (3.0 * stream.normal(), stream.normal(), 0.1 * stream.normal());
            [5.0 + 0.6 * a - 0.8 * b, 0.8 * a + 0.6 * b, -2.0 + c].map(|x| x as f32).to_vec()
        };
        (0..4000).map(row).collect()
    }

    #[test]
    fn the_directions_of_a_known_normal_are_found() {
        let found = PrincipalComponents::fit(&rows());
        let deviations: Vec<f64> = found.variances.iter().map(|variance| variance.sqrt()).collect();
        for (found, known) in deviations.iter().zip([3.0, 1.0, 0.1]) {
            assert!((found / known - 1.0).abs() < 0.05, "{deviations:?}");
        }
        assert!((found.axes[0][0].abs() - 0.6).abs() < 0.02, "{:?}", found.axes);
    }

    #[test]
    fn residuals_are_distances_from_the_plane() {
        let found = PrincipalComponents::fit(&rows());
        // Three along the first axis and two across it, from the mean.
        let row = [5.0 + 1.8 - 1.6, 2.4 + 1.2, -2.0];
        for (count, expected) in [(0, 13.0), (1, 4.0), (2, 0.0)] {
            let residual = found.residual(&row, count);
            let remainder = found.remainder(&row, count).iter().map(|x| x * x).sum::<f64>();
            assert!((residual - expected).abs() < 0.3, "{count}: {residual}");
            assert!((residual - remainder).abs() < 1e-9, "{count}: {residual} {remainder}");
        }
        let along = found.coordinates(&row, 2);
        assert!((along[0].abs() - 3.0).abs() < 0.3 && (along[1].abs() - 2.0).abs() < 0.3);
        // One deviation along each direction.
        let row = [5.0 + 1.8 - 0.8, 2.4 + 0.6, -1.9];
        assert!((found.surprise(&row, 2) - 3.0).abs() < 0.3, "{}", found.surprise(&row, 2));
    }
}
