//! Whether windows are copies: how far they are from what was learned, beside how far real ones of
//! another time are.

use anyhow::Result;
use generativa::baselines::NearestNeighbours;
use generativa::data::time_blocks::{Fold, windows_at, windows_within};
use generativa::data::trading_day::Day;
use generativa::metrics::quantile::median;
use generativa::metrics::window_statistics::with_log_range;
use generativa::run::evaluation::Better;
use generativa_random::Stream;

use super::WINDOW;
use super::rows::{Metric, Table, mean_of, over_grid};
use super::subjects::Subject;

/// The rows of all subjects.
pub(super) fn add(
    table: &mut Table,
    days: &[Day],
    folds: &[Fold],
    subjects: &[&Subject],
) -> Result<()> {
    let metric = Metric { name: "window-nn-ratio", unit: "ratio", better: Better::Target };
    let pasts: Vec<Past> = folds.iter().map(|fold| Past::new(days, fold)).collect::<Result<_>>()?;
    for subject in subjects {
        let mut ratios = Vec::new();
        let mut n = 0;
        for (place, &seed) in subject.seeds.iter().enumerate() {
            let mut own = Vec::new();
            for (block, past) in pasts.iter().enumerate() {
                let mut stream = Stream::item(seed, "market/neighbours", block as u64);
                let count = folds[block].learned.len();
                let windows = subject.maker(place).without[block].windows(count, &mut stream)?;
                n += count;
                own.push(past.distance(&windows)? / past.held);
            }
            ratios.push(own);
        }
        let grid = [ratios.len(), folds.len()];
        let figure =
            over_grid(grid, "seeds and blocks", n, |seeds, blocks| mean_of(&ratios, seeds, blocks));
        table.add(subject, metric, figure);
    }
    Ok(())
}

/// What could be learned without a block.
struct Past {
    mean: [f64; 3],
    deviation: [f64; 3],
    windows: NearestNeighbours,
    /// Median distance of the block's own windows from it.
    held: f64,
}

impl Past {
    /// Every window of the open days, in deviations of a day.
    fn new(days: &[Day], fold: &Fold) -> Result<Self> {
        let learned = windows_at(days, &windows_within(&fold.open, WINDOW, 1), WINDOW);
        let open = days.iter().zip(&fold.open).filter(|(_, open)| **open);
        let seen: Vec<[f64; 3]> = open.map(|(&day, _)| with_log_range(day)).collect();
        let over = |value: &dyn Fn(&[f64; 3], usize) -> f64| -> [f64; 3] {
            let mean = |c| seen.iter().map(|day| value(day, c)).sum::<f64>() / seen.len() as f64;
            std::array::from_fn(mean)
        };
        let mean = over(&|day, channel| day[channel]);
        let variance = over(&|day, channel| (day[channel] - mean[channel]).powi(2));
        // What never changes needs no scale.
        let deviation = variance.map(|v| if v > 0.0 { v.sqrt() } else { 1.0 });
        let windows = NearestNeighbours::fit(standardised(&learned, &mean, &deviation))?;
        let mut past = Self { mean, deviation, windows, held: 1.0 };
        past.held = past.distance(&windows_at(days, &fold.tested, WINDOW))?.max(f64::MIN_POSITIVE);
        Ok(past)
    }

    /// Median distance of these windows from the nearest that could be learned.
    fn distance(&self, windows: &[Vec<Day>]) -> Result<f64> {
        let rows = standardised(windows, &self.mean, &self.deviation);
        Ok(median(&self.windows.distances(&rows)?))
    }
}

fn standardised(windows: &[Vec<Day>], mean: &[f64; 3], deviation: &[f64; 3]) -> Vec<Vec<f32>> {
    let day = |&day: &Day| {
        let day = with_log_range(day);
        [0, 1, 2].map(|channel| ((day[channel] - mean[channel]) / deviation[channel]) as f32)
    };
    windows.iter().map(|window| window.iter().flat_map(day).collect()).collect()
}

#[cfg(test)]
mod tests {
    use generativa::data::time_blocks::TimeBlocks;

    use super::*;

    #[test]
    fn copies_are_at_no_distance_and_the_block_itself_is_at_its_own() -> Result<()> {
        let mut stream = Stream::named(1, "days");
        let day = |_| [0.01 * stream.normal(), (stream.normal() - 4.0).exp(), stream.uniform()];
        let days: Vec<Day> = (0..600).map(day).collect();
        let cut = TimeBlocks { window: WINDOW, stride: 6, blocks: 2, embargo: WINDOW };
        let fold = &cut.folds(days.len())[1];
        let past = Past::new(&days, fold)?;
        let copies = windows_at(&days, &fold.learned, WINDOW);
        assert!(past.distance(&copies)? < 1e-6 * past.held);
        assert_eq!(past.distance(&windows_at(&days, &fold.tested, WINDOW))?, past.held);
        // Two independent windows of 72 values of variance 1 are 12 apart; the nearest is nearer.
        assert!((7.0..12.0).contains(&past.held), "{}", past.held);
        Ok(())
    }
}
