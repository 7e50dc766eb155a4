//! How well a score parts positives from negatives: the area under the receiver operating
//! characteristic, average precision and F1.
//!
//! Everywhere `scores[i]` is high where item `i` looks positive, none is NaN, and `positive[i]`
//! says whether it is.

use std::collections::BTreeSet;

use generativa_random::Stream;

use super::quantile::quantile;

/// Area under the receiver operating characteristic: the chance that a positive scores above a
/// negative, ties counting half (Hanley & McNeil 1982). From 0 to 1, best 1; 0.5 tells nothing.
/// Both kinds are needed.
pub fn auc(scores: &[f64], positive: &[bool]) -> f64 {
    Ranked::new(scores, positive).auc(&vec![1.0; scores.len()])
}

/// Mean over the positives of the precision at each one's score, from the best downwards; items
/// with equal scores are taken together. From 0 to 1, best 1; the share of positives tells nothing.
pub fn average_precision(scores: &[f64], positive: &[bool]) -> f64 {
    let ranked = Ranked::new(scores, positive);
    let (mut taken, mut hits, mut sum) = (0.0, 0.0, 0.0);
    for group in ranked.groups.iter().rev() {
        let found = group.iter().filter(|&&item| positive[item]).count() as f64;
        taken += group.len() as f64;
        hits += found;
        sum += found * hits / taken;
    }
    sum / hits
}

/// The harmonic mean of precision and sensitivity where every score above `threshold` raises an
/// alarm. From 0 to 1, best 1; 0 where no positive is found.
pub fn f1(scores: &[f64], positive: &[bool], threshold: f64) -> f64 {
    let hit = |(score, positive): &(&f64, &bool)| **score > threshold && **positive;
    let hits = scores.iter().zip(positive).filter(hit).count() as f64;
    let alarms = scores.iter().filter(|score| **score > threshold).count() as f64;
    let positives = positive.iter().filter(|positive| **positive).count() as f64;
    if hits > 0.0 { 2.0 * hits / (alarms + positives) } else { 0.0 }
}

/// The highest [`f1`] of any threshold. It takes the labels to find it, so it is an oracle.
pub fn best_f1(scores: &[f64], positive: &[bool]) -> f64 {
    let ranked = Ranked::new(scores, positive);
    let positives = positive.iter().filter(|positive| **positive).count() as f64;
    let (mut alarms, mut hits, mut best) = (0.0, 0.0, 0f64);
    for group in ranked.groups.iter().rev() {
        alarms += group.len() as f64;
        hits += group.iter().filter(|&&item| positive[item]).count() as f64;
        best = best.max(2.0 * hits / (alarms + positives));
    }
    best
}

/// What is drawn anew by a bootstrap: items by the unit that they come from, such as a patient.
#[derive(Clone, Debug)]
pub struct Units {
    /// The unit of each item.
    unit: Vec<usize>,
    count: usize,
}

impl Units {
    /// Every one of `count` items is drawn for itself.
    pub fn items(count: usize) -> Self {
        Self { unit: (0..count).collect(), count }
    }

    /// Items with the same value of `owner` are drawn together.
    pub fn owners<T: Ord>(owner: &[T]) -> Self {
        let distinct: Vec<&T> = owner.iter().collect::<BTreeSet<_>>().into_iter().collect();
        let place = |owner: &T| distinct.binary_search(&owner).expect("every owner was collected");
        Self { unit: owner.iter().map(place).collect(), count: distinct.len() }
    }

    /// How often each item is drawn.
    fn draw(&self, stream: &mut Stream) -> Vec<f64> {
        let mut times = vec![0.0; self.count];
        (0..self.count).for_each(|_| times[stream.below(self.count)] += 1.0);
        self.unit.iter().map(|&unit| times[unit]).collect()
    }
}

/// `[low, high]`, 95 %, of the mean [`auc`] of a model's seeds by the percentile bootstrap over
/// units and seeds. `seeds`: the scores of the same items, once a seed.
pub fn bootstrap_auc(
    seeds: &[Vec<f64>],
    positive: &[bool],
    units: &Units,
    resamples: usize,
    stream: &mut Stream,
) -> [f64; 2] {
    let none = vec![vec![0.0; positive.len()]; seeds.len()];
    let [low, high] = bootstrap_auc_difference(seeds, &none, positive, units, resamples, stream);
    // Against constant scores, whose area is a half for any draw.
    [low + 0.5, high + 0.5]
}

/// `[low, high]`, 95 %, of the mean [`auc`] of `model` minus that of `rival`, by the percentile
/// bootstrap: each of the `resamples` draws anew units, the same for both, and seeds, the same for
/// both. Above 0 throughout: the model is better.
pub fn bootstrap_auc_difference(
    model: &[Vec<f64>],
    rival: &[Vec<f64>],
    positive: &[bool],
    units: &Units,
    resamples: usize,
    stream: &mut Stream,
) -> [f64; 2] {
    assert_eq!(model.len(), rival.len(), "both sides need the same seeds");
    let ranked = |scores: &Vec<f64>| Ranked::new(scores, positive);
    let model: Vec<Ranked> = model.iter().map(ranked).collect();
    let rival: Vec<Ranked> = rival.iter().map(ranked).collect();
    let difference = |_| {
        let times = units.draw(stream);
        let seeds = (0..model.len()).map(|_| {
            let seed = stream.below(model.len());
            model[seed].auc(&times) - rival[seed].auc(&times)
        });
        seeds.sum::<f64>() / model.len() as f64
    };
    // A draw of nothing but one kind shows nothing.
    let differences: Vec<f64> =
        (0..resamples).map(difference).filter(|found| found.is_finite()).collect();
    if differences.is_empty() {
        return [-1.0, 1.0];
    }
    [quantile(&differences, 0.025), quantile(&differences, 0.975)]
}

/// Items in rising order of their scores, those with equal scores together.
struct Ranked<'a> {
    groups: Vec<Vec<usize>>,
    positive: &'a [bool],
}

impl<'a> Ranked<'a> {
    fn new(scores: &[f64], positive: &'a [bool]) -> Self {
        assert_eq!(scores.len(), positive.len(), "a score belongs to an item");
        let both = positive.contains(&true) && positive.contains(&false);
        assert!(both, "to part positives from negatives takes both");
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
        let groups = order.chunk_by(|&a, &b| scores[a] == scores[b]).map(<[usize]>::to_vec);
        Self { groups: groups.collect(), positive }
    }

    /// The area where item `i` is there `times[i]` times.
    fn auc(&self, times: &[f64]) -> f64 {
        let (mut below, mut pairs, mut all) = (0.0, 0.0, 0.0);
        for group in &self.groups {
            let (mut negatives, mut positives) = (0.0, 0.0);
            for &item in group {
                let kind = if self.positive[item] { &mut positives } else { &mut negatives };
                *kind += times[item];
            }
            pairs += positives * (below + negatives / 2.0);
            below += negatives;
            all += positives;
        }
        pairs / (below * all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POSITIVE: [bool; 5] = [false, true, false, true, true];

    #[test]
    fn the_area_is_the_share_of_pairs_in_order() {
        // Pairs: 3 > 1, 3 > 2, 2 = 2 a half, 2 > 1, 4 > both.
        assert_eq!(auc(&[1.0, 3.0, 2.0, 2.0, 4.0], &POSITIVE), 5.5 / 6.0);
        assert_eq!(auc(&[0.0; 5], &POSITIVE), 0.5);
        let against: Vec<f64> = POSITIVE.iter().map(|&p| f64::from(u8::from(!p))).collect();
        assert_eq!(auc(&against, &POSITIVE), 0.0);
    }

    #[test]
    fn precision_is_averaged_over_the_positives() {
        // In order 4+ 3+ 2+ 2- 1-, the equal ones together: 1, 1, 3/4.
        let found = average_precision(&[1.0, 3.0, 2.0, 2.0, 4.0], &POSITIVE);
        assert!((found - (1.0 + 1.0 + 0.75) / 3.0).abs() < 1e-12, "{found}");
    }

    #[test]
    fn f1_counts_alarms_above_its_threshold_and_the_oracle_finds_the_best() {
        let scores = [1.0, 3.0, 2.0, 2.0, 4.0];
        // At 2: 3+ and 4+ of three positives, no false alarm.
        assert_eq!(f1(&scores, &POSITIVE, 2.0), 0.8);
        assert_eq!(f1(&scores, &POSITIVE, 4.0), 0.0);
        // At 1: all positives and one false alarm.
        assert_eq!(best_f1(&scores, &POSITIVE), 6.0 / 7.0);
    }

    #[test]
    fn the_bootstrap_agrees_with_the_standard_error_of_the_area() {
        let mut stream = Stream::named(1, "roc");
        let positive: Vec<bool> = (0..600).map(|item| item % 2 == 0).collect();
        let scores: Vec<f64> =
            positive.iter().map(|&p| stream.normal() + f64::from(u8::from(p))).collect();
        let area = auc(&scores, &positive);
        let seeds = std::slice::from_ref(&scores);
        let interval = |units: &Units, stream: &mut Stream| {
            bootstrap_auc(seeds, &positive, units, 1000, stream)
        };
        let [low, high] = interval(&Units::items(600), &mut stream);
        // Hanley & McNeil 1982, equation 2.
        let (q1, q2) = (area / (2.0 - area), 2.0 * area * area / (1.0 + area));
        let tails = 299.0 * (q1 + q2 - 2.0 * area * area);
        let error = ((area * (1.0 - area) + tails) / 90_000.0).sqrt();
        assert!(low < area && area < high);
        assert!(((high - low) / (2.0 * 1.96 * error) - 1.0).abs() < 0.12, "{low} {high} {error}");
        // Owners of one item each are the items, whatever they are called.
        let names: Vec<String> = (0..600).map(|item| format!("{item:04}")).collect();
        let same = |units: Units| interval(&units, &mut Stream::named(2, "units"));
        assert_eq!(same(Units::owners(&names)), same(Units::items(600)));
    }

    #[test]
    fn a_rival_with_the_same_scores_differs_by_nothing() {
        let scores = vec![vec![1.0, 3.0, 2.0, 2.0, 4.0]; 2];
        let mut stream = Stream::named(2, "roc");
        let positive = [false, true, false, true, true].repeat(8);
        let scores: Vec<Vec<f64>> = scores.iter().map(|one| one.repeat(8)).collect();
        let units = Units::owners(&(0..40).map(|item| item % 8).collect::<Vec<_>>());
        let found = bootstrap_auc_difference(&scores, &scores, &positive, &units, 50, &mut stream);
        assert_eq!(found, [0.0, 0.0]);
    }
}
