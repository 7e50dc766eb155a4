//! How beats stand in time.

use std::collections::VecDeque;

/// Intervals that make the local median: seven before a beat and the one after it. An even number,
/// so that where every second beat is premature the median lies between short and long.
const LOCAL: usize = 8;
/// Intervals older than this, s, are another rhythm's.
const OLDEST: f64 = 60.0;
/// Beats further apart, s: more likely the electrode than the heart stood still.
pub(super) const LONGEST: f64 = 5.0;
/// In silence a beat may be hidden if the interval is so many usual ones long; a compensatory pause
/// reaches 1.5.
const HIDING: f64 = 1.6;
/// The usual interval while none is known, s.
const USUAL: f64 = 1.0;

/// How a beat stands among its neighbours in time: natural logarithms, 0 where all is regular.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rhythm {
    /// Of the RR interval before the beat by the median of those around it: negative for a premature
    /// beat.
    pub before: f32,
    /// Of the RR interval after it by the same median: positive for a compensatory pause.
    pub after: f32,
    /// Of the RR interval before it by the one before that.
    pub change: f32,
    /// The median size of such changes around it, from 0: one premature beat does not move it,
    /// fibrillation lifts it above 0.1.
    pub irregularity: f32,
}

/// The last RR intervals.
#[derive(Clone, Debug)]
pub(super) struct Intervals {
    frequency: f64,
    last: VecDeque<Interval>,
}

#[derive(Clone, Copy, Debug)]
struct Interval {
    /// The frame at which it ends.
    end: u64,
    /// Its length; `None` where a beat may be hidden.
    frames: Option<f64>,
}

impl Intervals {
    pub(super) fn new(frequency: f64) -> Self {
        Self { frequency, last: VecDeque::new() }
    }

    /// Adds the interval between two beats; `silent` if nothing was heard for a part of it. Returns
    /// it in s, unless a beat may be hidden.
    pub(super) fn push(&mut self, from: u64, to: u64, silent: bool) -> Option<f64> {
        let frames = to.saturating_sub(from) as f64;
        let usual = self.median(to).unwrap_or(USUAL * self.frequency);
        let known = frames > 0.0
            && frames <= LONGEST * self.frequency
            && !(silent && frames > HIDING * usual);
        self.add(to, known.then_some(frames));
        known.then_some(frames / self.frequency)
    }

    /// Notes that no beat came for longer than an interval lasts.
    pub(super) fn interrupt(&mut self, frame: u64) {
        self.add(frame, None);
    }

    fn add(&mut self, end: u64, frames: Option<f64>) {
        self.last.push_back(Interval { end, frames });
        if self.last.len() > LOCAL {
            self.last.pop_front();
        }
    }

    /// The rhythm of the beat before the last interval, if that one and the two before are known.
    pub(super) fn rhythm(&self) -> Option<Rhythm> {
        let mut back = self.last.iter().rev();
        let newest = back.next()?;
        let (before, earlier) = (back.next()?.frames?, back.next()?.frames?);
        let (after, median) = (newest.frames?, self.median(newest.end)?);
        let pairs = self.last.iter().zip(self.last.iter().skip(1));
        let pairs = pairs.filter_map(|(one, next)| one.frames.zip(next.frames));
        Some(Rhythm {
            before: (before / median).ln() as f32,
            after: (after / median).ln() as f32,
            change: (before / earlier).ln() as f32,
            irregularity: middle(pairs.map(|(one, next)| (next / one).ln().abs()).collect())?
                as f32,
        })
    }

    /// The median of the intervals of the last minute before a frame, in frames.
    fn median(&self, frame: u64) -> Option<f64> {
        let oldest = frame.saturating_sub((OLDEST * self.frequency) as u64);
        let young = self.last.iter().filter(|interval| interval.end >= oldest);
        middle(young.filter_map(|interval| interval.frames).collect())
    }
}

/// The median; of an even number of values the mean of the two in the middle.
fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2)?;
    Some((upper + values[(values.len() - 1) / 2]) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rhythm of the beat before the last of these intervals, in hundredths of a second.
    fn rhythm(intervals: &[u64]) -> Option<Rhythm> {
        let (mut all, mut frame) = (Intervals::new(100.0), 0);
        for interval in intervals {
            all.push(frame, frame + interval, false);
            frame += interval;
        }
        all.rhythm()
    }

    #[test]
    fn constant_intervals_are_zeros_from_the_third_on() {
        assert_eq!(rhythm(&[80, 80]), None);
        for count in 3..20 {
            assert_eq!(rhythm(&vec![80; count]), Some(Rhythm::default()));
        }
    }

    #[test]
    fn a_premature_beat_stands_out_and_moves_no_median() {
        let found = rhythm(&[80, 80, 80, 80, 80, 80, 48, 112]).expect("known");
        let expected = [(0.6f32).ln(), (1.4f32).ln(), (0.6f32).ln(), 0.0];
        let found = [found.before, found.after, found.change, found.irregularity];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
        }
        let next = rhythm(&[80, 80, 80, 80, 80, 48, 112, 80]).expect("known");
        assert!(next.before > 0.3 && next.after == 0.0 && next.change > 0.8);
    }

    #[test]
    fn every_second_beat_premature_keeps_its_signs() {
        let premature = rhythm(&[110, 50, 110, 50, 110, 50, 110, 50, 110]).expect("known");
        let normal = rhythm(&[50, 110, 50, 110, 50, 110, 50, 110, 50]).expect("known");
        assert!(premature.before < -0.3 && premature.after > 0.3, "{premature:?}");
        assert!(normal.before > 0.3 && normal.after < -0.3, "{normal:?}");
    }

    #[test]
    fn silence_breaks_an_interval_only_if_a_beat_had_time_to_hide() {
        let mut intervals = Intervals::new(100.0);
        (0..4)
            .for_each(|index| assert!(intervals.push(index * 80, index * 80 + 80, true).is_some()));
        assert_eq!(intervals.push(320, 480, false), Some(1.6));
        assert_eq!(intervals.push(480, 640, true), None);
        assert_eq!(intervals.push(640, 1141, false), None);
        assert_eq!(intervals.rhythm(), None);
        assert_eq!(intervals.push(1141, 1221, false), Some(0.8));
        assert_eq!(intervals.rhythm(), None);
    }
}
