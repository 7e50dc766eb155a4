//! The beats of one annotated recording.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use generativa_datasets::recording::Recording;
use generativa_datasets::wfdb::{Annotations, Header};

use crate::aami::Aami;
use crate::beat::Beat;
use crate::config::DataChoice;
use crate::cutter::{Cutter, truth};
use crate::own::OwnBeats;
use crate::patients::MISSING;
use crate::survey::chosen;

/// Frames that are read at once.
const PIECE: usize = 1 << 14;
/// The lead that most records have and studies use.
const USUAL_LEAD: &str = "MLII";

/// One annotated recording.
pub(super) struct Record {
    /// Its beats that were found, in order of time, each with the symbol of its annotation.
    pub(super) beats: Vec<(Beat, u8)>,
    /// How many beats were found.
    pub(super) found: Found,
    /// Whether its header says that no person was recorded.
    pub(super) simulated: bool,
    /// Every file that was read.
    pub(super) files: Vec<PathBuf>,
}

/// Beats of each class: how many are annotated, and how many of these the detector found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Found {
    pub(super) annotated: [usize; Aami::ALL.len()],
    pub(super) found: [usize; Aami::ALL.len()],
}

impl Record {
    /// Reads `NAME.hea`, its signals and `NAME.atr` in `folder`, and cuts the beats of the lead
    /// that `choice` names. Beats of which too much is missing are left out.
    pub(super) fn read(folder: &Path, name: &str, choice: &DataChoice) -> Result<Self> {
        let header = folder.join(format!("{name}.hea"));
        let marks = folder.join(format!("{name}.atr"));
        let mut recording = Recording::open(&header)?;
        let leads: Vec<String> = recording.leads().iter().map(|lead| lead.name.clone()).collect();
        let usual = leads.iter().any(|lead| lead == USUAL_LEAD).then_some(USUAL_LEAD);
        let lead = if choice.lead.is_empty() { usual } else { Some(choice.lead.as_str()) };
        let within = || format!("in {}", header.display());
        let lead = chosen(&leads, lead).with_context(within)?;

        let frequency = recording.frequency();
        let mut cutter = Cutter::new(frequency, leads.len(), lead, &choice.window)
            .with_context(|| format!("cannot cut the beats of {}", header.display()))?;
        let mut cut = Vec::new();
        while let Some(piece) = recording.read(PIECE)? {
            cut.extend(cutter.push(&piece));
        }
        cut.extend(cutter.finish());

        let reference = reference(&marks, frequency)?;
        let known = truth(&cut, &reference, frequency);
        let mut found = Found::default();
        reference.iter().for_each(|(_, symbol)| found.annotated[Aami::of(*symbol) as usize] += 1);
        known.iter().flatten().for_each(|symbol| found.found[Aami::of(**symbol) as usize] += 1);

        let whole = cut.iter().map(|beat| beat.missing <= MISSING);
        let beats = Beat::of(&cut, &choice.window, &mut OwnBeats::default()).into_iter();
        let beats = beats.zip(whole.zip(known));
        let beats =
            beats.filter_map(|(beat, (whole, known))| Some((beat, *known.filter(|_| whole)?)));
        let (simulated, files) = about(folder, header.clone(), marks)?;
        Ok(Self { beats: beats.collect(), found, simulated, files })
    }

    /// Its beats of normal sinus rhythm, without what only pictures need.
    pub(super) fn normal(&self) -> Vec<Beat> {
        let normal = self.beats.iter().filter(|(_, symbol)| *symbol == b'N');
        normal.map(|(beat, _)| Beat { deviations: None, ..beat.clone() }).collect()
    }
}

/// The frame and the symbol of every annotated beat.
fn reference(marks: &Path, frequency: f64) -> Result<Vec<(u64, u8)>> {
    let marks = Annotations::read(marks)?;
    let ticks = marks.frequency.unwrap_or(frequency);
    let frame = |time: i64| {
        u64::try_from(time).ok().map(|time| {
            if ticks == frequency { time } else { (time as f64 * frequency / ticks).round() as u64 }
        })
    };
    let beats = marks.all.iter().filter(|mark| mark.is_beat());
    Ok(beats.filter_map(|mark| Some((frame(mark.time)?, mark.symbol))).collect())
}

/// Whether a header says that it is simulated, and the files of its record.
fn about(folder: &Path, header: PathBuf, marks: PathBuf) -> Result<(bool, Vec<PathBuf>)> {
    let text =
        std::fs::read(&header).with_context(|| format!("cannot read {}", header.display()))?;
    let read = Header::parse(&header, &String::from_utf8_lossy(&text))?;
    let simulated = read.comments.iter().any(|comment| comment.starts_with("simulated"));
    let signals = read.signals.iter().map(|signal| folder.join(&signal.file));
    Ok((simulated, [header, marks].into_iter().chain(signals).collect()))
}
