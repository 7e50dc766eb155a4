//! Which summits of the envelope are beats.
//!
//! After Pan & Tompkins 1985 — two thresholds, search-back, T waves by their slope — with medians
//! of the last beats in the place of running averages, which a single artefact moves.

use std::collections::VecDeque;

use super::level::FAINTEST;
use super::placement::Complex;
use super::recent::Recent;
use super::regularity::Regularity;

/// Where the threshold lies between noise, 0, and beats, 1, and how high noise is at most as a share
/// of a beat: T waves count among it, and must not lift the threshold over lower beats.
const THRESHOLD: (f32, f32) = (0.32, 0.4);
/// The same where a beat is overdue and T waves are out of the question: under narrow R peaks a
/// ventricular beat stands at a third.
const SEARCHED: (f32, f32) = (0.16, 0.2);
/// A beat is overdue after so many usual intervals (Pan & Tompkins) …
const OVERDUE: f64 = 1.66;
/// … or so many seconds more than one: a slow heart must not make peaks wait longer.
const OVERDUE_MOST: f64 = 1.0;
/// The same while no interval is known, s.
const OVERDUE_AT_FIRST: f64 = 2.0;
/// From then on the expected height moves to that of the whole signal, by half in so many seconds.
const RELAXATION: f64 = 1.0;
/// A beat under this share of the usual height tells of a change.
const LOW: f32 = 0.4;
/// Of overdue summits the first is taken that is so high beside the highest.
const EQUAL: f32 = 0.75;
/// So many beats make a usual height.
const KNOWN: usize = 4;
/// T waves end so long after their R peak, s (Pan & Tompkins); where beats are more than a second
/// apart or nobody knows, later, with the root of their interval (Bazett 1920).
const T_WAVE: (f64, f64) = (0.36, 0.5);
/// Their slope is less than this share of the R peak's (Pan & Tompkins) …
const T_SLOPE: f32 = 0.5;
/// … and they stand lower than this share of a usual beat. A wide ectopic beat is flat but high, at
/// 0.6 in the median where it falls on a T wave; T waves stand under 0.4 but for one in a hundred.
const T_HEIGHT: f32 = 0.5;
/// So many usual beats high is an artefact; ectopic beats are two to three times as high.
const ARTEFACT: f32 = 6.0;
/// Summits of pure noise stand up to so many times over its floor.
const NOISE_SUMMIT: f32 = 3.0;
/// The same where they are so regular that they must be beats.
const REGULAR_SUMMIT: f32 = 1.3;
/// Summits that no beat followed are kept so long, s.
const KEPT: f64 = 5.0;

/// A summit of the envelope.
#[derive(Clone, Debug)]
pub(super) struct Summit {
    /// Where it is.
    pub(super) frame: u64,
    /// How high, mV.
    pub(super) height: f32,
    /// The height of a usual beat around it, mV.
    pub(super) level: f32,
    /// The envelope between beats around it, mV.
    pub(super) floor: f32,
    /// How far beats stand out of the noise there, 0 to 1.
    pub(super) quality: f32,
    /// Whether that is enough.
    pub(super) usable: bool,
    /// The lead that it was looked at in.
    pub(super) lead: usize,
    /// What it looks like there.
    pub(super) complex: Complex,
}

/// The beats so far and the summits since the last one.
#[derive(Clone, Debug)]
pub(super) struct Rhythm {
    frequency: f64,
    heights: Recent,
    intervals: Recent,
    noise: Recent,
    regularity: Regularity,
    last: Option<Summit>,
    waiting: VecDeque<Summit>,
}

impl Rhythm {
    pub(super) fn new(frequency: f64) -> Self {
        Self {
            frequency,
            heights: Recent::default(),
            intervals: Recent::default(),
            noise: Recent::default(),
            regularity: Regularity::new(frequency),
            last: None,
            waiting: VecDeque::new(),
        }
    }

    /// Adds the next summit.
    pub(super) fn push(&mut self, summit: Summit) {
        self.regularity.push(summit.frame, summit.height);
        self.waiting.push_back(summit);
    }

    /// Appends the beats that are certain once all summits before the frame `horizon` are known.
    pub(super) fn decide(&mut self, horizon: u64, beats: &mut Vec<Summit>) {
        while let Some(place) = self.next_beat(horizon) {
            self.pass_over(place);
            beats.extend(self.waiting.pop_front().inspect(|beat| {
                if let Some(last) = &self.last {
                    self.intervals.push((beat.frame - last.frame) as f32);
                }
                // Beats that had to be searched for are the new usual sooner.
                let low = self.usual_height().is_some_and(|usual| beat.height < LOW * usual);
                (0..if low { 2 } else { 1 }).for_each(|_| self.heights.push(beat.height));
                self.last = Some(beat.clone());
            }));
        }
        let old = horizon.saturating_sub((KEPT * self.frequency) as u64);
        let forgotten = self.waiting.partition_point(|summit| summit.frame < old);
        self.pass_over(forgotten);
    }

    /// Takes the first summits for noise.
    fn pass_over(&mut self, count: usize) {
        for summit in self.waiting.drain(..count) {
            self.noise.push(summit.height);
        }
    }

    /// The place of the next beat among those that wait.
    fn next_beat(&self, horizon: u64) -> Option<usize> {
        let since = self.last.as_ref().map_or(0, |last| last.frame);
        let after = |frame: u64| frame.saturating_sub(since) as f64 / self.frequency;
        let t_wave = self.t_wave();
        let overdue = (after(horizon) - self.overdue()).max(0.0);
        let share = 0.5f64.powf(overdue / RELAXATION) as f32;
        let clear = self.waiting.iter().position(|summit| {
            let is_t_wave = after(summit.frame) < t_wave && self.is_flat(summit);
            !is_t_wave && summit.height > self.threshold(summit, THRESHOLD, share)
        });
        // Before a late beat there may be a low one.
        let end = clear.map_or(horizon, |place| self.waiting[place].frame);
        if self.last.is_none() || after(end) <= self.overdue() {
            return clear;
        }
        let before = self.waiting.iter().take(clear.unwrap_or(self.waiting.len())).enumerate();
        let low = before.filter(|(_, summit)| {
            after(summit.frame) >= t_wave && summit.height > self.threshold(summit, SEARCHED, share)
        });
        let low: Vec<(usize, &Summit)> = low.collect();
        let highest = low.iter().map(|(_, summit)| summit.height).fold(0.0, f32::max);
        // Where several beats are overdue, the first of them comes first.
        let first = low.iter().find(|(_, summit)| summit.height >= EQUAL * highest);
        first.map(|(place, _)| *place).or(clear)
    }

    /// How high a summit must be, mV; `share` of the expected height is that of the beats before.
    fn threshold(&self, summit: &Summit, (place, most): (f32, f32), share: f32) -> f32 {
        let regular = self.is_regular();
        if !summit.usable && !regular {
            return f32::INFINITY;
        }
        let usual = self.usual_height().unwrap_or(summit.level);
        if summit.height > ARTEFACT * usual.max(summit.level) {
            return f32::INFINITY;
        }
        let expected = summit.level.min(usual) + (usual - summit.level).max(0.0) * share;
        let noise = self.noise.quantile(0.5).max(2.0 * summit.floor);
        let least = if regular { REGULAR_SUMMIT } else { NOISE_SUMMIT };
        let noise = noise.min(most * expected);
        (noise + place * (expected - noise)).max(least * summit.floor).max(FAINTEST)
    }

    /// Whether summits are so regular that they must be beats.
    pub(super) fn is_regular(&self) -> bool {
        self.regularity.is_certain()
    }

    /// Whether a summit looks like the T wave of the last beat.
    fn is_flat(&self, summit: &Summit) -> bool {
        let usual = self.usual_height().unwrap_or(summit.level);
        self.last.as_ref().is_some_and(|last| {
            last.lead == summit.lead
                && summit.complex.slope < T_SLOPE * last.complex.slope
                && summit.height < T_HEIGHT * usual
        })
    }

    /// The lower median of the last beats: of two kinds of beats the lower one counts.
    fn usual_height(&self) -> Option<f32> {
        (self.heights.len() >= KNOWN).then(|| self.heights.quantile(0.4))
    }

    /// The median of the last intervals, s; `None` before the second.
    fn usual_interval(&self) -> Option<f64> {
        let known = self.intervals.len() >= 2;
        known.then(|| f64::from(self.intervals.quantile(0.5)) / self.frequency)
    }

    /// When T waves end, s after the last beat.
    fn t_wave(&self) -> f64 {
        let (least, most) = T_WAVE;
        self.usual_interval().map_or(most, |usual| (least * usual.sqrt()).clamp(least, most))
    }

    /// From when on the next beat is late, s after the last one.
    fn overdue(&self) -> f64 {
        let late = |usual: f64| (usual * OVERDUE).min(usual + OVERDUE_MOST);
        self.usual_interval().map_or(OVERDUE_AT_FIRST, late)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The frames, 100 a second, of the beats among summits with these frames and heights.
    fn beats(summits: &[(u64, f32)], horizon: u64) -> Vec<u64> {
        let mut rhythm = Rhythm::new(100.0);
        let mut found = Vec::new();
        let mut decide = |rhythm: &mut Rhythm, horizon| {
            let mut beats = Vec::new();
            rhythm.decide(horizon, &mut beats);
            found.extend(beats.iter().map(|beat| beat.frame));
        };
        for &(frame, height) in summits {
            decide(&mut rhythm, frame);
            rhythm.push(Summit {
                frame,
                height,
                level: 1.0,
                floor: 0.01,
                quality: 1.0,
                usable: true,
                lead: 0,
                complex: Complex { sides: [(0, height), (0, 0.0)], slope: height },
            });
        }
        decide(&mut rhythm, horizon);
        found
    }

    #[test]
    fn a_low_summit_is_a_beat_only_once_one_is_overdue() {
        let mut summits: Vec<(u64, f32)> = (1..6).map(|index| (index * 100, 1.0)).collect();
        summits.push((600, 0.25));
        assert_eq!(beats(&summits, 660), [100, 200, 300, 400, 500]);
        assert_eq!(beats(&summits, 670), [100, 200, 300, 400, 500, 600]);
        // The next beat shows it sooner, and in order of time.
        summits.push((700, 1.0));
        assert_eq!(beats(&summits, 701), [100, 200, 300, 400, 500, 600, 700]);
    }

    #[test]
    fn a_flat_summit_soon_after_a_beat_is_its_t_wave_and_a_high_one_a_beat() {
        let beat = |index: u64, height| [(index * 100, 1.0), (index * 100 + 30, height)];
        let t_waves: Vec<(u64, f32)> = (1..6).flat_map(|index| beat(index, 0.45)).collect();
        assert_eq!(beats(&t_waves, 550), [100, 200, 300, 400, 500]);
        let ectopic: Vec<(u64, f32)> = (1..6).flat_map(|index| beat(index, 0.55)).collect();
        assert_eq!(beats(&ectopic, 550).len(), 10);
    }

    #[test]
    fn an_artefact_is_no_beat_and_hides_none() {
        let mut summits: Vec<(u64, f32)> = (1..9).map(|index| (index * 100, 1.0)).collect();
        summits.insert(5, (550, 50.0));
        assert_eq!(beats(&summits, 810), [100, 200, 300, 400, 500, 600, 700, 800]);
    }
}
