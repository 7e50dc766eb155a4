//! Tile-pattern divergence (Lucas & Volz, GECCO 2019, with the smoothing used since): how far the
//! local patterns of generated levels are from those of real ones.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::data::Grid;

/// Keeps the logarithm finite for a pattern that is never generated.
const SMOOTHING: f64 = 1e-7;

/// The mean of [`divergence`] over patterns of 2, 3 and 4 tiles a side, in nats; 0 is best.
pub fn mean_divergence(real: &[Grid], generated: &[Grid]) -> f64 {
    [2, 3, 4].into_iter().map(|side| divergence(real, generated, side)).sum::<f64>() / 3.0
}

/// The Kullback-Leibler divergence of the `side` × `side` patterns of `real` levels from those of
/// `generated` ones, in nats; 0 is best. `side`: 1 to 4.
///
/// Sums p ln(p / r) over the patterns that occur in `real`, where p and r are the smoothed shares
/// (c + ε) / ((N + ε)(1 + ε)) with ε = 1e-7. It asks whether what is real is also generated;
/// patterns that are only generated cost nothing but the share they take. A pattern never generated
/// costs more the more was generated, so compare figures from equal numbers of tiles only.
pub fn divergence(real: &[Grid], generated: &[Grid], side: usize) -> f64 {
    let mut counts: Counts = HashMap::default();
    let mut real_total = 0usize;
    for level in real {
        for_each_pattern(level, side, |pattern| {
            counts.entry(pattern).or_default().0 += 1;
            real_total += 1;
        });
    }
    let mut generated_total = 0usize;
    for level in generated {
        for_each_pattern(level, side, |pattern| {
            generated_total += 1;
            if let Some(count) = counts.get_mut(&pattern) {
                count.1 += 1;
            }
        });
    }

    // In the order of the patterns, so that the sum has the same bits every time.
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_unstable();
    let share = |count: usize, total: usize| {
        (count as f64 + SMOOTHING) / ((total as f64 + SMOOTHING) * (1.0 + SMOOTHING))
    };
    counts
        .iter()
        .map(|&(_, (in_real, in_generated))| {
            let p = share(in_real, real_total);
            p * (p / share(in_generated, generated_total)).ln()
        })
        .sum()
}

/// For each pattern how often it occurs in real and in generated levels.
type Counts = HashMap<u128, (usize, usize), BuildHasherDefault<PatternHasher>>;

/// Calls `visit` with each `side` × `side` pattern of `level`, its symbols packed a byte each.
fn for_each_pattern(level: &Grid, side: usize, mut visit: impl FnMut(u128)) {
    assert!((1..=4).contains(&side), "patterns have 1 to 4 tiles a side, not {side}");
    let bits = 8 * side as u32;
    let rows: Vec<&[u8]> = level.rows().collect();
    for rows in rows.windows(side) {
        // One rolling word of the last `side` symbols for each row.
        let mut last = [0u32; 4];
        for column in 0..level.width() {
            for (last, row) in last.iter_mut().zip(rows) {
                *last = (*last << 8 | u32::from(row[column])) & (u32::MAX >> (32 - bits));
            }
            if column + 1 >= side {
                visit(last.iter().fold(0, |pattern, &row| pattern << 32 | u128::from(row)));
            }
        }
    }
}

/// Folds a pattern to 64 bits by two odd multipliers: patterns come from levels, not from an
/// adversary, and they are looked up millions of times.
#[derive(Default)]
struct PatternHasher(u64);

impl Hasher for PatternHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u128(u128::from(byte));
        }
    }

    fn write_u128(&mut self, pattern: u128) {
        let (high, low) = ((pattern >> 64) as u64, pattern as u64);
        let mixed = (self.0 ^ high).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) ^ low;
        // The table takes its low bits for the place and its high ones for the tag.
        let product = u128::from(mixed) * 0xd6e8_feb8_6659_fd93;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(rows: &[&str]) -> Grid {
        Grid::from_rows(rows).expect("rows of one length")
    }

    #[test]
    fn levels_do_not_diverge_from_themselves() {
        let levels = [grid(&["abcab", "bcabc", "cabca", "aabbc", "ccaab"])];
        assert!(mean_divergence(&levels, &levels).abs() < 1e-12);
    }

    #[test]
    fn two_patterns_diverge_as_two_coins_do() {
        // Single tiles: shares 1/2 and 1/2 against 1/4 and 3/4.
        let found = divergence(&[grid(&["ab"])], &[grid(&["abbb"])], 1);
        let expected = 0.5 * (0.5f64 / 0.25).ln() + 0.5 * (0.5f64 / 0.75).ln();
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }

    #[test]
    fn a_pattern_never_generated_costs_the_logarithm_of_the_smoothing() {
        let found = divergence(&[grid(&["aa", "aa"])], &[grid(&["bb", "bb"])], 2);
        assert!((found - (1.0f64 / 1e-7).ln()).abs() < 1e-5, "{found}");
    }

    #[test]
    fn a_level_has_every_pattern_at_every_place() {
        let mut patterns = Vec::new();
        for_each_pattern(&grid(&["abc", "def", "ghi"]), 2, |pattern| patterns.push(pattern));
        let expected = ["abde", "bcef", "degh", "efhi"].map(|text| {
            let symbol = |at: usize| u128::from(text.as_bytes()[at]);
            (symbol(0) << 104) | (symbol(1) << 96) | (symbol(2) << 72) | (symbol(3) << 64)
        });
        assert_eq!(patterns, expected);
        for_each_pattern(&grid(&["abc", "def"]), 3, |_| panic!("a level lower than the pattern"));
    }
}
