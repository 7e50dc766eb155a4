//! Beats of patients that the simulator makes, cut as those of any recording are.

use anyhow::Result;
use generativa::run::evaluation::DataRef;
use generativa_datasets::simulators::ecg::{
    Beat as True, Kind, Noise, Settings, Shares, Simulation,
};
use rayon::prelude::*;

use crate::beat::Beat;
use crate::config::{DataChoice, EMBEDDED};
use crate::cutter::{Cutter, Window, truth};
use crate::data::{Corpus, Judged};
use crate::own::OwnBeats;

/// A beat with more than this share of its window missing is neither learned nor judged.
pub(crate) const MISSING: f32 = 0.1;
/// Seconds that are simulated and cut at once.
const PIECE: f64 = 10.0;

/// A recording as a belt recorder makes it, of this patient. All beats are normal.
pub(crate) fn normal(patient: u64, seconds: f64) -> Settings {
    Settings {
        seed: patient,
        seconds,
        spread: 0.4,
        noise: Noise { wander: 0.05, muscle: Some(20.0), powerline: 0.005, ..Noise::NONE },
        ..Settings::default()
    }
}

/// The same with beats of every kind, and with changes in normal ones.
fn mixed(patient: u64, seconds: f64) -> Settings {
    let shares = Shares { ventricular: 0.04, atrial: 0.04, left_bundle: 0.02, right_bundle: 0.02 };
    Settings { shares, changes: 0.08, ..normal(patient, seconds) }
}

/// Patients by what they are for: no patient is in two groups, and none changes with the seed of a
/// run.
pub(crate) const LEARNED: u64 = 1_000;
const ASIDE: u64 = 2_000_000;
const JUDGED: u64 = 3_000_000;

/// Something that is true of a beat, as a number.
type Measure = fn(&True) -> f64;

/// What the first axes of the latent tell, in their order: QRS width in s, ST level and height of T
/// in mV, beats a minute.
pub const MEASURES: [(&str, Measure); 4] = [
    ("qrs-width", |beat| beat.qrs_width),
    ("st-level", |beat| beat.st_level),
    ("t-amplitude", |beat| beat.t_amplitude),
    ("rate", |beat| 60.0 / beat.rr),
];

/// Patients to learn from, patients for thresholds and patients to be judged by.
pub fn corpus(choice: &DataChoice) -> Result<Corpus> {
    let half = choice.patients.div_ceil(2);
    let normals = |first: u64, count: u64, seconds: f64| -> Result<Vec<Vec<(Beat, True)>>> {
        let cut = |patient| cut(&normal(patient, seconds), &choice.window);
        (first..first + count).into_par_iter().map(cut).collect()
    };
    let (learned, truth): (Vec<Beat>, Vec<True>) =
        normals(LEARNED, choice.patients, choice.seconds)?.into_iter().flatten().unzip();
    let aside = normals(ASIDE, choice.aside_patients, choice.aside_seconds)?.into_iter();
    let aside = aside.map(|patient| patient.into_iter().map(|(beat, _)| beat).collect());
    let judge = |patient| -> Result<Vec<Judged>> {
        let beats = cut(&mixed(patient, choice.seconds), &choice.window)?;
        Ok(beats.into_iter().map(|(beat, truth)| judged(beat, &truth, patient)).collect())
    };
    let judged = (JUDGED..JUDGED + half).into_par_iter().map(judge).collect::<Result<Vec<_>>>()?;
    Ok(Corpus {
        learned,
        measures: truth.iter().map(|beat| MEASURES.map(|(_, measure)| measure(beat))).collect(),
        aside: aside.collect(),
        judged: judged.into_iter().flatten().collect(),
        source: DataRef { name: EMBEDDED.into(), real: false, ..DataRef::default() },
        remarks: Vec::new(),
    })
}

fn judged(beat: Beat, truth: &True, patient: u64) -> Judged {
    let class = match &truth.change {
        Some(planted) => planted.change.name().to_owned(),
        None => char::from(truth.kind.symbol()).to_string(),
    };
    let normal = truth.kind == Kind::Normal && truth.change.is_none();
    Judged { beat, class, normal, aami: None, patient: Some(patient) }
}

/// The beats that are found in a simulated recording, each with what is true of it. What was found
/// and is no beat, and what a dropout touches, is left out.
pub(crate) fn cut(settings: &Settings, window: &Window) -> Result<Vec<(Beat, True)>> {
    let mut simulation = Simulation::new(settings)?;
    let mut cutter = Cutter::new(settings.frequency, 2, 0, window)?;
    let mut beats = Vec::new();
    while let Some(piece) = simulation.read((PIECE * settings.frequency) as usize) {
        beats.extend(cutter.push(&piece));
    }
    beats.extend(cutter.finish());
    let reference: Vec<(u64, True)> =
        simulation.take_beats().into_iter().map(|beat| (beat.frame, beat)).collect();
    let found = truth(&beats, &reference, settings.frequency);
    let whole = beats.iter().map(|beat| beat.missing <= MISSING);
    let beats = Beat::of(&beats, window, &mut OwnBeats::default()).into_iter();
    let pairs = beats.zip(found).zip(whole).filter(|(_, whole)| *whole);
    let pairs = pairs.filter_map(|((beat, truth), _)| Some((beat, truth.filter(|t| !t.lost)?)));
    Ok(pairs.map(|(beat, truth)| (beat, truth.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_patient_is_in_two_groups_and_odd_beats_are_only_judged() -> Result<()> {
        let choice = DataChoice {
            name: EMBEDDED.into(),
            subset: String::new(),
            normal: 1,
            lead: String::new(),
            patients: 2,
            seconds: 60.0,
            aside_patients: 1,
            aside_seconds: 60.0,
            window: Window::default(),
        };
        let corpus = corpus(&choice)?;
        let odd = corpus.judged.iter().filter(|one| !one.normal).count();
        let share = odd as f64 / corpus.judged.len() as f64;
        assert!((0.05..0.4).contains(&share), "{share}");
        // About as many beats as two and one patient have.
        assert!((90..260).contains(&corpus.learned.len()), "{}", corpus.learned.len());
        let aside = &corpus.aside[0];
        assert!((45..130).contains(&aside.len()), "{}", aside.len());
        assert!(corpus.aside.len() == 1 && corpus.learned.iter().all(|beat| !aside.contains(beat)));
        Ok(())
    }

    #[test]
    fn beats_carry_what_is_true_of_them() -> Result<()> {
        let shares = Shares { ventricular: 0.1, ..Shares::default() };
        let settings = Settings { shares, ..Settings::clean(5, 120.0) };
        let beats = cut(&settings, &Window::default())?;
        let early = |kind| {
            let own = beats.iter().filter(move |(_, truth)| truth.kind == kind);
            let early = own.filter_map(|(beat, _)| Some(beat.rhythm.as_ref()?[0]));
            let all: Vec<f64> = early.map(f64::from).collect();
            all.iter().sum::<f64>() / all.len() as f64
        };
        assert!(early(Kind::Ventricular) < -0.2, "{}", early(Kind::Ventricular));
        assert!(early(Kind::Normal) > -0.1, "{}", early(Kind::Normal));
        Ok(())
    }
}
