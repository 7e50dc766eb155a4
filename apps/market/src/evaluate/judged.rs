//! What the hard judge says of each subject, how far the model is ahead of the strongest of its
//! rivals, and how far a network is ahead of the model.

use anyhow::Result;
use generativa::cli::Shared;
use generativa::data::time_blocks::Fold;
use generativa::data::trading_day::Day;
use generativa::run::evaluation::{Better, Kind};
use generativa::train::judge::{HardJudge, Verdicts};
use generativa_random::Stream;

use super::rows::{Figure, Metric, Table, mean_of, over_grid};
use super::subjects::Subject;

/// The unit of the published protocol, and that of judges that learned less.
const UNITS: [&str; 2] = ["accuracy above a half", "accuracy of short judges above a half"];
/// Steps of the network and trees of judges in a try: they prove that every part works.
const SHORT: (u64, usize) = (10, 5);

/// The published judges, or short ones for a try.
pub(super) fn judges(short: bool) -> HardJudge {
    let mut judge = HardJudge::default();
    if short {
        (judge.gru.steps, judge.trees.trees) = SHORT;
    }
    judge
}

/// Verdicts by seed and block.
struct Found {
    unit: &'static str,
    seeds: Vec<u64>,
    /// Of the network and of the trees.
    judges: [Vec<Vec<f64>>; 2],
    /// Real and generated windows that were tested, in all.
    n: usize,
}

/// Leads that are told: of the subject over the other one.
const LEADS: [[&str; 2]; 2] = [["model", "range-har"], ["network", "model"]];

/// The rows of the subjects, of their leads and of real windows.
pub(super) fn add(
    table: &mut Table,
    judge: &HardJudge,
    days: &[Day],
    subjects: &[&Subject],
    shared: &Shared,
) -> Result<()> {
    let folds = judge.folds(days);
    let unit = UNITS[usize::from(*judge != HardJudge::default())];
    let mut all = Vec::new();
    for subject in subjects {
        shared.remark(&format!("hard judge: {}", subject.name));
        let found = Found { unit, ..judged(judge, days, &folds, subject)? };
        for (metric, figure) in found.figures() {
            table.add(subject, metric, figure);
        }
        all.push((subject.name.as_str(), found));
    }
    let named = |name: &str| all.iter().find(|(own, _)| *own == name).map(|(_, found)| found);
    for [ahead, behind] in LEADS {
        if let Some((own, other)) = named(ahead).zip(named(behind)) {
            let (seeds, lead) = lead(own, other);
            let name = &format!("hard-judge-below-{behind}");
            let metric = Metric { name, unit, better: Better::Higher };
            table.add_named(ahead, Kind::Model, &seeds, metric, lead);
        }
    }
    shared.remark("hard judge: real against real");
    let seeds = subjects.first().map_or(&[][..], |subject| &subject.seeds);
    let found = Found { unit, ..Found::new(seeds, &judge.real_against_real(days, seeds)?, &folds) };
    for (metric, figure) in found.figures() {
        // Half of the windows are taken for generated ones.
        let figure = Figure { n: figure.n / 2, ..figure };
        table.add_named("real-against-real", Kind::Floor, seeds, metric, figure);
    }
    Ok(())
}

fn judged(judge: &HardJudge, days: &[Day], folds: &[Fold], subject: &Subject) -> Result<Found> {
    let mut all = Verdicts::default();
    // Seeds of one maker are judged side by side.
    for (maker, seeds) in subject.by_maker() {
        let mut blocks = maker.without.iter();
        let found = judge.judge(days, seeds, |_| {
            let learned = blocks.next();
            Ok(move |count: usize, stream: &mut Stream| match learned {
                Some(learned) => learned.windows(count, stream),
                None => anyhow::bail!("{}: expected a model for each block", subject.name),
            })
        })?;
        all.gru.extend(found.gru);
        all.trees.extend(found.trees);
    }
    Ok(Found::new(&subject.seeds, &all, folds))
}

/// By how much the score of `model` is below that of `rival`, on the seeds that both have.
fn lead(model: &Found, rival: &Found) -> (Vec<u64>, Figure) {
    let places: Vec<[usize; 2]> = model
        .seeds
        .iter()
        .enumerate()
        .filter_map(|(own, seed)| Some([own, rival.seeds.iter().position(|one| one == seed)?]))
        .collect();
    let seeds = places.iter().map(|[own, _]| model.seeds[*own]).collect();
    let side = |found: &Found, side: usize, rows: &[usize], blocks: &[usize]| {
        let rows: Vec<usize> = rows.iter().map(|&row| places[row][side]).collect();
        found.score(&rows, blocks)
    };
    let grid = [places.len(), model.blocks()];
    let n = model.n * places.len() / model.seeds.len().max(1);
    let lead = over_grid(grid, "seeds and blocks, paired", n, |rows, blocks| {
        side(rival, 1, rows, blocks) - side(model, 0, rows, blocks)
    });
    (seeds, lead)
}

impl Found {
    fn new(seeds: &[u64], verdicts: &Verdicts, folds: &[Fold]) -> Self {
        let by_seed = |found: &Vec<f64>| found.chunks(folds.len()).map(<[f64]>::to_vec).collect();
        let tested: usize = folds.iter().map(|fold| fold.tested.len()).sum();
        Self {
            unit: UNITS[0],
            seeds: seeds.to_vec(),
            judges: [&verdicts.gru, &verdicts.trees].map(by_seed),
            n: 2 * tested * seeds.len(),
        }
    }

    fn blocks(&self) -> usize {
        self.judges[0].first().map_or(0, Vec::len)
    }

    /// [`Verdicts::score`] of these seeds and blocks.
    fn score(&self, seeds: &[usize], blocks: &[usize]) -> f64 {
        let means = self.judges.each_ref().map(|values| mean_of(values, seeds, blocks));
        means.into_iter().fold(0.0, f64::max)
    }

    fn figures(&self) -> [(Metric<'static>, Figure); 3] {
        let metric = |name| Metric { name, unit: self.unit, better: Better::Lower };
        let grid = [self.seeds.len(), self.blocks()];
        let figure = |value: &dyn Fn(&[usize], &[usize]) -> f64| {
            over_grid(grid, "seeds and blocks", self.n, value)
        };
        let [gru, trees] = self.judges.each_ref().map(|values| {
            figure(&|seeds: &[usize], blocks: &[usize]| mean_of(values, seeds, blocks))
        });
        [
            (metric("hard-judge"), figure(&|seeds, blocks| self.score(seeds, blocks))),
            (metric("hard-judge-gru"), gru),
            (metric("hard-judge-trees"), trees),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(seeds: &[u64], gru: [f64; 2], trees: [f64; 2]) -> Found {
        let all = |values: [f64; 2]| seeds.iter().map(|_| values.to_vec()).collect();
        Found {
            unit: UNITS[0],
            seeds: seeds.to_vec(),
            judges: [all(gru), all(trees)],
            n: 100 * seeds.len(),
        }
    }

    #[test]
    fn the_score_is_of_the_better_judge_and_at_least_nothing() {
        let one = found(&[1, 2], [0.1, 0.3], [0.2, 0.0]);
        assert_eq!(one.score(&[0, 1], &[0, 1]), 0.2);
        assert_eq!(one.score(&[0], &[0]), 0.2);
        assert_eq!(found(&[1], [-0.1; 2], [-0.2; 2]).score(&[0], &[0, 1]), 0.0);
    }

    #[test]
    fn a_lead_is_of_the_seeds_that_both_have_and_cancels_what_both_share() {
        let model = found(&[1, 2, 3], [0.1, 0.3], [0.0; 2]);
        let rival = found(&[2, 3, 4], [0.2, 0.4], [0.0; 2]);
        let (seeds, lead) = lead(&model, &rival);
        assert_eq!((seeds, lead.n), (vec![2, 3], 200));
        let ([low, high], _) = lead.interval.expect("an interval");
        assert!((low - 0.1).abs() < 1e-12 && (high - 0.1).abs() < 1e-12, "{low} {high}");
    }
}
