//! Signals, some frames at a time.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::{Format, Header};
use crate::{Error, Result};

/// A recording whose frames are read one piece after the other.
#[derive(Debug)]
pub struct Reader {
    header: Header,
    files: Vec<SignalFile>,
    /// Frames read.
    done: u64,
    /// Sum of the samples of each signal so far.
    sums: Vec<i16>,
}

/// A file of some signals.
#[derive(Debug)]
struct SignalFile {
    path: PathBuf,
    file: File,
    format: Format,
    /// Samples of a frame.
    per_frame: usize,
    /// The signals, each with its number and its samples of a frame.
    signals: Vec<(usize, usize)>,
    /// Samples read and not yet given.
    waiting: Vec<i32>,
    /// Bytes read that are no whole unit.
    rest: Vec<u8>,
}

impl Reader {
    /// Opens the recording of a header, `NAME.hea` or `NAME`.
    ///
    /// Fails where a file is missing or the header is not one of this format.
    pub fn open(path: &Path) -> Result<Self> {
        let named = path.extension().is_some_and(|end| end == "hea");
        let path = if named { path.to_owned() } else { header_of(path) };
        let text = std::fs::read(&path).map_err(|source| unreadable(&path, source))?;
        let header = Header::parse(&path, &String::from_utf8_lossy(&text))?;
        let mut files: Vec<SignalFile> = Vec::new();
        for (number, signal) in header.signals.iter().enumerate() {
            let place = path.with_file_name(&signal.file);
            let per_frame = signal.per_frame;
            // Signals of one file stand one after the other.
            let known = files.last_mut().filter(|last| last.path == place);
            if let Some(known) = known.filter(|known| known.format == signal.format) {
                known.per_frame += per_frame;
                known.signals.push((number, per_frame));
                continue;
            }
            files.push(SignalFile {
                file: open(&place, signal.offset)?,
                path: place,
                format: signal.format,
                per_frame,
                signals: vec![(number, per_frame)],
                waiting: Vec::new(),
                rest: Vec::new(),
            });
        }
        let sums = vec![0; header.signals.len()];
        Ok(Self { header, files, done: 0, sums })
    }

    /// What the header says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// At most `frames` of the next frames, at least one, the samples of each signal; `None` after
    /// the last.
    ///
    /// Fails where a file ends before the others or before the header says, and where the samples of
    /// a signal do not have the sum that the header says.
    pub fn read(&mut self, frames: usize) -> Result<Option<Vec<Vec<i32>>>> {
        let left = self.header.frames.map(|all| all - self.done);
        let frames = frames.max(1);
        let wanted = left.map_or(frames, |left| frames.min(left.try_into().unwrap_or(frames)));
        let mut there = wanted;
        for (index, file) in self.files.iter_mut().enumerate() {
            let found = file.wait_for(wanted)?;
            if found < there && (index > 0 || left.is_some()) {
                let expected = self.header.frames.unwrap_or(self.done + there as u64);
                return Err(file.short(self.done + found as u64, expected));
            }
            there = there.min(found);
        }
        if there == 0 || self.files.is_empty() {
            self.check_sums()?;
            return Ok(None);
        }
        let mut signals = vec![Vec::new(); self.header.signals.len()];
        for file in &mut self.files {
            file.give(there, &mut signals);
        }
        for (sum, samples) in self.sums.iter_mut().zip(&signals) {
            *sum = samples.iter().fold(*sum, |sum, &sample| sum.wrapping_add(sample as i16));
        }
        self.done += there as u64;
        Ok(Some(signals))
    }

    fn check_sums(&self) -> Result<()> {
        for (signal, &found) in self.header.signals.iter().zip(&self.sums) {
            // Writers that do not know the sum leave a 0.
            if let Some(sum) = signal.checksum.filter(|sum| *sum != 0 && *sum != found) {
                let own = self.files.iter().find(|file| file.path.ends_with(&signal.file));
                return Err(Error::Damaged {
                    path: own.map_or_else(PathBuf::new, |file| file.path.clone()),
                    expected: format!("samples of `{}` with the sum {sum}", signal.description),
                    found: found.to_string(),
                });
            }
        }
        Ok(())
    }
}

impl SignalFile {
    /// Reads until so many frames wait, or the file ends; returns how many do.
    fn wait_for(&mut self, frames: usize) -> Result<usize> {
        let wanted = frames.saturating_mul(self.per_frame);
        while self.waiting.len() < wanted {
            // A header may promise more than there is: no more is kept than what comes.
            let missing = (wanted - self.waiting.len()).min(1 << 20);
            let start = self.rest.len();
            self.rest.resize(start + missing * self.format.unit(), 0);
            let read = self.file.read(&mut self.rest[start..]);
            let read = read.map_err(|source| unreadable(&self.path, source))?;
            self.rest.truncate(start + read);
            let whole = self.rest.len() / self.format.unit() * self.format.unit();
            let end = if read == 0 { self.rest.len() } else { whole };
            self.format.decode(&self.rest[..end], &mut self.waiting);
            self.rest.drain(..end);
            if read == 0 {
                break;
            }
        }
        Ok((self.waiting.len() / self.per_frame).min(frames))
    }

    /// Moves the samples of so many frames to their signals.
    fn give(&mut self, frames: usize, to: &mut [Vec<i32>]) {
        let samples = self.waiting.drain(..frames * self.per_frame);
        for mut frame in samples.as_slice().chunks_exact(self.per_frame) {
            for &(signal, count) in &self.signals {
                let (own, rest) = frame.split_at(count);
                to[signal].extend(own);
                frame = rest;
            }
        }
    }

    fn short(&self, found: u64, expected: u64) -> Error {
        Error::Damaged {
            path: self.path.clone(),
            expected: format!("{expected} frames"),
            found: format!("the end after {found}"),
        }
    }
}

/// A file from its byte `offset` on.
fn open(path: &Path, offset: u64) -> Result<File> {
    let open = || {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(file)
    };
    open().map_err(|source| unreadable(path, source))
}

/// Where the header of the recording `NAME` is.
pub(crate) fn header_of(name: &Path) -> PathBuf {
    with_extension(name, "hea")
}

/// The path with `.extension` behind its name, which may have dots of its own.
pub(super) fn with_extension(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(extension);
    path.with_file_name(name)
}

pub(super) fn unreadable(path: &Path, source: io::Error) -> Error {
    Error::Unreadable { path: path.to_owned(), source }
}
