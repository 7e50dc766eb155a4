//! Paths as files that other programs read, with a note of how they were made.

#[cfg(feature = "parquet")]
mod parquet;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use generativa::cli::Trained;
use generativa::run::file::{create_folder, stream_atomically, write_atomically};
use generativa::run::machine::revision;
use npyz::WriterBuilder;
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::config::Config;
use crate::data::{Corpus, History};
use crate::figures::prices_figure;
use crate::model::Model;
use crate::page::levels;
use crate::sample::{Format, Piece, Request, csv_head, csv_row, file_of};
#[cfg(feature = "parquet")]
use parquet::parquet;

/// Days of paths that are drawn side by side.
const TOGETHER: usize = 1 << 17;

/// What is to be written, and what it is drawn from.
pub struct Delivery<'a> {
    /// The run.
    pub trained: &'a Trained<Config>,
    /// What it makes.
    pub model: &'a Model,
    /// What is asked of it.
    pub request: &'a Request,
}

impl Delivery<'_> {
    /// Writes a file of paths and `scenario.json` into `folder`; returns both, in this order.
    ///
    /// # Errors
    /// A folder or a file that cannot be written.
    pub fn deliver(&self, format: Format, folder: &Path) -> Result<[PathBuf; 2]> {
        let Self { model, request, .. } = *self;
        create_folder(folder)?;
        let file = file_of(format, folder);
        let note = folder.join("scenario.json");
        let scenario = self.scenario(format, &file)?;
        match format {
            Format::Csv => stream_atomically(&file, |out| csv(model, request, out))?,
            Format::Npy => stream_atomically(&file, |out| npy(model, request, out))?,
            Format::Parquet => {
                stream_atomically(&file, |out| parquet(model, request, scenario.to_string(), out))?;
            }
            Format::Svg => write_atomically(&file, self.drawing()?.as_bytes())?,
        }
        let text = serde_json::to_string_pretty(&scenario)?;
        write_atomically(&note, (text + "\n").as_bytes())?;
        Ok([file, note])
    }

    /// The first asset's closes of the paths and of the days that were learned from, all from one
    /// start.
    fn drawing(&self) -> Result<String> {
        let Self { trained, model, request } = *self;
        let corpus = Corpus::load(&trained.config.data)?;
        let History { name, days, .. } = &corpus.assets[0];
        let real = levels(&days[days.len() - request.days.min(days.len())..]);
        let columns = model.columns();
        let close = columns.iter().position(|name| name == "close").unwrap_or(0);
        let path = |id| -> Result<Vec<f64>> {
            let mut closes = Vec::with_capacity(request.days);
            Piece::default().each(model, request, id, |_, values| {
                closes.extend(values.iter().skip(close).step_by(columns.len()));
                Ok(())
            })?;
            let start = request.start.or(closes.first().copied()).context("a path has a day")?;
            Ok(closes.into_iter().map(|value: f64| (value / start).ln()).collect())
        };
        let made: Vec<Vec<f64>> = (0..request.count).map(path).collect::<Result<_>>()?;
        Ok(prices_figure(name, &real, &made))
    }

    /// All that it takes to make the same file again, and to read it.
    fn scenario(&self, format: Format, file: &Path) -> Result<Value> {
        let Self { trained, model, request } = *self;
        let Request { count, days, seed, start, wish, refined } = request;
        let learned = &trained.checkpoint.provenance;
        let column = |name: &str, unit: &str| json!({ "name": name, "unit": unit });
        let prices: Vec<Value> =
            model.columns().iter().map(|name| column(name, model.unit(name))).collect();
        let (layout, columns) = match format {
            Format::Npy => ("float64 [paths, days, columns]", prices),
            Format::Svg => ("a drawing of closes", Vec::new()),
            Format::Csv | Format::Parquet => {
                let first = [column("id", "number of the path, from 0"), column("day", "from 1")];
                ("a row a day", [&first[..], &prices].concat())
            }
        };
        let name = file.file_name().context("a file has a name")?.to_string_lossy();
        Ok(json!({
            "file": name,
            "layout": layout,
            "columns": columns,
            "paths": count,
            "days": days,
            "seed": seed,
            "start": start,
            "refined": refined,
            "volatility": wish.volatility,
            "trend": wish.trend,
            "today": wish.today,
            "what": "generated prices: none of them was ever paid, and none is a forecast",
            "revision": revision(),
            "run": {
                "data": learned.data,
                "data_sha256": learned.data_sha256,
                "seed": learned.seed,
                "step": trained.checkpoint.step,
                "revision": learned.revision,
                "config": trained.config,
            },
        }))
    }
}

fn csv(model: &Model, request: &Request, out: &mut dyn Write) -> Result<()> {
    let columns = model.columns();
    writeln!(out, "{}", csv_head(&columns)?)?;
    in_order(model, request, |block| {
        let rows = |(path, prices): (u64, &[f64])| {
            let mut rows = String::new();
            for (day, prices) in (block.day..).zip(prices.chunks_exact(columns.len())) {
                rows += &csv_row(block.path + path, day, prices);
                rows.push('\n');
            }
            rows
        };
        let each: Vec<(u64, &[f64])> =
            (0..).zip(block.prices.chunks_exact(block.days * columns.len())).collect();
        let rows: Vec<String> = each.into_par_iter().map(rows).collect();
        rows.iter().try_for_each(|rows| Ok(out.write_all(rows.as_bytes())?))
    })
}

/// Writes paths as an array of [paths, days, columns].
///
/// # Errors
/// A file that cannot be written.
pub fn npy(model: &Model, request: &Request, out: &mut dyn Write) -> Result<()> {
    let columns = model.columns().len();
    let shape = [request.count, request.days as u64, columns as u64];
    let file = npyz::WriteOptions::new().default_dtype().shape(&shape).writer(out);
    let mut file = file.begin_nd()?;
    in_order(model, request, |block| Ok(file.extend(block.prices.iter().copied())?))?;
    Ok(file.finish()?)
}

/// `sample` refuses the format before it draws.
#[cfg(not(feature = "parquet"))]
fn parquet(_: &Model, _: &Request, _: String, _: &mut (dyn Write + Send)) -> Result<()> {
    anyhow::bail!("this build writes no Parquet")
}

/// Whole paths, or a piece of one.
struct Block<'a> {
    /// Number of the first path.
    path: u64,
    /// The first day of each, from 1.
    day: usize,
    /// Days of each.
    days: usize,
    /// Path by path, day by day.
    prices: &'a [f64],
}

/// Every path for `write`, in the order of paths and days. Short ones are drawn side by side, into one
/// room: what threads ask the system for they would wait for.
fn in_order(
    model: &Model,
    request: &Request,
    mut write: impl FnMut(&Block) -> Result<()>,
) -> Result<()> {
    let Request { count, days, .. } = *request;
    let columns = model.columns().len();
    if days > TOGETHER {
        let mut piece = Piece::default();
        for path in 0..count {
            piece.each(model, request, path, |day, prices| {
                write(&Block { path, day, days: prices.len() / columns, prices })
            })?;
        }
        return Ok(());
    }
    let together = (TOGETHER / days) as u64;
    let mut room = Vec::new();
    for path in (0..count).step_by(together as usize) {
        let paths_now = together.min(count - path) as usize;
        room.resize(paths_now * days * columns, 0.0);
        let draw = |piece: &mut Piece, (place, to): (usize, &mut [f64])| {
            piece.each(model, request, path + place as u64, |day, prices| {
                to[(day - 1) * columns..][..prices.len()].copy_from_slice(prices);
                Ok(())
            })
        };
        let each = room.par_chunks_exact_mut(days * columns).enumerate();
        let drawn: Vec<Result<()>> = each.map_init(Piece::default, draw).collect();
        drawn.into_iter().collect::<Result<()>>()?;
        write(&Block { path, day: 1, days, prices: &room })?;
    }
    Ok(())
}
