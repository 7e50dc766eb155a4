//! Recordings in the European Data Format, EDF (Kemp et al. 1992), and its extension EDF+ (Kemp &
//! Olivan 2003): a header of text, then records of some seconds, in each the samples of one signal
//! behind those of another.
//!
//! A recording with interruptions (EDF+D) is read with missing samples in them.

mod annotations;
mod header;
mod records;
mod writer;

use std::path::{Path, PathBuf};

use super::leads::{choose, scaled, signal_name};
use super::{About, FRAMES_AT_ONCE, LONGEST_GAP, Options, Piece, damaged, name_of};
use crate::{Error, Result};
use records::Records;

pub use annotations::{Annotation, annotations};
pub use writer::{Signal, Writer};

#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    records: Records,
    kept: Vec<Kept>,
    frequency: f64,
    /// Frames given or missing before the record that waits.
    frames: u64,
    /// The onset of the first record of a recording with interruptions, in seconds.
    first_onset: Option<f64>,
    /// Frames missing before the record that waits.
    gap: u64,
    waiting: Option<Vec<u8>>,
}

/// A signal that is read.
#[derive(Debug)]
struct Kept {
    /// Where its samples lie in a record, and how many.
    first_byte: usize,
    samples: usize,
    /// From a sample to the unit of the lead.
    gain: f64,
    zero: f64,
}

pub(super) fn open(path: &Path, options: &Options) -> Result<(About, Source)> {
    let records = Records::open(path)?;
    let header = &records.header;
    let own: Vec<&header::Signal> =
        header.signals.iter().filter(|signal| !signal.is_annotations()).collect();
    if !(own.is_empty() || header.duration > 0.0) {
        let expected = "a positive duration of a record in seconds at byte 244";
        return Err(damaged(path, expected.to_owned(), header.duration.to_string()));
    }
    let frequency = |signal: &header::Signal| signal.samples as f64 / header.duration;
    let signals: Vec<(String, f64)> = own
        .iter()
        .zip(1..)
        .map(|(signal, number)| (signal_name(&signal.label, number), frequency(signal)))
        .collect();
    let choice = choose(path, &signals, &options.leads)?;
    let (mut leads, mut kept) = (Vec::new(), Vec::new());
    for &number in &choice.kept {
        let signal = own[number];
        let (lead, factor) = scaled(&signals[number].0, &signal.unit, !signal.unit.is_empty());
        leads.push(lead);
        kept.push(scale(path, signal, factor)?);
    }
    let first =
        choice.kept.first().map_or((0, 0.0), |&signal| (own[signal].samples, signals[signal].1));
    let about = About {
        name: name_of(path),
        frequency: first.1,
        // Interruptions add frames, as many as only the records say.
        frames: header
            .records
            .filter(|_| !header.interrupted)
            .map(|records| records.saturating_mul(first.0 as u64)),
        start: Some(header.start.clone()).filter(|start| !start.is_empty()),
        leads,
        left_out: choice.left_out,
    };
    let source = Source {
        path: path.to_owned(),
        records,
        kept,
        frequency: first.1,
        frames: 0,
        first_onset: None,
        gap: 0,
        waiting: None,
    };
    Ok((about, source))
}

/// How samples of a signal become values in the unit of its lead, `factor` of its own.
fn scale(path: &Path, signal: &header::Signal, factor: f64) -> Result<Kept> {
    let ([low, high], [least, largest]) = (signal.physical, signal.digital);
    let gain = (high - low) / (largest - least);
    if gain == 0.0 || !gain.is_finite() {
        let expected = format!("two physical and two digital limits of `{}`", signal.label);
        let found = format!("{low} to {high} for {least} to {largest}");
        return Err(damaged(path, expected, found));
    }
    Ok(Kept {
        first_byte: signal.first_byte,
        samples: signal.samples,
        gain: gain * factor,
        zero: (low - least * gain) * factor,
    })
}

impl Source {
    /// A record, or a part of the gap before it.
    pub(super) fn next(&mut self) -> Result<Option<Piece>> {
        if self.waiting.is_none() {
            let Some(record) = self.records.next()? else { return Ok(None) };
            self.gap = self.gap_before(&record)?;
            self.waiting = Some(record);
        }
        if self.gap > 0 {
            let missing = self.gap.min(FRAMES_AT_ONCE as u64);
            self.gap -= missing;
            self.frames += missing;
            return Ok(Some(vec![vec![f32::NAN; missing as usize]; self.kept.len()]));
        }
        let record = self.waiting.take().unwrap_or_default();
        let values = |kept: &Kept| {
            let samples = record[kept.first_byte..][..2 * kept.samples].as_chunks::<2>().0.iter();
            let sample = |&pair: &[u8; 2]| f64::from(i16::from_le_bytes(pair));
            samples.map(|pair| (sample(pair) * kept.gain + kept.zero) as f32).collect()
        };
        self.frames += self.kept.first().map_or(0, |kept| kept.samples) as u64;
        Ok(Some(self.kept.iter().map(values).collect()))
    }

    /// Frames between the end of the record before and this one.
    fn gap_before(&mut self, record: &[u8]) -> Result<u64> {
        if !self.records.header.interrupted {
            return Ok(0);
        }
        let onset = self.records.onset(record)?;
        let first = *self.first_onset.get_or_insert(onset);
        let missing = ((onset - first) * self.frequency).round() - self.frames as f64;
        let number = self.records.done;
        if missing < 0.0 {
            let expected = format!("record {number} behind the one before it");
            return Err(damaged(&self.path, expected, format!("its onset at {onset} s")));
        }
        if missing > LONGEST_GAP * self.frequency {
            return Err(Error::Unsuited {
                path: self.path.clone(),
                expected: "interruptions of at most a day".to_owned(),
                found: format!("{} s before record {number}", missing / self.frequency),
                remedy: "split the recording there".to_owned(),
            });
        }
        Ok(missing as u64)
    }
}

#[cfg(test)]
pub(super) mod tests;
