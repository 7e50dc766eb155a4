//! Lines of an operand, rows of the left or columns of the right, as the panels that
//! [`Tile`] takes: `[terms, lines]`.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::_mm256_setzero_ps;

use rayon::prelude::*;

use super::{Matrix, TERMS};
#[cfg(target_arch = "x86_64")]
use crate::eight::{load, store, transposed};
use crate::tile::Tile;
use crate::vector::widest_fn;

/// Rows that are packed together, at most: with a block of terms they fit the second cache.
pub(super) const GROUP: usize = 96;

/// The blocks of `inner` terms, each its start and its count.
pub(super) fn blocks(inner: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..inner).step_by(TERMS).map(move |start| (start, TERMS.min(inner - start)))
}

/// How lines are packed: in units, each block after block of its terms.
#[derive(Clone, Copy)]
pub(super) struct Packing {
    tile: Tile,
    /// Lines of a unit, but for the last.
    unit: usize,
    /// Whether a unit is one panel of columns, as wide whether or not all of them are there.
    panel: bool,
}

impl Packing {
    /// Rows, `group` of them a unit, at most [`GROUP`].
    pub(super) fn rows(tile: Tile, group: usize) -> Self {
        Self { tile, unit: group, panel: false }
    }

    pub(super) fn columns(tile: Tile) -> Self {
        Self { tile, unit: tile.lanes(), panel: true }
    }

    /// Unit number `index` of `lines`. What stands in `to` behind the unit may change.
    fn pack(self, to: &mut [f32], index: usize, lines: Matrix<'_>) {
        let first = index * self.unit;
        let lines = lines.row_range(first, self.unit.min(lines.rows - first));
        let wide = if self.panel { self.unit } else { lines.rows };
        for (start, count) in blocks(lines.columns) {
            let to = &mut to[start * wide..];
            let lines = lines.column_range(start, count);
            if self.panel {
                pack(to, wide, lines);
                continue;
            }
            let mut first = 0;
            for height in self.tile.heights(lines.rows) {
                pack(&mut to[first * count..], height, lines.row_range(first, height));
                first += height;
            }
        }
    }
}

/// Packed lines.
#[derive(Default)]
pub(super) struct Packed {
    values: Vec<f32>,
    terms: usize,
}

impl Packed {
    /// Takes lines in place of those before.
    pub(super) fn fill(&mut self, packing: Packing, lines: Matrix<'_>) {
        let (length, unit) = self.make_room(packing, lines);
        for (index, start) in (0..length).step_by(unit).enumerate() {
            packing.pack(&mut self.values[start..], index, lines);
        }
    }

    /// [`fill`](Self::fill), all threads at once.
    pub(super) fn fill_by_all(&mut self, packing: Packing, lines: Matrix<'_>) {
        let (length, unit) = self.make_room(packing, lines);
        let units = self.values[..length].par_chunks_mut(unit).enumerate();
        units.for_each(|(index, to)| packing.pack(to, index, lines));
    }

    /// Values of all units and of one.
    fn make_room(&mut self, packing: Packing, lines: Matrix<'_>) -> (usize, usize) {
        let Packing { unit, panel, .. } = packing;
        let rows = if panel { lines.rows.next_multiple_of(unit) } else { lines.rows };
        self.terms = lines.columns;
        let length = rows * self.terms;
        if self.values.len() < length + BEHIND {
            self.values.resize(length + BEHIND, 0.0);
        }
        (length, (unit * self.terms).max(1))
    }

    /// A unit's `lines` lines from `first`, their `count` terms from `start`.
    pub(super) fn block(&self, first: usize, lines: usize, start: usize, count: usize) -> &[f32] {
        &self.values[first * self.terms + start * lines..][..lines * count]
    }
}

/// Values behind the last, so that it may be written as one of many.
const BEHIND: usize = 8;

/// Lines as a panel, `[terms, height]`, to the beginning of `to`. What stands for lines that are
/// missing, and behind the panel, may be anything.
fn pack(to: &mut [f32], height: usize, lines: Matrix<'_>) {
    let done = match (lines.row_stride, lines.column_stride) {
        (1, _) if height <= 8 => side_by_side_8(to, height, lines),
        (1, _) if height <= 16 => side_by_side_16(to, height, lines),
        (1, _) => side_by_side_32(to, height, lines),
        #[cfg(target_arch = "x86_64")]
        (_, 1) if std::arch::is_x86_feature_detected!("avx2") => {
            #[expect(unsafe_code, reason = "the processor was asked for the feature")]
            // SAFETY: avx2 is there.
            unsafe {
                one_after_the_other(to, height, lines)
            }
        }
        _ => 0,
    };
    let rest = to.chunks_exact_mut(height).enumerate().take(lines.columns).skip(done);
    for (term, to) in rest {
        for (line, to) in to.iter_mut().take(lines.rows).enumerate() {
            *to = lines.values[line * lines.row_stride + term * lines.column_stride];
        }
    }
}

widest_fn! {
    fn side_by_side_8(to: &mut [f32], height: usize, lines: Matrix<'_>) -> usize =
        side_by_side::<8>(to, height, lines)
}
widest_fn! {
    fn side_by_side_16(to: &mut [f32], height: usize, lines: Matrix<'_>) -> usize =
        side_by_side::<16>(to, height, lines)
}
widest_fn! {
    fn side_by_side_32(to: &mut [f32], height: usize, lines: Matrix<'_>) -> usize =
        side_by_side::<32>(to, height, lines)
}

/// Lines whose values of one term are neighbours, `WIDTH` values at once, at least `height`: those
/// too many are written over by the next. Returns how many terms had room for that.
#[inline(always)]
fn side_by_side<const WIDTH: usize>(to: &mut [f32], height: usize, lines: Matrix<'_>) -> usize {
    let from = lines.values.windows(WIDTH).step_by(lines.column_stride.max(1));
    let count =
        |length: usize, apart: usize| length.checked_sub(WIDTH).map_or(0, |last| last / apart + 1);
    let terms = count(to.len(), height).min(from.len()).min(lines.columns);
    for (term, from) in from.take(terms).enumerate() {
        let from: &[f32; WIDTH] = from.first_chunk().expect("a window");
        *to[term * height..].first_chunk_mut().expect("room") = *from;
    }
    terms
}

/// Lines each with its terms as neighbours, eight terms of eight lines at once: what the last vector
/// of a term has too many of is written over by the next. Returns how many terms had room for that.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn one_after_the_other(to: &mut [f32], height: usize, lines: Matrix<'_>) -> usize {
    let (terms, room) = (lines.columns, to.len());
    let has_room = |term: usize| (term + 7) * height + height.next_multiple_of(8) <= room;
    let mut done = 0;
    while terms >= 8 && done < terms {
        // The last eight may be some of those before again.
        let first = done.min(terms - 8);
        if !has_room(first) {
            break;
        }
        // The last lines first: what their vectors have too many of lies where the first lines of
        // the next term come.
        for line in (0..lines.rows).step_by(8).rev() {
            let mut eight = [_mm256_setzero_ps(); 8];
            for (index, eight) in eight.iter_mut().enumerate().take(lines.rows - line) {
                let place = (line + index) * lines.row_stride + first;
                *eight = load(lines.values[place..].first_chunk().expect("eight terms"));
            }
            for (index, vector) in transposed(eight).into_iter().enumerate() {
                let to = &mut to[(first + index) * height + line..];
                *to.first_chunk_mut().expect("room for eight lines") = store(vector);
            }
        }
        done = first + 8;
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_of_every_height_hold_the_lines_term_by_term() {
        for (height, terms) in (1..=32).flat_map(|height| [(height, 5), (height, 8), (height, 29)])
        {
            for missing in 0..height.min(9) {
                let rows = height - missing;
                let values: Vec<f32> = (0..rows * terms).map(|place| place as f32).collect();
                let lines = Matrix::new(&values, rows, terms);
                let turned: Vec<f32> = (0..terms * rows)
                    .map(|place| values[place % rows * terms + place / rows])
                    .collect();
                for lines in [lines, Matrix::new(&turned, terms, rows).transposed()] {
                    let mut to = vec![-1.0; terms * height + BEHIND];
                    pack(&mut to, height, lines);
                    for (term, line) in (0..terms).flat_map(|t| (0..rows).map(move |l| (t, l))) {
                        let found = to[term * height + line];
                        let expected = values[line * terms + term];
                        assert_eq!(found, expected, "{rows} of {height}, {terms}: {term} {line}");
                    }
                }
            }
        }
    }
}
