//! The classical rivals, each fitted on the same normal beats as they come.

use anyhow::Result;
use generativa::baselines::{
    IsolationForest, LocalCombinations, NearestNeighbours, PrincipalComponents,
};

use crate::beat::{Beat, smoothed, spread};
use crate::config::Config;
use crate::mix::Mix;
use crate::score::{Part, Parts};
use crate::train::folds;

/// A rival that has learned: the scores of beats.
type Score = Box<dyn Fn(&[Beat]) -> Result<Vec<f64>>>;

/// How a rival learns from normal beats.
type Fit = Box<dyn Fn(&[Beat]) -> Result<Score>>;

/// A classical way to score beats.
pub(super) struct Rival {
    /// Its name in the table.
    pub(super) name: &'static str,
    fit: Fit,
}

/// What a subject says of beats.
pub(super) struct Scored {
    /// Of normal beats that it did not learn from.
    pub(super) normal: Vec<f64>,
    /// Of the beats to be judged.
    pub(super) judged: Vec<f64>,
}

/// The strongest rivals of the judges' table, mixed as they mix them.
pub(super) const STRONGEST: &str = "pca-2+1-nn";

/// The rivals for beats with or without times.
pub(super) fn rivals(config: &Config, timed: bool) -> Vec<Rival> {
    let mut all = vec![components("mean-beat", 0), components("pca-2", 2), components("pca-8", 8)];
    all.push(Rival::new("ppca-8", |normal| {
        let found = PrincipalComponents::fit(&values(normal));
        Ok(each(move |beat| found.surprise(&beat.values, 8)))
    }));
    all.push(Rival::new("isolation-forest", |normal| {
        // Numbers of the paper.
        let forest = IsolationForest::fit(&values(normal), 100, 256, 0);
        Ok(each(move |beat| forest.score(&beat.values)))
    }));
    all.push(Rival::new("1-nn", |normal| {
        let near = NearestNeighbours::fit(values(normal))?;
        Ok(Box::new(move |beats| Ok(near.distances(&values(beats))?)))
    }));
    all.push(Rival::new(STRONGEST, mixed));
    let score = config.score.clone();
    all.push(Rival::new("template", move |normal| {
        let known = smoothed(&spread(normal, score.references), score.smoothing);
        let (near, score) = (LocalCombinations::fit(known)?, score.clone());
        Ok(Box::new(move |beats| {
            let values = smoothed(beats, score.smoothing);
            let left = near.remainders(&values, score.neighbours, score.ridge)?;
            let square = |left: &Vec<f32>| left.iter().map(|&x| f64::from(x).powi(2)).sum();
            Ok(left.iter().map(square).collect())
        }))
    }));
    if timed {
        all.push(Rival::new("rr-rule", |_| {
            // How early a beat is, whatever it looks like.
            let early = |times: &Vec<f32>| -times[0];
            Ok(each(move |beat| beat.rhythm.as_ref().map_or(0.0, early).into()))
        }));
    }
    all
}

fn components(name: &'static str, count: usize) -> Rival {
    Rival::new(name, move |normal| {
        let found = PrincipalComponents::fit(&values(normal));
        Ok(each(move |beat| found.residual(&beat.values, count)))
    })
}

fn each(score: impl Fn(&Beat) -> f64 + 'static) -> Score {
    Box::new(move |beats| Ok(beats.iter().map(&score).collect()))
}

/// Two components and one neighbour: the sum of their logarithms, each in standard deviations of
/// what five folds of the normal beats give.
fn mixed(normal: &[Beat]) -> Result<Score> {
    let fit = |normal: &[Beat]| {
        let plane = PrincipalComponents::fit(&values(normal));
        let near = NearestNeighbours::fit(values(normal))?;
        Ok(move |beats: &[Beat]| {
            let distances = near.distances(&values(beats))?;
            // In the places of two parts; nothing else is known.
            let parts = |(beat, distance): (&Beat, f64)| {
                let mut all: Parts = [None; Part::ALL.len()];
                all[Part::Plane as usize] = Some((plane.residual(&beat.values, 2) + 1e-9).ln());
                all[Part::Template as usize] = Some((distance + 1e-9).ln());
                all
            };
            Ok(beats.iter().zip(distances).map(parts).collect::<Vec<_>>())
        })
    };
    let mix = Mix::fit(&out_of_fold(normal, 5, fit)?);
    let whole = fit(normal)?;
    Ok(Box::new(move |beats| {
        let score = |parts: &Parts| mix.score(parts, &[Part::Plane, Part::Template]);
        Ok(whole(beats)?.iter().map(score).collect())
    }))
}

/// What `fit` of the other folds says of every normal beat.
fn out_of_fold<T, S: Fn(&[Beat]) -> Result<Vec<T>>>(
    normal: &[Beat],
    count: usize,
    fit: impl Fn(&[Beat]) -> Result<S>,
) -> Result<Vec<T>> {
    let fold = folds(normal.len(), count, 0);
    let mut found: Vec<Option<T>> = normal.iter().map(|_| None).collect();
    for number in 0..count {
        let (held, kept): (Vec<usize>, Vec<usize>) =
            (0..normal.len()).partition(|&beat| fold[beat] == number);
        let own = |chosen: &[usize]| chosen.iter().map(|&beat| normal[beat].clone()).collect();
        let (kept, beats): (Vec<Beat>, Vec<Beat>) = (own(&kept), own(&held));
        for (beat, score) in held.into_iter().zip(fit(&kept)?(&beats)?) {
            found[beat] = Some(score);
        }
    }
    Ok(found.into_iter().map(|one| one.expect("every beat has a fold")).collect())
}

impl Rival {
    fn new(name: &'static str, fit: impl Fn(&[Beat]) -> Result<Score> + 'static) -> Self {
        Self { name, fit: Box::new(fit) }
    }

    /// Learns from `learned` and scores `judged` and, for a threshold, `aside` or, where that is
    /// empty, folds of `learned`.
    pub(super) fn score(
        &self,
        learned: &[Beat],
        aside: &[Beat],
        judged: &[Beat],
        folds: usize,
    ) -> Result<Scored> {
        let score = (self.fit)(learned)?;
        let normal = if aside.is_empty() {
            out_of_fold(learned, folds, |kept| (self.fit)(kept))?
        } else {
            score(aside)?
        };
        Ok(Scored { normal, judged: score(judged)? })
    }
}

fn values(beats: &[Beat]) -> Vec<Vec<f32>> {
    beats.iter().map(|beat| beat.values.clone()).collect()
}
