//! What combinations of the nearest remembered rows explain of a row: a plane of its own for every
//! neighbourhood.
//!
//! Local linear reconstruction after Saul & Roweis 2003, equation 2, with the regulariser of its
//! appendix A.

use candle::Result;
use faer::linalg::solvers::Solve;
use faer::{Col, Mat, Side};

use super::NearestNeighbours;
use super::nearest_neighbours::Look;

/// Rows whose combinations explain others.
#[derive(Clone, Debug)]
pub struct LocalCombinations {
    near: NearestNeighbours,
    /// Products of every two rows.
    products: Mat<f64>,
}

impl LocalCombinations {
    /// Remembers `rows`, which have one length; at least one. Memory grows with the square of their
    /// number.
    pub fn fit(rows: Vec<Vec<f32>>) -> Result<Self> {
        let near = NearestNeighbours::fit(rows)?;
        let rows = near.rows();
        let wide = Mat::from_fn(rows.len(), rows[0].len(), |row, at| f64::from(rows[row][at]));
        let products = &wide * wide.transpose();
        Ok(Self { near, products })
    }

    /// The remembered rows by their distances.
    pub fn neighbours(&self) -> &NearestNeighbours {
        &self.near
    }

    /// Each of `rows` less the best combination of its `count` nearest remembered rows: their mean
    /// and a ridge regression on their differences from it, `ridge` added to the squares.
    pub fn remainders(&self, rows: &[Vec<f32>], count: usize, ridge: f64) -> Result<Vec<Vec<f32>>> {
        self.near.each(rows, |look, row| self.remainder(row, look, count, ridge))
    }

    fn remainder(&self, row: &[f32], look: &Look, count: usize, ridge: f64) -> Vec<f32> {
        let near = look.nearest(count);
        let size = near.len() as f64;
        // Products of differences from the mean follow from those of the rows.
        let mean_of = |products: &dyn Fn(usize) -> f64| {
            near.iter().map(|&one| products(one)).sum::<f64>() / size
        };
        let with_mean: Vec<f64> =
            near.iter().map(|&one| mean_of(&|other| self.products[(one, other)])).collect();
        let mean_square = with_mean.iter().sum::<f64>() / size;
        let row_with_mean = mean_of(&|one| look.products[one].into());
        let squares = Mat::from_fn(near.len(), near.len(), |i, j| {
            let own = if i == j { ridge } else { 0.0 };
            self.products[(near[i], near[j])] - with_mean[i] - with_mean[j] + mean_square + own
        });
        let target = Col::from_fn(near.len(), |i| {
            f64::from(look.products[near[i]]) - row_with_mean - with_mean[i] + mean_square
        });
        let factors = squares.llt(Side::Lower).expect("a ridge makes the squares definite");
        let shares = factors.solve(&target);
        let of_mean = (1.0 - shares.iter().sum::<f64>()) / size;
        let mut left = row.to_vec();
        for (&one, share) in near.iter().zip(shares.iter()) {
            let weight = (share + of_mean) as f32;
            left.iter_mut().zip(&self.near.rows()[one]).for_each(|(left, x)| *left -= weight * x);
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_of_neighbours_explain_their_plane_and_nothing_across_it() -> Result<()> {
        let rows = [[0f32, 0.0, 1.0], [4.0, 0.0, 1.0], [0.0, 4.0, 1.0], [40.0, 40.0, 1.0]];
        let square = LocalCombinations::fit(rows.map(|row| row.to_vec()).into())?;
        let left = |row: [f32; 3], ridge| {
            Ok::<_, candle::Error>(square.remainders(&[row.to_vec()], 3, ridge)?.swap_remove(0))
        };
        // Within the plane of the three near rows, which all have a third value of 1.
        let within = left([2.0, 1.0, 1.0], 1e-6)?;
        assert!(within.iter().all(|x| x.abs() < 1e-5), "{within:?}");
        let across = left([2.0, 1.0, 1.5], 1e-6)?;
        assert!((across[2] - 0.5).abs() < 1e-5, "{across:?}");
        // A heavy ridge leaves all but the mean, (4/3, 4/3, 1).
        let heavy = left([2.0, 1.0, 1.0], 1e9)?;
        assert!((heavy[0] - 2.0 / 3.0).abs() < 1e-5 && (heavy[1] + 1.0 / 3.0).abs() < 1e-5);
        Ok(())
    }
}
