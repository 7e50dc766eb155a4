//! Whole windows from clusters, each a normal distribution: a mixture without any idea of time that
//! the usual scores of generated series take for real.

use anyhow::{Result, ensure};
use generativa_random::Stream;

use super::k_means::KMeans;
use crate::data::trading_day::Day;
use crate::metrics::window_statistics::with_log_range;

/// Keeps the log-odds of a close at the high or the low finite.
const EDGE: f64 = 0.02;

/// Clusters of windows.
#[derive(Clone, Debug)]
pub struct KMeansGaussian {
    mean: Vec<f64>,
    deviation: Vec<f64>,
    /// The cluster of each window learned from.
    labels: Vec<usize>,
    clusters: Vec<Cluster>,
}

#[derive(Clone, Debug, Default)]
struct Cluster {
    centre: Vec<f64>,
    /// Its windows less the centre.
    around: Vec<Vec<f64>>,
}

impl KMeansGaussian {
    /// `clusters` clusters of `windows`, which have one length.
    ///
    /// # Errors
    /// Fewer windows than clusters, or windows of unequal length.
    pub fn fit(windows: &[Vec<Day>], clusters: usize, stream: &mut Stream) -> Result<Self> {
        Self::fit_rows(windows.iter().map(|window| row(window)).collect(), clusters, stream)
    }

    /// The same of windows that are rows of any values.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn fit_rows(mut rows: Vec<Vec<f64>>, clusters: usize, stream: &mut Stream) -> Result<Self> {
        ensure!(
            clusters > 0 && rows.len() >= clusters,
            "k-means: expected at least one window a cluster, found {} windows for {clusters} \
             clusters",
            rows.len()
        );
        ensure!(
            rows.iter().all(|row| row.len() == rows[0].len()),
            "k-means: expected windows of one length, found others"
        );
        let count = rows.len() as f64;
        let over = |value: &dyn Fn(&[f64], usize) -> f64| -> Vec<f64> {
            let mean = |column| rows.iter().map(|row| value(row, column)).sum::<f64>() / count;
            (0..rows[0].len()).map(mean).collect()
        };
        let mean = over(&|row, column| row[column]);
        let variance = over(&|row, column| (row[column] - mean[column]).powi(2));
        // What never changes needs no scale.
        let scale = |v: f64| if v > 0.0 { v.sqrt() } else { 1.0 };
        let deviation: Vec<f64> = variance.into_iter().map(scale).collect();
        for row in &mut rows {
            for (x, (mean, deviation)) in row.iter_mut().zip(mean.iter().zip(&deviation)) {
                *x = (*x - mean) / deviation;
            }
        }
        let KMeans { centres, labels } = KMeans::fit(&rows, clusters, stream);
        let cluster = |centre: Vec<f64>| Cluster { centre, around: Vec::new() };
        let mut clusters: Vec<Cluster> = centres.into_iter().map(cluster).collect();
        for (mut row, &label) in rows.into_iter().zip(&labels) {
            row.iter_mut().zip(&clusters[label].centre).for_each(|(x, centre)| *x -= centre);
            clusters[label].around.push(row);
        }
        Ok(Self { mean, deviation, labels, clusters })
    }

    /// `count` windows of days, from windows of days.
    pub fn windows(&self, count: usize, stream: &mut Stream) -> Vec<Vec<Day>> {
        (0..count).map(|_| self.draw(stream)).collect()
    }

    /// One window as a row: a cluster as often as it has windows, then a normal with its mean and
    /// covariance.
    pub fn row(&self, stream: &mut Stream) -> Vec<f64> {
        let Cluster { centre, around } = &self.clusters[*stream.pick(&self.labels)];
        // Rows in normal proportions have the covariance of the rows, without a factor of it.
        let mut sum = vec![0.0; centre.len()];
        let scale = (around.len().max(2) as f64 - 1.0).sqrt();
        for row in around {
            let weight = stream.normal() / scale;
            sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += weight * x);
        }
        for (at, value) in sum.iter_mut().enumerate() {
            *value = (*value + centre[at]) * self.deviation[at] + self.mean[at];
        }
        sum
    }

    fn draw(&self, stream: &mut Stream) -> Vec<Day> {
        let row = self.row(stream);
        let day = |day: usize| {
            let odds = (-row[3 * day + 2]).exp();
            let position = (1.0 + 2.0 * EDGE) / (1.0 + odds) - EDGE;
            // Ranges from 6e-6 to 1: a window far out could overflow.
            let range = row[3 * day + 1].clamp(-12.0, 0.0).exp();
            [row[3 * day], range, position.clamp(0.0, 1.0)]
        };
        (0..row.len() / 3).map(day).collect()
    }
}

/// Day by day return, log range and log-odds of the position.
fn row(window: &[Day]) -> Vec<f64> {
    let day = |&day: &Day| {
        let [change, range, position] = with_log_range(day);
        [change, range, ((position + EDGE) / (1.0 + EDGE - position)).ln()]
    };
    window.iter().flat_map(day).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cluster_has_the_moments_of_its_windows() -> Result<()> {
        type Moment = fn(&[Day]) -> f64;
        let mut stream = Stream::named(1, "windows");
        let window = |_| {
            let common = stream.normal();
            let day = |_| [0.01 * (common + stream.normal()), (0.2 * common - 4.0).exp(), 0.5];
            (0..4).map(day).collect()
        };
        let windows: Vec<Vec<Day>> = (0..400).map(window).collect();
        let model = KMeansGaussian::fit(&windows, 1, &mut Stream::named(2, "fit"))?;
        let drawn = model.windows(4000, &mut Stream::named(3, "draw"));
        let mean_of = |windows: &[Vec<Day>], value: Moment| {
            windows.iter().map(|window| value(window)).sum::<f64>() / windows.len() as f64
        };
        let moments: [Moment; 3] = [
            |window| window[1][0] * window[3][0] / 1e-4,
            |window| window[0][0] * (window[2][1].ln() + 4.0) / 2e-3,
            |window| window[2][1].ln() + 4.0,
        ];
        for moment in moments {
            let (real, made) = (mean_of(&windows, moment), mean_of(&drawn, moment));
            assert!((real - made).abs() < 0.15, "{real} {made}");
        }
        Ok(())
    }

    #[test]
    fn a_cluster_of_one_window_repeats_it() -> Result<()> {
        let windows = [vec![[0.01, 0.02, 0.3]; 3], vec![[-0.05, 0.1, 0.9]; 3]];
        let model = KMeansGaussian::fit(&windows, 2, &mut Stream::named(4, "fit"))?;
        let drawn = model.windows(20, &mut Stream::named(5, "draw"));
        let like = |a: &[Day], b: &[Day]| {
            a.iter().flatten().zip(b.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-9)
        };
        assert!(drawn.iter().all(|a| windows.iter().any(|b| like(a, b))));
        Ok(())
    }
}
