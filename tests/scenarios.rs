//! `market sample` as files: the same paths in every form, and what it refuses.

use std::fs;
use std::path::Path;

use generativa_random::Stream;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::every_app::{Checked, command, passes, text};

/// The trials of this file.
pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("scenarios::paths_are_the_same_in_every_form", || {
            let folder = tempfile::tempdir()?;
            let run = text(&folder.path().join("run"));
            passes(
                "market",
                &["train", "--preset", "tiny", "--set", "judged=false", "--out", &run, "--quiet"],
            )?;
            forms(&run, folder.path())?;
            numbers(&run, &["--refined"])?;
            refused(&run, folder.path())
        }),
        Trial::test("scenarios::several_assets_are_learned_from_closes_together", several),
        Trial::test("scenarios::timegan_makes_windows_of_all_columns", windows),
    ]
}

/// Two assets that move together and a third that does not, from a table to a page.
fn several() -> Checked {
    let folder = tempfile::tempdir()?;
    let [prices, run] = ["prices.csv", "run"].map(|name| text(&folder.path().join(name)));
    let mut stream = Stream::named(1, "prices");
    let mut table = String::from("\"One, A\",Two,Three\n");
    let mut levels = [0.0f64; 3];
    for _ in 0..1000 {
        let common = stream.normal();
        for (asset, level) in levels.iter_mut().enumerate() {
            let own = stream.normal();
            *level += 0.01 * if asset < 2 { 0.8 * common + 0.6 * own } else { own };
        }
        let [one, two, three] = levels.map(|level| 100.0 * level.exp());
        table += &format!("{one:.6},{two:.6},{three:.6}\n");
    }
    fs::write(&prices, table)?;
    let train = ["train", "--preset", "tiny", "--data", &prices, "--quiet"];
    let output = command("market", &[&train[..], &["--out", &run]].concat())?.output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    if output.status.code() != Some(2) || !told.contains("`all` or some of One, A, Two, Three") {
        return Err(format!("assets should be asked for: {told}").into());
    }
    passes("market", &[&train[..], &["--set", "data.asset=all", "--out", &run]].concat())?;
    let printed = String::from_utf8(sample(&run, &["--days", "3"])?)?;
    let head = printed.lines().next().unwrap_or_default();
    if head != "id,day,\"One, A\",Two,Three" || printed.lines().count() != 4 {
        return Err(format!("sample printed {printed}").into());
    }
    numbers(&run, &["--volatility", "wild", "--trend", "-0.2"])?;
    let out = text(&folder.path().join("out"));
    sample(&run, &["--days", "3", "--format", "npy", "--volatility", "0.15", "--out", &out])?;
    let note: Value = serde_json::from_slice(&fs::read(folder.path().join("out/scenario.json"))?)?;
    if note["columns"][2]["name"] != "Three" || note["volatility"] != 0.15 {
        return Err(format!("scenario.json says {note}").into());
    }
    for (arguments, named) in [
        (["--refined", "--quiet"], "this run has no network"),
        (["--volatility", "7"], "--volatility 7: expected one that a month"),
    ] {
        fails(&[&["sample", "--run", &run][..], &arguments].concat(), named)?;
    }

    let evaluated = passes("market", &["evaluate", "--run", &run, "--json"])?;
    let record: Value = serde_json::from_slice(&evaluated.stdout)?;
    let value = |subject: &str, metric: &str| {
        let rows = record["rows"].as_array().into_iter().flatten();
        let mut own = rows.filter(|row| row["subject"] == subject && row["metric"] == metric);
        own.next().and_then(|row| row["value"].as_f64())
    };
    let correlation = value("model", "correlation-frobenius");
    let alone = value("gjr-garch-t", "correlation-frobenius");
    if correlation.zip(alone).is_none_or(|(model, alone)| model > 0.1 || alone < 0.3) {
        return Err(format!("correlations are off by {correlation:?} and {alone:?}").into());
    }
    passes("market", &["report", "--run", &run])?;
    let page = fs::read_to_string(folder.path().join("run/report.html"))?;
    if !page.contains("Correlation of two assets") || page.contains("its network") {
        return Err("the page should show correlations, and no network".into());
    }
    Ok(())
}

/// TimeGAN from training to page: windows at the levels of the table, the same however many are asked
/// for, and no flag that only paths know.
fn windows() -> Checked {
    let folder = tempfile::tempdir()?;
    let run = text(&folder.path().join("run"));
    let train = ["train", "--preset", "tiny", "--quiet", "--out", &run, "--set", "method=timegan"];
    passes("market", &train)?;
    let all = String::from_utf8(sample(&run, &["--count", "70"])?)?;
    let head = all.lines().next().unwrap_or_default();
    let few = String::from_utf8(sample(&run, &["--count", "66"])?)?;
    if head != "id,day,open,high,low,close" || all.lines().count() != 1 + 70 * 24 {
        return Err(format!("sample printed {head} and {} lines", all.lines().count()).into());
    }
    if !all.starts_with(&few) {
        return Err("windows change with how many are asked for".into());
    }
    let short = String::from_utf8(sample(&run, &["--days", "3"])?)?;
    if short.lines().count() != 4 || !all.starts_with(&short) {
        return Err(format!("the first three days are {short}").into());
    }
    for (arguments, named) in [
        (["--days", "25"], "--days 25: a run of TimeGAN makes windows as they are, of 24 days"),
        (["--start", "100"], "--start: a run of TimeGAN"),
        (["--volatility", "calm"], "--volatility: a run of TimeGAN"),
        (["--refined", "--quiet"], "--refined: a run of TimeGAN"),
    ] {
        fails(&[&["sample", "--run", &run][..], &arguments].concat(), named)?;
    }
    let out = text(&folder.path().join("out"));
    sample(&run, &["--count", "2", "--format", "npy", "--out", &out])?;
    let note: Value = serde_json::from_slice(&fs::read(folder.path().join("out/scenario.json"))?)?;
    if note["days"] != 24 || !note["start"].is_null() || note["columns"][0]["name"] != "open" {
        return Err(format!("scenario.json says {note}").into());
    }
    // Beside a filter on the same data, whose figures are others.
    let filter = text(&folder.path().join("filter"));
    let plain = ["--set", "judged=false", "--set", "refine=false", "--out", &filter];
    passes("market", &[&["train", "--preset", "tiny", "--quiet"][..], &plain].concat())?;
    let evaluated = passes("market", &["evaluate", "--run", &filter, "--run", &run, "--json"])?;
    let record: Value = serde_json::from_slice(&evaluated.stdout)?;
    let rows = record["rows"].as_array().into_iter().flatten();
    let metrics: Vec<&str> = rows
        .filter(|row| row["subject"] == "timegan")
        .filter_map(|row| row["metric"].as_str())
        .collect();
    if metrics != ["ohlc-violations", "window-nn-ratio", "training-seconds"] {
        return Err(format!("evaluate told {metrics:?}").into());
    }
    passes("market", &["report", "--run", &run])?;
    let page = fs::read_to_string(folder.path().join("run/report.html"))?;
    if !page.contains("10 iterations a phase (published figures: 50000)") {
        return Err("the page should say how long TimeGAN learned".into());
    }
    Ok(())
}

fn fails(arguments: &[&str], named: &str) -> Checked {
    let output = command("market", arguments)?.output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    if output.status.code() != Some(2) || !stderr.contains(named) || stderr.lines().count() != 1 {
        return Err(format!("{arguments:?}: {} {stderr}", output.status).into());
    }
    Ok(())
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
    let (head, body) = npy.split_at(npy.len() - 3 * 70 * 4 * 8);
    let head = String::from_utf8_lossy(head);
    if !head.contains("(3, 70, 4") || !head.contains("<f8") {
        return Err(format!("paths.npy begins with {head:?}").into());
    }
    let (values, _) = body.as_chunks::<8>();
    let values = values.iter().map(|bytes| f64::from_le_bytes(*bytes));
    let near = values.zip(&prices).all(|(value, price)| (value - price).abs() < 1e-7 * price);
    if prices.len() != 3 * 70 * 4 || !near {
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
    let known = note["seed"] == 9 && note["start"] == 12.5 && note["columns"][3]["name"] == "close";
    if !known || note["run"]["data"] != "embedded" || note["run"]["config"]["window"].is_null() {
        return Err(format!("scenario.json says {note}").into());
    }
    let drawing = String::from_utf8(file("svg")?)?;
    if drawing.matches("class=\"path\"").count() != 3 {
        return Err("paths.svg does not show three paths".into());
    }
    Ok(())
}

/// A path is the same alone and among others, and longer ones begin with shorter ones, also when
/// they are asked for otherwise.
fn numbers(run: &str, otherwise: &[&str]) -> Checked {
    let lines = |arguments: &[&str]| -> Result<Vec<String>, Failed> {
        Ok(String::from_utf8(sample(run, arguments)?)?.lines().map(str::to_owned).collect())
    };
    for way in [&[][..], otherwise] {
        let short = lines(&[&["--count", "1", "--days", "30"][..], way].concat())?;
        let long = lines(&[&["--count", "2", "--days", "5000"][..], way].concat())?;
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
        (&["--trend", "nan"], "--trend NaN"),
        (&["--format", "svg", "--count", "99", "--out", &out], "--count 99"),
    ] {
        fails(&[&["sample", "--run", run][..], arguments].concat(), named)?;
    }
    Ok(())
}
