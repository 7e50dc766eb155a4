//! Rows of an evaluation as a table: metrics down, subjects across.

mod markdown;
mod terminal;

use crate::run::evaluation::{Better, DataRef, Kind, Row};

/// Rows laid out for reading: the model first, its rivals beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Heads of the columns: models, then baselines, floors, ceilings and anchors.
    pub subjects: Vec<(String, Kind)>,
    /// One line for each metric and data set, in the order of the rows.
    pub lines: Vec<Line>,
    /// Every method behind an interval, once.
    pub interval_methods: Vec<String>,
    /// Every data set behind a value, once.
    pub data: Vec<DataRef>,
}

/// One metric on one data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Name of the metric.
    pub metric: String,
    /// Unit of its values.
    pub unit: String,
    /// Which way is good.
    pub better: Better,
    /// The mark to reach, if there is one.
    pub target: Option<f64>,
    /// What was measured on.
    pub data: DataRef,
    /// Digits behind the point that the values of this line share.
    pub decimals: usize,
    /// One for each subject of the table, `None` where it was not measured.
    pub cells: Vec<Option<Cell>>,
}

/// One value with its uncertainty.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The figure.
    pub value: f64,
    /// Its lower and upper end.
    pub interval: Option<[f64; 2]>,
    /// Items measured, 0 if unknown.
    pub n: usize,
    /// True for the best among models and baselines, if there are two or more of them. The others
    /// are there to compare with, not to win: noise is far from everything, which is no merit.
    pub best: bool,
}

impl Table {
    /// Lays out `rows`. Subjects keep their order within a kind, metrics the order of their first
    /// row; the target and the unit are those of that row.
    pub fn new(rows: &[Row]) -> Self {
        let mut table =
            Self { subjects: vec![], lines: vec![], interval_methods: vec![], data: vec![] };
        for row in rows {
            push_new(&mut table.subjects, (row.subject.clone(), row.kind));
            push_new(&mut table.data, row.data.clone());
            row.interval_method
                .iter()
                .for_each(|m| push_new(&mut table.interval_methods, m.clone()));
        }
        // Stable, so the order within a kind stays.
        table.subjects.sort_by_key(|(_, kind)| *kind);
        let mut keys: Vec<(&String, &DataRef)> = Vec::new();
        rows.iter().for_each(|row| push_new(&mut keys, (&row.metric, &row.data)));
        for key in keys {
            let of_line: Vec<&Row> = rows.iter().filter(|r| (&r.metric, &r.data) == key).collect();
            table.lines.push(line(&of_line, &table.subjects));
        }
        table
    }

    /// One table for each data set, in the order of their first rows: what stands beside a model on
    /// one set says nothing on another.
    pub fn by_data(rows: &[Row]) -> Vec<Self> {
        let mut sets: Vec<&DataRef> = Vec::new();
        rows.iter().for_each(|row| push_new(&mut sets, &row.data));
        let of = |set: &DataRef| -> Vec<Row> {
            rows.iter().filter(|row| row.data == *set).cloned().collect()
        };
        sets.into_iter().map(|set| Self::new(&of(set))).collect()
    }

    /// The names of all data sets behind the table.
    pub fn data_names(&self) -> String {
        self.data.iter().map(data_name).collect::<Vec<_>>().join(", ")
    }

    /// What a reader must know to read the table: marks, arrows, methods, data. `best` opens the
    /// sentence on the mark of the best value.
    pub fn notes(&self, best: &str) -> Vec<String> {
        let mut notes = Vec::new();
        if self.lines.iter().flat_map(|line| line.cells.iter().flatten()).any(|cell| cell.best) {
            notes.push(format!("{best}best among models and baselines."));
        }
        notes.push(
            "↑ higher is better, ↓ lower is better, → nearer to the target is better.".into(),
        );
        for method in &self.interval_methods {
            notes.push(format!("[low, high]: {method}."));
        }
        for data in &self.data {
            let kind = if data.real { "real data" } else { "simulated data" };
            notes.push(format!("Data: {} ({kind}).", data_name(data)));
        }
        notes
    }

    /// Name and part of a subject; the model's part goes without saying.
    pub fn heads(&self, subject: usize) -> [String; 2] {
        let (name, kind) = &self.subjects[subject];
        let kind = match kind {
            Kind::Model => "",
            Kind::Baseline => "(baseline)",
            Kind::Floor => "(floor)",
            Kind::Ceiling => "(ceiling)",
            Kind::Anchor => "(published)",
        };
        [name.clone(), kind.into()]
    }

    /// The metric with its arrow; unit and mark; the data, where the table has several.
    pub fn label(&self, line: &Line) -> Vec<String> {
        let arrow = match line.better {
            Better::Lower => "↓",
            Better::Higher => "↑",
            Better::Target => "→",
        };
        let sign = match line.better {
            Better::Lower => "≤ ",
            Better::Higher => "≥ ",
            Better::Target => "",
        };
        let mut unit = line.unit.clone();
        if let Some(target) = line.target {
            let comma = if unit.is_empty() { "" } else { ", " };
            unit += &format!("{comma}target {sign}{target}");
        }
        if let Some(n) = line.common_n() {
            let comma = if unit.is_empty() { "" } else { ", " };
            unit += &format!("{comma}n = {n}");
        }
        let mut label = vec![format!("{} {arrow}", line.metric)];
        if !unit.is_empty() {
            label.push(format!("  {unit}"));
        }
        if self.data.len() > 1 {
            label.push(format!("  {}", data_name(&line.data)));
        }
        label
    }
}

impl Line {
    /// A value with the digits of this line; what would round to nothing keeps one digit.
    pub fn number(&self, value: f64) -> String {
        let rounded = format!("{value:.*}", self.decimals);
        let vanished = value != 0.0 && rounded.parse() == Ok(0.0);
        if vanished { format!("{value:.0e}") } else { rounded }
    }

    /// Interval and, where the cells of the line differ in it, the number of items.
    pub fn beside(&self, cell: &Cell) -> Vec<String> {
        let ends = cell
            .interval
            .map(|[low, high]| format!("[{}, {}]", self.number(low), self.number(high)));
        let n = (self.common_n().is_none() && cell.n > 0).then(|| format!("n = {}", cell.n));
        ends.into_iter().chain(n).collect()
    }

    fn common_n(&self) -> Option<usize> {
        let mut counts = self.cells.iter().flatten().map(|cell| cell.n);
        let first = counts.next().filter(|&n| n > 0)?;
        counts.all(|n| n == first).then_some(first)
    }
}

fn line(rows: &[&Row], subjects: &[(String, Kind)]) -> Line {
    let first = rows[0];
    let competes = |row: &Row| matches!(row.kind, Kind::Model | Kind::Baseline);
    let losses: Vec<f64> = rows.iter().filter(|r| competes(r)).map(|row| row.loss()).collect();
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let cells = subjects.iter().map(|(subject, kind)| {
        let row = rows.iter().find(|row| row.subject == *subject && row.kind == *kind)?;
        let best = losses.len() > 1 && competes(row) && row.loss() <= least;
        Some(Cell { value: row.value, interval: row.interval, n: row.n, best })
    });
    let largest = rows.iter().map(|row| row.value.abs()).fold(0.0, f64::max);
    Line {
        metric: first.metric.clone(),
        unit: first.unit.clone(),
        better: first.better,
        target: first.target,
        data: first.data.clone(),
        decimals: decimals(largest),
        cells: cells.collect(),
    }
}

/// A value that stands alone, with three significant digits: two would make 1 of a share of 0.996.
pub(super) fn alone(value: f64) -> String {
    format!("{value:.*}", decimals(value.abs()))
}

/// Digits behind the point that leave three significant ones of `largest`; shares up to 1 get three.
fn decimals(largest: f64) -> usize {
    let decimals = if largest > 0.0 { 3.0 - largest.log10().ceil() } else { 0.0 };
    decimals.clamp(0.0, 6.0) as usize
}

/// `vglc / Super Mario Bros`, or the name alone.
pub(super) fn data_name(data: &DataRef) -> String {
    let subset = data.subset.iter().map(|subset| format!(" / {subset}"));
    [data.name.clone()].into_iter().chain(subset).collect()
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::report) fn row(subject: &str, kind: Kind, metric: &str, value: f64) -> Row {
        Row {
            subject: subject.into(),
            kind,
            metric: metric.into(),
            unit: "share".into(),
            value,
            n: 500,
            better: Better::Higher,
            data: DataRef { name: "vglc".into(), real: true, ..DataRef::default() },
            ..Row::default()
        }
    }

    pub(in crate::report) fn rows() -> Vec<Row> {
        vec![
            row("human", Kind::Ceiling, "reach", 1.0),
            row("order 3", Kind::Baseline, "reach", 0.84),
            Row {
                interval: Some([0.8412, 0.88]),
                interval_method: Some("95 % bootstrap over levels".into()),
                target: Some(0.85),
                ..row("model", Kind::Model, "reach", 0.8612)
            },
            Row { better: Better::Lower, n: 9, ..row("model", Kind::Model, "edits", 4.0) },
        ]
    }

    #[test]
    fn the_model_stands_first_and_the_ceiling_last() {
        let names: Vec<_> =
            Table::new(&rows()).subjects.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["model", "order 3", "human"]);
    }

    #[test]
    fn the_nearest_to_a_target_is_the_best_and_a_ceiling_never_is() {
        let toward = |subject: &str, kind, value| Row {
            better: Better::Target,
            target: Some(0.5),
            ..row(subject, kind, "balance", value)
        };
        let table = Table::new(&[
            toward("model", Kind::Model, 0.7),
            toward("coin", Kind::Baseline, 0.45),
            toward("real", Kind::Ceiling, 0.5),
        ]);
        let best: Vec<_> = table.lines[0].cells.iter().flatten().map(|cell| cell.best).collect();
        assert_eq!(best, [false, true, false]);
    }

    #[test]
    fn a_small_value_beside_a_large_one_does_not_vanish() {
        let table = Table::new(&[
            row("model", Kind::Model, "broken", 0.0004),
            row("shuffled", Kind::Floor, "broken", 0.99),
        ]);
        let line = &table.lines[0];
        assert_eq!(
            [line.number(0.0004), line.number(0.0), line.number(0.99)],
            ["4e-4", "0.000", "0.990"]
        );
    }
}
