//! How high the beats of a lead stand, and over what noise.

use std::collections::VecDeque;

use super::recent::share_of;

/// Blocks that are looked at, before and after the one in question.
const REMEMBERED: usize = 20;
/// Blocks that hold a beat of a heart that is not very slow: 2 s of half a second each.
const WITH_A_BEAT: usize = 4;
/// A lower beat than this, mV in the band of QRS complexes, is the rounding of a converter.
pub(super) const FAINTEST: f32 = 0.01;
/// Pure noise, white or in a band, stands less than so many times over its own floor in all but one
/// of a thousand blocks.
const NOISE: f32 = 3.8;
/// Envelope values of a block that are looked at for its floor: they change slowly.
const LOOKED_AT: usize = 48;

/// Heights of a lead's envelope over the last blocks of half a second.
#[derive(Clone, Debug, Default)]
pub(super) struct Level {
    tops: VecDeque<f32>,
    floors: VecDeque<f32>,
}

impl Level {
    /// Adds the envelope of a block.
    pub(super) fn push(&mut self, envelope: &[f32]) {
        if self.tops.len() == REMEMBERED {
            self.tops.pop_front();
            self.floors.pop_front();
        }
        self.tops.push_back(envelope.iter().copied().fold(0.0, f32::max));
        let step = envelope.len().div_ceil(LOOKED_AT).max(1);
        let looked_at: Vec<f32> = envelope.iter().step_by(step).copied().collect();
        // Between beats, even where they fill half of the time.
        self.floors.push_back(share_of(looked_at, 0.2));
    }

    /// The height of a usual beat, mV: what a spike or some higher beats do not move.
    pub(super) fn height(&self) -> f32 {
        let width = WITH_A_BEAT.min(self.tops.len()).max(1);
        let tops = self.tops.iter().copied().collect::<Vec<_>>();
        let highest = |window: &[f32]| window.iter().copied().fold(0.0, f32::max);
        share_of(tops.windows(width).map(highest).collect(), 0.4)
    }

    /// The envelope between beats, mV.
    pub(super) fn floor(&self) -> f32 {
        share_of(self.floors.iter().copied().collect(), 0.5)
    }

    /// How much the lead can be trusted, from about 0 to 1.
    pub(super) fn quality(&self) -> f32 {
        let height = self.height();
        if height < FAINTEST { LEAST_QUALITY } else { quality(height, self.floor()) }
    }
}

/// No lead is given up wholly: all of them may be bad.
pub(super) const LEAST_QUALITY: f32 = 1e-4;

/// The quality of beats of this height over this floor: from about 0 for noise to 1 for those that
/// stand twelve times over it.
pub(super) fn quality(height: f32, floor: f32) -> f32 {
    ((height / floor.max(1e-6) - NOISE) / 8.0).clamp(LEAST_QUALITY, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spike_moves_neither_height_nor_floor() {
        let mut level = Level::default();
        for block in 0..REMEMBERED {
            let mut envelope = vec![0.1; 100];
            // A beat every second, and once a thousand times as much.
            envelope[50] = if block == 9 { 1e3 } else { (block % 2) as f32 };
            level.push(&envelope);
        }
        assert_eq!((level.height(), level.floor()), (1.0, 0.1));
    }

    #[test]
    fn a_flat_lead_is_hardly_trusted() {
        let mut level = Level::default();
        level.push(&[0.0; 10]);
        assert_eq!(level.quality(), LEAST_QUALITY);
        level.push(&[]);
        assert_eq!(level.floor(), 0.0);
    }
}
