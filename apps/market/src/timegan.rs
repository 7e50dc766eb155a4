//! TimeGAN on windows of a table, beside the filter: because many look for it, with its losses and its
//! scores as published.

use anyhow::Result;
use candle::Device;
use generativa::cli::{Exit, Job, Trained};
use generativa::models::gan::TimeGan;
use generativa::train::session::Outcome;
use generativa::train::timegan::{TimeGanLearning, noise, trained};
use generativa_random::Stream;

use crate::config::Config;
use crate::data::Corpus;
use crate::levels::Levels;

/// Iterations of a phase behind the published figures.
const PUBLISHED: u64 = 50_000;
/// Windows that the networks make together. A window does not depend on how many are asked for, and
/// those of one pass have the same bits whichever of them are wanted.
const TOGETHER: u64 = 64;

/// What a run of TimeGAN makes.
pub struct LevelWindows {
    levels: Levels,
    network: TimeGan,
}

/// Windows of one pass, to be asked for one by one.
#[derive(Debug, Default)]
pub struct Pass {
    /// Seed and number of the pass; none before the first.
    of: Option<(u64, u64)>,
    values: Vec<f64>,
}

/// Trains a seed on all windows of the corpus.
///
/// # Errors
/// Fewer days than a window, a column that never changes, a loss that is not finite.
pub fn train(job: &Job<Config>, corpus: &Corpus, (name, sha256): (&str, &str)) -> Result<Outcome> {
    let config = job.config;
    let levels = Levels::of(&corpus.columns, config.window)?;
    job.shared.remark(&told(config, &levels));
    levels.save(job.run.dir())?;
    let windows = levels.tensor(&levels.windows(&corpus.columns))?;
    let learning = TimeGanLearning {
        config: &config.timegan,
        training: &config.timegan_training,
        windows: &windows,
        seed: job.header.seed,
        device: &job.device,
    };
    learning.fit(&job.session(name, sha256), job.observer())
}

/// What it is, and how long it was trained beside what is published.
pub(crate) fn told(config: &Config, levels: &Levels) -> String {
    format!(
        "TimeGAN on windows of {} days of {}: {} iterations a phase (published figures: {PUBLISHED})",
        levels.window(),
        levels.columns().join(", "),
        config.timegan_training.iterations,
    )
}

impl LevelWindows {
    /// Of one seed of a run.
    ///
    /// # Errors
    /// Scales or weights that cannot be read.
    pub fn open(run: &Trained<Config>) -> Result<Self> {
        let levels = Levels::load(run.run.dir())?;
        let weights = run.weights(&Device::Cpu)?;
        let network = trained(&run.config.timegan, levels.columns().len(), &weights)?;
        Ok(Self { levels, network })
    }

    /// The columns and their scales.
    pub fn levels(&self) -> &Levels {
        &self.levels
    }

    /// Window number `item` of a seed in the units of the table, day by day.
    ///
    /// # Errors
    /// None that the networks do not give.
    pub fn window<'a>(&self, seed: u64, item: u64, pass: &'a mut Pass) -> Result<&'a [f64]> {
        let of = (seed, item / TOGETHER);
        let width = self.levels.window() * self.levels.columns().len();
        if pass.of != Some(of) {
            let value = |(place, scaled)| self.levels.value(place, scaled);
            pass.values.clear();
            pass.values.extend(self.pass(of)?.into_iter().enumerate().map(value));
            pass.of = Some(of);
        }
        Ok(&pass.values[(item % TOGETHER) as usize * width..][..width])
    }

    /// The first `count` windows of a seed, scaled to 0..1, each in a row.
    ///
    /// # Errors
    /// None that the networks do not give.
    pub fn scaled(&self, count: usize, seed: u64) -> Result<Vec<Vec<f32>>> {
        let width = self.levels.window() * self.levels.columns().len();
        let mut rows = Vec::with_capacity(count);
        for pass in 0..(count as u64).div_ceil(TOGETHER) {
            let values = self.pass((seed, pass))?;
            rows.extend(values.chunks_exact(width).map(<[f32]>::to_vec));
        }
        rows.truncate(count);
        Ok(rows)
    }

    fn pass(&self, (seed, number): (u64, u64)) -> Result<Vec<f32>> {
        let mut stream = Stream::item(seed, "market/timegan", number);
        let [days, columns] = [self.levels.window(), self.levels.columns().len()];
        let noise = noise(TOGETHER as usize, days, columns, &mut stream, &Device::Cpu)?;
        Ok(self.network.forward(&noise)?.flatten_all()?.to_vec1()?)
    }

    /// Refuses what windows are not asked for.
    ///
    /// # Errors
    /// [`Exit::Usage`] for a flag that only paths of the filter know.
    pub fn refuse(&self, flag: &str) -> Result<()> {
        Err(Exit::Usage(format!(
            "{flag}: a run of TimeGAN makes windows as they are, of {} days at most; leave it out, or \
             train with method = \"filter\"",
            self.levels.window()
        ))
        .into())
    }
}
