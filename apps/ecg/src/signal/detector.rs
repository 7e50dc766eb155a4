//! R peaks of a recording in progress.

use std::fmt;

use super::lead::Lead;
use super::mix::Mix;
use super::placement::{Direction, Placement};
use super::rhythm::{Rhythm, Summit};
use super::summit::Summits;

/// Frames are looked at in blocks of so many seconds, counted from the first frame, so that the
/// pieces in which they come do not matter.
const BLOCK: f64 = 0.5;
/// Blocks after the one in question that tell how high its beats should be: the first beat of a
/// recording is judged by those after it.
const AHEAD: usize = 5;
/// Blocks that are worked on at once: of a whole day in one piece no more is held than of a minute.
const AT_ONCE: usize = 8;
/// Two beats are never closer, s: no heart muscle is excitable again before.
const REFRACTORY: f64 = 0.2;
/// Samples are kept so long, s: from the start of the block in question to the last sample.
const KEPT: f64 = 5.0;
/// The quality of beats that are no doubt beats for being regular, though they leave no floor.
const REGULAR: f32 = 0.5;

/// An R peak, or the main deflection of a QRS complex that has none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Where it is, in frames from the first one.
    pub frame: u64,
    /// The lead in which its place was found.
    pub lead: usize,
    /// How far beats stand out of the noise around it, from 0, hardly, to 1, beyond doubt.
    pub quality: f32,
}

/// Why there is no detector for a recording.
#[derive(Clone, Debug, PartialEq)]
pub enum Unfit {
    /// The frequency of the samples, Hz.
    Frequency(f64),
    /// It has no lead.
    NoLead,
}

impl fmt::Display for Unfit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frequency(found) => {
                write!(out, "frames a second: expected 100 to 1000, found {found}; resample first")
            }
            Self::NoLead => write!(out, "leads: expected one or more, found none"),
        }
    }
}

impl std::error::Error for Unfit {}

/// Finds R peaks while a recording comes in, at a cost and in memory that its length does not
/// change.
///
/// The energy of all leads from 7 to 18 Hz, each weighted by how far its beats stand out of its
/// noise, is searched for summits; thresholds that follow the beats tell them from T waves and
/// noise; the peak is then placed in the best lead under 40 Hz. A peak is reported at most about 4
/// s after it was pushed, 5 s if it was so low that it was looked for again.
#[derive(Clone, Debug)]
pub struct Detector {
    frequency: f64,
    leads: Vec<Lead>,
    directions: Vec<Direction>,
    placement: Placement,
    summits: Summits,
    rhythm: Rhythm,
    /// The lead in which peaks are looked for.
    lead: usize,
    /// Frames pushed.
    frames: u64,
    /// Blocks done, and those of them in which beats stand out of the noise.
    blocks: u64,
    usable: u64,
}

impl Detector {
    /// For so many leads at `frequency` frames a second, 100 to 1000. Fails at other frequencies
    /// and without a lead.
    pub fn new(frequency: f64, leads: usize) -> Result<Self, Unfit> {
        if !(100.0..=1000.0).contains(&frequency) {
            return Err(Unfit::Frequency(frequency));
        }
        if leads == 0 {
            return Err(Unfit::NoLead);
        }
        Ok(Self {
            frequency,
            leads: vec![Lead::new(frequency); leads],
            directions: vec![Direction::default(); leads],
            placement: Placement::new(frequency),
            summits: Summits::new((REFRACTORY * frequency) as u64),
            rhythm: Rhythm::new(frequency),
            lead: 0,
            frames: 0,
            blocks: 0,
            usable: 0,
        })
    }

    /// Takes the next frames, the samples of each lead in mV, NaN where missing, and returns the
    /// peaks that are now certain, in order of time. Gaps over 0.15 s in all leads hold none.
    ///
    /// Panics if the number of leads is not that of [`new`](Self::new) or their lengths differ.
    pub fn push(&mut self, leads: &[Vec<f32>]) -> Vec<Peak> {
        assert_eq!(leads.len(), self.leads.len(), "samples of another number of leads");
        let frames = leads[0].len();
        assert!(
            leads.iter().all(|lead| lead.len() == frames),
            "leads of one piece have one length"
        );
        let (at_once, mut peaks) = (AT_ONCE * self.block(), Vec::new());
        for start in (0..frames).step_by(at_once) {
            let end = frames.min(start + at_once);
            for (lead, samples) in self.leads.iter_mut().zip(leads) {
                lead.push(&samples[start..end]);
            }
            self.frames += (end - start) as u64;
            peaks.extend(self.advance(AHEAD + 1));
        }
        peaks
    }

    /// Returns the last peaks, as if the recording went on in its mirror. The detector is used up.
    pub fn finish(&mut self) -> Vec<Peak> {
        // The envelope of the last frame waits for a filter, two means and the end of its block,
        // and its summit for what is around.
        let more = (2.0 * self.frequency) as usize + self.block();
        self.leads.iter_mut().for_each(|lead| lead.finish(more));
        self.advance(1)
    }

    /// The share of the time so far in which beats stood out of the noise, from 0 to 1; near 0, the
    /// peaks of the recording should not be used.
    pub fn usable_share(&self) -> f64 {
        self.usable as f64 / self.blocks.max(1) as f64
    }

    fn block(&self) -> usize {
        (BLOCK * self.frequency) as usize
    }

    /// Works on blocks while `ahead` of them are known.
    fn advance(&mut self, ahead: usize) -> Vec<Peak> {
        let (block, mut peaks) = (self.block(), Vec::new());
        let ready = |lead: &mut Lead| lead.prepare(block, ahead);
        while self.leads.iter_mut().map(ready).min().unwrap_or(0) >= ahead {
            let start = self.blocks * block as u64;
            if start > self.frames + (REFRACTORY * self.frequency) as u64 {
                break;
            }
            let mix = Mix::next(&mut self.leads, start + block as u64 / 2, self.lead);
            self.lead = mix.lead;
            self.blocks += 1;
            let usable = mix.is_usable() || self.rhythm.is_regular();
            self.usable += u64::from(usable);
            for &value in &mix.envelope {
                if let Some((frame, height)) = self.summits.push(value) {
                    self.look_at(frame, height, &mix);
                }
            }
            let known = start + block as u64;
            let horizon = known.saturating_sub((REFRACTORY * self.frequency) as u64);
            let mut beats = Vec::new();
            self.rhythm.decide(horizon, &mut beats);
            peaks.extend(beats.iter().filter_map(|beat| self.peak(beat)));
            let old = start.saturating_sub((KEPT * self.frequency) as u64);
            self.leads.iter_mut().for_each(|lead| lead.forget(old));
        }
        peaks
    }

    /// Hands a summit to the rhythm, unless it lies in a gap or after the end.
    fn look_at(&mut self, frame: u64, height: f32, mix: &Mix) {
        if frame >= self.frames {
            return;
        }
        let there = |lead: &usize| !self.leads[*lead].is_missing(frame);
        let Some(lead) = Some(mix.lead).filter(there).or((0..self.leads.len()).find(there)) else {
            return;
        };
        self.rhythm.push(Summit {
            frame,
            height,
            level: mix.level,
            floor: mix.floor,
            quality: mix.quality(),
            usable: mix.is_usable(),
            lead,
            complex: self.placement.complex(&self.leads[lead], frame),
        });
    }

    /// The peak of a beat, unless a gap begins before it.
    fn peak(&mut self, beat: &Summit) -> Option<Peak> {
        let frame = self.directions[beat.lead].main(&beat.complex);
        let frame = frame.clamp(0, self.frames.saturating_sub(1) as i64) as u64;
        let quality = if beat.usable { beat.quality } else { REGULAR };
        let there = !self.leads[beat.lead].is_missing(frame);
        there.then_some(Peak { frame, lead: beat.lead, quality })
    }
}
