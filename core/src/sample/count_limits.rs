//! No more tiles of a kind than were asked for: a rule that drawing keeps cell by cell, without
//! search.

use super::tile_map::Asks;
use crate::data::LabelKind;

/// How many tiles of what kind a window may have.
pub(super) struct Limits<'a> {
    /// The value asked of each label.
    pub(super) asked: &'a [Option<f64>],
    /// Place and asked value of each label that is counted and asked for.
    counted: Vec<(usize, f64)>,
    /// What a tile adds to each of them: `[tiles][counted]`.
    adds: Vec<Vec<f64>>,
}

impl<'a> Limits<'a> {
    /// For a window of a model with so many kinds of tile.
    pub(super) fn new(asks: &Asks, asked: &'a [Option<f64>], tiles: usize) -> Self {
        let labels = asks.scales.iter().zip(asked).enumerate();
        let counted = labels.filter(|(_, (scale, _))| scale.kind == LabelKind::Count);
        let counted: Vec<(usize, f64)> =
            counted.filter_map(|(place, (_, asked))| Some((place, (*asked)?))).collect();
        let adds = |tile: usize| {
            let measured = (asks.measure)(&[vec![tile as u32]]);
            counted.iter().map(|&(place, _)| measured[place]).collect()
        };
        let adds = if counted.is_empty() { Vec::new() } else { (0..tiles).map(adds).collect() };
        Self { asked, counted, adds }
    }

    /// What is left of each count, where the columns before measure `so_far`.
    pub(super) fn left(&self, so_far: &[f64]) -> Vec<f64> {
        self.counted.iter().map(|&(place, asked)| asked - so_far[place]).collect()
    }

    /// `logits` without the tiles that would add more than is left.
    pub(super) fn within(&self, left: &[f64], logits: &[f32]) -> Vec<f32> {
        let mut within = logits.to_vec();
        for (logit, adds) in within.iter_mut().zip(&self.adds) {
            if adds.iter().zip(left).any(|(&adds, &left)| adds > 0.0 && adds > left) {
                *logit = f32::NEG_INFINITY;
            }
        }
        // Where everything counts, too much is better than nothing.
        if within.iter().all(|&logit| logit == f32::NEG_INFINITY) {
            logits.to_vec()
        } else {
            within
        }
    }

    /// One more `tile`.
    pub(super) fn take(&self, left: &mut [f64], tile: u32) {
        if let Some(adds) = self.adds.get(tile as usize) {
            left.iter_mut().zip(adds).for_each(|(left, adds)| *left -= adds);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::LabelScale;

    #[test]
    fn a_tile_is_ruled_out_once_its_count_is_used_up() {
        let (range, usual) = ([0.0, 9.0], None);
        let kind = LabelKind::Count;
        let scale =
            LabelScale { name: "boxes".into(), kind, mean: 0.0, deviation: 1.0, range, usual };
        let scales = [scale];
        let boxes = |columns: &[Vec<u32>]| {
            vec![columns.iter().flatten().filter(|&&tile| tile == 1).count() as f64]
        };
        let asks = Asks { scales: &scales, values: &|_| vec![Some(3.0)], measure: &boxes };
        let asked = [Some(3.0)];
        let limits = Limits::new(&asks, &asked, 2);
        let mut left = limits.left(&[2.0]);
        assert_eq!(limits.within(&left, &[0.5, 0.7]), [0.5, 0.7]);
        limits.take(&mut left, 1);
        assert_eq!(limits.within(&left, &[0.5, 0.7]), [0.5, f32::NEG_INFINITY]);
    }
}
