//! What every maker of maps is scored by: playable, like human maps, and not copied.

use generativa::data::Grid;
use generativa::metrics::interval::{bootstrap_difference, standard_error, wilson};
use generativa::metrics::tile_patterns;
use generativa::metrics::window_distance::Windows;
use generativa::run::evaluation::{Better, Kind, Row};
use generativa_random::Stream;
use rayon::prelude::*;

use super::row;
use crate::data::Corpus;
use crate::game::Game;
use crate::platform::measure::Pipes;

/// Windows of generated maps that are compared with all of the training.
const DISTANCE_WINDOWS: usize = 1000;
/// Columns of such a window.
const DISTANCE_WIDTH: usize = 16;
const RESAMPLES: usize = 2000;

/// Human maps, and how many others are held against them.
pub(super) struct Judge<'a> {
    corpus: &'a Corpus,
    training: Windows,
    /// Maps for each seed.
    pub(super) maps: usize,
    /// Columns of each.
    pub(super) width: usize,
}

impl<'a> Judge<'a> {
    pub(super) fn new(corpus: &'a Corpus, maps: usize, width: usize) -> Self {
        let training = Windows::new(&corpus.train, DISTANCE_WIDTH);
        Self { corpus, training, maps, width }
    }

    pub(super) fn playable(&self, map: &Grid) -> bool {
        self.corpus.game.verdict(map).playable
    }

    /// Held-out human maps against those of the training: what no maker can be expected to beat.
    pub(super) fn human_rows(&self) -> Vec<Row> {
        let Corpus { train, held_out, .. } = self.corpus;
        let windows = Windows::new(held_out, DISTANCE_WIDTH);
        let playable = held_out.iter().filter(|map| self.playable(map)).count();
        let rows = vec![
            Row {
                interval: Some(wilson(playable, held_out.len())),
                interval_method: Some("95 % Wilson".into()),
                ..self.reach_row(playable as f64 / held_out.len() as f64, held_out.len())
            },
            divergence_row(tile_patterns::mean_divergence(held_out, train), train.len()),
            distance_row(windows.mean_distance(&self.training), windows.len()),
        ];
        let human = |row| Row { subject: "human".into(), kind: Kind::Ceiling, ..row };
        rows.into_iter().map(human).collect()
    }

    fn reach_row(&self, value: f64, n: usize) -> Row {
        let metric = match self.corpus.game {
            Game::Platform => format!("reach-{}-raw", self.width),
            Game::Dungeon => "playable-raw".into(),
        };
        Row { target: Some(0.85), ..row(&metric, "share", Better::Higher, value, n) }
    }
}

fn divergence_row(value: f64, n: usize) -> Row {
    Row { target: Some(0.60), ..row("kl-held-out-k234", "nats", Better::Lower, value, n) }
}

fn distance_row(value: f64, n: usize) -> Row {
    Row { target: Some(8.5), ..row("window-distance", "tiles", Better::Higher, value, n) }
}

/// The scores of one maker, seed by seed.
pub(super) struct Scores {
    subject: String,
    kind: Kind,
    /// 1 for each playable map.
    reach: Vec<Vec<f64>>,
    divergence: Vec<f64>,
    distance: Vec<f64>,
    pipes: Vec<Pipes>,
}

impl Scores {
    pub(super) fn new(subject: &str, kind: Kind) -> Self {
        let (reach, divergence, distance, pipes) = Default::default();
        Self { subject: subject.to_owned(), kind, reach, divergence, distance, pipes }
    }

    /// Scores the maps of one seed.
    pub(super) fn add(&mut self, judge: &Judge, maps: &[Grid], seed: u64) {
        let playable = |map: &Grid| f64::from(u8::from(judge.playable(map)));
        self.reach.push(maps.par_iter().map(playable).collect());
        let held_out = &judge.corpus.held_out;
        self.divergence.push(tile_patterns::mean_divergence(held_out, maps));
        let mut stream = Stream::named(seed, "maps/distance");
        let windows = Windows::new(maps, DISTANCE_WIDTH);
        let distance =
            windows.sampled_mean_distance(&judge.training, DISTANCE_WINDOWS, &mut stream);
        self.distance.push(distance);
        if judge.corpus.game == Game::Platform {
            self.pipes.push(Pipes::of(maps));
        }
    }

    /// The scores as rows, intervals over the seeds.
    pub(super) fn rows(&self, judge: &Judge) -> Vec<Row> {
        if self.reach.is_empty() {
            return Vec::new();
        }
        let maps = self.reach.iter().map(Vec::len).sum();
        let shares: Vec<_> = self.reach.iter().map(|seed| mean(seed)).collect();
        let broken: Vec<_> = self.pipes.iter().map(Pipes::broken_share).collect();
        let windows = self.distance.len() * DISTANCE_WINDOWS;
        let mut rows = vec![
            over_seeds(judge.reach_row(mean(&shares), maps), &shares),
            over_seeds(divergence_row(mean(&self.divergence), maps), &self.divergence),
            over_seeds(distance_row(mean(&self.distance), windows), &self.distance),
        ];
        let pipes: usize = self.pipes.iter().map(|pipes| pipes.left_tiles).sum();
        if pipes > 0 {
            let row = row("broken-pipes", "share", Better::Lower, mean(&broken), pipes);
            rows.push(over_seeds(Row { target: Some(0.02), ..row }, &broken));
        }
        let own = |row| Row { subject: self.subject.clone(), kind: self.kind, ..row };
        rows.into_iter().map(own).collect()
    }

    /// How much more often this maker's maps can be played than a rival's.
    pub(super) fn against(&self, rival: &Self) -> Vec<Row> {
        if rival.reach.len() != self.reach.len() {
            return Vec::new();
        }
        let mut stream = Stream::named(0, "maps/bootstrap");
        let interval = bootstrap_difference(&self.reach, &rival.reach, RESAMPLES, &mut stream);
        let share = |scores: &Self| mean(&scores.reach.iter().map(|s| mean(s)).collect::<Vec<_>>());
        let metric = format!("reach-above-{}", rival.subject);
        let n = self.reach.iter().map(Vec::len).sum();
        vec![Row {
            interval: Some(interval),
            interval_method: Some("95 % bootstrap over seeds and maps".into()),
            ..row(&metric, "share", Better::Higher, share(self) - share(rival), n)
        }]
    }
}

/// Two standard errors over the seeds around the value; none for a single seed.
pub(super) fn over_seeds(row: Row, figures: &[f64]) -> Row {
    if figures.len() < 2 {
        return row;
    }
    let reach = 2.0 * standard_error(figures);
    let interval = Some([row.value - reach, row.value + reach]);
    Row { interval, interval_method: Some("two standard errors over seeds".into()), ..row }
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
