//! The last seconds of the lead that is cut.

/// Filtered samples, mV, of which the oldest are forgotten.
#[derive(Clone, Debug, Default)]
pub(super) struct Trace {
    /// The first belongs to the frame `start`.
    samples: Vec<f32>,
    start: u64,
}

impl Trace {
    /// Adds the next samples.
    pub(super) fn push(&mut self, samples: &[f32]) {
        self.samples.extend(samples);
    }

    /// Forgets all but the last samples, once twice as many are there: forgetting moves them all.
    pub(super) fn keep(&mut self, count: usize) {
        if self.samples.len() > 2 * count {
            let old = self.samples.len() - count;
            self.samples.drain(..old);
            self.start += old as u64;
        }
    }

    /// The frame behind the last sample.
    pub(super) fn end(&self) -> u64 {
        self.start + self.samples.len() as u64
    }

    /// The first frame that is kept, and the samples from there on.
    #[cfg(test)]
    pub(super) fn kept(&self) -> (u64, &[f32]) {
        (self.start, &self.samples)
    }

    /// The samples of the frames `from` to before `to`. Outside lies the value of the edge, as the
    /// filter takes it; 0 where there is no sample at all.
    pub(super) fn around(&self, from: i64, to: i64) -> Vec<f32> {
        let last = self.samples.len().saturating_sub(1) as i64;
        let sample = |frame: i64| {
            let place = (frame - self.start as i64).clamp(0, last);
            self.samples.get(place as usize).copied().unwrap_or(0.0)
        };
        (from..to).map(sample).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_outside_have_the_value_of_the_edge_and_forgetting_moves_none() {
        let mut trace = Trace::default();
        assert_eq!(trace.around(-1, 1), [0.0, 0.0]);
        trace.push(&[1.0, 2.0, 3.0]);
        assert_eq!(trace.around(-1, 5), [1.0, 1.0, 2.0, 3.0, 3.0, 3.0]);
        trace.keep(2);
        assert_eq!(trace.kept(), (0, &[1.0, 2.0, 3.0][..]));
        trace.keep(1);
        assert_eq!(trace.around(1, 5), [3.0, 3.0, 3.0, 3.0]);
        assert_eq!((trace.kept(), trace.end()), ((2, &[3.0][..]), 3));
    }
}
