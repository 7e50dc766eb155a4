//! Detected events against reference events.

/// How many events were found, how well, and how many were not.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EventMatch {
    /// Reference events with a detected one: true positives.
    pub found: usize,
    /// Reference events without: false negatives.
    pub missed: usize,
    /// Detected events without a reference event: false positives.
    pub extra: usize,
    /// The sum over matched pairs of their distance, s.
    pub distance: f64,
}

impl EventMatch {
    /// Matches times in s, both in rising order, one to one, at most `tolerance` s apart; 0.15 s
    /// for heart beats (ANSI/AAMI EC57).
    ///
    /// No matching in order of time has more pairs, and none with as many has a smaller sum of
    /// distances; the `bxb` of the WFDB software decides pair by pair, and differs only where
    /// several events lie within one tolerance. Panics at times that fall or are NaN.
    pub fn of(reference: &[f64], detected: &[f64], tolerance: f64) -> Self {
        for times in [reference, detected] {
            assert!(times.is_sorted(), "events in order of time");
        }
        // Best[j]: pairs and their distance among the reference events so far and the first j of
        // those detected events that can still matter, from `first` on.
        let mut first = 0;
        let mut best = vec![(0, 0.0)];
        for &time in reference {
            let near = detected[first..].partition_point(|&event| event < time - tolerance);
            let reach = detected[first..].partition_point(|&event| event <= time + tolerance);
            // Events before the tolerance of this one are out of reach for all later ones.
            let last = best[best.len() - 1];
            best.resize(best.len().max(reach + 1), last);
            best.drain(..near);
            first += near;
            let mut diagonal = best[0];
            for place in 1..best.len() {
                let apart = (detected[first + place - 1] - time).abs();
                let pair = (diagonal.0 + 1, diagonal.1 + apart);
                diagonal = best[place];
                if apart <= tolerance {
                    best[place] = better(best[place], pair);
                }
                best[place] = better(best[place], best[place - 1]);
            }
        }
        let (found, distance) = best[best.len() - 1];
        let (missed, extra) = (reference.len() - found, detected.len() - found);
        Self { found, missed, extra, distance }
    }

    /// Of two recordings, or two stretches of one, together.
    pub fn and(self, other: Self) -> Self {
        Self {
            found: self.found + other.found,
            missed: self.missed + other.missed,
            extra: self.extra + other.extra,
            distance: self.distance + other.distance,
        }
    }

    /// The share of reference events that were found, 0 to 1, best 1; NaN without any.
    pub fn sensitivity(&self) -> f64 {
        self.found as f64 / (self.found + self.missed) as f64
    }

    /// The share of detected events that are right, `+P` in EC57, 0 to 1, best 1; NaN without any.
    pub fn positive_predictivity(&self) -> f64 {
        self.found as f64 / (self.found + self.extra) as f64
    }

    /// The harmonic mean of sensitivity and positive predictivity, 0 to 1, best 1; NaN without any
    /// event.
    pub fn f1(&self) -> f64 {
        2.0 * self.found as f64 / (2 * self.found + self.missed + self.extra) as f64
    }

    /// The mean distance of matched pairs, s, best 0; NaN without any.
    pub fn mean_error(&self) -> f64 {
        self.distance / self.found as f64
    }
}

/// The one with more pairs, or with the smaller distance of as many.
fn better(a: (usize, f64), b: (usize, f64)) -> (usize, f64) {
    if b.0 > a.0 || (b.0 == a.0 && b.1 < a.1) { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(reference: &[f64], detected: &[f64]) -> (usize, usize, usize) {
        let found = EventMatch::of(reference, detected, 0.15);
        (found.found, found.missed, found.extra)
    }

    #[test]
    fn a_beat_found_one_missed_and_one_too_many_give_their_shares() {
        let found = EventMatch::of(&[1.0, 2.0, 3.0, 4.0], &[1.1, 2.5, 2.9, 3.98, 5.0], 0.15);
        assert_eq!((found.found, found.missed, found.extra), (3, 1, 2));
        assert_eq!((found.sensitivity(), found.positive_predictivity()), (0.75, 0.6));
        assert!((found.f1() - 2.0 / 3.0).abs() < 1e-12);
        assert!((found.mean_error() - 0.22 / 3.0).abs() < 1e-12);
        let twice = found.and(found);
        assert_eq!((twice.found, twice.f1()), (6, found.f1()));
    }

    #[test]
    fn an_event_is_matched_once_and_with_the_nearest() {
        let found = EventMatch::of(&[1.0], &[0.9, 1.01, 1.1], 0.15);
        assert_eq!((found.found, found.missed, found.extra), (1, 0, 2));
        assert!((found.mean_error() - 0.01).abs() < 1e-12);
    }

    #[test]
    fn pairs_that_exclude_each_other_are_chosen_for_their_number() {
        // The nearest to 1.0 is 1.1, which is all that 1.2 has.
        assert_eq!(counts(&[1.0, 1.2], &[0.86, 1.1]), (2, 0, 0));
        assert_eq!(counts(&[1.0, 1.2], &[1.1, 1.34]), (2, 0, 0));
        assert_eq!(counts(&[0.0, 0.1, 0.2, 0.3], &[0.14, 0.24, 0.34, 0.44]), (4, 0, 0));
    }

    #[test]
    fn the_tolerance_itself_is_within() {
        assert_eq!(EventMatch::of(&[0.5], &[0.75], 0.25).found, 1);
        assert_eq!(EventMatch::of(&[0.5], &[0.76], 0.25).found, 0);
    }

    #[test]
    fn nothing_against_something_has_no_pair_and_nothing_against_nothing_no_share() {
        assert_eq!(counts(&[], &[1.0, 2.0]), (0, 0, 2));
        assert_eq!(counts(&[1.0, 2.0], &[]), (0, 2, 0));
        assert_eq!(counts(&[1.0, 9.0], &[5.0, 20.0]), (0, 2, 2));
        let none = EventMatch::of(&[], &[], 0.15);
        assert!(none.f1().is_nan() && none.sensitivity().is_nan() && none.mean_error().is_nan());
    }

    #[test]
    fn no_choice_of_pairs_is_better_on_small_lists() {
        // Every subset of pairs in order, by recursion.
        fn exhaustive(reference: &[f64], detected: &[f64]) -> (usize, f64) {
            let ([a, rest @ ..], [b, others @ ..]) = (reference, detected) else {
                return (0, 0.0);
            };
            let without = better(exhaustive(rest, detected), exhaustive(reference, others));
            let (count, sum) = exhaustive(rest, others);
            let apart = (a - b).abs();
            if apart <= 0.15 { better(without, (count + 1, sum + apart)) } else { without }
        }
        let mut stream = generativa_random::Stream::named(1, "events");
        for _ in 0..300 {
            let mut times = || {
                let count = stream.below(7);
                let mut times: Vec<f64> = (0..count).map(|_| stream.uniform()).collect();
                times.sort_by(f64::total_cmp);
                times
            };
            let (reference, detected) = (times(), times());
            let found = EventMatch::of(&reference, &detected, 0.15);
            let (count, distance) = exhaustive(&reference, &detected);
            assert_eq!(found.found, count);
            assert!((found.distance - distance).abs() < 1e-9);
        }
    }
}
