//! Whether rooms have the doors that were asked for.

use anyhow::Result;
use generativa::data::Grid;
use generativa::run::evaluation::{Better, Kind, Row};
use generativa_random::Stream;
use rayon::prelude::*;

use super::row;
use super::scores::{mean, over_seeds};
use crate::game::Game;
use crate::generate::Generator;
use crate::rooms::{Verdict, empty, judge};

/// Sides with a door, one of the fifteen ways to have any, each as likely.
fn asked(stream: &mut Stream) -> [bool; 4] {
    let sides = stream.below(15) + 1;
    [0, 1, 2, 3].map(|side| sides & (1 << side) != 0)
}

/// The images of all of `rooms` that pass the rule.
pub(super) fn passing_images(rooms: &[Grid]) -> Vec<Grid> {
    let passing = rooms.iter().filter(|room| judge(room).passes());
    passing.flat_map(|room| Game::Room.symmetries(room)).collect()
}

/// The share of `count` rooms for each seed, one draw each, of which all four walls are as asked;
/// and of those that also connect them. Beside the model an image of a room of the training that
/// passes the rule and has the doors asked for, or any where there is none.
pub(super) fn rows(generators: &[Generator], train: &[Grid], count: usize) -> Result<Vec<Row>> {
    let known: Vec<Verdict> = passing_images(train).iter().map(judge).collect();
    let mut rows = Vec::new();
    for (subject, kind) in [("model", Kind::Model), ("human-room-looked-up", Kind::Baseline)] {
        let (mut obeyed, mut both) = (Vec::new(), Vec::new());
        for (seed, generator) in generators.iter().enumerate() {
            let family = format!("maps/doors/{seed}");
            let draw = |index: usize| -> Result<[f64; 2]> {
                let mut stream = Stream::item(0, &family, index as u64);
                let doors = asked(&mut stream);
                let verdict = if kind == Kind::Model {
                    judge(&generator.draw_room(doors, &mut stream)?)
                } else {
                    let fitting = known.iter().filter(|room| room.doors == doors);
                    let fitting: Vec<&Verdict> = fitting.collect();
                    match (fitting.is_empty(), known.is_empty()) {
                        (false, _) => **stream.pick(&fitting),
                        (true, false) => *stream.pick(&known),
                        (true, true) => judge(&empty([false; 4])),
                    }
                };
                let as_asked = verdict.doors == doors;
                Ok([as_asked, as_asked && verdict.passes()].map(|holds| f64::from(u8::from(holds))))
            };
            let drawn = (0..count).into_par_iter().map(draw).collect::<Result<Vec<_>>>()?;
            obeyed.push(mean(&drawn.iter().map(|pair| pair[0]).collect::<Vec<_>>()));
            both.push(mean(&drawn.iter().map(|pair| pair[1]).collect::<Vec<_>>()));
        }
        let n = count * generators.len();
        for (metric, figures, target) in
            [("doors-obeyed", obeyed, Some(0.99)), ("doors-obeyed-and-connected", both, None)]
        {
            let row = row(metric, "share", Better::Higher, mean(&figures), n);
            let row = Row { subject: subject.into(), kind, target, ..row };
            rows.push(over_seeds(row, &figures));
        }
    }
    Ok(rows)
}
