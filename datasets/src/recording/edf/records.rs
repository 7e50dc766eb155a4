//! The records of a file, one after the other.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::super::{damaged, unreadable};
use super::annotations::{Note, notes};
use super::header::Header;
use crate::Result;

#[derive(Debug)]
pub(super) struct Records {
    path: PathBuf,
    file: BufReader<File>,
    pub(super) header: Header,
    /// Records read.
    pub(super) done: u64,
}

impl Records {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|source| unreadable(path, source))?;
        let mut file = BufReader::new(file);
        let header = Header::read(path, &mut file)?;
        Ok(Self { path: path.to_owned(), file, header, done: 0 })
    }

    /// The bytes of the next record; `None` after the last. Bytes behind the last that the header
    /// announces are passed over.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let (all, length) = (self.header.records, self.header.record());
        if all == Some(self.done) || length == 0 {
            return Ok(None);
        }
        let mut record = Vec::new();
        let read = (&mut self.file).take(length as u64).read_to_end(&mut record);
        read.map_err(|source| unreadable(&self.path, source))?;
        if record.is_empty() && all.is_none() {
            return Ok(None);
        }
        if record.len() < length {
            let of = all.map_or(String::new(), |all| format!(" of {all}"));
            let expected = format!("record {}{of} of {length} bytes", self.done + 1);
            return Err(damaged(&self.path, expected, format!("the end after {}", record.len())));
        }
        self.done += 1;
        Ok(Some(record))
    }

    /// When a record of EDF+ begins, in seconds from the start: the first note of its first signal
    /// of annotations.
    pub(super) fn onset(&self, record: &[u8]) -> Result<f64> {
        match self.notes(record)?.first() {
            Some(first) => Ok(first.onset),
            None => {
                let expected = format!("the onset of record {}", self.done);
                Err(damaged(&self.path, expected, "no annotations".to_owned()))
            }
        }
    }

    /// All notes of a record.
    pub(super) fn notes(&self, record: &[u8]) -> Result<Vec<Note>> {
        let mut all = Vec::new();
        for signal in self.header.signals.iter().filter(|signal| signal.is_annotations()) {
            let bytes = &record[signal.first_byte..][..2 * signal.samples];
            let own = notes(bytes).map_err(|found| {
                let expected = format!("an annotation of record {} with its onset", self.done);
                damaged(&self.path, expected, format!("`{found}`"))
            });
            all.extend(own?);
        }
        Ok(all)
    }
}
