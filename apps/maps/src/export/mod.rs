//! Levels taken elsewhere: text, CSV, JSON, and the formats of the map editors Tiled and LDtk.

pub mod command;
pub mod ldtk;
pub mod plain;
mod sheet;
pub mod tmx;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Result, bail};
use generativa::data::Grid;
use serde::{Deserialize, Serialize};

/// A level with what it takes to make it again and to judge it.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// Unique among the levels exported together; letters, digits, `-` and `_`, as it becomes the
    /// name of a file.
    pub id: String,
    /// Seed of the level's own random stream.
    pub seed: u64,
    /// What was asked of the level and what was measured on it, by name.
    pub labels: BTreeMap<String, Label>,
    /// The tiles, in printable ASCII.
    pub grid: Grid,
    /// Cells (row, column) of a path that was found, from start to end; may be empty.
    pub path: Vec<(usize, usize)>,
}

/// The value of a label.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Label {
    /// Yes or no.
    Flag(bool),
    /// A finite number.
    Number(f64),
    /// A word, such as a verdict.
    Text(String),
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => flag.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// Refuses what no format can hold: an id that is no name of a file or that is there twice, a
/// symbol that is not printable, a number that is not finite, a path that leaves its level.
pub fn check(levels: &[Level]) -> Result<()> {
    let mut seen = BTreeSet::new();
    for level in levels {
        let id = &level.id;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if id.is_empty() || !id.bytes().all(plain) {
            bail!("the id `{id}` of a level needs letters, digits, `-` and `_`, and nothing else");
        }
        // Some file systems take `A` and `a` for one name.
        if !seen.insert(id.to_lowercase()) {
            bail!("two levels have the id `{id}`, or differ in upper and lower case alone");
        }
        for (row, cells) in level.grid.rows().enumerate() {
            let odd = |cell: &u8| !(cell.is_ascii_graphic() || *cell == b' ');
            if let Some(column) = cells.iter().position(odd) {
                let symbol = cells[column];
                bail!(
                    "level `{id}` has byte {symbol} at row {row}, column {column}, which is no \
                       printable symbol"
                );
            }
        }
        for (name, label) in &level.labels {
            if matches!(label, Label::Number(number) if !number.is_finite()) {
                bail!("label `{name}` of level `{id}` is {label}; numbers must be finite");
            }
        }
        let inside =
            |cell: &(usize, usize)| cell.0 < level.grid.height() && cell.1 < level.grid.width();
        if let Some((row, column)) = level.path.iter().find(|cell| !inside(cell)) {
            bail!("the path of level `{id}` goes to row {row}, column {column}, outside the level");
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn level(id: &str, rows: &[&str]) -> Level {
        Level {
            id: id.into(),
            seed: u64::MAX,
            labels: BTreeMap::from([
                ("density".into(), Label::Number(0.1 + 0.2)),
                ("reachable".into(), Label::Flag(true)),
                ("verdict".into(), Label::Text("solved, \"just\"".into())),
                ("word".into(), Label::Text("1.5".into())),
            ]),
            grid: Grid::from_rows(rows).expect("rows of one length"),
            path: vec![(0, 0), (1, 1)],
        }
    }

    #[test]
    fn what_no_format_can_hold_is_refused_by_name() {
        let good = || level("a", &["--", "XX"]);
        let mut label = good();
        label.labels.insert("elevation".into(), Label::Number(f64::NAN));
        let bad = [
            (vec![Level { id: "../a".into(), ..good() }], "`../a`"),
            (vec![good(), Level { id: "A".into(), ..good() }], "two levels"),
            (vec![Level { grid: Grid::filled(2, 2, 7), ..good() }], "byte 7 at row 0"),
            (vec![Level { path: vec![(2, 0)], ..good() }], "row 2, column 0"),
            (vec![label], "`elevation`"),
        ];
        for (levels, expected) in bad {
            let message = check(&levels).err().map_or(String::new(), |error| error.to_string());
            assert!(message.contains(expected), "{message}");
        }
        assert!(check(&[good()]).is_ok());
    }
}
