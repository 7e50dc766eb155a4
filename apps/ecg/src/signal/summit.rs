//! Local maxima of an envelope.

use std::collections::VecDeque;

/// Finds the values that are the largest within a distance to both sides, the first of equals.
#[derive(Clone, Debug)]
pub(super) struct Summits {
    distance: u64,
    frame: u64,
    /// Frames with values that no later one exceeds, in falling order.
    falling: VecDeque<(u64, f32)>,
}

impl Summits {
    pub(super) fn new(distance: u64) -> Self {
        Self { distance, frame: 0, falling: VecDeque::new() }
    }

    /// Takes the next value; returns frame and value of the one `distance` before it if that is
    /// positive and the largest around.
    pub(super) fn push(&mut self, value: f32) -> Option<(u64, f32)> {
        while self.falling.back().is_some_and(|&(_, back)| back < value) {
            self.falling.pop_back();
        }
        self.falling.push_back((self.frame, value));
        let middle = self.frame.checked_sub(self.distance);
        self.frame += 1;
        let &(frame, top) = self.falling.front()?;
        if self.frame > frame + 2 * self.distance {
            self.falling.pop_front();
        }
        (middle == Some(frame) && top > 0.0).then_some((frame, top))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summit_is_the_largest_to_both_sides() {
        let values = [1.0, 5.0, 2.0, 4.0, 4.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0];
        let mut summits = Summits::new(2);
        let found: Vec<_> = values.iter().filter_map(|&value| summits.push(value)).collect();
        // The 4.0 stands within two of the 5.0; the one after it is no larger than it.
        assert_eq!(found, [(1, 5.0), (8, 3.0)]);
    }
}
