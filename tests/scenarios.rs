//! `market sample` as files: the same paths in every form, and what it refuses.

use std::fs;
use std::path::Path;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::every_app::{Checked, command, passes, text};

/// The trials of this file.
pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("scenarios::paths_are_the_same_in_every_form", || {
        let folder = tempfile::tempdir()?;
        let run = text(&folder.path().join("run"));
        passes(
            "market",
            &["train", "--preset", "tiny", "--set", "judged=false", "--out", &run, "--quiet"],
        )?;
        forms(&run, folder.path())?;
        numbers(&run)?;
        refused(&run, folder.path())
    })]
}

fn sample(run: &str, arguments: &[&str]) -> Result<Vec<u8>, Failed> {
    Ok(passes("market", &[&["sample", "--run", run][..], arguments].concat())?.stdout)
}

/// CSV on stdout, CSV as a file, NPY and JSON hold the same numbers.
fn forms(run: &str, folder: &Path) -> Checked {
    let asked = ["--count", "3", "--days", "70", "--seed", "9", "--start", "12.5"];
    let printed = sample(run, &asked)?;
    let file = |format: &str| -> Result<Vec<u8>, Failed> {
        let out = folder.join(format);
        sample(run, &[&asked[..], &["--format", format, "--out", &text(&out)]].concat())?;
        Ok(fs::read(out.join(format!("paths.{format}")))?)
    };
    if file("csv")? != printed {
        return Err("paths.csv differs from what stdout shows".into());
    }
    let printed = String::from_utf8(printed)?;
    let prices: Vec<f64> = printed
        .lines()
        .skip(1)
        .flat_map(|line| line.split(',').skip(2))
        .map(|price| price.parse().unwrap_or(f64::NAN))
        .collect();
    let npy = file("npy")?;
    let (head, body) = npy.split_at(npy.len() - 3 * 70 * 3 * 8);
    let head = String::from_utf8_lossy(head);
    if !head.contains("(3, 70, 3") || !head.contains("<f8") {
        return Err(format!("paths.npy begins with {head:?}").into());
    }
    let (values, _) = body.as_chunks::<8>();
    let values = values.iter().map(|bytes| f64::from_le_bytes(*bytes));
    let near = values.zip(&prices).all(|(value, price)| (value - price).abs() < 1e-7 * price);
    if prices.len() != 3 * 70 * 3 || !near {
        return Err("paths.npy holds other prices than paths.csv".into());
    }
    let lines = sample(run, &[&asked[..], &["--json"]].concat())?;
    let last: Value = serde_json::from_slice(
        lines.trim_ascii().rsplit(|b| *b == b'\n').next().unwrap_or_default(),
    )?;
    if last["id"] != 2 || last["day"] != 70 || last["close"].as_f64() != prices.last().copied() {
        return Err(format!("the last line is {last}").into());
    }
    let note: Value = serde_json::from_slice(&fs::read(folder.join("npy/scenario.json"))?)?;
    let known = note["seed"] == 9 && note["start"] == 12.5 && note["columns"][2]["name"] == "close";
    if !known || note["run"]["data"] != "embedded" || note["run"]["config"]["window"].is_null() {
        return Err(format!("scenario.json says {note}").into());
    }
    let drawing = String::from_utf8(file("svg")?)?;
    if drawing.matches("class=\"path\"").count() != 3 {
        return Err("paths.svg does not show three paths".into());
    }
    Ok(())
}

/// A path is the same alone and among others, and longer ones begin with shorter ones.
fn numbers(run: &str) -> Checked {
    let lines = |arguments: &[&str]| -> Result<Vec<String>, Failed> {
        Ok(String::from_utf8(sample(run, arguments)?)?.lines().map(str::to_owned).collect())
    };
    for raw in [&[][..], &["--raw"]] {
        let short = lines(&[&["--count", "1", "--days", "30"][..], raw].concat())?;
        let long = lines(&[&["--count", "2", "--days", "5000"][..], raw].concat())?;
        if long[..31] != short[..] || long.len() != 10_001 {
            return Err("a longer path begins otherwise than a shorter one".into());
        }
    }
    Ok(())
}

fn refused(run: &str, folder: &Path) -> Checked {
    let out = text(&folder.join("refused"));
    for (arguments, named) in [
        (&["--format", "npy"][..], "--out DIR"),
        (&["--start", "0"], "--start 0"),
        (&["--days", "0"], "--days 0"),
        (&["--format", "svg", "--count", "99", "--out", &out], "--count 99"),
    ] {
        let output =
            command("market", &[&["sample", "--run", run][..], arguments].concat())?.output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        if output.status.code() != Some(2) || !stderr.contains(named) || stderr.lines().count() != 1
        {
            return Err(format!("{arguments:?}: {} {stderr}", output.status).into());
        }
    }
    Ok(())
}
