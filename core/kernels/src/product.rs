//! Products of matrices whose bits depend on nothing but the operands.
//!
//! An element is the sum of its blocks of [`TERMS`] terms in their order, each block one chain of
//! [`Tile`]: neither the other dimensions nor how the work is parted among threads change a bit, and
//! a row or a column has the same bits alone.

use std::cell::RefCell;
use std::ops::Range;

use crate::tile::{Sums, Tile};
use pack::{GROUP, Packed, Packing, blocks};
pub(crate) use parted::multiply_parted;

/// A strided view of f32 values as a matrix.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `rows` times `columns` values, one row after the other.
    pub(crate) fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        Self { values, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// The same columns of rows that begin `stride` values apart; `values` may end with the last row.
    pub(crate) fn with_rows_apart(self, stride: usize) -> Self {
        Self { row_stride: stride, ..self }
    }

    /// The same values with rows and columns exchanged.
    pub(crate) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// The `count` rows from `start`.
    pub(crate) fn row_range(self, start: usize, count: usize) -> Self {
        assert!(start + count <= self.rows, "rows {start}..{} of {}", start + count, self.rows);
        let first = (start * self.row_stride).min(self.values.len());
        Self { values: &self.values[first..], rows: count, ..self }
    }

    /// The `count` columns from `start`.
    pub(crate) fn column_range(self, start: usize, count: usize) -> Self {
        self.transposed().row_range(start, count).transposed()
    }
}

/// Terms that are summed in one go: a panel of as many on either side fits the first cache.
pub(crate) const TERMS: usize = 256;

/// `out = left · right`, or `out += left · right` with `add`, on the calling thread. `out` is
/// contiguous, `[left.rows, right.columns]`. Panics where dimensions do not fit.
pub(crate) fn multiply(out: &mut [f32], left: Matrix<'_>, right: Matrix<'_>, add: bool) {
    Columns::of(right).multiply(out, left, add);
}

/// A matrix on the right, packed for any number of products.
pub(crate) struct Columns {
    tile: Tile,
    inner: usize,
    columns: usize,
    panels: Packed,
}

impl Columns {
    pub(crate) fn of(right: Matrix<'_>) -> Self {
        let tile = Tile::widest();
        let mut panels = Packed::default();
        panels.fill(Packing::columns(tile), right.transposed());
        Self { tile, inner: right.rows, columns: right.columns, panels }
    }

    /// [`multiply`] by this matrix.
    pub(crate) fn multiply(&self, out: &mut [f32], left: Matrix<'_>, add: bool) {
        assert_eq!(left.columns, self.inner, "inner dimensions differ");
        self.multiply_part(out, left, 0, 0..self.columns, add);
    }

    /// [`multiply`] by those rows of this matrix that begin at `term`, as many as `left` has
    /// columns, and by some of its columns. Panics unless `term` is a multiple of [`TERMS`] and
    /// the first column one of [`Tile::lanes`].
    pub(crate) fn multiply_part(
        &self,
        out: &mut [f32],
        left: Matrix<'_>,
        term: usize,
        part: Range<usize>,
        add: bool,
    ) {
        let (rows, inner, columns, lanes) =
            (left.rows, left.columns, part.len(), self.tile.lanes());
        assert!(term + inner <= self.inner && part.end <= self.columns, "a part of the matrix");
        assert!(
            term.is_multiple_of(TERMS) && part.start.is_multiple_of(lanes),
            "a part begins with a panel"
        );
        assert_eq!(out.len(), rows * columns, "the result is {rows} x {columns}");
        if inner == 0 && !add {
            out.fill(0.0);
        }
        if out.is_empty() {
            return;
        }
        SCRATCH.with_borrow_mut(|scratch| {
            for (first, out) in (0..rows).step_by(GROUP).zip(out.chunks_mut(GROUP * columns)) {
                let lines = left.row_range(first, out.len() / columns);
                for (start, count) in blocks(inner) {
                    let panel =
                        |column| self.panels.block(part.start + column, lanes, term + start, count);
                    let lines = lines.column_range(start, count);
                    self.multiply_group(scratch, out, lines, panel, add || start > 0);
                }
            }
        });
    }

    /// A group of rows times one block of the terms of the panels.
    fn multiply_group<'a>(
        &self,
        Scratch { group, last }: &mut Scratch,
        out: &mut [f32],
        lines: Matrix<'_>,
        panel: impl Fn(usize) -> &'a [f32],
        add: bool,
    ) {
        let (rows, lanes) = (lines.rows, self.tile.lanes());
        let columns = out.len() / rows;
        let (whole, rest) = (columns / lanes * lanes, columns % lanes);
        group.fill(Packing::rows(self.tile, rows), lines);
        let group = group.block(0, rows, 0, lines.columns);
        for column in (0..whole).step_by(lanes) {
            let sums = Sums { values: &mut out[column..], rows, stride: columns };
            self.tile.multiply(sums, group, panel(column), add);
        }
        if rest > 0 {
            last.resize(GROUP * lanes, 0.0);
            let sums = Sums { values: last, rows, stride: lanes };
            self.tile.multiply(sums, group, panel(whole), false);
            let rows = out.chunks_exact_mut(columns).zip(last.chunks_exact(lanes));
            for (out, sum) in rows.flat_map(|(out, sums)| out[whole..].iter_mut().zip(sums)) {
                *out = if add { *out + sum } else { *sum };
            }
        }
    }
}

/// What a thread keeps from one product to the next.
#[derive(Default)]
struct Scratch {
    group: Packed,
    /// Sums of a panel that is wider than what is left of the columns.
    last: Vec<f32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

mod pack;
mod parted;
#[cfg(test)]
mod tests;
