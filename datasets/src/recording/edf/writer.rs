//! Recordings of EDF, written some frames at a time.

use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::header::BLOCK;
use crate::write::{place, temporary, unwritable};
use crate::{Error, Result};

/// What the header says of a signal that is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// What was measured, at most 16 characters of ASCII, such as `ECG II`.
    pub label: String,
    /// The unit of the values, at most 8 characters of ASCII, such as `mV`.
    pub unit: String,
    /// The values of the least and the largest sample, in the unit. What lies outside becomes the
    /// nearer one: EDF has no sample for missing.
    pub range: [f64; 2],
}

/// A recording that is being written, in records of one second. What was there before stays until
/// [`finish`](Self::finish) puts the file in its place; a writer that is dropped leaves nothing.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    signals: Vec<Signal>,
    frequency: usize,
    file: BufWriter<NamedTempFile>,
    records: u64,
    /// Samples of each signal that do not fill a record yet.
    waiting: Vec<Vec<i16>>,
}

impl Writer {
    /// Begins the file `path`, whose folder is there, of signals with `frequency` whole samples a
    /// second. `start` is the time of day and date of the first frame, `HH:MM:SS DD/MM/YYYY`.
    ///
    /// Fails where the header has no room for a text, a range is none, or signals are none.
    pub fn create(
        path: &Path,
        frequency: usize,
        start: Option<&str>,
        signals: Vec<Signal>,
    ) -> Result<Self> {
        let header = header(path, frequency, start, &signals)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let begin = || {
            let mut file = BufWriter::new(temporary(folder)?);
            file.write_all(&header)?;
            Ok(file)
        };
        let file = begin().map_err(|source| unwritable(path, source))?;
        let waiting = vec![Vec::new(); signals.len()];
        Ok(Self { path: path.to_owned(), signals, frequency, file, records: 0, waiting })
    }

    /// Appends frames, the samples of each signal in its unit.
    ///
    /// Fails where the signals are not of one length or a sample is missing.
    pub fn write(&mut self, signals: &[Vec<f32>]) -> Result<()> {
        let lengths: Vec<usize> = signals.iter().map(Vec::len).collect();
        if lengths.len() != self.signals.len() || lengths.iter().any(|&own| own != lengths[0]) {
            let expected = format!("{} signals of one length", self.signals.len());
            return Err(unfit(&self.path, &expected, format!("{lengths:?}")));
        }
        if let Some(sample) = signals.iter().flatten().find(|sample| !sample.is_finite()) {
            return Err(unfit(&self.path, "finite samples", sample.to_string()));
        }
        for ((own, waiting), values) in self.signals.iter().zip(&mut self.waiting).zip(signals) {
            waiting.extend(values.iter().map(|&value| own.sample(value)));
        }
        while self.waiting[0].len() >= self.frequency {
            self.put()?;
        }
        Ok(())
    }

    /// Puts the file in its place and returns its path. EDF has whole records only: the last is
    /// filled with the last sample of each signal, less than a second of it.
    pub fn finish(mut self) -> Result<PathBuf> {
        if self.waiting[0].last().is_some() {
            for waiting in &mut self.waiting {
                let last = waiting.last().copied().unwrap_or_default();
                waiting.resize(self.frequency, last);
            }
            self.put()?;
        }
        let Self { path, mut file, records, .. } = self;
        let end = || {
            // The number of records stands at byte 236.
            file.seek(SeekFrom::Start(236))?;
            write!(file, "{records:<8}")?;
            file.into_inner().map_err(io::IntoInnerError::into_error)
        };
        place(end().map_err(|source| unwritable(&path, source))?, &path)?;
        Ok(path)
    }

    /// Writes a record of those that wait.
    fn put(&mut self) -> Result<()> {
        for waiting in &mut self.waiting {
            let bytes: Vec<u8> =
                waiting.drain(..self.frequency).flat_map(i16::to_le_bytes).collect();
            self.file.write_all(&bytes).map_err(|source| unwritable(&self.path, source))?;
        }
        self.records += 1;
        Ok(())
    }
}

impl Signal {
    fn grows(&self) -> bool {
        self.range.iter().all(|limit| limit.is_finite()) && self.range[0] < self.range[1]
    }

    /// The nearest sample to a value.
    fn sample(&self, value: f32) -> i16 {
        let [low, high] = self.range;
        let part = (f64::from(value) - low) / (high - low);
        (part.clamp(0.0, 1.0) * 65_534.0 - 32_767.0).round() as i16
    }
}

/// The header of a file whose number of records is not known yet.
fn header(
    path: &Path,
    frequency: usize,
    start: Option<&str>,
    signals: &[Signal],
) -> Result<Vec<u8>> {
    if !(1..=9999).contains(&signals.len()) || !(1..=99_999_999).contains(&frequency) {
        let found = format!("{} at {frequency} Hz", signals.len());
        return Err(unfit(path, "1 to 9999 signals at 1 Hz or more", found));
    }
    if let Some(signal) = signals.iter().find(|signal| !signal.grows()) {
        let expected = format!("a range of `{}` that grows", signal.label);
        return Err(unfit(path, &expected, format!("{:?}", signal.range)));
    }
    let [date, time] = match start {
        Some(start) => date_and_time(start)
            .ok_or_else(|| unfit(path, "a start `HH:MM:SS DD/MM/YYYY`", format!("`{start}`")))?,
        None => ["01.01.85", "00.00.00"].map(str::to_owned),
    };
    let length = (BLOCK * (signals.len() + 1)).to_string();
    let count = signals.len().to_string();
    let mut fields: Vec<(&str, usize)> = vec![("0", 8), ("", 80), ("", 80), (&date, 8), (&time, 8)];
    fields.extend([(&*length, 8), ("", 44), ("-1", 8), ("1", 8), (&*count, 4)]);
    let limits = |side: usize| signals.iter().map(move |signal| signal.range[side].to_string());
    let (low, high): (Vec<String>, Vec<String>) = limits(0).zip(limits(1)).unzip();
    let rate = frequency.to_string();
    let each = |text| vec![text; signals.len()];
    let columns: [(usize, Vec<&str>); 10] = [
        (16, signals.iter().map(|signal| signal.label.as_str()).collect()),
        (80, each("")), // transducer
        (8, signals.iter().map(|signal| signal.unit.as_str()).collect()),
        (8, low.iter().map(String::as_str).collect()),
        (8, high.iter().map(String::as_str).collect()),
        // As far down as up, so that a range around zero has a sample for it.
        (8, each("-32767")),
        (8, each("32767")),
        (80, each("")), // filters
        (8, each(&rate)),
        (32, each("")),
    ];
    for (width, texts) in columns {
        fields.extend(texts.into_iter().map(|text| (text, width)));
    }
    let mut bytes = Vec::with_capacity(BLOCK * (signals.len() + 1));
    for (text, width) in fields {
        if text.len() > width || !text.chars().all(|c| matches!(c, ' '..='~')) {
            let expected = format!("at most {width} characters of ASCII");
            return Err(unfit(path, &expected, format!("`{text}`")));
        }
        bytes.extend(format!("{text:<width$}").bytes());
    }
    Ok(bytes)
}

/// `DD.MM.YY` and `HH.MM.SS` of `HH:MM:SS DD/MM/YYYY`, in the years that EDF can tell apart.
fn date_and_time(start: &str) -> Option<[String; 2]> {
    let (time, date) = start.split_once(' ')?;
    let numbers = |text: &str, mark| -> Option<[u32; 3]> {
        let numbers: Option<Vec<u32>> = text.split(mark).map(|part| part.parse().ok()).collect();
        numbers?.try_into().ok()
    };
    let [hour, minute, second] = numbers(time, ':')?;
    let [day, month, year] = numbers(date, '/')?;
    if !(1985..=2084).contains(&year) || hour.max(minute).max(second).max(day).max(month) > 99 {
        return None;
    }
    let date = format!("{day:02}.{month:02}.{:02}", year % 100);
    Some([date, format!("{hour:02}.{minute:02}.{second:02}")])
}

fn unfit(path: &Path, expected: &str, found: String) -> Error {
    let what = format!("recording `{}`", path.display());
    Error::Unfit { what, expected: expected.to_owned(), found }
}
