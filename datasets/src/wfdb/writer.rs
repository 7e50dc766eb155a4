//! Signals and their header, written some frames at a time.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Format, Header};
use crate::write::{self, place, temporary, unwritable};
use crate::{Error, Result};

/// A recording that is being written. What was there before stays until [`finish`](Self::finish)
/// puts signals and header in their places; a writer that is dropped leaves nothing.
#[derive(Debug)]
pub struct Writer {
    folder: PathBuf,
    header: Header,
    format: Format,
    file: BufWriter<NamedTempFile>,
    frames: u64,
    /// Samples that do not fill a unit yet.
    waiting: Vec<i32>,
}

impl Writer {
    /// Begins the recording `header.name` in `folder`, which is made if it is missing. The number
    /// of frames, the first samples and the sums of the header are filled in.
    ///
    /// Fails where the signals are none, or of several files or formats, and where a name is none
    /// for a file.
    pub fn create(folder: &Path, mut header: Header) -> Result<Self> {
        let unfit = |expected: &str, found: String| Error::Unfit {
            what: format!("recording `{}`", header.name),
            expected: expected.to_owned(),
            found,
        };
        let plain = |name: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
            !name.is_empty() && !name.starts_with('.') && name.chars().all(allowed)
        };
        let Some(first) = header.signals.first() else {
            return Err(unfit("signals", "none".to_owned()));
        };
        let (format, name) = (first.format, first.file.clone());
        let other = |signal: &&super::Signal| (signal.format, &signal.file) != (format, &name);
        if let Some(other) = header.signals.iter().find(other) {
            let found = format!("`{}` in format {} too", other.file, other.format.number());
            return Err(unfit("all signals in one file of one format", found));
        }
        if let Some(wrong) = [&header.name, &name].into_iter().find(|name| !plain(name)) {
            return Err(unfit("names of letters, digits, `_`, `-` and `.`", format!("`{wrong}`")));
        }
        for signal in &mut header.signals {
            (signal.first, signal.checksum, signal.offset) = (None, Some(0), 0);
        }
        let file = BufWriter::new(temporary(folder).map_err(|source| unwritable(folder, source))?);
        let folder = folder.to_owned();
        Ok(Self { folder, header, format, file, frames: 0, waiting: Vec::new() })
    }

    /// Appends frames, the samples of each signal.
    ///
    /// Fails where the signals are not of one length or a sample is not within the format.
    pub fn write(&mut self, signals: &[Vec<i32>]) -> Result<()> {
        let frames = self.frames_of(signals)?;
        for frame in 0..frames {
            for (signal, samples) in self.header.signals.iter().zip(signals) {
                self.waiting.extend(&samples[frame * signal.per_frame..][..signal.per_frame]);
            }
        }
        for (signal, samples) in self.header.signals.iter_mut().zip(signals) {
            signal.first = signal.first.or(samples.first().copied());
            let sum = signal.checksum.unwrap_or(0);
            let add = |sum: i16, sample: &i32| sum.wrapping_add(*sample as i16);
            signal.checksum = Some(samples.iter().fold(sum, add));
        }
        self.frames += frames as u64;
        // An odd sample of format 212 waits for the other half of its unit.
        let whole = self.waiting.len() / 2 * 2;
        self.put(whole)
    }

    /// Puts the recording in its place and returns the path of its header.
    pub fn finish(mut self) -> Result<PathBuf> {
        self.put(self.waiting.len())?;
        let samples = self.folder.join(&self.header.signals[0].file);
        let file =
            self.file.into_inner().map_err(|error| unwritable(&samples, error.into_error()))?;
        self.header.frames = Some(self.frames);
        place(file, &samples)?;
        let path = self.folder.join(format!("{}.hea", self.header.name));
        write::whole(&path, self.header.text().as_bytes())?;
        Ok(path)
    }

    /// The number of frames that the samples of all signals make.
    fn frames_of(&self, signals: &[Vec<i32>]) -> Result<usize> {
        let unfit = |expected: String, found: String| Error::Unfit {
            what: format!("frame {} of recording `{}`", self.frames, self.header.name),
            expected,
            found,
        };
        let own = &self.header.signals;
        let frames = signals.first().map_or(0, |first| first.len() / own[0].per_frame);
        let fits = |(signal, samples): (&super::Signal, &Vec<i32>)| {
            samples.len() == frames * signal.per_frame
        };
        if signals.len() != own.len() || !own.iter().zip(signals).all(fits) {
            let found = signals.iter().map(Vec::len).collect::<Vec<_>>();
            return Err(unfit(
                format!("{} signals of one length", own.len()),
                format!("{found:?}"),
            ));
        }
        let range = self.format.missing()..=self.format.largest();
        if let Some(sample) = signals.iter().flatten().find(|sample| !range.contains(sample)) {
            return Err(unfit(format!("samples within {range:?}"), sample.to_string()));
        }
        Ok(frames)
    }

    /// Writes the first `count` samples that wait.
    fn put(&mut self, count: usize) -> Result<()> {
        let mut bytes = Vec::new();
        self.format.encode(&self.waiting[..count], &mut bytes);
        self.waiting.drain(..count);
        self.file.write_all(&bytes).map_err(|source| unwritable(&self.folder, source))
    }
}
