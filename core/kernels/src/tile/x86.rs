//! Tiles of AVX2 and AVX-512, by intrinsics: of arrays the compiler made vectors for some sizes of a
//! tile and single values for others, at a seventh of the speed.

use std::arch::x86_64::*;

use super::{Seen, Sums, Tile};

/// A panel whose sums are vectors of `$lanes` values.
macro_rules! panel {
    ($name:ident, $feature:literal, $lanes:literal, $zero:ident, $load:ident, $store:ident,
     $set:ident, $fused:ident, $add:ident) => {
        #[target_feature(enable = $feature)]
        #[inline]
        fn $name<'a, const HEIGHT: usize, const GROUPS: usize>(
            out: &mut [f32],
            stride: usize,
            left: &[[f32; HEIGHT]],
            right: impl Iterator<Item = &'a [[f32; $lanes]; GROUPS]>,
            add: bool,
        ) {
            let mut sums = [[$zero(); GROUPS]; HEIGHT];
            for (left, right) in left.iter().zip(right) {
                let mut seen = [$zero(); GROUPS];
                for (seen, right) in seen.iter_mut().zip(right) {
                    #[expect(unsafe_code, reason = "the intrinsic takes a pointer")]
                    // SAFETY: as many values are there; the load asks for no alignment.
                    unsafe {
                        *seen = $load(right.as_ptr());
                    }
                }
                for (sums, left) in sums.iter_mut().zip(left) {
                    let left = $set(*left);
                    for (sum, seen) in sums.iter_mut().zip(seen) {
                        *sum = $fused(left, seen, *sum);
                    }
                }
            }
            for (row, sums) in sums.iter().enumerate() {
                let out = out[row * stride..].as_chunks_mut::<$lanes>().0;
                let out = out.first_chunk_mut::<GROUPS>().expect("a row for every sum");
                for (out, sum) in out.iter_mut().zip(sums) {
                    #[expect(unsafe_code, reason = "the intrinsics take pointers")]
                    // SAFETY: there is room for as many values; neither asks for alignment.
                    unsafe {
                        let sum = if add { $add($load(out.as_ptr()), *sum) } else { *sum };
                        $store(out.as_mut_ptr(), sum);
                    }
                }
            }
        }
    };
}

panel!(
    panel_of_8,
    "avx2,fma",
    8,
    _mm256_setzero_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_set1_ps,
    _mm256_fmadd_ps,
    _mm256_add_ps
);
panel!(
    panel_of_16,
    "avx512f",
    16,
    _mm512_setzero_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_set1_ps,
    _mm512_fmadd_ps,
    _mm512_add_ps
);

#[target_feature(enable = "avx2,fma")]
pub(super) fn avx2(out: Sums<'_>, left: &[f32], right: &[f32], add: bool) {
    product!(Tile::Avx2, panel_of_8, 2 of 8, [1 2 3 4 5 6], out, left, right, add);
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn avx2_seen(out: Sums<'_>, left: &[f32], right: Seen<'_>, add: bool) {
    product_seen!(
        panel_of_8, 8, [1 by 8, 2 by 4, 3 by 3, 4 by 2, 5 by 2, 6 by 2], out, left, right, add
    );
}

#[target_feature(enable = "avx512f")]
pub(super) fn avx512(out: Sums<'_>, left: &[f32], right: &[f32], add: bool) {
    product!(
        Tile::Avx512, panel_of_16, 2 of 16, [1 2 3 4 5 6 7 8 9 10 11 12], out, left, right, add
    );
}

#[target_feature(enable = "avx512f")]
pub(super) fn avx512_seen(out: Sums<'_>, left: &[f32], right: Seen<'_>, add: bool) {
    product_seen!(
        panel_of_16, 16, [1 by 8, 2 by 4, 3 by 3, 4 by 2, 5 by 2, 6 by 2], out, left, right, add
    );
}
