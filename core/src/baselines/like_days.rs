//! Days of history by how they stood before they began, and draws from those most like a state: the
//! nearest-neighbour bootstrap of Lall & Sharma 1996 (Water Resources Research 32, 679).

use generativa_random::Stream;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::k_d_tree::KdTree;

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
    pub(super) fn draw(&self, state: &[f32; N], stream: &mut Stream) -> usize {
        let like = self.tree.nearest(state);
        self.nearest[like * self.neighbours + stream.below(self.neighbours)] as usize
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
            let drawn: Vec<usize> = (0..100).map(|_| days.draw(&to, &mut stream)).collect();
            assert!(drawn.iter().all(|day| around.contains(day)), "{drawn:?} {around:?}");
            assert!(around.iter().all(|day| drawn.contains(day)), "{drawn:?} {around:?}");
        }
    }

    #[test]
    fn a_coordinate_has_the_deviation_of_its_weight_and_one_that_rests_counts_nothing() {
        let scales = scales(&[[1.0, 5.0], [3.0, 5.0]], [0.5, 1.0]);
        assert_eq!(scales, [0.5, 0.0]);
    }
}
