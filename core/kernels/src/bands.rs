//! Images multiplied from either side: `y = Σ V x Hᵀ` for every channel, over pairs of matrices
//! whose rows hold a run of weights each and zeros elsewhere. Interpolation and filters with any
//! step are of this form, and so are their gradients: `Σ Vᵀ g H`.

use std::ops::Range;

use candle::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use crate::demand::{self, gradient_of};
use crate::filled::filled;
use crate::vector::widest_fn;

/// A matrix `[outputs, inputs]` of which each row holds one run of weights and zeros elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bands {
    inputs: usize,
    rows: Vec<Row>,
}

/// Weights and the column of the first of them.
#[derive(Clone, Debug, Default, PartialEq)]
struct Row {
    start: usize,
    weights: Vec<f32>,
}

impl Row {
    fn end(&self) -> usize {
        self.start + self.weights.len()
    }
}

impl Bands {
    /// From the runs of all rows: the column where each begins, and its weights.
    pub(crate) fn new(inputs: usize, rows: impl Iterator<Item = (usize, Vec<f32>)>) -> Self {
        let trimmed = |(start, mut weights): (usize, Vec<f32>)| {
            let used = weights.iter().rposition(|&weight| weight != 0.0).map_or(0, |last| last + 1);
            weights.truncate(used);
            let unused = weights.iter().take_while(|&&weight| weight == 0.0).count();
            let start = if used == 0 { 0 } else { start + unused };
            Row { start, weights: weights.split_off(unused) }
        };
        Self { inputs, rows: rows.map(trimmed).collect() }
    }

    fn outputs(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn transposed(&self) -> Self {
        let mut columns = vec![Row::default(); self.inputs];
        for (index, row) in self.rows.iter().enumerate() {
            for (&weight, column) in row.weights.iter().zip(&mut columns[row.start..]) {
                if column.weights.is_empty() {
                    column.start = index;
                }
                column.weights.resize(index - column.start, 0.0);
                column.weights.push(weight);
            }
        }
        Self { inputs: self.outputs(), rows: columns }
    }
}

/// Sums of `V x Hᵀ`, all of the same shapes.
#[derive(Clone, Debug)]
pub(crate) struct BothSides {
    operation: &'static str,
    /// The pairs `(V, H)`, at least one.
    terms: Vec<(Bands, Bands)>,
}

impl BothSides {
    /// `operation` is what errors call it; `terms` are the pairs `(V, H)`, at least one.
    pub(crate) fn new(operation: &'static str, terms: Vec<(Bands, Bands)>) -> Self {
        Self { operation, terms }
    }

    /// `[batch, channels, inputs of V, inputs of H]` to `[batch, channels, outputs of V, outputs of
    /// H]`.
    pub(crate) fn apply(self, x: &Tensor) -> Result<Tensor> {
        x.contiguous()?.apply_op1(self)
    }

    fn transposed(&self) -> Self {
        let terms = self.terms.iter().map(|(v, h)| (v.transposed(), h.transposed())).collect();
        Self { operation: self.operation, terms }
    }

    /// Height and width of `x` and of `y`.
    fn sizes(&self) -> [(usize, usize); 2] {
        let (v, h) = &self.terms[0];
        [(v.inputs, h.inputs), (v.outputs(), h.outputs())]
    }
}

/// Values that repay a task.
const CHUNK: usize = 1 << 14;

impl CustomOp1 for BothSides {
    fn name(&self) -> &'static str {
        self.operation
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = demand::values(self.name(), storage, layout)?;
        let (batch, channels, ..) = layout.shape().dims4()?;
        let [(height, width), (rows, columns)] = self.sizes();
        let (from, to) = (height * width, rows * columns);
        let together = (CHUNK / from.max(to)).max(1); // planes
        let (y, _) = filled(batch * channels * to, together * to, 0, |index, y| {
            let x = &x[index * together * from..][..y.len() / to * from];
            // A large plane is split between its rows.
            let rows = if together > 1 { y.len() / columns } else { CHUNK.div_ceil(columns) };
            let parts = y.par_chunks_mut(rows * columns).enumerate();
            parts.for_each(|(part, y)| {
                self.terms.iter().for_each(|term| add_term(term, y, x, part * rows));
            });
        });
        Ok((CpuStorage::F32(y), Shape::from((batch, channels, rows, columns))))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        gradient_of(x, || self.transposed().apply(gradient))
    }
}

widest_fn! {
    /// Adds `V x Hᵀ` to `y` for some planes `x`: all rows of each, or, of one plane, those from
    /// `first` on.
    fn add_term(term: &(Bands, Bands), y: &mut [f32], x: &[f32], first: usize) = {
        let (v, h) = term;
        let (plane, columns) = (v.inputs * h.inputs, h.outputs());
        let planes = x.len() / plane;
        let count = y.len() / planes / columns;
        let rows = &v.rows[first..first + count];
        // The pass along the rows goes first where that makes it the shorter one.
        if v.inputs <= v.outputs() {
            let seen = if planes == 1 { seen(rows) } else { 0..v.inputs };
            if seen.is_empty() {
                return;
            }
            let mut along = vec![0.0; planes * seen.len() * columns];
            add_along(h, &mut along, &x[seen.start * h.inputs..][..planes * seen.len() * h.inputs]);
            let parts = along.chunks_exact(seen.len() * columns);
            for (y, x) in y.chunks_exact_mut(count * columns).zip(parts) {
                add_down(rows, y, x, columns, seen.start);
            }
        } else {
            let mut down = vec![0.0; planes * count * h.inputs];
            let parts = down.chunks_exact_mut(count * h.inputs);
            for (down, x) in parts.zip(x.chunks_exact(plane)) {
                add_down(rows, down, x, h.inputs, 0);
            }
            add_along(h, y, &down);
        }
    }
}

/// Columns that some rows of a matrix have weights in.
#[inline(always)]
fn seen(rows: &[Row]) -> Range<usize> {
    let used = || rows.iter().filter(|row| !row.weights.is_empty());
    let start = used().map(|row| row.start).min().unwrap_or(0);
    start..used().map(Row::end).max().unwrap_or(start)
}

/// Adds `V x` to `y` for one plane, `width` wide, of which `x` holds the rows from `first` on.
#[inline(always)]
fn add_down(v: &[Row], y: &mut [f32], x: &[f32], width: usize, first: usize) {
    for (y, row) in y.chunks_exact_mut(width).zip(v) {
        for (weight, place) in row.weights.iter().zip(row.start..) {
            let x = &x[(place - first) * width..][..width];
            y.iter_mut().zip(x).for_each(|(y, x)| *y += weight * x);
        }
    }
}

/// Rows that are multiplied side by side.
const LANES: usize = 16;

/// Adds `x Hᵀ` to `y` for any number of rows. They are turned, so that the same pixel of several
/// rows lies in one vector.
#[inline(always)]
fn add_along(h: &Bands, y: &mut [f32], x: &[f32]) {
    let mut from = vec![[0.0; LANES]; h.inputs];
    let mut to = vec![[0.0; LANES]; h.outputs()];
    let rows = y.chunks_mut(LANES * h.outputs()).zip(x.chunks(LANES * h.inputs));
    for (y, x) in rows {
        for (lane, x) in x.chunks_exact(h.inputs).enumerate() {
            from.iter_mut().zip(x).for_each(|(from, &x)| from[lane] = x);
        }
        for (to, row) in to.iter_mut().zip(&h.rows) {
            let mut sums = [0.0; LANES];
            for (from, weight) in from[row.start..].iter().zip(&row.weights) {
                sums.iter_mut().zip(from).for_each(|(sum, from)| *sum += weight * from);
            }
            *to = sums;
        }
        for (lane, y) in y.chunks_exact_mut(h.outputs()).enumerate() {
            y.iter_mut().zip(&to).for_each(|(y, to)| *y += to[lane]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::normals;

    #[test]
    fn zeros_at_the_ends_of_a_row_are_not_kept() {
        let rows = [(0, vec![0.0, 2.0, 0.0, 3.0, 0.0]), (4, vec![0.0]), (1, vec![1.0])];
        let bands = Bands::new(5, rows.into_iter());
        let row = |start, weights: &[f32]| Row { start, weights: weights.to_vec() };
        assert_eq!(bands.rows, [row(1, &[2.0, 0.0, 3.0]), row(0, &[]), row(1, &[1.0])]);
        let columns =
            [row(0, &[]), row(0, &[2.0, 0.0, 1.0]), row(0, &[0.0]), row(0, &[3.0]), row(0, &[])];
        assert_eq!(bands.transposed().rows, columns);
        assert_eq!(bands.transposed().transposed().outputs(), 3);
    }

    #[test]
    fn a_plane_has_the_same_bits_in_any_batch() -> Result<()> {
        let band = |inputs, outputs| {
            let row = |row: usize| (row * (inputs - 2) / outputs, vec![0.3, -1.7, 0.9]);
            Bands::new(inputs, (0..outputs).map(row))
        };
        for [(height, width), (rows, columns)] in [[(5, 7), (4, 9)], [(90, 110), (150, 140)]] {
            let term = (band(height, rows), band(width, columns));
            let both = BothSides::new("twice", vec![term.clone(), term]);
            let x = normals("x", &[300, 1, height, width])?;
            let all = both.clone().apply(&x)?;
            for (start, count) in [(0, 1), (299, 1), (7, 40)] {
                let alone = both.clone().apply(&x.narrow(0, start, count)?)?.flatten_all()?;
                let there = all.narrow(0, start, count)?.flatten_all()?;
                assert_eq!(alone.to_vec1::<f32>()?, there.to_vec1::<f32>()?, "{start}+{count}");
            }
        }
        Ok(())
    }
}
