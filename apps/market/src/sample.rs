//! `sample`: paths of any length, to standard output or as files.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use generativa::cli::{Exit, Shared, Trained, for_each};

use crate::config::Config;
use crate::deliver::Delivery;
use crate::model::Model;
use crate::paths::{Path as PricePath, Paths};
use crate::stretch::Stretch;
use crate::timegan::Pass;
use crate::wish::{Volatility, Wish};

/// Flags of `sample`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// How many paths to make; number I of a seed is the same however many
    #[arg(long, short = 'n', default_value_t = 1)]
    pub count: u64,
    /// Trading days of each: 252, of TimeGAN a window, where nothing is said
    #[arg(long)]
    pub days: Option<usize>,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Close before the first day, of every asset: 100, where nothing is said
    #[arg(long, value_name = "PRICE")]
    pub start: Option<f64>,
    /// Volatility of every 21 days, a year: a share as 0.2, or calm, usual or wild, as 10, 50 and 90 %
    /// of months in the history are calmer; of several assets, the first one's
    #[arg(long, value_name = "SHARE|WORD")]
    pub volatility: Option<Volatility>,
    /// Mean log-return a year, as -0.3; of several assets, the first one's
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub trend: Option<f64>,
    /// Go on from the last day that was learned from, not from somewhere in the market's life
    #[arg(long)]
    pub today: bool,
    /// Paths as the network corrects those of the filter
    #[arg(long, conflicts_with_all = ["volatility", "trend", "today"])]
    pub refined: bool,
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
    /// paths.csv: id, day, and the columns of the table, or the close of each asset
    Csv,
    /// paths.npy: float64 of [paths, days, columns], the same columns without id and day
    Npy,
    /// paths.parquet: the columns of csv, and scenario.json in the metadata; with `--features parquet`
    Parquet,
    /// paths.svg: a drawing of the first asset's closes beside those that were learned from
    Svg,
}

/// Days of a path where nothing is said: a year.
const DAYS: usize = 252;
/// Close before the first where nothing is said.
const START: f64 = 100.0;
/// Days that are worked on at once.
const PIECE: usize = 1 << 12;
/// A drawing of more paths shows none of them.
const MOST_DRAWN: u64 = 32;

/// Draws paths: a line a day to standard output, or a file of them all.
///
/// # Errors
/// A start that is no price, what the model cannot do, a format that needs a folder, a network that is not there, and files that
/// cannot be written.
pub fn sample(trained: &Trained<Config>, options: &Options, shared: &Shared) -> Result<()> {
    check(options)?;
    let model = Model::open(trained)?;
    let request = options.request(&model)?;
    if let Some(folder) = &options.out {
        let delivery = Delivery { trained, model: &model, request: &request };
        for file in delivery.deliver(options.format, folder)? {
            shared.print(&file.display().to_string())?;
        }
        return Ok(());
    }
    let columns = model.columns();
    if !shared.json {
        shared.print(&csv_head(&columns)?)?;
    }
    let mut piece = Piece::default();
    for_each(0..request.count, |id| {
        piece.each(&model, &request, id, |first, prices| {
            let row = |(day, prices): (usize, &[f64])| match shared.json {
                true => json_row(request.seed, id, day, &columns, prices),
                false => csv_row(id, day, prices),
            };
            let days = prices.chunks_exact(columns.len());
            let rows: Vec<String> = (first..).zip(days).map(row).collect();
            shared.print(&rows.join("\n"))
        })
    })
}

/// What is asked of a model, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Paths.
    pub count: u64,
    /// Days of each.
    pub days: usize,
    /// Decides everything random.
    pub seed: u64,
    /// Close before the first day; none of windows, which lie where they lie.
    pub start: Option<f64>,
    /// How paths are to go on.
    pub wish: Wish,
    /// Whether the network corrects them.
    pub refined: bool,
}

impl Request {
    /// So many plain paths.
    pub fn plain(count: u64, days: usize, seed: u64) -> Self {
        Self { count, days, seed, start: Some(START), wish: Wish::default(), refined: false }
    }

    /// Path number `id`.
    pub fn path<'a>(&self, paths: &'a Paths, id: u64) -> Result<PricePath<'a>> {
        if self.wish == Wish::default() {
            return paths.path(self.seed, id, self.refined);
        }
        Ok(paths.wished(self.wish, self.seed, id))
    }
}

impl Options {
    /// What is asked of this model.
    ///
    /// # Errors
    /// [`Exit::Usage`] for what it cannot do.
    pub fn request(&self, model: &Model) -> Result<Request> {
        let Self { count, days, seed, start, volatility, trend, today, refined, .. } = self;
        match model {
            Model::Paths(paths) => {
                if *refined {
                    paths.network()?;
                }
                let volatility = volatility.as_ref().map(|asked| asked.of(paths.fitted()));
                let wish = Wish { volatility, trend: *trend, today: *today };
                wish.check(paths.fitted())?;
                let plain = Request::plain(*count, days.unwrap_or(DAYS), *seed);
                Ok(Request { start: start.or(plain.start), wish, refined: *refined, ..plain })
            }
            Model::Windows(windows) => {
                for (flag, given) in [
                    ("--start", start.is_some()),
                    ("--volatility", volatility.is_some()),
                    ("--trend", trend.is_some()),
                    ("--today", *today),
                    ("--refined", *refined),
                ] {
                    if given {
                        windows.refuse(flag)?;
                    }
                }
                let window = windows.levels().window();
                let days = days.unwrap_or(window);
                if days > window {
                    windows.refuse(&format!("--days {days}"))?;
                }
                Ok(Request { start: None, ..Request::plain(*count, days, *seed) })
            }
        }
    }
}

fn check(options: &Options) -> Result<()> {
    let Options { count, days, start, trend, out, format, .. } = options;
    let usage = |text: String| Err(Exit::Usage(text).into());
    if let Some(start) = start.filter(|start| !(*start > 0.0 && start.is_finite())) {
        return usage(format!("--start {start}: expected a price above 0"));
    }
    if let Some(trend) = trend.filter(|trend| !(-100.0..=100.0).contains(trend)) {
        return usage(format!("--trend {trend}: expected a log-return a year from -100 to 100"));
    }
    if *days == Some(0) {
        return usage("--days 0: expected at least one day".into());
    }
    if *format != Format::Csv && out.is_none() {
        return usage("--format: npy, parquet and svg are files, so they need --out DIR".into());
    }
    if *format == Format::Parquet && !cfg!(feature = "parquet") {
        return usage(
            "--format parquet: this build has none; run `cargo run --package market --features \
             parquet -- sample` with the same flags, or take csv or npy"
                .into(),
        );
    }
    if *format == Format::Svg && !(1..=MOST_DRAWN).contains(count) {
        return usage(format!("--count {count}: a drawing shows 1 to {MOST_DRAWN} paths"));
    }
    Ok(())
}

/// Room for a piece of a path, to be used again.
#[derive(Debug, Default)]
pub struct Piece {
    pass: Pass,
    days: Stretch,
    prices: Vec<f64>,
}

impl Piece {
    /// The prices of path `id`, day by day, in pieces, each with the number of its first day, from 1.
    ///
    /// # Errors
    /// What `each` gives, and a price that leaves the numbers that a computer knows.
    pub fn each(
        &mut self,
        model: &Model,
        request: &Request,
        id: u64,
        mut each: impl FnMut(usize, &[f64]) -> Result<()>,
    ) -> Result<()> {
        let paths = match model {
            Model::Paths(paths) => paths,
            Model::Windows(windows) => {
                let window = windows.window(request.seed, id, &mut self.pass)?;
                let columns = windows.levels().columns().len();
                return each(1, &window[..request.days * columns]);
            }
        };
        let fitted = paths.fitted();
        let mut path = request.path(paths, id)?;
        let Self { days, prices, .. } = self;
        days.days.resize(fitted.assets(), Vec::new());
        let mut quotes = fitted.quotes(request.start.unwrap_or(START), request.wish.today);
        let mut day = 0;
        while day < request.days {
            let count = PIECE.min(request.days - day);
            days.clear();
            prices.clear();
            path.append(count, days)?;
            fitted.prices(days, &mut quotes, prices);
            if !quotes.closes.iter().all(|close| *close > 0.0 && close.is_finite()) {
                bail!("path {id}: the price left all bounds before day {}", day + count);
            }
            each(day + 1, prices)?;
            day += count;
        }
        Ok(())
    }
}

/// The first line of a table of paths.
///
/// # Errors
/// None that memory does not give.
pub fn csv_head(columns: &[String]) -> Result<String> {
    let mut head = csv::Writer::from_writer(Vec::new());
    head.write_record(["id", "day"].into_iter().chain(columns.iter().map(String::as_str)))?;
    Ok(String::from_utf8(head.into_inner()?)?.trim_end().to_owned())
}

/// A line of a table of paths.
pub fn csv_row(id: u64, day: usize, prices: &[f64]) -> String {
    let mut row = format!("{id},{day}");
    prices.iter().for_each(|value| row += &format!(",{}", price(*value)));
    row
}

fn json_row(seed: u64, id: u64, day: usize, columns: &[String], prices: &[f64]) -> String {
    let mut row = format!("{{\"id\":{id},\"seed\":{seed},\"day\":{day}");
    for (name, value) in columns.iter().zip(prices) {
        row += &format!(",{}:{}", serde_json::Value::from(name.as_str()), price(*value));
    }
    row + "}"
}

/// A price to eight digits, without an exponent.
fn price(price: f64) -> String {
    if price == 0.0 {
        return "0".into(); // a volume: it has no first digit
    }
    let decimals = (7.0 - price.log10().floor()).clamp(0.0, 300.0) as usize;
    format!("{price:.decimals$}")
}

/// The file of a format in a folder.
pub fn file_of(format: Format, folder: &Path) -> PathBuf {
    folder.join(match format {
        Format::Csv => "paths.csv",
        Format::Npy => "paths.npy",
        Format::Parquet => "paths.parquet",
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
        assert_eq!(price(0.0), "0");
    }

    #[test]
    fn a_row_of_json_holds_what_a_row_of_csv_does() -> Result<()> {
        let columns = ["high", "low", "a \"b\", c"].map(str::to_owned);
        let prices = [12.5, 11.25, 12.0];
        let json: serde_json::Value = serde_json::from_str(&json_row(7, 3, 2, &columns, &prices))?;
        let known = ["id", "day"].into_iter().chain(columns.iter().map(String::as_str));
        let fields: Vec<Option<f64>> = known.map(|name| json[name].as_f64()).collect();
        let row = csv_row(3, 2, &prices);
        let csv: Vec<Option<f64>> = row.split(',').map(|field| field.parse().ok()).collect();
        assert_eq!(csv, fields);
        assert_eq!(csv_head(&columns)?, "id,day,high,low,\"a \"\"b\"\", c\"");
        Ok(())
    }
}
