//! Windows of levels by a mixture that knows nothing of time: what a score takes for real, though
//! nobody would trade on it.

use anyhow::Result;
use generativa::baselines::KMeansGaussian;
use generativa::run::evaluation::Kind;
use generativa_random::Stream;

use super::bars::{METRIC, Order};
use super::rows::{Figure, Table};
use crate::levels::Levels;

/// Its name in the table.
pub(super) const NAME: &str = "k-means-30-gaussian of levels";
/// Clusters.
const CLUSTERS: usize = 30;

/// A normal for each cluster of windows.
pub(super) struct Mixture(KMeansGaussian);

impl Mixture {
    /// Of rows of real windows; nothing of too few for its clusters.
    pub(super) fn of(real: &[Vec<f32>]) -> Result<Option<Self>> {
        if real.len() < CLUSTERS {
            return Ok(None);
        }
        let rows = real.iter().map(|row| row.iter().map(|x| f64::from(*x)).collect());
        let mut stream = Stream::named(1, "market/levels-clusters");
        Ok(Some(Self(KMeansGaussian::fit_rows(rows.collect(), CLUSTERS, &mut stream)?)))
    }

    /// The first `count` windows of a seed.
    pub(super) fn windows(&self, count: usize, seed: u64) -> Vec<Vec<f32>> {
        let mut stream = Stream::named(seed, "market/levels-mixture");
        let row = |_| self.0.row(&mut stream).into_iter().map(|x| x as f32).collect();
        (0..count).map(row).collect()
    }
}

/// The row of a subject's scaled windows: the share of days whose prices cannot be; none where no high
/// and low are told.
pub(super) fn add_violations(
    table: &mut Table,
    (name, kind, seeds): (&str, Kind, &[u64]),
    levels: &Levels,
    windows: &[Vec<f32>],
) {
    let columns = levels.columns();
    let Some(order) = Order::of(columns) else { return };
    let (mut wrong, mut n) = (0, 0);
    for day in windows.iter().flat_map(|window| window.chunks_exact(columns.len())) {
        let prices = day.iter().enumerate().map(|(place, scaled)| levels.value(place, *scaled));
        wrong += usize::from(order.is_violated(&prices.collect::<Vec<f64>>()));
        n += 1;
    }
    let value = wrong as f64 / n.max(1) as f64;
    table.add_named(name, kind, seeds, METRIC, Figure { value, interval: None, n });
}
