//! Gradient boosting of trees over histograms (Friedman 2001; Ke et al. 2017, LightGBM) for two
//! classes, with the choices of scikit-learn's `HistGradientBoostingClassifier`, whose predictions
//! it repeats.

mod bins;
mod loss;
mod tree;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use bins::Bins;
use tree::{Learner, Tree};

/// Size and speed.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BoostedTreesConfig {
    /// Trees, each fitted to what those before it leave.
    pub trees: usize,
    /// Share of a leaf's value that is added.
    pub learning_rate: f64,
    /// Most leaves a tree; the cut that gains most comes first, whatever its depth.
    pub leaves: usize,
    /// Fewest rows a leaf.
    pub rows_in_leaf: usize,
    /// Most values of a column that are told apart, at most 255.
    pub bins: usize,
}

impl Default for BoostedTreesConfig {
    /// scikit-learn's defaults, without early stopping.
    fn default() -> Self {
        Self { trees: 100, learning_rate: 0.1, leaves: 31, rows_in_leaf: 20, bins: 255 }
    }
}

/// A sum of trees that gives the log-odds of a row.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct BoostedTrees {
    /// The log-odds before any tree.
    start: f64,
    trees: Vec<Tree>,
    columns: usize,
}

impl BoostedTrees {
    /// Fitted to `rows`, all of one length; `positive[i]` is the class of row `i`. Nothing is drawn
    /// at random and the number of threads leaves no trace.
    ///
    /// # Errors
    /// Rows that differ in length, or in number from their classes; values that are not finite,
    /// with their places; fewer than two classes; a config that allows no cut.
    pub fn fit(rows: &[Vec<f64>], positive: &[bool], config: &BoostedTreesConfig) -> Result<Self> {
        check(rows, positive, config)?;
        let columns = rows[0].len();
        let bins = Bins::of(rows, config.bins);
        let learner = Learner { bins: &bins, config };
        let start = loss::start(positive);
        let mut log_odds = vec![start; rows.len()];
        let mut trees = Vec::with_capacity(config.trees);
        for _ in 0..config.trees {
            let each = log_odds.iter().zip(positive);
            let slopes: Vec<_> = each.map(|(&x, &positive)| loss::slope(x, positive)).collect();
            let tree = learner.grow(&slopes, &mut log_odds);
            trees.push(tree);
        }
        Ok(Self { start, trees, columns })
    }

    /// Natural logarithm of the odds that `row` is positive. Panics where the row has another
    /// length than those of the fit or a value is NaN.
    pub fn log_odds(&self, row: &[f64]) -> f64 {
        assert_eq!(row.len(), self.columns, "a row of another length");
        assert!(row.iter().all(|x| !x.is_nan()), "a missing value, which no tree was shown");
        self.trees.iter().fold(self.start, |sum, tree| sum + tree.value(row))
    }

    /// How likely `row` is positive, from 0 to 1; panics as [`log_odds`](Self::log_odds).
    pub fn probability(&self, row: &[f64]) -> f64 {
        1.0 / (1.0 + libm::exp(-self.log_odds(row)))
    }
}

fn check(rows: &[Vec<f64>], positive: &[bool], config: &BoostedTreesConfig) -> Result<()> {
    ensure!(
        rows.len() == positive.len(),
        "boosted trees: expected a class a row, found {} classes for {} rows",
        positive.len(),
        rows.len()
    );
    ensure!(
        positive.contains(&true) && positive.contains(&false),
        "boosted trees: expected rows of both classes, found one among {}",
        rows.len()
    );
    for (place, row) in rows.iter().enumerate() {
        ensure!(
            row.len() == rows[0].len() && !row.is_empty(),
            "boosted trees: row {place}: expected {} values, found {}; columns need one value a row",
            rows[0].len().max(1),
            row.len()
        );
        if let Some(column) = row.iter().position(|x| !x.is_finite()) {
            anyhow::bail!(
                "boosted trees: row {place}, column {column}: expected a finite number, found {}; \
                 fill missing values in, or leave the row out",
                row[column]
            );
        }
    }
    ensure!(
        (2..=255).contains(&config.bins) && config.leaves > 1 && config.rows_in_leaf > 0,
        "boosted trees: expected 2 to 255 bins, two leaves or more and a row in each, found {} \
         bins, {} leaves, {} rows",
        config.bins,
        config.leaves,
        config.rows_in_leaf
    );
    Ok(())
}

#[cfg(test)]
mod tests;
