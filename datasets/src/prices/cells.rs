//! From a file, packed or not, to rows of cells with their lines.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};
use flate2::read::MultiGzDecoder;

use crate::{Error, Result};

/// The longest text that is read, in bytes: a century of days of a thousand assets is a quarter of
/// that, and a packed file may unpack to anything.
pub(super) const LONGEST: u64 = 1 << 30;

/// The names and the rows below them.
#[derive(Debug)]
pub(super) struct Cells {
    pub(super) names: Vec<String>,
    /// Each with its line, counted from 1. They may have any number of cells.
    pub(super) rows: Vec<(u64, StringRecord)>,
    /// Whether a comma is the decimal mark: it does not separate.
    pub(super) decimal_comma: bool,
}

impl Cells {
    /// Fails where the file cannot be read, is no gzip though it begins so, is no text, or has no
    /// line of names.
    pub(super) fn open(path: &Path) -> Result<Self> {
        if is_parquet(path) {
            return parquet(path);
        }
        let text = text(path)?;
        let separator = separator(&text);
        let mut reader = ReaderBuilder::new()
            .delimiter(separator)
            .flexible(true)
            .trim(Trim::All)
            .from_reader(text.as_bytes());
        let refused = |error: csv::Error| Error::Malformed {
            path: path.to_owned(),
            line: error.position().map_or(1, |place| place.line() as usize),
            expected: "a row of cells".to_owned(),
            found: error.to_string(),
        };
        let names: Vec<String> =
            reader.headers().map_err(refused)?.iter().map(str::to_owned).collect();
        let (mut rows, mut lines) = (Vec::new(), Lines::default());
        for row in reader.records() {
            let row = row.map_err(refused)?;
            let start = row.position().map_or(0, |place| place.byte() as usize);
            rows.push((lines.of(text.as_bytes(), start), row));
        }
        let numbers = names.iter().filter(|name| name.parse::<f64>().is_ok()).count();
        if names.is_empty() || numbers > 0 {
            return Err(Error::Malformed {
                path: path.to_owned(),
                line: 1,
                expected: "names of columns, such as `Date,Open,High,Low,Close,Volume`".to_owned(),
                found: if names.is_empty() { "nothing" } else { "numbers" }.to_owned(),
            });
        }
        Ok(Self { names, rows, decimal_comma: separator != b',' })
    }

    /// What stands in a cell of numbers.
    pub(super) fn cell<'a>(&self, text: &'a str) -> Cell<'a> {
        const EMPTY: [&str; 7] = ["", "-", "na", "n/a", "nan", "null", "none"];
        if EMPTY.contains(&text.to_ascii_lowercase().as_str()) {
            return Cell::Empty;
        }
        let comma = self.decimal_comma && !text.contains('.');
        let pointed = comma.then(|| text.replacen(',', ".", 1));
        match pointed.as_deref().unwrap_or(text).parse::<f64>() {
            Ok(number) if number.is_finite() => Cell::Number(number),
            _ => Cell::Text(text),
        }
    }
}

/// A cell of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    /// Finite.
    Number(f64),
    /// Nothing, or a word that says so.
    Empty,
    /// Anything else.
    Text(&'a str),
}

/// Counts lines. The reader takes blank lines for part of the row below them.
#[derive(Debug, Default)]
struct Lines {
    counted: usize,
    feeds: u64,
}

impl Lines {
    /// The line of the row that is found from this byte on, which is behind that of the last call.
    fn of(&mut self, text: &[u8], start: usize) -> u64 {
        let from_here = text.get(start..).unwrap_or_default();
        let blank = from_here.iter().take_while(|byte| [b'\n', b'\r'].contains(byte)).count();
        let passed = text.get(self.counted..start + blank).unwrap_or_default();
        self.feeds += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.counted = start + blank;
        self.feeds + 1
    }
}

/// Whether a file begins as Parquet does. What cannot be read is told when it is read as text.
fn is_parquet(path: &Path) -> bool {
    let mut start = [0; 4];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"PAR1"
}

#[cfg(feature = "parquet")]
fn parquet(path: &Path) -> Result<Cells> {
    super::parquet::cells(path)
}

#[cfg(not(feature = "parquet"))]
fn parquet(path: &Path) -> Result<Cells> {
    Err(Error::Unsuited {
        path: path.to_owned(),
        expected: "text".to_owned(),
        found: "Parquet".to_owned(),
        remedy: "build with `--features parquet`, or save it as CSV".to_owned(),
    })
}

/// The text of a file, unpacked where it begins as gzip does.
fn text(path: &Path) -> Result<String> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    let damaged = |expected: &str, found: String| Error::Damaged {
        path: path.to_owned(),
        expected: expected.to_owned(),
        found,
    };
    if path.is_dir() {
        let (expected, found) = ("a file", "a folder");
        return Err(Error::WrongKind { path: path.to_owned(), expected, found });
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(LONGEST).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut unpacked = Vec::new();
        MultiGzDecoder::new(&*bytes)
            .take(LONGEST)
            .read_to_end(&mut unpacked)
            .map_err(|error| damaged("a file packed by gzip", error.to_string()))?;
        bytes = unpacked;
    }
    if bytes.len() as u64 == LONGEST {
        return Err(Error::Unsuited {
            path: path.to_owned(),
            expected: format!("less than {LONGEST} bytes of text"),
            found: "more".to_owned(),
            remedy: "give a part of it".to_owned(),
        });
    }
    let text = String::from_utf8(bytes);
    let text = text.map_err(|error| damaged("text in UTF-8", error.utf8_error().to_string()))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// What separates the names: a tab, a semicolon or a comma, the first that is there.
fn separator(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    [b'\t', b';'].into_iter().find(|mark| first.as_bytes().contains(mark)).unwrap_or(b',')
}
