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
use crate::splice::{NEW, Taste, symmetric_windows};

/// Windows of generated maps that are compared with all of the training.
const DISTANCE_WINDOWS: usize = 1000;
/// Columns of such a window.
const DISTANCE_WIDTH: usize = 16;
const RESAMPLES: usize = 2000;

/// Human maps, and how many others are held against them.
pub(super) struct Judge<'a> {
    corpus: &'a Corpus,
    taste: Taste,
    /// Windows of [`DISTANCE_WIDTH`] columns or, of narrower maps, whole images.
    training: Windows,
    /// Maps for each seed.
    pub(super) maps: usize,
    /// Columns of each.
    pub(super) width: usize,
}

impl<'a> Judge<'a> {
    pub(super) fn new(corpus: &'a Corpus, maps: usize, width: usize) -> Self {
        let images: Vec<Grid> =
            corpus.train.iter().flat_map(|map| corpus.game.symmetries(map)).collect();
        let training = Windows::new(&images, DISTANCE_WIDTH.min(width));
        Self { corpus, taste: Taste::of(corpus), training, maps, width }
    }

    /// Whether a maker that rejects would keep `map`.
    pub(super) fn likes(&self, map: &Grid) -> bool {
        self.taste.likes(map) == Some(true)
    }

    fn windows(&self, maps: &[Grid]) -> Windows {
        Windows::new(maps, DISTANCE_WIDTH.min(self.width))
    }

    /// For each of `maps`, where maps are one window, whether it differs from every image of every
    /// training map by [`NEW`] tiles or more.
    fn new_maps(&self, maps: &[Grid]) -> Vec<bool> {
        if self.corpus.game.has_any_width() {
            return Vec::new();
        }
        let known = if self.width > DISTANCE_WIDTH {
            &symmetric_windows(self.corpus.game, &self.corpus.train)
        } else {
            &self.training
        };
        let distances = Windows::new(maps, self.width).distances(known);
        distances.into_iter().map(|distance| distance >= NEW).collect()
    }

    /// `value`, for platform levels: the marks are set for them.
    fn mark(&self, value: f64) -> Option<f64> {
        self.corpus.game.has_any_width().then_some(value)
    }

    pub(super) fn playable(&self, map: &Grid) -> bool {
        self.corpus.game.verdict(map).playable()
    }

    /// Held-out human maps against those of the training: what no maker can be expected to beat.
    pub(super) fn human_rows(&self) -> Vec<Row> {
        let Corpus { train, held_out, .. } = self.corpus;
        let windows = self.windows(held_out);
        let playable = held_out.iter().filter(|map| self.playable(map)).count();
        let mut rows = vec![
            Row {
                interval: Some(wilson(playable, held_out.len())),
                interval_method: Some("95 % Wilson".into()),
                ..self.reach_row(playable as f64 / held_out.len() as f64, held_out.len())
            },
            self.divergence_row(tile_patterns::mean_divergence(held_out, train), train.len()),
            self.distance_row(windows.mean_distance(&self.training), windows.len()),
        ];
        let new = self.new_maps(held_out);
        if !new.is_empty() {
            let share = mean(&as_numbers(&new));
            rows.push(row("new-raw", "share", Better::Higher, share, new.len()));
        }
        let human = |row| Row { subject: "human".into(), kind: Kind::Ceiling, ..row };
        rows.into_iter().map(human).collect()
    }

    fn reach_row(&self, value: f64, n: usize) -> Row {
        let metric = match self.corpus.game {
            Game::Platform => format!("reach-{}-raw", self.width),
            _ => "playable-raw".into(),
        };
        Row { target: self.mark(0.85), ..row(&metric, "share", Better::Higher, value, n) }
    }

    fn divergence_row(&self, value: f64, n: usize) -> Row {
        let row = row("kl-held-out-k234", "nats", Better::Lower, value, n);
        Row { target: self.mark(0.60), ..row }
    }

    fn distance_row(&self, value: f64, n: usize) -> Row {
        let row = row("window-distance", "tiles", Better::Higher, value, n);
        Row { target: self.mark(8.5), ..row }
    }

    fn new_row(&self, value: f64, n: usize) -> Row {
        let target = (self.corpus.game == Game::Room).then_some(0.8);
        Row { target, ..row("new-raw", "share", Better::Higher, value, n) }
    }

    fn playable_and_new_row(&self, value: f64, n: usize) -> Row {
        let target = (self.corpus.game == Game::Sokoban).then_some(0.5);
        Row { target, ..row("playable-and-new-raw", "share", Better::Higher, value, n) }
    }
}

fn as_numbers(flags: &[bool]) -> Vec<f64> {
    flags.iter().map(|&flag| f64::from(u8::from(flag))).collect()
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
    /// Shares of maps that are new, and that are new and playable; none of platform levels.
    new: Vec<f64>,
    playable_and_new: Vec<f64>,
    /// Mean distances to the maps that were spliced for the training.
    from_splices: Vec<f64>,
}

impl Scores {
    pub(super) fn new(subject: &str, kind: Kind) -> Self {
        let (reach, divergence, distance, pipes) = Default::default();
        let (new, playable_and_new, from_splices) = Default::default();
        Self {
            subject: subject.to_owned(),
            kind,
            reach,
            divergence,
            distance,
            pipes,
            new,
            playable_and_new,
            from_splices,
        }
    }

    /// Whose scores they are.
    pub(super) fn subject(&self) -> &str {
        &self.subject
    }

    /// Scores the maps of one seed.
    pub(super) fn add(&mut self, judge: &Judge, maps: &[Grid], seed: u64) {
        let playable: Vec<bool> = maps.par_iter().map(|map| judge.playable(map)).collect();
        self.reach.push(as_numbers(&playable));
        let new = judge.new_maps(maps);
        if !new.is_empty() {
            let both: Vec<bool> = playable.iter().zip(&new).map(|(a, b)| *a && *b).collect();
            self.new.push(mean(&as_numbers(&new)));
            self.playable_and_new.push(mean(&as_numbers(&both)));
        }
        let held_out = &judge.corpus.held_out;
        self.divergence.push(tile_patterns::mean_divergence(held_out, maps));
        let mut stream = Stream::named(seed, "maps/distance");
        let windows = judge.windows(maps);
        let distance =
            windows.sampled_mean_distance(&judge.training, DISTANCE_WINDOWS, &mut stream);
        self.distance.push(distance);
        if judge.corpus.game == Game::Platform {
            self.pipes.push(Pipes::of(maps));
        }
    }

    /// How far the maps of one seed are from what it learned from beside the human ones: distance to
    /// those alone does not show a copy of a splice.
    pub(super) fn compare_with_splices(
        &mut self,
        judge: &Judge,
        maps: &[Grid],
        spliced: &[Grid],
        seed: u64,
    ) {
        if !spliced.is_empty() {
            let mut stream = Stream::named(seed, "maps/distance");
            let (drawn, spliced) = (judge.windows(maps), judge.windows(spliced));
            let mean = drawn.sampled_mean_distance(&spliced, DISTANCE_WINDOWS, &mut stream);
            self.from_splices.push(mean);
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
            over_seeds(judge.divergence_row(mean(&self.divergence), maps), &self.divergence),
            over_seeds(judge.distance_row(mean(&self.distance), windows), &self.distance),
        ];
        if !self.new.is_empty() {
            rows.push(over_seeds(judge.new_row(mean(&self.new), maps), &self.new));
            let both = &self.playable_and_new;
            rows.push(over_seeds(judge.playable_and_new_row(mean(both), maps), both));
        }
        if !self.from_splices.is_empty() {
            let mean = mean(&self.from_splices);
            let row = row("splice-distance", "tiles", Better::Higher, mean, windows);
            rows.push(over_seeds(row, &self.from_splices));
        }
        let pipes: usize = self.pipes.iter().map(|pipes| pipes.left_tiles).sum();
        if pipes > 0 {
            let row = row("broken-pipes", "share", Better::Lower, mean(&broken), pipes);
            rows.push(over_seeds(Row { target: Some(0.02), ..row }, &broken));
        }
        let own = |row| Row { subject: self.subject.clone(), kind: self.kind, ..row };
        rows.into_iter().map(own).collect()
    }

    /// How much more often this maker's maps can be played than a rival's.
    pub(super) fn against(&self, rival: &Self, game: Game) -> Vec<Row> {
        if rival.reach.len() != self.reach.len() {
            return Vec::new();
        }
        let mut stream = Stream::named(0, "maps/bootstrap");
        let interval = bootstrap_difference(&self.reach, &rival.reach, RESAMPLES, &mut stream);
        let share = |scores: &Self| mean(&scores.reach.iter().map(|s| mean(s)).collect::<Vec<_>>());
        let what = if game == Game::Platform { "reach" } else { "playable" };
        let metric = format!("{what}-above-{}", rival.subject);
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
