//! The gradients, all heads of one group of one item a task, since they share keys and values.
//!
//! With `p` the weights of a query, `g` the gradient of its output and `s` its scores,
//! `dv = Σ p g`, `dp = g vᵀ`, `ds = p (dp − Σ p dp)`, `dq = scale · ds k`, `dk = scale · Σ ds q`.

use super::Sizes;
use super::forward::{Call, Part, QUERIES, weights};
use crate::product::{Columns, Matrix, multiply};
use crate::softmax::{largest, slope_of};

/// What one group of one item of the batch gives.
pub(super) struct HeadGradients {
    /// Those of the group's heads of the queries, one after the other, `[heads, queries, size]`.
    queries: Vec<f32>,
    /// `[keys, size]`
    keys: Vec<f32>,
    /// `[keys, width]`
    values: Vec<f32>,
}

/// Keys and values of a group of heads, packed for all of its queries.
struct Packs {
    /// `[keys, size]`
    keys: Columns,
    /// `[size, keys]`
    keys_across: Columns,
    /// `[width, keys]`
    values_across: Columns,
}

impl Call<'_> {
    /// `gradient`: that of the output, `[batch, queries, heads · width]`.
    pub(super) fn gradients(&self, gradient: &[f32], item: usize, group: usize) -> HeadGradients {
        let Sizes { queries, keys, heads, groups, size, width, .. } = self.sizes;
        let shared = heads / groups;
        let mut out = HeadGradients {
            queries: vec![0.0; shared * queries * size],
            keys: vec![0.0; keys * size],
            values: vec![0.0; keys * width],
        };
        let (own_keys, own_values) = (self.keys(item, group), self.values(item, group));
        let packs = Packs {
            keys: Columns::of(own_keys),
            keys_across: Columns::of(own_keys.transposed()),
            values_across: Columns::of(own_values.transposed()),
        };
        let mut scratch = [Vec::new(), Vec::new()];
        for head in 0..shared {
            for first in (0..queries).step_by(QUERIES) {
                let count = QUERIES.min(queries - first);
                let part = Part { item, head: group * shared + head, first, count };
                let row = (item * queries + first) * heads * width + part.head * width;
                let gradient = Matrix::new(&gradient[row..], count, width);
                let gradient = gradient.with_rows_apart(heads * width);
                self.block(part, gradient, &packs, &mut out, head, &mut scratch);
            }
        }
        out
    }

    fn block(
        &self,
        part: Part,
        gradient: Matrix<'_>,
        packs: &Packs,
        out: &mut HeadGradients,
        head: usize,
        scratch: &mut [Vec<f32>; 2],
    ) {
        let Sizes { queries, size, width, .. } = self.sizes;
        let Part { first, count, .. } = part;
        let seen = self.seen(first + count - 1);
        if seen == 0 {
            return;
        }
        let [shares, slopes] = scratch;
        shares.resize(count * seen, 0.0);
        slopes.resize(count * seen, 0.0);
        let scaled = self.queries(part);
        let scaled = Matrix::new(&scaled, count, size);
        packs.keys_across.multiply_part(shares, scaled, 0, 0..seen, false);
        self.hide(shares, part, 0);
        for row in shares.chunks_exact_mut(seen) {
            let most = largest(row);
            let most = if most == f32::NEG_INFINITY { 0.0 } else { most };
            let total = weights(row, most);
            if total > 0.0 {
                row.iter_mut().for_each(|share| *share /= total);
            }
        }
        packs.values_across.multiply_part(slopes, gradient, 0, 0..seen, false);
        let rows = shares.chunks_exact(seen).zip(slopes.chunks_exact_mut(seen));
        rows.for_each(|(share, of_share)| slope_of(of_share, share));
        let (shares, slopes) = (&*shares, &*slopes);
        let shares = Matrix::new(shares, count, seen).transposed();
        multiply(&mut out.values[..seen * width], shares, gradient, true);
        let slopes = Matrix::new(slopes, count, seen);
        multiply(&mut out.keys[..seen * size], slopes.transposed(), scaled, true);
        let of_queries = &mut out.queries[(head * queries + first) * size..][..count * size];
        packs.keys.multiply_part(of_queries, slopes, 0, 0..size, false);
        of_queries.iter_mut().for_each(|value| *value *= self.scale);
    }
}

impl HeadGradients {
    /// The gradients of queries, keys and values in their own layouts, one after the other.
    pub(super) fn together(sizes: &Sizes, parts: &[Self]) -> Vec<f32> {
        let Sizes { batch, queries, keys, heads, groups, size, width } = *sizes;
        let shared = heads / groups;
        let count = batch * (queries * heads * size + keys * groups * (size + width));
        let mut all = Vec::with_capacity(count);
        for item in parts.chunks_exact(groups) {
            for query in 0..queries {
                for head in 0..heads {
                    let place = (head % shared * queries + query) * size;
                    all.extend_from_slice(&item[head / shared].queries[place..][..size]);
                }
            }
        }
        for item in parts.chunks_exact(groups) {
            for key in 0..keys {
                item.iter().for_each(|part| all.extend(&part.keys[key * size..][..size]));
            }
        }
        for item in parts.chunks_exact(groups) {
            for key in 0..keys {
                item.iter().for_each(|part| all.extend(&part.values[key * width..][..width]));
            }
        }
        all
    }
}
