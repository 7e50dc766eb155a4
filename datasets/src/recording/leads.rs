//! Which signals of a file are read, and in which unit.

use std::path::Path;

use crate::error::list;
use crate::{Error, Result};

/// What is known of a lead.
#[derive(Clone, Debug, PartialEq)]
pub struct Lead {
    /// What was measured, such as `MLII`.
    pub name: String,
    /// The unit of its samples: `mV` wherever the file has a voltage, else as it stands there.
    pub unit: String,
    /// Whether the file says what a step of the converter is in that unit.
    pub calibrated: bool,
}

/// The signals that are read, by their number in the file.
pub(super) struct Choice {
    pub(super) kept: Vec<usize>,
    /// The names of all others.
    pub(super) left_out: Vec<String>,
}

/// Chooses among signals, each with its name and its frequency in Hz: the `wanted` ones or, where
/// none are named, those of the frequency of the first that looks like an electrocardiogram, else of
/// the first.
///
/// Fails where a wanted one is missing, and where two of them, or two that look like
/// electrocardiograms, differ in frequency.
pub(super) fn choose(path: &Path, signals: &[(String, f64)], wanted: &[String]) -> Result<Choice> {
    let kept: Vec<usize> = if wanted.is_empty() {
        let ecg: Vec<usize> =
            (0..signals.len()).filter(|&signal| looks_like_ecg(&signals[signal].0)).collect();
        one_frequency(path, signals, &ecg)?;
        let own = signals.get(ecg.first().copied().unwrap_or(0)).map(|signal| signal.1);
        (0..signals.len()).filter(|&signal| Some(signals[signal].1) == own).collect()
    } else {
        let kept: Vec<usize> =
            wanted.iter().map(|name| find(path, signals, name)).collect::<Result<_>>()?;
        one_frequency(path, signals, &kept)?;
        kept
    };
    let mut others: Vec<Option<&String>> = signals.iter().map(|signal| Some(&signal.0)).collect();
    kept.iter().for_each(|&signal| others[signal] = None);
    let left_out = others.into_iter().flatten().cloned().collect();
    Ok(Choice { kept, left_out })
}

/// The first signal of a name.
fn find(path: &Path, signals: &[(String, f64)], name: &str) -> Result<usize> {
    let same = |signal: &(String, f64)| signal.0.trim().eq_ignore_ascii_case(name.trim());
    signals.iter().position(same).ok_or_else(|| {
        let names: Vec<String> = signals.iter().map(|signal| signal.0.clone()).collect();
        Error::Unsuited {
            path: path.to_owned(),
            expected: format!("a lead `{name}`"),
            found: list(&names),
            remedy: "name one of these, or none for all".to_owned(),
        }
    })
}

fn one_frequency(path: &Path, signals: &[(String, f64)], those: &[usize]) -> Result<()> {
    let Some((&first, rest)) = those.split_first() else { return Ok(()) };
    let (name, frequency) = &signals[first];
    match rest.iter().map(|&signal| &signals[signal]).find(|other| other.1 != *frequency) {
        Some((other, its)) => Err(Error::Unsuited {
            path: path.to_owned(),
            expected: "one sampling frequency".to_owned(),
            found: format!("`{name}` at {frequency} Hz and `{other}` at {its} Hz"),
            remedy: "name the leads of one of them".to_owned(),
        }),
        None => Ok(()),
    }
}

/// Whether a signal has `ECG` or `EKG` in its name, or is called as a lead is: those of the twelve,
/// their modified forms of day-long recordings, and those of Frank.
pub(super) fn looks_like_ecg(name: &str) -> bool {
    const LEADS: [&str; 9] = ["I", "II", "III", "AVR", "AVL", "AVF", "VX", "VY", "VZ"];
    let name = name.trim().to_uppercase();
    let lead = name.strip_prefix("LEAD").map_or(name.as_str(), str::trim_start);
    let chest =
        |lead: &str| matches!(lead.as_bytes(), [b'V', b'1'..=b'9'] | [b'V', b'1'..=b'9', b'R']);
    let modified = |lead: &str| LEADS[..3].contains(&lead) || chest(lead);
    name.contains("ECG")
        || name.contains("EKG")
        || LEADS.contains(&lead)
        || chest(lead)
        || lead.strip_prefix('M').is_some_and(chest)
        || lead.strip_prefix("ML").is_some_and(modified)
        || matches!(lead.as_bytes(), [b'M', b'C', b'L', b'1'..=b'6'])
}

/// What to call a signal: its number from 1 where the file has no name for it.
pub(super) fn signal_name(text: &str, number: usize) -> String {
    if text.is_empty() { format!("signal {number}") } else { text.to_owned() }
}

/// How many millivolt a unit of voltage is; `None` for another unit.
pub(super) fn millivolts(unit: &str) -> Option<f64> {
    match unit.trim() {
        "V" | "v" | "Volt" | "volt" => Some(1e3),
        "mV" | "mv" | "MV" | "millivolt" => Some(1.0),
        // The micro sign and the Greek letter.
        "uV" | "uv" | "UV" | "\u{b5}V" | "\u{3bc}V" | "microvolt" => Some(1e-3),
        "nV" | "nv" => Some(1e-6),
        _ => None,
    }
}

/// A lead whose file has this unit, and the factor from that to the unit of the lead.
pub(super) fn scaled(name: &str, unit: &str, calibrated: bool) -> (Lead, f64) {
    let millivolts = millivolts(unit);
    let unit = if millivolts.is_some() { "mV" } else { unit };
    let lead = Lead { name: name.to_owned(), unit: unit.to_owned(), calibrated };
    (lead, millivolts.unwrap_or(1.0))
}
