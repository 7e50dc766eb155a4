//! `sample`: paths of any length, to standard output or as files.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use generativa::cli::{Exit, Shared, Trained, for_each};

use crate::bar::Bar;
use crate::config::Config;
use crate::deliver;
use crate::paths::Paths;

/// Flags of `sample`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// How many paths to make; number I of a seed is the same however many
    #[arg(long, short = 'n', default_value_t = 1)]
    pub count: u64,
    /// Trading days of each
    #[arg(long, default_value_t = 252)]
    pub days: usize,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Close before the first day
    #[arg(long, value_name = "PRICE", default_value_t = 100.0)]
    pub start: f64,
    /// Paths of the filter alone, without the network's corrections
    #[arg(long)]
    pub raw: bool,
    /// Folder for a file of paths and scenario.json, which says how they were made
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// What file that is
    #[arg(long, value_enum, default_value = "csv")]
    pub format: Format,
}

/// What a file of paths is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// paths.csv: id, day, high, low, close
    Csv,
    /// paths.npy: float64 of [paths, days, 3], high, low and close
    Npy,
    /// paths.svg: a drawing of the closes beside those that were learned from
    Svg,
}

/// Days that are worked on at once.
const PIECE: usize = 1 << 12;
/// A drawing of more paths shows none of them.
const MOST_DRAWN: u64 = 32;

/// The first line of a table of paths.
pub const HEAD: &str = "id,day,high,low,close";

/// Draws paths: a line a day to standard output, or a file of them all.
///
/// # Errors
/// A start that is no price, a format that needs a folder, and files that cannot be written.
pub fn sample(trained: &Trained<Config>, options: &Options, shared: &Shared) -> Result<()> {
    check(options)?;
    let paths = Paths::open(trained)?;
    if let Some(folder) = &options.out {
        for file in deliver::deliver(trained, &paths, options, folder)? {
            shared.print(&file.display().to_string())?;
        }
        return Ok(());
    }
    if !shared.json {
        shared.print(HEAD)?;
    }
    for_each(0..options.count, |id| {
        bars(&paths, options, id, |first, bars| {
            let row = |(day, bar): (usize, &Bar)| match shared.json {
                true => json_row(options.seed, id, day, bar),
                false => csv_row(id, day, bar),
            };
            let rows: Vec<String> = (first..).zip(bars).map(row).collect();
            shared.print(&rows.join("\n"))
        })
    })
}

fn check(options: &Options) -> Result<()> {
    let Options { count, days, start, out, format, .. } = options;
    let usage = |text: String| Err(Exit::Usage(text).into());
    if !(*start > 0.0 && start.is_finite()) {
        return usage(format!("--start {start}: expected a price above 0"));
    }
    if *days == 0 {
        return usage("--days 0: expected at least one day".into());
    }
    if *format != Format::Csv && out.is_none() {
        return usage("--format: npy and svg are files, so they need --out DIR".into());
    }
    if *format == Format::Svg && !(1..=MOST_DRAWN).contains(count) {
        return usage(format!("--count {count}: a drawing shows 1 to {MOST_DRAWN} paths"));
    }
    Ok(())
}

/// The bars of one path, in pieces, each with the number of its first day, from 1.
///
/// # Errors
/// What `each` gives, and a price that leaves the numbers that a computer knows.
pub fn bars(
    paths: &Paths,
    options: &Options,
    id: u64,
    mut each: impl FnMut(usize, &[Bar]) -> Result<()>,
) -> Result<()> {
    let mut path = paths.path(options.seed, id, options.raw);
    let (mut close, mut day) = (options.start, 0);
    while day < options.days {
        let days = path.next(PIECE.min(options.days - day))?;
        let bars = Bar::of(&days, &mut close);
        if !(close > 0.0 && close.is_finite()) {
            bail!("path {id}: the price left all bounds before day {}", day + days.len());
        }
        each(day + 1, &bars)?;
        day += days.len();
    }
    Ok(())
}

/// A line of a table of paths.
pub fn csv_row(id: u64, day: usize, Bar { high, low, close }: &Bar) -> String {
    format!("{id},{day},{},{},{}", price(*high), price(*low), price(*close))
}

fn json_row(seed: u64, id: u64, day: usize, Bar { high, low, close }: &Bar) -> String {
    format!(
        "{{\"id\":{id},\"seed\":{seed},\"day\":{day},\"high\":{},\"low\":{},\"close\":{}}}",
        price(*high),
        price(*low),
        price(*close)
    )
}

/// A price to eight digits, without an exponent.
fn price(price: f64) -> String {
    let decimals = (7.0 - price.log10().floor()).clamp(0.0, 300.0) as usize;
    format!("{price:.decimals$}")
}

/// The file of a format in a folder.
pub fn file_of(format: Format, folder: &Path) -> PathBuf {
    folder.join(match format {
        Format::Csv => "paths.csv",
        Format::Npy => "paths.npy",
        Format::Svg => "paths.svg",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_keeps_eight_digits_whatever_its_size() {
        assert_eq!(
            [100.0, 1.0, 0.001_234_567_891, 123_456_789.0].map(price),
            ["100.00000", "1.0000000", "0.0012345679", "123456789"]
        );
    }

    #[test]
    fn a_row_of_json_holds_what_a_row_of_csv_does() -> Result<()> {
        let bar = Bar { high: 12.5, low: 11.25, close: 12.0 };
        let json: serde_json::Value = serde_json::from_str(&json_row(7, 3, 2, &bar))?;
        let fields = ["id", "day", "high", "low", "close"].map(|name| json[name].as_f64());
        let csv: Vec<Option<f64>> =
            csv_row(3, 2, &bar).split(',').map(|field| field.parse().ok()).collect();
        assert_eq!(csv, fields);
        Ok(())
    }
}
