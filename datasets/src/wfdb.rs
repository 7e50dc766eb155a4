//! Recordings in the files of the WFDB library: a header `NAME.hea`, signals, usually `NAME.dat`, and
//! annotations, for instance `NAME.atr`.
//!
//! Formats after the manual pages header(5), signal(5) and annot(5) of the WFDB software package
//! (Moody, PhysioNet). Signals are read and written in pieces, so that a day of a recording takes no
//! more memory than a minute.

mod annotations;
mod header;
mod reader;
mod samples;
mod writer;

pub use annotations::{Annotation, Annotations, SYMBOLS};
pub use header::{Header, Signal};
pub use reader::Reader;
pub(crate) use reader::header_of;
pub use samples::Format;
pub use writer::Writer;

#[cfg(test)]
mod tests;
