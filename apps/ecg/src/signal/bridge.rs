//! Missing samples, so that filters need not know of them.

use std::collections::VecDeque;
use std::ops::Range;

/// A longer gap hides a beat, s; a shorter one is drawn over.
const LONGEST_BRIDGE: f64 = 0.15;
/// What lies beyond is no voltage of a heart, nor of an electrode, mV.
const LARGEST: f32 = 10_000.0;

/// Closes gaps: short ones by a straight line, long ones by the last value, and then the signal
/// goes on from there: a jump would look like a beat. Values begin at 0 for the same reason, so
/// that a level is lost, which every filter here takes off anyway.
#[derive(Clone, Debug)]
pub(super) struct Bridge {
    longest: usize,
    /// Samples of a gap of which nobody knows yet whether it is long.
    waiting: usize,
    /// Within a long gap, or before the first sample.
    open: bool,
    last: f32,
    level: f32,
    given: u64,
    gaps: VecDeque<Range<u64>>,
}

impl Bridge {
    /// For samples of this frequency, Hz.
    pub(super) fn new(frequency: f64) -> Self {
        let longest = (LONGEST_BRIDGE * frequency) as usize;
        let gaps = VecDeque::new();
        Self { longest, waiting: 0, open: true, last: 0.0, level: 0.0, given: 0, gaps }
    }

    /// Appends the samples without gaps. The last ones wait while they are missing, 0.15 s at most.
    pub(super) fn push(&mut self, samples: &[f32], filled: &mut Vec<f32>) {
        let before = filled.len();
        for &sample in samples {
            if sample.abs() <= LARGEST {
                if self.open {
                    (self.level, self.open) = (sample - self.last, false);
                }
                let value = sample - self.level;
                let step = (value - self.last) / (self.waiting + 1) as f32;
                filled.extend((1..=self.waiting).map(|count| self.last + step * count as f32));
                filled.push(value);
                (self.waiting, self.last) = (0, value);
            } else {
                self.waiting += 1;
                if self.open || self.waiting > self.longest {
                    self.hold(self.given + (filled.len() - before) as u64, filled);
                }
            }
        }
        self.given += (filled.len() - before) as u64;
    }

    /// Appends what waits, after the last sample.
    pub(super) fn finish(&mut self, filled: &mut Vec<f32>) {
        let before = filled.len();
        self.hold(self.given, filled);
        self.given += (filled.len() - before) as u64;
    }

    /// The last value where samples are missing, from the frame `start` on.
    fn hold(&mut self, start: u64, filled: &mut Vec<f32>) {
        if self.waiting == 0 {
            return;
        }
        let end = start + self.waiting as u64;
        filled.resize(filled.len() + self.waiting, self.last);
        match self.gaps.back_mut().filter(|gap| gap.end == start) {
            Some(gap) => gap.end = end,
            None => self.gaps.push_back(start..end),
        }
        (self.waiting, self.open) = (0, true);
    }

    /// Whether a frame lies in a long gap.
    pub(super) fn is_missing(&self, frame: u64) -> bool {
        self.gaps.iter().rev().any(|gap| gap.contains(&frame))
    }

    /// Forgets the gaps that end before a frame.
    pub(super) fn forget(&mut self, before: u64) {
        while self.gaps.front().is_some_and(|gap| gap.end <= before) {
            self.gaps.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: f32 = f32::NAN;

    fn filled(samples: &[f32], piece: usize) -> (Vec<f32>, Bridge) {
        // Gaps of up to three samples are short.
        let (mut bridge, mut filled) = (Bridge::new(20.0), Vec::new());
        samples.chunks(piece).for_each(|piece| bridge.push(piece, &mut filled));
        bridge.finish(&mut filled);
        (filled, bridge)
    }

    #[test]
    fn a_short_gap_becomes_a_line_and_a_long_one_leaves_no_jump() {
        let samples = [N, 5.0, 6.0, N, 8.0, N, N, N, N, 3.0, 4.0, f32::INFINITY];
        for piece in 1..=samples.len() {
            let (values, bridge) = filled(&samples, piece);
            assert_eq!(values, [0.0, 0.0, 1.0, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 4.0, 4.0]);
            let missing: Vec<u64> = (0..12).filter(|&frame| bridge.is_missing(frame)).collect();
            assert_eq!(missing, [0, 5, 6, 7, 8, 11]);
        }
    }

    #[test]
    fn a_recording_of_nothing_is_one_gap() {
        let (values, mut bridge) = filled(&[N; 50], 7);
        assert_eq!(values, [0.0; 50]);
        assert_eq!(
            bridge.gaps.iter().map(|gap| (gap.start, gap.end)).collect::<Vec<_>>(),
            [(0, 50)]
        );
        bridge.forget(50);
        assert!(bridge.gaps.is_empty());
    }
}
