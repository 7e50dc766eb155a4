//! Range-HAR whose shocks come from days like the one that is simulated, by the state of the filter.
//!
//! Shocks that are drawn from all of the past mix calm years with wild ones, and markets with
//! different rules; and they depend on nothing, as those of markets do a little: on whether the last
//! day closed high, on how much it moved, on the level of the ranges.

use anyhow::Result;
use generativa_random::Stream;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{MONTH, RangeHar, RangeHarState, Shock, product, state};
use crate::baselines::like_days::{LikeDays, Locality, scales};
use crate::baselines::path_windows::windows_of_paths;
use crate::data::trading_day::Day;

/// The fitted model.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "Learned", into = "Learned")]
pub struct LocalRangeHar {
    learned: Learned,
    filter: RangeHar,
    /// One over the deviation of each coordinate, times its weight.
    scale: [f64; STATE],
    /// Every day with a shock.
    like: LikeDays<{ STATE + 1 }>,
    /// Added to the log range of every day, so that paths have those of history on average: days like
    /// an extreme one are less extreme.
    drift: f64,
}

/// What the model follows from.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Learned {
    days: Vec<Day>,
    locality: Locality,
}

/// Where a path stands.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct LocalRangeHarState {
    filter: RangeHarState,
    /// Position of the last day.
    position: f64,
    /// The day of history that the path's era is around, of those with a shock.
    place: usize,
}

/// Coordinates of a state beside its place in time.
const STATE: usize = 6;
/// What each of them weighs: the level of the ranges most.
const WEIGHTS: [f64; STATE] = [1.0, 0.5, 0.7, 0.7, 0.7, 0.7];
/// Rounds, paths and days by which the drift is found: the mean of so many days is known to 0.01.
const ROUNDS: u64 = 4;
const PATHS: u64 = 96;
const DAYS: usize = 400;

impl LocalRangeHar {
    /// To `days`, at least two months of them.
    ///
    /// # Errors
    /// As [`RangeHar::fit`].
    pub fn fit(days: &[Day], locality: Locality) -> Result<Self> {
        Self::try_from(Learned { days: days.to_vec(), locality })
    }

    /// How many days of history a path can begin before.
    pub fn places(&self) -> usize {
        self.like.count()
    }

    /// As history stood before the day of this number, below [`places`](Self::places).
    pub fn at(&self, place: usize) -> LocalRangeHarState {
        at(&self.learned.days, place)
    }

    /// After the last day of history.
    pub fn latest(&self) -> LocalRangeHarState {
        self.at(self.places())
    }

    /// Somewhere in the middle of a path with so many days of history before it, or all that a path can
    /// begin after where there are fewer: a number below [`places`](Self::places).
    pub fn place_after(&self, days: usize, stream: &mut Stream) -> usize {
        let first = days.saturating_sub(MONTH).min(self.places() - 1);
        first + stream.below(self.places() - first)
    }

    /// The last `count` days of history before that day; fewer at its beginning.
    pub fn days_before(&self, place: usize, count: usize) -> &[Day] {
        let end = place + MONTH;
        &self.learned.days[end.saturating_sub(count)..end]
    }

    /// The days of history from that day on.
    pub fn days_from(&self, place: usize) -> &[Day] {
        &self.learned.days[place + MONTH..]
    }

    /// Somewhere in the middle of a path: as history stood before one of its days.
    pub fn start(&self, stream: &mut Stream) -> LocalRangeHarState {
        self.at(self.place_after(0, stream))
    }

    /// The next day of a path.
    pub fn next(&self, state: &mut LocalRangeHarState, stream: &mut Stream) -> Day {
        self.draw(state, stream).0
    }

    /// The next day of a path, and the number of the day of history that it is drawn from, below
    /// [`places`](Self::places).
    pub fn draw(&self, state: &mut LocalRangeHarState, stream: &mut Stream) -> (Day, usize) {
        if stream.chance(1.0 / self.learned.locality.stay) {
            state.place = stream.below(self.places());
        }
        let era = self.learned.locality.era;
        let drawn = self.like.draw(&coordinates(&self.filter, state, &self.scale, era), stream);
        let shock = self.filter.shocks[drawn.day];
        let shock = Shock { log_range: shock.log_range + self.drift, ..shock };
        let day = self.filter.day_after(&mut state.filter, &shock);
        state.position = day[2];
        (day, drawn.day)
    }

    /// So many days in one piece, from somewhere in the middle of a path.
    pub fn path(&self, days: usize, stream: &mut Stream) -> Vec<Day> {
        let mut state = self.start(stream);
        (0..days).map(|_| self.next(&mut state, stream)).collect()
    }

    /// `count` windows of `window` days, cut from paths.
    pub fn windows(&self, count: usize, window: usize, stream: &mut Stream) -> Vec<Vec<Day>> {
        windows_of_paths(count, window, stream, |days, stream| self.path(days, stream))
    }

    /// Finds the drift by paths of its own.
    fn settle(&mut self) {
        let [_, day, week, month, ..] = self.filter.weights;
        // What a lasting push leaves in the end, from each bit of it.
        let left = (1.0 - day - week - month).clamp(0.01, 1.0);
        for round in 0..ROUNDS {
            let sums = (0..PATHS).into_par_iter().map(|item| {
                let mut stream = Stream::item(round, "range-har/settle", item);
                let path = self.path(DAYS, &mut stream);
                path.iter().map(|day| day[1].ln()).sum::<f64>()
            });
            // In order, so that no bit depends on the threads.
            let mean =
                sums.collect::<Vec<_>>().iter().sum::<f64>() / (PATHS as usize * DAYS) as f64;
            self.drift += left * (self.filter.mean - mean);
        }
    }
}

/// As history stood before the shock of this number.
fn at(days: &[Day], place: usize) -> LocalRangeHarState {
    let before = &days[..place + MONTH];
    LocalRangeHarState { filter: state(before), position: before[before.len() - 1][2], place }
}

/// Scaled, with the place in time last.
fn coordinates(
    filter: &RangeHar,
    state: &LocalRangeHarState,
    scale: &[f64; STATE],
    era: f64,
) -> [f32; STATE + 1] {
    let raw = raw(filter, state);
    let time = state.place as f64 / era;
    let scaled = |at: usize| if at < STATE { raw[at] * scale[at] } else { time };
    std::array::from_fn(|at| scaled(at) as f32)
}

/// Expected log range, its week over its month, its last day over its week, the last return in
/// ranges, position, and the size of that return.
fn raw(filter: &RangeHar, state: &LocalRangeHarState) -> [f64; STATE] {
    let told = state.filter.told();
    let [_, day, week, month, ratio, size] = told;
    [product(&filter.weights, &told), week - month, day - week, ratio, state.position, size]
}

impl TryFrom<Learned> for LocalRangeHar {
    type Error = anyhow::Error;

    fn try_from(learned: Learned) -> Result<Self> {
        let filter = RangeHar::fit(&learned.days)?;
        let states: Vec<LocalRangeHarState> =
            (0..filter.shocks.len()).map(|place| at(&learned.days, place)).collect();
        let all: Vec<[f64; STATE]> = states.iter().map(|state| raw(&filter, state)).collect();
        let scale = scales(&all, WEIGHTS);
        let Locality { neighbours, era, .. } = learned.locality;
        let places: Vec<[f32; STATE + 1]> =
            states.iter().map(|state| coordinates(&filter, state, &scale, era)).collect();
        let like = LikeDays::new(&places, neighbours);
        let mut model = Self { learned, filter, scale, like, drift: 0.0 };
        model.settle();
        Ok(model)
    }
}

impl From<LocalRangeHar> for Learned {
    fn from(model: LocalRangeHar) -> Self {
        model.learned
    }
}

impl PartialEq for LocalRangeHar {
    fn eq(&self, other: &Self) -> bool {
        self.learned == other.learned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calm years in which days close low after a rise, then wild ones in which they close high.
    fn history() -> Vec<Day> {
        let mut stream = Stream::named(1, "history");
        let mut rose = false;
        let day = |day: usize| {
            let wild = day >= 1000;
            let range = if wild { 0.04 } else { 0.01 } * (0.3 * stream.normal()).exp();
            let high = rose == wild;
            let position = if high { 0.8 } else { 0.2 } + 0.1 * (stream.uniform() - 0.5);
            rose = stream.chance(0.5);
            [range * if rose { 0.5 } else { -0.5 }, range, position]
        };
        (0..2000).map(day).collect()
    }

    const LOCALITY: Locality = Locality { neighbours: 20, era: 300.0, stay: 500.0 };

    #[test]
    fn shocks_depend_on_the_day_before_as_they_did_in_their_era() -> Result<()> {
        let model = LocalRangeHar::fit(&history(), LOCALITY)?;
        let path = model.path(20_000, &mut Stream::named(2, "path"));
        let (mut right, mut known) = (0, 0);
        for pair in path.windows(2) {
            // Between the eras nothing is known.
            let wild = match pair[1][1] {
                range if range < 0.014 => false,
                range if range > 0.028 => true,
                _ => continue,
            };
            known += 1;
            right += usize::from(((pair[0][0] > 0.0) == wild) == (pair[1][2] > 0.5));
        }
        assert!(known > 10_000, "{known}");
        assert!(right as f64 / known as f64 > 0.85, "{right} of {known}");
        Ok(())
    }

    #[test]
    fn a_path_goes_on_from_stored_model_and_state_as_if_it_had_not_stopped() -> Result<()> {
        // Text may keep a day but for its last bit, so what comes back from it is compared.
        let stored = |model: &LocalRangeHar| -> Result<LocalRangeHar> {
            Ok(serde_json::from_str(&serde_json::to_string(model)?)?)
        };
        let model = stored(&LocalRangeHar::fit(&history(), LOCALITY)?)?;
        let mut stream = Stream::named(3, "path");
        let whole = model.path(40, &mut stream.clone());
        let mut state = model.start(&mut stream);
        let mut parts: Vec<Day> = (0..15).map(|_| model.next(&mut state, &mut stream)).collect();
        let model = stored(&model)?;
        let mut state = serde_json::from_str(&serde_json::to_string(&state)?)?;
        parts.extend((0..25).map(|_| model.next(&mut state, &mut stream)));
        assert_eq!(whole, parts);
        Ok(())
    }
}
