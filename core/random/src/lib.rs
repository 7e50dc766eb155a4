//! Named, counter-based, seeded random streams: the only source of randomness in the workspace.
//!
//! A stream is addressed by a seed, a name and an item number, so every consumer (initial weights,
//! data order, posterior noise, one generated level) owns its own and adding a consumer moves no
//! other. Draws depend on the address and on how many words were taken, never on threads or time.
//!
//! Generator: ChaCha8 (Bernstein 2008), keyed by SHA-256 of the address. Transcendental functions
//! come from `libm`, so that normals have the same bits on every platform.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// A sequence of random numbers that repeats exactly from its address.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream called `name` under `seed`.
    pub fn named(seed: u64, name: &str) -> Self {
        Self::item(seed, name, 0)
    }

    /// The stream of item `index` in the family `name`: one for each level, beat or picture, so
    /// that an item comes out the same whichever others are drawn with it.
    pub fn item(seed: u64, name: &str, index: u64) -> Self {
        let mut address = Sha256::new();
        address.update(seed.to_le_bytes());
        address.update(index.to_le_bytes());
        address.update(name.as_bytes());
        Self(ChaCha8Rng::from_seed(address.finalize().into()))
    }

    /// Words taken so far. With the address it is the whole state, so a checkpoint stores this.
    pub fn position(&self) -> u128 {
        self.0.get_word_pos()
    }

    /// Continues from a [`position`](Self::position) read earlier.
    pub fn set_position(&mut self, position: u128) {
        self.0.set_word_pos(position);
    }

    /// Uniform in `[0, 1)`, 53 random bits.
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `0..bound`, without bias (Lemire 2019, arXiv 1805.10941). `bound` must be
    /// positive.
    pub fn below(&mut self, bound: usize) -> usize {
        assert!(bound > 0, "cannot draw below 0");
        let bound = bound as u64;
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.0.next_u64()) * u128::from(bound);
            if product as u64 >= threshold {
                return (product >> 64) as usize;
            }
        }
    }

    /// True with the given probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Standard normal (Box & Muller 1958). Takes four words, always.
    pub fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform()));
        radius * libm::cos(std::f64::consts::TAU * self.uniform())
    }

    /// `count` standard normals, rounded to f32.
    pub fn normals(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.normal() as f32).collect()
    }

    /// An index drawn in proportion to `weights` (finite, not negative, at least one positive).
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let total: f64 = weights.iter().sum();
        assert!(total > 0.0 && total.is_finite(), "weights must have a positive, finite sum");
        let mut left = self.uniform() * total;
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
        // Rounding may leave a hair above the last positive weight.
        weights.iter().rposition(|&weight| weight > 0.0).expect("the sum is positive")
    }

    /// One of `items`, which must not be empty.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Fisher-Yates shuffle.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(mut stream: Stream) -> Vec<usize> {
        (0..8).map(|_| stream.below(1 << 40)).collect()
    }

    #[test]
    fn one_address_gives_one_sequence_and_another_address_another() {
        let address = || Stream::item(7, "levels", 3);
        assert_eq!(words(address()), words(address()));
        assert_ne!(words(address()), words(Stream::item(8, "levels", 3)));
        assert_ne!(words(address()), words(Stream::item(7, "weights", 3)));
        assert_ne!(words(address()), words(Stream::item(7, "levels", 4)));
    }

    #[test]
    fn a_stream_goes_on_from_its_stored_position() {
        let mut first = Stream::named(1, "noise");
        first.normals(5);
        first.below(3);
        let mut second = Stream::named(1, "noise");
        second.set_position(first.position());
        assert_eq!(words(first), words(second));
    }

    #[test]
    fn normals_have_mean_zero_variance_one_and_normal_tails() {
        let draws = Stream::named(2, "moments").normals(200_000);
        let moment = |power: i32| {
            draws.iter().map(|&x| f64::from(x).powi(power)).sum::<f64>() / draws.len() as f64
        };
        // Five standard errors of each moment.
        assert!(moment(1).abs() < 0.012, "mean {}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.016, "variance {}", moment(2));
        assert!((moment(4) - 3.0).abs() < 0.11, "fourth moment {}", moment(4));
    }

    #[test]
    fn below_is_uniform_for_a_bound_that_is_no_power_of_two() {
        let mut stream = Stream::named(3, "die");
        let mut counts = [0usize; 6];
        for _ in 0..60_000 {
            counts[stream.below(6)] += 1;
        }
        // Chi-squared with five degrees of freedom exceeds 25.7 once in ten thousand.
        let chi: f64 = counts.iter().map(|&c| (c as f64 - 1e4).powi(2) / 1e4).sum();
        assert!(chi < 25.7, "{counts:?}");
    }

    #[test]
    fn a_weight_of_zero_is_never_drawn() {
        let mut stream = Stream::named(4, "weights");
        assert!((0..10_000).all(|_| stream.weighted(&[0.0, 1.0, 0.0, 3.0, 0.0]) % 2 == 1));
    }

    #[test]
    fn a_shuffle_keeps_every_item_and_reaches_every_order() {
        let mut stream = Stream::named(5, "cards");
        let orders: std::collections::BTreeSet<Vec<u8>> = (0..200)
            .map(|_| {
                let mut cards = vec![1, 2, 3];
                stream.shuffle(&mut cards);
                cards
            })
            .collect();
        assert_eq!(orders.len(), 6);
        assert!(orders.iter().all(|order| order.iter().sum::<u8>() == 6));
    }
}
