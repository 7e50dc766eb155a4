//! From a recording in progress to beats as a model sees them.

mod flaws;
mod intervals;
mod scale;
mod trace;
mod truth;
mod window;

use std::collections::VecDeque;

use flaws::Flaws;
use intervals::Intervals;
use scale::Scale;
use trace::Trace;
use window::Resampling;

use crate::signal::bandpass::BandPass;
use crate::signal::detector::{Detector, Peak};

pub use intervals::Rhythm;
pub use truth::truth;
pub use window::{Unfit, Window};

/// Frames are worked on in pieces of at most so many seconds: of a whole day in one piece no more
/// is held than of a minute.
const AT_ONCE: f64 = 1.0;
/// After so many seconds a frame is known to be a peak or none. Peaks come within 5 s as a rule; the
/// detector forgets what it could look for again after 9, to which comes the piece at once.
const DECIDED: f64 = 10.0;
/// The signal is kept so long, s: until its peaks are decided, with the window before them.
const KEPT: f64 = 14.0;

/// A beat.
#[derive(Clone, Debug, PartialEq)]
pub struct Beat {
    /// Its R peak, in frames from the first one.
    pub frame: u64,
    /// How far beats stand out of the noise around it, from 0, hardly, to 1, beyond doubt.
    pub quality: f32,
    /// `[samples]` of the window: the lead from 0.5 to 40 Hz in units of the recording's
    /// [scale](Cutter::scale), so that a usual beat has a root mean square of 1. Finite.
    pub values: Vec<f32>,
    /// Seconds since the beat before it; `None` for the first beat and where a beat may be hidden in
    /// between: in a gap, in a line of all leads, or in more than 5 s.
    pub rr: Option<f64>,
    /// Seconds to the beat after it, whatever may be hidden in between; `None` for the last.
    pub next: Option<f64>,
    /// How it stands among its neighbours; `None` unless the intervals before it, before that one
    /// and after it are known.
    pub rhythm: Option<Rhythm>,
    /// The share of its window that is missing, lies before the first or after the last frame, or
    /// in a line without change, 0 to 1.
    pub missing: f32,
}

/// Cuts beats while a recording comes in, at a cost and in memory that its length does not change.
/// What it gives does not depend on the pieces.
///
/// A beat is given once the one after it is known, about 4 s after that was pushed, or after 16 s
/// without one. The beats of the first minute wait for its end, which tells the scale; where it has
/// fewer than eight that tell, for the eighth or ten minutes.
#[derive(Clone, Debug)]
pub struct Cutter {
    frequency: f64,
    lead: usize,
    detector: Detector,
    band: BandPass,
    resampling: Resampling,
    /// The first frame of the window and the one behind its last, from R.
    ends: (i64, i64),
    trace: Trace,
    /// Those of each lead.
    flaws: Vec<Flaws>,
    intervals: Intervals,
    scale: Scale,
    /// Frames pushed.
    frames: u64,
    /// Peaks whose window is not filtered yet.
    peaks: VecDeque<Peak>,
    /// The last beat, in mV, while the one after it is not known.
    last: Option<Beat>,
    /// Beats, in mV, while the scale is not known.
    waiting: Vec<Beat>,
}

impl Cutter {
    /// For recordings of so many leads at `frequency` frames a second, 100 to 1000, of which the
    /// one numbered `lead` is cut.
    ///
    /// Fails at other frequencies, without such a lead, and where the window has less than nothing,
    /// over 2 s on a side, under 2 values or over 4096.
    pub fn new(frequency: f64, leads: usize, lead: usize, window: &Window) -> Result<Self, Unfit> {
        let detector = Detector::new(frequency, leads)?;
        if lead >= leads {
            return Err(Unfit::Lead { lead, leads });
        }
        window.check()?;
        Ok(Self {
            frequency,
            lead,
            detector,
            band: BandPass::new(frequency),
            resampling: Resampling::new(window, frequency),
            ends: window.ends(frequency),
            trace: Trace::default(),
            flaws: vec![Flaws::new(frequency); leads],
            intervals: Intervals::new(frequency),
            scale: Scale::new(frequency),
            frames: 0,
            peaks: VecDeque::new(),
            last: None,
            waiting: Vec::new(),
        })
    }

    /// Takes the next frames, the samples of each lead in mV, NaN where missing, and returns the
    /// beats that are now known, in order of time.
    ///
    /// Panics if the number of leads is not that of [`new`](Self::new) or their lengths differ.
    pub fn push(&mut self, leads: &[Vec<f32>]) -> Vec<Beat> {
        assert_eq!(leads.len(), self.flaws.len(), "samples of another number of leads");
        let frames = leads[0].len();
        assert!(leads.iter().all(|lead| lead.len() == frames), "leads of one length");
        let (at_once, mut beats) = (self.frames_of(AT_ONCE), Vec::new());
        for start in (0..frames).step_by(at_once) {
            let piece = start..frames.min(start + at_once);
            let piece: Vec<Vec<f32>> =
                leads.iter().map(|lead| lead[piece.clone()].to_vec()).collect();
            self.hear(&piece);
            beats.extend(self.known());
        }
        beats
    }

    /// Returns the beats that waited, the last one included. The cutter is used up.
    pub fn finish(&mut self) -> Vec<Beat> {
        self.trace.push(&self.band.finish());
        self.peaks.extend(self.detector.finish());
        self.cut(u64::MAX);
        self.waiting.extend(self.last.take());
        self.scale.finish();
        self.known()
    }

    /// The share of the time so far in which beats stood out of the noise, from 0 to 1; near 0, the
    /// beats of the recording should not be used.
    pub fn usable_share(&self) -> f64 {
        self.detector.usable_share()
    }

    /// What a value of 1 is in mV, at least 0.02: the median over the beats of the first minute of
    /// their root mean square. `None` while it is not known.
    pub fn scale(&self) -> Option<f64> {
        self.scale.known()
    }

    /// The last seconds of the lead that is cut, from 0.5 to 40 Hz, mV: the frame of the first sample
    /// that is still kept, and the samples. At least 14 s are, or all there are, up to 1.4 s before
    /// the last frame that was pushed.
    #[cfg(test)]
    fn signal(&self) -> (u64, &[f32]) {
        self.trace.kept()
    }

    fn frames_of(&self, seconds: f64) -> usize {
        (seconds * self.frequency) as usize
    }

    /// Takes one piece and cuts what beats it completes.
    fn hear(&mut self, piece: &[Vec<f32>]) {
        self.frames += piece[0].len() as u64;
        self.flaws.iter_mut().zip(piece).for_each(|(flaws, samples)| flaws.push(samples));
        self.trace.push(&self.band.push(&piece[self.lead]));
        self.peaks.extend(self.detector.push(piece));
        let (_, behind) = self.resampling.reach();
        self.cut(self.trace.end().saturating_sub(behind.max(0) as u64));

        let decided = self.frames.saturating_sub(self.frames_of(DECIDED) as u64);
        self.scale.reach(decided);
        let alone = self.frames_of(intervals::LONGEST) as u64;
        if let Some(last) = self.last.take_if(|last| last.frame + alone < decided) {
            self.intervals.interrupt(last.frame + alone);
            self.waiting.push(last);
        }

        let kept = self.frames_of(KEPT);
        self.trace.keep(kept);
        let old = self.frames.saturating_sub(2 * kept as u64);
        self.flaws.iter_mut().for_each(|flaws| flaws.forget(old));
    }

    /// Cuts the peaks up to a frame.
    fn cut(&mut self, until: u64) {
        while self.peaks.front().is_some_and(|peak| peak.frame <= until)
            && let Some(peak) = self.peaks.pop_front()
        {
            let (start, behind) = self.ends;
            let values = self.resampling.values(&self.trace, peak.frame);
            let at = peak.frame as i64;
            let missing = self.flaws[self.lead].share(at + start, at + behind);
            self.scale.push(peak.frame, &values, missing);
            let rr = self.last.take().and_then(|mut last| {
                let silent = Flaws::hide(&self.flaws, last.frame..peak.frame);
                let rr = self.intervals.push(last.frame, peak.frame, silent);
                last.rhythm = self.intervals.rhythm();
                last.next = Some((peak.frame - last.frame) as f64 / self.frequency);
                self.waiting.push(last);
                rr
            });
            let (frame, quality) = (peak.frame, peak.quality);
            self.last =
                Some(Beat { frame, quality, values, rr, next: None, rhythm: None, missing });
        }
    }

    /// The beats that wait for nothing but a scale that is known.
    fn known(&mut self) -> Vec<Beat> {
        let Some(scale) = self.scale.known() else { return Vec::new() };
        let mut beats = std::mem::take(&mut self.waiting);
        for value in beats.iter_mut().flat_map(|beat| &mut beat.values) {
            *value = (f64::from(*value) / scale) as f32;
        }
        beats
    }
}

#[cfg(test)]
mod tests;
