//! How well R peaks are found: in simulated muscle noise, and on a record that everybody knows.

use std::path::Path;

use anyhow::{Context, Result};
use generativa::cli::Shared;
use generativa::metrics::event_match::EventMatch;
use generativa::metrics::interval::wilson;
use generativa::metrics::quantile::quantile;
use generativa::run::evaluation::{Better, DataRef, Kind, Row};
use generativa_datasets::recording::{Options, Recording};
use generativa_datasets::simulators::ecg::{Noise, Rhythm, Settings, Shares, Simulation};
use generativa_datasets::wfdb::Annotations;
use generativa_datasets::{catalogue, verify};
use generativa_random::Stream;
use rayon::prelude::*;

use super::RESAMPLES;
use crate::config::EvaluationConfig;
use crate::signal::detector::Detector;

/// A peak and its mark are at most so far apart, s (ANSI/AAMI EC57).
const TOLERANCE: f64 = 0.15;
/// The seed of the first recording: far from those of all patients.
const FIRST: u64 = 4_000_000;
/// Seconds that are looked at at once.
const PIECE: f64 = 10.0;
/// The set with the real record, the record, and the lead that its annotators marked.
const SET: &str = "wfdb-samples";
const RECORD: &str = "100";
const LEAD: &str = "MLII";

/// Peaks in muscle noise of a quarter of the power of the beats.
pub(super) fn in_noise(config: &EvaluationConfig) -> Result<Vec<Row>> {
    let count = config.peak_recordings;
    if count == 0 {
        return Ok(Vec::new());
    }
    let search = |number| detected(&noisy(number, config.peak_seconds));
    let found: Vec<EventMatch> =
        (0..count).into_par_iter().map(search).collect::<Result<Vec<_>>>()?;
    let together = |matches: &mut dyn Iterator<Item = EventMatch>| {
        matches.fold(EventMatch::default(), EventMatch::and)
    };
    let all = together(&mut found.iter().copied());
    let mut stream = Stream::named(0, "ecg/peaks");
    let draws: Vec<f64> = (0..RESAMPLES)
        .map(|_| together(&mut found.iter().map(|_| *stream.pick(&found))).f1())
        .collect();
    Ok(vec![Row {
        interval: Some([quantile(&draws, 0.025), quantile(&draws, 0.975)]),
        interval_method: Some("95 % bootstrap over recordings".into()),
        n: all.found + all.missed,
        target: Some(0.98),
        ..row("peaks-f1-6db", "share", Better::Higher, all.f1())
    }])
}

/// One of three kinds of recordings: regular, fibrillating, and with ventricular beats in between.
fn noisy(number: u64, seconds: f64) -> Settings {
    let rhythm = if number % 3 == 1 { Rhythm::AtrialFibrillation } else { Rhythm::Sinus };
    let ventricular = if number % 3 == 2 { 0.1 } else { 0.0 };
    Settings {
        rhythm,
        shares: Shares { ventricular, ..Shares::default() },
        noise: Noise { muscle: Some(6.0), ..Noise::NONE },
        ..Settings::clean(FIRST + number, seconds)
    }
}

fn detected(settings: &Settings) -> Result<EventMatch> {
    let frequency = settings.frequency;
    let mut simulation = Simulation::new(settings)?;
    let mut detector = Detector::new(frequency, 2)?;
    let mut peaks = Vec::new();
    while let Some(piece) = simulation.read((PIECE * frequency) as usize) {
        peaks.extend(detector.push(&piece));
    }
    peaks.extend(detector.finish());
    let times = |frames: &mut dyn Iterator<Item = u64>| -> Vec<f64> {
        frames.map(|frame| frame as f64 / frequency).collect()
    };
    let reference = times(&mut simulation.beats().iter().map(|beat| beat.frame));
    let detected = times(&mut peaks.iter().map(|peak| peak.frame));
    Ok(EventMatch::of(&reference, &detected, TOLERANCE))
}

/// Peaks of the first lead of record 100 of the MIT-BIH database, and what Pan and Tompkins' method
/// finds in the whole of it. Nothing, with a remark, where the record is not there.
pub(super) fn on_record(shared: &Shared) -> Result<Vec<Row>> {
    let Ok(location) = catalogue::locate(SET) else {
        shared.remark(&format!(
            "no rows of record {RECORD}: `{SET}` is not there; `just data fetch {SET}` gets it"
        ));
        return Ok(Vec::new());
    };
    let file = |ending: &str| location.root.join(format!("{RECORD}.{ending}"));
    let found = in_record(&file("hea"), &file("atr"))
        .with_context(|| format!("in record {RECORD} of {}", location.root.display()))?;
    let files = ["hea", "dat", "atr"].map(file);
    let data = DataRef {
        name: SET.into(),
        subset: Some(RECORD.into()),
        sha256: Some(verify::fingerprint(&location.root, &files)?),
        real: true,
    };
    let (beats, peaks) = (found.found + found.missed, found.found + found.extra);
    let share = |metric: &str, value: f64, trials: usize| Row {
        interval: Some(wilson(found.found, trials)),
        interval_method: Some("95 % Wilson".into()),
        n: trials,
        ..row(metric, "share", Better::Higher, value)
    };
    let error = 1e3 * found.mean_error();
    let own = [
        share("peaks-sensitivity", found.sensitivity(), beats),
        share("peaks-predictivity", found.positive_predictivity(), peaks),
        Row { n: found.found, ..row("peaks-error-ms", "ms", Better::Lower, error) },
    ];
    let own = own.into_iter().map(|row| Row { data: data.clone(), ..row });
    Ok(own.chain(pan_tompkins()).collect())
}

fn in_record(header: &Path, marks: &Path) -> Result<EventMatch> {
    let options = Options { leads: vec![LEAD.into()], ..Options::default() };
    let mut recording = Recording::open_with(header, &options)?;
    let frequency = recording.frequency();
    let mut detector = Detector::new(frequency, 1)?;
    let mut peaks = Vec::new();
    while let Some(piece) = recording.read((PIECE * frequency) as usize)? {
        peaks.extend(detector.push(&piece));
    }
    peaks.extend(detector.finish());
    let marks = Annotations::read(marks)?;
    let beats = marks.all.iter().filter(|mark| mark.is_beat());
    let reference: Vec<f64> = beats.map(|mark| mark.time as f64 / frequency).collect();
    let detected: Vec<f64> = peaks.iter().map(|peak| peak.frame as f64 / frequency).collect();
    Ok(EventMatch::of(&reference, &detected, TOLERANCE))
}

/// Pan & Tompkins 1985 over all records of the database, as Zhai et al. 2023 measured it.
fn pan_tompkins() -> impl Iterator<Item = Row> {
    let figures = [
        ("peaks-sensitivity", "share", Better::Higher, 0.9887),
        ("peaks-predictivity", "share", Better::Higher, 0.9914),
        ("peaks-error-ms", "ms", Better::Lower, 21.65),
    ];
    figures.into_iter().map(|(metric, unit, better, value)| Row {
        subject: "pan-tompkins".into(),
        kind: Kind::Anchor,
        data: DataRef {
            name: "mit-bih".into(),
            subset: Some("all records".into()),
            sha256: None,
            real: true,
        },
        ..row(metric, unit, better, value)
    })
}

fn row(metric: &str, unit: &str, better: Better, value: f64) -> Row {
    Row {
        subject: "detector".into(),
        metric: metric.into(),
        unit: unit.into(),
        better,
        value,
        ..Row::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_in_noise_are_of_three_kinds_and_hardly_a_beat_is_missed() -> Result<()> {
        let kinds = [0, 1, 2].map(|number| noisy(number, 20.0));
        assert_eq!(kinds[1].rhythm, Rhythm::AtrialFibrillation);
        assert!(kinds[2].shares.ventricular > 0.0 && kinds[0].shares.ventricular == 0.0);
        let found = detected(&kinds[0])?;
        assert!(found.found > 15 && found.f1() > 0.9, "{found:?}");
        Ok(())
    }
}
