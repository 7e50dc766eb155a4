//! The hard judge of generated markets: two classifiers, a recurrent network on the days and
//! boosted trees on [`window_statistics`], that learn from blocks of time and are tested on another
//! one. The better of them counts.

use anyhow::{Context, Result, ensure};
use candle::Tensor;
use generativa_kernels::softplus;
use generativa_random::Stream;

use super::network::{Network, Readout, batch, whole};
use crate::baselines::{BoostedTrees, BoostedTreesConfig};
use crate::data::time_blocks::{Fold, TimeBlocks, windows_at};
use crate::data::trading_day::Day;
use crate::metrics::window_statistics::{window_statistics, with_log_range};
use crate::train::side_by_side::side_by_side;

/// The protocol; its defaults are the published ones, and a score holds for them only.
#[derive(Clone, Debug, PartialEq)]
pub struct HardJudge {
    /// Windows, folds and embargo.
    pub time: TimeBlocks,
    /// The recurrent judge.
    pub gru: GruJudge,
    /// The judge of statistics.
    pub trees: BoostedTreesConfig,
}

/// Size and training of the recurrent judge.
#[derive(Clone, Debug, PartialEq)]
pub struct GruJudge {
    /// Units of its one layer.
    pub hidden: usize,
    /// Steps of Adam.
    pub steps: u64,
    /// Real windows a step, and as many generated ones.
    pub batch: usize,
    /// Learning rate of Adam.
    pub rate: f64,
}

impl Default for HardJudge {
    fn default() -> Self {
        Self {
            // A month of days; a stride that leaves 600 windows of 15 years; an embargo of one window.
            time: TimeBlocks { window: 24, stride: 6, blocks: 5, embargo: 24 },
            // More steps learn the few real windows by heart.
            gru: GruJudge { hidden: 32, steps: 400, batch: 128, rate: 2e-3 },
            trees: BoostedTreesConfig::default(),
        }
    }
}

/// What the judges found: balanced accuracy less a half, seed by seed and in each fold by fold, in
/// the order of time. From -0.5 to 0.5; 0: they cannot tell. Less than 0: generated windows of what
/// was learned from look more real than real ones of a time that was not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdicts {
    /// Of the recurrent network.
    pub gru: Vec<f64>,
    /// Of the boosted trees.
    pub trees: Vec<f64>,
}

impl Verdicts {
    /// Means over seeds and folds of network and trees.
    pub fn means(&self) -> [f64; 2] {
        [&self.gru, &self.trees].map(|found| found.iter().sum::<f64>() / found.len() as f64)
    }

    /// The score: the mean of the judge that tells better, at least 0. Best 0, worst 0.5.
    pub fn score(&self) -> f64 {
        self.means().into_iter().fold(0.0, f64::max)
    }

    /// The scores of each seed for itself.
    pub fn scores(&self, seeds: usize) -> Vec<f64> {
        let folds = (self.gru.len() / seeds.max(1)).max(1);
        let seeds = self.gru.chunks(folds).zip(self.trees.chunks(folds));
        seeds.map(|(gru, trees)| Self { gru: gru.into(), trees: trees.into() }.score()).collect()
    }
}

/// Two kinds of windows to tell apart.
struct Trial {
    seed: u64,
    fold: usize,
    /// To learn from: real, generated.
    learned: [Vec<Vec<Day>>; 2],
    /// To be tested on: real, generated.
    tested: [Vec<Vec<Day>>; 2],
}

impl HardJudge {
    /// What `days` is cut into: for each fold what may be learned from, such as by a model that is
    /// trained beforehand.
    pub fn folds(&self, days: &[Day]) -> Vec<Fold> {
        self.time.folds(days.len())
    }

    /// Judges a generator of windows of `days`. For every fold `learn(open)` is called once, with
    /// the days that it may learn from; `draw(count, stream)` of what it returns must give so many
    /// windows of 24 days, and is called twice a seed, to learn from and to be tested on. Both are
    /// called in order on this thread; then the judges are trained side by side.
    ///
    /// # Errors
    /// Too few days, what `learn` and `draw` report, other windows than asked for, and values that
    /// are not finite.
    pub fn judge<G>(
        &self,
        days: &[Day],
        seeds: &[u64],
        mut learn: impl FnMut(&[bool]) -> Result<G>,
    ) -> Result<Verdicts>
    where
        G: FnMut(usize, &mut Stream) -> Result<Vec<Vec<Day>>>,
    {
        let mut trials = Vec::new();
        for (fold, Fold { learned, tested, open }) in self.folds(days).into_iter().enumerate() {
            self.check_count(fold, learned.len().min(tested.len()))?;
            let mut draw =
                learn(&open).with_context(|| format!("learning without block {fold}"))?;
            for &seed in seeds {
                let stream = |use_of| Stream::item(seed, use_of, fold as u64);
                let mut generated = |count, mut stream| -> Result<Vec<Vec<Day>>> {
                    let windows = draw(count, &mut stream)?;
                    self.check_generated(&windows, count)?;
                    Ok(windows)
                };
                let to_learn = generated(learned.len(), stream("judge/learned"))?;
                let to_test = generated(tested.len(), stream("judge/tested"))?;
                trials.push(Trial {
                    seed,
                    fold,
                    learned: [windows_at(days, &learned, self.time.window), to_learn],
                    tested: [windows_at(days, &tested, self.time.window), to_test],
                });
            }
        }
        self.verdicts(trials)
    }

    /// The floor: both kinds are real windows, from chunks of two windows' length in turn. What is
    /// found is the noise of the judges.
    ///
    /// # Errors
    /// Too few days.
    pub fn real_against_real(&self, days: &[Day], seeds: &[u64]) -> Result<Verdicts> {
        let window = self.time.window;
        let mut trials = Vec::new();
        for (fold, Fold { learned, tested, .. }) in self.folds(days).into_iter().enumerate() {
            for &seed in seeds {
                let parted = |starts: &[usize]| {
                    let real = |start: &usize| (start / (2 * window)) as u64 % 2 == seed % 2;
                    let (one, other): (Vec<usize>, Vec<usize>) =
                        starts.iter().copied().partition(real);
                    [one, other].map(|starts| windows_at(days, &starts, window))
                };
                let trial =
                    Trial { seed, fold, learned: parted(&learned), tested: parted(&tested) };
                let kinds = trial.learned.iter().chain(&trial.tested);
                self.check_count(fold, kinds.map(Vec::len).min().unwrap_or_default())?;
                trials.push(trial);
            }
        }
        self.verdicts(trials)
    }

    fn check_count(&self, fold: usize, windows: usize) -> Result<()> {
        let least = 2;
        ensure!(
            windows >= least,
            "hard judge, block {fold}: expected at least {least} windows of {} days to learn from \
             and to test on, found {windows}; it takes a longer history",
            self.time.window
        );
        Ok(())
    }

    fn check_generated(&self, windows: &[Vec<Day>], count: usize) -> Result<()> {
        let days = self.time.window;
        ensure!(
            windows.len() == count && windows.iter().all(|window| window.len() == days),
            "generated windows: expected {count} of {days} days, found {} of {:?}",
            windows.len(),
            windows.iter().map(Vec::len).find(|&found| found != days).unwrap_or(days)
        );
        if let Some(day) = windows.iter().flatten().find(|day| day.iter().any(|x| !x.is_finite())) {
            anyhow::bail!("generated windows: expected finite values, found a day of {day:?}");
        }
        Ok(())
    }

    /// Trains both judges for each trial; the seeds outermost in what comes back.
    fn verdicts(&self, mut trials: Vec<Trial>) -> Result<Verdicts> {
        let seeds: Vec<u64> = trials.iter().map(|trial| trial.seed).collect();
        let rank = |seed: u64| seeds.iter().position(|&one| one == seed);
        trials.sort_by_key(|trial| (rank(trial.seed), trial.fold));
        let job = |trial: Trial| move || Ok((self.gru.tell(&trial)?, self.count(&trial)?));
        let found = side_by_side(trials.into_iter().map(job).collect())?;
        let (gru, trees) = found.into_iter().unzip();
        Ok(Verdicts { gru, trees })
    }

    /// The verdict of the trees.
    fn count(&self, trial: &Trial) -> Result<f64> {
        let described = |windows: &Vec<Vec<Day>>| -> Vec<Vec<f64>> {
            windows.iter().map(|window| window_statistics(window)).collect()
        };
        let [real, generated] = trial.learned.each_ref().map(described);
        let kinds = [vec![true; real.len()], vec![false; generated.len()]].concat();
        let trees = BoostedTrees::fit(&[real, generated].concat(), &kinds, &self.trees)?;
        let odds = trial.tested.each_ref().map(|windows| -> Vec<f64> {
            described(windows).iter().map(|row| trees.log_odds(row)).collect()
        });
        Ok(told_apart(&odds))
    }
}

impl GruJudge {
    /// The verdict of the network.
    fn tell(&self, trial: &Trial) -> Result<f64> {
        let scale = Scale::of(&trial.learned[0]);
        let [real, generated] = trial.learned.each_ref().map(|windows| scale.apply(windows));
        let network = Network::new(3, self.hidden, trial.seed)?;
        let mut stream = Stream::item(trial.seed, "judge/batches", trial.fold as u64);
        let each = self.batch;
        network.minimise(self.steps, self.rate, |_| {
            let mut drawn = |windows: &[Vec<f32>]| {
                let places: Vec<usize> = (0..each).map(|_| stream.below(windows.len())).collect();
                batch(windows, &places, 3)
            };
            let x = Tensor::cat(&[drawn(&real)?, drawn(&generated)?], 0)?;
            let logits = network.every_window(&x, Readout::MeanAndLast)?;
            // Cross-entropy of the kinds: -log σ(x) of the real half, -log σ(-x) of the other.
            let real = logits.narrow(0, 0, each)?.neg()?;
            let wrong = Tensor::cat(&[real, logits.narrow(0, each, each)?], 0)?;
            Ok(softplus(&wrong)?.mean_all()?)
        })?;
        let [real, generated] = trial.tested.each_ref().map(|windows| -> Result<Vec<f64>> {
            let x = whole(&scale.apply(windows), 3)?;
            let logits = network.every_window(&x, Readout::MeanAndLast)?.to_vec1::<f32>()?;
            Ok(logits.into_iter().map(f64::from).collect())
        });
        Ok(told_apart(&[real?, generated?]))
    }
}

/// Balanced accuracy less a half, of evidence for being real: of real windows, of generated ones.
fn told_apart([real, generated]: &[Vec<f64>; 2]) -> f64 {
    let positive =
        |found: &[f64]| found.iter().filter(|&&x| x > 0.0).count() as f64 / found.len() as f64;
    (positive(real) - positive(generated)) / 2.0
}

/// Standardises the days of windows for the network.
struct Scale {
    mean: [f64; 3],
    deviation: [f64; 3],
}

impl Scale {
    /// So that the days of `windows` have mean 0 and deviation 1.
    fn of(windows: &[Vec<Day>]) -> Self {
        let days: Vec<[f64; 3]> = windows.iter().flatten().copied().map(with_log_range).collect();
        let over = |value: &dyn Fn(&[f64; 3], usize) -> f64| -> [f64; 3] {
            let mean = |c| days.iter().map(|day| value(day, c)).sum::<f64>() / days.len() as f64;
            std::array::from_fn(mean)
        };
        let mean = over(&|day, channel| day[channel]);
        let variance = over(&|day, channel| (day[channel] - mean[channel]).powi(2));
        // What never changes needs no scale.
        let deviation = variance.map(|v| if v > 0.0 { v.sqrt() } else { 1.0 });
        Self { mean, deviation }
    }

    /// Day by day in one row a window; beyond eight deviations one day would decide a batch.
    fn apply(&self, windows: &[Vec<Day>]) -> Vec<Vec<f32>> {
        let value = |day: [f64; 3], channel: usize| {
            let z = (day[channel] - self.mean[channel]) / self.deviation[channel];
            z.clamp(-8.0, 8.0) as f32
        };
        let day = |&day: &Day| {
            let day = with_log_range(day);
            [0, 1, 2].map(|channel| value(day, channel))
        };
        windows.iter().map(|window| window.iter().flat_map(day).collect()).collect()
    }
}

#[cfg(test)]
mod tests;
