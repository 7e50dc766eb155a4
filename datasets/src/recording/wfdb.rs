//! Recordings of WFDB, in physical units.

use std::path::Path;

use super::leads::{choose, scaled, signal_name};
use super::{About, Options, Piece, frames_at_once};
use crate::Result;
use crate::wfdb::Reader;

#[derive(Debug)]
pub(super) struct Source {
    reader: Reader,
    /// The number of each signal that is read, and the factor from its unit to that of the lead.
    kept: Vec<(usize, f64)>,
    /// Frames of the file that are read at once.
    frames: usize,
}

pub(super) fn open(header: &Path, options: &Options) -> Result<(About, Source)> {
    let reader = Reader::open(header)?;
    let own = reader.header();
    let signals: Vec<(String, f64)> = own
        .signals
        .iter()
        .zip(1..)
        .map(|(signal, number)| {
            (signal_name(&signal.description, number), own.frequency * signal.per_frame as f64)
        })
        .collect();
    let choice = choose(header, &signals, &options.leads)?;
    let scaled = choice.kept.iter().map(|&signal| {
        let own = &own.signals[signal];
        let (lead, factor) = scaled(&signals[signal].0, &own.unit, own.calibrated);
        (lead, (signal, factor))
    });
    let (leads, kept) = scaled.unzip();
    // Several samples of a frame are as many frames of the leads.
    let first = choice.kept.first().map_or(1, |&signal| own.signals[signal].per_frame);
    let about = About {
        name: own.name.clone(),
        frequency: own.frequency * first as f64,
        frames: own.frames.map(|frames| frames.saturating_mul(first as u64)),
        start: own.start.clone(),
        leads,
        left_out: choice.left_out,
    };
    let frames = frames_at_once(own.signals.iter().map(|signal| signal.per_frame).sum());
    Ok((about, Source { reader, kept, frames }))
}

impl Source {
    pub(super) fn next(&mut self) -> Result<Option<Piece>> {
        let Some(samples) = self.reader.read(self.frames)? else { return Ok(None) };
        let signals = &self.reader.header().signals;
        let physical = |&(signal, factor): &(usize, f64)| {
            let own = &signals[signal];
            let value = |&sample| (f64::from(own.physical(sample)) * factor) as f32;
            samples[signal].iter().map(value).collect()
        };
        Ok(Some(self.kept.iter().map(physical).collect()))
    }
}
