//! The honest table: the model beside the classical rivals, by the judges' definitions.

mod alarms;
mod axes;
mod classes;
mod day;
mod peaks;
mod people;
mod protocol;
mod reasons;
mod rivals;
mod rows;

use std::time::Duration;

use anyhow::{Context, Result};
use cpu_time::ProcessTime;
use generativa::cli::{Shared, Trained};
use generativa::metrics::quantile::quantile;
use generativa::metrics::roc::{
    Units, auc, average_precision, best_f1, bootstrap_auc, bootstrap_auc_difference, f1,
};
use generativa::run::evaluation::{Better, Kind, Row};
use generativa_random::Stream;
use rayon::ThreadPoolBuilder;

use crate::aami::Aami;
use crate::beat::Beat;
use crate::config::{Config, EMBEDDED};
use crate::data::Corpus;
use crate::mix::Alarms;
use crate::model::open;
use crate::score::Part;
pub use protocol::Options;
use rivals::{STRONGEST, Scored, rivals};
use rows::Rows;

/// The quantile of the scores of normal beats at which the judges' F1 is taken.
const LEVEL: f64 = 0.97;
/// Draws of a bootstrap.
const RESAMPLES: usize = 1000;

/// Scores all seeds of a run together.
pub fn evaluate(
    trained: &[Trained<Config>],
    options: &Options,
    shared: &Shared,
) -> Result<Vec<Row>> {
    let config = &trained.first().context("a run has at least one seed")?.config;
    let corpus = options.corpus(trained, config)?;
    corpus.remarks.iter().for_each(|remark| shared.remark(remark));
    let table = Judgement::new(&corpus);
    let mut rows = Rows::new(&corpus.source, trained);

    // The model.
    let mut mixed = Vec::new();
    let mut alone: Vec<Vec<Scored>> = config.score.parts.iter().map(|_| Vec::new()).collect();
    let mut times = Vec::new();
    let one_core = ThreadPoolBuilder::new().num_threads(1).build()?;
    for one in trained {
        shared.remark(&format!("seed {}: {} beats", one.header.seed, table.beats.len()));
        let (scorer, domain) = open(one)?;
        let started = ProcessTime::now();
        let parts = one_core.install(|| corpus.parts(&scorer))?;
        times.push(started.elapsed());
        // Recordings that were given have normal beats of their own for thresholds.
        let alarms = if options.others() {
            Alarms::fit(corpus.parts_aside(&scorer)?, corpus.aside.iter().map(Vec::len).collect())
        } else {
            domain.alarms
        };
        let scored = |chosen: &[Part]| Scored {
            normal: alarms.scores(chosen),
            judged: parts.iter().map(|parts| alarms.mix.score(parts, chosen)).collect(),
        };
        mixed.push(scored(&config.score.parts));
        for (scores, &part) in alone.iter_mut().zip(&config.score.parts) {
            scores.push(scored(&[part]));
        }
    }
    rows.extend(table.rows("model", Kind::Model, &mixed));
    rows.extend(table.groups("model", Kind::Model, &mixed));
    for (scores, part) in alone.iter().zip(&config.score.parts) {
        let row = table.area(&format!("auc-{}-alone", part.name()), scores);
        rows.extend(vec![Row { subject: "model".into(), ..row }]);
    }
    rows.extend(vec![scoring_time(&times, table.beats.len())]);
    rows.extend(training_times(trained)?);

    // The rivals.
    let aside = corpus.aside.concat();
    let timed = table.beats.iter().any(|beat| beat.rhythm.is_some());
    for rival in rivals(config, timed) {
        let scored = rival.score(&corpus.learned, &aside, &table.beats, config.alarm.folds)?;
        let scored = [scored];
        rows.extend(table.rows(rival.name, Kind::Baseline, &scored));
        if rival.name == STRONGEST {
            rows.extend(vec![table.lead(&mixed, &scored[0])]);
            rows.extend(table.groups(rival.name, Kind::Baseline, &scored));
        }
    }
    if config.data.name == EMBEDDED && !options.others() {
        simulated(trained, shared, &mut rows)?;
    }
    Ok(rows.all())
}

/// What only the simulator knows the truth of.
fn simulated(trained: &[Trained<Config>], shared: &Shared, rows: &mut Rows) -> Result<()> {
    let config = &trained.first().context("a run has at least one seed")?.config;
    rows.extend(alarms::rows(trained, shared)?);
    rows.extend(reasons::rows(trained, shared)?);
    rows.extend(axes::rows(trained)?);
    rows.extend_unlearned(day::rows(trained, shared)?);
    rows.extend_unlearned(peaks::in_noise(&config.evaluation)?);
    rows.extend_unlearned(peaks::on_record(shared)?);
    Ok(())
}

/// Beats and what is true of them.
struct Judgement {
    beats: Vec<Beat>,
    odd: Vec<bool>,
    classes: Vec<String>,
    /// Their classes for the standard, where all have one.
    aami: Option<Vec<Aami>>,
    /// Whose they are, where that is known of all.
    patients: Option<Vec<u64>>,
    units: Units,
    /// What the bootstrap draws.
    drawn: &'static str,
    /// How thresholds are found, as a part of the names of metrics.
    held: &'static str,
}

impl Judgement {
    fn new(corpus: &Corpus) -> Self {
        let patients: Option<Vec<u64>> = corpus.judged.iter().map(|one| one.patient).collect();
        let count = corpus.judged.len();
        Self {
            beats: corpus.judged.iter().map(|one| one.beat.clone()).collect(),
            odd: corpus.judged.iter().map(|one| !one.normal).collect(),
            classes: corpus.judged.iter().map(|one| one.class.clone()).collect(),
            drawn: if patients.is_some() { "patients" } else { "beats" },
            units: match &patients {
                Some(owners) => Units::owners(owners),
                None => Units::items(count),
            },
            patients,
            aami: corpus.judged.iter().map(|one| one.aami).collect(),
            held: if corpus.aside.is_empty() { "oof97" } else { "held97" },
        }
    }

    /// Every figure of a subject, once scored for each seed.
    fn rows(&self, subject: &str, kind: Kind, seeds: &[Scored]) -> Vec<Row> {
        let mean = |figure: &dyn Fn(&Scored) -> f64| {
            seeds.iter().map(figure).sum::<f64>() / seeds.len() as f64
        };
        let threshold = |one: &Scored| quantile(&one.normal, LEVEL);
        let share = |one: &Scored, odd: bool| {
            let own = one.judged.iter().zip(&self.odd).filter(|(_, is)| **is == odd);
            let (above, all) = own.fold((0usize, 0usize), |(above, all), (score, _)| {
                (above + usize::from(*score > threshold(one)), all + 1)
            });
            above as f64 / all.max(1) as f64
        };
        let held = self.held;
        let rows = vec![
            self.area("auc", seeds),
            self.row(
                "average-precision",
                Better::Higher,
                mean(&|one| average_precision(&one.judged, &self.odd)),
            ),
            self.row(
                &format!("f1-{held}"),
                Better::Higher,
                mean(&|one| f1(&one.judged, &self.odd, threshold(one))),
            ),
            self.row("f1-oracle", Better::Higher, mean(&|one| best_f1(&one.judged, &self.odd))),
            self.row(&format!("sensitivity-{held}"), Better::Higher, mean(&|one| share(one, true))),
            self.row(
                &format!("false-alarms-{held}"),
                Better::Lower,
                mean(&|one| share(one, false)),
            ),
        ];
        rows.into_iter().map(|row| Row { subject: subject.into(), kind, ..row }).collect()
    }

    /// The figures of classes and of patients.
    fn groups(&self, subject: &str, kind: Kind, seeds: &[Scored]) -> Vec<Row> {
        let mut rows: Vec<Row> = self.standard(subject, kind, seeds).into_iter().collect();
        rows.extend(self.classes(subject, kind, seeds));
        rows.extend(self.people(subject, kind, seeds));
        rows
    }

    fn row(&self, metric: &str, better: Better, value: f64) -> Row {
        let n = self.beats.len();
        Row { metric: metric.into(), unit: "share".into(), better, value, n, ..Row::default() }
    }

    /// The area under the curve, mean over the seeds.
    fn area(&self, metric: &str, seeds: &[Scored]) -> Row {
        let judged: Vec<Vec<f64>> = seeds.iter().map(|one| one.judged.clone()).collect();
        self.area_of(metric, &judged, &self.odd, &self.units)
    }

    /// The same of these scores, which `units` draw.
    fn area_of(&self, metric: &str, judged: &[Vec<f64>], odd: &[bool], units: &Units) -> Row {
        let areas = judged.iter().map(|scores| auc(scores, odd));
        let value = areas.sum::<f64>() / judged.len() as f64;
        let mut stream = Stream::named(0, "ecg/bootstrap");
        let interval = bootstrap_auc(judged, odd, units, RESAMPLES, &mut stream);
        let interval = [interval[0].min(value), interval[1].max(value)];
        let row = self.row(metric, Better::Higher, value);
        let interval_method = Some(self.method());
        Row { interval: Some(interval), interval_method, n: odd.len(), ..row }
    }

    /// How far the model's area is above that of the strongest rival, on the same beats.
    fn lead(&self, model: &[Scored], rival: &Scored) -> Row {
        let areas: Vec<f64> = model.iter().map(|one| auc(&one.judged, &self.odd)).collect();
        let value = areas.iter().sum::<f64>() / areas.len() as f64 - auc(&rival.judged, &self.odd);
        let judged: Vec<Vec<f64>> = model.iter().map(|one| one.judged.clone()).collect();
        let others = vec![rival.judged.clone(); model.len()];
        let mut stream = Stream::named(0, "ecg/lead");
        let interval = bootstrap_auc_difference(
            &judged,
            &others,
            &self.odd,
            &self.units,
            RESAMPLES,
            &mut stream,
        );
        Row {
            subject: "model".into(),
            interval: Some([interval[0].min(value), interval[1].max(value)]),
            interval_method: Some(format!("{}, paired", self.method())),
            target: Some(0.0),
            ..self.row(&format!("auc-above-{STRONGEST}"), Better::Higher, value)
        }
    }

    fn method(&self) -> String {
        format!("95 % bootstrap over {} and seeds", self.drawn)
    }
}

/// Processor time of a beat's score on one core: the wall clock would count whoever else works.
fn scoring_time(times: &[Duration], beats: usize) -> Row {
    let each: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e3 / beats as f64).collect();
    Row {
        subject: "model".into(),
        metric: "scoring-ms".into(),
        unit: "ms/beat".into(),
        value: quantile(&each, 0.5),
        n: beats * times.len(),
        target: Some(0.05),
        ..Row::default()
    }
}

/// Longest training of a seed's model, all its processes together, and, where folds of the beats
/// give the threshold, the longest training of the models of all folds, side by side.
fn training_times(trained: &[Trained<Config>]) -> Result<Vec<Row>> {
    let row = |metric: &str, seconds: f64| Row {
        subject: "model".into(),
        metric: metric.into(),
        unit: "s".into(),
        value: seconds,
        n: trained.len(),
        ..Row::default()
    };
    let whole = row("training-seconds", longest(trained, "seconds")?);
    let folds = longest(trained, "folds_seconds")?;
    let folds = (folds > 0.0).then(|| row("folds-training-seconds", folds));
    Ok([Some(Row { target: Some(10.0), ..whole }), folds].into_iter().flatten().collect())
}

/// The longest of the seeds' sums of a value that was logged with the times.
fn longest(trained: &[Trained<Config>], name: &str) -> Result<f64> {
    let mut longest = 0f64;
    for one in trained {
        longest = longest.max(one.run.logged_time(name)?);
    }
    Ok(longest)
}
