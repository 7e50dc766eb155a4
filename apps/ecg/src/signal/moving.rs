//! Moving averages at a cost that does not depend on their length.

/// The mean of the last `length` values; those before the first are 0.
#[derive(Clone, Debug)]
pub(super) struct MovingMean {
    values: Vec<f32>,
    next: usize,
    sum: f64,
    share: f64,
}

impl MovingMean {
    /// Over so many values, made odd, so that the mean has a middle.
    pub(super) fn new(length: usize) -> Self {
        let length = length | 1;
        Self { values: vec![0.0; length], next: 0, sum: 0.0, share: 1.0 / length as f64 }
    }

    /// Values between a mean's middle and its end.
    pub(super) fn reach(&self) -> usize {
        self.values.len() / 2
    }

    /// The mean once `value` is the last. What adds up in `f64` from rounding stays under 1e-7 of
    /// the largest value for days.
    pub(super) fn push(&mut self, value: f32) -> f32 {
        let oldest = std::mem::replace(&mut self.values[self.next], value);
        self.next = if self.next + 1 == self.values.len() { 0 } else { self.next + 1 };
        self.sum += f64::from(value) - f64::from(oldest);
        (self.sum * self.share) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_of_the_last_values_even_after_a_huge_one() {
        let mut mean = MovingMean::new(2);
        assert_eq!(mean.reach(), 1);
        let found: Vec<f32> = [3.0, 6.0, 1e4, 0.0, 3.0, 3.0].map(|value| mean.push(value)).to_vec();
        assert_eq!(found, [1.0, 3.0, 10_009.0 / 3.0, 10_006.0 / 3.0, 10_003.0 / 3.0, 2.0]);
    }
}
