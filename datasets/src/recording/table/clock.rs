//! The column of times: the frequency that it says, and the rows that it says are missing.

use std::path::Path;

use super::super::LONGEST_GAP;
use crate::Error;

/// The time of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Time {
    pub(super) line: u64,
    pub(super) seconds: f64,
    /// What the last digit counts, in seconds; 0 where that is not known.
    pub(super) digit: f64,
}

/// Time in even steps.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    /// Seconds between two rows.
    step: f64,
    /// How much rounded digits change a step.
    rounding: f64,
    /// Of the row before.
    last: Option<f64>,
}

/// What a time should have been.
#[derive(Debug)]
pub(super) struct Wrong {
    line: u64,
    expected: String,
    found: String,
}

impl Wrong {
    pub(super) fn at(self, path: &Path) -> Error {
        let line = self.line.try_into().unwrap_or(usize::MAX);
        Error::Malformed { path: path.to_owned(), line, expected: self.expected, found: self.found }
    }
}

/// A number in a unit of so many seconds, or `[H:]M:S`. `None` where it is neither.
pub(super) fn clock_time(text: &str, unit: f64, line: u64) -> Option<Time> {
    let mut parts = text.split(':');
    let first: f64 = parts.next()?.trim().parse().ok()?;
    let mut value = first;
    let mut colons = 0;
    for part in parts {
        value = 60.0 * value + part.trim().parse::<f64>().ok().filter(|part| *part >= 0.0)?;
        colons += 1;
    }
    let unit = if colons > 0 { 1.0 } else { unit };
    let digit = match text.rsplit_once('.') {
        Some((_, digits)) if !digits.contains(['e', 'E']) => {
            0.1f64.powi(digits.len().min(30) as i32)
        }
        None if !text.contains(['e', 'E']) => 1.0,
        _ => 0.0,
    };
    let time = Time { line, seconds: value * unit, digit: digit * unit };
    (colons <= 2 && time.seconds.is_finite()).then_some(time)
}

impl Clock {
    /// The steps of the first rows. Times may be rounded, as 360 Hz in whole milliseconds are: then
    /// they must lie where a whole frequency rounds to.
    pub(super) fn learn(times: &[Time]) -> Result<Self, Wrong> {
        let [first, .., last] = times else {
            return Err(Wrong {
                line: times.first().map_or(1, |time| time.line),
                expected: "two rows or more, whose times say the frequency".to_owned(),
                found: times.len().to_string(),
            });
        };
        let steps: Vec<f64> =
            times.windows(2).map(|pair| pair[1].seconds - pair[0].seconds).collect();
        if let Some(back) = steps.iter().position(|step| *step <= 0.0) {
            return Err(falls(times[back].seconds, times[back + 1]));
        }
        let mut sorted = steps.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted[sorted.len() / 2];
        let single = || steps.iter().filter(|step| **step < 1.5 * middle);
        let mean = single().sum::<f64>() / single().count().max(1) as f64;
        let count: f64 = steps.iter().map(|step| (step / mean).round().max(1.0)).sum();
        let span = last.seconds - first.seconds;
        let digits = times.iter().map(|time| time.digit).filter(|digit| *digit > 0.0);
        let digit = digits.reduce(f64::min).unwrap_or(0.0);
        // Both ends are rounded, so the frequency is known to about a digit of the whole span.
        let frequency = count / span;
        let known = (digit / span + 1e-6) * frequency;
        let off = |by: &f64| (by - (by * frequency).round().max(1.0) / frequency).abs();
        if steps.iter().all(|by| off(by) * frequency <= 0.01) {
            let whole = frequency.round();
            let is_whole = whole >= 1.0 && (whole - frequency).abs() <= known;
            let step = 1.0 / if is_whole { whole } else { frequency };
            return Ok(Self { step, rounding: 0.0, last: None });
        }
        let whole = rounded_frequency(times, digit, frequency, known);
        // Uneven times are named by their line when their row is read.
        let (step, rounding) = whole.map_or((middle, 0.0), |whole| (1.0 / whole, digit));
        Ok(Self { step, rounding, last: None })
    }

    /// In Hz.
    pub(super) fn frequency(&self) -> f64 {
        let frequency = 1.0 / self.step;
        // The inverse of an inverse of a whole number may miss it by its last bit.
        let whole = frequency.round();
        if (whole - frequency).abs() < 1e-9 * frequency { whole } else { frequency }
    }

    /// Rows missing before this one.
    ///
    /// Fails where its time does not grow, or not by whole steps within 1 %.
    pub(super) fn missing_before(&mut self, time: Time) -> Result<u64, Wrong> {
        let Some(last) = self.last.replace(time.seconds) else { return Ok(0) };
        let by = time.seconds - last;
        let steps = (by / self.step).round();
        if by <= 0.0 || by.is_nan() {
            return Err(falls(last, time));
        }
        // Seconds since 1970 are no more exact than this.
        let exact = 4.0 * f64::EPSILON * time.seconds.abs();
        let off = (by - steps * self.step).abs();
        if steps < 1.0 || off > 0.01 * self.step + self.rounding + exact {
            let step = self.step;
            let expected = format!("a time {step} s after {last} s, or whole steps later");
            return Err(Wrong { line: time.line, expected, found: format!("{} s", time.seconds) });
        }
        if by > LONGEST_GAP {
            let expected = format!("a gap of at most a day after {last} s");
            return Err(Wrong { line: time.line, expected, found: format!("{} s", time.seconds) });
        }
        Ok(steps as u64 - 1)
    }
}

/// The whole frequency within `known` of one, in Hz, whose times round to these; the roundest where a
/// short recording fits several.
fn rounded_frequency(times: &[Time], digit: f64, frequency: f64, known: f64) -> Option<f64> {
    // Coarser times do not even tell which rows are missing.
    if digit * frequency > 0.5 {
        return None;
    }
    [50.0, 10.0, 2.0, 1.0].into_iter().find_map(|unit| {
        let whole = (frequency / unit).round() * unit;
        let near = [whole, whole - unit, whole + unit];
        let fits = |whole: &f64| {
            *whole >= 1.0
                && (whole - frequency).abs() <= known
                && is_rounded(times, 1.0 / whole, digit)
        };
        near.into_iter().find(fits)
    })
}

/// Whether times are those of even steps, rounded to a digit: then they differ from these by less
/// than a digit from the earliest to the latest. A row that is late by a digit is not.
fn is_rounded(times: &[Time], step: f64, digit: f64) -> bool {
    let Some(first) = times.first() else { return false };
    let (mut least, mut largest) = (f64::INFINITY, f64::NEG_INFINITY);
    for time in times {
        let since = time.seconds - first.seconds;
        let off = since - (since / step).round() * step;
        (least, largest) = (least.min(off), largest.max(off));
    }
    largest - least <= 0.999 * digit
}

fn falls(last: f64, time: Time) -> Wrong {
    let (expected, found) = (format!("a time after {last} s"), format!("{} s", time.seconds));
    Wrong { line: time.line, expected, found }
}
