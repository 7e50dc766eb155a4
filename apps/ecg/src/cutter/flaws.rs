//! Where a lead says nothing: samples that are missing, and lines without any change.

use std::collections::VecDeque;
use std::ops::Range;

/// What lies beyond is no voltage, mV; the filters take it for missing too.
const LARGEST: f32 = 10_000.0;
/// A line is noted from so many seconds on.
const LINE: f64 = 0.15;
/// A window misses what lies in a line of more than so many seconds within it. The line before a
/// ventricular beat, which has no P, takes 0.19 s of the usual window where nothing makes noise.
const LINE_OF_WINDOW: f64 = 0.2;

/// Stretches of a lead in which nothing is heard.
#[derive(Clone, Debug)]
pub(super) struct Flaws {
    frequency: f64,
    frames: u64,
    last: f32,
    /// Where the present run of missing or of equal samples began, and whether it is in `stretches`.
    start: u64,
    noted: bool,
    stretches: VecDeque<Stretch>,
}

/// A run of missing or of equal samples.
#[derive(Clone, Debug)]
struct Stretch {
    frames: Range<u64>,
    is_line: bool,
}

impl Flaws {
    pub(super) fn new(frequency: f64) -> Self {
        let stretches = VecDeque::new();
        Self { frequency, frames: 0, last: 0.0, start: 0, noted: false, stretches }
    }

    /// Takes the next samples, mV, NaN where missing.
    pub(super) fn push(&mut self, samples: &[f32]) {
        let line = (LINE * self.frequency) as u64;
        for &sample in samples {
            let missing = sample.is_nan() || sample.abs() > LARGEST;
            let goes_on = if missing { self.last.is_nan() } else { sample == self.last };
            if !goes_on {
                (self.start, self.noted) = (self.frames, false);
                self.last = if missing { f32::NAN } else { sample };
            }
            self.frames += 1;
            // Nearly all samples of a usual lead are done here.
            if !missing && self.frames - self.start <= line {
                continue;
            }
            let frames = self.start..self.frames;
            match self.stretches.back_mut().filter(|_| self.noted) {
                Some(present) => present.frames = frames,
                None => self.stretches.push_back(Stretch { frames, is_line: !missing }),
            }
            self.noted = true;
        }
    }

    /// Forgets what ended before a frame.
    pub(super) fn forget(&mut self, before: u64) {
        while self.stretches.front().is_some_and(|first| first.frames.end <= before) {
            self.stretches.pop_front();
        }
    }

    /// The share of the frames `from` to before `to` that is missing, a line or outside of the
    /// recording, 0 to 1.
    pub(super) fn share(&self, from: i64, to: i64) -> f32 {
        let inside = from.max(0) as u64..to.clamp(0, self.frames as i64) as u64;
        let line = (LINE_OF_WINDOW * self.frequency) as u64;
        let lost = |stretch: &Stretch| {
            let lost = length(&common(&stretch.frames, &inside));
            if stretch.is_line && lost <= line { 0 } else { lost }
        };
        let outside = (to - from) as u64 - length(&inside);
        let lost = outside + self.stretches.iter().map(lost).sum::<u64>();
        lost as f32 / (to - from) as f32
    }

    /// Whether between two frames there are more than 0.15 s in which no lead says anything.
    pub(super) fn hide(leads: &[Self], between: Range<u64>) -> bool {
        let mut silent = vec![between];
        for lead in leads {
            let stretches = lead.stretches.iter().map(|stretch| &stretch.frames);
            let within = |one| silent.iter().map(move |other| common(one, other));
            let line = (LINE * lead.frequency) as u64;
            silent = stretches.flat_map(within).filter(|both| length(both) > line).collect();
        }
        !silent.is_empty()
    }
}

fn common(one: &Range<u64>, other: &Range<u64>) -> Range<u64> {
    one.start.max(other.start)..one.end.min(other.end)
}

fn length(frames: &Range<u64>) -> u64 {
    frames.end.saturating_sub(frames.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At 100 Hz: 40 frames that change, then 30 of a kind, then 30 that change.
    fn flaws(sample: f32) -> Flaws {
        let mut flaws = Flaws::new(100.0);
        for frame in 0..100 {
            let change = if frame % 2 == 0 { 0.1 } else { 0.2 };
            flaws.push(&[if (40..70).contains(&frame) { sample } else { change }]);
        }
        flaws
    }

    #[test]
    fn missing_samples_lines_and_what_lies_outside_are_lost() {
        for sample in [f32::NAN, f32::INFINITY, 2e4, 0.0] {
            let flaws = flaws(sample);
            assert_eq!(flaws.share(30, 90), 0.5, "{sample}");
            assert_eq!(flaws.share(0, 40), 0.0);
            assert_eq!(flaws.share(-10, 10), 0.5);
            assert_eq!(flaws.share(90, 110), 0.5);
            assert_eq!(flaws.share(120, 130), 1.0);
            assert_eq!(flaws.share(-20, -10), 1.0);
        }
        // A little of a line in the window may be the one between T and P.
        assert_eq!((flaws(0.0).share(20, 60), flaws(f32::NAN).share(20, 60)), (0.0, 0.5));
    }

    #[test]
    fn a_beat_is_hidden_only_where_no_lead_is_heard() {
        let (gap, line, heard) = (flaws(f32::NAN), flaws(0.0), {
            let mut heard = Flaws::new(100.0);
            (0..100).for_each(|frame| heard.push(&[frame as f32]));
            heard
        });
        assert!(Flaws::hide(&[gap.clone(), line.clone()], 10..90));
        assert!(!Flaws::hide(&[gap.clone(), line.clone()], 10..50));
        assert!(!Flaws::hide(&[gap, heard, line], 10..90));
    }

    #[test]
    fn a_gap_that_goes_on_is_not_forgotten() {
        let mut flaws = Flaws::new(100.0);
        for frame in 0..1000 {
            flaws.push(&[f32::NAN]);
            flaws.forget(frame + 1);
        }
        flaws.push(&[f32::NAN; 10]);
        assert_eq!(flaws.share(1000, 1010), 1.0);
        assert_eq!(flaws.stretches.len(), 1);
    }
}
