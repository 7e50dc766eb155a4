//! `risk`: a back-test of value at risk and expected shortfall a day ahead, beside its rivals.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use generativa::cli::{Exit, Shared};
use generativa::run::file::{create_folder, stream_atomically};
use rayon::prelude::*;
use serde_json::json;

use crate::backtest::{Backtest, LEAST_BEFORE, LEVELS, Method, SIGNIFICANCE};
use crate::config::DataChoice;
use crate::data::Corpus;

/// Flags of `risk`.
#[derive(Args, Debug)]
pub struct Options {
    /// Name of a data set or path of a table of prices
    #[arg(long, value_name = "NAME|PATH")]
    data: String,
    /// The part, where the set holds several
    #[arg(long, default_value = "")]
    subset: String,
    /// Assets, with commas between them
    #[arg(long, value_name = "NAMES", default_value = "all")]
    asset: String,
    /// Days that are tested: the last ones
    #[arg(long, value_name = "N", default_value_t = 1000)]
    test_days: usize,
    /// Folder for risk.csv: the forecasts of every day
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// What one asset was told, by each of [`Method::ALL`].
type Told = Vec<Backtest>;

/// Tests every asset, and prints a line for each of them, each method and each level.
///
/// # Errors
/// Data that cannot be read, too few days, an asset that never moves, a file that cannot be written.
pub fn risk(options: &Options, shared: &Shared) -> Result<()> {
    let tested = options.test_days;
    if tested < 2 {
        bail!(Exit::Usage(format!("--test-days {tested}: expected at least 2")));
    }
    let corpus = Corpus::load(&DataChoice {
        name: options.data.clone(),
        subset: options.subset.clone(),
        asset: options.asset.clone(),
        from: String::new(),
        closes: true,
    })?;
    if corpus.count() < tested + LEAST_BEFORE {
        bail!(Exit::Usage(format!(
            "--test-days {tested}: expected at least {LEAST_BEFORE} days before them, found {} days \
             in all",
            corpus.count()
        )));
    }
    shared.remark(&format!("the last {tested} of {} days of {}", corpus.count(), corpus.title()));
    let returns = corpus.returns();
    let told = |(asset, own): (usize, &Vec<f64>)| -> Result<Told> {
        let told = Method::ALL.iter().map(|method| method.backtest(own, tested));
        told.collect::<Result<_>>().with_context(|| corpus.assets[asset].name.clone())
    };
    let all: Vec<Result<Told>> = returns.par_iter().enumerate().map(told).collect();
    let all: Vec<Told> = all.into_iter().collect::<Result<_>>()?;
    let names: Vec<&str> = corpus.assets.iter().map(|asset| asset.name.as_str()).collect();
    if shared.json {
        print_json(&names, &all, shared)?;
    } else {
        print_table(&names, &all, shared)?;
    }
    if let Some(folder) = &options.out {
        let file = write(folder, &names, &returns, &all)?;
        shared.remark(&file.display().to_string());
    }
    Ok(())
}

/// Each asset, method and level with its figures.
fn each(all: &[Told]) -> impl Iterator<Item = (usize, Method, usize, &Backtest)> {
    all.iter().enumerate().flat_map(|(asset, told)| {
        Method::ALL
            .into_iter()
            .zip(told)
            .flat_map(move |(method, one)| [0, 1].map(|level| (asset, method, level, one)))
    })
}

fn print_table(names: &[&str], all: &[Told], shared: &Shared) -> Result<()> {
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(5);
    shared.print(&format!(
        "{:width$}  {:26}{:>6}{:>6}{:>10}{:>10}{:>9}{:>14}{:>10}",
        "asset",
        "method",
        "level",
        "days",
        "breaches",
        "expected",
        "Kupiec",
        "independence",
        "FZ loss"
    ))?;
    for (asset, method, level, one) in each(all) {
        let coverage = &one.coverage[level];
        let failed = if coverage.passes(SIGNIFICANCE) { "" } else { "  refused" };
        let loss = one.loss[level].map_or("–".to_owned(), |loss| format!("{loss:.4}"));
        shared.print(&format!(
            "{:width$}  {:26}{:>6}{:>6}{:>10}{:>10.1}{:>9.3}{:>14.3}{:>10}{failed}",
            names[asset],
            method.name(),
            format!("{} %", 100.0 * LEVELS[level]),
            coverage.days,
            coverage.breaches,
            LEVELS[level] * coverage.days as f64,
            coverage.unconditional.p_value,
            coverage.independence.p_value,
            loss
        ))?;
    }
    for (place, method) in Method::ALL.iter().enumerate() {
        let passed = all.iter().filter(|told| told[place].passes()).count();
        shared.print(&format!(
            "{}: holds on {passed} of {} assets, every p-value {SIGNIFICANCE} or more",
            method.name(),
            all.len()
        ))?;
    }
    Ok(())
}

fn print_json(names: &[&str], all: &[Told], shared: &Shared) -> Result<()> {
    for (asset, method, level, one) in each(all) {
        let coverage = &one.coverage[level];
        let row = json!({
            "asset": names[asset],
            "method": method.name(),
            "level": LEVELS[level],
            "days": coverage.days,
            "breaches": coverage.breaches,
            "p_coverage": coverage.unconditional.p_value,
            "p_independence": coverage.independence.p_value,
            "passes": coverage.passes(SIGNIFICANCE),
            "fissler_ziegel": one.loss[level],
        });
        shared.print(&row.to_string())?;
    }
    Ok(())
}

/// A line for each asset and day that was tested: its return, and what was told before.
fn write(folder: &Path, names: &[&str], returns: &[Vec<f64>], all: &[Told]) -> Result<PathBuf> {
    create_folder(folder)?;
    let file = folder.join("risk.csv");
    stream_atomically(&file, |out| {
        let mut table = csv::Writer::from_writer(out);
        let mut head = ["asset", "method", "day", "return"].map(str::to_owned).to_vec();
        for level in LEVELS {
            let percent = 100.0 * level;
            head.extend([
                format!("value_at_risk_{percent}"),
                format!("expected_shortfall_{percent}"),
            ]);
        }
        table.write_record(&head)?;
        for (asset, told) in all.iter().enumerate() {
            for (method, one) in Method::ALL.iter().zip(told) {
                let first = returns[asset].len() - one.forecasts.len();
                for (day, tails) in (first..).zip(&one.forecasts) {
                    let mut row = vec![
                        names[asset].to_owned(),
                        method.name().to_owned(),
                        (day + 1).to_string(),
                        returns[asset][day].to_string(),
                    ];
                    for tail in tails {
                        row.extend(
                            [tail.value_at_risk, tail.expected_shortfall].map(|x| x.to_string()),
                        );
                    }
                    table.write_record(&row)?;
                }
            }
        }
        Ok(table.flush()?)
    })?;
    Ok(file)
}
