//! The innermost product: a few rows of one matrix times a panel of columns of another, with every
//! sum in a register. The only place that knows how wide the vectors of the processor are.
//!
//! An element is one chain of fused multiplications and additions over the terms in their order, so
//! its bits depend on its row and its column alone. Where the processor fuses nothing, the chain is
//! of multiplications and additions.

/// Instructions that a product can be compiled for, each with the size of its tiles: as many sums
/// as there are registers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tile {
    /// Up to 12 rows of 32 lanes.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// Up to 6 rows of 16 lanes.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Up to 6 rows of 16 lanes, for every processor of the architecture.
    Portable,
}

impl Tile {
    /// The widest that the processor has.
    pub(crate) fn widest() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if Self::Avx512.is_available() {
                return Self::Avx512;
            }
            if Self::Avx2.is_available() {
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => std::arch::is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                std::arch::is_x86_feature_detected!("avx2")
                    && std::arch::is_x86_feature_detected!("fma")
            }
            Self::Portable => true,
        }
    }

    /// Columns of a panel on the right.
    pub(crate) fn lanes(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => 32,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => 16,
            Self::Portable => 16,
        }
    }

    /// Heights of the panels on the left that `rows` rows are parted into: equal or one less, since
    /// a last panel of a few rows would leave registers idle.
    pub(crate) fn heights(self, rows: usize) -> impl Iterator<Item = usize> {
        let most = match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => 12,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => 6,
            Self::Portable => 6,
        };
        let panels = rows.div_ceil(most);
        (0..panels).map(move |panel| (rows + panel) / panels)
    }

    /// `out[row, lane] = Σ left[row, term] · right[term, lane]`, or added to `out` with `add`.
    ///
    /// `left` holds its panels one after the other, each `[terms, height]`; `right` is `[terms,
    /// lanes]`. Panics where a slice is too short or the processor lacks the instructions.
    pub(crate) fn multiply(self, out: Sums<'_>, left: &[f32], right: &[f32], add: bool) {
        assert!(self.is_available(), "{self:?} is not available");
        #[cfg(target_arch = "x86_64")]
        #[expect(unsafe_code, reason = "the processor was asked for the features")]
        match self {
            // SAFETY: avx512f is there.
            Self::Avx512 => return unsafe { x86::avx512(out, left, right, add) },
            // SAFETY: avx2 and fma are there.
            Self::Avx2 => return unsafe { x86::avx2(out, left, right, add) },
            Self::Portable => {}
        }
        portable(out, left, right, add);
    }

    /// Columns that [`multiply_seen`](Self::multiply_seen) takes: the fewer the rows, the more, so
    /// that there are sums enough to wait for. `None` where a packed panel is better.
    pub(crate) fn lanes_seen(self, rows: usize) -> Option<usize> {
        let fold = self.lanes() / 16;
        match rows {
            1 => Some(64 * fold),
            2 => Some(32 * fold),
            3 => Some(24 * fold),
            4..=6 => Some(16 * fold),
            _ => None,
        }
    }

    /// [`multiply`](Self::multiply) by values that lie elsewhere, for the few rows and the many
    /// lanes of [`lanes_seen`](Self::lanes_seen). The bits are the same.
    pub(crate) fn multiply_seen(self, out: Sums<'_>, left: &[f32], right: Seen<'_>, add: bool) {
        assert!(self.is_available(), "{self:?} is not available");
        #[cfg(target_arch = "x86_64")]
        #[expect(unsafe_code, reason = "the processor was asked for the features")]
        match self {
            // SAFETY: avx512f is there.
            Self::Avx512 => return unsafe { x86::avx512_seen(out, left, right, add) },
            // SAFETY: avx2 and fma are there.
            Self::Avx2 => return unsafe { x86::avx2_seen(out, left, right, add) },
            Self::Portable => {}
        }
        portable_seen(out, left, right, add);
    }
}

/// What stands for a panel on the right where `left` has too few rows to repay one: the lanes of a
/// term are the values of `values` from its place on.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) places: &'a [usize],
}

/// Where sums go: `rows` rows of as many values as there are lanes.
pub(crate) struct Sums<'a> {
    /// From the first of the values.
    pub(crate) values: &'a mut [f32],
    pub(crate) rows: usize,
    /// Values from one row to the next.
    pub(crate) stride: usize,
}

/// All panels of a product, each by the copy of `$panel` for its height. A row of the right side is
/// `$groups` groups of `$group` lanes.
macro_rules! product {
    ($tile:expr, $panel:ident, $groups:literal of $group:literal, [$($height:literal)*],
     $out:ident, $left:ident, $right:ident, $add:ident) => {{
        let right = $right.as_chunks::<$group>().0.as_chunks::<$groups>().0;
        let (mut values, mut left) = ($out.values, $left);
        for height in $tile.heights($out.rows) {
            let (panel_left, rest) = left.split_at(height * right.len());
            match height {
                $($height => {
                    let left = panel_left.as_chunks::<$height>().0;
                    $panel::<$height, $groups>(values, $out.stride, left, right.iter(), $add);
                })*
                _ => unreachable!("a panel is no higher"),
            }
            left = rest;
            let done = (height * $out.stride).min(values.len());
            values = &mut values[done..];
        }
    }};
}

/// The one panel of a product whose right side is seen where it lies.
macro_rules! product_seen {
    ($panel:ident, $group:literal, [$($height:literal by $groups:literal),*],
     $out:ident, $left:ident, $right:ident, $add:ident) => {
        match $out.rows {
            $($height => {
                let right = $right.places.iter().map(|&place| {
                    let groups = $right.values[place..].as_chunks::<$group>().0;
                    groups.first_chunk::<$groups>().expect("values behind the last")
                });
                let left = $left.as_chunks::<$height>().0;
                $panel::<$height, $groups>($out.values, $out.stride, left, right, $add);
            })*
            rows => unreachable!("{rows} rows repay a panel"),
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86;

/// Elsewhere than on ARM a fused multiplication may be a call of the C library.
const FUSED: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));

fn portable(out: Sums<'_>, left: &[f32], right: &[f32], add: bool) {
    product!(Tile::Portable, panel, 2 of 8, [1 2 3 4 5 6], out, left, right, add);
}

fn portable_seen(out: Sums<'_>, left: &[f32], right: Seen<'_>, add: bool) {
    product_seen!(
        panel,
        8,
        [1 by 8, 2 by 4, 3 by 3, 4 by 2, 5 by 2, 6 by 2], out, left, right, add
    );
}

#[inline(always)]
fn panel<'a, const HEIGHT: usize, const GROUPS: usize>(
    out: &mut [f32],
    stride: usize,
    left: &[[f32; HEIGHT]],
    right: impl Iterator<Item = &'a [[f32; 8]; GROUPS]>,
    add: bool,
) {
    let mut sums = [[[0.0f32; 8]; GROUPS]; HEIGHT];
    for (left, right) in left.iter().zip(right) {
        for (sums, left) in sums.iter_mut().zip(left) {
            for (sum, right) in sums.as_flattened_mut().iter_mut().zip(right.as_flattened()) {
                *sum = if FUSED { left.mul_add(*right, *sum) } else { left * right + *sum };
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        let out = &mut out[row * stride..][..8 * GROUPS];
        for (out, sum) in out.iter_mut().zip(sums.as_flattened()) {
            *out = if add { *out + sum } else { *sum };
        }
    }
}

#[cfg(test)]
mod tests;
