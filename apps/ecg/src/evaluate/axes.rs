//! Whether single axes of the latent tell what cardiologists measure.

use anyhow::Result;
use generativa::baselines::PrincipalComponents;
use generativa::cli::Trained;
use generativa::metrics::correlation::spearman;
use generativa::run::evaluation::{Better, Kind, Row};
use generativa_datasets::simulators::ecg::{Beat as True, Settings};
use rayon::prelude::*;

use crate::beat::{Beat, smoothed};
use crate::config::Config;
use crate::model::open;
use crate::patients::{MEASURES, cut, normal};

/// The first patient.
const FIRST: u64 = 7_000_000;

/// For each measure the best axis of the model, mean over the seeds, beside the best of as many
/// principal components: absolute rank correlations over beats of patients whose measures wander
/// evenly through their ranges.
pub(super) fn rows(trained: &[Trained<Config>]) -> Result<Vec<Row>> {
    let Some(config) = trained.first().map(|one| &one.config) else { return Ok(Vec::new()) };
    let (beats, truth) = simulated(config)?;
    if beats.is_empty() {
        return Ok(Vec::new());
    }
    let (mut model, mut rival) = (Vec::new(), Vec::new());
    for one in trained {
        let (scorer, domain) = open(one)?;
        let latents = scorer.latents(&beats)?;
        let latents = latents.iter().map(|row| row.iter().map(|&x| f64::from(x)).collect());
        model.push(latents.collect::<Vec<Vec<f64>>>());
        if rival.is_empty() {
            let smoothing = config.score.smoothing;
            let plane = PrincipalComponents::fit(&smoothed(&domain.references, smoothing));
            let values = smoothed(&beats, smoothing);
            let along = |values| plane.coordinates(values, config.model.latent);
            rival.push(values.iter().map(|values| along(values)).collect::<Vec<_>>());
        }
    }
    let subjects = [("model", Kind::Model, model), ("pca", Kind::Baseline, rival)];
    let rows = subjects.iter().flat_map(|(subject, kind, places)| {
        MEASURES.iter().map(|(metric, measure)| {
            let measured: Vec<f64> = truth.iter().map(measure).collect();
            let best = places.iter().map(|places| best_axis(places, &measured));
            Row {
                subject: (*subject).into(),
                kind: *kind,
                metric: format!("axis-{metric}"),
                unit: "rank correlation".into(),
                value: best.sum::<f64>() / places.len() as f64,
                n: beats.len(),
                better: Better::Higher,
                target: Some(0.7),
                ..Row::default()
            }
        })
    });
    Ok(rows.collect())
}

/// The largest absolute rank correlation of a measure with a coordinate of its places.
fn best_axis(places: &[Vec<f64>], measured: &[f64]) -> f64 {
    let axes = places.first().map_or(0, Vec::len);
    let along = |axis: usize| places.iter().map(|place| place[axis]).collect::<Vec<f64>>();
    (0..axes).map(|axis| spearman(&along(axis), measured).abs()).fold(0.0, f64::max)
}

/// Normal beats of new patients whose measures wander, and what is true of them.
fn simulated(config: &Config) -> Result<(Vec<Beat>, Vec<True>)> {
    let patients = FIRST..FIRST + config.evaluation.axis_patients;
    let cut = |patient| {
        let wandering = Settings { spread: 1.0, ..normal(patient, config.data.seconds) };
        cut(&wandering, &config.data.window)
    };
    let found = patients.into_par_iter().map(cut).collect::<Result<Vec<_>>>()?;
    Ok(found.into_iter().flatten().unzip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_that_falls_with_the_measure_is_the_best() {
        let measured = [1.0, 2.0, 3.0, 4.0];
        let places = [[0.3, 8.0], [0.1, 4.0], [0.4, 2.0], [0.2, 1.0]].map(Vec::from);
        assert_eq!(best_axis(&places, &measured), 1.0);
        let first: Vec<Vec<f64>> = places.iter().map(|place| place[..1].to_vec()).collect();
        assert!(best_axis(&first, &measured) < 0.5);
    }
}
