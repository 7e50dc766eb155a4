//! One tree: the cut that gains most comes first, until there are enough leaves.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::BoostedTreesConfig;
use super::bins::Bins;
use super::loss::Slope;

/// Leaves of less curvature than this say nothing.
const LEAST_HESSIAN: f64 = 1e-3;
/// Columns that a task looks through, to repay its start.
const COLUMNS: usize = 8;

/// Nodes, the root first.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(super) struct Tree(Vec<Node>);

#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
enum Node {
    /// Rows up to `at` in `column` go to `below`, the others to the node after it.
    Cut { column: usize, at: f64, below: usize },
    /// What is added to a prediction.
    Leaf(f64),
}

impl Tree {
    /// What the tree adds to the prediction of `row`.
    pub(super) fn value(&self, row: &[f64]) -> f64 {
        let mut place = 0;
        loop {
            match self.0[place] {
                Node::Cut { column, at, below } => {
                    place = if row[column] <= at { below } else { below + 1 };
                }
                Node::Leaf(value) => return value,
            }
        }
    }
}

/// What all trees have in common.
#[derive(Clone, Copy)]
pub(super) struct Learner<'a> {
    pub(super) bins: &'a Bins,
    pub(super) config: &'a BoostedTreesConfig,
}

/// Sums over rows.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    gradient: f64,
    hessian: f64,
    rows: usize,
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.gradient += other.gradient;
        self.hessian += other.hessian;
        self.rows += other.rows;
    }

    fn without(self, other: Self) -> Self {
        Self {
            gradient: self.gradient - other.gradient,
            hessian: self.hessian - other.hessian,
            rows: self.rows - other.rows,
        }
    }

    /// The step that lowers the loss of these rows most (Chen & Guestrin 2016, equation 5).
    fn value(self) -> f64 {
        // As in scikit-learn: no division by nothing.
        -self.gradient / (self.hessian + 1e-15)
    }

    /// Twice what that step takes from the loss (equation 6).
    fn gain(self) -> f64 {
        -self.gradient * self.value()
    }
}

/// The best way to part a node.
#[derive(Clone, Copy, Debug)]
struct Cut {
    gain: f64,
    column: usize,
    /// Rows of this bin and those before it go below.
    bin: u8,
    below: Sums,
}

/// Sums of every bin of a column.
type Histogram = Vec<Sums>;

/// A node that may still be cut.
struct Open {
    /// Where it stands in the tree.
    place: usize,
    rows: Vec<u32>,
    sums: Sums,
    histograms: Vec<Histogram>,
    cut: Cut,
}

impl Learner<'_> {
    /// The tree for rows of these slopes; what it says of every row is added to `predictions`.
    pub(super) fn grow(&self, slopes: &[Slope], predictions: &mut [f64]) -> Tree {
        let rows: Vec<u32> = (0..slopes.len() as u32).collect();
        let columns = 0..self.bins.bins.len();
        let histograms: Vec<Histogram> = columns
            .into_par_iter()
            .with_min_len(COLUMNS)
            .map(|column| self.histogram(column, &rows, slopes))
            .collect();
        let mut sums = Sums::default();
        histograms[0].iter().for_each(|&bin| sums.add(bin));
        let cut = best(histograms.iter().enumerate().map(|(c, h)| self.cut(c, h, sums)));

        let mut tree = Tree(vec![Node::Leaf(0.0)]);
        let mut leaves: Vec<(usize, Vec<u32>, Sums)> = Vec::new();
        let mut open: Vec<Open> = Vec::new();
        match cut {
            Some(cut) => open.push(Open { place: 0, rows, sums, histograms, cut }),
            None => leaves.push((0, rows, sums)),
        }
        while let Some(next) = most(&open) {
            let Open { place, rows, sums, histograms, cut } = open.remove(next);
            let below = tree.0.len();
            let at = self.bins.thresholds[cut.column][usize::from(cut.bin)];
            tree.0[place] = Node::Cut { column: cut.column, at, below };
            tree.0.extend([Node::Leaf(0.0); 2]);
            let bins = &self.bins.bins[cut.column];
            let (low, high): (Vec<u32>, Vec<u32>) =
                rows.into_iter().partition(|&row| bins[row as usize] <= cut.bin);
            let sides = [(low, cut.below), (high, sums.without(cut.below))];
            let last = leaves.len() + open.len() + 2 >= self.config.leaves;
            let parts = if last { None } else { Some(self.part(histograms, &sides, slopes)) };
            let parts = parts.map_or([None, None], |parts| parts.map(Some));
            for (side, ((rows, sums), part)) in sides.into_iter().zip(parts).enumerate() {
                let place = below + side;
                match part {
                    Some((histograms, Some(cut))) => {
                        open.push(Open { place, rows, sums, histograms, cut });
                    }
                    _ => leaves.push((place, rows, sums)),
                }
            }
            if last {
                leaves.extend(open.drain(..).map(|node| (node.place, node.rows, node.sums)));
            }
        }
        for (place, rows, sums) in leaves {
            // A tree without a cut says nothing, as in scikit-learn.
            let value = if place == 0 { 0.0 } else { self.config.learning_rate * sums.value() };
            tree.0[place] = Node::Leaf(value);
            rows.iter().for_each(|&row| predictions[row as usize] += value);
        }
        tree
    }

    /// Histograms of both sides of a cut, and how each is best cut on. The smaller side is counted,
    /// the other is what is left of their node's.
    fn part(
        &self,
        histograms: Vec<Histogram>,
        sides: &[(Vec<u32>, Sums); 2],
        slopes: &[Slope],
    ) -> [(Vec<Histogram>, Option<Cut>); 2] {
        let smaller = usize::from(sides[0].0.len() >= sides[1].0.len());
        let column = |(column, mut rest): (usize, Histogram)| {
            let counted = self.histogram(column, &sides[smaller].0, slopes);
            rest.iter_mut().zip(&counted).for_each(|(all, part)| *all = all.without(*part));
            let both = if smaller == 0 { [counted, rest] } else { [rest, counted] };
            let cuts = [0, 1].map(|side| self.cut(column, &both[side], sides[side].1));
            (both, cuts)
        };
        let found: Vec<_> =
            histograms.into_par_iter().enumerate().with_min_len(COLUMNS).map(column).collect();
        let cuts = [0, 1].map(|side| best(found.iter().map(|(_, cuts)| cuts[side])));
        let (low, high) = found.into_iter().map(|([low, high], _)| (low, high)).unzip();
        [(low, cuts[0]), (high, cuts[1])]
    }

    fn histogram(&self, column: usize, rows: &[u32], slopes: &[Slope]) -> Histogram {
        let bins = &self.bins.bins[column];
        let mut histogram = vec![Sums::default(); self.bins.thresholds[column].len() + 1];
        for &row in rows {
            let Slope { gradient, hessian } = slopes[row as usize];
            let (gradient, hessian) = (f64::from(gradient), f64::from(hessian));
            histogram[usize::from(bins[row as usize])].add(Sums { gradient, hessian, rows: 1 });
        }
        histogram
    }

    /// The best cut of a node of these sums by a column of this histogram, if any gains.
    fn cut(&self, column: usize, histogram: &[Sums], sums: Sums) -> Option<Cut> {
        let least = self.config.rows_in_leaf;
        if sums.rows < 2 * least || sums.hessian < LEAST_HESSIAN {
            return None;
        }
        let whole = sums.gain();
        let mut below = Sums::default();
        let mut found: Option<Cut> = None;
        for (bin, &more) in histogram[..histogram.len() - 1].iter().enumerate() {
            below.add(more);
            let above = sums.without(below);
            if below.rows < least || below.hessian < LEAST_HESSIAN {
                continue;
            }
            if above.rows < least || above.hessian < LEAST_HESSIAN {
                break;
            }
            let gain = below.gain() - whole + above.gain();
            if gain > found.map_or(0.0, |cut| cut.gain) {
                found = Some(Cut { gain, column, bin: bin as u8, below });
            }
        }
        found
    }
}

/// The cut that gains most; the first of equals.
fn best(cuts: impl Iterator<Item = Option<Cut>>) -> Option<Cut> {
    cuts.flatten().reduce(|best, cut| if cut.gain > best.gain { cut } else { best })
}

/// Which node gains most; the first of equals.
fn most(open: &[Open]) -> Option<usize> {
    let gain = |place: usize| open[place].cut.gain;
    (0..open.len()).reduce(|best, place| if gain(place) > gain(best) { place } else { best })
}
