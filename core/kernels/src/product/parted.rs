//! A product that all threads share.

use std::mem::MaybeUninit;

use rayon::prelude::*;

use super::Matrix;
use super::pack::{GROUP, Packed, Packing, blocks};
use crate::tile::{Sums, Tile};

/// Columns of a task at most: where those of all tasks are packed once, and where a task packs its
/// own, which then fit the second cache.
const COLUMNS: (usize, usize) = (1024, 128);
/// Rows of a task at most where those of all tasks are packed once.
const ROWS: usize = 8 * GROUP;
/// Multiplications that do not repay a second thread.
const FEW: usize = 1 << 15;

/// `left · right`, `[left.rows, right.columns]`. Of every piece of a row `finish` is given the
/// values and the column of the first, to change them.
pub(crate) fn multiply_parted(
    left: Matrix<'_>,
    right: Matrix<'_>,
    finish: impl Fn(&mut [f32], usize) + Sync,
) -> Vec<f32> {
    let (rows, inner, columns) = (left.rows, left.columns, right.columns);
    assert_eq!(inner, right.rows, "inner dimensions differ");
    let mut result = Vec::with_capacity(rows * columns);
    if rows * columns == 0 {
        return result;
    }
    let work = Work::new(left, right);
    let (height, width) = work.size;
    let across = columns.div_ceil(width);
    let mut tasks: Vec<Vec<Unwritten<'_>>> = Vec::new();
    tasks.resize_with(rows.div_ceil(height) * across, Vec::new);
    let values = &mut result.spare_capacity_mut()[..rows * columns];
    for (row, values) in values.chunks_exact_mut(columns).enumerate() {
        let tasks = &mut tasks[row / height * across..][..across];
        tasks.iter_mut().zip(values.chunks_mut(width)).for_each(|(task, piece)| task.push(piece));
    }
    let run = |scratch: &mut Scratch, (index, pieces): (usize, Vec<Unwritten<'_>>)| {
        let (row, column) = (index / across * height, index % across * width);
        let width = pieces[0].len();
        let stride = work.sums(scratch, (row, pieces.len()), (column, width));
        for (sums, piece) in scratch.sums.chunks_exact_mut(stride).zip(pieces) {
            finish(&mut sums[..width], column);
            piece.iter_mut().zip(&*sums).for_each(|(to, sum)| _ = to.write(*sum));
        }
    };
    if tasks.len() == 1 {
        tasks.into_iter().enumerate().for_each(|task| run(&mut Scratch::default(), task));
    } else {
        tasks.into_par_iter().enumerate().for_each_init(Scratch::default, run);
    }
    #[expect(unsafe_code, reason = "zeros written first would be a pass of their own")]
    // SAFETY: every row was parted into pieces, and each of them is written.
    unsafe {
        result.set_len(rows * columns);
    }
    result
}

/// Part of a row of the result.
type Unwritten<'a> = &'a mut [MaybeUninit<f32>];

/// How a product is parted. No bit depends on it, so that it may follow the number of threads.
struct Work<'a> {
    tile: Tile,
    left: Matrix<'a>,
    right: Matrix<'a>,
    /// The smaller operand, packed once; a task packs what it needs of the other.
    once: Once,
    /// Rows that are packed together.
    group: usize,
    /// Rows and columns of a task.
    size: (usize, usize),
}

enum Once {
    Rows(Packed),
    Columns(Packed),
}

#[derive(Default)]
struct Scratch {
    packed: Packed,
    sums: Vec<f32>,
}

impl<'a> Work<'a> {
    fn new(left: Matrix<'a>, right: Matrix<'a>) -> Self {
        let (rows, columns, tile) = (left.rows, right.columns, Tile::widest());
        let threads =
            if rows * columns * left.columns > FEW { rayon::current_num_threads() } else { 1 };
        let share = |lines: usize, least: usize, most: usize| {
            if threads == 1 { most } else { (lines / (4 * threads)).clamp(least, most) }
        };
        let lanes = tile.lanes();
        let mut packed = Packed::default();
        let fill =
            if rows.min(columns) * left.columns < FEW { Packed::fill } else { Packed::fill_by_all };
        if rows <= columns {
            let group = rows.div_ceil(rows.div_ceil(GROUP));
            fill(&mut packed, Packing::rows(tile, group), left);
            let width = share(columns, lanes, COLUMNS.1).next_multiple_of(lanes);
            let size = (ROWS / group * group, width);
            Self { tile, left, right, once: Once::Rows(packed), group, size }
        } else {
            fill(&mut packed, Packing::columns(tile), right.transposed());
            let group = share(rows, GROUP / 8, GROUP).next_multiple_of(GROUP / 8);
            Self { tile, left, right, once: Once::Columns(packed), group, size: (group, COLUMNS.0) }
        }
    }

    /// The sums of a task, to the first of `scratch.sums`, row after row, as far apart as is
    /// returned. `rows` and `columns`: the first and their number.
    fn sums(&self, scratch: &mut Scratch, rows: (usize, usize), columns: (usize, usize)) -> usize {
        let (tile, lanes) = (self.tile, self.tile.lanes());
        let stride = columns.1.next_multiple_of(lanes);
        let Scratch { packed, sums } = scratch;
        if sums.len() < rows.1 * stride {
            sums.resize(rows.1 * stride, 0.0);
        }
        if self.left.columns == 0 {
            sums.fill(0.0);
        }
        for (start, count) in blocks(self.left.columns) {
            match &self.once {
                Once::Rows(_) => {
                    let lines =
                        self.right.column_range(columns.0, columns.1).row_range(start, count);
                    packed.fill(Packing::columns(tile), lines.transposed());
                }
                Once::Columns(_) => {
                    let lines = self.left.row_range(rows.0, rows.1).column_range(start, count);
                    packed.fill(Packing::rows(tile, self.group), lines);
                }
            }
            for first in (0..rows.1).step_by(self.group) {
                let height = self.group.min(rows.1 - first);
                let group = match &self.once {
                    Once::Rows(all) => all.block(rows.0 + first, height, start, count),
                    Once::Columns(_) => packed.block(first, height, 0, count),
                };
                for column in (0..columns.1).step_by(lanes) {
                    let panel = match &self.once {
                        Once::Rows(_) => packed.block(column, lanes, 0, count),
                        Once::Columns(all) => all.block(columns.0 + column, lanes, start, count),
                    };
                    let values = &mut sums[first * stride + column..];
                    tile.multiply(Sums { values, rows: height, stride }, group, panel, start > 0);
                }
            }
        }
        stride
    }
}
