//! Days of history by how they stood before they began, and draws from those most like a state: the
//! nearest-neighbour bootstrap of Lall & Sharma 1996 (Water Resources Research 32, 679).

use generativa_random::Stream;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::k_d_tree::KdTree;

/// Values beyond it, in deviations, count as this large: one crash must not pass for chance everywhere.
const LARGEST: f64 = 4.0;
/// Deviations that local mean squares must differ by more than chance, to be kept.
const DEVIATIONS: f64 = 2.0;

/// How near days must be.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Locality {
    /// Days that a shock is drawn from, those most like the simulated one.
    pub neighbours: usize,
    /// Days of history that count as much as a standard deviation of the state.
    pub era: f64,
    /// Days that a path stays in one era, on average.
    pub stay: f64,
}

/// The states of `N` coordinates before each day of a history, in units in which they are as near
/// as they are alike.
#[derive(Clone, Debug)]
pub(super) struct LikeDays<const N: usize> {
    count: usize,
    tree: KdTree<N>,
    neighbours: usize,
    /// The days nearest to each, `neighbours` of them a day.
    nearest: Vec<u32>,
}

/// A day that was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    /// The day that the state is most like.
    pub(super) like: usize,
    /// The one of those around it.
    pub(super) day: usize,
}

impl<const N: usize> LikeDays<N> {
    /// Of these states, at least one, each with so many neighbours, itself among them; all, where
    /// there are fewer.
    pub(super) fn new(states: &[[f32; N]], neighbours: usize) -> Self {
        let tree = KdTree::new(states);
        let neighbours = neighbours.clamp(1, states.len());
        let nearest: Vec<Vec<u32>> =
            states.par_iter().map(|state| tree.nearest_few(state, neighbours)).collect();
        Self { count: states.len(), tree, neighbours, nearest: nearest.concat() }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// One of the days around the one that `state` is most like.
    pub(super) fn draw(&self, state: &[f32; N], stream: &mut Stream) -> Drawn {
        let like = self.tree.nearest(state);
        let day = self.nearest[like * self.neighbours + stream.below(self.neighbours)] as usize;
        Drawn { like, day }
    }

    /// What the values around each day are to be multiplied by, so that their mean square is that of
    /// all; 1 everywhere where mean squares differ from place to place by more than chance.
    ///
    /// The mean square of a few heavy-tailed values is uncertain by a fifth and more, and whoever draws
    /// from them repeats that error whenever a path comes by. Whether there is more behind it is told by
    /// how far the mean squares of all places lie apart, against what the spread of the values lets
    /// expect: a preliminary test (Bancroft 1944, Annals of Mathematical Statistics 15, 190), with one
    /// chance in 44 to keep what is none.
    pub(super) fn size_factors(&self, values: &[f64]) -> Vec<f64> {
        let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
        let variance = |of: &[f64], around: f64| {
            of.iter().map(|one| (one - around).powi(2)).sum::<f64>() / of.len() as f64
        };
        let mut squares: Vec<f64> = values.iter().map(|value| value * value).collect();
        let most = LARGEST * LARGEST * mean(&squares);
        squares.iter_mut().for_each(|square| *square = square.min(most));
        let all = mean(&squares);
        let around = |days: &[u32]| {
            days.iter().map(|day| squares[*day as usize]).sum::<f64>() / days.len() as f64
        };
        let local: Vec<f64> = self.nearest.chunks_exact(self.neighbours).map(around).collect();
        let by_chance = variance(&squares, all) / self.neighbours as f64;
        // So many places share no day.
        let apart = (values.len() as f64 / self.neighbours as f64).max(1.0);
        if variance(&local, all) > by_chance * (1.0 + DEVIATIONS * (2.0 / apart).sqrt()) {
            return vec![1.0; local.len()];
        }
        let factor = |one: f64| if one > 0.0 { (all / one).sqrt() } else { 1.0 };
        local.into_iter().map(factor).collect()
    }
}

/// What each coordinate of `states` is multiplied by, so that it has a standard deviation of its
/// weight; 0 for one that never changes.
pub(super) fn scales<const N: usize>(states: &[[f64; N]], weights: [f64; N]) -> [f64; N] {
    let count = states.len() as f64;
    std::array::from_fn(|at| {
        let mean = states.iter().map(|state| state[at]).sum::<f64>() / count;
        let square = states.iter().map(|state| (state[at] - mean).powi(2)).sum::<f64>();
        let deviation = (square / count).sqrt();
        if deviation > 0.0 { weights[at] / deviation } else { 0.0 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_the_days_nearest_to_the_one_that_a_state_is_most_like() {
        let mut stream = Stream::named(1, "states");
        let states: Vec<[f32; 3]> =
            (0..300).map(|_| std::array::from_fn(|_| stream.normal() as f32)).collect();
        let days = LikeDays::new(&states, 7);
        let apart = |a: &[f32; 3], b: &[f32; 3]| -> f32 {
            a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
        };
        for _ in 0..50 {
            let to = std::array::from_fn(|_| stream.normal() as f32);
            let nearest = |to: &[f32; 3]| -> Vec<usize> {
                let mut all: Vec<usize> = (0..300).collect();
                all.sort_by(|&a, &b| apart(&states[a], to).total_cmp(&apart(&states[b], to)));
                all
            };
            let around = &nearest(&states[nearest(&to)[0]])[..7];
            let drawn: Vec<usize> = (0..100).map(|_| days.draw(&to, &mut stream).day).collect();
            assert!(drawn.iter().all(|day| around.contains(day)), "{drawn:?} {around:?}");
            assert!(around.iter().all(|day| drawn.contains(day)), "{drawn:?} {around:?}");
        }
    }

    #[test]
    fn sizes_that_differ_by_chance_become_one_size_and_those_of_a_state_are_kept() {
        let mut stream = Stream::named(2, "sizes");
        let states: Vec<[f32; 1]> = (0..4000).map(|_| [stream.normal() as f32]).collect();
        let days = LikeDays::new(&states, 50);
        let plain: Vec<f64> = (0..4000).map(|_| stream.normal()).collect();
        let factors = days.size_factors(&plain);
        let all = plain.iter().map(|x| x * x).sum::<f64>() / 4000.0;
        let off = |(around, factor): (&[u32], &f64)| {
            let square = around.iter().map(|day| plain[*day as usize].powi(2)).sum::<f64>() / 50.0;
            (factor * factor * square / all - 1.0).abs() > 0.02
        };
        // But for those around the few that are cut off.
        let off = days.nearest.chunks_exact(50).zip(&factors).filter(|pair| off(*pair)).count();
        assert!(off < 200, "{off}");
        // By chance they differ by a tenth of a size.
        assert!(factors.iter().any(|factor| (factor - 1.0).abs() > 0.1));
        let wild = |(state, x): (&[f32; 1], &f64)| if state[0] > 0.0 { 1.5 * x } else { *x };
        let of_state: Vec<f64> = states.iter().zip(&plain).map(wild).collect();
        assert!(days.size_factors(&of_state).iter().all(|factor| *factor == 1.0));
        assert!(days.size_factors(&[0.0; 4000]).iter().all(|factor| *factor == 1.0));
    }

    #[test]
    fn a_coordinate_has_the_deviation_of_its_weight_and_one_that_rests_counts_nothing() {
        let scales = scales(&[[1.0, 5.0], [3.0, 5.0]], [0.5, 1.0]);
        assert_eq!(scales, [0.5, 0.0]);
    }
}
