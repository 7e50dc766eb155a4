//! Dungeons of many rooms with locks and keys.

use anyhow::Result;
use generativa::data::Grid;
use generativa::metrics::quantile::median;
use generativa::run::evaluation::{Better, Kind, Row};
use generativa_random::Stream;
use rayon::prelude::*;

use super::row;
use super::scores::{mean, over_seeds};
use crate::generate::Generator;
use crate::rooms::quest::{Asked, Layout, solve};
use crate::rooms::{Quest, empty, judge};

/// What is asked of each.
const ASKED: Asked = Asked { rooms: 20, locks: 3, loops: 0.15 };

/// Rows over `count` dungeons for each seed: the share that can be solved and never lost, each once
/// its rooms are repaired, and the median of the tiles changed in a room. Beside the model rooms of
/// the training with the doors asked for, or bare ones where there are none.
pub(super) fn rows(generators: &[Generator], train: &[Grid], count: usize) -> Result<Vec<Row>> {
    let known: Vec<_> = train.iter().map(|room| (judge(room).doors, room)).collect();
    let mut rows = Vec::new();
    for (subject, kind) in [("model", Kind::Model), ("human-room-looked-up", Kind::Baseline)] {
        let (mut solvable, mut edits) = (Vec::new(), Vec::new());
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
            let draw = |index: usize| -> Result<(f64, f64)> {
                let mut stream = Stream::item(0, &family, index as u64);
                // One that cannot be filled counts as one that cannot be solved.
                let layout = Layout::grow(&ASKED, &mut stream)?;
                let Ok(quest) = Quest::draw(layout, room, &mut stream) else {
                    return Ok((0.0, f64::INFINITY));
                };
                let verdict = solve(&quest);
                let holds = verdict.solvable && verdict.never_stuck;
                Ok((f64::from(u8::from(holds)), quest.edits.len() as f64 / ASKED.rooms as f64))
            };
            let drawn = (0..count).into_par_iter().map(draw).collect::<Result<Vec<_>>>()?;
            solvable.push(mean(&drawn.iter().map(|pair| pair.0).collect::<Vec<_>>()));
            edits.push(median(&drawn.iter().map(|pair| pair.1).collect::<Vec<_>>()));
        }
        let n = count * generators.len();
        for (metric, unit, better, figures, target) in [
            ("quest-20-solvable", "share", Better::Higher, solvable, Some(1.0)),
            ("quest-edits-a-room-median", "tiles", Better::Lower, edits, None),
        ] {
            let row = row(metric, unit, better, mean(&figures), n);
            let row = Row { subject: subject.into(), kind, target, ..row };
            rows.push(over_seeds(row, &figures));
        }
    }
    Ok(rows)
}
