//! Blending: whether what is measured moves steadily along a walk between two windows.

use anyhow::Result;
use generativa::data::Grid;
use generativa::metrics::correlation::spearman;
use generativa::run::evaluation::{Better, Kind, Row};
use generativa_random::Stream;
use rayon::prelude::*;

use super::row;
use super::scores::{mean, over_seeds};
use crate::data::windows;
use crate::generate::Generator;

/// Pairs of windows for each seed.
const PAIRS: usize = 100;
/// Maps along a walk, both ends included.
const STEPS: usize = 9;

/// Two windows and how they measure.
struct Pair<'a> {
    ends: [&'a Grid; 2],
    values: [&'a [f64]; 2],
}

/// A row a label: Spearman correlation of step and measured value, signed by the difference of the
/// ends, mean over the pairs whose ends differ by more than a standard deviation. At most `count`
/// pairs a seed. Beside the model a seam that moves through the two windows, which uses no model.
pub(super) fn rows(generators: &[Generator], held_out: &[Grid], count: usize) -> Result<Vec<Row>> {
    let Some(first) = generators.first() else { return Ok(Vec::new()) };
    let game = first.domain.game;
    let windows: Vec<Grid> = windows(held_out, first.domain.shape.window).collect();
    if windows.is_empty() {
        return Ok(Vec::new());
    }
    let values: Vec<Vec<f64>> = windows.iter().map(|window| game.measure(window)).collect();
    let mut rows = Vec::new();
    for (subject, kind) in [("model", Kind::Model), ("moving-seam", Kind::Baseline)] {
        // For each label and seed, the correlation of each pair that counts.
        let mut scores: Vec<Vec<Vec<f64>>> = vec![Vec::new(); first.domain.labels.len()];
        for (seed, generator) in generators.iter().enumerate() {
            let walk = |index: usize| -> Result<Vec<Option<f64>>> {
                let family = format!("maps/blending/{seed}");
                let mut stream = Stream::item(0, &family, index as u64);
                let places = [(); 2].map(|()| stream.below(windows.len()));
                let pair = Pair {
                    ends: places.map(|place| &windows[place]),
                    values: places.map(|place| values[place].as_slice()),
                };
                let [from, to] = pair.ends;
                let walk = match kind {
                    Kind::Model => generator.blend(from, to, STEPS, &mut stream)?,
                    _ => moving_seam(from, to),
                };
                let measured: Vec<Vec<f64>> = walk.iter().map(|map| game.measure(map)).collect();
                Ok(pair.monotony(&measured, &values))
            };
            let pairs = (0..count.min(PAIRS)).into_par_iter().map(walk);
            let pairs = pairs.collect::<Result<Vec<_>>>()?;
            for (label, scores) in scores.iter_mut().enumerate() {
                scores.push(pairs.iter().filter_map(|pair| pair[label]).collect());
            }
        }
        for (scale, scores) in first.domain.labels.iter().zip(&scores) {
            let metric = format!("blend-monotone-{}", scale.name);
            let target = MARKED.contains(&scale.name.as_str()).then_some(0.8);
            let row = monotony_row(&metric, scores);
            rows.extend(row.map(|row| Row { subject: subject.into(), kind, target, ..row }));
        }
    }
    Ok(rows)
}

/// Labels for which a mark is set.
const MARKED: [&str; 2] = ["density", "elevation"];

fn monotony_row(metric: &str, scores: &[Vec<f64>]) -> Option<Row> {
    let n = scores.iter().map(Vec::len).sum();
    let met = scores.iter().filter(|seed| !seed.is_empty());
    let means: Vec<f64> = met.map(|seed| mean(seed)).collect();
    let row = row(metric, "correlation", Better::Higher, mean(&scores.concat()), n);
    (n > 0).then(|| over_seeds(row, &means))
}

impl Pair<'_> {
    /// For each label the signed correlation, or `None` where the ends differ too little. `walk`:
    /// the labels of each step; `all`: of every window, for their standard deviation.
    fn monotony(&self, walk: &[Vec<f64>], all: &[Vec<f64>]) -> Vec<Option<f64>> {
        let [from, to] = self.values;
        let steps: Vec<f64> = (0..walk.len()).map(|step| step as f64).collect();
        let each = from.iter().zip(to).enumerate();
        each.map(|(label, (from, to))| {
            let of = |all: &[Vec<f64>]| all.iter().map(|labels| labels[label]).collect::<Vec<_>>();
            let difference = to - from;
            let counts = difference.abs() > deviation(&of(all));
            counts.then(|| difference.signum() * spearman(&steps, &of(walk)))
        })
        .collect()
    }
}

fn deviation(values: &[f64]) -> f64 {
    let middle = mean(values);
    let squares: Vec<f64> = values.iter().map(|value| (value - middle).powi(2)).collect();
    mean(&squares).sqrt()
}

/// The first columns of the second window and the last of the first, more of the second each step.
fn moving_seam(from: &Grid, to: &Grid) -> Vec<Grid> {
    let step = |step: usize| {
        let seam = from.width() * step / (STEPS - 1);
        let mut map = to.columns(0..seam);
        map.extend(&from.columns(seam..from.width()));
        map
    };
    (0..STEPS).map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_that_follows_its_ends_scores_one_and_one_against_them_minus_one() {
        let window = Grid::filled(1, 1, b'-');
        let pair = Pair { ends: [&window; 2], values: [&[0.0, 0.0, 5.0], &[4.0, -4.0, 5.1]] };
        let all = [vec![0.0, 0.0, 5.0], vec![4.0, -4.0, 5.1], vec![2.0, -2.0, 9.0]];
        let walk: Vec<Vec<f64>> = (0..5).map(|step| vec![f64::from(step); 3]).collect();
        // The last label differs by less than a standard deviation.
        assert_eq!(pair.monotony(&walk, &all), [Some(1.0), Some(-1.0), None]);
    }

    #[test]
    fn a_seam_begins_at_one_window_and_ends_at_the_other() {
        let (from, to) = (Grid::filled(2, 16, b'-'), Grid::filled(2, 16, b'X'));
        let walk = moving_seam(&from, &to);
        assert_eq!((walk.len(), &walk[0], &walk[STEPS - 1]), (STEPS, &from, &to));
        assert!(walk.iter().all(|map| map.width() == 16));
    }
}
