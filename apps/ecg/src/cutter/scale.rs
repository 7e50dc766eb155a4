//! The unit of a recording, so that all patients' beats are about equally high.

/// The beats of so many seconds tell the scale.
const HEARD: f64 = 60.0;
/// They are at least so many; if they are not, it is waited for them …
const LEAST_BEATS: usize = 8;
/// … up to so many seconds, since the beats that wait take memory.
const LONGEST: f64 = 600.0;
/// A beat of which a larger share is missing tells nothing.
const MISSING: f32 = 0.1;
/// The least scale, mV, a tenth of a usual one: silence must not become loud.
const LEAST: f64 = 0.02;
/// The scale of a recording without any beat that tells, mV: a usual one.
const USUAL: f64 = 0.2;

/// The median of the root mean squares of the first beats.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    frequency: f64,
    heights: Vec<f64>,
    known: Option<f64>,
}

impl Scale {
    pub(super) fn new(frequency: f64) -> Self {
        Self { frequency, heights: Vec::new(), known: None }
    }

    /// mV a unit, once known.
    pub(super) fn known(&self) -> Option<f64> {
        self.known
    }

    /// Takes the next beat: its R peak's frame, its values in mV, and the share that is missing.
    pub(super) fn push(&mut self, frame: u64, values: &[f32], missing: f32) {
        self.reach(frame);
        if self.known.is_none() && missing <= MISSING {
            let squares: f64 = values.iter().map(|value| f64::from(*value).powi(2)).sum();
            self.heights.push((squares / values.len() as f64).sqrt());
        }
    }

    /// All beats before a frame were pushed.
    pub(super) fn reach(&mut self, frame: u64) {
        let seconds = frame as f64 / self.frequency;
        let enough = self.heights.len() >= LEAST_BEATS;
        // Nothing was pushed since the last beat, so that it does not matter when this is asked.
        if seconds >= LONGEST || seconds >= HEARD && enough {
            self.finish();
        }
    }

    /// No more beats come, or no more are waited for.
    pub(super) fn finish(&mut self) {
        if self.known.is_none() {
            self.heights.sort_by(f64::total_cmp);
            let middle = self.heights.get(self.heights.len() / 2);
            self.known = Some(middle.map_or(USUAL, |middle| middle.max(LEAST)));
            self.heights = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_minute_tells_the_scale_and_one_giant_beat_does_not() {
        let mut scale = Scale::new(100.0);
        for index in 0..60 {
            assert_eq!(scale.known(), None);
            scale.push(index * 100, &[if index == 7 { 50.0 } else { 0.5 }; 4], 0.0);
        }
        scale.push(6000, &[9.0; 4], 0.0);
        assert_eq!(scale.known(), Some(0.5));
    }

    #[test]
    fn a_minute_of_gaps_is_waited_out_for_ten_at_most() {
        let mut scale = Scale::new(100.0);
        scale.push(50, &[0.1; 4], 0.5);
        scale.reach(59_999);
        assert_eq!(scale.known(), None);
        let mut heard = scale.clone();
        (0..9).for_each(|index| heard.push(7000 + index, &[0.3; 4], 0.0));
        assert!((heard.known().expect("known after eight") - 0.3).abs() < 1e-6);
        scale.reach(60_000);
        assert_eq!(scale.known(), Some(USUAL));
    }

    #[test]
    fn silence_stays_silent() {
        let mut scale = Scale::new(100.0);
        scale.push(0, &[0.0; 4], 0.0);
        scale.finish();
        assert_eq!(scale.known(), Some(LEAST));
    }
}
