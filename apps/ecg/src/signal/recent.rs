//! The last few of many values.

use std::collections::VecDeque;

/// Beats that the next one is compared with: fewer are at the mercy of an odd one, more are slow to
/// follow (Pan & Tompkins 1985 take as many).
const REMEMBERED: usize = 8;

/// The last eight values.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent(VecDeque<f32>);

impl Recent {
    /// Adds a value and forgets the oldest.
    pub(super) fn push(&mut self, value: f32) {
        if self.is_full() {
            self.0.pop_front();
        }
        self.0.push_back(value);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() == REMEMBERED
    }

    /// The smallest and the largest value; 0 without any.
    pub(super) fn ends(&self) -> (f32, f32) {
        let largest = self.0.iter().copied().reduce(f32::max);
        let smallest = self.0.iter().copied().reduce(f32::min);
        (smallest.unwrap_or(0.0), largest.unwrap_or(0.0))
    }

    /// The value that this share of the others lie under; 0 without any.
    pub(super) fn quantile(&self, share: f64) -> f32 {
        share_of(self.0.iter().copied().collect(), share)
    }
}

/// The value that this share of the others lie under; 0 of none.
pub(super) fn share_of(mut values: Vec<f32>, share: f64) -> f32 {
    let place = (values.len() as f64 * share) as usize;
    if place >= values.len() {
        return 0.0;
    }
    *values.select_nth_unstable_by(place, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ninth_value_replaces_the_first() {
        let mut recent = Recent::default();
        assert_eq!((recent.ends(), recent.quantile(0.5)), ((0.0, 0.0), 0.0));
        (0..9).for_each(|value| recent.push(value as f32));
        assert_eq!((recent.len(), recent.ends()), (8, (1.0, 8.0)));
        assert_eq!((recent.quantile(0.0), recent.quantile(0.5)), (1.0, 5.0));
    }
}
