//! `ecg` on folders of annotated records, which the simulator writes under names of the MIT-BIH
//! database.

use std::fs;
use std::path::Path;

use generativa_datasets::simulators::ecg::{Noise, Settings, Shares, write};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::every_app::{Checked, command, passes, text};

type Check = fn() -> Checked;

/// The trials of this file.
pub(crate) fn trials() -> Vec<Trial> {
    let checks: [(&str, Check); 2] = [
        ("one_side_is_learned_and_the_other_judged_patient_by_patient", both_sides),
        ("a_folder_without_annotated_records_is_refused_in_one_line", refused),
    ];
    let trial = |(name, check): (&str, Check)| Trial::test(format!("records::{name}"), check);
    checks.into_iter().map(trial).collect()
}

/// Three records to learn from, two for thresholds and three to be judged.
const NAMES: [&str; 8] = ["101", "106", "112", "114", "220", "100", "103", "105"];

fn write_records(folder: &Path) -> Checked {
    for (name, seed) in NAMES.iter().zip(40..) {
        let shares = Shares { ventricular: 0.05, atrial: 0.05, ..Shares::default() };
        let noise = Noise { wander: 0.05, muscle: Some(20.0), ..Noise::NONE };
        let settings =
            Settings { seed, seconds: 240.0, shares, noise, spread: 0.4, ..Settings::default() };
        write(&settings, folder, name)?;
    }
    Ok(())
}

fn both_sides() -> Checked {
    let folder = tempfile::tempdir()?;
    let [records, run, embedded] = ["records", "run", "embedded"].map(|n| folder.path().join(n));
    write_records(&records)?;
    let [data, run, embedded] = [&records, &run, &embedded].map(|path| text(path));
    let train = ["train", "--preset", "tiny", "--data", &data, "--subset", "ds1-ds2"];
    let told = passes("ecg", &[&train[..], &["--out", &run]].concat())?;
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    if !told.contains("missing: 109") || !told.contains("beats were not found") {
        return Err(format!("what is missing should be told: {told}").into());
    }
    rows(&["--run", &run])?;

    passes("ecg", &["train", "--preset", "tiny", "--out", &embedded])?;
    let judged = ["--protocol", "ds1-ds2", "--data", &data, "--run", &embedded];
    let record = rows(&judged)?;
    let command = record["command"].as_str().unwrap_or_default();
    if !command.contains("--protocol ds1-ds2") || !command.contains(&data) {
        return Err(format!("`{command}` should name the protocol and the records").into());
    }
    // A run on records judges other recordings as one on simulated patients does.
    let header = text(&records.join("100.hea"));
    passes("ecg", &["detect", &header, "--run", &run, "--out", &text(&folder.path().join("out"))])?;
    Ok(())
}

/// Evaluates, checks the rows that records have, and returns the whole record.
fn rows(arguments: &[&str]) -> Result<Value, Failed> {
    let evaluated = passes("ecg", &[&["evaluate", "--json"][..], arguments].concat())?;
    let record: Value = serde_json::from_slice(&evaluated.stdout)?;
    let value = |metric: &str| -> Result<f64, Failed> {
        let rows = record["rows"].as_array().into_iter().flatten();
        let mut own = rows.filter(|row| row["subject"] == "model" && row["metric"] == metric);
        let row = own.next().ok_or_else(|| format!("{arguments:?}: no row {metric}"))?;
        if row["data"]["subset"] != "ds1-ds2" || row["data"]["real"] != false {
            return Err(format!("{metric} of {}", row["data"]).into());
        }
        Ok(row["value"].as_f64().ok_or("a row has a value")?)
    };
    let (wide, least, median) =
        (value("auc-of-V")?, value("auc-patient-min")?, value("auc-patient-median")?);
    let (all, standard) = (value("auc")?, value("auc-aami")?);
    value("auc-of-S")?;
    // All odd beats here are of V or S, so both ways to count agree.
    if wide < 0.8 || least > median || (all - standard).abs() > 1e-9 {
        let text = format!("V {wide}, patients {least} {median}, all {all}, standard {standard}");
        return Err(text.into());
    }
    Ok(record)
}

fn refused() -> Checked {
    let folder = tempfile::tempdir()?;
    let [empty, bare] = ["empty", "bare"].map(|name| folder.path().join(name));
    fs::create_dir(&empty)?;
    write(&Settings::clean(1, 20.0), &bare, "100")?;
    fs::remove_file(bare.join("100.atr"))?;
    let out = text(&folder.path().join("run"));
    for path in [&empty, &bare] {
        let path = text(path);
        for subset in [&[][..], &["--subset", "ds1-ds2"]] {
            let train = ["train", "--preset", "tiny", "--data", &path, "--out", &out];
            let output = command("ecg", &[&train[..], subset].concat())?.output()?;
            let stderr = String::from_utf8_lossy(&output.stderr);
            let one = stderr.lines().count() == 1 && stderr.contains(&path);
            if output.status.success() || !one {
                return Err(format!("{path}: {}, should be named: {stderr}", output.status).into());
            }
        }
        fs::remove_dir_all(&out).ok();
    }
    Ok(())
}
