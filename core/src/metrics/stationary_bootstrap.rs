//! The stationary bootstrap (Politis & Romano 1994): blocks of a series, of geometrically
//! distributed lengths, from random starts, one after another.

use generativa_random::Stream;

/// `count` places in a series of `length` days. A block starts anywhere, runs on round the end of
/// the series, and gives way to the next with probability `1 / mean_block` (at least 1) a day.
pub fn stationary_places(
    length: usize,
    count: usize,
    mean_block: f64,
    stream: &mut Stream,
) -> Vec<usize> {
    assert!(length > 0, "a bootstrap needs at least one day");
    assert!(mean_block >= 1.0, "a block has at least one day, not {mean_block}");
    let mut place = stream.below(length);
    let next = |day: usize| {
        if day > 0 {
            let fresh = stream.chance(1.0 / mean_block);
            place = if fresh { stream.below(length) } else { (place + 1) % length };
        }
        place
    };
    (0..count).map(next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_run_on_for_their_mean_length_and_reach_every_day_alike() {
        let places = stationary_places(100, 200_000, 20.0, &mut Stream::named(1, "blocks"));
        let breaks = places.windows(2).filter(|pair| pair[1] != (pair[0] + 1) % 100).count();
        // One block in a hundred goes on where the last one ended, by chance. Five deviations.
        assert!((breaks as f64 - 9_900.0).abs() < 490.0, "{breaks}");
        let mut visits = [0usize; 100];
        places.iter().for_each(|&place| visits[place] += 1);
        assert!(visits.iter().all(|&visits| (1_500..2_500).contains(&visits)), "{visits:?}");
    }

    #[test]
    fn blocks_of_one_day_are_independent_draws() {
        let mut stream = Stream::named(2, "days");
        let expected: Vec<usize> = (0..50)
            .map(|day| {
                // The draw that asks whether a new block starts, which it always does.
                if day > 0 {
                    stream.uniform();
                }
                stream.below(7)
            })
            .collect();
        assert_eq!(stationary_places(7, 50, 1.0, &mut Stream::named(2, "days")), expected);
    }
}
