//! Thresholds that keep a false-alarm rate which was asked for (split conformal prediction: Vovk,
//! Gammerman & Shafer 2005; Laxhammar 2014 for alarms).
//!
//! Of `n` calibration scores of normal items and one score of a fresh normal item, drawn alike,
//! every rank is equally likely. So a threshold at a rank gives a rate that holds on average over
//! calibrations, whatever the scores are distributed like; for one calibration it follows a beta
//! distribution, which says how far off it may be.

use statrs::distribution::{Beta, ContinuousCDF};

/// Scores of normal items that the model never learned from.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// Rising.
    sorted: Vec<f64>,
}

/// A threshold with the rate of false alarms that it gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// A score above this raises an alarm. Infinite where there are too few scores for the rate
    /// asked: then nothing raises one.
    pub score: f64,
    /// The expected share of normal items that raise an alarm: at most what was asked.
    pub rate: f64,
    /// The middle 95 % of that share over calibrations of this size.
    pub interval: [f64; 2],
}

impl Calibration {
    /// From scores in any order, none NaN, at least one.
    pub fn new(mut scores: Vec<f64>) -> Self {
        assert!(!scores.is_empty(), "a calibration needs at least one score");
        scores.sort_unstable_by(f64::total_cmp);
        Self { sorted: scores }
    }

    /// Number of scores.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there is none, which cannot be.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// The chance that a fresh normal item scores as high as `score`, from `1 / (n + 1)` to 1.
    pub fn p_value(&self, score: f64) -> f64 {
        let below = self.sorted.partition_point(|&one| one < score);
        (self.sorted.len() - below + 1) as f64 / (self.sorted.len() + 1) as f64
    }

    /// The lowest threshold whose rate of false alarms is expected to be at most `asked`, which lies
    /// in `0..1`.
    pub fn threshold(&self, asked: f64) -> Threshold {
        assert!((0.0..1.0).contains(&asked), "a false-alarm rate lies in 0..1, not at {asked}");
        let count = self.sorted.len();
        // Alarms above the `rank`-th score: of count + 1 equally likely places, those beyond it. A
        // hair of slack, since 0.05 * 100 may lie just below 5.
        let beyond = (((count + 1) as f64 * asked + 1e-9).floor() as usize).min(count);
        if beyond == 0 {
            return Threshold { score: f64::INFINITY, rate: 0.0, interval: [0.0, 0.0] };
        }
        let rank = count + 1 - beyond;
        let rate = Beta::new(beyond as f64, rank as f64).expect("both parameters are positive");
        Threshold {
            score: self.sorted[rank - 1],
            rate: beyond as f64 / (count + 1) as f64,
            interval: [rate.inverse_cdf(0.025), rate.inverse_cdf(0.975)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use generativa_random::Stream;

    #[test]
    fn ranks_give_known_values() {
        let calibration = Calibration::new((1..=99).rev().map(f64::from).collect());
        let five = calibration.threshold(0.05);
        assert_eq!((five.score, five.rate), (95.0, 0.05));
        assert_eq!(calibration.p_value(95.0), 0.06);
        assert_eq!(calibration.p_value(95.5), 0.05);
        assert_eq!((calibration.p_value(0.0), calibration.p_value(1e9)), (1.0, 0.01));
        // Fewer than one in a hundred cannot be told by 99 scores.
        assert_eq!(calibration.threshold(0.009).score, f64::INFINITY);
        assert_eq!(calibration.threshold(0.01).score, 99.0);
        // All but the lowest score: more cannot be told either.
        assert_eq!(calibration.threshold(0.999_999).score, 1.0);
    }

    #[test]
    fn the_rate_asked_is_kept_on_average_and_within_its_interval_as_often_as_it_says() {
        let (asked, trials) = (0.05, 400);
        let (mut sum, mut within) = (0.0, 0);
        for trial in 0..trials {
            let mut stream = Stream::item(1, "conformal", trial);
            let scores = (0..292).map(|_| stream.normal().powi(3)).collect();
            let threshold = Calibration::new(scores).threshold(asked);
            // The true rate of a normal's cube above the threshold.
            let normal = statrs::distribution::Normal::new(0.0, 1.0).expect("a deviation of 1");
            let rate = 1.0 - normal.cdf(threshold.score.cbrt());
            sum += rate;
            within += usize::from(threshold.interval[0] <= rate && rate <= threshold.interval[1]);
        }
        let expected = Calibration::new(vec![0.0; 292]).threshold(asked).rate;
        // Five standard errors of the mean rate; the share within is binomial.
        assert!((sum / trials as f64 - expected).abs() < 5.0 * 0.0128 / 20.0, "{}", sum / 400.0);
        assert!((364..=396).contains(&within), "{within} of {trials}");
    }
}
