//! How a patient's own beats usually look, learned while a recording comes in, without labels.

use generativa::metrics::quantile::median;

use crate::adapt::{BLOCK, FEWEST};
use crate::heat::gathered;

/// The median of the square of a standard normal.
const MEDIAN: f32 = 0.455;
/// Added to variances, for a beat whose square is 1 a value: less than 0.05 off is nothing odd,
/// however still the patient lies.
const LEAST: f32 = 0.003;

/// The usual beat of a patient, and how far beats usually are from it.
#[derive(Clone, Debug)]
struct Template {
    /// Median of each value.
    usual: Vec<f32>,
    /// How far each value usually is from that.
    deviation: Vec<f32>,
    /// Median of the squared distances from it.
    spread: f64,
}

/// A beat beside the patient's usual one.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// The logarithm of its squared distance from the usual beat, over the usual distance.
    pub distance: f32,
    /// How far each value is above the usual one, in deviations that are usual around its place.
    pub deviations: Vec<f32>,
}

/// Compares beats with those before them.
///
/// Each block of 64 beats is compared with the medians of the block before it, the first with its
/// own: a template of medians is not moved by the odd beats in it while they are fewer than the
/// others.
#[derive(Clone, Debug, Default)]
pub struct OwnBeats {
    template: Option<Template>,
    block: Vec<Vec<f32>>,
}

impl OwnBeats {
    /// Each of the next beats beside the usual one: `None` where too few beats are known to say
    /// what is usual.
    ///
    /// `ends`: how many values of each are its own; those behind, which the next beat fills, become
    /// the usual ones. The first beats of a recording should come together, as a cutter gives them.
    pub fn compare(&mut self, beats: &mut [Vec<f32>], ends: &[usize]) -> Vec<Option<Compared>> {
        let first = Template::of(&beats[..beats.len().min(BLOCK)]);
        let mut found = Vec::with_capacity(beats.len());
        for (beat, &end) in beats.iter_mut().zip(ends) {
            if self.template.is_none() && self.block.is_empty() {
                self.template = first.clone();
            }
            if let Some(template) = &self.template {
                beat[end..].copy_from_slice(&template.usual[end..]);
            }
            found.push(self.template.as_ref().map(|template| template.compare(beat)));
            self.block.push(beat.clone());
            if self.block.len() == BLOCK {
                self.template = Template::of(&self.block).or(self.template.take());
                self.block.clear();
            }
        }
        found
    }
}

impl Template {
    fn of(beats: &[Vec<f32>]) -> Option<Self> {
        if beats.len() < FEWEST {
            return None;
        }
        let width = beats[0].len();
        let medians = |value: &dyn Fn(&[f32], usize) -> f32| -> Vec<f32> {
            let mut column = vec![0.0; beats.len()];
            let median = |place| {
                column.iter_mut().zip(beats).for_each(|(to, beat)| *to = value(beat, place));
                column.sort_unstable_by(f32::total_cmp);
                column[column.len() / 2]
            };
            (0..width).map(median).collect()
        };
        let usual = medians(&|beat, place| beat[place]);
        let squares = medians(&|beat, place| (beat[place] - usual[place]).powi(2));
        let deviation =
            gathered(&squares).into_iter().map(|square| (square / MEDIAN + LEAST).sqrt());
        let distances: Vec<f64> = beats.iter().map(|beat| square(beat, &usual)).collect();
        // Beats that are all alike are as alike as their values can tell.
        let least = 1e-4 * width as f64;
        let spread = median(&distances).max(least);
        Some(Self { spread, deviation: deviation.collect(), usual })
    }

    fn compare(&self, beat: &[f32]) -> Compared {
        // A beat nearer than usual says nothing, however near.
        let distance = (square(beat, &self.usual) / self.spread).max(1e-2).ln() as f32;
        let values = beat.iter().zip(&self.usual).zip(&self.deviation);
        let deviations = values.map(|((value, usual), deviation)| (value - usual) / deviation);
        Compared { distance, deviations: deviations.collect() }
    }
}

fn square(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use generativa_random::Stream;

    fn beats(count: usize, seed: u64) -> Vec<Vec<f32>> {
        let mut stream = Stream::named(seed, "own");
        let beat = |_| (0..32).map(|_| 1.0 + 0.1 * stream.normal() as f32).collect();
        (0..count).map(beat).collect()
    }

    #[test]
    fn an_odd_beat_stands_out_and_does_not_move_what_is_usual() {
        let mut all = beats(200, 1);
        for odd in (30..200).step_by(30) {
            all[odd] = vec![-1.0; 32];
        }
        let found = OwnBeats::default().compare(&mut all, &[32; 200]);
        for (place, found) in found.iter().enumerate() {
            let Compared { distance: found, deviations } =
                found.as_ref().expect("a block is known");
            let odd = place > 0 && place % 30 == 0;
            // Thirty-two values off by 2 against 0.1 each.
            assert!(if odd { (found - 400f32.ln()).abs() < 0.5 } else { found.abs() < 1.0 });
            // A deviation of 0.1, and what is added.
            let off = if odd { -2.0 / 0.013f32.sqrt() } else { 0.0 };
            assert!(deviations.iter().all(|value| (value - off).abs() < 6.0), "{place}");
        }
    }

    #[test]
    fn the_pieces_after_the_first_do_not_matter_and_a_few_beats_say_nothing() {
        let (mut all, mut again) = (beats(300, 2), beats(300, 2));
        let (first, rest) = again.split_at_mut(70);
        let mut pieces = OwnBeats::default();
        let mut found = pieces.compare(first, &[32; 70]);
        for piece in rest.chunks_mut(7) {
            found.extend(pieces.compare(piece, &[32; 7][..piece.len()]));
        }
        assert_eq!(OwnBeats::default().compare(&mut all, &[32; 300]), found);
        assert_eq!(OwnBeats::default().compare(&mut all[..7], &[32; 7]), vec![None; 7]);
    }

    #[test]
    fn what_the_next_beat_fills_says_nothing() {
        let mut all = beats(100, 3);
        all[50][20..].fill(9.0);
        let mut ends = vec![32; 100];
        let distance = |all: &mut [Vec<f32>], ends: &[usize]| {
            let found = OwnBeats::default().compare(all, ends).swap_remove(50);
            found.expect("a block is known").distance
        };
        let whole = distance(&mut all.clone(), &ends);
        ends[50] = 20;
        let own = distance(&mut all, &ends);
        assert!(whole > 5.0 && own < 1.0, "{whole} {own}");
        assert!(all[50][20..].iter().all(|value| (value - 1.0).abs() < 0.1));
    }
}
