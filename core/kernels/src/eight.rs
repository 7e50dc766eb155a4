//! Vectors of eight values, and eight of them exchanged for their columns.

use std::arch::x86_64::*;

/// A vector of eight values.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn load(values: &[f32; 8]) -> __m256 {
    #[expect(unsafe_code, reason = "the intrinsic takes a pointer")]
    // SAFETY: eight values are there; the load asks for no alignment.
    unsafe {
        _mm256_loadu_ps(values.as_ptr())
    }
}

/// Its values.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn store(vector: __m256) -> [f32; 8] {
    let mut values = [0.0; 8];
    #[expect(unsafe_code, reason = "the intrinsic takes a pointer")]
    // SAFETY: there is room for eight values; the store asks for no alignment.
    unsafe {
        _mm256_storeu_ps(values.as_mut_ptr(), vector);
    }
    values
}

/// Eight rows of eight as columns.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn transposed(rows: [__m256; 8]) -> [__m256; 8] {
    // Pairs of rows, then quadruples, then the halves of all.
    let low = |a, b| _mm256_castps_pd(_mm256_unpacklo_ps(a, b));
    let high = |a, b| _mm256_castps_pd(_mm256_unpackhi_ps(a, b));
    let [a, b, c, d, e, f, g, h] = rows;
    let pairs = [
        [low(a, b), high(a, b)],
        [low(c, d), high(c, d)],
        [low(e, f), high(e, f)],
        [low(g, h), high(g, h)],
    ];
    let low = |a, b| _mm256_castpd_ps(_mm256_unpacklo_pd(a, b));
    let high = |a, b| _mm256_castpd_ps(_mm256_unpackhi_pd(a, b));
    let four = |[[a, b], [c, d]]: [[__m256d; 2]; 2]| [low(a, c), high(a, c), low(b, d), high(b, d)];
    let [upper, lower] = [four([pairs[0], pairs[1]]), four([pairs[2], pairs[3]])];
    let low = |row: usize| _mm256_permute2f128_ps::<0x20>(upper[row], lower[row]);
    let high = |row: usize| _mm256_permute2f128_ps::<0x31>(upper[row], lower[row]);
    // Not by `from_fn`, whose copy for these closures is compiled for every processor.
    [low(0), low(1), low(2), low(3), high(0), high(1), high(2), high(3)]
}
