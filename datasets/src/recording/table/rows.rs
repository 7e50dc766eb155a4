//! The rows of a table and their cells, each with its line.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder, Terminator};

use super::super::unreadable;
use super::clock::{Time, clock_time};
use crate::{Error, Result};

/// The longest row that is read, in bytes: a file without line feeds is not held whole.
const LONGEST_ROW: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Rows {
    path: PathBuf,
    reader: csv::Reader<Rationed>,
    /// Whether a comma is the decimal mark, where it does not separate.
    decimal_comma: bool,
    row: ByteRecord,
    line: u64,
    /// Whether the row is to come once more.
    again: bool,
    /// Columns of the first row.
    width: Option<usize>,
}

/// What stands in a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    Missing,
    Number,
    Text,
}

impl Rows {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut file = File::open(path).map_err(|source| unreadable(path, source))?;
        let separator = separator(&mut file).map_err(|source| unreadable(path, source))?;
        let reader = ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .comment(Some(b'#'))
            // A carriage return stays in the last cell, where it is trimmed: lines are counted by
            // their feeds.
            .terminator(Terminator::Any(b'\n'))
            .from_reader(Rationed { file, left: 0, ended: false });
        Ok(Self {
            path: path.to_owned(),
            reader,
            decimal_comma: separator != b',',
            row: ByteRecord::new(),
            line: 1,
            again: false,
            width: None,
        })
    }

    /// Goes to the next row; false behind the last. Blank lines and comments are passed over.
    pub(super) fn next(&mut self) -> Result<bool> {
        if std::mem::take(&mut self.again) {
            return Ok(true);
        }
        loop {
            self.reader.get_mut().left = LONGEST_ROW;
            if !self.reader.read_byte_record(&mut self.row).map_err(|error| self.refused(error))? {
                return Ok(false);
            }
            // The reader stands behind the line feed, which every row has.
            self.line = self.reader.position().line().saturating_sub(1);
            if self.row.len() > 1 || !self.text(0).is_empty() {
                break;
            }
        }
        let (width, found) = (*self.width.get_or_insert(self.row.len()), self.row.len());
        if found != width {
            let expected = format!("{width} columns as in the first row");
            return Err(self.malformed(expected, found.to_string()));
        }
        Ok(true)
    }

    /// Lets the row come once more.
    pub(super) fn again(&mut self) {
        self.again = true;
    }

    /// The line of the row, its last if a quoted cell has several; of the last row behind it.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    pub(super) fn width(&self) -> usize {
        self.row.len()
    }

    /// What stands in a cell, without blanks and quotation marks around it.
    pub(super) fn text(&self, column: usize) -> Cow<'_, str> {
        let cell = self.row.get(column).unwrap_or_default().trim_ascii();
        let quoted = cell.strip_prefix(b"'").and_then(|cell| cell.strip_suffix(b"'"));
        String::from_utf8_lossy(quoted.unwrap_or(cell).trim_ascii())
    }

    /// What a cell holds.
    pub(super) fn cell(&self, column: usize) -> Cell {
        match self.number(column) {
            Some(Some(_)) => Cell::Number,
            Some(None) => Cell::Missing,
            None => Cell::Text,
        }
    }

    /// The value of a cell; `None` where it is missing.
    pub(super) fn value(&self, column: usize, name: &str) -> Result<Option<f64>> {
        self.number(column).ok_or_else(|| {
            let expected = format!("a number in column {} (`{name}`)", column + 1);
            self.malformed(expected, format!("`{}`", self.text(column)))
        })
    }

    /// The time of a row, whose column is in this unit, in seconds; or hours, minutes and seconds
    /// with colons between them.
    pub(super) fn time(&self, column: usize, unit: f64) -> Result<Time> {
        let text = self.with_point(column);
        clock_time(&text, unit, self.line()).ok_or_else(|| {
            let expected = format!("a time in column {}", column + 1);
            self.malformed(expected, format!("`{text}`"))
        })
    }

    pub(super) fn malformed(&self, expected: String, found: String) -> Error {
        let line = self.line().try_into().unwrap_or(usize::MAX);
        Error::Malformed { path: self.path.clone(), line, expected, found }
    }

    /// A cell as a finite number, as missing, or as neither.
    fn number(&self, column: usize) -> Option<Option<f64>> {
        let text = self.with_point(column);
        if matches!(&*text, "" | "-" | "NA") || text.eq_ignore_ascii_case("nan") {
            return Some(None);
        }
        text.parse().ok().filter(|number: &f64| number.is_finite()).map(Some)
    }

    fn with_point(&self, column: usize) -> Cow<'_, str> {
        let text = self.text(column);
        if self.decimal_comma && text.contains(',') && !text.contains('.') {
            return Cow::Owned(text.replacen(',', ".", 1));
        }
        text
    }

    fn refused(&self, error: csv::Error) -> Error {
        match error.into_kind() {
            csv::ErrorKind::Io(source) if source.kind() == io::ErrorKind::FileTooLarge => {
                let line = self.reader.position().line().try_into().unwrap_or(usize::MAX);
                Error::Malformed {
                    path: self.path.clone(),
                    line,
                    expected: format!("rows of at most {LONGEST_ROW} bytes"),
                    found: "a longer one or an open quotation".to_owned(),
                }
            }
            csv::ErrorKind::Io(source) => unreadable(&self.path, source),
            other => self.malformed("a row of cells".to_owned(), format!("{other:?}")),
        }
    }
}

/// What separates the cells of the first row: a tab, a semicolon or a comma, the first that is there
/// outside of quotation marks. The file is left at its start.
fn separator(file: &mut File) -> io::Result<u8> {
    let mut head = Vec::new();
    file.take(LONGEST_ROW as u64).read_to_end(&mut head)?;
    file.rewind()?;
    let mut lines = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty() && line[0] != b'#').unwrap_or_default();
    let outside: Vec<u8> =
        first.split(|&byte| byte == b'"').step_by(2).flatten().copied().collect();
    Ok([b'\t', b';'].into_iter().find(|mark| outside.contains(mark)).unwrap_or(b','))
}

/// A file of which a reader may take so many bytes, with a line feed behind its last line.
#[derive(Debug)]
struct Rationed {
    file: File,
    left: usize,
    ended: bool,
}

impl Read for Rationed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let length = buffer.len().min(self.left);
        let read = self.file.read(&mut buffer[..length])?;
        self.left -= read;
        if read > 0 {
            return Ok(read);
        }
        self.ended = true;
        buffer[0] = b'\n';
        Ok(1)
    }
}
