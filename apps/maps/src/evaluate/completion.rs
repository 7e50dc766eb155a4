//! Completion: stretches of held-out levels of which three cells in ten are locked.

use anyhow::Result;
use generativa::baselines::column_ngrams::ColumnNgrams;
use generativa::data::Grid;
use generativa::metrics::tile_patterns;
use generativa::run::evaluation::{Better, Kind, Row};
use generativa_random::Stream;
use rayon::prelude::*;

use super::row;
use super::scores::{mean, over_seeds};
use crate::data::Corpus;
use crate::generate::{Drawn, Generator, until_playable};
use crate::platform::Pipes;

/// Columns of a stretch.
const WIDTH: usize = 32;
/// Share of its cells that are locked; half of them one by one, half as blocks.
const LOCKED: f64 = 0.3;
/// Rows and columns of a block.
const BLOCK: usize = 4;
/// Draws of whole stretches of which a rival takes the best: at the model's cost or more.
const RIVAL_DRAWS: usize = 64;
const RIVAL_TRIES: usize = 20;

/// A stretch to be completed.
struct Task {
    /// The stretch, air where it is free.
    partial: Grid,
    locked: Vec<bool>,
}

/// Rows over `count` stretches for each seed; none where levels have one width.
pub(super) fn rows(generators: &[Generator], corpus: &Corpus, count: usize) -> Result<Vec<Row>> {
    let game = corpus.game;
    let wide: Vec<&Grid> = corpus.held_out.iter().filter(|map| map.width() >= WIDTH).collect();
    if !game.has_any_width() || wide.is_empty() {
        return Ok(Vec::new());
    }
    let columns = ColumnNgrams::fit(&corpus.train, 1);
    let mut model = Scores::new("model", Kind::Model);
    let mut chain = Scores::new("columns-order-1-best-of-64", Kind::Baseline);
    let mut air = Scores::new("air", Kind::Floor);
    for (seed, generator) in generators.iter().enumerate() {
        let family = format!("maps/completion/{seed}");
        let task = |index: usize| task(&wide, &mut Stream::item(0, &family, index as u64));
        let tasks: Vec<Task> = (0..count).into_par_iter().map(task).collect();
        model.add(corpus, &tasks, |task, stream| {
            generator.complete(&task.partial, &task.locked, stream)
        })?;
        chain.add(corpus, &tasks, |task, stream| {
            until_playable(game, Some(&task.locked), RIVAL_TRIES, || {
                Ok(best_of_many(&columns, task, stream))
            })
        })?;
        air.add(corpus, &tasks, |task, _| {
            // It stays the same, so that the repair is all there is.
            until_playable(game, Some(&task.locked), RIVAL_TRIES, || Ok(task.partial.clone()))
        })?;
    }
    Ok([model, chain, air].iter().flat_map(Scores::rows).collect())
}

/// A random stretch of one of `levels`, blocks locked first, then single cells up to the share.
fn task(levels: &[&Grid], stream: &mut Stream) -> Task {
    let starts: Vec<usize> = levels.iter().map(|level| level.width() - WIDTH + 1).collect();
    let mut start = stream.below(starts.iter().sum());
    let mut level = 0;
    while start >= starts[level] {
        start -= starts[level];
        level += 1;
    }
    let mut partial = levels[level].columns(start..start + WIDTH);
    let locked = locks(partial.height(), stream);
    for (cell, _) in locked.iter().enumerate().filter(|(_, locked)| !**locked) {
        partial.set(cell / WIDTH, cell % WIDTH, b'-');
    }
    Task { partial, locked }
}

fn locks(height: usize, stream: &mut Stream) -> Vec<bool> {
    let mut locked = vec![false; height * WIDTH];
    let share = |share: f64| (share * (height * WIDTH) as f64).round() as usize;
    let count = |locked: &[bool]| locked.iter().filter(|&&locked| locked).count();
    while height >= BLOCK && count(&locked) < share(LOCKED / 2.0) {
        let (top, left) = (stream.below(height - BLOCK + 1), stream.below(WIDTH - BLOCK + 1));
        for row in top..top + BLOCK {
            locked[row * WIDTH + left..][..BLOCK].fill(true);
        }
    }
    while count(&locked) < share(LOCKED) {
        let cell = stream.below(locked.len());
        locked[cell] = true;
    }
    locked
}

/// Of many stretches the one that has most of the locked tiles, given all of them.
fn best_of_many(columns: &ColumnNgrams, task: &Task, stream: &mut Stream) -> Grid {
    let Task { partial, locked } = task;
    let draws = (0..RIVAL_DRAWS).filter_map(|_| columns.draw(WIDTH, stream));
    let agreement = |map: &Grid| {
        let pairs = map.cells().iter().zip(partial.cells()).zip(locked);
        pairs.filter(|((drawn, kept), locked)| **locked && drawn == kept).count()
    };
    let Some(mut best) = draws.max_by_key(agreement) else { return partial.clone() };
    for (cell, _) in locked.iter().enumerate().filter(|(_, locked)| **locked) {
        let (row, column) = (cell / WIDTH, cell % WIDTH);
        best.set(row, column, partial.get(row, column));
    }
    best
}

/// How one maker completes, seed by seed.
struct Scores {
    subject: &'static str,
    kind: Kind,
    /// Share of the stretches of which every locked cell came back.
    kept: Vec<f64>,
    reach: Vec<f64>,
    /// Share of the stretches that needed no repair.
    unrepaired: Vec<f64>,
    divergence: Vec<f64>,
    /// Share of the pipes that are broken, in all cells.
    broken: Vec<f64>,
    n: usize,
}

impl Scores {
    fn new(subject: &'static str, kind: Kind) -> Self {
        let (kept, reach, unrepaired, divergence, broken) = Default::default();
        Self { subject, kind, kept, reach, unrepaired, divergence, broken, n: 0 }
    }

    fn add(
        &mut self,
        corpus: &Corpus,
        tasks: &[Task],
        complete: impl Fn(&Task, &mut Stream) -> Result<Drawn> + Sync,
    ) -> Result<()> {
        let seed = self.kept.len() as u64;
        let each = tasks.par_iter().enumerate().map(|(index, task)| {
            let mut stream = Stream::item(seed, "maps/completing", index as u64);
            complete(task, &mut stream)
        });
        let drawn = each.collect::<Result<Vec<_>>>()?;
        let share = |holds: &dyn Fn(&Task, &Drawn) -> bool| {
            let count = tasks.iter().zip(&drawn).filter(|(task, drawn)| holds(task, drawn)).count();
            count as f64 / tasks.len().max(1) as f64
        };
        // By a judgement of its own, not by what the maker says of itself.
        let playable = |drawn: &Drawn| corpus.game.verdict(&drawn.map).playable();
        self.kept.push(share(&|task, drawn| keeps(&drawn.map, task)));
        self.reach.push(share(&|_, drawn| playable(drawn)));
        self.unrepaired.push(share(&|_, drawn| playable(drawn) && drawn.edits.is_empty()));
        let maps: Vec<Grid> = drawn.into_iter().map(|drawn| drawn.map).collect();
        self.divergence.push(tile_patterns::mean_divergence(&corpus.held_out, &maps));
        self.broken.push(Pipes::of(&maps).broken_share());
        self.n += tasks.len();
        Ok(())
    }

    fn rows(&self) -> Vec<Row> {
        let row = |metric: &str, unit: &str, better, figures: &[f64], target| {
            let row = row(metric, unit, better, mean(figures), self.n);
            let row = Row { subject: self.subject.into(), kind: self.kind, target, ..row };
            over_seeds(row, figures)
        };
        let higher =
            |metric, figures, target| row(metric, "share", Better::Higher, figures, target);
        vec![
            higher("complete-30-locked-kept", &self.kept, Some(1.0)),
            higher("complete-30-locked-reach", &self.reach, Some(0.99)),
            higher("complete-30-unrepaired", &self.unrepaired, None),
            row("complete-30-divergence", "nats", Better::Lower, &self.divergence, None),
            row("complete-30-broken-pipes", "share", Better::Lower, &self.broken, None),
        ]
    }
}

fn keeps(map: &Grid, task: &Task) -> bool {
    let same_size = (map.height(), map.width()) == (task.partial.height(), task.partial.width());
    let pairs = map.cells().iter().zip(task.partial.cells()).zip(&task.locked);
    same_size && pairs.into_iter().all(|((drawn, kept), locked)| !locked || drawn == kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_cells_in_ten_are_locked_about_half_of_them_in_blocks() {
        let mut stream = Stream::named(1, "locks");
        for _ in 0..50 {
            let locked = locks(14, &mut stream);
            assert_eq!(locked.iter().filter(|&&locked| locked).count(), 134); // 0.3 * 14 * 32
            let covered = |top: usize, left: usize| {
                (0..BLOCK).all(|row| (0..BLOCK).all(|c| locked[(top + row) * WIDTH + left + c]))
            };
            let blocks = (0..=14 - BLOCK)
                .flat_map(|top| (0..=WIDTH - BLOCK).map(move |left| (top, left)))
                .filter(|&(top, left)| covered(top, left));
            // 67 cells need five blocks where none overlap.
            assert!(blocks.count() >= 5);
        }
    }

    #[test]
    fn a_rival_keeps_the_locks_and_its_own_tiles_elsewhere() {
        let ground =
            Grid::from_rows(&["-".repeat(WIDTH), "X".repeat(WIDTH)]).expect("rows of one length");
        let mut partial = Grid::filled(2, WIDTH, b'-');
        partial.set(0, 5, b'S');
        let mut locked = vec![false; 2 * WIDTH];
        locked[5] = true;
        let task = Task { partial, locked };
        let columns = ColumnNgrams::fit(std::slice::from_ref(&ground), 1);
        let map = best_of_many(&columns, &task, &mut Stream::named(2, "rival"));
        assert!(keeps(&map, &task));
        let mut expected = ground;
        expected.set(0, 5, b'S');
        assert_eq!(map, expected);
    }
}
