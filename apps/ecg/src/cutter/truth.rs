//! What is known of the beats of annotated recordings.

use super::Beat;

/// A beat and its mark are at most so far apart, s (ANSI/AAMI EC57).
const TOLERANCE: f64 = 0.15;

/// For each beat what is known of it: the label of the reference beat within 150 ms, one to one;
/// where two come into question, of the nearer one. `None` for beats that the reference lacks.
///
/// Both are in order of time; `reference` has the frame and the label of each beat.
pub fn truth<'a, T>(
    beats: &[Beat],
    reference: &'a [(u64, T)],
    frequency: f64,
) -> Vec<Option<&'a T>> {
    let apart = |beat: usize, mark: usize| {
        let both = beats.get(beat).zip(reference.get(mark));
        both.map_or(u64::MAX, |(beat, mark)| beat.frame.abs_diff(mark.0))
    };
    let (mut known, mut beat, mut mark) = (vec![None; beats.len()], 0, 0);
    while beat < beats.len() && mark < reference.len() {
        let here = apart(beat, mark);
        if apart(beat + 1, mark) < here {
            beat += 1;
        } else if apart(beat, mark + 1) < here {
            mark += 1;
        } else {
            let near = here as f64 <= TOLERANCE * frequency;
            known[beat] = near.then_some(&reference[mark].1);
            (beat, mark) = (beat + 1, mark + 1);
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_beat_gets_the_nearest_mark_and_no_mark_is_given_twice() {
        let beat = |frame| Beat {
            frame,
            quality: 1.0,
            values: Vec::new(),
            rr: None,
            next: None,
            rhythm: None,
            missing: 0.0,
        };
        let beats = [5, 100, 220, 230, 300, 450].map(beat);
        let marks = [(90, 'a'), (110, 'b'), (232, 'c'), (316, 'd'), (400, 'e'), (440, 'f')];
        let expected = [None, Some(&'a'), None, Some(&'c'), None, Some(&'f')];
        assert_eq!(truth(&beats, &marks, 100.0), expected);
        assert_eq!(truth(&beats, &[(315, 'd')], 100.0)[4], Some(&'d'));
        assert_eq!(truth::<char>(&beats, &[], 100.0), [None; 6]);
    }
}
