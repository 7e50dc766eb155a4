//! Levels column by column, each drawn by how often it followed the columns before it: the lookup
//! table that any learned model of levels has to beat.

use std::collections::{BTreeMap, BTreeSet};

use generativa_random::Stream;

use crate::data::Grid;

/// Stands for the nothing before a level's first column.
const START: u32 = u32::MAX;

/// The last `order` columns, oldest first.
type Context = Vec<u32>;

/// A Markov chain of some order over the distinct columns of its training levels.
#[derive(Clone, Debug)]
pub struct ColumnNgrams {
    height: usize,
    order: usize,
    /// The distinct columns, sorted; elsewhere a column is its place here.
    columns: Vec<Vec<u8>>,
    /// For each context how often each column followed it.
    counts: BTreeMap<Context, BTreeMap<u32, usize>>,
    /// Columns of the longest level that can be drawn; `None` where there is no limit.
    longest: Option<usize>,
}

impl ColumnNgrams {
    /// Counts which column follows which `order` columns in `levels`, which have one height and
    /// together at least one column.
    ///
    /// Each level begins after `order` start marks, so a drawn level begins as some level of the
    /// training does, and no context spans two levels. Order 0 draws columns by their count alone.
    pub fn fit(levels: &[Grid], order: usize) -> Self {
        let height = levels.first().map_or(0, Grid::height);
        let same = levels.iter().all(|level| level.height() == height);
        assert!(same, "a chain of columns needs levels of one height");
        let columns_of = |level: &Grid| -> Vec<Vec<u8>> {
            (0..level.width()).map(|column| level.column(column)).collect()
        };
        let distinct: BTreeSet<Vec<u8>> = levels.iter().flat_map(columns_of).collect();
        assert!(!distinct.is_empty(), "a chain of columns needs at least one column");
        let columns: Vec<Vec<u8>> = distinct.into_iter().collect();

        let mut counts: BTreeMap<Context, BTreeMap<u32, usize>> = BTreeMap::new();
        for level in levels {
            let mut context = vec![START; order];
            for column in columns_of(level) {
                let id = columns.binary_search(&column).expect("every column was collected");
                let id = id as u32;
                *counts.entry(context.clone()).or_default().entry(id).or_default() += 1;
                advance(&mut context, id);
            }
        }
        let longest = longest_walk(&counts, order);
        Self { height, order, columns, counts, longest }
    }

    /// Draws a level of `width` columns, or `None` where no walk through the counts is so long.
    ///
    /// A draw that meets a context without successor — the end of a training level, seen nowhere
    /// else — is thrown away whole and begun anew.
    pub fn draw(&self, width: usize, stream: &mut Stream) -> Option<Grid> {
        if self.longest.is_some_and(|longest| longest < width) {
            return None;
        }
        loop {
            if let Some(columns) = self.try_draw(width, stream) {
                return Some(Grid::from_columns(self.height, &columns));
            }
        }
    }

    fn try_draw(&self, width: usize, stream: &mut Stream) -> Option<Vec<&[u8]>> {
        let mut context = vec![START; self.order];
        let mut drawn = Vec::with_capacity(width);
        for _ in 0..width {
            let successors = self.counts.get(&context)?;
            let mut left = stream.below(successors.values().sum());
            let (&id, _) = successors.iter().find(|&(_, &count)| {
                let found = left < count;
                left = left.saturating_sub(count);
                found
            })?;
            drawn.push(self.columns[id as usize].as_slice());
            advance(&mut context, id);
        }
        Some(drawn)
    }
}

/// Moves a context on by one column.
fn advance(context: &mut [u32], column: u32) {
    if let Some(oldest) = context.first_mut() {
        *oldest = column;
        context.rotate_left(1);
    }
}

/// The number of columns of the longest walk from the start, or `None` where a walk can go round.
fn longest_walk(counts: &BTreeMap<Context, BTreeMap<u32, usize>>, order: usize) -> Option<usize> {
    let successors = |context: &Context| -> Vec<Context> {
        let follow = |&column: &u32| {
            let mut context = context.clone();
            advance(&mut context, column);
            context
        };
        counts.get(context).into_iter().flat_map(BTreeMap::keys).map(follow).collect()
    };
    // How many edges lead into each context; all can be reached, since every level is a walk.
    let mut incoming: BTreeMap<Context, usize> = BTreeMap::from([(vec![START; order], 0)]);
    for context in counts.keys().flat_map(successors) {
        *incoming.entry(context).or_default() += 1;
    }

    // Contexts leave once all edges into them have left (Kahn 1962); a way round never does. Each
    // turn takes all that are free, so its number is the length of the longest walk to them.
    let (mut left, mut turns) = (incoming.len(), 0);
    let mut free: Vec<Context> = vec![vec![START; order]];
    free.retain(|start| incoming[start] == 0);
    while !free.is_empty() {
        left -= free.len();
        let mut next = Vec::new();
        for context in free.iter().flat_map(successors) {
            let edges = incoming.get_mut(&context)?;
            *edges -= 1;
            if *edges == 0 {
                next.push(context);
            }
        }
        turns += usize::from(!next.is_empty());
        free = next;
    }
    (left == 0).then_some(turns)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One row, so that a column is a symbol.
    fn line(symbols: &str) -> Grid {
        Grid::from_rows(&[symbols]).expect("one row")
    }

    fn text(grid: Option<Grid>) -> String {
        grid.expect("a level of this width").to_string().trim_end().to_owned()
    }

    #[test]
    fn counts_follow_the_corpus_and_never_cross_two_levels() {
        let chain = ColumnNgrams::fit(&[line("abab"), line("bba")], 2);
        let (a, b) = (0, 1);
        let expected = [
            (vec![a, b], vec![(a, 1)]),
            (vec![b, a], vec![(b, 1)]),
            (vec![b, b], vec![(a, 1)]),
            (vec![START, a], vec![(b, 1)]),
            (vec![START, b], vec![(b, 1)]),
            (vec![START, START], vec![(a, 1), (b, 1)]),
        ];
        let expected: BTreeMap<_, BTreeMap<_, _>> = expected
            .into_iter()
            .map(|(context, successors)| (context, successors.into_iter().collect()))
            .collect();
        assert_eq!(chain.counts, expected);
    }

    #[test]
    fn draws_follow_the_counts() {
        // After `a`: `b` three times, `c` once.
        let chain = ColumnNgrams::fit(&[line("abababaca")], 1);
        let mut stream = Stream::named(1, "draws");
        let level = text(chain.draw(40_000, &mut stream));
        assert!(level.starts_with('a'));
        let share = level.matches("ab").count() as f64 / 20_000.0;
        // Five standard errors of a share of 3/4.
        assert!((share - 0.75).abs() < 0.016, "{share}");
        assert_eq!(level.matches("ba").count() + level.matches("ca").count(), 19_999);
    }

    #[test]
    fn order_zero_draws_columns_by_their_count_alone() {
        let chain = ColumnNgrams::fit(&[line("aab"), line("a")], 0);
        let level = text(chain.draw(40_000, &mut Stream::named(2, "draws")));
        let share = level.matches('a').count() as f64 / 40_000.0;
        assert!((share - 0.75).abs() < 0.011, "{share}");
    }

    #[test]
    fn a_draw_that_runs_into_the_end_is_begun_anew() {
        // `b` ends the level, so only a run of `a` can be longer than the corpus.
        let chain = ColumnNgrams::fit(&[line("aaab")], 1);
        let mut stream = Stream::named(3, "draws");
        for _ in 0..50 {
            let level = text(chain.draw(6, &mut stream));
            assert!(level == "aaaaaa" || level == "aaaaab", "{level}");
        }
    }

    #[test]
    fn a_width_beyond_the_longest_walk_is_refused() {
        let chain = ColumnNgrams::fit(&[line("abcd"), line("xbcy")], 1);
        let mut stream = Stream::named(4, "draws");
        assert!(chain.draw(4, &mut stream).is_some());
        assert_eq!(chain.draw(5, &mut stream), None);
        // Of order 2 the two levels do not mix.
        let chain = ColumnNgrams::fit(&[line("abcd"), line("xbcy")], 2);
        assert_eq!((chain.longest, chain.draw(5, &mut stream)), (Some(4), None));
    }
}
