//! Returns of one asset, or of several together, whose surprises come from days like the one that is
//! simulated: filtered historical simulation by a GJR-GARCH, with the nearest-neighbour bootstrap of
//! Lall & Sharma 1996 in place of draws from all of the past.
//!
//! Surprises that depend on nothing leave volatility to the GARCH alone, which forgets too fast and
//! at one pace. Those of like days bring the rest: how a calm year goes on after a shock, how unrest
//! ends.
//!
//! Of several assets the filter is that of an index, the mean of their returns in standard deviations,
//! and each day of all of them is one of the past, larger or smaller by as much as the index is now
//! expected to move more or less than it was then: what moved together still does. A filter for
//! each asset would let their volatilities drift apart, and with them their correlations.

use anyhow::{Context, Result, ensure};
use generativa_random::Stream;
use serde::{Deserialize, Serialize};

use super::garch::{Garch, News, State};
use super::like_days::{Drawn, LikeDays, Locality, scales};

/// Days of a trading month, and of a week.
const MONTH: usize = 22;
const WEEK: usize = 5;
/// Days until the filter has forgotten that it began with the variance of all days.
const FIRST: usize = 3 * MONTH;
/// Surprises beyond it count as this large, in deviations.
const LARGEST: f64 = 4.0;
/// Coordinates of a state beside its place in time.
const STATE: usize = 5;
/// What each of them weighs: the expected volatility most.
const WEIGHTS: [f64; STATE] = [1.0, 0.5, 0.7, 0.7, 0.7];

/// The fitted model.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "Learned", into = "Learned")]
pub struct LocalGarch {
    learned: Learned,
    /// Mean return of each asset.
    means: Vec<f64>,
    /// As history stood before each day that is drawn from.
    states: Vec<LocalGarchState>,
    /// As it stands after the last.
    latest: LocalGarchState,
    /// The surprises of the index on these days, in deviations.
    surprises: Vec<f64>,
    /// What the surprises around each day are multiplied by: those of like days are as large as all are,
    /// unless history says more than chance does.
    sizes: Vec<f64>,
    /// The least and the largest variance that was expected of the index.
    bounds: [f64; 2],
    scale: [f64; STATE],
    like: LikeDays<{ STATE + 1 }>,
}

/// What the model follows from.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Learned {
    /// Of each asset, a value a day.
    returns: Vec<Vec<f64>>,
    /// The filter of the index.
    model: Garch,
    locality: Locality,
}

/// Where a path stands.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct LocalGarchState {
    filter: State,
    /// The squared returns of the index in the last month, the oldest first.
    squares: [f64; MONTH],
    /// The last surprise, in deviations.
    surprise: f64,
    /// The day of history that the path's era is around, of those that are drawn from.
    place: usize,
}

impl LocalGarch {
    /// To `returns`, log-returns of each asset on the same days, as many for each.
    ///
    /// # Errors
    /// No asset, assets of unequal length, fewer than 100 days, values that are not finite, and an
    /// asset that never moves.
    pub fn fit(returns: &[Vec<f64>], locality: Locality) -> Result<Self> {
        check(returns)?;
        let model = Garch::fit(&index(returns), News::Asymmetric)?;
        Self::try_from(Learned { returns: returns.to_vec(), model, locality })
    }

    /// How many assets there are.
    pub fn assets(&self) -> usize {
        self.learned.returns.len()
    }

    /// How many days of history a path can begin before.
    pub fn places(&self) -> usize {
        self.like.count()
    }

    /// As history stood before the day of this number, below [`places`](Self::places).
    pub fn at(&self, place: usize) -> LocalGarchState {
        self.states[place].clone()
    }

    /// After the last day of history.
    pub fn latest(&self) -> LocalGarchState {
        self.latest.clone()
    }

    /// The returns of an asset in history from that day on.
    pub fn returns_from(&self, asset: usize, place: usize) -> &[f64] {
        &self.learned.returns[asset][place + FIRST..]
    }

    /// Somewhere in the middle of a path: as history stood before one of its days.
    pub fn start(&self, stream: &mut Stream) -> LocalGarchState {
        self.at(stream.below(self.places()))
    }

    /// Draws the next day of a path into `day`, a return for each asset.
    pub fn next(&self, state: &mut LocalGarchState, stream: &mut Stream, day: &mut [f64]) {
        let Learned { returns, model, locality } = &self.learned;
        if stream.chance(1.0 / locality.stay) {
            state.place = stream.below(self.places());
        }
        let Drawn { like, day: drawn } =
            self.like.draw(&coordinates(state, &self.scale, locality.era), stream);
        let factor = self.sizes[like];
        let size = factor * (state.filter.variance / self.states[drawn].filter.variance).sqrt();
        let surprise = factor * self.surprises[drawn];
        let value = model.step(&mut state.filter, surprise);
        let [least, most] = self.bounds;
        state.filter.variance = state.filter.variance.clamp(least, most);
        state.squares.rotate_left(1);
        state.squares[MONTH - 1] = value * value;
        state.surprise = surprise;
        if let [only] = day {
            // The index is the asset.
            *only = value;
            return;
        }
        for ((day, own), mean) in day.iter_mut().zip(returns).zip(&self.means) {
            *day = mean + size * (own[FIRST + drawn] - mean);
        }
    }

    /// So many days in one piece, from somewhere in the middle of a path: the returns of each asset.
    pub fn path(&self, days: usize, stream: &mut Stream) -> Vec<Vec<f64>> {
        let mut state = self.start(stream);
        let mut day = vec![0.0; self.assets()];
        let mut path = vec![Vec::with_capacity(days); self.assets()];
        for _ in 0..days {
            self.next(&mut state, stream, &mut day);
            path.iter_mut().zip(&day).for_each(|(own, value)| own.push(*value));
        }
        path
    }
}

fn check(returns: &[Vec<f64>]) -> Result<()> {
    let days = returns.first().context("expected at least one asset, found none")?.len();
    ensure!(days > FIRST, "expected more than {FIRST} days, found {days}; take a longer history");
    for (asset, own) in returns.iter().enumerate() {
        let found = own.len();
        ensure!(
            found == days,
            "asset {asset}: expected {days} days, as the first has, found {found}"
        );
        ensure!(
            own.iter().all(|value| value.is_finite()),
            "asset {asset}: expected finite returns; leave out days without a price"
        );
        ensure!(
            own.iter().any(|value| *value != own[0]),
            "asset {asset}: expected a price that moves, found the same return every day"
        );
    }
    Ok(())
}

/// The mean over the assets of their returns in standard deviations, times the mean of these, so that
/// it is of the size of a return; one asset is its own index.
fn index(returns: &[Vec<f64>]) -> Vec<f64> {
    if let [only] = returns {
        return only.clone();
    }
    let deviations: Vec<f64> = returns
        .iter()
        .map(|own| {
            let mean = mean(own);
            let square = own.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
            (square / own.len() as f64).sqrt()
        })
        .collect();
    let size = mean(&deviations) / returns.len() as f64;
    let day = |day: usize| {
        returns.iter().zip(&deviations).map(|(own, deviation)| own[day] / deviation).sum::<f64>()
    };
    (0..returns[0].len()).map(|at| size * day(at)).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Expected log volatility, how far that of the last month and week lies above it, the last surprise
/// and its size.
fn raw(LocalGarchState { filter, squares, surprise, .. }: &LocalGarchState) -> [f64; STATE] {
    let above = |squares: &[f64]| {
        // Days without trading have no logarithm.
        0.5 * (mean(squares) / filter.variance).max(1e-4).ln()
    };
    let surprise = surprise.clamp(-LARGEST, LARGEST);
    let (month, week) = (above(squares), above(&squares[MONTH - WEEK..]));
    [0.5 * filter.variance.ln(), month, week, surprise, surprise.abs()]
}

/// Scaled, with the place in time last.
fn coordinates(state: &LocalGarchState, scale: &[f64; STATE], era: f64) -> [f32; STATE + 1] {
    let raw = raw(state);
    let scaled = |at: usize| match at < STATE {
        true => raw[at] * scale[at],
        false => state.place as f64 / era,
    };
    std::array::from_fn(|at| scaled(at) as f32)
}

impl TryFrom<Learned> for LocalGarch {
    type Error = anyhow::Error;

    fn try_from(learned: Learned) -> Result<Self> {
        let Learned { returns, model, locality } = &learned;
        check(returns)?;
        let index = index(returns);
        let filtered = model.filter(&index);
        let known = filtered.forecasts.iter().map(|one| one.deviation * one.deviation);
        let variances: Vec<f64> = known.chain([filtered.state.variance]).collect();
        let before = |day: usize| LocalGarchState {
            filter: State { previous: index[day - 1], variance: variances[day] },
            squares: std::array::from_fn(|at| index[day - MONTH + at].powi(2)),
            surprise: filtered.residuals[day - 1],
            place: day - FIRST,
        };
        let states: Vec<LocalGarchState> = (FIRST..index.len()).map(before).collect();
        let latest = before(index.len());
        let bounds = variances[FIRST..index.len()]
            .iter()
            .fold([f64::INFINITY, 0.0], |[least, most], one| [one.min(least), one.max(most)]);
        let all: Vec<[f64; STATE]> = states.iter().map(raw).collect();
        let scale = scales(&all, WEIGHTS);
        let places: Vec<[f32; STATE + 1]> =
            states.iter().map(|state| coordinates(state, &scale, locality.era)).collect();
        let like = LikeDays::new(&places, locality.neighbours);
        let means = returns.iter().map(|own| mean(own)).collect();
        let surprises = filtered.residuals[FIRST..].to_vec();
        let sizes = like.size_factors(&surprises);
        Ok(Self { learned, means, states, latest, surprises, sizes, bounds, scale, like })
    }
}

impl From<LocalGarch> for Learned {
    fn from(model: LocalGarch) -> Self {
        model.learned
    }
}

impl PartialEq for LocalGarch {
    fn eq(&self, other: &Self) -> bool {
        self.learned == other.learned
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baselines::garch::student;
    use crate::metrics::lagged_correlation::lagged_correlations;

    const LOCALITY: Locality = Locality { neighbours: 50, era: 1e9, stay: 1000.0 };

    /// Two assets of one market, the second twice as wild: after a day of large surprises the next
    /// has small ones, which no GARCH knows.
    fn history() -> Vec<Vec<f64>> {
        let mut stream = Stream::named(1, "history");
        let mut size = 1.0;
        let mut returns = vec![Vec::new(), Vec::new()];
        for _ in 0..4_000 {
            let common = stream.normal();
            let values = [0.01, 0.02]
                .map(|scale| scale * size * (0.8 * common + 0.6 * stream.normal()) + 0.05 * scale);
            size = if common.abs() > 0.7 { 0.5 } else { 1.5 };
            returns.iter_mut().zip(values).for_each(|(own, value)| own.push(value));
        }
        returns
    }

    fn correlation(path: &[Vec<f64>]) -> f64 {
        let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
        let means = [mean(&path[0]), mean(&path[1])];
        let product = |a: usize, b: usize| {
            let pairs = path[a].iter().zip(&path[b]);
            pairs.map(|(x, y)| (x - means[a]) * (y - means[b])).sum::<f64>()
        };
        product(0, 1) / (product(0, 0) * product(1, 1)).sqrt()
    }

    #[test]
    fn paths_of_assets_move_together_as_their_history_does() -> Result<()> {
        let known = history();
        let model = LocalGarch::fit(&known, LOCALITY)?;
        let path = model.path(20_000, &mut Stream::named(2, "path"));
        assert!((correlation(&path) - correlation(&known)).abs() < 0.03, "{}", correlation(&path));
        let variance = |of: &[f64]| of.iter().map(|x| x * x).sum::<f64>() / of.len() as f64;
        for (made, real) in path.iter().zip(&known) {
            let ratio = variance(made) / variance(real);
            assert!((ratio - 1.0).abs() < 0.1, "{ratio}");
        }
        Ok(())
    }

    #[test]
    fn sizes_follow_the_day_before_as_no_garch_makes_them() -> Result<()> {
        let known = history();
        let model = LocalGarch::fit(&known, LOCALITY)?;
        let sizes = |of: &[f64]| -> f64 {
            let sizes: Vec<f64> = of.iter().map(|value| value.abs()).collect();
            lagged_correlations(&sizes, &sizes, 1)[0]
        };
        let real = sizes(&known[0]);
        let made = sizes(&model.path(20_000, &mut Stream::named(3, "path"))[0]);
        let by_chance = known[0].len() as f64;
        let plain =
            Garch::fit(&known[0], News::Asymmetric)?.simulate(0..1, 20_000, 1, student(8.0));
        let plain = sizes(&plain[0]);
        assert!(real < -6.0 / by_chance.sqrt(), "{real}");
        assert!(made < 0.5 * real && plain > 0.3 * real, "{made} {plain}");
        Ok(())
    }

    #[test]
    fn a_path_goes_on_from_stored_model_and_state_as_if_it_had_not_stopped() -> Result<()> {
        let stored = |model: &LocalGarch| -> Result<LocalGarch> {
            Ok(serde_json::from_str(&serde_json::to_string(model)?)?)
        };
        // Text may keep a number but for its last bit, so what comes back from it is compared.
        let model = stored(&LocalGarch::fit(&history(), LOCALITY)?)?;
        let mut stream = Stream::named(4, "path");
        let whole = model.path(40, &mut stream.clone());
        let mut state = model.start(&mut stream);
        let mut day = [0.0; 2];
        let mut parts = vec![Vec::new(); 2];
        for number in 0..40 {
            if number == 15 {
                state = serde_json::from_str(&serde_json::to_string(&state)?)?;
            }
            model.next(&mut state, &mut stream, &mut day);
            parts.iter_mut().zip(day).for_each(|(own, value)| own.push(value));
        }
        for (whole, part) in whole.iter().flatten().zip(parts.iter().flatten()) {
            assert!((whole - part).abs() < 1e-12, "{whole} {part}");
        }
        Ok(())
    }

    #[test]
    fn the_latest_state_is_that_before_the_day_that_a_longer_history_goes_on_with() -> Result<()> {
        let known = history();
        let cut: Vec<Vec<f64>> = known.iter().map(|own| own[..3_999].to_vec()).collect();
        let whole = LocalGarch::fit(&known, LOCALITY)?;
        let mut learned = Learned::from(whole.clone());
        learned.returns = cut;
        // Of one asset no sum of all days differs.
        learned.returns.truncate(1);
        let mut longer = Learned::from(whole);
        longer.returns.truncate(1);
        let (shorter, longer) = (LocalGarch::try_from(learned)?, LocalGarch::try_from(longer)?);
        let (latest, before) = (shorter.latest(), longer.at(longer.places() - 1));
        assert!((latest.filter.variance / before.filter.variance - 1.0).abs() < 1e-9);
        assert_eq!((latest.squares, latest.place), (before.squares, before.place));
        Ok(())
    }

    #[test]
    fn what_is_no_market_is_refused_with_its_asset() {
        let refused = |returns: &[Vec<f64>]| {
            format!("{:#}", LocalGarch::fit(returns, LOCALITY).expect_err("no market"))
        };
        assert!(refused(&[]).contains("at least one asset"));
        let own = history().swap_remove(0);
        let told = refused(&[own.clone(), own[1..].to_vec()]);
        assert_eq!(told, "asset 1: expected 4000 days, as the first has, found 3999");
        let told = refused(&[own, vec![0.0; 4000]]);
        assert!(told.starts_with("asset 1: expected a price that moves"), "{told}");
    }
}
