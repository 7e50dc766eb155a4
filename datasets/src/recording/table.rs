//! Tables of samples in text: a row a frame, a column a lead, with or without a line of names, a line
//! of units and a column of times.

mod clock;
mod columns;
mod rows;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::leads::{choose, scaled};
use super::{About, Options, Piece, frames_at_once, name_of};
use crate::error::list;
use crate::{Error, Result};
use clock::{Clock, Time};
use columns::{Column, Role, columns};
use rows::Rows;

/// Rows from which a column of times is learnt.
const ROWS_TO_LEARN: usize = 1024;

#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    rows: Rows,
    kept: Vec<Kept>,
    times: Option<Times>,
    /// Rows that were read to learn the times.
    waiting: VecDeque<Frame>,
    /// Frames missing before the next row, and that row.
    gap: u64,
    behind_gap: Option<Frame>,
}

/// A column that is read.
#[derive(Debug)]
struct Kept {
    column: usize,
    name: String,
    /// From its unit to that of the lead.
    factor: f64,
    /// Whether a value was there yet.
    seen: bool,
}

/// A column of times.
#[derive(Debug)]
struct Times {
    column: usize,
    /// In seconds.
    unit: f64,
    clock: Clock,
}

/// A row of the leads.
#[derive(Debug)]
struct Frame {
    /// Where there is a column of times.
    time: Option<Time>,
    samples: Vec<f32>,
}

pub(super) fn open(path: &Path, options: &Options) -> Result<(About, Source)> {
    let mut rows = Rows::open(path)?;
    let columns = columns(&mut rows)?;
    let is_lead = |column: &&Column| column.role == Role::Lead;
    let leads: Vec<&Column> = columns.iter().filter(is_lead).collect();
    let signals: Vec<(String, f64)> = leads.iter().map(|lead| (lead.name.clone(), 1.0)).collect();
    let mut choice = choose(path, &signals, &options.leads)?;
    let (mut own, mut kept) = (Vec::new(), Vec::new());
    for column in choice.kept.iter().map(|&lead| leads[lead]) {
        let (lead, factor) = scaled(&column.name, &column.unit, !column.unit.is_empty());
        own.push(lead);
        let (column, name) = (column.number, column.name.clone());
        kept.push(Kept { column, name, factor, seen: false });
    }
    let time = columns.iter().find_map(|column| match column.role {
        Role::Time(unit) if options.frequency.is_none() => Some((column, unit)),
        _ => None,
    });
    let others = columns.iter().filter(|column| column.role != Role::Lead);
    let unread = others.filter(|other| time.is_none_or(|(time, _)| time.number != other.number));
    choice.left_out.extend(unread.map(|column| column.name.clone()));
    let mut source = Source {
        path: path.to_owned(),
        rows,
        kept,
        times: None,
        waiting: VecDeque::new(),
        gap: 0,
        behind_gap: None,
    };
    let frequency = match (options.frequency, time) {
        (Some(frequency), _) => frequency,
        (None, Some((time, unit))) => source.learn(time, unit)?,
        (None, None) => {
            let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
            return Err(Error::Unsuited {
                path: path.to_owned(),
                expected: "a column of times, such as `time` or `seconds`".to_owned(),
                found: list(&names),
                remedy: "give the frequency".to_owned(),
            });
        }
    };
    let about = About {
        name: name_of(path),
        frequency,
        frames: None,
        start: None,
        leads: own,
        left_out: choice.left_out,
    };
    Ok((about, source))
}

impl Source {
    /// Learns the frequency in Hz from the first rows, which wait afterwards.
    fn learn(&mut self, column: &Column, unit: f64) -> Result<f64> {
        self.times = Some(Times { column: column.number, unit, clock: Clock::default() });
        let enough = frames_at_once(self.kept.len()).clamp(8, ROWS_TO_LEARN);
        while self.waiting.len() < enough {
            let Some(frame) = self.row()? else { break };
            self.waiting.push_back(frame);
        }
        let times: Vec<Time> = self.waiting.iter().filter_map(|frame| frame.time).collect();
        let clock = Clock::learn(&times).map_err(|wrong| wrong.at(&self.path))?;
        let frequency = clock.frequency();
        if frequency <= 1.0 {
            return Err(Error::Unsuited {
                path: self.path.clone(),
                expected: "more than one sample a second".to_owned(),
                found: format!("{frequency} Hz by the column `{}`", column.name),
                remedy: "name its unit, as in `time (ms)`, or give the frequency".to_owned(),
            });
        }
        self.times = Some(Times { column: column.number, unit, clock });
        Ok(frequency)
    }

    /// Some rows, and the missing ones of gaps between them.
    pub(super) fn next(&mut self) -> Result<Option<Piece>> {
        let mut piece: Piece = vec![Vec::new(); self.kept.len()];
        let mut frames = 0;
        while frames < frames_at_once(self.kept.len()) {
            if self.gap > 0 {
                self.gap -= 1;
                piece.iter_mut().for_each(|samples| samples.push(f32::NAN));
            } else if let Some(frame) = self.behind_gap.take() {
                let samples = piece.iter_mut().zip(frame.samples);
                samples.for_each(|(samples, sample)| samples.push(sample));
            } else {
                let waiting = self.waiting.pop_front();
                let Some(frame) = waiting.map_or_else(|| self.row(), |frame| Ok(Some(frame)))?
                else {
                    break;
                };
                self.gap = self.missing_before(&frame)?;
                self.behind_gap = Some(frame);
                continue;
            }
            frames += 1;
        }
        if frames == 0 {
            self.check_columns()?;
            return Ok(None);
        }
        Ok(Some(piece))
    }

    /// The next row of the file.
    fn row(&mut self) -> Result<Option<Frame>> {
        if !self.rows.next()? {
            return Ok(None);
        }
        let time = self.times.as_ref().map(|times| self.rows.time(times.column, times.unit));
        let mut samples = Vec::with_capacity(self.kept.len());
        for kept in &mut self.kept {
            let value = self.rows.value(kept.column, &kept.name)?;
            kept.seen |= value.is_some();
            samples.push(value.map_or(f32::NAN, |value| (value * kept.factor) as f32));
        }
        Ok(Some(Frame { time: time.transpose()?, samples }))
    }

    /// Rows missing between the one before and this.
    fn missing_before(&mut self, frame: &Frame) -> Result<u64> {
        match (&mut self.times, frame.time) {
            (Some(times), Some(time)) => {
                times.clock.missing_before(time).map_err(|wrong| wrong.at(&self.path))
            }
            _ => Ok(0),
        }
    }

    /// Fails where a column had no value in any row.
    fn check_columns(&self) -> Result<()> {
        match self.kept.iter().find(|kept| !kept.seen) {
            Some(kept) => Err(Error::Unsuited {
                path: self.path.clone(),
                expected: format!("samples in column {} (`{}`)", kept.column + 1, kept.name),
                found: format!("none down to line {}", self.rows.line()),
                remedy: "name the other leads to leave it out".to_owned(),
            }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
