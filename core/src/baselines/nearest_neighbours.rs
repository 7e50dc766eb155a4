//! Distances to remembered rows (Fix & Hodges 1951).

use candle::{Device, Result, Tensor};
use generativa_kernels::{Epilogue, linear};

/// Rows that are looked at together.
const AT_ONCE: usize = 128;

/// Rows by which others are judged.
#[derive(Clone, Debug)]
pub struct NearestNeighbours {
    rows: Vec<Vec<f32>>,
    /// The same, `[rows, width]`.
    table: Tensor,
    /// The square of each.
    squares: Vec<f32>,
}

/// How the remembered rows look from another row.
pub(super) struct Look {
    /// Its product with each.
    pub(super) products: Vec<f32>,
    /// Its squared distance from each, less its own square.
    distances: Vec<f32>,
}

impl NearestNeighbours {
    /// Remembers `rows`, which have one length; at least one.
    pub fn fit(rows: Vec<Vec<f32>>) -> Result<Self> {
        assert!(!rows.is_empty(), "neighbours need at least one row");
        assert!(rows.iter().all(|other| other.len() == rows[0].len()), "rows must have one length");
        let square = |row: &Vec<f32>| row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() as f32;
        Ok(Self { table: tensor(&rows)?, squares: rows.iter().map(square).collect(), rows })
    }

    /// The remembered rows.
    pub fn rows(&self) -> &[Vec<f32>] {
        &self.rows
    }

    /// Euclidean distance of each of `rows` from the remembered one nearest to it.
    pub fn distances(&self, rows: &[Vec<f32>]) -> Result<Vec<f64>> {
        // From the values themselves: a difference of products loses digits.
        self.each(rows, |look, row| {
            let near = &self.rows[look.nearest(1)[0]];
            let squares = row.iter().zip(near).map(|(a, b)| f64::from(a - b).powi(2));
            squares.sum::<f64>().sqrt()
        })
    }

    /// For each of `rows` the numbers of the `count` remembered rows nearest to it, the nearest
    /// first; fewer where fewer are remembered.
    pub fn nearest(&self, rows: &[Vec<f32>], count: usize) -> Result<Vec<Vec<usize>>> {
        self.each(rows, |look, _| look.nearest(count))
    }

    /// What `found` makes of how every remembered row looks from each of `rows`. A few rows at once:
    /// from all of many the memory would not hold it.
    pub(super) fn each<T>(
        &self,
        rows: &[Vec<f32>],
        mut found: impl FnMut(&Look, &[f32]) -> T,
    ) -> Result<Vec<T>> {
        let mut all = Vec::with_capacity(rows.len());
        for rows in rows.chunks(AT_ONCE) {
            let looks = self.looks(rows)?;
            all.extend(looks.iter().zip(rows).map(|(look, row)| found(look, row)));
        }
        Ok(all)
    }

    fn looks(&self, rows: &[Vec<f32>]) -> Result<Vec<Look>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        assert!(rows.iter().all(|row| row.len() == self.rows[0].len()), "a row of another length");
        let products = linear(&tensor(rows)?, &self.table, None, Epilogue::Identity)?;
        let look = |products: Vec<f32>| {
            let square = |(product, square): (&f32, &f32)| square - 2.0 * product;
            Look { distances: products.iter().zip(&self.squares).map(square).collect(), products }
        };
        Ok(products.to_vec2::<f32>()?.into_iter().map(look).collect())
    }
}

impl Look {
    pub(super) fn nearest(&self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.distances.len()).collect();
        let by_distance =
            |a: &usize, b: &usize| self.distances[*a].total_cmp(&self.distances[*b]).then(a.cmp(b));
        if count < order.len() {
            order.select_nth_unstable_by(count, by_distance);
            order.truncate(count);
        }
        order.sort_unstable_by(by_distance);
        order
    }
}

fn tensor(rows: &[Vec<f32>]) -> Result<Tensor> {
    Tensor::from_vec(rows.concat(), (rows.len(), rows[0].len()), &Device::Cpu)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rows_come_in_order_of_their_distance() -> Result<()> {
        let rows = [[0f32, 0.0, 1.0], [4.0, 0.0, 1.0], [0.0, 4.0, 1.0], [40.0, 40.0, 1.0]];
        let square = NearestNeighbours::fit(rows.map(|row| row.to_vec()).into())?;
        let rows = [vec![3.0, 0.0, 1.0], vec![3.0, 1.0, 1.0]];
        assert_eq!(square.distances(&rows)?, [1.0, 2f64.sqrt()]);
        assert_eq!(square.nearest(&rows, 3)?, [[1, 0, 2], [1, 0, 2]]);
        assert_eq!(square.nearest(&rows[1..], 9)?, [[1, 0, 2, 3]]);
        Ok(())
    }
}
