//! From several opinions to one score, and from scores of normal beats to alarms.

use generativa::metrics::conformal::{Calibration, Threshold};
use generativa::metrics::quantile::{median, quantile};
use serde::{Deserialize, Serialize};

use crate::score::{Part, Parts};

/// The scale of every part, from normal beats that no model learned from.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// Median of each part.
    middle: Vec<f64>,
    /// Standard deviation of each part.
    deviation: Vec<f64>,
}

impl Mix {
    /// From the parts of normal beats, at least one.
    pub fn fit(parts: &[Parts]) -> Self {
        let (mut middle, mut deviation) = (Vec::new(), Vec::new());
        for part in 0..Part::ALL.len() {
            let values: Vec<f64> = parts.iter().filter_map(|parts| parts[part]).collect();
            if values.is_empty() {
                // A part that nothing is known of says nothing.
                middle.push(0.0);
                deviation.push(1.0);
                continue;
            }
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
            middle.push(median(&values));
            deviation.push(if variance > 0.0 { variance.sqrt() } else { 1.0 });
        }
        Self { middle, deviation }
    }

    /// The sum of `chosen` parts, each in standard deviations from its median. A part that is not
    /// known counts as usual.
    pub fn score(&self, parts: &Parts, chosen: &[Part]) -> f64 {
        chosen.iter().map(|&part| self.deviations(parts, part)).sum()
    }

    /// How many standard deviations one part is from its median; 0 where it is not known.
    pub fn deviations(&self, parts: &Parts, part: Part) -> f64 {
        let place = part as usize;
        parts[place].map_or(0.0, |value| (value - self.middle[place]) / self.deviation[place])
    }
}

/// What a run knows of the scores of normal beats.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Alarms {
    /// The scale of every part.
    pub mix: Mix,
    /// The parts of normal beats that no model learned from, those of each patient together where
    /// they are patients'.
    pub normal: Vec<Parts>,
    /// How many of them each patient has; empty where they are not patients'.
    pub patients: Vec<usize>,
}

impl Alarms {
    /// From the parts of normal beats and the number of them that each patient has.
    pub fn fit(normal: Vec<Parts>, patients: Vec<usize>) -> Self {
        Self { mix: Mix::fit(&normal), normal, patients }
    }

    /// The shares of beats above `threshold` of single patients: their median, and what one in
    /// twenty exceeds. `None` where no patients are known.
    pub fn between_patients(&self, chosen: &[Part], threshold: f64) -> Option<[f64; 2]> {
        let scores = self.scores(chosen);
        let (mut shares, mut start) = (Vec::new(), 0);
        for count in self.patients.iter().copied().filter(|count| *count > 0) {
            let above = scores[start..start + count].iter().filter(|score| **score > threshold);
            shares.push(above.count() as f64 / count as f64);
            start += count;
        }
        (!shares.is_empty()).then(|| [median(&shares), quantile(&shares, 0.95)])
    }

    /// Scores of these beats.
    pub fn scores(&self, chosen: &[Part]) -> Vec<f64> {
        self.normal.iter().map(|parts| self.mix.score(parts, chosen)).collect()
    }

    /// The threshold for a rate of false alarms.
    pub fn threshold(&self, chosen: &[Part], rate: f64) -> Threshold {
        Calibration::new(self.scores(chosen)).threshold(rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_in_their_own_deviations() {
        // Medians 2 and 20, deviations 1 and 10 in the first two parts; the last is not known.
        let row = |a: f64, b: f64| [Some(a), Some(b), Some(0.0), Some(0.0), Some(0.0), None, None];
        let normal = [row(1.0, 30.0), row(2.0, 20.0), row(3.0, 10.0), row(2.0, 20.0)];
        let mix = Mix::fit(&normal);
        let root = 0.5f64.sqrt();
        let score = mix.score(&row(3.0, 30.0), &[Part::Residual, Part::Likelihood, Part::Rhythm]);
        assert!((score - 2.0 / root).abs() < 1e-12, "{score}");
        assert_eq!(mix.deviations(&row(3.0, 30.0), Part::Latent), 0.0);
    }

    #[test]
    fn the_rate_asked_decides_the_threshold() {
        let normal =
            (0..199).map(|x| [Some(f64::from(x)), None, None, None, None, None, None]).collect();
        let alarms = Alarms::fit(normal, vec![100, 99]);
        let above = |rate| {
            let threshold = alarms.threshold(&[Part::Residual], rate).score;
            alarms.scores(&[Part::Residual]).iter().filter(|score| **score > threshold).count()
        };
        // Of 200 places the last 10, one of which is that of the beat to come.
        assert_eq!((above(0.05), above(0.01)), (9, 1));
        // None of the first patient's hundred, nine of the other's 99.
        let between = alarms.between_patients(&[Part::Residual], 0.0).expect("two patients");
        assert_eq!(between[0], 0.5);
    }
}
