//! The rows of TimeGAN: its own scores, on all columns of the table as published ones are, beside a
//! mixture that knows nothing of time.

use anyhow::Result;
use generativa::baselines::NearestNeighbours;
use generativa::cli::{Shared, Trained};
use generativa::metrics::quantile::median;
use generativa::run::evaluation::{Better, DataRef, Kind, Row};

use super::classic::Scores;
use super::mixture::{self, Mixture};
use super::rows::{Figure, Metric, Table, mean_of, over_grid};
use super::{is_slow, sampling, times};
use crate::config::Config;
use crate::data::Corpus;
use crate::levels::Levels;
use crate::timegan::LevelWindows;

const MODEL: &str = "timegan";

/// Scores all seeds of a run together.
pub(super) fn rows(
    trained: &[Trained<Config>],
    corpus: &Corpus,
    shared: &Shared,
) -> Result<Vec<Row>> {
    let settings = &trained[0].config.evaluation;
    let models: Vec<LevelWindows> =
        trained.iter().map(LevelWindows::open).collect::<Result<_>>()?;
    let levels = models[0].levels();
    let real = levels.windows(&corpus.columns);
    let own: Vec<u64> = trained.iter().map(|one| one.header.seed).collect();
    let mut table = Table::new(&data(&corpus.source, levels));

    // As many windows as there are real ones, from each seed's model and from the mixture.
    let made = |place: usize, seed: u64| models[place % models.len()].scaled(real.len(), seed);
    let mixture = Mixture::of(&real)?;

    if settings.classic_seeds > 0 {
        let scores = Scores::new(&real, levels, settings.classic_seeds);
        shared.remark("scores of TimeGAN");
        scores.add(&mut table, (MODEL, Kind::Model, &own), made)?;
        scores.add_known(&mut table, mixture.as_ref(), &corpus.source.name, shared)?;
    }

    shared.remark("order of prices, and nearest neighbours");
    let windows: Vec<Vec<Vec<f32>>> =
        own.iter().enumerate().map(|(place, seed)| made(place, *seed)).collect::<Result<_>>()?;
    let mixed: Vec<Vec<Vec<f32>>> = mixture
        .iter()
        .flat_map(|mixture| own.iter().map(|seed| mixture.windows(real.len(), *seed)))
        .collect();
    let past = Past::of(&real, levels)?;
    for (subject, kind, windows) in
        [(MODEL, Kind::Model, &windows), (mixture::NAME, Kind::Baseline, &mixed)]
    {
        if windows.is_empty() {
            continue;
        }
        mixture::add_violations(&mut table, (subject, kind, &own), levels, &windows.concat());
        let metric = Metric { name: "window-nn-ratio", unit: "ratio", better: Better::Target };
        table.add_named(subject, kind, &own, metric, past.ratio(windows)?);
    }
    times(&mut table, (MODEL, &own), trained)?;
    if is_slow(settings) {
        shared.remark("a million windows");
        sampling(&mut table, MODEL, &trained[0])?;
    }
    Ok(table.rows())
}

/// The data, and that these are windows of levels: figures of days are no figures of them.
fn data(source: &DataRef, levels: &Levels) -> DataRef {
    let taken = format!("windows of {} columns", levels.columns().len());
    let part = source.subset.iter().cloned().chain([taken]);
    DataRef { subset: Some(part.collect::<Vec<_>>().join(", ")), ..source.clone() }
}

/// Real windows, and how far they are from each other.
struct Past {
    neighbours: NearestNeighbours,
    /// Median distance of a real window from the nearest that shares no day with it.
    apart: f64,
}

impl Past {
    fn of(real: &[Vec<f32>], levels: &Levels) -> Result<Self> {
        let neighbours = NearestNeighbours::fit(real.to_vec())?;
        // All that share a day with it, and one more.
        let near = neighbours.nearest(real, 2 * levels.window())?;
        let distance = |(own, near): (usize, &Vec<usize>)| {
            let other = near.iter().find(|other| other.abs_diff(own) >= levels.window())?;
            let squares =
                real[own].iter().zip(&real[*other]).map(|(a, b)| f64::from(a - b).powi(2));
            Some(squares.sum::<f64>().sqrt())
        };
        let distances: Vec<f64> = near.iter().enumerate().filter_map(distance).collect();
        Ok(Self { neighbours, apart: median(&distances) })
    }

    /// Median distance of made windows from the nearest real one, over that of real ones: 1 for others
    /// of the kind, 0 for copies.
    fn ratio(&self, windows: &[Vec<Vec<f32>>]) -> Result<Figure> {
        let ratio = |windows: &Vec<Vec<f32>>| -> Result<Vec<f64>> {
            Ok(vec![median(&self.neighbours.distances(windows)?) / self.apart])
        };
        let ratios: Vec<Vec<f64>> = windows.iter().map(ratio).collect::<Result<_>>()?;
        let n = windows.iter().map(Vec::len).sum();
        let all =
            over_grid([ratios.len(), 1], "seeds", n, |seeds, one| mean_of(&ratios, seeds, one));
        // One seed has no spread to tell of.
        let interval = all.interval.filter(|_| ratios.len() > 1);
        Ok(Figure { interval, ..all })
    }
}

#[cfg(test)]
mod tests {
    use generativa_random::Stream;

    use super::*;
    use crate::data::Column;

    /// A level that wanders, with a high and a low a little off.
    fn columns() -> Vec<Column> {
        let mut stream = Stream::named(1, "levels");
        let mut level = 10.0;
        let close: Vec<f64> = (0..400)
            .map(|_| {
                level *= (0.02 * stream.normal()).exp();
                level
            })
            .collect();
        let column = |name: &str, factor: f64| Column {
            name: name.into(),
            values: close.iter().map(|price| price * factor).collect(),
        };
        vec![column("high", 1.01), column("low", 0.99), column("close", 1.0)]
    }

    #[test]
    fn copies_are_near_and_others_are_apart() -> Result<()> {
        let columns = columns();
        let levels = Levels::of(&columns, 8)?;
        let real = levels.windows(&columns);
        let past = Past::of(&real, &levels)?;
        assert_eq!(past.ratio(std::slice::from_ref(&real))?.value, 0.0);
        let mut moved = real;
        moved.iter_mut().for_each(|row| row.chunks_exact_mut(3).for_each(|day| day[0] -= 0.5));
        assert!(past.ratio(&[moved.clone(), moved])?.value > 1.0);
        Ok(())
    }

    #[test]
    fn real_windows_are_in_order_and_high_below_low_is_not() -> Result<()> {
        let columns = columns();
        let levels = Levels::of(&columns, 8)?;
        let share = |levels: &Levels, windows: &[Vec<f32>]| {
            let mut table = Table::new(&DataRef::default());
            mixture::add_violations(&mut table, ("", Kind::Model, &[1]), levels, windows);
            table.rows().first().map(|row| row.value)
        };
        let mut windows = levels.windows(&columns);
        assert_eq!(share(&levels, &windows), Some(0.0));
        windows.iter_mut().for_each(|row| row.chunks_exact_mut(3).for_each(|day| day[0] -= 0.5));
        assert!(share(&levels, &windows) > Some(0.9));
        // Closes alone have no order.
        let closes = Levels::of(&columns[2..], 8)?;
        assert_eq!(share(&closes, &closes.windows(&columns[2..])), None);
        Ok(())
    }
}
