//! The output, one head of one block of queries a task.

use rayon::prelude::*;

use super::Sizes;
use crate::product::{Columns, Matrix, TERMS};
use crate::softmax::{LANES, largest, power};
use crate::vector::widest_fn;

/// Queries of a task: rows enough for a product, and tasks enough where there is one short item.
pub(super) const QUERIES: usize = 64;
/// Keys of a block: their scores of as many queries fit the second cache.
const KEYS: usize = 2 * TERMS;

/// Operands of one call.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) sizes: Sizes,
    pub(super) scale: f32,
    pub(super) causal: bool,
    pub(super) q: &'a [f32],
    pub(super) k: &'a [f32],
    pub(super) v: &'a [f32],
    /// Values and their leading dimensions: batch, heads, queries, each 1 for all.
    pub(super) bias: Option<(&'a [f32], [usize; 3])>,
}

/// One head of some queries of one item of the batch.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) item: usize,
    pub(super) head: usize,
    /// The first query.
    pub(super) first: usize,
    /// Number of queries.
    pub(super) count: usize,
}

impl<'a> Call<'a> {
    /// `[batch, queries, heads · width]`.
    pub(super) fn output(&self) -> Vec<f32> {
        let Sizes { batch, queries, heads, groups, width, .. } = self.sizes;
        let blocks = queries.div_ceil(QUERIES);
        let part = |task: usize| {
            let first = task % blocks * QUERIES;
            let count = QUERIES.min(queries - first);
            Part { item: task / blocks / heads, head: task / blocks % heads, first, count }
        };
        let packs = (0..batch * groups).into_par_iter();
        let packs = packs.map(|pack| Packs::new(self, pack / groups, pack % groups));
        let packs: Vec<Packs> = packs.collect();
        let tasks = (0..batch * heads * blocks).into_par_iter().map(|task| {
            let part = part(task);
            self.head(part, &packs[part.item * groups + part.head / (heads / groups)])
        });
        let parts: Vec<Vec<f32>> = tasks.collect();
        let mut y = vec![0.0; batch * queries * heads * width];
        y.par_chunks_mut((heads * width).max(1)).enumerate().for_each(|(row, y)| {
            let (item, query) = (row / queries, row % queries);
            for (head, y) in y.chunks_exact_mut(width).enumerate() {
                let part = &parts[(item * heads + head) * blocks + query / QUERIES];
                y.copy_from_slice(&part[query % QUERIES * width..][..width]);
            }
        });
        y
    }

    /// The output of a part, `[count, width]`.
    fn head(&self, part: Part, packs: &Packs) -> Vec<f32> {
        let (Sizes { size, width, .. }, count) = (self.sizes, part.count);
        let queries = self.queries(part);
        let mut state = Rows::new(count, width);
        let mut scores = vec![0.0; count * KEYS.min(self.sizes.keys)];
        let seen = self.seen(part.first + count - 1);
        for start in (0..seen).step_by(KEYS) {
            let block = KEYS.min(seen - start);
            let scores = &mut scores[..count * block];
            let queries = Matrix::new(&queries, count, size);
            packs.keys.multiply_part(scores, queries, 0, start..start + block, false);
            self.hide(scores, part, start);
            state.take(scores);
            let scores = Matrix::new(scores, count, block);
            packs.values.multiply_part(&mut state.sums, scores, start, 0..width, true);
        }
        state.finish()
    }

    /// Keys that a query sees, counted from the first.
    pub(super) fn seen(&self, query: usize) -> usize {
        let Sizes { queries, keys, .. } = self.sizes;
        if self.causal { (keys + query + 1).saturating_sub(queries) } else { keys }
    }

    /// The queries of a part, times the scale, `[count, size]`.
    pub(super) fn queries(&self, part: Part) -> Vec<f32> {
        let Sizes { queries, heads, size, .. } = self.sizes;
        let rows = &self.q[(part.item * queries + part.first) * heads * size..];
        let rows = rows.chunks_exact(heads * size).take(part.count);
        let mut scaled = Vec::with_capacity(part.count * size);
        for row in rows {
            scaled.extend(row[part.head * size..][..size].iter().map(|value| value * self.scale));
        }
        scaled
    }

    /// The keys of a group of heads, `[keys, size]`.
    pub(super) fn keys(&self, item: usize, group: usize) -> Matrix<'a> {
        self.of_group(self.k, item, group, self.sizes.size)
    }

    /// The values of a group of heads, `[keys, width]`.
    pub(super) fn values(&self, item: usize, group: usize) -> Matrix<'a> {
        self.of_group(self.v, item, group, self.sizes.width)
    }

    fn of_group(&self, values: &'a [f32], item: usize, group: usize, width: usize) -> Matrix<'a> {
        let Sizes { keys, groups, .. } = self.sizes;
        let start = (item * keys * groups + group) * width;
        Matrix::new(&values[start..], keys, width).with_rows_apart(groups * width)
    }

    /// Adds the bias to the scores of the keys from `start`, `[count, ..]`, and minus infinity to
    /// those of keys that a query does not see.
    pub(super) fn hide(&self, scores: &mut [f32], part: Part, start: usize) {
        let block = scores.len() / part.count;
        for (row, scores) in scores.chunks_exact_mut(block).enumerate() {
            let query = part.first + row;
            if let Some((bias, [batch, heads, queries])) = self.bias {
                // A dimension of 1 is the same for all.
                let row = (part.item % batch * heads + part.head % heads) * queries;
                let row = (row + query % queries) * self.sizes.keys + start;
                scores.iter_mut().zip(&bias[row..]).for_each(|(score, bias)| *score += bias);
            }
            if let Some(hidden) = scores.get_mut(self.seen(query).saturating_sub(start)..) {
                hidden.fill(f32::NEG_INFINITY);
            }
        }
    }
}

/// Keys and values of a group of heads, packed for all of its queries.
struct Packs {
    /// `[size, keys]`
    keys: Columns,
    /// `[keys, width]`
    values: Columns,
}

impl Packs {
    fn new(call: &Call<'_>, item: usize, group: usize) -> Self {
        let keys = Columns::of(call.keys(item, group).transposed());
        Self { keys, values: Columns::of(call.values(item, group)) }
    }
}

/// What the blocks so far gave to some queries.
struct Rows {
    /// The largest score of each.
    most: Vec<f32>,
    /// The sum of `e^(score − most)` of each.
    totals: Vec<f32>,
    /// The values, weighted by `e^(score − most)` and summed, `[rows, width]`.
    sums: Vec<f32>,
    width: usize,
}

impl Rows {
    fn new(count: usize, width: usize) -> Self {
        let (most, totals) = (vec![f32::NEG_INFINITY; count], vec![0.0; count]);
        Self { most, totals, sums: vec![0.0; count * width], width }
    }

    /// Makes weights of a block's scores and brings what was summed so far to their scale.
    fn take(&mut self, scores: &mut [f32]) {
        let block = scores.len() / self.most.len();
        let rows = scores.chunks_exact_mut(block).zip(self.sums.chunks_exact_mut(self.width));
        let state = self.most.iter_mut().zip(&mut self.totals);
        for ((scores, sums), (most, total)) in rows.zip(state) {
            let before = *most;
            *most = largest(scores).max(before);
            if *most == f32::NEG_INFINITY {
                scores.fill(0.0); // nothing seen yet
                continue;
            }
            let factor = power(before - *most);
            *total = *total * factor + weights(scores, *most);
            if factor != 1.0 {
                sums.iter_mut().for_each(|sum| *sum *= factor);
            }
        }
    }

    fn finish(mut self) -> Vec<f32> {
        for (sums, total) in self.sums.chunks_exact_mut(self.width).zip(&self.totals) {
            if *total > 0.0 {
                sums.iter_mut().for_each(|sum| *sum /= total);
            }
        }
        self.sums
    }
}

widest_fn! {
    /// Makes `e^(score − most)` of scores and returns their sum, in lanes, so that hidden scores at
    /// the end of a row change no bit.
    pub(super) fn weights(scores: &mut [f32], most: f32) -> f32 = weights_inline(scores, most)
}

#[inline(always)]
fn weights_inline(scores: &mut [f32], most: f32) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (blocks, rest) = scores.as_chunks_mut::<LANES>();
    for block in blocks {
        for (score, lane) in block.iter_mut().zip(&mut lanes) {
            *score = power(*score - most);
            *lane += *score;
        }
    }
    for (score, lane) in rest.iter_mut().zip(&mut lanes) {
        *score = power(*score - most);
        *lane += *score;
    }
    lanes.iter().sum()
}
