//! Clusters by nearest mean (Lloyd 1982), begun with centres that lie apart (k-means++, Arthur &
//! Vassilvitskii 2007, in its greedy form).

use generativa_random::Stream;
use rayon::prelude::*;

/// Most rounds; clusters of a few thousand rows are settled after some dozens.
const ROUNDS: usize = 300;

/// Clusters of rows.
#[derive(Clone, Debug)]
pub struct KMeans {
    /// Mean of each cluster.
    pub centres: Vec<Vec<f64>>,
    /// The cluster of each row.
    pub labels: Vec<usize>,
}

impl KMeans {
    /// `clusters` clusters of at least so many `rows`, which have one length and finite values. The
    /// number of threads leaves no trace.
    pub fn fit(rows: &[Vec<f64>], clusters: usize, stream: &mut Stream) -> Self {
        assert!(clusters > 0 && rows.len() >= clusters, "a cluster needs a row");
        let mut centres = apart(rows, clusters, stream);
        let mut labels: Vec<usize> = Vec::new();
        for _ in 0..ROUNDS {
            let nearest: Vec<(usize, f64)> =
                rows.par_iter().map(|row| nearest(row, &centres)).collect();
            let found: Vec<usize> = nearest.iter().map(|(label, _)| *label).collect();
            if found == labels {
                break;
            }
            labels = found;
            centres = means(rows, &labels, &nearest, clusters);
        }
        Self { centres, labels }
    }
}

/// Rows to begin with: each next one is the best of a few that are drawn in proportion to their
/// squared distance from those before it.
fn apart(rows: &[Vec<f64>], clusters: usize, stream: &mut Stream) -> Vec<Vec<f64>> {
    let tries = 2 + (clusters as f64).ln() as usize;
    let to = |centre: &[f64]| -> Vec<f64> {
        rows.par_iter().map(|row| squared_distance(row, centre)).collect()
    };
    let mut centres = vec![stream.pick(rows).clone()];
    let mut distances = to(&centres[0]);
    while centres.len() < clusters {
        let all: f64 = distances.iter().sum();
        let drawn: Vec<usize> = (0..tries)
            // Rows that all coincide with centres leave nothing to draw by.
            .map(|_| if all > 0.0 { stream.weighted(&distances) } else { stream.below(rows.len()) })
            .collect();
        let with = |&row: &usize| -> (usize, Vec<f64>) {
            let closer = to(&rows[row]).into_iter().zip(&distances).map(|(a, &b)| a.min(b));
            (row, closer.collect())
        };
        let sum = |distances: &[f64]| distances.iter().sum::<f64>();
        let best = drawn
            .iter()
            .map(with)
            .reduce(|best, next| if sum(&next.1) < sum(&best.1) { next } else { best });
        let Some((row, closer)) = best else { break };
        centres.push(rows[row].clone());
        distances = closer;
    }
    centres
}

/// The mean of each cluster; one without rows moves to the row that is farthest from its own.
fn means(
    rows: &[Vec<f64>],
    labels: &[usize],
    nearest: &[(usize, f64)],
    clusters: usize,
) -> Vec<Vec<f64>> {
    let mut sums = vec![vec![0.0; rows[0].len()]; clusters];
    let mut counts = vec![0usize; clusters];
    for (row, &label) in rows.iter().zip(labels) {
        counts[label] += 1;
        sums[label].iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    let mut far: Vec<usize> = (0..rows.len()).collect();
    far.sort_by(|&a, &b| nearest[b].1.total_cmp(&nearest[a].1));
    let mut far = far.into_iter();
    for (sum, count) in sums.iter_mut().zip(counts) {
        if count > 0 {
            sum.iter_mut().for_each(|x| *x /= count as f64);
        } else if let Some(row) = far.next() {
            sum.clone_from(&rows[row]);
        }
    }
    sums
}

/// The nearest centre, the first of equals, and its squared distance.
fn nearest(row: &[f64], centres: &[Vec<f64>]) -> (usize, f64) {
    let distances = centres.iter().map(|centre| squared_distance(row, centre)).enumerate();
    distances.fold((0, f64::INFINITY), |best, next| if next.1 < best.1 { next } else { best })
}

fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clouds_that_lie_apart_are_found() {
        let mut stream = Stream::named(1, "clouds");
        let row = |row: usize| {
            let middle = 20.0 * (row % 5) as f64;
            vec![middle + stream.normal(), stream.normal() - middle]
        };
        let rows: Vec<Vec<f64>> = (0..500).map(row).collect();
        let found = KMeans::fit(&rows, 5, &mut Stream::named(2, "fit"));
        assert!((0..500).all(|row| found.labels[row] == found.labels[row % 5]));
        let first = &found.centres[found.labels[1]];
        assert!((first[0] - 20.0).abs() < 0.5 && (first[1] + 20.0).abs() < 0.5, "{first:?}");
    }

    #[test]
    fn rows_that_are_all_alike_are_one_cluster() {
        let found = KMeans::fit(&vec![vec![1.0]; 9], 3, &mut Stream::named(3, "fit"));
        assert!(found.labels.iter().all(|&label| label == found.labels[0]));
    }
}
