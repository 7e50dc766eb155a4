//! One row times a matrix: `y[n] = Σ x[k] · weight[n, k]`, bound by how fast the weight is read.
//!
//! A product of many rows sums each element over `k` in order, in blocks, with fused
//! multiplications. Here eight outputs stand side by side in a vector and their sums go in the same
//! order, so a row alone has the bits that it has among others.

use std::arch::x86_64::*;

use rayon::prelude::*;

use crate::eight::{load, store, transposed};

/// Outputs of a task.
const OUTPUTS: usize = 256;

/// Whether [`row_times`] can run here.
pub(crate) fn is_available() -> bool {
    std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
}

/// Adds `x · weightᵀ` to `y`; `weight` is `[y.len(), x.len()]`. `block`: terms after which a sum is
/// added to `y` and begun anew. Panics where lengths do not fit or [`is_available`] says no.
pub(crate) fn row_times(y: &mut [f32], x: &[f32], weight: &[f32], block: usize) {
    assert!(is_available() && weight.len() == y.len() * x.len() && block > 0, "lengths do not fit");
    if x.is_empty() {
        return;
    }
    let tasks = y.par_chunks_mut(OUTPUTS).zip(weight.par_chunks(OUTPUTS * x.len()));
    tasks.for_each(|(y, weight)| {
        #[expect(unsafe_code, reason = "the processor was asked for the features")]
        // SAFETY: avx2 and fma are there.
        unsafe {
            outputs(y, x, weight, block);
        }
    });
}

#[target_feature(enable = "avx2,fma")]
fn outputs(y: &mut [f32], x: &[f32], weight: &[f32], block: usize) {
    let inner = x.len();
    let (eights, rest) = y.as_chunks_mut::<8>();
    let done = eights.len() * 8;
    for (y, rows) in eights.iter_mut().zip(weight.chunks_exact(8 * inner)) {
        let mut start = 0;
        while start < inner {
            let count = block.min(inner - start);
            let sums = eight(rows, &x[start..start + count], inner, start);
            for (y, sum) in y.iter_mut().zip(sums) {
                *y += sum;
            }
            start += count;
        }
    }
    for (y, row) in rest.iter_mut().zip(weight[done * inner..].chunks_exact(inner)) {
        for (x, row) in x.chunks(block).zip(row.chunks(block)) {
            *y += x.iter().zip(row).fold(0.0f32, |sum, (x, w)| x.mul_add(*w, sum));
        }
    }
}

/// Asks for a line of the cache.
#[inline(always)]
fn fetch(place: *const f32) {
    #[expect(unsafe_code, reason = "a hint")]
    // SAFETY: a hint may name any address.
    unsafe {
        _mm_prefetch::<_MM_HINT_T0>(place.cast());
    }
}

/// The sums of eight rows, `inner` values apart, over the terms from `start`.
#[target_feature(enable = "avx2,fma")]
fn eight(rows: &[f32], x: &[f32], inner: usize, start: usize) -> [f32; 8] {
    let row = |index: usize| &rows[index * inner + start..][..x.len()];
    let rows: [&[f32]; 8] = std::array::from_fn(row);
    let mut sums = _mm256_setzero_ps();
    let (blocks, rest) = x.as_chunks::<8>();
    for (index, x) in blocks.iter().enumerate() {
        if index % 2 == 0 {
            // A processor fetches ahead within a page of memory: here are eight rows, each about
            // to end, and the next eight follow.
            rows.iter().for_each(|row| fetch(row[8 * index..].as_ptr().wrapping_add(8 * inner)));
        }
        let columns = transposed(rows.map(|row| load(&row.as_chunks::<8>().0[index])));
        for (x, column) in x.iter().zip(columns) {
            sums = _mm256_fmadd_ps(_mm256_set1_ps(*x), column, sums);
        }
    }
    let mut sums = store(sums);
    for (sum, row) in sums.iter_mut().zip(rows) {
        let last = &row[row.len() - rest.len()..];
        *sum = rest.iter().zip(last).fold(*sum, |sum, (x, w)| x.mul_add(*w, sum));
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::{Matrix, TERMS, multiply};

    #[test]
    fn a_row_alone_has_the_bits_of_the_general_product() {
        if !is_available() {
            return;
        }
        let noise = |name| generativa_random::Stream::named(0, name);
        for (outputs, inner) in [(1, 1), (8, 8), (9, 515), (300, 1030), (17, 7), (2, 1536)] {
            let x = noise("x").normals(inner);
            let weight = noise("weight").normals(outputs * inner);
            let mut fast = noise("bias").normals(outputs);
            let mut slow = fast.clone();
            row_times(&mut fast, &x, &weight, TERMS);
            let weight = Matrix::new(&weight, outputs, inner).transposed();
            multiply(&mut slow, Matrix::new(&x, 1, inner), weight, true);
            assert_eq!(fast, slow, "{inner} -> {outputs}");
        }
    }
}
