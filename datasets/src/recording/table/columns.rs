//! What the columns of a table are, by the names and units above them.

use super::super::leads::millivolts;
use super::rows::{Cell, Rows};
use crate::Result;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    /// From 0, from the left.
    pub(super) number: usize,
    /// `column 1` and so on where there are no names.
    pub(super) name: String,
    /// Empty where it is not said.
    pub(super) unit: String,
    pub(super) role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Role {
    Lead,
    /// In a unit of so many seconds.
    Time(f64),
    /// Numbers of rows.
    Index,
}

const TIMES: [&str; 6] = ["time", "t", "timestamp", "elapsed", "elapsed time", "elapsed_time"];
const INDICES: [&str; 5] = ["sample", "sample #", "sample number", "index", "frame"];

/// Reads the line of names, if there is one, and a line of units below it. The rows are left at the
/// first samples.
pub(super) fn columns(rows: &mut Rows) -> Result<Vec<Column>> {
    if !rows.next()? {
        return Err(rows.malformed("rows of samples".to_owned(), "none".to_owned()));
    }
    let all = 0..rows.width();
    // A row with numbers is one of samples: a name that is a number would cost a sample.
    let titles = |rows: &Rows| {
        let mut cells = all.clone().map(|column| rows.cell(column));
        cells.clone().all(|cell| cell != Cell::Number) && cells.any(|cell| cell == Cell::Text)
    };
    if !titles(rows) {
        rows.again();
        let named = |number| column(number, "", String::new(), false, rows);
        return all.clone().map(named).collect();
    }
    let names: Vec<(String, String)> =
        all.clone().map(|column| name_and_unit(&rows.text(column))).collect();
    let mut units = vec![String::new(); names.len()];
    if rows.next()? {
        let own: Vec<String> = all.clone().map(|column| rows.text(column).into_owned()).collect();
        let is_unit = |text: &String| millivolts(text).is_some() || seconds(text).is_some();
        if titles(rows) && own.iter().any(|text| !text.is_empty() && is_unit(text)) {
            units = own;
        } else {
            rows.again();
        }
    }
    let named = names.into_iter().zip(units).zip(all.clone());
    let named = named.map(|(((name, unit), below), number)| {
        column(number, &name, if below.is_empty() { unit } else { below }, true, rows)
    });
    named.collect()
}

/// A column by its name and unit; `titled` says that there is a line of names.
fn column(number: usize, name: &str, unit: String, titled: bool, rows: &Rows) -> Result<Column> {
    let plain = name.to_lowercase();
    let role = if TIMES.contains(&&*plain) {
        let known = seconds(&unit).ok_or_else(|| {
            let expected = format!("a unit of time for column `{name}`, such as `s` or `ms`");
            rows.malformed(expected, format!("`{unit}`"))
        });
        Role::Time(known?)
    } else if let Some(unit) = seconds(name).filter(|_| !name.is_empty()) {
        Role::Time(unit)
    } else if INDICES.contains(&&*plain) || (titled && number == 0 && name.is_empty()) {
        // A table of pandas has its numbers of rows first, without a name.
        Role::Index
    } else {
        Role::Lead
    };
    let name = if name.is_empty() { format!("column {}", number + 1) } else { name.to_owned() };
    Ok(Column { number, name, unit, role })
}

/// How many seconds a unit of time is, 1 where none is said.
fn seconds(unit: &str) -> Option<f64> {
    match unit.to_lowercase().as_str() {
        "" | "s" | "sec" | "secs" | "second" | "seconds" => Some(1.0),
        // So PhysioNet calls minutes and seconds with a colon between them.
        "hh:mm:ss" | "hh:mm:ss.mmm" | "mm:ss" | "mm:ss.mmm" => Some(1.0),
        "ms" | "msec" | "millisecond" | "milliseconds" => Some(1e-3),
        "us" | "\u{b5}s" | "\u{3bc}s" | "microsecond" | "microseconds" => Some(1e-6),
        _ => None,
    }
}

/// `NAME (UNIT)`, `NAME [UNIT]`, `NAME, UNIT` or `NAME_UNIT`, the last two for units of voltage and
/// time only.
fn name_and_unit(title: &str) -> (String, String) {
    let bracketed = [('(', ')'), ('[', ']')].into_iter().find_map(|(open, close)| {
        title.strip_suffix(close).and_then(|title| title.rsplit_once(open))
    });
    let known =
        |unit: &str| millivolts(unit).is_some() || (!unit.is_empty() && seconds(unit).is_some());
    let marked = [',', '_']
        .into_iter()
        .find_map(|mark| title.rsplit_once(mark).filter(|(_, unit)| known(unit.trim())));
    let (name, unit) = bracketed.or(marked).unwrap_or((title, ""));
    (name.trim().to_owned(), unit.trim().to_owned())
}
