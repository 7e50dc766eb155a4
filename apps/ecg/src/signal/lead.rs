//! One lead: its samples without gaps, and the envelope of its QRS complexes.

use std::collections::VecDeque;

use super::bridge::Bridge;
use super::fir::Fir;
use super::level::Level;
use super::moving::MovingMean;

/// The band, Hz, in which narrow and wide QRS complexes stand about equally high and waves of 200
/// ms low. Elgendi et al. 2010 found 8 to 20 Hz best on MIT-BIH; a little lower finds more of the
/// complexes of 180 ms in noise.
const BAND: (f64, f64) = (7.0, 18.0);
/// To either side, s: longer rings into the neighbours, shorter lets T waves through.
const REACH: f64 = 0.14;
/// Two means of this length, s, over the squares: together about as long as a QRS complex.
const SMOOTHING: f64 = 0.06;

/// A lead in progress. Frames count from the first sample.
#[derive(Clone, Debug)]
pub(super) struct Lead {
    bridge: Bridge,
    /// Samples without gaps. The first is that of the frame `start`.
    signal: Vec<f32>,
    start: i64,
    band: Fir,
    means: [MovingMean; 2],
    /// The first frame that the band has not passed yet.
    next: i64,
    passed: Vec<f32>,
    /// Means that lie before the first frame.
    early: usize,
    /// The envelope from the block on that is taken next.
    envelope: Vec<f32>,
    blocks: VecDeque<Vec<f32>>,
    /// Frames in the blocks so far.
    prepared: u64,
    /// Heights of the blocks so far.
    pub(super) level: Level,
}

impl Lead {
    pub(super) fn new(frequency: f64) -> Self {
        let band = Fir::band_pass(frequency, BAND.0, BAND.1, REACH);
        let means = [(); 2].map(|()| MovingMean::new((SMOOTHING * frequency) as usize));
        let early = means.iter().map(MovingMean::reach).sum();
        Self {
            bridge: Bridge::new(frequency),
            // Before the first sample lies its own value, which the bridge makes 0.
            signal: vec![0.0; band.reach()],
            start: -(band.reach() as i64),
            band,
            means,
            next: 0,
            passed: Vec::new(),
            early,
            envelope: Vec::new(),
            blocks: VecDeque::new(),
            prepared: 0,
            level: Level::default(),
        }
    }

    /// Takes samples in mV, NaN where missing.
    pub(super) fn push(&mut self, samples: &[f32]) {
        self.bridge.push(samples, &mut self.signal);
        self.filter();
    }

    /// Goes on for so many frames with those before the last one in falling order: holding the last
    /// value would break the waves of mains or muscles off, which looks like a beat.
    pub(super) fn finish(&mut self, frames: usize) {
        self.bridge.finish(&mut self.signal);
        let first = self.signal.first().copied().unwrap_or(0.0);
        let before = self.signal.iter().rev().skip(1).take(frames);
        let mirrored: Vec<f32> = before.copied().collect();
        self.signal.extend(&mirrored);
        self.signal.resize(self.signal.len() + frames - mirrored.len(), first);
        self.filter();
    }

    fn filter(&mut self) {
        let from = self.next - self.start - self.band.reach() as i64;
        self.passed.clear();
        self.band.apply(&self.signal[from as usize..], &mut self.passed);
        self.next += self.passed.len() as i64;
        let [first, second] = &mut self.means;
        for &value in &self.passed {
            let mean = second.push(first.push(value * value));
            if self.early > 0 {
                self.early -= 1;
            } else {
                // A sum from which all was taken away may end under 0.
                self.envelope.push(mean.max(0.0).sqrt());
            }
        }
    }

    /// Sets blocks of `length` frames aside until `most` of them wait, as far as they are
    /// known; returns how many wait.
    pub(super) fn prepare(&mut self, length: usize, most: usize) -> usize {
        while self.blocks.len() < most && self.envelope.len() >= length {
            let rest = self.envelope.split_off(length);
            let block = std::mem::replace(&mut self.envelope, rest);
            // What is not there says nothing about the beats before and after.
            if !self.is_missing(self.prepared + length as u64 / 2) {
                self.level.push(&block);
            }
            self.prepared += length as u64;
            self.blocks.push_back(block);
        }
        self.blocks.len()
    }

    /// The envelope of the next block, mV; nothing if none waits.
    pub(super) fn take(&mut self) -> Vec<f32> {
        self.blocks.pop_front().unwrap_or_default()
    }

    /// The samples of these frames; those before the first known one are 0, those after the last
    /// one as the last.
    pub(super) fn samples(&self, from: i64, to: i64) -> Vec<f32> {
        let last = self.signal.len() as i64 - 1;
        let at = |frame: i64| match frame - self.start {
            index if index < 0 => 0.0,
            index => self.signal.get(index.min(last) as usize).copied().unwrap_or(0.0),
        };
        (from..to).map(at).collect()
    }

    /// Whether a frame lies in a long gap.
    pub(super) fn is_missing(&self, frame: u64) -> bool {
        self.bridge.is_missing(frame)
    }

    /// Forgets the samples before a frame, once there are as many more.
    pub(super) fn forget(&mut self, before: u64) {
        self.bridge.forget(before);
        let old = (before as i64).min(self.next - self.band.reach() as i64) - self.start;
        let old = usize::try_from(old).unwrap_or(0);
        // Moving the rest at every block would cost more than keeping twice as much.
        if old * 2 > self.signal.len() {
            self.signal.drain(..old);
            self.start += old as i64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_is_highest_where_the_deflection_is() {
        let mut lead = Lead::new(360.0);
        let bump = |frame: i32| (-((frame - 500) as f32 / 4.0).powi(2) / 2.0).exp();
        let samples: Vec<f32> = (0..1000).map(bump).collect();
        samples.chunks(13).for_each(|piece| lead.push(piece));
        lead.finish(100);
        assert_eq!(lead.prepare(900, 1), 1);
        let envelope = lead.take();
        let top = (0..900).max_by(|&a, &b| envelope[a].total_cmp(&envelope[b]));
        assert!(top.is_some_and(|top| top.abs_diff(500) <= 1), "{top:?}");
        assert_eq!(lead.samples(499, 502)[1], 1.0);
        assert_eq!(lead.samples(-1000, -999), [0.0]);
    }
}
