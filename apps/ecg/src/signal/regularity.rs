//! Whether summits are so alike that they are beats, though nothing else tells them from noise.
//!
//! Between the wide complexes of a fast ventricle the envelope hardly falls, so that they do not
//! stand out of a floor. But noise never keeps time.

use super::recent::Recent;

/// Beats are at least so far apart, s: 240 a minute. Tremor is faster.
const LEAST_INTERVAL: f64 = 0.25;
/// Intervals differ by at most this share of the longest …
const INTERVAL_SPREAD: f32 = 0.2;
/// … and heights by this factor.
const HEIGHT_SPREAD: f32 = 1.6;

/// The last summits of an envelope.
#[derive(Clone, Debug)]
pub(super) struct Regularity {
    /// Frames of the least interval.
    least: f32,
    newest: Option<u64>,
    intervals: Recent,
    heights: Recent,
}

impl Regularity {
    pub(super) fn new(frequency: f64) -> Self {
        Self {
            least: (LEAST_INTERVAL * frequency) as f32,
            newest: None,
            intervals: Recent::default(),
            heights: Recent::default(),
        }
    }

    /// Adds the next summit.
    pub(super) fn push(&mut self, frame: u64, height: f32) {
        if let Some(newest) = self.newest.replace(frame) {
            self.intervals.push((frame - newest) as f32);
        }
        self.heights.push(height);
    }

    /// Whether the last summits are beats of a regular heart.
    pub(super) fn is_certain(&self) -> bool {
        let ((shortest, longest), (lowest, highest)) = (self.intervals.ends(), self.heights.ends());
        self.intervals.is_full()
            && shortest >= self.least
            && longest - shortest <= INTERVAL_SPREAD * longest
            && highest <= HEIGHT_SPREAD * lowest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_certain(summits: impl Iterator<Item = (u64, f32)>) -> bool {
        let mut regularity = Regularity::new(100.0);
        summits.for_each(|(frame, height)| regularity.push(frame, height));
        regularity.is_certain()
    }

    #[test]
    fn nine_summits_in_time_and_of_one_height_are_certain_and_no_others() {
        let in_time = |count: u64| (0..count).map(|index| (7 + index * 30 + index % 2, 1.0));
        assert!(is_certain(in_time(9)));
        assert!(!is_certain(in_time(8)));
        assert!(!is_certain(in_time(9).map(|(frame, _)| (frame, 1.0 + (frame % 2) as f32))));
        assert!(!is_certain(in_time(9).map(|(frame, height)| (frame + 20 * (frame % 2), height))));
        assert!(!is_certain(in_time(9).map(|(frame, height)| (frame * 2 / 3, height))));
    }
}
