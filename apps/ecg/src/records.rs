//! Folders of annotated recordings in the files of WFDB: each record is a patient.

mod annotated;
mod split;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use generativa::cli::Exit;
use generativa::run::evaluation::DataRef;
use generativa_datasets::{catalogue, verify};
use rayon::prelude::*;

use crate::aami::{Aami, class};
use crate::beat::Beat;
use crate::config::DataChoice;
use crate::data::{Corpus, FEWEST, Judged};
use annotated::{Found, Record};
use split::Split;

pub use split::DS1_DS2;

/// Whether these name a folder of records rather than a set of beats that come cut.
pub fn named(data: &str, subset: &str) -> bool {
    subset == DS1_DS2
        || catalogue::locate(data).is_ok_and(|location| {
            stems(&location.root, "hea").is_ok_and(|headers| !headers.is_empty())
        })
}

/// Reads the folder of records that `choice` names. Normal are the beats of sinus rhythm alone
/// (symbol `N`); whatever is annotated otherwise is odd.
///
/// # Errors
/// A folder without annotated records, or with too few for a side of the split; a file that cannot
/// be read.
pub fn corpus(choice: &DataChoice) -> Result<Corpus> {
    let location = catalogue::locate(&choice.name)?;
    let folder = &location.root;
    let (names, mut remarks) = annotated_names(folder)?;
    let split = Split::of(&names, &choice.subset, folder)?;
    remarks.extend(split.remarks);
    let read = |names: &[String]| -> Result<Vec<Record>> {
        names.par_iter().map(|name| Record::read(folder, name, choice)).collect()
    };
    let (learned, aside, judged) =
        (read(&split.learned)?, read(&split.aside)?, read(&split.judged)?);

    let all = || learned.iter().chain(&aside).chain(&judged);
    remarks.push(told(all().map(|record| &record.found)));
    let files: Vec<PathBuf> = all().flat_map(|record| record.files.iter().cloned()).collect();
    let source = DataRef {
        name: choice.name.clone(),
        subset: split.published.then(|| DS1_DS2.to_owned()),
        sha256: Some(verify::fingerprint(folder, &files)?),
        real: !all().any(|record| record.simulated),
    };
    let normal = |records: &[Record]| records.iter().map(Record::normal).collect::<Vec<_>>();
    let (learned, mut aside) = (normal(&learned).concat(), normal(&aside));
    aside.retain(|beats| !beats.is_empty());
    for (role, count, names) in [
        ("learn from", learned.len(), &split.learned),
        ("find thresholds by", aside.concat().len(), &split.aside),
    ] {
        ensure!(
            count >= 2 * FEWEST,
            "{}: {count} normal beats to {role} in the records {}; expected {} or more",
            folder.display(),
            names.join(", "),
            2 * FEWEST
        );
    }
    let judged = judged.into_iter().zip(0..).flat_map(|(record, patient)| {
        record.beats.into_iter().map(move |(beat, symbol)| judged_beat(beat, symbol, patient))
    });
    let (measures, judged) = (Vec::new(), judged.collect());
    Ok(Corpus { learned, measures, aside, judged, source, remarks })
}

fn judged_beat(beat: Beat, symbol: u8, patient: u64) -> Judged {
    Judged {
        beat,
        class: class(symbol),
        normal: symbol == b'N',
        aami: Some(Aami::of(symbol)),
        patient: Some(patient),
    }
}

/// The records of a folder that have annotations, in order of their names, and a remark about those
/// that have none.
fn annotated_names(folder: &Path) -> Result<(Vec<String>, Vec<String>)> {
    let (headers, marks) = (stems(folder, "hea")?, stems(folder, "atr")?);
    let (names, without): (Vec<String>, Vec<String>) =
        headers.into_iter().partition(|name| marks.contains(name));
    if names.is_empty() {
        bail!(Exit::Usage(format!(
            "no annotated records in {}: expected headers NAME.hea with annotations NAME.atr \
             beside them, found {} headers",
            folder.display(),
            without.len()
        )));
    }
    let remark = format!("left out, since without annotations: {}", without.join(", "));
    Ok((names, if without.is_empty() { Vec::new() } else { vec![remark] }))
}

/// The names of the files of a folder that end so, without their ending, sorted.
fn stems(folder: &Path, ending: &str) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let paths = entries.flatten().map(|entry| entry.path());
    let own = paths.filter(|path| path.extension().is_some_and(|own| own == ending));
    let mut stems: Vec<String> =
        own.filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect();
    stems.sort();
    Ok(stems)
}

/// How many annotated beats were not found, in words.
fn told<'a>(records: impl Iterator<Item = &'a Found>) -> String {
    let mut all = Found::default();
    for one in records {
        let add = |to: &mut [usize], counts: &[usize]| {
            to.iter_mut().zip(counts).for_each(|(to, count)| *to += count);
        };
        add(&mut all.annotated, &one.annotated);
        add(&mut all.found, &one.found);
    }
    let count = |counts: &[usize]| counts.iter().sum::<usize>();
    let class = |class: Aami| {
        let (annotated, found) = (all.annotated[class as usize], all.found[class as usize]);
        let share = 100.0 * (annotated - found) as f64 / annotated as f64;
        (annotated > 0).then(|| format!("{share:.2} % of {annotated} {}", class.letter()))
    };
    let classes: Vec<String> = Aami::ALL.into_iter().filter_map(class).collect();
    format!(
        "{} of {} annotated beats were not found: {}",
        count(&all.annotated) - count(&all.found),
        count(&all.annotated),
        classes.join(", ")
    )
}

#[cfg(test)]
mod tests;
