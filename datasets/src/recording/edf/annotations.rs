//! What EDF+ notes beside the signals: time-stamped lists of texts in a signal of its own (Kemp &
//! Olivan 2003, 2.2.2).

use std::path::Path;

use super::records::Records;
use crate::Result;

/// A text about a time of the recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// Seconds after the start in the header, negative for before.
    pub onset: f64,
    /// Seconds that it lasts, where that is said.
    pub duration: Option<f64>,
    /// What happened.
    pub text: String,
}

/// All annotations of an EDF+ file in the order of the file; none where it is plain EDF. Memory is
/// that of the annotations.
///
/// Fails where the file is damaged or ends too early.
pub fn annotations(path: &Path) -> Result<Vec<Annotation>> {
    let mut records = Records::open(path)?;
    let mut all = Vec::new();
    while let Some(record) = records.next()? {
        for Note { onset, duration, texts } in records.notes(&record)? {
            // A note without a text keeps the time of its record.
            let texts = texts.into_iter().filter(|text| !text.is_empty());
            all.extend(texts.map(|text| Annotation { onset, duration, text }));
        }
    }
    Ok(all)
}

/// A time-stamped list of texts.
#[derive(Debug, PartialEq)]
pub(super) struct Note {
    pub(super) onset: f64,
    pub(super) duration: Option<f64>,
    pub(super) texts: Vec<String>,
}

/// Ends onset and duration, and each text.
pub(super) const END_OF_TEXT: u8 = 20;
/// Stands before a duration.
const BEFORE_DURATION: u8 = 21;

/// The notes in the samples of a record, or the one that is none. Zeros end each and fill the rest.
pub(super) fn notes(bytes: &[u8]) -> std::result::Result<Vec<Note>, String> {
    bytes.split(|&byte| byte == 0).filter(|note| !note.is_empty()).map(note).collect()
}

fn note(bytes: &[u8]) -> std::result::Result<Note, String> {
    let mut parts = bytes.split(|&byte| byte == END_OF_TEXT);
    let mut times = parts.next().unwrap_or_default().split(|&byte| byte == BEFORE_DURATION);
    let seconds = |text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        text.trim().parse().ok().filter(|seconds: &f64| seconds.is_finite()).ok_or(())
    };
    let onset = seconds(times.next().unwrap_or_default());
    let duration = times.next().filter(|text| !text.is_empty()).map(seconds).transpose();
    let texts = parts.map(|text| String::from_utf8_lossy(text).into_owned()).collect();
    match (onset, duration) {
        (Ok(onset), Ok(duration)) => Ok(Note { onset, duration, texts }),
        _ => Err(bytes.escape_ascii().to_string()),
    }
}
