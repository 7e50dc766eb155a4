//! `evaluation.json`: what an `evaluate` found, in the form that tables, READMEs and pages read.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::file::write_atomically;
use super::machine::Machine;

/// Every figure of one evaluation, and what it takes to repeat it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Evaluation {
    /// Name of the app.
    pub app: String,
    /// Version of the app.
    pub version: String,
    /// Command line that made the record.
    pub command: String,
    /// Git revision of the code, see [`revision`](super::machine::revision).
    pub revision: String,
    /// Where it ran; figures in milliseconds mean nothing without it.
    pub machine: Machine,
    /// The figures, in the order in which they are shown.
    pub rows: Vec<Row>,
}

/// One figure: a metric of a subject, with its uncertainty and its origin.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Row {
    /// What was measured: the model, or the name of what stands beside it.
    pub subject: String,
    /// The subject's part in the comparison.
    pub kind: Kind,
    /// Stable name of the metric.
    pub metric: String,
    /// Unit of `value` and `interval`: `share`, `ms`, `nats`, `tiles` …
    pub unit: String,
    /// The figure, finite.
    pub value: f64,
    /// Lower and upper end, in the unit of the value.
    pub interval: Option<[f64; 2]>,
    /// How the interval was made, such as `95 % bootstrap over levels`; goes with the interval.
    pub interval_method: Option<String>,
    /// Items measured; 0 where a published figure does not say.
    pub n: usize,
    /// Seeds that were pooled; empty where nothing was drawn.
    pub seeds: Vec<u64>,
    /// Which way is good.
    pub better: Better,
    /// The value to approach with [`Better::Target`]; else the mark to reach, if there is one.
    pub target: Option<f64>,
    /// What it was measured on.
    pub data: DataRef,
}

/// The part that a subject plays in a comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// What this workspace trained.
    #[default]
    Model,
    /// A classical rival, given the same data.
    Baseline,
    /// What no effort reaches.
    Floor,
    /// What the real thing reaches, real against real.
    Ceiling,
    /// A figure published by somebody else.
    Anchor,
}

/// Which way is good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// Small values, such as errors.
    #[default]
    Lower,
    /// Large values, such as shares of successes.
    Higher,
    /// Values near [`Row::target`].
    Target,
}

/// The data behind a figure.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub struct DataRef {
    /// Name in the catalogue, or of the simulator.
    pub name: String,
    /// Part of the set, where it has parts.
    pub subset: Option<String>,
    /// SHA-256 of the files in hexadecimal; absent for data that a simulator makes.
    pub sha256: Option<String>,
    /// False for simulated data.
    pub real: bool,
}

impl Evaluation {
    /// Writes the record as JSON, whole or not at all.
    ///
    /// # Errors
    /// A row that [`check`](Self::check) refuses, or a path that cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        self.check().with_context(|| format!("cannot write {}", path.display()))?;
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        write_atomically(path, text.as_bytes())
    }

    /// Reads a record.
    ///
    /// # Errors
    /// A file that is missing, is no such record, or holds a row that [`check`](Self::check)
    /// refuses; the message names the file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| {
            format!("cannot read {}; `evaluate --run DIR` makes one", path.display())
        })?;
        let inside = || format!("{} is not a record of an evaluation", path.display());
        let evaluation: Self = serde_json::from_str(&text).with_context(inside)?;
        evaluation.check().with_context(inside)?;
        Ok(evaluation)
    }

    /// The model's rows, in the order in which they are shown.
    pub fn model_rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.kind == Kind::Model)
    }

    /// The strongest baseline on the metric and the data of `row`.
    pub fn rival(&self, row: &Row) -> Option<&Row> {
        let same = |rival: &&Row| {
            rival.kind == Kind::Baseline && (&rival.metric, &rival.data) == (&row.metric, &row.data)
        };
        self.rows.iter().filter(same).min_by(|a, b| a.loss().total_cmp(&b.loss()))
    }

    /// Refuses values that mean nothing, by the name of their row: NaN, infinities, an interval
    /// upside down or without its method, a missing target, one figure given twice.
    pub fn check(&self) -> Result<()> {
        let mut seen = BTreeSet::new();
        for row in &self.rows {
            row.check().with_context(|| format!("`{}` of `{}`", row.metric, row.subject))?;
            if !seen.insert((&row.metric, &row.subject, &row.data)) {
                bail!("`{}` of `{}` is there twice on the same data", row.metric, row.subject);
            }
        }
        Ok(())
    }
}

impl Row {
    /// How far the value is from good: of two rows of a metric, the one with the smaller loss is the
    /// better.
    pub fn loss(&self) -> f64 {
        match self.better {
            Better::Lower => self.value,
            Better::Higher => -self.value,
            Better::Target => (self.value - self.target.unwrap_or(0.0)).abs(),
        }
    }

    fn check(&self) -> Result<()> {
        if self.subject.is_empty() || self.metric.is_empty() || self.data.name.is_empty() {
            bail!("subject, metric and the name of the data must not be empty");
        }
        let ends = self.interval.into_iter().flatten();
        for number in ends.chain([self.value]).chain(self.target) {
            if !number.is_finite() {
                bail!("{number} is no figure; value, interval and target must be finite");
            }
        }
        if let Some([low, high]) = self.interval.filter(|[low, high]| low > high) {
            bail!("the interval begins at {low} and ends at {high}");
        }
        if self.interval.is_some() != self.interval_method.is_some() {
            bail!("an interval and the method that made it go together");
        }
        if self.better == Better::Target && self.target.is_none() {
            bail!("`better` is `target`, but there is no target");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach() -> Row {
        Row {
            subject: "model".into(),
            metric: "reach-200-raw".into(),
            unit: "share".into(),
            value: 0.86,
            interval: Some([0.84, 0.88]),
            interval_method: Some("95 % bootstrap over levels".into()),
            n: 500,
            seeds: vec![1, 2],
            better: Better::Higher,
            target: Some(0.85),
            data: DataRef {
                name: "vglc".into(),
                subset: Some("Super Mario Bros".into()),
                sha256: Some("00ff".into()),
                real: true,
            },
            ..Row::default()
        }
    }

    fn record(rows: Vec<Row>) -> Evaluation {
        Evaluation { app: "maps".into(), rows, ..Evaluation::default() }
    }

    #[test]
    fn a_row_has_exactly_the_keys_of_the_contract() -> Result<()> {
        let found = serde_json::to_value(reach())?;
        let expected = serde_json::json!({
            "subject": "model", "kind": "model", "metric": "reach-200-raw", "unit": "share",
            "value": 0.86, "interval": [0.84, 0.88],
            "interval_method": "95 % bootstrap over levels", "n": 500, "seeds": [1, 2],
            "better": "higher", "target": 0.85,
            "data": {"name": "vglc", "subset": "Super Mario Bros", "sha256": "00ff", "real": true}
        });
        assert_eq!(found, expected);
        Ok(())
    }

    #[test]
    fn a_record_is_read_as_it_was_written() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("evaluation.json");
        let human = Row { subject: "human".into(), kind: Kind::Ceiling, value: 1.0, ..reach() };
        let written = Evaluation { machine: Machine::here(), ..record(vec![reach(), human]) };
        written.write(&path)?;
        assert_eq!(Evaluation::read(&path)?, written);
        Ok(())
    }

    #[test]
    fn what_is_no_figure_is_refused_by_the_name_of_its_row() {
        let bad = [
            (Row { value: f64::NAN, ..reach() }, "NaN is no figure"),
            (Row { interval: Some([0.0, f64::INFINITY]), ..reach() }, "inf is no figure"),
            (Row { interval: Some([0.9, 0.8]), ..reach() }, "begins at 0.9 and ends at 0.8"),
            (Row { interval_method: None, ..reach() }, "go together"),
            (Row { better: Better::Target, target: None, ..reach() }, "no target"),
            (Row { subject: String::new(), ..reach() }, "must not be empty"),
        ];
        for (row, expected) in bad {
            let error = record(vec![row]).check().expect_err(expected);
            let message = format!("{error:#}");
            assert!(message.contains(expected), "{message}");
            assert!(message.contains("`reach-200-raw`"), "{message}");
        }
        let twice = record(vec![reach(), reach()]).check().expect_err("given twice");
        assert!(twice.to_string().contains("twice"));
    }

    #[test]
    fn a_refused_record_leaves_the_old_file_alone() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("evaluation.json");
        record(vec![reach()]).write(&path)?;
        assert!(record(vec![Row { value: f64::NAN, ..reach() }]).write(&path).is_err());
        assert_eq!(Evaluation::read(&path)?, record(vec![reach()]));
        Ok(())
    }

    #[test]
    fn a_missing_a_cut_and_a_foreign_file_are_named() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("evaluation.json");
        let message = || Evaluation::read(&path).err().map_or(String::new(), |e| format!("{e:#}"));
        assert!(message().contains("evaluation.json; `evaluate --run DIR` makes one"));
        for content in ["{\"app\": \"maps\"", "{\"levels\": []}"] {
            fs::write(&path, content)?;
            assert!(message().contains("evaluation.json is not a record"), "{}", message());
        }
        Ok(())
    }
}
