//! The rows of one evaluation.

use generativa::cli::Trained;
use generativa::run::evaluation::{DataRef, Kind, Row};

use crate::config::Config;

/// Rows that share seeds and, as a rule, data.
pub(super) struct Rows {
    rows: Vec<Row>,
    data: DataRef,
    seeds: Vec<u64>,
}

impl Rows {
    /// None yet, of runs on `data`.
    pub(super) fn new(data: &DataRef, trained: &[Trained<Config>]) -> Self {
        let seeds = trained.iter().map(|one| one.header.seed).collect();
        Self { rows: Vec::new(), data: data.clone(), seeds }
    }

    /// Takes rows in, giving them their data and, where something was drawn, their seeds.
    pub(super) fn extend(&mut self, rows: Vec<Row>) {
        for row in rows {
            let seeds = if row.kind == Kind::Model { self.seeds.clone() } else { Vec::new() };
            self.rows.push(Row { seeds, data: self.data.clone(), ..row });
        }
    }

    /// Takes rows in that no training went into: they have no seeds, and may have data of their
    /// own.
    pub(super) fn extend_unlearned(&mut self, rows: Vec<Row>) {
        for row in rows {
            let own = !row.data.name.is_empty();
            let data = if own { row.data.clone() } else { self.data.clone() };
            self.rows.push(Row { data, ..row });
        }
    }

    /// All of them, in the order in which they came.
    pub(super) fn all(self) -> Vec<Row> {
        self.rows
    }
}
