//! Every number that decides a run, with its reason.

use anyhow::{Result, bail};
use generativa::cli::{Exit, Preset};
use generativa::models::vae::{SeriesConfig, Spread};
use generativa::train::fit::Training;
use serde::{Deserialize, Serialize};

use crate::cutter::Window;
use crate::patients::MEASURES;
use crate::records;
use crate::score::{Part, ScoreConfig};

/// Everything that decides a run.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What is learned from.
    pub data: DataChoice,
    /// The network.
    pub model: SeriesConfig,
    /// The loss.
    pub objective: Objective,
    /// The optimizer.
    pub training: Training,
    /// How beats are scored.
    pub score: ScoreConfig,
    /// How alarms are raised.
    pub alarm: Alarm,
    /// How much is simulated to judge what no set of beats tells.
    pub evaluation: EvaluationConfig,
}

/// A data set of beats, a folder of annotated recordings, or the embedded simulator.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DataChoice {
    /// `embedded`, a name of the catalogue, or a path.
    pub name: String,
    /// The part, where the set holds several.
    pub subset: String,
    /// The label of normal beats, where beats have numbers for labels.
    pub normal: i32,
    /// The lead of recordings, by name or by its number from 1; empty for MLII or, where there is
    /// none, the first.
    #[serde(default)]
    pub lead: String,
    /// Patients that the simulator makes to learn from; half as many are judged.
    pub patients: u64,
    /// Seconds of each of them.
    pub seconds: f64,
    /// Patients whose normal beats give the thresholds.
    pub aside_patients: u64,
    /// Seconds of each of those: longer than a minute, so that most beats are counted from what was
    /// usual before them, as in any long recording.
    pub aside_seconds: f64,
    /// What part of a recording belongs to a beat. Sets of beats come cut.
    pub window: Window,
}

/// Weights of the terms of the loss.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Weight of the KL term beyond the allowance.
    pub beta: f64,
    /// Share of the steps over which that weight rises from 0: a latent that is held down from the
    /// first step is never used.
    pub rise: f64,
    /// Nats of KL that each latent dimension may use at no cost.
    pub allowance: f64,
    /// Weight of what is known of simulated beats, by which the first dimensions get a meaning.
    pub attributes: f64,
}

/// How alarms are raised.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// Models trained without a part of the normal beats, so that these can give thresholds. 0:
    /// there are normal beats aside for that.
    pub folds: usize,
    /// Share of normal beats that may raise an alarm.
    pub rate: f64,
}

/// How much `evaluate` simulates beside the beats that it judges, for runs on the simulator; 0
/// leaves rows out.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationConfig {
    /// Recordings with muscle noise in which R peaks are looked for.
    pub peak_recordings: u64,
    /// Seconds of each.
    pub peak_seconds: f64,
    /// Thresholds that are found and tried, at least, in all seeds of the run together.
    pub alarm_repeats: u64,
    /// Normal beats behind each of them.
    pub calibration_beats: usize,
    /// Normal beats that each of them is tried on.
    pub fresh_beats: usize,
    /// Patients with planted changes.
    pub reason_patients: u64,
    /// Patients whose measures wander through their ranges.
    pub axis_patients: u64,
    /// Hours of the recording whose report is timed.
    pub report_hours: f64,
}

/// The name of the simulator.
pub const EMBEDDED: &str = "embedded";

impl Config {
    /// The names of the first axes of the latent, where they have a meaning.
    pub fn axes(&self) -> Vec<&'static str> {
        let named = self.data.name == EMBEDDED && self.objective.attributes > 0.0;
        let names = MEASURES.iter().map(|(name, _)| *name).take(self.model.latent);
        if named { names.collect() } else { Vec::new() }
    }

    /// Refuses numbers that nothing can be made of.
    ///
    /// # Errors
    /// [`Exit::Usage`] with the key, what it may be and what it is.
    pub fn check(&self) -> Result<()> {
        let Self { data, model, training, score, alarm, .. } = self;
        for (key, value, least, most) in [
            ("data.patients", data.patients as f64, 1.0, 1e5),
            ("data.seconds", data.seconds, 20.0, 1e5), // fewer beats are nobody's usual ones
            ("data.aside_patients", data.aside_patients as f64, 1.0, 1e5),
            ("data.aside_seconds", data.aside_seconds, 20.0, 1e5),
            ("model.hidden", model.hidden as f64, 1.0, 1e5),
            ("model.latent", model.latent as f64, 1.0, 1e4),
            ("training.steps", training.steps as f64, 1.0, 1e9),
            ("training.batch", training.batch as f64, 1.0, 1e6),
            ("training.accumulate", training.accumulate as f64, 1.0, 1e6),
            ("training.log_every", training.log_every as f64, 1.0, 1e9),
            ("training.checkpoint_every", training.checkpoint_every as f64, 1.0, 1e9),
            ("score.smoothing", score.smoothing, 0.0, 1e3),
            ("score.neighbours", score.neighbours as f64, 1.0, 1e4),
            ("score.ridge", score.ridge, 1e-6, 1e12),
            ("score.components", score.components as f64, 0.0, 1e4),
            ("score.references", score.references as f64, 2.0, 1e4),
            ("score.parts", score.parts.len() as f64, 1.0, 100.0),
            ("alarm.folds", alarm.folds as f64, 0.0, 100.0),
            ("alarm.rate", alarm.rate, 1e-9, 1.0),
        ] {
            if !(least..=most).contains(&value) {
                bail!(Exit::Usage(format!("{key}: expected {least} to {most}, found {value}")));
            }
        }
        Ok(())
    }

    /// The settings of a preset for a data set.
    pub fn preset(preset: Preset, data: &str, subset: &str) -> Self {
        let recordings = matches!(data, "" | EMBEDDED) || records::named(data, subset);
        let full = if recordings { Self::simulated() } else { Self::cut_beats() };
        match preset {
            Preset::Full => full,
            Preset::Quick => Self {
                data: DataChoice { patients: 150, aside_patients: 40, ..full.data.clone() },
                training: Training {
                    steps: full.training.steps.min(1000),
                    ..full.training.clone()
                },
                evaluation: EvaluationConfig {
                    peak_recordings: 9, // three of each rhythm
                    peak_seconds: 60.0,
                    alarm_repeats: 3,
                    calibration_beats: 4_000, // a rate of 1 % known to 0.3 points
                    fresh_beats: 10_000,
                    reason_patients: 60, // 500 changes
                    axis_patients: 100,
                    report_hours: 1.0,
                },
                ..full
            },
            Preset::Tiny => Self {
                data: DataChoice {
                    patients: 4,
                    seconds: 40.0,
                    aside_patients: 2,
                    aside_seconds: 120.0,
                    ..full.data.clone()
                },
                model: SeriesConfig { channels: vec![4, 8], hidden: 16, ..full.model.clone() },
                training: Training {
                    steps: 40,
                    batch: 16,
                    warmup: 10,
                    log_every: 10,
                    checkpoint_every: 10, // so that a kill finds one
                    ..full.training.clone()
                },
                score: ScoreConfig { references: 64, ..full.score.clone() },
                evaluation: EvaluationConfig {
                    peak_recordings: 3, // one of each rhythm
                    peak_seconds: 20.0,
                    alarm_repeats: 2,
                    calibration_beats: 120, // 99 tell a rate of 1 %
                    fresh_beats: 120,
                    reason_patients: 4,
                    axis_patients: 2,
                    report_hours: 0.0, // `tests/` runs the program itself
                },
                ..full
            },
        }
    }

    /// For sets of beats that come cut, of a few hundred beats each.
    fn cut_beats() -> Self {
        Self {
            data: DataChoice {
                name: EMBEDDED.into(),
                subset: String::new(),
                normal: 1, // in all sets of the catalogue
                lead: String::new(),
                patients: 400, // people differ more than their beats
                seconds: 30.0,
                aside_patients: 100,
                aside_seconds: 300.0,
                window: Window { before: 0.25, after: 0.45, samples: 128 },
            },
            model: SeriesConfig {
                channels: vec![8, 16, 16], // twice as many score no better, and slower
                kernel: 7,                 // 40 ms of a beat: a limb of its QRS
                hidden: 64,
                latent: 8,
                spread: Spread::Common, // 292 beats do not tell 140 variances
                floor: -6.0,            // a deviation of 0.05 where the beat itself has 1
            },
            objective: Objective {
                beta: 10.0, // keeps but what most beats share: the best of 1 to 60 on ECG5000
                rise: 0.25,
                allowance: 0.0,
                attributes: 0.0, // nothing is known of real beats
            },
            training: Training {
                steps: 800, // more learn the beats by heart
                batch: 64,
                accumulate: 1,
                learning_rate: 2e-3,
                warmup: 50,
                weight_decay: 1e-3,
                clip_norm: 5.0,
                average_decay: 0.99, // a hundred steps: one in eight
                log_every: 20,
                checkpoint_every: 400,
            },
            score: ScoreConfig {
                smoothing: 2.0, // samples; passes 14 Hz, and so P, T and most of QRS
                neighbours: 20,
                ridge: 30.0, // a fifth of a beat's own square
                components: 2,
                references: 512,
                parts: vec![Part::Residual, Part::Plane, Part::Template],
            },
            alarm: Alarm { folds: 5, rate: 0.03 },
            evaluation: EvaluationConfig {
                peak_recordings: 30, // ten of each rhythm
                peak_seconds: 120.0,
                alarm_repeats: 10, // the greatest of them is one in ten
                // Drawn alike, a rate of 5 % is known to 0.3 points by these, to 0.2 by those.
                calibration_beats: 20_000,
                fresh_beats: 50_000,
                reason_patients: 300, // 300 or more changes of each kind but those of T
                axis_patients: 400,   // correlations between people need people
                report_hours: 24.0,
            },
        }
    }

    /// For recordings, of the simulator or annotated: beats by the thousand, and their times.
    fn simulated() -> Self {
        let few = Self::cut_beats();
        Self {
            model: SeriesConfig {
                channels: vec![16, 32, 32],
                latent: 12,
                spread: Spread::Sample,
                ..few.model
            },
            objective: Objective {
                beta: 1.0, // the evidence bound itself
                rise: 0.2,
                allowance: 0.05,  // less and dimensions are given up
                attributes: 50.0, // a fifth of a deviation off costs two nats, as an axis is worth
            },
            training: Training {
                steps: 3000,
                batch: 128,
                learning_rate: 1e-3,
                average_decay: 0.995,
                ..few.training
            },
            score: ScoreConfig {
                smoothing: 0.0, // recordings are filtered before they are cut
                ridge: 10.0,
                components: 8,
                parts: vec![Part::Likelihood, Part::Template, Part::Own, Part::Rhythm],
                ..few.score
            },
            alarm: Alarm { folds: 0, rate: 0.01 },
            ..few
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_pass_their_own_check_and_numbers_that_make_nothing_do_not() -> Result<()> {
        for preset in [Preset::Tiny, Preset::Quick, Preset::Full] {
            for data in ["", "ecg5000"] {
                let mut config = Config::preset(preset, data, "");
                config.data.name = if data.is_empty() { EMBEDDED } else { data }.into();
                config.check()?;
            }
        }
        let mut config = Config::preset(Preset::Tiny, "ecg5000", "");
        config.data.name = "ecg5000".into();
        config.score.references = 1;
        let message = config.check().expect_err("one beat").to_string();
        assert_eq!(message, "score.references: expected 2 to 10000, found 1");
        config.score.references = 2;
        config.score.ridge = f64::NAN;
        assert!(config.check().is_err());
        Ok(())
    }
}
