//! The scores of TimeGAN, for those who know no others: windows of prices, each column scaled to
//! 0..1 over the whole history.

use anyhow::Result;
use generativa::cli::Shared;
use generativa::data::trading_day::Day;
use generativa::metrics::window_statistics::with_log_range;
use generativa::run::evaluation::{Better, Kind};
use generativa::train::judge::timegan::{discriminative_score, predictive_score};
use generativa::train::side_by_side::side_by_side;
use generativa_random::Stream;

use super::WINDOW;
use super::rows::{Figure, Metric, Table, mean_of, over_grid};
use super::subjects::Subject;
use crate::bar::Bar;
use crate::data::History;

/// High, low and close; an open is not generated.
const COLUMNS: usize = 3;
/// A generated window starts at the level of one of the real windows next to it by their mean log
/// range: a twentieth of them to both sides.
const NEAR: usize = 20;

/// The two scores, on rows of windows of so many columns.
pub(super) struct Scores<'a> {
    real: &'a [Vec<f32>],
    columns: usize,
    /// Of the one and the other.
    units: [String; 2],
    /// Of the judges.
    seeds: Vec<u64>,
}

/// The rows of the subjects, and of the real windows against each other.
pub(super) fn add(
    table: &mut Table,
    history: &History,
    subjects: &[&Subject],
    seeds: u64,
    shared: &Shared,
) -> Result<()> {
    let levels = Levels::new(history);
    let real = levels.real();
    let scores = Scores::new(&real, COLUMNS, "close", seeds);
    for subject in subjects {
        shared.remark(&format!("scores of TimeGAN: {}", subject.name));
        // A model's seeds are those that it was trained with, whatever its judges' are.
        let own = if subject.kind == Kind::Model { &subject.seeds } else { &scores.seeds };
        scores.add(table, (&subject.name, subject.kind, own), |place, seed| {
            let mut stream = Stream::named(seed, "market/classic");
            let windows = subject.maker(place).whole.windows(real.len(), &mut stream)?;
            Ok(levels.place(&windows, &mut stream))
        })?;
    }
    shared.remark("scores of TimeGAN: real against real");
    scores.add_floor(table)
}

impl<'a> Scores<'a> {
    /// Beside `real` windows of so many columns, of which `last` is forecast, by so many judges.
    pub(super) fn new(real: &'a [Vec<f32>], columns: usize, last: &str, judges: u64) -> Self {
        let units = [
            format!("accuracy off a half, {columns} columns"),
            format!("scaled {last}, {columns} columns"),
        ];
        Self { real, columns, units, seeds: (1..=judges).collect() }
    }

    /// What is measured: the discriminative, then the predictive score.
    pub(super) fn metrics(&self) -> [Metric<'_>; 2] {
        let [of_judge, of_forecast] = &self.units;
        let metric = |name, unit| Metric { name, unit, better: Better::Lower };
        [metric("discriminative-classic", of_judge), metric("predictive-classic", of_forecast)]
    }

    /// Seeds of the judges.
    pub(super) fn seeds(&self) -> &[u64] {
        &self.seeds
    }

    /// The rows of something, its name, kind and seeds first, that makes as many windows as there are
    /// real ones: `windows` is asked for those of the judge at a place and of a seed.
    pub(super) fn add(
        &self,
        table: &mut Table,
        (name, kind, own): (&str, Kind, &[u64]),
        windows: impl Fn(usize, u64) -> Result<Vec<Vec<f32>>> + Sync,
    ) -> Result<()> {
        let score = |(place, &seed): (usize, &u64)| {
            let windows = &windows;
            move || self.both(self.real, &windows(place, seed)?, seed)
        };
        let found = side_by_side(self.seeds.iter().enumerate().map(score).collect())?;
        for (metric, figure) in self.metrics().into_iter().zip(figures(&found, self.real.len())) {
            table.add_named(name, kind, own, metric, figure);
        }
        Ok(())
    }

    /// The rows of every second real window beside the others.
    pub(super) fn add_floor(&self, table: &mut Table) -> Result<()> {
        let of = |rest: usize| self.real.iter().skip(rest).step_by(2).cloned().collect::<Vec<_>>();
        let (even, odd) = (&of(0), &of(1));
        let score = |&seed: &u64| move || self.both(even, odd, seed);
        let found = side_by_side(self.seeds.iter().map(score).collect())?;
        for (metric, figure) in self.metrics().into_iter().zip(figures(&found, odd.len())) {
            table.add_named("real-against-real", Kind::Floor, &self.seeds, metric, figure);
        }
        Ok(())
    }

    fn both(&self, real: &[Vec<f32>], generated: &[Vec<f32>], seed: u64) -> Result<[f64; 2]> {
        Ok([
            discriminative_score(real, generated, self.columns, seed)?,
            predictive_score(real, generated, self.columns, seed)?,
        ])
    }
}

/// Means over the judges' seeds.
fn figures(found: &[[f64; 2]], n: usize) -> [Figure; 2] {
    [0, 1].map(|score| {
        let values: Vec<Vec<f64>> = found.iter().map(|both| vec![both[score]]).collect();
        over_grid([values.len(), 1], &format!("{} judges", found.len()), n, |seeds, one| {
            mean_of(&values, seeds, one)
        })
    })
}

/// The levels of a real history.
struct Levels {
    bars: Vec<[f64; COLUMNS]>,
    /// Close before each day.
    before: Vec<f64>,
    /// Least and greatest of each column.
    ends: [[f64; 2]; COLUMNS],
    /// Mean log range and first day of each real window, by rising range.
    windows: Vec<(f64, usize)>,
}

impl Levels {
    fn new(History { days, start, .. }: &History) -> Self {
        let bars = prices(days, *start);
        let before = std::iter::once(*start).chain(bars.iter().map(|bar| bar[2]));
        let end = |column: usize, pick: fn(f64, f64) -> f64| {
            bars.iter().map(|bar| bar[column]).reduce(pick).unwrap_or_default()
        };
        let ends = [0, 1, 2].map(|column| [end(column, f64::min), end(column, f64::max)]);
        let windows = days.windows(WINDOW).map(mean_log_range);
        let mut windows: Vec<(f64, usize)> = windows.zip(0..).collect();
        windows.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { before: before.collect(), ends, windows, bars }
    }

    /// All real windows.
    fn real(&self) -> Vec<Vec<f32>> {
        self.bars.windows(WINDOW).map(|window| self.scaled(window)).collect()
    }

    /// Prices of generated windows, each from the level of a real one of about its range.
    fn place(&self, windows: &[Vec<Day>], stream: &mut Stream) -> Vec<Vec<f32>> {
        let place = |window: &Vec<Day>| {
            let start = self.start(mean_log_range(window), stream);
            self.scaled(&prices(window, self.before[start]))
        };
        windows.iter().map(place).collect()
    }

    /// First day of a real window of about this mean log range.
    fn start(&self, log_range: f64, stream: &mut Stream) -> usize {
        let near = self.windows.len() / NEAR;
        let place = self.windows.partition_point(|(own, _)| *own < log_range);
        let place = (place + stream.below(2 * near + 1)).saturating_sub(near);
        self.windows[place.min(self.windows.len() - 1)].1
    }

    /// Day by day in one row.
    fn scaled(&self, bars: &[[f64; COLUMNS]]) -> Vec<f32> {
        let scale = |(price, [low, high]): (f64, [f64; 2])| {
            ((price - low) / (high - low).max(f64::MIN_POSITIVE)) as f32
        };
        bars.iter().flat_map(|bar| bar.iter().copied().zip(self.ends).map(scale)).collect()
    }
}

/// High, low and close of days after a close of `before`.
fn prices(days: &[Day], mut before: f64) -> Vec<[f64; COLUMNS]> {
    let bars = Bar::of(days, &mut before);
    bars.into_iter().map(|Bar { high, low, close }| [high, low, close]).collect()
}

fn mean_log_range(window: &[Day]) -> f64 {
    window.iter().map(|&day| with_log_range(day)[1]).sum::<f64>() / window.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hundred calm days that rise and a hundred wild ones that fall again.
    fn history() -> History {
        let calm = (0..100).map(|_| [0.01, 0.02, 1.0]);
        let wild = (0..100).map(|_| [-0.01, 0.08, 0.0]);
        History { name: "TEST".into(), days: calm.chain(wild).collect(), start: 50.0 }
    }

    #[test]
    fn real_windows_fill_the_scale_and_are_all_there() {
        let history = history();
        let real = Levels::new(&history).real();
        assert_eq!((real.len(), real[0].len()), (200 - WINDOW + 1, WINDOW * COLUMNS));
        let of = |pick: fn(f32, f32) -> f32| real.iter().flatten().copied().reduce(pick);
        assert_eq!((of(f32::min), of(f32::max)), (Some(0.0), Some(1.0)));
    }

    #[test]
    fn a_wild_window_starts_at_the_level_of_wild_days() {
        let history = history();
        let levels = Levels::new(&history);
        let mut stream = Stream::named(1, "start");
        for _ in 0..50 {
            assert!(levels.start(0.08f64.ln() + 1.0, &mut stream) > 90);
            assert!(levels.start(0.02f64.ln() - 1.0, &mut stream) <= 90);
        }
        // A real window placed at its own level is itself again.
        let own = levels.scaled(&prices(&history.days[30..30 + WINDOW], levels.before[30]));
        let real = &levels.real()[30];
        assert!(own.iter().zip(real).all(|(a, b)| (a - b).abs() < 1e-5));
    }
}
