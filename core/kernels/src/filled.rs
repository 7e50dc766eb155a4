//! A vector that tasks fill, each its part.

use std::mem::MaybeUninit;

use rayon::prelude::*;

/// A vector of `length` values and what the tasks returned, in order. `fill(index, part)` is given
/// part number `index`, `part` values long but for the last, all zero: each task clears its own
/// while it is in the cache. The vector has room for `more` values behind.
pub(crate) fn filled<T: Send>(
    length: usize,
    part: usize,
    more: usize,
    fill: impl Fn(usize, &mut [f32]) -> T + Sync,
) -> (Vec<f32>, Vec<T>) {
    let mut values = Vec::with_capacity(length + more);
    let parts = values.spare_capacity_mut()[..length].par_chunks_mut(part.max(1)).enumerate();
    let returned = parts.map(|(index, part)| fill(index, cleared(part))).collect();
    #[expect(unsafe_code, reason = "zeros by one thread alone would cost as much as the work")]
    // SAFETY: the parts cover the first `length` values, and `cleared` wrote each of them.
    unsafe {
        values.set_len(length);
    }
    (values, returned)
}

fn cleared(part: &mut [MaybeUninit<f32>]) -> &mut [f32] {
    part.iter_mut().for_each(|value| _ = value.write(0.0));
    let (start, length) = (part.as_mut_ptr().cast::<f32>(), part.len());
    #[expect(unsafe_code, reason = "the slice method that does this is newer than our Rust")]
    // SAFETY: the same values under the same borrow, and each was just written.
    unsafe {
        std::slice::from_raw_parts_mut(start, length)
    }
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
