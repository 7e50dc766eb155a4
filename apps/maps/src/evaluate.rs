//! The honest table: the model beside human maps and column models, by the judges' definitions.

mod blend;
mod completion;
mod control;
mod delivered;
mod doors;
mod latent;
mod quests;
mod repaired;
mod scores;

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use generativa::baselines::column_ngrams::ColumnNgrams;
use generativa::cli::{Shared, Trained};
use generativa::data::Grid;
use generativa::metrics::quantile::median;
use generativa::run::evaluation::{Better, DataRef, Kind, Row};
use generativa_random::Stream;
use rayon::prelude::*;

use crate::config::Config;
use crate::data::{Corpus, Domain};
use crate::game::Game;
use crate::generate::Generator;
use crate::splice::{Recipe, splices};
use scores::{Judge, Scores};

/// Scores all seeds of a run together.
pub fn evaluate(trained: &[Trained<Config>], shared: &Shared) -> Result<Vec<Row>> {
    let first = trained.first().context("a run has at least one seed")?;
    let corpus = Corpus::load(&first.config.data)?;
    ensure!(
        !corpus.held_out.is_empty(),
        "there is no map to judge by: of fewer than four levels none is held out"
    );
    let mut rows = Rows::new(&corpus.source, trained);
    let settings = first.config.evaluation;
    let width = Domain::load(first.run.dir())?.map_width(settings.width);
    let judge = Judge::new(&corpus, settings.maps, width);

    // The model.
    let mut generators = Vec::new();
    let mut model = Scores::new("model", Kind::Model);
    let mut repaired = repaired::Repaired::default();
    for one in trained {
        let generator = Generator::open(one)?;
        shared.remark(&format!(
            "seed {}: {} maps of {width} columns",
            one.header.seed, settings.maps
        ));
        let draw = |index: usize| {
            let mut stream = Stream::item(one.header.seed, "maps/evaluate", index as u64);
            generator.draw(width, &generator.usual_wishes(), &mut stream)
        };
        let maps = (0..settings.maps).into_par_iter().map(draw).collect::<Result<Vec<_>>>()?;
        model.add(&judge, &maps, one.header.seed);
        let spliced = splices(&corpus, &one.config.recombination, one.header.seed).wanted;
        model.compare_with_splices(&judge, &maps, &spliced, one.header.seed);
        repaired.add(corpus.game, &maps);
        generators.push(generator);
    }

    let rivals = rivals(&corpus, &judge, trained);
    rows.extend(model.rows(&judge));
    let named = |name: &str| rivals.iter().find(|rival| rival.subject() == name);
    if let Some(strongest) = named(RECOMBINATION).or_else(|| named(STRONGEST)) {
        rows.extend(model.against(strongest, corpus.game));
    }
    rows.extend(rivals.iter().flat_map(|rival| rival.rows(&judge)).collect());
    rows.extend(judge.human_rows());
    rows.extend(latent::rows(&generators, &corpus)?);
    if corpus.game.has_repair() {
        rows.extend(repaired.rows(corpus.game, width));
    }
    rows.extend(completion::rows(&generators, &corpus, settings.maps)?);
    rows.extend(blend::rows(&generators, &corpus.held_out, settings.maps)?);
    rows.extend(control::rows(&generators, &corpus.held_out, settings.maps)?);
    if corpus.game == Game::Room {
        rows.extend(doors::rows(&generators, &corpus.train, settings.maps)?);
        rows.extend(quests::rows(&generators, &corpus.train, settings.maps.min(QUESTS))?);
    }
    rows.extend(delivered::rows(&generators, width, settings.maps.min(DELIVERED))?);
    rows.extend(vec![latency(&generators[0], width)?, training_minutes(trained)?]);
    Ok(rows.rows)
}

/// The rival that the model's share of playable maps is compared with, where there is no recipe.
const STRONGEST: &str = "columns-order-3";
/// The recipe by which the model was shown more maps, as a rival: one draw, not judged.
const RECOMBINATION: &str = "recombination";

/// Requests for a map that can be played, at most, for each seed.
const DELIVERED: usize = 200;

/// Dungeons of many rooms, at most, for each seed.
const QUESTS: usize = 100;

/// The model's rivals, with as many maps for each seed; fewer where rejection finds none.
fn rivals(corpus: &Corpus, judge: &Judge, trained: &[Trained<Config>]) -> Vec<Scores> {
    let mut rivals = Vec::new();
    let mut add = |name: &str, rejecting: bool, draw: &Draw| {
        let mut scores = Scores::new(name, Kind::Baseline);
        for one in trained {
            let maps = rival_maps(draw, judge, rejecting, one.header.seed);
            if !maps.is_empty() {
                scores.add(judge, &maps, one.header.seed);
            }
        }
        rivals.push(scores);
    };
    for order in 0..=3 {
        let columns = ColumnNgrams::fit(&corpus.train, order);
        let draw = |stream: &mut Stream| columns.draw(judge.width, stream);
        add(&format!("columns-order-{order}"), false, &draw);
        if order == 1 {
            add("columns-order-1-rejecting", true, &draw);
        }
    }
    // That of platform levels is the column model of order 1, that of dungeons copies.
    if matches!(corpus.game, Game::Room | Game::Sokoban) {
        let recipe = Recipe::of(corpus);
        let draw = |stream: &mut Stream| recipe.draw(judge.width, stream);
        add(RECOMBINATION, false, &draw);
        add("recombination-rejecting", true, &draw);
    }
    rivals
}

/// One draw of a rival, where it has one.
type Draw<'a> = dyn Fn(&mut Stream) -> Option<Grid> + Sync + 'a;

fn rival_maps(draw: &Draw, judge: &Judge, rejecting: bool, seed: u64) -> Vec<Grid> {
    let one = |index: usize| {
        let mut stream = Stream::item(seed, "maps/rivals", index as u64);
        // A hundred draws in vain: then there is none for this item.
        let mut draws = (0..100).filter_map(|_| draw(&mut stream));
        if rejecting { draws.find(|map| judge.likes(map)) } else { draws.next() }
    };
    (0..judge.maps).into_par_iter().filter_map(one).collect()
}

/// Median time of one map with its check, on one thread.
fn latency(generator: &Generator, width: usize) -> Result<Row> {
    let mut times = Vec::new();
    for index in 0..50 {
        let mut stream = Stream::item(0, "maps/latency", index);
        let started = Instant::now();
        let map = generator.draw(width, &generator.usual_wishes(), &mut stream)?;
        std::hint::black_box(generator.domain.game.verdict(&map));
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    let (metric, unit) = ("latency-p50-ms".into(), "ms".into());
    let (value, n) = (median(&times), times.len());
    Ok(Row { metric, unit, value, n, target: Some(50.0), ..Row::default() })
}

/// Longest training of a seed, all its processes together.
fn training_minutes(trained: &[Trained<Config>]) -> Result<Row> {
    let mut longest = 0f64;
    for one in trained {
        longest = longest.max(one.run.logged_time("seconds")?);
    }
    let (metric, unit) = ("training-minutes".into(), "min".into());
    let (value, n) = (longest / 60.0, trained.len());
    Ok(Row { metric, unit, value, n, target: Some(15.0), ..Row::default() })
}

/// Rows of one evaluation, which share data and seeds.
struct Rows {
    rows: Vec<Row>,
    data: DataRef,
    seeds: Vec<u64>,
}

impl Rows {
    fn new(data: &DataRef, trained: &[Trained<Config>]) -> Self {
        let seeds = trained.iter().map(|one| one.header.seed).collect();
        Self { rows: Vec::new(), data: data.clone(), seeds }
    }

    /// Takes rows in, giving them data, seeds and, where they name none, the model as subject.
    fn extend(&mut self, rows: Vec<Row>) {
        for row in rows {
            let subject = if row.subject.is_empty() { "model".into() } else { row.subject };
            // Human maps are what they are, whatever the seed.
            let seeds = if row.kind == Kind::Ceiling { Vec::new() } else { self.seeds.clone() };
            self.rows.push(Row { subject, seeds, data: self.data.clone(), ..row });
        }
    }
}

/// A row of the model by name, with the direction in which it is good.
fn row(metric: &str, unit: &str, better: Better, value: f64, n: usize) -> Row {
    Row { metric: metric.into(), unit: unit.into(), better, value, n, ..Row::default() }
}
