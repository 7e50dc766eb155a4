//! Whether the rate of false alarms that was asked for is kept.
//!
//! Beats of one patient are alike, so a beat of a new patient is not drawn like those behind a
//! threshold unless their patients were drawn like that patient. Two designs, on the same beats:
//!
//! - `false-alarms-asked`: calibration beats and fresh beats are different beats of the same
//!   patients, drawn from them at random. That is what split conformal prediction promises for:
//!   every beat is as likely to be on either side.
//! - `false-alarms-new-patients`: some patients give the threshold, others the fresh beats. On
//!   average the rate is kept as well, since patients are drawn alike; but what counts for its
//!   spread is the number of patients, and that is far below the number of beats.

use anyhow::Result;
use generativa::baselines::PrincipalComponents;
use generativa::cli::{Shared, Trained};
use generativa::metrics::conformal::Calibration;
use generativa::run::evaluation::{Better, Kind, Row};
use generativa_random::Stream;
use rayon::prelude::*;

use crate::beat::Beat;
use crate::config::Config;
use crate::model::open;
use crate::patients::{cut, normal};

/// Rates that are asked for, in percent.
const ASKED: [f64; 2] = [1.0, 5.0];
/// The first patient, and how many numbers a repeat has to itself.
const FIRST: u64 = 5_000_000;
const REPEAT: u64 = 100_000;
/// Patients that are simulated at once.
const AT_ONCE: u64 = 8;
/// Calibration beats of the rival: as many as the normal beats of the best-known set, ECG5000, that
/// such thresholds were published for.
const FEW: usize = 292;

/// How calibration beats and fresh beats are parted.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Design {
    SamePatients,
    NewPatients,
}

impl Design {
    const ALL: [Self; 2] = [Self::SamePatients, Self::NewPatients];

    fn metric(self) -> &'static str {
        match self {
            Self::SamePatients => "false-alarms-asked",
            Self::NewPatients => "false-alarms-new-patients",
        }
    }

    /// Places of beats for a threshold, and of others to try it on. `owners` has the patient of
    /// each beat, those of one patient together.
    fn split(
        self,
        owners: &[u64],
        calibration: usize,
        stream: &mut Stream,
    ) -> (Vec<usize>, Vec<usize>) {
        let mut places: Vec<usize> = (0..owners.len()).collect();
        if self == Self::SamePatients {
            stream.shuffle(&mut places);
        }
        let mut fresh = places.split_off(calibration.min(places.len()));
        if let (Self::NewPatients, Some(&last)) = (self, places.last()) {
            // The patient at the border is on one side only.
            fresh.retain(|&place| owners[place] != owners[last]);
        }
        if self == Self::NewPatients {
            // So that a few of them come from many patients.
            stream.shuffle(&mut places);
        }
        (places, fresh)
    }
}

/// What one threshold did.
#[derive(Clone, Copy, Debug)]
struct Realised {
    /// Share of fresh normal beats that raised an alarm, percent.
    rate: f64,
    /// The middle 95 % of that share as the calibration promises it, percent.
    promised: [f64; 2],
}

impl Realised {
    /// Of a threshold for `asked` percent.
    fn of(calibration: Vec<f64>, fresh: &[f64], asked: f64) -> Self {
        let threshold = Calibration::new(calibration).threshold(asked / 100.0);
        let above = fresh.iter().filter(|score| **score > threshold.score).count();
        Self {
            rate: 100.0 * above as f64 / fresh.len().max(1) as f64,
            promised: threshold.interval.map(|end| 100.0 * end),
        }
    }

    fn is_promised(&self) -> bool {
        (self.promised[0]..=self.promised[1]).contains(&self.rate)
    }
}

/// A subject under a design, asked for a rate, with what each repeat gave.
struct Series {
    subject: String,
    kind: Kind,
    design: Design,
    asked: f64,
    /// Fresh beats of all repeats.
    beats: usize,
    repeats: Vec<Realised>,
}

/// The realised rates of the model, of all seeds, and of a rival with few calibration beats.
pub(super) fn rows(trained: &[Trained<Config>], shared: &Shared) -> Result<Vec<Row>> {
    let mut all: Vec<Series> = Vec::new();
    let few = format!("pca-2-of-{FEW}");
    for design in Design::ALL {
        for asked in ASKED {
            for (subject, kind) in [("model", Kind::Model), (few.as_str(), Kind::Baseline)] {
                let (subject, beats, repeats) = (subject.to_owned(), 0, Vec::new());
                all.push(Series { subject, kind, design, asked, beats, repeats });
            }
        }
    }
    let asked = trained.first().map_or(0, |one| one.config.evaluation.alarm_repeats);
    if asked == 0 {
        return Ok(Vec::new());
    }
    // As many of each seed, and some of all.
    let repeats = asked.next_multiple_of(trained.len() as u64);
    for repeat in 0..repeats {
        let one = &trained[repeat as usize % trained.len()];
        shared.remark(&format!("false alarms: threshold {} of {repeats}", repeat + 1));
        try_threshold(one, repeat, &mut all)?;
    }
    all.iter().for_each(|series| shared.remark(&series.remark()));
    Ok(all.iter().map(Series::row).collect())
}

/// One repeat: new patients, and a threshold of each design on them.
fn try_threshold(one: &Trained<Config>, repeat: u64, all: &mut [Series]) -> Result<()> {
    let config = &one.config;
    let (scorer, domain) = open(one)?;
    let count = config.evaluation.calibration_beats + config.evaluation.fresh_beats;
    let (beats, owners) = simulated(config, FIRST + repeat * REPEAT, count)?;
    let mut model = Vec::with_capacity(count);
    for same in owners.chunk_by(|a, b| a == b) {
        let own = &beats[model.len()..model.len() + same.len()];
        let parts = scorer.parts_of_patient(own)?;
        let score = |parts| domain.alarms.mix.score(parts, &config.score.parts);
        model.extend(parts.iter().map(score));
    }
    let known: Vec<Vec<f32>> = domain.references.iter().map(|beat| beat.values.clone()).collect();
    let plane = PrincipalComponents::fit(&known);
    let rival: Vec<f64> = beats.iter().map(|beat| plane.residual(&beat.values, 2)).collect();
    for design in Design::ALL {
        let mut stream = Stream::item(0, "ecg/false alarms", repeat);
        let (places, fresh) =
            design.split(&owners, config.evaluation.calibration_beats, &mut stream);
        for series in all.iter_mut().filter(|series| series.design == design) {
            let (scores, calibration) = match series.kind {
                Kind::Model => (&model, &places[..]),
                _ => (&rival, &places[..FEW.min(places.len())]),
            };
            let of = |places: &[usize]| places.iter().map(|&place| scores[place]).collect();
            let fresh_scores: Vec<f64> = of(&fresh);
            series.repeats.push(Realised::of(of(calibration), &fresh_scores, series.asked));
            series.beats += fresh.len();
        }
    }
    Ok(())
}

/// So many normal beats of patients from `first` on, and whose each is.
fn simulated(config: &Config, first: u64, count: usize) -> Result<(Vec<Beat>, Vec<u64>)> {
    let (mut beats, mut owners, mut next) = (Vec::new(), Vec::new(), first);
    while beats.len() < count {
        let patients = (next..next + AT_ONCE).into_par_iter();
        let cut = |patient| cut(&normal(patient, config.data.aside_seconds), &config.data.window);
        let found = patients.map(cut).collect::<Result<Vec<_>>>()?;
        for (patient, own) in (next..).zip(found) {
            owners.extend(own.iter().map(|_| patient));
            // Only scores are wanted of so many.
            beats.extend(own.into_iter().map(|(beat, _)| Beat { deviations: None, ..beat }));
        }
        next += AT_ONCE;
    }
    beats.truncate(count);
    owners.truncate(count);
    Ok((beats, owners))
}

impl Series {
    /// Mean, least and greatest rate over the repeats.
    fn row(&self) -> Row {
        let rates = || self.repeats.iter().map(|realised| realised.rate);
        let count = self.repeats.len();
        let ends = [rates().fold(f64::INFINITY, f64::min), rates().fold(0.0, f64::max)];
        Row {
            subject: self.subject.clone(),
            kind: self.kind,
            metric: format!("{}-{}", self.design.metric(), self.asked),
            unit: "%".into(),
            value: rates().sum::<f64>() / count as f64,
            interval: Some(ends),
            interval_method: Some(format!("least and greatest of {count} repeats")),
            n: self.beats,
            better: Better::Target,
            target: Some(self.asked),
            ..Row::default()
        }
    }

    /// How the spread compares with what calibrations promise.
    fn remark(&self) -> String {
        let within = self.repeats.iter().filter(|realised| realised.is_promised()).count();
        let [low, high] = self.repeats.first().map_or([0.0; 2], |realised| realised.promised);
        format!(
            "{} {}-{}: {within} of {} repeats within the {low:.2} to {high:.2} % that a \
             calibration promises for 95 %",
            self.subject,
            self.design.metric(),
            self.asked,
            self.repeats.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_on_known_scores_gives_the_share_above_it() {
        // Of 1 to 99 the threshold for 5 % is 95; 3 of 10 fresh scores lie above.
        let calibration = (1..=99).map(f64::from).collect();
        let fresh = [1.0, 2.0, 3.0, 94.0, 95.0, 95.5, 96.0, 200.0, 50.0, 51.0];
        let found = Realised::of(calibration, &fresh, 5.0);
        assert!((found.rate - 30.0).abs() < 1e-12 && !found.is_promised(), "{found:?}");
    }

    #[test]
    fn no_beat_is_on_both_sides_and_in_one_design_no_patient_is() {
        let owners: Vec<u64> = (0..100).map(|beat| beat / 7).collect();
        for design in Design::ALL {
            let (places, fresh) = design.split(&owners, 30, &mut Stream::named(1, "split"));
            assert_eq!(places.len(), 30);
            assert!(places.iter().all(|place| !fresh.contains(place)));
            let shared = places.iter().any(|&a| fresh.iter().any(|&b| owners[a] == owners[b]));
            assert_eq!(shared, design == Design::SamePatients);
            // Beats 30 to 34 belong to a patient who is in the threshold.
            assert_eq!(fresh.len(), if shared { 70 } else { 65 });
        }
    }
}
