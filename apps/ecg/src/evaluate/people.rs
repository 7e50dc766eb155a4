//! How much the figures differ from patient to patient.

use generativa::metrics::quantile::quantile;
use generativa::run::evaluation::{Better, Kind, Row};

use super::Judgement;
use super::classes::mean_area;
use super::rivals::Scored;

/// A patient with fewer odd or fewer normal beats has no area to speak of.
const FEWEST: usize = 5;
/// Levels of quantiles, by their part in the names of metrics.
const LEVELS: [(&str, f64); 4] = [("min", 0.0), ("q1", 0.25), ("median", 0.5), ("q3", 0.75)];

impl Judgement {
    /// The least area of a patient, and the quartiles; the area of each is the mean over the seeds.
    /// `n` counts patients, those that have at least five beats of both kinds. No rows without one.
    pub(super) fn people(&self, subject: &str, kind: Kind, seeds: &[Scored]) -> Vec<Row> {
        let Some(patients) = &self.patients else { return Vec::new() };
        let mut areas = Vec::new();
        let mut start = 0;
        for own in patients.chunk_by(|a, b| a == b) {
            let places: Vec<usize> = (start..start + own.len()).collect();
            start += own.len();
            let odd: Vec<bool> = places.iter().map(|&place| self.odd[place]).collect();
            let count = odd.iter().filter(|odd| **odd).count();
            if count.min(odd.len() - count) >= FEWEST {
                areas.push(mean_area(seeds, &places, &odd));
            }
        }
        if areas.is_empty() {
            return Vec::new();
        }
        let row = |(name, level): (&str, f64)| {
            let value = quantile(&areas, level);
            let row = self.row(&format!("auc-patient-{name}"), Better::Higher, value);
            Row { subject: subject.into(), kind, n: areas.len(), ..row }
        };
        LEVELS.into_iter().map(row).collect()
    }
}
