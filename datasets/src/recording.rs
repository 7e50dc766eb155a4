//! Recordings of signals from the usual files: WFDB, EDF, tables of text and sound.
//!
//! All are read in pieces, so that a day takes no more memory than a minute, and all give the same:
//! the samples of each lead at one sampling frequency, in millivolt where the file knows the voltage.

pub mod edf;
mod leads;
mod sound;
mod table;
mod wfdb;

use std::path::{Path, PathBuf};

use crate::{Error, Result, read};

pub use leads::Lead;

/// Samples that a source reads at once, 1 MiB of them, and frames of few leads. The piece of a
/// source does not depend on what is asked for, so neither does anything that is read.
const SAMPLES_AT_ONCE: usize = 1 << 18;
const FRAMES_AT_ONCE: usize = 1 << 12;

/// The longest gap between two samples that is filled, in seconds: a day. A time behind a longer one
/// is more likely wrong.
const LONGEST_GAP: f64 = 86_400.0;

/// Some frames, the samples of each lead.
type Piece = Vec<Vec<f32>>;

/// What a file cannot say itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Samples of a lead a second, Hz. A table without a column of times needs it; given for one
    /// with such a column, that column is not read. Other files say it, and must agree.
    pub frequency: Option<f64>,
    /// The leads to read, by name and in this order, whichever letters are capitals; all where it is
    /// empty.
    pub leads: Vec<String>,
}

/// A recording whose frames are read one piece after the other.
#[derive(Debug)]
pub struct Recording {
    about: About,
    source: Source,
    /// Frames that were read, and how many of them have been given.
    piece: Piece,
    given: usize,
}

/// What is known of a recording before its samples.
#[derive(Clone, Debug)]
struct About {
    name: String,
    frequency: f64,
    frames: Option<u64>,
    start: Option<String>,
    leads: Vec<Lead>,
    left_out: Vec<String>,
}

/// Where frames come from.
#[derive(Debug)]
enum Source {
    Wfdb(wfdb::Source),
    Edf(edf::Source),
    Table(table::Source),
    Sound(sound::Source),
}

impl Recording {
    /// Opens a file, by the ending of its name: `.hea`, or what has such a header beside it, for
    /// WFDB; `.edf` for EDF and EDF+; `.csv`, `.tsv` and `.txt` for tables; `.wav` for sound.
    ///
    /// Fails where the ending is another, the file is not what its ending says, its signals of
    /// an electrocardiogram have two frequencies, or a table does not say its frequency.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, &Options::default())
    }

    /// Opens a file as [`open`](Self::open) does, with what it cannot say itself.
    ///
    /// Fails also where it has no lead of a given name, or says another frequency.
    pub fn open_with(path: &Path, options: &Options) -> Result<Self> {
        let none = |given: &f64| !(*given > 0.0 && given.is_finite());
        if let Some(given) = options.frequency.filter(none) {
            return Err(Error::Unfit {
                what: "the frequency that is given".to_owned(),
                expected: "a positive number of Hz".to_owned(),
                found: given.to_string(),
            });
        }
        let (about, source) = match Kind::of(path)? {
            Kind::Wfdb(header) => {
                let (about, source) = wfdb::open(&header, options)?;
                (about, Source::Wfdb(source))
            }
            Kind::Edf => {
                let (about, source) = edf::open(path, options)?;
                (about, Source::Edf(source))
            }
            Kind::Table => {
                let (about, source) = table::open(path, options)?;
                (about, Source::Table(source))
            }
            Kind::Sound => {
                let (about, source) = sound::open(path, options)?;
                (about, Source::Sound(source))
            }
        };
        about.check(path, options)?;
        Ok(Self { about, source, piece: Vec::new(), given: 0 })
    }

    /// Its name: that of the WFDB header, or of the file without its ending.
    pub fn name(&self) -> &str {
        &self.about.name
    }

    /// Samples of each lead a second, Hz; positive.
    pub fn frequency(&self) -> f64 {
        self.about.frequency
    }

    /// The number of frames, where the file says it before its samples. A frame has one sample of
    /// each lead.
    pub fn frames(&self) -> Option<u64> {
        self.about.frames
    }

    /// Time of day and date of the first frame, where the file says them: `HH:MM:SS DD/MM/YYYY` or
    /// less, as in a WFDB header.
    pub fn start(&self) -> Option<&str> {
        self.about.start.as_deref()
    }

    /// The leads, in the order of their samples; at least one.
    pub fn leads(&self) -> &[Lead] {
        &self.about.leads
    }

    /// The names of signals and columns that the file has and that are not read: of another
    /// frequency than the electrocardiogram, numbers of rows, or leads that were not asked for.
    pub fn left_out(&self) -> &[String] {
        &self.about.left_out
    }

    /// At most `frames` of the next frames, at least one, the samples of each lead; `None` after the
    /// last. Samples are in the unit of the lead, finite, or NaN where they are missing.
    ///
    /// Fails where the file is damaged or ends too early; what is read after that means nothing.
    pub fn read(&mut self, frames: usize) -> Result<Option<Vec<Vec<f32>>>> {
        while self.given == self.piece.first().map_or(0, Vec::len) {
            let Some(mut piece) = self.source.next()? else { return Ok(None) };
            // A gain near zero or a float of sound makes infinities, which no later step expects.
            for sample in piece.iter_mut().flatten().filter(|sample| !sample.is_finite()) {
                *sample = f32::NAN;
            }
            (self.piece, self.given) = (piece, 0);
        }
        let there = self.piece.first().map_or(0, Vec::len);
        let next = self.given..self.given.saturating_add(frames.max(1)).min(there);
        self.given = next.end;
        Ok(Some(self.piece.iter().map(|samples| samples[next.clone()].to_vec()).collect()))
    }
}

impl About {
    /// Fails where there is nothing to read, or the frequency is none or not the one that was given.
    fn check(&self, path: &Path, options: &Options) -> Result<()> {
        if self.leads.is_empty() {
            return Err(damaged(path, "signals".to_owned(), "none".to_owned()));
        }
        if !(self.frequency > 0.0 && self.frequency.is_finite()) {
            let expected = "a positive frequency in Hz".to_owned();
            return Err(damaged(path, expected, self.frequency.to_string()));
        }
        // Files round theirs: a per mille is none of the user's mistakes.
        let agrees = |given: f64| (given - self.frequency).abs() <= 1e-3 * self.frequency;
        match options.frequency {
            Some(given) if !agrees(given) => Err(Error::Unsuited {
                path: path.to_owned(),
                expected: format!("{given} Hz as given"),
                found: format!("{} Hz", self.frequency),
                remedy: "leave the frequency out: the file says it".to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

impl Source {
    /// The next frames; `None` after the last.
    fn next(&mut self) -> Result<Option<Piece>> {
        match self {
            Self::Wfdb(source) => source.next(),
            Self::Edf(source) => source.next(),
            Self::Table(source) => source.next(),
            Self::Sound(source) => source.next(),
        }
    }
}

/// What a file is.
enum Kind {
    /// A recording of WFDB with this header.
    Wfdb(PathBuf),
    Edf,
    Table,
    Sound,
}

impl Kind {
    fn of(path: &Path) -> Result<Self> {
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let behind = crate::wfdb::header_of(path);
        let header = path.with_extension("hea");
        match ending.as_str() {
            "hea" => Ok(Self::Wfdb(path.to_owned())),
            "edf" => Ok(Self::Edf),
            "csv" | "tsv" | "txt" => Ok(Self::Table),
            "wav" => Ok(Self::Sound),
            _ if behind.is_file() => Ok(Self::Wfdb(behind)),
            "dat" if header.is_file() => Ok(Self::Wfdb(header)),
            _ if path.is_dir() => {
                let (path, expected, found) = (path.to_owned(), "a file", "a folder");
                Err(Error::WrongKind { path, expected, found })
            }
            "dat" => Err(Error::Unsuited {
                path: path.to_owned(),
                expected: format!("its header `{}` beside it", header.display()),
                found: "none".to_owned(),
                remedy: "samples of WFDB cannot be read without their header".to_owned(),
            }),
            _ => Err(Error::Unsuited {
                path: path.to_owned(),
                expected: "an ending that is read: `.hea` or `.dat` of WFDB, `.edf`, a table as \
                           `.csv`, `.tsv` or `.txt`, sound as `.wav`"
                    .to_owned(),
                found: match ending.as_str() {
                    "" => "no ending and no header beside it".to_owned(),
                    other => format!("`.{other}`"),
                },
                remedy: "convert it to one of these".to_owned(),
            }),
        }
    }
}

/// How many frames of so many leads to read at once.
fn frames_at_once(leads: usize) -> usize {
    (SAMPLES_AT_ONCE / leads.max(1)).clamp(1, FRAMES_AT_ONCE)
}

/// The name of a recording whose file does not say one.
fn name_of(path: &Path) -> String {
    read::stem(path)
}

fn damaged(path: &Path, expected: String, found: String) -> Error {
    Error::Damaged { path: path.to_owned(), expected, found }
}

fn unreadable(path: &Path, source: std::io::Error) -> Error {
    Error::Unreadable { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
