//! What a user gets who asks for maps that can be played: drawn anew, and repaired, until they can.

use anyhow::Result;
use generativa::metrics::quantile::median;
use generativa::run::evaluation::{Better, Row};
use generativa_random::Stream;
use rayon::prelude::*;

use super::row;
use super::scores::{mean, over_seeds};
use crate::generate::Generator;
use crate::sample::TRIES;

/// Rows over `count` requests for each seed: the share that ends with a map that can be played, the
/// median of the draws that it took, and the median of the edits.
pub(super) fn rows(generators: &[Generator], width: usize, count: usize) -> Result<Vec<Row>> {
    let (mut playable, mut draws, mut edits) = (Vec::new(), Vec::new(), Vec::new());
    for (seed, generator) in generators.iter().enumerate() {
        let family = format!("maps/delivered/{seed}");
        let request = |index: usize| {
            let mut stream = Stream::item(0, &family, index as u64);
            generator.draw_checked(width, &generator.usual_wishes(), TRIES, &mut stream)
        };
        let drawn = (0..count).into_par_iter().map(request).collect::<Result<Vec<_>>>()?;
        // By a judgement of its own, not by what the maker says of itself.
        let found = drawn.iter().map(|drawn| generator.domain.game.verdict(&drawn.map).playable());
        playable.push(mean(&found.map(|found| f64::from(u8::from(found))).collect::<Vec<_>>()));
        draws.push(median(&drawn.iter().map(|drawn| drawn.draws as f64).collect::<Vec<_>>()));
        edits.push(median(&drawn.iter().map(|drawn| drawn.edits.len() as f64).collect::<Vec<_>>()));
    }
    let n = count * generators.len();
    let figure = |metric: &str, unit: &str, better, figures: &[f64]| {
        over_seeds(row(metric, unit, better, mean(figures), n), figures)
    };
    let delivered = figure("delivered-playable", "share", Better::Higher, &playable);
    Ok(vec![
        Row { target: Some(1.0), ..delivered },
        figure("delivered-draws-median", "draws", Better::Lower, &draws),
        figure("delivered-edits-median", "tiles", Better::Lower, &edits),
    ])
}
