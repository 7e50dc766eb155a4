//! What repair makes of the raw maps, and how much it changes.

use generativa::data::Grid;
use generativa::metrics::quantile::median;
use generativa::run::evaluation::{Better, Row};
use rayon::prelude::*;

use super::row;
use super::scores::{mean, over_seeds};
use crate::game::Game;

/// The raw maps of one maker after repair, seed by seed.
#[derive(Default)]
pub(super) struct Repaired {
    /// 1 for each map that can be played afterwards.
    reach: Vec<Vec<f64>>,
    /// Tiles changed in each map that could not be played before.
    edits: Vec<Vec<f64>>,
}

impl Repaired {
    /// Repairs the maps of one seed.
    pub(super) fn add(&mut self, game: Game, maps: &[Grid]) {
        let repair = |map: &Grid| {
            let repaired = game.repair(map, &vec![false; map.cells().len()])?;
            game.verdict(&repaired.level).playable().then_some(repaired.edits.len() as f64)
        };
        let edits: Vec<Option<f64>> = maps.par_iter().map(repair).collect();
        self.reach.push(edits.iter().map(|edits| f64::from(u8::from(edits.is_some()))).collect());
        self.edits.push(edits.into_iter().flatten().filter(|&edits| edits > 0.0).collect());
    }

    /// Share that can be played, and the median number of edits over those that needed some. The
    /// maps have `width` columns.
    pub(super) fn rows(&self, game: Game, width: usize) -> Vec<Row> {
        let shares: Vec<f64> = self.reach.iter().map(|seed| mean(seed)).collect();
        let maps = self.reach.iter().map(Vec::len).sum();
        let metric = match game {
            Game::Platform => format!("reach-{width}-repaired"),
            _ => "playable-repaired".to_owned(),
        };
        let reach = row(&metric, "share", Better::Higher, mean(&shares), maps);
        let mut rows = vec![over_seeds(Row { target: Some(0.995), ..reach }, &shares)];
        let edits = self.edits.concat();
        if !edits.is_empty() {
            let needed = self.edits.iter().filter(|seed| !seed.is_empty());
            let medians: Vec<f64> = needed.map(|seed| median(seed)).collect();
            let metric = "repair-edits-median";
            let row = row(metric, "tiles", Better::Lower, median(&edits), edits.len());
            rows.push(over_seeds(Row { target: Some(5.0), ..row }, &medians));
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_maps_that_needed_edits_count_towards_their_median() {
        let flat = Grid::from_rows(&["----", "----", "XXXX"]).expect("rows of one length");
        // A wall of five is a tile too high.
        let mut walled = Grid::filled(14, 12, b'-');
        (0..12).for_each(|column| walled.set(13, column, b'X'));
        (8..13).for_each(|row| walled.set(row, 6, b'X'));
        let mut repaired = Repaired::default();
        repaired.add(Game::Platform, &[flat.clone(), walled, flat]);
        let rows = repaired.rows(Game::Platform, 12);
        let found: Vec<_> =
            rows.iter().map(|row| (row.metric.as_str(), row.value, row.n)).collect();
        assert_eq!(found, [("reach-12-repaired", 1.0, 3), ("repair-edits-median", 1.0, 1)]);
    }
}
