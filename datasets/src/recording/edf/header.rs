//! The header: 256 bytes about the recording, then as many about each signal, one field of all
//! signals behind the other. All is text, in fields of a fixed width.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::super::{damaged, unreadable};
use crate::{Error, Result};

/// Bytes about the recording, and about each signal.
pub(super) const BLOCK: usize = 256;

/// The label of the signal of EDF+ that holds annotations.
pub(super) const ANNOTATIONS: &str = "EDF Annotations";

/// The largest record that is read, in bytes: it is held whole. A minute of 32 signals at 16 kHz.
const LARGEST_RECORD: usize = 64 << 20;

#[derive(Clone, Debug)]
pub(super) struct Header {
    /// Time of day and date of the first record, `HH:MM:SS DD/MM/YYYY`; empty where they are none.
    pub(super) start: String,
    /// Whether there may be gaps between records (EDF+D).
    pub(super) interrupted: bool,
    /// Number of records; `None` where the writer did not know.
    pub(super) records: Option<u64>,
    /// Of a record, in seconds; 0 is for annotations alone.
    pub(super) duration: f64,
    pub(super) signals: Vec<Signal>,
}

#[derive(Clone, Debug)]
pub(super) struct Signal {
    pub(super) label: String,
    pub(super) unit: String,
    /// The values of the two digital limits, in the unit.
    pub(super) physical: [f64; 2],
    pub(super) digital: [f64; 2],
    /// Samples of a record, at least one.
    pub(super) samples: usize,
    /// Where the first of them lies in a record.
    pub(super) first_byte: usize,
}

impl Signal {
    pub(super) fn is_annotations(&self) -> bool {
        self.label == ANNOTATIONS
    }
}

impl Header {
    /// Reads the header and leaves the file at the first record.
    pub(super) fn read(path: &Path, file: &mut BufReader<File>) -> Result<Self> {
        let mut bytes = block(path, file, BLOCK)?;
        let mut fields = Fields { path, bytes: &bytes, at: 0 };
        let version = fields.text(8);
        if version != "0" {
            return Err(damaged(path, "version `0` of EDF".to_owned(), format!("`{version}`")));
        }
        fields.text(80 + 80); // patient and recording
        let (date, time) = (fields.text(8), fields.text(8));
        let length: usize = fields.number(8, "the bytes of the header")?;
        let reserved = fields.text(44);
        let records: i64 = fields.number(8, "the number of records")?;
        let duration: f64 = fields.number(8, "the duration of a record in seconds")?;
        let count: usize = fields.number(4, "the number of signals")?;
        if records < -1 || !(0.0..f64::INFINITY).contains(&duration) {
            let expected = "a number of records, -1 if unknown, and their duration in seconds";
            let found = format!("{records} of {duration} s");
            return Err(damaged(path, expected.to_owned(), found));
        }
        if length != BLOCK * (count + 1) {
            let expected = format!("a header of {} bytes for {count} signals", BLOCK * (count + 1));
            return Err(damaged(path, expected, format!("{length} bytes")));
        }
        bytes.extend(block(path, file, BLOCK * count)?);
        let signals = signals(&mut Fields { path, bytes: &bytes, at: BLOCK }, count)?;
        Ok(Self {
            start: start(&date, &time),
            interrupted: reserved.starts_with("EDF+D"),
            records: u64::try_from(records).ok(),
            duration,
            signals,
        })
    }

    /// Bytes of a record.
    pub(super) fn record(&self) -> usize {
        self.signals.last().map_or(0, |last| last.first_byte + 2 * last.samples)
    }
}

/// The next bytes of the header. No more is held than there is, whatever the header promises.
fn block(path: &Path, file: &mut BufReader<File>, length: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = file.take(length as u64).read_to_end(&mut bytes);
    read.map_err(|source| unreadable(path, source))?;
    if bytes.len() < length {
        let expected = format!("{length} bytes of an EDF header");
        return Err(damaged(path, expected, format!("the end after {}", bytes.len())));
    }
    Ok(bytes)
}

fn signals(fields: &mut Fields, count: usize) -> Result<Vec<Signal>> {
    let labels: Vec<String> = (0..count).map(|_| fields.text(16)).collect();
    fields.skip(80 * count); // transducers
    let units: Vec<String> = (0..count).map(|_| fields.text(8)).collect();
    let mut limits = [const { Vec::new() }; 4];
    for (limits, what) in limits.iter_mut().zip([
        "a physical minimum",
        "a physical maximum",
        "a digital minimum",
        "a digital maximum",
    ]) {
        for _ in 0..count {
            limits.push(fields.number::<f64>(8, what)?);
        }
    }
    fields.skip(80 * count); // filters
    let [low, high, least, largest] = limits;
    let mut signals = Vec::with_capacity(count);
    let mut first_byte = 0;
    for (signal, (label, unit)) in labels.into_iter().zip(units).enumerate() {
        let samples: usize = fields.number(8, "the samples of a record")?;
        let (physical, digital) = ([low[signal], high[signal]], [least[signal], largest[signal]]);
        if samples == 0 {
            let expected = format!("samples of `{label}` in a record");
            return Err(damaged(fields.path, expected, "0".to_owned()));
        }
        signals.push(Signal { label, unit, physical, digital, samples, first_byte });
        first_byte += 2 * samples;
    }
    if first_byte > LARGEST_RECORD {
        return Err(Error::Unsuited {
            path: fields.path.to_owned(),
            expected: format!("records of at most {LARGEST_RECORD} bytes"),
            found: first_byte.to_string(),
            remedy: "write it again with shorter records".to_owned(),
        });
    }
    Ok(signals)
}

/// Date and time as in a WFDB header. Years are 1985 to 2084.
fn start(date: &str, time: &str) -> String {
    let parts = |text: &str| -> Option<[u32; 3]> {
        let parts: Vec<u32> = text
            .split(['.', ':', '-'])
            .map(|part| part.trim().parse().ok())
            .collect::<Option<_>>()?;
        parts.try_into().ok()
    };
    let (Some([day, month, year]), Some([hour, minute, second])) = (parts(date), parts(time))
    else {
        return String::new();
    };
    if !(1..=31).contains(&day) || !(1..=12).contains(&month) || year > 99 {
        return String::new();
    }
    let year = if year < 85 { 2000 + year } else { 1900 + year };
    format!("{hour:02}:{minute:02}:{second:02} {day:02}/{month:02}/{year}")
}

/// Fields of text, read one after the other.
struct Fields<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    at: usize,
}

impl Fields<'_> {
    fn skip(&mut self, length: usize) {
        self.at += length;
    }

    /// A field without the blanks or zeros that fill it. Bytes above ASCII are taken for Latin-1,
    /// in which writers put `µV`.
    fn text(&mut self, length: usize) -> String {
        let field = self.bytes.get(self.at..self.at + length).unwrap_or_default();
        self.at += length;
        let text: String = field.iter().map(|&byte| char::from(byte)).collect();
        text.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_owned()
    }

    /// A field as a finite number, or what it should have been.
    fn number<T: std::str::FromStr>(&mut self, length: usize, expected: &str) -> Result<T> {
        let at = self.at;
        let text = self.text(length);
        // `inf` and `nan` are floats to Rust and to nobody who writes EDF.
        let number = text.parse().ok().filter(|_| !text.contains(['n', 'N']));
        number.ok_or_else(|| {
            damaged(self.path, format!("{expected} at byte {at}"), format!("`{text}`"))
        })
    }
}
