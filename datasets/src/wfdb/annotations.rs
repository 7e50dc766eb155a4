//! Annotations in the format of the MIT databases: pairs of bytes, low byte first, six bits of code
//! over ten bits that count the samples since the annotation before.

use std::path::Path;

use super::reader::unreadable;
use crate::{Error, Result, write};

/// The symbol of every code of annot(5); a blank where a code has none.
pub const SYMBOLS: &[u8; 42] = b" NLRaVFJASEj/Q~ | sT*D\"=pB^t+u?![]en@xf()r";

/// Codes of what stands between annotations.
const SKIP: u16 = 59;
const NUMBER: u16 = 60;
const SUBTYPE: u16 = 61;
const CHANNEL: u16 = 62;
const TEXT: u16 = 63;
/// The code of a comment.
const NOTE: u8 = b'"';
/// How a comment begins that says what unit the times have.
const RESOLUTION: &str = "## time resolution: ";

/// Marks on a recording, in the order of their times.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Annotations {
    /// Ticks a second that the times are counted in, Hz; `None`: those of the recording's frames.
    pub frequency: Option<f64>,
    /// The marks.
    pub all: Vec<Annotation>,
}

/// A mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// When, in frames of the recording or in ticks.
    pub time: i64,
    /// What: one of [`SYMBOLS`], `N` for a normal beat, `V` for a premature ventricular one …
    pub symbol: u8,
    /// A finer kind, from the annotator.
    pub subtype: i8,
    /// The signal that it is about.
    pub channel: i8,
    /// A number, from the annotator.
    pub number: i8,
    /// A text, such as the rhythm that begins here; at most 255 bytes.
    pub text: String,
}

impl Annotation {
    /// A mark that says no more than what and when.
    pub fn new(time: i64, symbol: u8) -> Self {
        Self { time, symbol, subtype: 0, channel: 0, number: 0, text: String::new() }
    }

    /// Whether it marks a heart beat, as `isqrs` of the WFDB library has it.
    pub fn is_beat(&self) -> bool {
        b"NLRaVFJASEj/QB?!enfr".contains(&self.symbol)
    }
}

impl Annotations {
    /// Reads an annotation file. Fails at a code that is none and where the file ends within a mark.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|source| unreadable(path, source))?;
        Self::parse(&bytes).map_err(|(place, expected, found)| Error::Damaged {
            path: path.to_owned(),
            expected: format!("{expected} at byte {place}"),
            found,
        })
    }

    fn parse(bytes: &[u8]) -> std::result::Result<Self, (usize, &'static str, String)> {
        let mut found = Self::default();
        let (mut at, mut time, mut channel, mut number) = (0, 0i64, 0, 0);
        let word = |at: usize| match bytes.get(at..at + 2) {
            Some(pair) => Ok(u16::from_le_bytes([pair[0], pair[1]])),
            None => Err((at, "an annotation or the end mark", "the end of the file".to_owned())),
        };
        loop {
            let (code, value) = (word(at)? >> 10, word(at)? & 0x3ff);
            at += 2;
            let last = found.all.last_mut();
            match (code, last) {
                (0, _) if value == 0 => break,
                (SKIP, _) => {
                    let (high, low) = (word(at)?, word(at + 2)?);
                    time += i64::from((u32::from(high) << 16 | u32::from(low)) as i32);
                    at += 4;
                }
                (NUMBER, Some(last)) => (number, last.number) = (value as i8, value as i8),
                (SUBTYPE, Some(last)) => last.subtype = value as i8,
                (CHANNEL, Some(last)) => (channel, last.channel) = (value as i8, value as i8),
                (TEXT, Some(last)) => {
                    let length = usize::from(value);
                    let text = bytes.get(at..at + length).ok_or_else(|| {
                        (at, "a text to its end", "the end of the file".to_owned())
                    })?;
                    let text = text.strip_suffix(&[0]).unwrap_or(text);
                    last.text = String::from_utf8_lossy(text).into_owned();
                    at += length.next_multiple_of(2);
                }
                (code, _) => {
                    time += i64::from(value);
                    let symbol = SYMBOLS.get(usize::from(code)).filter(|&&symbol| symbol != b' ');
                    let Some(&symbol) = symbol else {
                        return Err((at - 2, "the code of an annotation", code.to_string()));
                    };
                    found.all.push(Annotation { channel, number, ..Annotation::new(time, symbol) });
                }
            }
        }
        found.take_resolution();
        Ok(found)
    }

    /// The comment about the unit of time becomes [`frequency`](Self::frequency).
    fn take_resolution(&mut self) {
        let says = |mark: &Annotation| {
            let text = mark.text.strip_prefix(RESOLUTION).filter(|_| mark.symbol == NOTE)?;
            text.trim().parse::<f64>().ok().filter(|ticks| *ticks > 0.0 && ticks.is_finite())
        };
        self.frequency = self.all.iter().find_map(says);
        self.all.retain(|mark| says(mark).is_none());
    }

    /// Writes an annotation file, in the place of the one before once it is whole.
    ///
    /// Fails where times fall or lie further apart than 32 bits count, a symbol is none of
    /// [`SYMBOLS`], or a text is too long.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut bytes = Vec::new();
        let note = self.frequency.map(|ticks| Annotation {
            text: format!("{RESOLUTION}{ticks}"),
            ..Annotation::new(0, NOTE)
        });
        let (mut time, mut channel, mut number) = (0, 0, 0);
        for mark in note.iter().chain(&self.all) {
            let unfit = |expected: &str, found: String| {
                let what = format!("annotation at {} of {}", mark.time, path.display());
                Error::Unfit { what, expected: expected.to_owned(), found }
            };
            let code = SYMBOLS.iter().position(|&s| s == mark.symbol && s != b' ');
            let code = code.ok_or_else(|| {
                let symbols = String::from_utf8_lossy(&SYMBOLS[1..]).replace(' ', "");
                unfit(&format!("one of {symbols}"), format!("`{}`", mark.symbol.escape_ascii()))
            })?;
            let Some(apart) = i32::try_from(mark.time - time).ok().filter(|apart| *apart >= 0)
            else {
                return Err(unfit("times in their order", format!("one after {time}")));
            };
            if mark.text.len() > 255 {
                return Err(unfit("a text of at most 255 bytes", mark.text.len().to_string()));
            }
            if apart > 0x3ff {
                put(&mut bytes, SKIP, 0);
                let [a, b, c, d] = apart.to_le_bytes();
                bytes.extend([c, d, a, b]);
                put(&mut bytes, code as u16, 0);
            } else {
                put(&mut bytes, code as u16, apart as u16);
            }
            // A number of more than ten bits has a sign there.
            let ten = |value: i8| value as u16 & 0x3ff;
            if mark.subtype != 0 {
                put(&mut bytes, SUBTYPE, ten(mark.subtype));
            }
            if mark.channel != channel {
                put(&mut bytes, CHANNEL, ten(mark.channel));
            }
            if mark.number != number {
                put(&mut bytes, NUMBER, ten(mark.number));
            }
            if !mark.text.is_empty() {
                put(&mut bytes, TEXT, mark.text.len() as u16);
                bytes.extend(mark.text.bytes());
                bytes.resize(bytes.len().next_multiple_of(2), 0);
            }
            (time, channel, number) = (mark.time, mark.channel, mark.number);
        }
        bytes.extend([0, 0]);
        write::whole(path, &bytes)
    }
}

fn put(bytes: &mut Vec<u8>, code: u16, value: u16) {
    bytes.extend((code << 10 | value).to_le_bytes());
}
