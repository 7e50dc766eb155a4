//! A vector of zeros that tasks add to, each its part.

use crate::written::{Unwritten, written};

/// [`written`] by work that needs its part to be zero at first: each task clears its own while it
/// is in the cache.
pub(crate) fn filled<T: Send>(
    length: usize,
    part: usize,
    more: usize,
    fill: impl Fn(usize, &mut [f32]) -> T + Sync,
) -> (Vec<f32>, Vec<T>) {
    written(length, part, more, |index, out| fill(index, cleared(out, out.len())))
}

/// The next values, all zero. From a range, which becomes one call: a repeated value is written
/// alone each time.
#[inline(always)]
pub(crate) fn cleared<'a>(out: &mut Unwritten<'a>, length: usize) -> &'a mut [f32] {
    out.write((0..length).map(|_| 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_given_once_and_clear() {
        for (length, part) in [(0, 4), (10, 4), (8, 4), (3, 0)] {
            let (values, returned) = filled(length, part, 5, |index, part| {
                assert!(part.iter().all(|&value| value == 0.0));
                part.fill(index as f32);
                part.len()
            });
            let expected: Vec<f32> = (0..length).map(|at| (at / part.max(1)) as f32).collect();
            assert_eq!((values, returned.iter().sum()), (expected, length));
        }
    }
}
