//! Reads any table of prices.

use std::path::Path;

use super::cells::Cells;
use super::columns::{Columns, Field, Layout, layout};
use super::dates::dates;
use super::problem::{Problem, Problems};
use super::{Asset, PriceTable, checks};
use crate::{Error, Result};

/// What is asked of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The columns to take, each as the closes of an asset; none: what the names say.
    pub columns: Vec<String>,
    /// What a single asset is called; `None`: as the file.
    pub name: Option<String>,
    /// The fewest rows that are of use.
    pub least_rows: usize,
}

impl Default for Reading {
    /// All columns and any number of rows from 2 on, which make one return.
    fn default() -> Self {
        Self { columns: Vec::new(), name: None, least_rows: 2 }
    }
}

/// Reads a table. It may be packed by gzip; commas, semicolons or tabs separate its cells, and a
/// comma may be the decimal mark where it does not separate. Or it is Parquet, with the feature of
/// that name: then the first row is called line 2. The first line has the names:
/// - one asset: `Open`, `High`, `Low`, `Close`, `Adj Close`, `Volume` in any order and case, of
///   which only `Close` must be there; further columns are passed over;
/// - many assets: a column each, which holds closes, or `NAME Open`, `NAME Close` and so on;
/// - a column `Date` as YYYY-MM-DD, YYYY/MM/DD, DD.MM.YYYY, MM/DD/YYYY or DD/MM/YYYY, the last two
///   where the rows admit one of them only; a column that counts rows is passed over.
///
/// Fails with [`Error::Prices`], which tells the first ten problems and how many there are, where
/// - a day is none, in another format than most, or not after the day before;
/// - a price is empty, no number, or not above 0; a volume is empty, no number, or below 0;
/// - a high is below its low, or open or close lie outside of them by more than a cent (for prices
///   below 1, more than a hundredth);
/// - a price never changes, rows have different lengths, or there are fewer than asked for.
pub fn read(path: &Path, reading: &Reading) -> Result<PriceTable> {
    let cells = Cells::open(path)?;
    let name = reading.name.clone().unwrap_or_else(|| name_of(path));
    let layout = layout(path, &cells.names, &name, &reading.columns)?;
    let mut problems = Problems::default();
    let table = table(&cells, &layout, &mut problems);
    if cells.rows.len() < reading.least_rows {
        problems.add(Problem {
            line: None,
            column: None,
            expected: format!("{} rows or more", reading.least_rows),
            found: cells.rows.len().to_string(),
            remedy: "give a longer history",
        });
    }
    if problems.is_empty() {
        return Ok(table);
    }
    let (problems, more) = problems.first();
    Err(Error::Prices { path: path.to_owned(), problems, more })
}

/// The name of a file without its endings.
pub(super) fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    plain.rsplit_once('.').map_or(plain, |(stem, _)| stem).to_owned()
}

fn table(cells: &Cells, layout: &Layout, problems: &mut Problems) -> PriceTable {
    let width = cells.names.len();
    for (line, row) in cells.rows.iter().filter(|(_, row)| row.len() != width) {
        problems.add(Problem {
            line: Some(*line),
            column: None,
            expected: format!("{width} cells as in line 1"),
            found: row.len().to_string(),
            remedy: "complete the row or leave it out",
        });
    }
    // Short and long rows are told; what stands in them cannot be trusted to be in its column.
    let whole: Vec<_> = cells.rows.iter().filter(|(_, row)| row.len() == width).collect();
    let dates = layout.date.map(|place| {
        let days: Vec<(u64, &str)> = whole.iter().map(|(line, row)| (*line, &row[place])).collect();
        dates(&cells.names[place], &days, problems)
    });
    let lines: Vec<u64> = whole.iter().map(|(line, _)| *line).collect();
    let mut assets = Vec::with_capacity(layout.assets.len());
    for columns in &layout.assets {
        let mut all = Vec::with_capacity(columns.fields.len());
        for &(field, place) in &columns.fields {
            let name = &cells.names[place];
            let value = |(line, row): &&(u64, csv::StringRecord)| {
                checks::value((*line, name), field, cells.cell(&row[place]), problems)
            };
            all.push(whole.iter().map(value).collect::<Vec<f64>>());
        }
        checks::asset(columns, &cells.names, &lines, &all, problems);
        assets.push(asset(columns, all));
    }
    PriceTable { dates, assets }
}

fn asset(columns: &Columns, values: Vec<Vec<f64>>) -> Asset {
    let mut asset = Asset::closes(&columns.name, Vec::new());
    for ((field, _), values) in columns.fields.iter().zip(values) {
        match field {
            Field::Open => asset.open = Some(values),
            Field::High => asset.high = Some(values),
            Field::Low => asset.low = Some(values),
            Field::Close => asset.close = values,
            Field::Adjusted => asset.adjusted = Some(values),
            Field::Volume => {
                asset.volume = values.iter().any(|volume| *volume > 0.0).then_some(values);
            }
        }
    }
    asset
}
