//! What is found in a whole recording: a line for every beat, and the oddest ones in full.

use std::path::Path;

use anyhow::{Result, bail};
use generativa::metrics::quantile::median;
use generativa_datasets::recording::{Options, Recording};

use crate::follow::{Judge, Scored, each_beat};
use crate::heat::heat;
use crate::reason::reason;

/// Shares of time in which beats stand out of the noise, below which a recording is not judged.
const LEAST_USABLE: f64 = 0.25;

/// A beat in the table.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its R peak, in frames from the first.
    pub frame: u64,
    /// Seconds since the beat before it.
    pub rr: Option<f64>,
    /// How odd it is.
    pub score: f64,
    /// The chance that a normal beat is as odd; `None` where it could not be judged.
    pub p: Option<f64>,
    /// Whether it raises an alarm.
    pub alarm: bool,
    /// How far beats stand out of the noise around it, 0 to 1.
    pub quality: f32,
    /// The share of its window that is missing.
    pub missing: f32,
    /// Why it raises an alarm; empty if it does not.
    pub reason: String,
}

/// A recording and what was found in it.
pub struct Survey {
    /// Its name.
    pub name: String,
    /// Frames a second, Hz.
    pub frequency: f64,
    /// Number of frames.
    pub frames: u64,
    /// The names of its leads.
    pub leads: Vec<String>,
    /// The one that was judged.
    pub lead: usize,
    /// Its start, `HH:MM:SS DD/MM/YYYY`, where the file says it.
    pub start: Option<String>,
    /// What the file holds and was left out.
    pub left_out: Vec<String>,
    /// Every beat, in order of time.
    pub lines: Vec<Line>,
    /// The oddest beats that raise an alarm, the oddest first, each with its place in the lines.
    pub oddest: Vec<(usize, Scored)>,
    /// What a value of 1 is in mV.
    pub scale: f64,
    /// The share of the time in which beats stand out of the noise.
    pub usable: f64,
}

impl Survey {
    /// Judges the beats of a recording and keeps the `kept` oddest in full.
    ///
    /// # Errors
    /// A file that cannot be read; a lead that it does not have; a recording without beats, or with
    /// little but noise.
    pub fn of(
        judge: &Judge,
        path: &Path,
        options: &Options,
        lead: Option<&str>,
        kept: usize,
    ) -> Result<Self> {
        let mut recording = Recording::open_with(path, options)?;
        let leads: Vec<String> = recording.leads().iter().map(|lead| lead.name.clone()).collect();
        let lead = chosen(&leads, lead)?;
        let mut survey = Self {
            name: recording.name().to_owned(),
            frequency: recording.frequency(),
            frames: 0,
            leads,
            lead,
            start: recording.start().map(str::to_owned),
            left_out: recording.left_out().to_vec(),
            lines: Vec::new(),
            oddest: Vec::new(),
            scale: 0.0,
            usable: 0.0,
        };
        let followed =
            each_beat(judge, &mut recording, lead, |scored| survey.take(judge, scored, kept))?;
        survey.frames = followed.frames;
        survey.usable = followed.usable;
        survey.scale = followed.scale.unwrap_or_default();
        survey.check()?;
        Ok(survey)
    }

    /// Refuses what holds no beats to speak of.
    fn check(&self) -> Result<()> {
        let seconds = self.frames as f64 / self.frequency;
        if self.lines.is_empty() {
            bail!(
                "{}: no heart beat in {seconds:.1} s of {}; a beat needs about a second of signal, \
                 and leads in mV",
                self.name,
                self.leads.join(", ")
            );
        }
        if self.usable < LEAST_USABLE {
            bail!(
                "{}: beats stand out of the noise in {:.0} % of the time, expected {:.0} % or more; \
                 choose another lead, or cut the noise off",
                self.name,
                100.0 * self.usable,
                100.0 * LEAST_USABLE
            );
        }
        Ok(())
    }

    fn take(&mut self, judge: &Judge, scored: Scored, kept: usize) -> Result<()> {
        let mut line = Line {
            frame: scored.cut.frame,
            rr: scored.cut.rr,
            score: scored.score,
            p: scored.p,
            alarm: scored.alarm,
            quality: scored.cut.quality,
            missing: scored.cut.missing,
            reason: String::new(),
        };
        if scored.alarm {
            let heat = heat(&judge.scorer.view(&scored.beat)?);
            line.reason = reason(judge, &scored, &heat);
            self.keep(self.lines.len(), scored, kept);
        }
        self.lines.push(line);
        Ok(())
    }

    fn keep(&mut self, place: usize, scored: Scored, kept: usize) {
        let behind = self.oddest.partition_point(|(_, other)| other.score >= scored.score);
        if behind < kept {
            self.oddest.insert(behind, (place, scored));
            self.oddest.truncate(kept);
        }
    }

    /// Its length, s.
    pub fn seconds(&self) -> f64 {
        self.frames as f64 / self.frequency
    }

    /// Beats that raise an alarm.
    pub fn alarms(&self) -> usize {
        self.lines.iter().filter(|line| line.alarm).count()
    }

    /// Beats that could be judged.
    pub fn judged(&self) -> usize {
        self.lines.iter().filter(|line| line.p.is_some()).count()
    }

    /// Beats a minute by the median interval; `None` where no interval is known.
    pub fn heart_rate(&self) -> Option<f64> {
        let intervals: Vec<f64> = self.lines.iter().filter_map(|line| line.rr).collect();
        (!intervals.is_empty()).then(|| 60.0 / median(&intervals))
    }
}

/// The lead of this name or number from 1, the first if none is named.
pub(crate) fn chosen(leads: &[String], lead: Option<&str>) -> Result<usize> {
    let Some(wanted) = lead else { return Ok(0) };
    let named = leads.iter().position(|lead| lead.eq_ignore_ascii_case(wanted));
    let numbered = || wanted.parse::<usize>().ok().filter(|n| (1..=leads.len()).contains(n));
    match named.or_else(|| numbered().map(|number| number - 1)) {
        Some(lead) => Ok(lead),
        None => bail!("no lead `{wanted}`; the recording has {}", leads.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_is_chosen_by_name_or_number() -> Result<()> {
        let leads = ["MLII".to_owned(), "V1".to_owned(), "2".to_owned()];
        let found = |lead: &str| chosen(&leads, Some(lead));
        assert_eq!((chosen(&leads, None)?, found("v1")?, found("1")?, found("2")?), (0, 1, 0, 2));
        let message = found("V6").expect_err("there is none").to_string();
        assert_eq!(message, "no lead `V6`; the recording has MLII, V1, 2");
        Ok(())
    }
}
