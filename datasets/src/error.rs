//! What can go wrong between a file and its values, each with the place and the way out.

use std::io;
use std::path::PathBuf;

use crate::prices;

/// The result of every loader.
pub type Result<T> = std::result::Result<T, Error>;

/// Why data could not be had. Lines and columns count from 1, as editors do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither a path that exists nor a set of the catalogue.
    #[error("`{name}` is neither a file or folder nor a data set; the sets are {}", list(.known))]
    UnknownSet {
        /// What was asked for.
        name: String,
        /// The names of all sets.
        known: Vec<String>,
    },
    /// A set of the catalogue that lies nowhere on this machine.
    #[error(
        "data set `{name}` is not here (looked for {}); `just data fetch {name}` brings it, or set \
         GENERATIVA_DATA to the folder that holds it",
        places(.searched)
    )]
    MissingSet {
        /// The set.
        name: String,
        /// The folders that were tried.
        searched: Vec<PathBuf>,
    },
    /// There is nowhere to keep downloads.
    #[error("no folder for downloads: set GENERATIVA_CACHE, XDG_CACHE_HOME or HOME")]
    NoCache,
    /// A file or folder that a set should have.
    #[error("{}: missing; `just data fetch {set}` completes the set", path.display())]
    MissingFile {
        /// Where it should be.
        path: PathBuf,
        /// The set that it belongs to.
        set: &'static str,
    },
    /// A part of a set that does not exist.
    #[error("{}: no part `{name}`; the parts here are {}", root.display(), list(.known))]
    UnknownPart {
        /// The folder of the set.
        root: PathBuf,
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A game of the user's own without exactly one legend.
    #[error(
        "{}: expected one legend, found {found}; put a `.json` there like \
         {{\"tiles\": {{\"X\": [\"solid\"], \"-\": [\"passable\"]}}}}",
        folder.display()
    )]
    NoLegend {
        /// The folder of the game.
        folder: PathBuf,
        /// How many `.json` files it has.
        found: usize,
    },
    /// The system refuses to read it.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The system refuses to write it.
    #[error("{}: cannot be written: {source}; what was there before is untouched", path.display())]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A folder where a file should be, or the reverse.
    #[error("{}: expected {expected}, found {found}", path.display())]
    WrongKind {
        /// Its path.
        path: PathBuf,
        /// `a file` or `a folder`.
        expected: &'static str,
        /// The other.
        found: &'static str,
    },
    /// A file or folder with nothing in it.
    #[error(
        "{}: empty, expected {expected}; `just data fetch {set}` brings the published one",
        path.display()
    )]
    Empty {
        /// The file or folder.
        path: PathBuf,
        /// What should be in it.
        expected: &'static str,
        /// The set whose layout was expected.
        set: &'static str,
    },
    /// The file ends too early.
    #[error(
        "{} line {line}: the file ends here with {found}, expected {expected}; \
         `just data verify {set}` lists the damaged files",
        path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Its last line.
        line: usize,
        /// What should be there.
        expected: String,
        /// What is.
        found: String,
        /// The set that it belongs to.
        set: &'static str,
    },
    /// A row of another length than the rows above it.
    #[error(
        "{} line {line}: expected {expected} columns as in line 1, found {found}; \
         every row of a map has one length",
        path.display()
    )]
    RaggedRow {
        /// The file.
        path: PathBuf,
        /// The row.
        line: usize,
        /// Length of the rows above.
        expected: usize,
        /// Its length.
        found: usize,
    },
    /// A symbol that the legend does not have.
    #[error(
        "{} line {line}, column {column}: unknown tile {}, expected one of `{}`; \
         correct the cell or add the tile to the legend",
        path.display(),
        symbol(*.found),
        .alphabet.escape_ascii()
    )]
    UnknownTile {
        /// The file.
        path: PathBuf,
        /// The row, from the top.
        line: usize,
        /// The column, from the left, in bytes.
        column: usize,
        /// The byte found there.
        found: u8,
        /// The symbols that are allowed.
        alphabet: Vec<u8>,
    },
    /// Anything else that a format forbids.
    #[error("{} line {line}: expected {expected}, found {found}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where.
        line: usize,
        /// What the format wants.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A file of bytes that its format or its header forbids.
    #[error("{}: expected {expected}, found {found}; the file is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What should be there, and where.
        expected: String,
        /// What is.
        found: String,
    },
    /// A file that is sound and still not one for this.
    #[error("{}: expected {expected}, found {found}; {remedy}", path.display())]
    Unsuited {
        /// The file.
        path: PathBuf,
        /// What can be used.
        expected: String,
        /// What the file has.
        found: String,
        /// What to do.
        remedy: String,
    },
    /// A table of prices that cannot be as it stands.
    #[error("{}{}", path.display(), prices::told(.problems, *.more))]
    Prices {
        /// The file.
        path: PathBuf,
        /// What is wrong, in the order of the lines.
        problems: Vec<prices::Problem>,
        /// How many problems were found beside these.
        more: usize,
    },
    /// Values that a format cannot hold.
    #[error("{what}: expected {expected}, found {found}")]
    Unfit {
        /// What was to be written.
        what: String,
        /// What the format holds.
        expected: String,
        /// What was given.
        found: String,
    },
    /// The bytes are not the published ones.
    #[error(
        "{}: sha256 is {found}, the manifest says {expected}; the download was thrown away: \
         try again, and if it stays so the server holds another file",
        path.display()
    )]
    WrongHash {
        /// The file that would have been written.
        path: PathBuf,
        /// The hash in the manifest.
        expected: String,
        /// The hash of what came.
        found: String,
    },
    /// A download was needed and forbidden.
    #[error(
        "data set `{name}` lacks {missing} of its files, and offline forbids to download them; \
         leave out `--offline` and unset GENERATIVA_OFFLINE"
    )]
    Offline {
        /// The set.
        name: String,
        /// Files to download.
        missing: usize,
    },
    /// A download failed for good.
    #[error(
        "{url}: {reason} (attempts: {attempts}); check the network or GENERATIVA_MIRROR and run it \
         again: what has come is kept"
    )]
    Download {
        /// The address.
        url: String,
        /// What happened last.
        reason: String,
        /// How often it was tried.
        attempts: usize,
    },
    /// Another process is fetching the same set.
    #[error(
        "data set `{name}` is being fetched by another process ({}); wait for it",
        lock.display()
    )]
    Busy {
        /// The set.
        name: String,
        /// The file that it holds locked.
        lock: PathBuf,
    },
}

pub(crate) fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn places(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// A byte as a person would name it.
fn symbol(byte: u8) -> String {
    match byte {
        b'\t' => "tab".into(),
        b' '..=b'~' => format!("`{}`", byte as char),
        _ => format!("byte 0x{byte:02x}"),
    }
}
