//! The scores of TimeGAN, for those who know no others: windows of all columns, each scaled to 0..1 over
//! the whole history.

use anyhow::{Context, Result};
use generativa::cli::{Shared, Trained};
use generativa::run::evaluation::{Better, Kind};
use generativa::train::judge::timegan::{discriminative_score, predictive_score};
use generativa::train::side_by_side::side_by_side;

use super::mixture::{self, Mixture};
use super::rows::{Figure, Metric, Table, mean_of, over_grid};
use super::subjects::Subject;
use super::{GOOGLE, WINDOW};
use crate::config::Config;
use crate::data::{Column, Corpus};
use crate::levels::Levels;
use crate::paths::Paths;

/// The two scores, on rows of windows.
pub(super) struct Scores<'a> {
    real: &'a [Vec<f32>],
    columns: usize,
    /// Of the one and the other.
    units: [String; 2],
    /// Of the judges.
    seeds: Vec<u64>,
}

/// Columns of the file that others published figures on, and these: discriminative, predictive.
const PUBLISHED_COLUMNS: usize = 6;
const PUBLISHED: [(&str, [f64; 2]); 2] =
    [("timegan of its authors", [0.102, 0.038]), ("diffusion-ts", [0.067, 0.036])];

/// The rows of the models, with what stands beside them: windows of all columns that paths have.
pub(super) fn add(
    table: &mut Table,
    trained: &[Trained<Config>],
    corpus: &Corpus,
    subjects: &[(&Subject, bool)],
    shared: &Shared,
) -> Result<()> {
    let paths: Vec<Paths> = trained.iter().map(Paths::open).collect::<Result<_>>()?;
    let told = paths[0].fitted().columns();
    let columns: Vec<Column> =
        corpus.columns.iter().filter(|column| told.contains(&column.name)).cloned().collect();
    let levels = Levels::of(&columns, WINDOW)?;
    let real = levels.windows(&columns);
    let scores = Scores::new(&real, &levels, trained[0].config.evaluation.classic_seeds);
    for &(subject, refined) in subjects {
        shared.remark(&format!("scores of TimeGAN: {}", subject.name));
        // A model's seeds are those that it was trained with, whatever its judges' are.
        let own = (subject.name.as_str(), subject.kind, &subject.seeds[..]);
        scores.add(table, own, |place, seed| {
            let paths = &paths[place % paths.len()];
            (0..real.len() as u64)
                .map(|item| window(paths, refined, (seed, item), corpus, &levels))
                .collect()
        })?;
    }
    let mixture = Mixture::of(&real)?;
    scores.add_known(table, mixture.as_ref(), &corpus.source.name, shared)?;
    if let Some(mixture) = &mixture {
        let (seeds, made) = (scores.seeds(), mixture.windows(real.len(), 1));
        let mixture = (mixture::NAME, Kind::Baseline, &seeds[..1]);
        mixture::add_violations(table, mixture, &levels, &made);
    }
    Ok(())
}

/// The first days of a path, scaled, at the level that history had before the day that the first one is
/// drawn from.
fn window(
    paths: &Paths,
    refined: bool,
    (seed, item): (u64, u64),
    corpus: &Corpus,
    levels: &Levels,
) -> Result<Vec<f32>> {
    let fitted = paths.fitted();
    let stretch = paths.path(seed, item, refined)?.next(WINDOW)?;
    // The row before a day has the number of the day.
    let first = corpus.count() - fitted.places();
    let row = stretch.from.first().map_or(0, |place| *place as usize + first);
    let close = corpus.columns.iter().find(|column| column.name == "close");
    let start = close.context("a table has closes")?.values[row];
    let mut values = Vec::new();
    fitted.prices(&stretch, &mut fitted.quotes(start, false), &mut values);
    Ok(values.into_iter().enumerate().map(|(at, value)| levels.scaled(at, value)).collect())
}

impl<'a> Scores<'a> {
    /// Beside `real` windows of these levels, by so many judges.
    pub(super) fn new(real: &'a [Vec<f32>], levels: &Levels, judges: u64) -> Self {
        let columns = levels.columns().len();
        let last = levels.columns().last().map_or("", String::as_str);
        let units = [
            format!("accuracy off a half, {columns} columns"),
            format!("scaled {last}, {columns} columns"),
        ];
        Self { real, columns, units, seeds: (1..=judges).collect() }
    }

    /// What is measured: the discriminative, then the predictive score.
    fn metrics(&self) -> [Metric<'_>; 2] {
        let [of_judge, of_forecast] = &self.units;
        let metric = |name, unit| Metric { name, unit, better: Better::Lower };
        [metric("discriminative-classic", of_judge), metric("predictive-classic", of_forecast)]
    }

    /// Seeds of the judges.
    fn seeds(&self) -> &[u64] {
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

    /// The rows of what models stand beside: a mixture, real windows, and what others published.
    pub(super) fn add_known(
        &self,
        table: &mut Table,
        mixture: Option<&Mixture>,
        data: &str,
        shared: &Shared,
    ) -> Result<()> {
        if let Some(mixture) = mixture {
            shared.remark("scores of TimeGAN: a mixture");
            let own = (mixture::NAME, Kind::Baseline, self.seeds());
            self.add(table, own, |_, seed| Ok(mixture.windows(self.real.len(), seed)))?;
        }
        shared.remark("scores of TimeGAN: real against real");
        self.add_floor(table)?;
        if data == GOOGLE && self.columns == PUBLISHED_COLUMNS {
            for (subject, values) in PUBLISHED {
                for (metric, value) in self.metrics().into_iter().zip(values) {
                    let figure = Figure { value, interval: None, n: 0 };
                    table.add_named(subject, Kind::Anchor, &[], metric, figure);
                }
            }
        }
        Ok(())
    }

    /// The rows of every second real window beside the others.
    fn add_floor(&self, table: &mut Table) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use generativa::cli::Preset;

    use super::*;
    use crate::fitted::Fitted;

    #[test]
    fn a_window_has_the_levels_and_the_order_of_the_history_it_is_drawn_from() -> Result<()> {
        let config = Config::preset(Preset::Tiny, "", "");
        let corpus = Corpus::load(&config.data)?;
        let paths = Paths::of(Fitted::fit(&corpus, &config)?);
        let levels = Levels::of(&corpus.columns, WINDOW)?;
        assert_eq!(paths.fitted().columns(), levels.columns());
        for item in 0..20 {
            let row = window(&paths, false, (1, item), &corpus, &levels)?;
            assert_eq!(row.len(), WINDOW * 4);
            let first = paths.path(1, item, false)?.next(1)?.from[0] as usize;
            let known = &corpus.columns[3].values[first + corpus.count() - paths.fitted().places()];
            let close = levels.value(3, row[3]);
            assert!((close / known).ln().abs() < 0.25, "{close} after {known}");
            for day in row.chunks_exact(4) {
                let [open, high, low, close] = [0, 1, 2, 3].map(|at| levels.value(at, day[at]));
                let beyond = 1e-5 * high; // values are scaled in f32
                assert!(open.max(close) <= high + beyond && open.min(close) >= low - beyond);
            }
        }
        Ok(())
    }
}
