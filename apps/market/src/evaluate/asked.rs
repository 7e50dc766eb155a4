//! Whether paths have the volatility that was asked for.

use anyhow::Result;
use generativa::cli::Trained;
use generativa::metrics::quantile::quantile;
use generativa::run::evaluation::{Better, Kind};
use rayon::prelude::*;

use super::rows::{Metric, Table, over_grid};
use crate::config::Config;
use crate::fitted::Fitted;
use crate::stretch::Stretch;
use crate::wish::{STRETCH, Volatility, Wish, WishedPath, volatility};

/// Shares of months in history that are calmer than those asked for: 0.1, 0.2, .. 0.9.
const ASKED: usize = 9;
/// Months of a path, each as asked for.
const MONTHS: usize = 3;

/// The row of the model: how far off a month is, as a share of what was asked for, for the median
/// month.
pub(super) fn add(table: &mut Table, trained: &[Trained<Config>]) -> Result<()> {
    let fitted = Fitted::load(trained[0].run.dir())?;
    let seeds: Vec<u64> = trained.iter().map(|one| one.header.seed).collect();
    let paths = trained[0].config.evaluation.fact_paths;
    let asked: Vec<f64> =
        (1..=ASKED).map(|tenth| Volatility::Share(tenth as f64 / 10.0).of(&fitted)).collect();
    // By seed and path.
    let errors: Vec<Vec<Vec<f64>>> = seeds
        .iter()
        .map(|&seed| {
            let of_path = |item: u64| {
                let of_asked = |&asked: &f64| {
                    let wish = Wish { volatility: Some(asked), ..Wish::default() };
                    let mut days = Stretch::new(fitted.assets());
                    let mut path = WishedPath::new(&fitted, wish, seed, item);
                    path.append(MONTHS * STRETCH, &mut days);
                    let month = |month: &[[f64; 3]]| {
                        (volatility(month.iter().map(|day| day[0])) / asked - 1.0).abs()
                    };
                    days.days[0].chunks(STRETCH).map(month).collect::<Vec<f64>>()
                };
                asked.iter().flat_map(of_asked).collect()
            };
            (0..paths).into_par_iter().map(of_path).collect()
        })
        .collect();
    let grid = [seeds.len(), paths as usize];
    let n = seeds.len() * paths as usize * ASKED * MONTHS;
    let figure = over_grid(grid, "seeds and paths", n, |seeds, paths| {
        let drawn = seeds.iter().flat_map(|&seed| paths.iter().map(move |&path| [seed, path]));
        let all: Vec<f64> =
            drawn.flat_map(|[seed, path]| errors[seed][path].iter().copied()).collect();
        quantile(&all, 0.5)
    });
    let metric = Metric {
        name: "asked-volatility",
        unit: "median error of 21 days, share",
        better: Better::Lower,
    };
    table.add_named("model", Kind::Model, &seeds, metric, figure);
    Ok(())
}
