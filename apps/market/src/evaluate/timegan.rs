//! The rows of TimeGAN: its own scores, on all columns of the table as published ones are, beside a
//! mixture that knows nothing of time.

use anyhow::Result;
use generativa::baselines::{KMeansGaussian, NearestNeighbours};
use generativa::cli::{Shared, Trained};
use generativa::metrics::quantile::median;
use generativa::run::evaluation::{Better, DataRef, Kind, Row};
use generativa_random::Stream;

use super::bars::{METRIC as VIOLATIONS, violates};
use super::classic::Scores;
use super::rows::{Figure, Metric, Table, mean_of, over_grid};
use super::{GOOGLE, is_slow, sampling, times};
use crate::config::Config;
use crate::data::Corpus;
use crate::levels::Levels;
use crate::timegan::LevelWindows;

/// Clusters of the mixture, as many as it has of days.
const CLUSTERS: usize = 30;
const MODEL: &str = "timegan";
const MIXTURE: &str = "k-means-30-gaussian";
/// Columns of the file that others published figures on, and these: discriminative, predictive.
const PUBLISHED_COLUMNS: usize = 6;
const PUBLISHED: [(&str, [f64; 2]); 2] =
    [("timegan of its authors", [0.102, 0.038]), ("diffusion-ts", [0.067, 0.036])];

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
    let mixture = match real.len() {
        CLUSTERS.. => {
            let rows = real.iter().map(|row| row.iter().map(|x| f64::from(*x)).collect());
            let mut stream = Stream::named(1, "market/levels-clusters");
            Some(KMeansGaussian::fit_rows(rows.collect(), CLUSTERS, &mut stream)?)
        }
        _ => None,
    };
    let mixed = |mixture: &KMeansGaussian, seed: u64| -> Vec<Vec<f32>> {
        let mut stream = Stream::named(seed, "market/levels-mixture");
        let row = |_| mixture.row(&mut stream).into_iter().map(|x| x as f32).collect();
        (0..real.len()).map(row).collect()
    };

    if settings.classic_seeds > 0 {
        let columns = levels.columns();
        let last = columns.last().map_or("", String::as_str);
        let scores = Scores::new(&real, columns.len(), last, settings.classic_seeds);
        shared.remark("scores of TimeGAN");
        scores.add(&mut table, (MODEL, Kind::Model, &own), made)?;
        if let Some(mixture) = &mixture {
            shared.remark("scores of a mixture");
            let seeds = scores.seeds();
            let windows = |_, seed| Ok(mixed(mixture, seed));
            scores.add(&mut table, (MIXTURE, Kind::Baseline, seeds), windows)?;
        }
        shared.remark("scores of real windows");
        scores.add_floor(&mut table)?;
        if corpus.source.name == GOOGLE && columns.len() == PUBLISHED_COLUMNS {
            for (subject, values) in PUBLISHED {
                for (metric, value) in scores.metrics().into_iter().zip(values) {
                    let figure = Figure { value, interval: None, n: 0 };
                    table.add_named(subject, Kind::Anchor, &[], metric, figure);
                }
            }
        }
    }

    shared.remark("order of prices, and nearest neighbours");
    let windows: Vec<Vec<Vec<f32>>> =
        own.iter().enumerate().map(|(place, seed)| made(place, *seed)).collect::<Result<_>>()?;
    let mixture: Vec<Vec<Vec<f32>>> =
        mixture.iter().flat_map(|mixture| own.iter().map(|seed| mixed(mixture, *seed))).collect();
    let past = Past::of(&real, levels)?;
    for (subject, kind, windows) in
        [(MODEL, Kind::Model, &windows), (MIXTURE, Kind::Baseline, &mixture)]
    {
        if windows.is_empty() {
            continue;
        }
        if let Some(figure) = violations(levels, windows) {
            table.add_named(subject, kind, &own, VIOLATIONS, figure);
        }
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

/// Share of days whose prices cannot be; nothing where no high and low are told.
fn violations(levels: &Levels, windows: &[Vec<Vec<f32>>]) -> Option<Figure> {
    let columns = levels.columns();
    let place = |name: &str| columns.iter().position(|column| column == name);
    let (high, low) = (place("high")?, place("low")?);
    let within: Vec<usize> = ["open", "close"].into_iter().filter_map(place).collect();
    let (mut wrong, mut n) = (0, 0);
    for day in windows.iter().flatten().flat_map(|window| window.chunks_exact(columns.len())) {
        let price = |place: usize| levels.value(place, day[place]);
        let within: Vec<f64> = within.iter().map(|&place| price(place)).collect();
        wrong += usize::from(violates(price(high), price(low), &within));
        n += 1;
    }
    Some(Figure { value: wrong as f64 / n.max(1) as f64, interval: None, n })
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
    fn real_windows_are_in_order_copies_are_near_and_others_are_apart() -> Result<()> {
        let columns = columns();
        let levels = Levels::of(&columns, 8)?;
        let real = levels.windows(&columns);
        let past = Past::of(&real, &levels)?;
        let share = |windows: &[Vec<Vec<f32>>]| violations(&levels, windows).map(|one| one.value);
        assert_eq!(share(std::slice::from_ref(&real)), Some(0.0));
        assert_eq!(past.ratio(std::slice::from_ref(&real))?.value, 0.0);
        // High and low change places.
        let mut turned = real;
        turned.iter_mut().for_each(|row| row.chunks_exact_mut(3).for_each(|day| day[0] -= 0.5));
        assert!(share(&[turned.clone()]) > Some(0.9));
        assert!(past.ratio(&[turned.clone(), turned])?.value > 1.0);
        Ok(())
    }

    #[test]
    fn closes_alone_have_no_order() -> Result<()> {
        let columns = &columns()[2..];
        let levels = Levels::of(columns, 8)?;
        assert_eq!(violations(&levels, &[levels.windows(columns)]), None);
        Ok(())
    }
}
