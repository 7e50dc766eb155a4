//! Whether wishes are obeyed: the value asked for against the one measured.

use anyhow::Result;
use generativa::data::Grid;
use generativa::metrics::quantile::quantile;
use generativa::run::evaluation::{Better, Row};
use generativa_random::Stream;
use rayon::prelude::*;

use super::row;
use super::scores::{mean, over_seeds};
use crate::data::windows;
use crate::generate::Generator;

/// One wish at a time, `count` times a label and seed; the value asked for is a quantile between
/// 5 % and 95 % of the held-out windows, and the error a share of the range between those two.
/// It is measured on the last window of a map that was asked for it throughout.
pub(super) fn rows(generators: &[Generator], held_out: &[Grid], count: usize) -> Result<Vec<Row>> {
    let Some(first) = generators.first() else { return Ok(Vec::new()) };
    let domain = &first.domain;
    let shape = domain.shape;
    let values: Vec<Vec<f64>> =
        windows(held_out, shape.window).map(|map| domain.game.measure(&map)).collect();
    // Maps of one window have nothing before it.
    let before = if domain.game.has_any_width() { shape.window } else { 0 };
    let mut rows = Vec::new();
    for (label, scale) in domain.labels.iter().enumerate() {
        let values: Vec<f64> = values.iter().map(|values| values[label]).collect();
        let range = quantile(&values, 0.95) - quantile(&values, 0.05);
        if range <= 0.0 {
            continue;
        }
        let mut errors = Vec::new();
        for (seed, generator) in generators.iter().enumerate() {
            let error = |index: usize| -> Result<f64> {
                let family = format!("maps/control/{}/{seed}", scale.name);
                let mut stream = Stream::item(0, &family, index as u64);
                let asked = quantile(&values, 0.05 + 0.9 * stream.uniform());
                let mut wishes = generator.usual_wishes();
                wishes[label] = Some(asked);
                let map = generator.draw(before + shape.window, &wishes, &mut stream)?;
                let window = map.columns(before..before + shape.window);
                Ok((domain.game.measure(&window)[label] - asked).abs() / range)
            };
            let each = (0..count).into_par_iter().map(error).collect::<Result<Vec<_>>>()?;
            errors.push(mean(&each));
        }
        let metric = format!("control-{}-mae", scale.name);
        let n = count * generators.len();
        let row = row(&metric, "share of range", Better::Lower, mean(&errors), n);
        rows.push(over_seeds(Row { target: Some(0.10), ..row }, &errors));
    }
    Ok(rows)
}
