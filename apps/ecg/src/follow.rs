//! Beats of a recording in progress, each with its score.

use anyhow::{Context, Result, bail};
use generativa::cli::{Exit, Trained};
use generativa::metrics::conformal::{Calibration, Threshold};
use generativa_datasets::recording::Recording;

use crate::adapt::{Adaptation, BLOCK};
use crate::beat::Beat;
use crate::config::Config;
use crate::cutter::{self, Cutter};
use crate::data::Domain;
use crate::model::open;
use crate::own::OwnBeats;
use crate::patients::MISSING;
use crate::score::{Part, Parts, Scorer};

/// Beats that are scored at once: one alone would cost ten times as much.
const BATCH: usize = 128;
/// Frames that are read at once.
const PIECE: usize = 1 << 14;
/// Beats that show what is usual, with some more in case that a few of them are missing.
const USUAL: usize = BLOCK + BLOCK / 4;

/// A trained model with a threshold for alarms.
pub struct Judge {
    /// Scores beats.
    pub scorer: Scorer,
    /// What is known of normal beats.
    pub domain: Domain,
    /// The settings of the run.
    pub config: Config,
    /// Scores of normal beats.
    calibration: Calibration,
    /// Above it lies an alarm.
    pub threshold: Threshold,
    /// The share of normal beats that was asked to raise one.
    pub asked: f64,
}

/// A beat with what is found of it.
#[derive(Clone, Debug)]
pub struct Scored {
    /// Where it is, and how it was cut.
    pub cut: cutter::Beat,
    /// What was scored.
    pub beat: Beat,
    /// What each part says.
    pub parts: Parts,
    /// How odd it is.
    pub score: f64,
    /// The chance that a normal beat is as odd; `None` where the beat could not be judged: too much
    /// of it is missing, or too few beats are known to say what is usual.
    pub p: Option<f64>,
    /// Whether it raises an alarm.
    pub alarm: bool,
}

impl Judge {
    /// Opens a run on recordings, with alarms at this rate of false ones, or at that of the run.
    ///
    /// # Errors
    /// A run on beats that came cut; a rate that its normal beats are too few for.
    pub fn open(trained: &Trained<Config>, rate: Option<f64>) -> Result<Self> {
        let (scorer, domain) = open(trained)?;
        let config = trained.config.clone();
        if !domain.is_of_recordings() {
            let text = format!(
                "{} learned beats that came cut ({}), so it cannot judge recordings; train without \
                 --data, or give a run that was",
                trained.run.dir().display(),
                config.data.name
            );
            bail!(Exit::Usage(text));
        }
        let rate = rate.unwrap_or(config.alarm.rate);
        if !(rate > 0.0 && rate < 1.0) {
            bail!(Exit::Usage(format!("--alarm-rate {rate}: expected a share between 0 and 1")));
        }
        let calibration = Calibration::new(domain.alarms.scores(&config.score.parts));
        let threshold = calibration.threshold(rate);
        if threshold.score.is_infinite() {
            let (count, least) = (calibration.len(), 1.0 / (calibration.len() + 1) as f64);
            bail!(Exit::Usage(format!(
                "--alarm-rate {rate}: the {count} normal beats of this run tell rates from \
                 {least:.5} on; ask for more, or train on more patients"
            )));
        }
        Ok(Self { scorer, domain, config, calibration, threshold, asked: rate })
    }

    /// Scores beats that were cut, in their order.
    fn score(&self, cut: Vec<cutter::Beat>, usual: &mut Usual) -> Result<Vec<Scored>> {
        let beats = Beat::of(&cut, &self.config.data.window, &mut usual.beats);
        // A beat of which much is missing must not move what is usual, as none was learned from.
        let whole: Vec<bool> = cut.iter().map(|beat| beat.missing <= MISSING).collect();
        let parts = self.scorer.parts(&beats)?;
        let known = parts.iter().zip(&whole).filter(|(_, whole)| **whole);
        let mut adapted = usual.parts.adapt(known.map(|(parts, _)| *parts).collect()).into_iter();
        let scored = cut.into_iter().zip(beats).zip(parts).zip(whole);
        let scored = scored.map(|(((cut, beat), parts), whole)| {
            let adapted = if whole { adapted.next() } else { None };
            let judged = adapted.is_some_and(|parts| parts[Part::Likelihood as usize].is_some());
            let parts = adapted.unwrap_or(parts);
            let score = self.domain.alarms.mix.score(&parts, &self.config.score.parts);
            let p = judged.then(|| self.calibration.p_value(score));
            let alarm = judged && score > self.threshold.score;
            Scored { p, cut, beat, parts, score, alarm }
        });
        Ok(scored.collect())
    }

    /// Shares of alarms of single patients behind the threshold: their median, and what one in
    /// twenty exceeds.
    pub fn between_patients(&self) -> Option<[f64; 2]> {
        let (alarms, parts) = (&self.domain.alarms, &self.config.score.parts);
        alarms.between_patients(parts, self.threshold.score)
    }

    /// How many standard deviations each part that counts is from usual.
    pub fn deviations(&self, parts: &Parts) -> Vec<(Part, f64)> {
        let mix = &self.domain.alarms.mix;
        self.config.score.parts.iter().map(|&part| (part, mix.deviations(parts, part))).collect()
    }
}

/// What is usual for the patient.
#[derive(Default)]
struct Usual {
    beats: OwnBeats,
    parts: Adaptation,
}

/// Cuts and scores the beats of one recording while it comes in.
pub struct Follower<'a> {
    judge: &'a Judge,
    cutter: Cutter,
    usual: Usual,
    waiting: Vec<cutter::Beat>,
    /// How many beats are scored at once, at least: first those that show what is usual, so that
    /// this does not depend on how the others come.
    batch: usize,
    then: usize,
}

impl<'a> Follower<'a> {
    /// For a recording of `leads` leads at `frequency` Hz, of which the one numbered `lead` is
    /// judged. `at_once`: each beat is told as soon as it is known, at a higher cost.
    ///
    /// # Errors
    /// As [`Cutter::new`].
    pub fn new(
        judge: &'a Judge,
        frequency: f64,
        (leads, lead): (usize, usize),
        at_once: bool,
    ) -> Result<Self> {
        let window = &judge.config.data.window;
        let cutter = Cutter::new(frequency, leads, lead, window).context("cannot judge beats")?;
        let then = if at_once { 1 } else { BATCH };
        Ok(Self {
            judge,
            cutter,
            usual: Usual::default(),
            waiting: Vec::new(),
            batch: then.max(USUAL),
            then,
        })
    }

    /// Takes the next frames, the samples of each lead in mV, and returns beats that are now known.
    pub fn push(&mut self, leads: &[Vec<f32>]) -> Result<Vec<Scored>> {
        let beats = self.cutter.push(leads);
        self.waiting.extend(beats);
        if self.waiting.len() < self.batch {
            return Ok(Vec::new());
        }
        self.batch = self.then;
        self.judge.score(std::mem::take(&mut self.waiting), &mut self.usual)
    }

    /// The beats that waited. The follower is used up.
    pub fn finish(&mut self) -> Result<Vec<Scored>> {
        let beats = self.cutter.finish();
        self.waiting.extend(beats);
        self.judge.score(std::mem::take(&mut self.waiting), &mut self.usual)
    }
}

/// What is known of a whole recording beside its beats.
pub struct Followed {
    /// Number of frames.
    pub frames: u64,
    /// The share of the time in which beats stand out of the noise.
    pub usable: f64,
    /// What a value of 1 is in mV; `None` where there was no beat.
    pub scale: Option<f64>,
}

/// Hands every beat of `recording` to `take`, in order of time, judged on the lead numbered `lead`.
///
/// # Errors
/// A file that cannot be read further; as [`Cutter::new`]; what `take` fails with.
pub fn each_beat(
    judge: &Judge,
    recording: &mut Recording,
    lead: usize,
    mut take: impl FnMut(Scored) -> Result<()>,
) -> Result<Followed> {
    let leads = (recording.leads().len(), lead);
    let mut follower = Follower::new(judge, recording.frequency(), leads, false)?;
    let mut frames = 0;
    while let Some(piece) = recording.read(PIECE)? {
        frames += piece[0].len() as u64;
        follower.push(&piece)?.into_iter().try_for_each(&mut take)?;
    }
    follower.finish()?.into_iter().try_for_each(&mut take)?;
    let (usable, scale) = (follower.cutter.usable_share(), follower.cutter.scale());
    Ok(Followed { frames, usable, scale })
}
