//! Normal shocks that go together.

use generativa_random::Stream;

use crate::{Error, Result};

/// The lower factor of a correlation matrix.
#[derive(Clone, Debug)]
pub(super) struct Correlation {
    /// `factor[row][..=row]`
    factor: Vec<Vec<f64>>,
}

impl Correlation {
    /// Factors a matrix (Cholesky). Fails where it is not square and symmetric with ones on its
    /// diagonal, or is not positive definite.
    pub(super) fn new(matrix: &[Vec<f64>]) -> Result<Self> {
        let unfit = |found: String| Error::Unfit {
            what: "simulated market, correlation".to_owned(),
            expected: "a symmetric, positive definite matrix with ones on its diagonal".to_owned(),
            found,
        };
        let mut factor: Vec<Vec<f64>> = Vec::with_capacity(matrix.len());
        for (row, values) in matrix.iter().enumerate() {
            if values.len() != matrix.len() {
                return Err(unfit(format!(
                    "{} values in row {row} of {}",
                    values.len(),
                    matrix.len()
                )));
            }
            let mut own: Vec<f64> = Vec::with_capacity(row + 1);
            for column in 0..=row {
                let value = values[column];
                if value != matrix[column][row] || (column == row && value != 1.0) {
                    return Err(unfit(format!("{value} in row {row}, column {column}")));
                }
                let other = if column == row { &own } else { &factor[column] };
                let known: f64 = own.iter().zip(other).take(column).map(|(a, b)| a * b).sum();
                let left = value - known;
                if column == row && left <= 1e-12 {
                    return Err(unfit(format!("row {row} follows from those before")));
                }
                own.push(if column == row { left.sqrt() } else { left / factor[column][column] });
            }
            factor.push(own);
        }
        Ok(Self { factor })
    }

    /// Normals with variance 1 and these correlations, one an asset, into `shocks`.
    pub(super) fn draw(&self, stream: &mut Stream, shocks: &mut [f64]) {
        for shock in shocks.iter_mut() {
            *shock = stream.normal();
        }
        // From the last on, since a row takes the draws of those before it.
        for (row, factors) in self.factor.iter().enumerate().rev() {
            shocks[row] =
                factors.iter().zip(shocks.iter()).map(|(factor, shock)| factor * shock).sum();
        }
    }
}
