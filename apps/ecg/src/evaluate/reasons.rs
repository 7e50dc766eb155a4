//! Whether the reason that is shown for an odd beat is the true one.

use std::ops::{Range, RangeInclusive};

use anyhow::Result;
use generativa::baselines::PrincipalComponents;
use generativa::cli::{Shared, Trained};
use generativa::metrics::interval::wilson;
use generativa::run::evaluation::{Better, Kind, Row};
use generativa_datasets::simulators::ecg::{Beat as True, Change, Settings};
use rayon::prelude::*;

use crate::beat::{Beat, smoothed};
use crate::config::Config;
use crate::cutter::Window;
use crate::heat::{gathered, heat, hottest};
use crate::model::open;
use crate::patients::{cut, normal};

/// The first patient. The heat was chosen on patients from 6,500,000 on, who are not judged here.
const FIRST: u64 = 6_000_000;
/// Share of beats that are changed: so few that a patient's usual beat stays the usual one.
const CHANGES: f64 = 0.15;

/// A beat with a change that shows in its window.
struct Changed {
    beat: Beat,
    change: Change,
    /// Places of its values that differ by it.
    places: RangeInclusive<usize>,
}

/// The share of changes at which the largest heat lies, of the model, mean over the seeds, in all
/// and by change, and of two rivals.
pub(super) fn rows(trained: &[Trained<Config>], shared: &Shared) -> Result<Vec<Row>> {
    let Some(config) = trained.first().map(|one| &one.config) else { return Ok(Vec::new()) };
    let (changed, outside) = simulated(config, FIRST)?;
    let count = changed.len();
    if count == 0 {
        return Ok(Vec::new());
    }
    shared.remark(&format!("reasons: {count} changes, {outside} more lie outside of the window"));
    let hits = |hottest: &dyn Fn(&Changed) -> Result<usize>| -> Result<Vec<bool>> {
        changed.iter().map(|one| Ok(one.places.contains(&hottest(one)?))).collect()
    };

    let (mut model, mut rivals) = (Vec::new(), Vec::new());
    for one in trained {
        let (scorer, domain) = open(one)?;
        model.push(hits(&|one| Ok(hottest(&heat(&scorer.view(&one.beat)?))))?);
        if rivals.is_empty() {
            let smoothing = config.score.smoothing;
            let plane = PrincipalComponents::fit(&smoothed(&domain.references, smoothing));
            for (name, components) in [("mean-beat", 0), ("pca-8", 8)] {
                let hits = hits(&|one| {
                    let values = smoothed(std::slice::from_ref(&one.beat), smoothing);
                    let left = plane.remainder(&values[0], components);
                    let squares: Vec<f32> = left.iter().map(|x| (x * x) as f32).collect();
                    Ok(hottest(&gathered(&squares)))
                })?;
                rivals.push((name, hits));
            }
        }
    }
    let all: Vec<usize> = (0..count).collect();
    let mut rows = vec![Row { target: Some(0.9), ..row("reason-hit", &model, &all) }];
    for change in Change::ALL {
        let own = |place: &usize| changed[*place].change == change;
        let own: Vec<usize> = all.iter().copied().filter(own).collect();
        if !own.is_empty() {
            let metric = format!("reason-hit-{}", change.name().replace(' ', "-"));
            rows.push(row(&metric, &model, &own));
        }
    }
    rows.push(any_place(&changed, config.data.window.samples));
    for (name, hits) in rivals {
        let row = row("reason-hit", &[hits], &all);
        rows.push(Row { subject: name.into(), kind: Kind::Baseline, ..row });
    }
    Ok(rows)
}

/// What a place drawn blindly hits: the share of the window that changes cover.
fn any_place(changed: &[Changed], width: usize) -> Row {
    let covered = |one: &Changed| one.places.clone().count() as f64 / width as f64;
    Row {
        subject: "any-place".into(),
        kind: Kind::Baseline,
        metric: "reason-hit".into(),
        unit: "share".into(),
        value: changed.iter().map(covered).sum::<f64>() / changed.len().max(1) as f64,
        n: changed.len(),
        better: Better::Higher,
        ..Row::default()
    }
}

/// Changed beats of new patients, and how many more there are whose change lies outside of the
/// window.
fn simulated(config: &Config, first: u64) -> Result<(Vec<Changed>, usize)> {
    let cut = |patient| {
        let settings = Settings { changes: CHANGES, ..normal(patient, config.data.seconds) };
        Ok((settings.frequency, cut(&settings, &config.data.window)?))
    };
    let patients = first..first + config.evaluation.reason_patients;
    let found = patients.into_par_iter().map(cut).collect::<Result<Vec<_>>>()?;
    let (mut changed, mut outside) = (Vec::new(), 0);
    for (frequency, beats) in found {
        for (beat, True { change, frame, .. }) in beats {
            let Some(planted) = change else { continue };
            match places(&planted.frames, frame as i64, frequency, &config.data.window) {
                Some(places) => changed.push(Changed { beat, change: planted.change, places }),
                None => outside += 1,
            }
        }
    }
    Ok((changed, outside))
}

/// The places of a window around R at `peak` that lie within `frames`, or less than one place
/// beside them. `None` where none does.
fn places(
    frames: &Range<i64>,
    peak: i64,
    frequency: f64,
    window: &Window,
) -> Option<RangeInclusive<usize>> {
    let place = |frame: i64| {
        let seconds = (frame - peak) as f64 / frequency + window.before;
        seconds / window.seconds() * (window.samples - 1) as f64
    };
    // A hair of slack: a frame that falls on a place must not count as beside it.
    let (first, last) = (place(frames.start) + 1e-6, place(frames.end - 1) - 1e-6);
    let end = (window.samples - 1) as f64;
    let reaches = first <= end && last >= 0.0;
    reaches.then(|| first.floor().max(0.0) as usize..=last.ceil().min(end) as usize)
}

/// The share of hits among the changes at `own` places, mean over the seeds.
fn row(metric: &str, seeds: &[Vec<bool>], own: &[usize]) -> Row {
    let hits: usize =
        seeds.iter().map(|hits| own.iter().filter(|&&place| hits[place]).count()).sum();
    let value = hits as f64 / (own.len() * seeds.len()).max(1) as f64;
    // Seeds see the same changes, so they do not add to their number.
    let mean = (hits as f64 / seeds.len().max(1) as f64).round() as usize;
    let [low, high] = wilson(mean, own.len());
    Row {
        subject: "model".into(),
        metric: metric.into(),
        unit: "share".into(),
        value,
        interval: Some([low.min(value), high.max(value)]),
        interval_method: Some("95 % Wilson over changes".into()),
        n: own.len(),
        better: Better::Higher,
        ..Row::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_mapped_to_the_values_that_it_covers() {
        // A value every 10 ms from -100 ms on; a frame every 4 ms.
        let window = Window { before: 0.1, after: 0.2, samples: 31 };
        let found = |frames| places(&frames, 1000, 250.0, &window);
        // -40 ms to 40 ms.
        assert_eq!(found(990..1011), Some(6..=14));
        assert_eq!(found(900..980), Some(0..=2));
        assert_eq!(found(1040..1200), Some(26..=30));
        assert_eq!(found(900..974), None);
        assert_eq!(found(1055..1200), None);
    }

    #[test]
    fn a_share_of_hits_is_a_mean_over_seeds_on_the_same_changes() {
        let seeds = [vec![true, true, false, true], vec![true, false, false, true]];
        let found = row("reason-hit", &seeds, &[0, 1, 2, 3]);
        assert_eq!((found.value, found.n), (0.625, 4));
        assert_eq!(row("reason-hit", &seeds, &[0, 3]).value, 1.0);
    }
}
