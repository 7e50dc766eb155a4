//! Where a planted change shows.

use std::ops::Range;

use generativa_random::Stream;

use super::Change;
use super::shape::{Shape, Strip};

/// A difference in mV that a change shows by: four steps of a converter of 200 steps a mV.
pub(super) const VISIBLE: f64 = 0.02;

/// One of the changes that are possible where there is a P, and where a beat may come early. The
/// families PR, QRS, ST, T and early come alike.
pub(super) fn draw(with_p: bool, may_be_early: bool, stream: &mut Stream) -> Change {
    let possible = |may: bool| f64::from(u8::from(may));
    let family = [possible(with_p), 1.0, 1.0, 1.0, possible(may_be_early)];
    match stream.weighted(&family) {
        0 => Change::LongPr,
        1 => Change::WideQrs,
        2 => *stream.pick(&[Change::StElevation, Change::StDepression]),
        3 => *stream.pick(&[Change::FlatT, Change::InvertedT, Change::TallT]),
        _ => Change::Early,
    }
}

/// The frames, from the first to the last, at which two beats differ visibly in a lead; each with
/// the time of its R in s. Only times from `from` on count. `None` where they are alike.
pub(super) fn difference(
    (one, at): (&Shape, f64),
    (other, other_at): (&Shape, f64),
    from: f64,
    frequency: f64,
) -> Option<Range<i64>> {
    let start = libm::ceil(from * frequency) as i64;
    let end = libm::ceil((at.max(other_at) + Shape::AFTER) * frequency) as i64;
    let frames = usize::try_from(end - start).ok()?;
    let mut strip = Strip { frequency, start, leads: [vec![0.0; frames], vec![0.0; frames]] };
    strip.add(one, at, 1.0);
    strip.add(other, other_at, -1.0);
    let shows = |&frame: &usize| strip.leads.iter().any(|lead| lead[frame].abs() > VISIBLE);
    let (first, last) = ((0..frames).find(shows)?, (0..frames).rfind(shows)?);
    Some(start + first as i64..start + last as i64 + 1)
}
