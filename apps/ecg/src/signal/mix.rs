//! One envelope out of those of all leads.

use super::lead::Lead;
use super::level::{FAINTEST, LEAST_QUALITY, quality};

/// Another lead is looked at once its quality is so many times that of the one so far.
const CLEARLY_BETTER: f32 = 2.0;

/// The envelope of a block over all leads, and how high it stands.
#[derive(Clone, Debug)]
pub(super) struct Mix {
    /// mV, one value a frame.
    pub(super) envelope: Vec<f32>,
    /// The height of a usual beat, mV.
    pub(super) level: f32,
    /// What lies between beats, mV.
    pub(super) floor: f32,
    /// The lead in which to look for the R peak.
    pub(super) lead: usize,
}

impl Mix {
    /// Takes the next block of all leads, whose middle is the frame `middle`; `lead`: the lead in
    /// which peaks were looked for so far.
    ///
    /// Each lead counts in heights of its own beats, by its quality, so that neither a large nor a
    /// noisy one drowns the others. One lead alone is left as it is.
    pub(super) fn next(leads: &mut [Lead], middle: u64, lead: usize) -> Self {
        let known: Vec<Known> = leads.iter().map(|lead| Known::of(lead, middle)).collect();
        let all: f32 = known.iter().map(|lead| lead.quality).sum();
        let level = known.iter().map(|lead| lead.quality * lead.height).sum::<f32>() / all;
        let weight = |lead: &Known| lead.quality * (level / lead.height).powi(2) / all;
        let floor = known.iter().map(|lead| weight(lead) * lead.floor.powi(2)).sum::<f32>().sqrt();
        let mut envelope = Vec::new();
        for (lead, known) in leads.iter_mut().zip(&known) {
            let (weight, own) = (weight(known), lead.take());
            envelope.resize(own.len(), 0.0f32);
            for (sum, value) in envelope.iter_mut().zip(own) {
                *sum += weight * value * value;
            }
        }
        envelope.iter_mut().for_each(|sum| *sum = sum.sqrt());
        Self { envelope, level, floor, lead: choose(&known, lead) }
    }

    /// Whether beats stand out of the noise.
    pub(super) fn is_usable(&self) -> bool {
        self.quality() > LEAST_QUALITY
    }

    /// How far beats stand out of the noise, from about 0 to 1.
    pub(super) fn quality(&self) -> f32 {
        if self.level <= FAINTEST { 0.0 } else { quality(self.level, self.floor) }
    }
}

/// What is known of a lead at a block.
#[derive(Clone, Copy, Debug)]
struct Known {
    quality: f32,
    height: f32,
    floor: f32,
}

impl Known {
    fn of(lead: &Lead, middle: u64) -> Self {
        let there = if lead.is_missing(middle) { LEAST_QUALITY } else { 1.0 };
        Self {
            quality: lead.level.quality() * there,
            height: lead.level.height().max(FAINTEST),
            floor: lead.level.floor(),
        }
    }
}

/// The first lead that none is clearly better than, or the one so far if that may stay: intervals
/// between beats should be measured in one lead.
fn choose(known: &[Known], so_far: usize) -> usize {
    let best = known.iter().map(|lead| lead.quality).fold(0.0, f32::max);
    let may = |lead: &usize| known[*lead].quality * CLEARLY_BETTER >= best;
    Some(so_far).filter(may).or_else(|| (0..known.len()).find(may)).unwrap_or(so_far)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lead_changes_only_for_a_clearly_better_one() {
        let known = |qualities: [f32; 3]| {
            qualities.map(|quality| Known { quality, height: 1.0, floor: 0.1 })
        };
        assert_eq!(choose(&known([0.6, 1.0, 0.9]), 0), 0);
        assert_eq!(choose(&known([0.4, 0.5, 1.0]), 0), 1);
        assert_eq!(choose(&known([0.9, 0.5, 1.0]), 1), 1);
    }
}
