//! A vector that tasks write, each its part and every value once: to clear memory first, only to
//! write over it, takes a third of the time of a cheap function.

use std::mem::{MaybeUninit, take};

use rayon::prelude::*;

/// Values that repay a task.
pub(crate) const TASK: usize = 1 << 14;

/// A vector of `length` values and what the tasks returned, in order. `write(index, out)` writes part
/// number `index`, `part` values long but for the last; one that leaves some out is a panic. The
/// vector has room for `more` values behind.
pub(crate) fn written<T: Send>(
    length: usize,
    part: usize,
    more: usize,
    write: impl Fn(usize, &mut Unwritten<'_>) -> T + Sync,
) -> (Vec<f32>, Vec<T>) {
    let mut values = Vec::with_capacity(length + more);
    let parts = values.spare_capacity_mut()[..length].par_chunks_mut(part.max(1)).enumerate();
    let returned = parts.map(|(index, part)| {
        let mut out = Unwritten(part);
        let returned = write(index, &mut out);
        assert_eq!(out.len(), 0, "values of part {index} left to write");
        returned
    });
    let returned = returned.collect();
    #[expect(unsafe_code, reason = "a vector of zeros first would cost what this saves")]
    // SAFETY: the parts cover the first `length` values, and of none is anything left to write.
    unsafe {
        values.set_len(length);
    }
    (values, returned)
}

/// What is left to write of a part.
pub(crate) struct Unwritten<'a>(&'a mut [MaybeUninit<f32>]);

impl<'a> Unwritten<'a> {
    /// Values left to write.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Writes the next values and gives them back, to be read and changed. Panics where there is
    /// no room for them.
    #[inline(always)]
    pub(crate) fn write(&mut self, values: impl ExactSizeIterator<Item = f32>) -> &'a mut [f32] {
        let (next, rest) = take(&mut self.0).split_at_mut(values.len());
        self.0 = rest;
        let mut count = 0;
        next.iter_mut().zip(values).for_each(|(next, value)| {
            next.write(value);
            count += 1;
        });
        assert_eq!(count, next.len(), "values that an iterator has, beside those it announced");
        let (start, length) = (next.as_mut_ptr().cast::<f32>(), next.len());
        #[expect(unsafe_code, reason = "the slice method that does this is newer than our Rust")]
        // SAFETY: the same values under the same borrow, and all of them were just written.
        unsafe {
            std::slice::from_raw_parts_mut(start, length)
        }
    }

    /// Writes the next values in two runs, those on the left of `pairs` before those on the right.
    /// Panics where there is no room for them.
    #[inline(always)]
    pub(crate) fn write_apart(&mut self, pairs: impl ExactSizeIterator<Item = [f32; 2]>) {
        let length = pairs.len();
        let (next, rest) = take(&mut self.0).split_at_mut(2 * length);
        self.0 = rest;
        let (left, right) = next.split_at_mut(length);
        let mut count = 0;
        left.iter_mut().zip(right).zip(pairs).for_each(|((left, right), pair)| {
            left.write(pair[0]);
            right.write(pair[1]);
            count += 1;
        });
        assert_eq!(count, length, "pairs that an iterator has, beside those it announced");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_given_once_and_keeps_what_is_written() {
        for (length, part) in [(0, 4), (10, 4), (8, 4), (3, 0)] {
            let (values, returned) = written(length, part, 5, |index, out| {
                let (length, first) = (out.len(), out.len().div_ceil(3));
                out.write((0..first).map(|_| 7.0)).fill(index as f32);
                out.write((first..length).map(|_| index as f32));
                length
            });
            let expected: Vec<f32> = (0..length).map(|at| (at / part.max(1)) as f32).collect();
            assert_eq!((values, returned.iter().sum()), (expected, length));
        }
    }

    #[test]
    fn pairs_are_written_apart() {
        let (values, _) = written(6, 6, 0, |_, out| {
            out.write_apart([[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]].into_iter());
        });
        assert_eq!(values, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    }

    #[test]
    #[should_panic(expected = "left to write")]
    fn a_part_left_unfinished_is_no_vector() {
        written(8, 4, 0, |_, out| _ = out.write([1.0; 3].into_iter()));
    }

    #[test]
    #[should_panic(expected = "announced")]
    fn an_iterator_shorter_than_it_says_is_no_vector() {
        written(4, 4, 0, |_, out| _ = out.write(Announcing(4, 0.0)));
    }

    #[test]
    #[should_panic(expected = "announced")]
    fn pairs_fewer_than_an_iterator_says_are_no_vector() {
        written(4, 4, 0, |_, out| out.write_apart(Announcing(2, [0.0; 2])));
    }

    /// An empty iterator that says it has some of its items.
    struct Announcing<T>(usize, T);

    impl<T> Iterator for Announcing<T> {
        type Item = T;

        fn next(&mut self) -> Option<T> {
            None
        }

        fn size_hint(&self) -> (usize, Option<usize>) {
            (self.0, Some(self.0))
        }
    }

    impl<T> ExactSizeIterator for Announcing<T> {}
}
