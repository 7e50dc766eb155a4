//! From a data set to beats: normal ones to learn from, normal ones for thresholds, and beats of
//! all kinds to be judged by.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use generativa::cli::Exit;
use generativa::run::evaluation::DataRef;
use generativa::run::file::write_atomically;
use generativa_datasets::catalogue::Location;
use generativa_datasets::ucr::{self, Series};
use generativa_datasets::{catalogue, verify};
use serde::{Deserialize, Serialize};

use crate::aami::Aami;
use crate::beat::{Beat, spread};
use crate::config::{Config, DataChoice, EMBEDDED};
use crate::mix::Alarms;
use crate::patients::{self, MEASURES};
use crate::records;
use crate::score::{Parts, Scorer};

/// Beats, by what they are for.
pub struct Corpus {
    /// Normal; learned from.
    pub learned: Vec<Beat>,
    /// What is known of each of them beside its values, [`MEASURES`], or nothing.
    pub measures: Vec<[f64; MEASURES.len()]>,
    /// Normal; for thresholds, those of each patient together in order of time. Empty where folds
    /// of the learned ones must do.
    pub aside: Vec<Vec<Beat>>,
    /// Of all kinds; neither learned from nor used for thresholds.
    pub judged: Vec<Judged>,
    /// Where they come from.
    pub source: DataRef,
    /// What a user should know of them, such as beats that were not found.
    pub remarks: Vec<String>,
}

/// A beat with what is known of it.
pub struct Judged {
    /// The beat.
    pub beat: Beat,
    /// Its class, as the set names it.
    pub class: String,
    /// Whether that is the normal one.
    pub normal: bool,
    /// Its class for the standard, where beats are annotated.
    pub aami: Option<Aami>,
    /// Whose it is, where that is known.
    pub patient: Option<u64>,
}

/// What a run learned: all that scoring needs beside the weights. It is `domain.json` of a run.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// Values of a beat.
    pub width: usize,
    /// Normal beats, for plane and template.
    pub references: Vec<Beat>,
    /// Scores of normal beats.
    pub alarms: Alarms,
    /// Where the beats come from.
    pub source: DataRef,
}

impl Corpus {
    /// Loads what `choice` names.
    pub fn load(choice: &DataChoice) -> Result<Self> {
        if choice.name == EMBEDDED {
            return patients::corpus(choice);
        }
        if records::named(&choice.name, &choice.subset) {
            return records::corpus(choice);
        }
        let location = catalogue::locate(&choice.name)?;
        let folder = location.root.join(&choice.subset);
        if !folder.is_dir() || !choice.subset.is_empty() && choice.subset.starts_with('.') {
            let (name, subset) = (&choice.name, &choice.subset);
            bail!(Exit::Usage(format!("`{name}` has no part `{subset}`{}", parts(&location.root))));
        }
        let set = set_of(&location);
        let split = Split::read(&folder, set, &location)
            .with_context(|| format!("no beats in {}{}", folder.display(), parts(&folder)))?;
        Self::of(split, choice, &location)
    }

    /// The parts of the judged beats; of those of a patient, counted from what is usual for that
    /// patient.
    pub fn parts(&self, scorer: &Scorer) -> Result<Vec<Parts>> {
        let mut parts = Vec::with_capacity(self.judged.len());
        for same in self.judged.chunk_by(|a, b| a.patient == b.patient) {
            let beats: Vec<Beat> = same.iter().map(|one| one.beat.clone()).collect();
            parts.extend(match same[0].patient {
                Some(_) => scorer.parts_of_patient(&beats)?,
                None => scorer.parts(&beats)?,
            });
        }
        Ok(parts)
    }

    /// The parts of the beats aside, counted from what is usual for their patients.
    pub fn parts_aside(&self, scorer: &Scorer) -> Result<Vec<Parts>> {
        let parts = self.aside.iter().map(|patient| scorer.parts_of_patient(patient));
        Ok(parts.collect::<Result<Vec<_>>>()?.concat())
    }

    fn of(split: Split, choice: &DataChoice, location: &Location) -> Result<Self> {
        let normal = choice.normal;
        let width = split.judged.first().map_or(0, |series| series.values.len());
        let all = || split.learned.iter().chain(&split.judged);
        ensure!(
            all().all(|series| series.values.len() == width),
            "beats of {} to learn from and to be judged have different lengths",
            choice.name
        );
        let learned: Vec<Beat> =
            split.learned.iter().filter(|series| series.label == normal).map(beat).collect();
        ensure!(
            learned.len() >= 2 * FEWEST,
            "of {} beats to learn from {} have the label {normal} of normal ones; expected {} or \
             more (`--set data.normal=LABEL` names another)",
            split.learned.len(),
            learned.len(),
            2 * FEWEST
        );
        let judged = split.judged.iter().map(|series| Judged {
            beat: beat(series),
            class: series.label.to_string(),
            normal: series.label == normal,
            aami: None,
            patient: None,
        });
        let source = DataRef {
            name: choice.name.clone(),
            subset: (!choice.subset.is_empty()).then(|| choice.subset.clone()),
            sha256: Some(verify::fingerprint(&location.root, &split.files)?),
            real: true,
        };
        Ok(Self {
            learned,
            measures: Vec::new(),
            aside: Vec::new(),
            judged: judged.collect(),
            source,
            remarks: Vec::new(),
        })
    }
}

/// Fewer normal beats in a fold show nothing.
pub(crate) const FEWEST: usize = 5;

/// Parts of the catalogue's sets whose training file is not published with the others.
const UNSPLIT: [&str; 2] = ["TwoLeadECG", "ECGFiveDays"];

/// Series to learn from and series to be judged, and every file that was read.
struct Split {
    learned: Vec<Series>,
    judged: Vec<Series>,
    files: Vec<PathBuf>,
}

impl Split {
    /// The published split. Of the sets that are published without a training file every fourth
    /// series is learned from.
    fn read(folder: &Path, set: &'static str, location: &Location) -> Result<Self> {
        let test = ucr::file(folder, ucr::Part::Test, set)?;
        let judged = ucr::series(&test, set)?;
        let train = ucr::file(folder, ucr::Part::Train, set);
        let has_none = !location.own && UNSPLIT.iter().any(|part| folder.ends_with(part));
        if !has_none || train.is_ok() {
            let train = train?;
            let learned = ucr::series(&train, set)?;
            return Ok(Self { learned, judged, files: vec![train, test] });
        }
        let numbered = judged.into_iter().enumerate();
        let (fourth, others): (Vec<_>, Vec<_>) = numbered.partition(|(place, _)| place % 4 == 3);
        let series = |numbered: Vec<(usize, Series)>| {
            numbered.into_iter().map(|(_, series)| series).collect::<Vec<_>>()
        };
        Ok(Self { learned: series(fourth), judged: series(others), files: vec![test] })
    }
}

fn beat(series: &Series) -> Beat {
    Beat::alone(series.values.clone())
}

/// The set whose name errors say.
fn set_of(location: &Location) -> &'static str {
    if location.name == "ucr-ecg-small" { "ucr-ecg-small" } else { "ecg5000" }
}

/// The parts to choose from, for a message.
fn parts(folder: &Path) -> String {
    let Ok(entries) = std::fs::read_dir(folder) else { return String::new() };
    let folders = entries.flatten().filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> =
        folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    if names.is_empty() {
        return String::new();
    }
    format!("; choose one by --subset: `{}`", names.join("`, `"))
}

impl Domain {
    /// What scoring needs of a run on `corpus`, whose thresholds come from `normal` parts.
    pub fn new(corpus: &Corpus, config: &Config, normal: Vec<Parts>) -> Self {
        let patients = corpus.aside.iter().map(Vec::len).collect();
        Self {
            width: corpus.learned[0].values.len(),
            references: spread(&corpus.learned, config.score.references),
            alarms: Alarms::fit(normal, patients),
            source: corpus.source.clone(),
        }
    }

    /// Whether the beats were cut from recordings, and so others can be; a beat that came cut has
    /// no time and no patient.
    pub fn is_of_recordings(&self) -> bool {
        self.references.iter().any(|beat| beat.rhythm.is_some() || beat.own.is_some())
    }

    /// Writes `domain.json` into a run.
    pub fn save(&self, run: &Path) -> Result<()> {
        write_atomically(&run.join("domain.json"), &serde_json::to_vec(self)?)
    }

    /// Reads `domain.json` of a run.
    pub fn load(run: &Path) -> Result<Self> {
        let path = run.join("domain.json");
        let bytes = std::fs::read(&path)
            .with_context(|| format!("cannot read {}; train to the end first", path.display()))?;
        serde_json::from_slice(&bytes).with_context(|| format!("in {}", path.display()))
    }
}
