//! Dungeons of many rooms with locks and keys.

use anyhow::Result;
use generativa::data::Grid;
use generativa::metrics::quantile::median;
use generativa::run::evaluation::{Better, Kind, Row};
use generativa_random::Stream;
use rayon::prelude::*;

use super::doors::passing_images;
use super::row;
use super::scores::{mean, over_seeds};
use crate::generate::Generator;
use crate::quest::USUAL as ASKED;
use crate::rooms::quest::{Layout, solve};
use crate::rooms::{Quest, empty, judge};

/// Name, unit, direction and mark of each figure.
const METRICS: [(&str, &str, Better, Option<f64>); 3] = [
    ("quest-20-solvable", "share", Better::Higher, Some(1.0)),
    ("quest-edits-a-room", "tiles", Better::Lower, None),
    ("quest-draws-a-room", "draws", Better::Lower, None),
];

/// Rows over `count` dungeons for each seed: the share that can be solved and never lost, each once
/// its rooms are repaired; and what that took: the median of the tiles changed in a room, and how
/// often one had to be drawn. Beside the model images of rooms of the training with the doors asked
/// for that pass the rule, or bare ones where there are none.
pub(super) fn rows(generators: &[Generator], train: &[Grid], count: usize) -> Result<Vec<Row>> {
    let images = passing_images(train);
    let known: Vec<_> = images.iter().map(|room| (judge(room).doors, room)).collect();
    let mut rows = Vec::new();
    for (subject, kind) in [("model", Kind::Model), ("human-room-looked-up", Kind::Baseline)] {
        let mut figures: [Vec<f64>; 3] = Default::default();
        for (seed, generator) in generators.iter().enumerate() {
            let room = |doors: [bool; 4], stream: &mut Stream| {
                if kind == Kind::Model {
                    return generator.draw_room(doors, stream);
                }
                let fitting: Vec<_> = known.iter().filter(|room| room.0 == doors).collect();
                if fitting.is_empty() {
                    return Ok(empty(doors));
                }
                Ok(stream.pick(&fitting).1.clone())
            };
            let family = format!("maps/quests/{seed}");
            let draw = |index: usize| -> Result<[f64; 3]> {
                let mut stream = Stream::item(0, &family, index as u64);
                let quest = Quest::draw(Layout::grow(&ASKED, &mut stream)?, room, &mut stream)?;
                let verdict = solve(&quest);
                let holds = verdict.solvable && verdict.never_stuck;
                let rooms = ASKED.rooms as f64;
                let each = [quest.edits.len(), quest.draws].map(|count| count as f64 / rooms);
                Ok([f64::from(u8::from(holds)), each[0], each[1]])
            };
            // A model whose rooms cannot be used at all has no dungeons: that counts as unsolved.
            let drawn = (0..count).into_par_iter().filter_map(|index| draw(index).ok());
            let drawn: Vec<[f64; 3]> = drawn.collect();
            let of = |place: usize| drawn.iter().map(|one| one[place]).collect::<Vec<_>>();
            figures[0].push(of(0).iter().sum::<f64>() / count as f64);
            if !drawn.is_empty() {
                figures[1].push(median(&of(1)));
                figures[2].push(mean(&of(2)));
            }
        }
        let n = count * generators.len();
        for ((metric, unit, better, target), figures) in METRICS.into_iter().zip(figures) {
            if figures.is_empty() {
                continue;
            }
            let row = row(metric, unit, better, mean(&figures), n);
            let row = Row { subject: subject.into(), kind, target, ..row };
            rows.push(over_seeds(row, &figures));
        }
    }
    Ok(rows)
}
