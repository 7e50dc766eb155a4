//! Whether a model has learned what the next day depends on, where that is known: on the simulated
//! market.

use anyhow::Result;
use generativa::run::evaluation::{Better, Kind};
use generativa_datasets::simulators::market::Garch;

use super::rows::{Figure, Metric, Table, over_grid};
use crate::config::Config;
use crate::data::{Corpus, embedded_law};

/// Classes of days by their true variance, as many days in each.
const CLASSES: usize = 10;
/// Days until the variance has forgotten where it began.
const WARM_UP: usize = 100;

/// What a class of days sums up to.
#[derive(Clone, Copy, Debug, Default)]
struct Class {
    count: f64,
    shock: f64,
    square: f64,
    variance: f64,
}

/// The rows of `subjects`, their names and kinds: each learns a few histories of the embedded market,
/// since one of them may be like its law more or less by chance. `draw` gives what each subject has
/// learned from one of them, returns of some paths; the number decides everything random.
pub(super) fn add(
    table: &mut Table,
    config: &Config,
    subjects: &[(String, Kind)],
    draw: impl Fn(&Corpus, u64) -> Result<Vec<Paths>>,
) -> Result<()> {
    let histories: Vec<u64> = (1..=config.evaluation.judge_seeds.max(1)).collect();
    let mut drawn: Vec<Vec<Paths>> = vec![Vec::new(); subjects.len()];
    for &history in &histories {
        let corpus = Corpus::embedded(&config.data, history)?;
        for (all, own) in drawn.iter_mut().zip(draw(&corpus, history)?) {
            all.push(own);
        }
    }
    for ((name, kind), drawn) in subjects.iter().zip(&drawn) {
        for (metric, figure) in figures(drawn, &embedded_law()) {
            table.add_named(name, *kind, &histories, metric, figure);
        }
    }
    Ok(())
}

/// Returns of each path.
pub(super) type Paths = Vec<Vec<f64>>;

/// How far the mean and the variance of the next day are from those that the law has after the same
/// past: means over histories that were learned, and classes of days. `drawn`: paths for each.
fn figures(drawn: &[Paths], law: &Garch) -> [(Metric<'static>, Figure); 2] {
    let metric = |name, unit| Metric { name, unit, better: Better::Lower };
    let mean = metric("conditional-mean-error", "deviations, mean of tenths of days");
    let variance = metric("conditional-variance-error", "share, mean of tenths of days");
    // By history and path, so that both can be drawn anew.
    let classes: Vec<Vec<[Class; CLASSES]>> = drawn
        .iter()
        .map(|paths| {
            let ends = ends(paths, law);
            paths.iter().map(|path| classes(path, law, &ends)).collect()
        })
        .collect();
    let paths = classes.first().map_or(0, Vec::len);
    let n = drawn.iter().flatten().map(|path| path.len().saturating_sub(WARM_UP)).sum();
    let over = |error: fn(&Class) -> f64| {
        let of_history = |history: usize, paths: &[usize]| {
            let mut sums = [Class::default(); CLASSES];
            for &path in paths {
                sums.iter_mut().zip(&classes[history][path]).for_each(|(sum, one)| sum.add(one));
            }
            sums.iter().map(error).sum::<f64>() / CLASSES as f64
        };
        over_grid([classes.len(), paths], "histories and paths", n, |histories, paths| {
            let errors = histories.iter().map(|history| of_history(*history, paths));
            errors.sum::<f64>() / histories.len() as f64
        })
    };
    let of_mean =
        |class: &Class| (class.shock / class.count).abs() / (class.variance / class.count).sqrt();
    let of_variance = |class: &Class| (class.square / class.variance - 1.0).abs();
    [(mean, over(of_mean)), (variance, over(of_variance))]
}

impl Class {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.shock += other.shock;
        self.square += other.square;
        self.variance += other.variance;
    }
}

/// Shock and variance of each day by the law, after the days before it.
fn told<'a>(path: &'a [f64], law: &'a Garch) -> impl Iterator<Item = [f64; 2]> + 'a {
    let mut variance = law.moments().variance;
    let days = path.iter().map(move |value| {
        let (shock, before) = (value - law.mean, variance);
        variance = law.next(shock, variance);
        [shock, before]
    });
    days.skip(WARM_UP)
}

/// The variances between classes.
fn ends(paths: &[Vec<f64>], law: &Garch) -> Vec<f64> {
    let mut all: Vec<f64> =
        paths.iter().flat_map(|path| told(path, law).map(|[_, variance]| variance)).collect();
    all.sort_unstable_by(f64::total_cmp);
    let end = |class: usize| all.get(class * all.len() / CLASSES).copied().unwrap_or(f64::NAN);
    (1..CLASSES).map(end).collect()
}

fn classes(path: &[f64], law: &Garch, ends: &[f64]) -> [Class; CLASSES] {
    let mut classes = [Class::default(); CLASSES];
    for [shock, variance] in told(path, law) {
        let class = ends.partition_point(|end| *end <= variance);
        classes[class].add(&Class { count: 1.0, shock, square: shock * shock, variance });
    }
    classes
}

#[cfg(test)]
mod tests {
    use generativa_random::Stream;

    use super::*;

    /// Paths of the law, each day times what `wrong` says of its variance over that at rest.
    fn paths(law: &Garch, wrong: fn(f64) -> f64) -> Vec<Paths> {
        let mut stream = Stream::named(1, "paths");
        let rest = law.moments().variance;
        let mut path = |_| {
            let mut variance = rest;
            let day = |_| {
                let shock = variance.sqrt() * stream.normal() * wrong(variance / rest);
                variance = law.next(shock, variance);
                law.mean + shock
            };
            (0..5_000).map(day).collect()
        };
        vec![(0..20).map(&mut path).collect()]
    }

    #[test]
    fn the_law_itself_is_right_and_one_that_forgets_its_variance_is_not() {
        let law = Garch::leveraged();
        let errors = |wrong: fn(f64) -> f64| {
            figures(&paths(&law, wrong), &law).map(|(_, figure)| figure.value)
        };
        let [mean, variance] = errors(|_| 1.0);
        assert!(mean < 0.02 && variance < 0.03, "{mean} {variance}");
        // Wild days too calm and calm ones too wild.
        let [_, variance] = errors(|ratio| ratio.powf(-0.2));
        assert!(variance > 0.08, "{variance}");
    }
}
