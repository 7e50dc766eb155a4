//! Sums of terms over slices, in lanes that the compiler keeps in registers.

/// Lanes of a sum, those left of them at its end, and terms of a block: fixed because they decide
/// its bits.
const LANES: usize = 32;
const LAST: usize = 8;
const BLOCK: usize = 1024;

/// `Σ terms(values)` over slices of one length, several sums at once: blocks in f32 lanes, their
/// sums in f64.
#[inline(always)]
pub(crate) fn sums_of<const SLICES: usize, const SUMS: usize>(
    slices: [&[f32]; SLICES],
    terms: impl Fn([f32; SLICES]) -> [f32; SUMS],
) -> [f64; SUMS] {
    let length = slices[0].len();
    let mut sums = [0.0; SUMS];
    for start in (0..length).step_by(BLOCK) {
        let end = length.min(start + BLOCK);
        let block = slices.map(|slice| slice[start..end].as_chunks::<LANES>());
        let mut lanes = [[0.0f32; LANES]; SUMS];
        for index in 0..block[0].0.len() {
            let values = block.map(|(chunks, _)| &chunks[index]);
            for lane in 0..LANES {
                let terms = terms(values.map(|values| values[lane]));
                lanes.iter_mut().zip(terms).for_each(|(lanes, term)| lanes[lane] += term);
            }
        }
        let mut rest = [0.0f32; SUMS];
        for index in 0..block[0].1.len() {
            let terms = terms(block.map(|(_, rest)| rest[index]));
            rest.iter_mut().zip(terms).for_each(|(rest, term)| *rest += term);
        }
        for ((sum, lanes), rest) in sums.iter_mut().zip(lanes).zip(rest) {
            *sum += f64::from(last_sum(lanes) + rest);
        }
    }
    sums
}

/// Whole registers first: all lanes one after the other would be a long chain of additions.
#[inline(always)]
fn last_sum(lanes: [f32; LANES]) -> f32 {
    let mut last = [0.0f32; LAST];
    for part in lanes.as_chunks::<LAST>().0 {
        last.iter_mut().zip(part).for_each(|(sum, lane)| *sum += lane);
    }
    last.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_take_every_term_once_whatever_the_length() {
        for length in [0, 1, 31, 32, 33, 1023, 1024, 1057, 2100] {
            let a: Vec<f32> = (0..length).map(|n| (n % 7) as f32).collect();
            let b: Vec<f32> = (0..length).map(|n| (n % 5) as f32 - 2.0).collect();
            // Whole numbers, so that no order of additions rounds.
            let expected = (0..length).map(|n| (n % 7) as f64 * ((n % 5) as f64 - 2.0)).sum();
            let [product, count] = sums_of([&a, &b], |[a, b]| [a * b, 1.0]);
            assert_eq!([product, count], [expected, length as f64]);
        }
    }
}
