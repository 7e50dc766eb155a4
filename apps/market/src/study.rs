//! What a report compares: traits of the real history, of the model's and of what a network makes of
//! them. Of several assets they are the first one's.

use anyhow::Result;
use generativa::data::trading_day::Day;
use generativa::metrics::correlation::correlation_matrix;
use generativa::metrics::lagged_correlation::{lagged_band, lagged_correlations};
use generativa::metrics::quantile::{median, quantile_of_sorted};
use generativa::metrics::stationary_bootstrap::stationary_places;
use generativa::metrics::stylised_facts::{Band, COUNT, LEAST_DAYS, band, facts, inside};
use generativa_random::Stream;
use rayon::prelude::*;

use crate::data::Corpus;
use crate::paths::Paths;

/// Days of a resampled block, on average: a year, so that memory is kept.
pub const MEAN_BLOCK: f64 = 250.0;
/// Share of resampled histories in a band.
pub const LEVEL: f64 = 0.9;
/// Seed of what a page shows.
pub const SEED: u64 = 1;

/// Values of one trait at the same places for all: real, the ends of its band, the medians of the
/// paths of the model and of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    /// Where each value stands.
    pub places: Vec<f64>,
    /// Of the history.
    pub real: Vec<f64>,
    /// Lower and upper end of the middle 90 % of resampled histories.
    pub band: [Vec<f64>; 2],
    /// Of the model.
    pub model: Vec<f64>,
    /// Of the network, where there is one.
    pub network: Option<Vec<f64>>,
}

/// The stylised facts side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Of the history.
    pub real: [f64; COUNT],
    /// Of resampled histories.
    pub band: Band,
    /// Of each path of the model.
    pub model: Vec<[f64; COUNT]>,
    /// Of each path of the network, where there is one.
    pub network: Option<Vec<[f64; COUNT]>>,
}

/// Histories to be compared, all of one length.
pub struct Study<'a> {
    real: &'a [Day],
    ranged: bool,
    /// Of the model.
    pub model: Vec<Vec<Day>>,
    /// Of the network, where there is one: corrections of the model's, day for day.
    network: Option<Vec<Vec<Day>>>,
    /// Correlations of each pair of assets, of the history and of the model; none of one asset.
    pub pairs: Vec<[f64; 2]>,
    resamples: usize,
}

/// Means over all days of what the network changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Corrections {
    /// Size of the change of a return over the size of a return.
    pub of_return: f64,
    /// Size of the change of a log range.
    pub of_log_range: f64,
    /// Size of the change of where the close lies between low (0) and high (1).
    pub of_position: f64,
}

impl<'a> Study<'a> {
    /// Draws `count` paths as long as the history.
    pub fn draw(corpus: &'a Corpus, paths: &Paths, count: u64, resamples: usize) -> Result<Self> {
        let all = |refined: bool| -> Result<Vec<Vec<Vec<Day>>>> {
            let path = |item| Ok(paths.path(SEED, item, refined)?.next(corpus.count())?.days);
            (0..count.max(1)).into_par_iter().map(path).collect()
        };
        let first = |paths: Vec<Vec<Vec<Day>>>| -> Vec<Vec<Day>> {
            paths.into_iter().map(|mut assets| assets.swap_remove(0)).collect()
        };
        let network = if paths.network().is_ok() { Some(first(all(true)?)) } else { None };
        let model = all(false)?;
        let pairs = pairs(corpus, &model);
        let (real, ranged) = (&corpus.assets[0].days, corpus.ranged);
        let resamples = resamples.max(1);
        Ok(Self { real, ranged, model: first(model), network, pairs, resamples })
    }

    /// How far the network's days lie from those of the model; `None` without one.
    pub fn corrections(&self) -> Option<Corrections> {
        let network = self.network.as_ref()?;
        let pairs = || network.iter().flatten().zip(self.model.iter().flatten());
        let mean = |value: &dyn Fn(&Day, &Day) -> f64| {
            pairs().map(|(made, base)| value(made, base)).sum::<f64>()
                / pairs().count().max(1) as f64
        };
        Some(Corrections {
            of_return: mean(&|made, base| (made[0] - base[0]).abs())
                / mean(&|_, base| base[0].abs()),
            of_log_range: mean(&|made, base| (made[1].ln() - base[1].ln()).abs()),
            of_position: mean(&|made, base| (made[2] - base[2]).abs()),
        })
    }

    /// Correlation of the sizes of returns 1 to `lags` days apart.
    pub fn clustering(&self, lags: usize) -> Option<Curves> {
        self.lagged(lags, |days| (sizes(days), sizes(days)))
    }

    /// Correlation of a return with the size of that 1 to `lags` days later.
    pub fn leverage(&self, lags: usize) -> Option<Curves> {
        self.lagged(lags, |days| (returns(days), sizes(days)))
    }

    /// Size of a return, by the share of days that are larger: from one day of the history to half
    /// of them.
    pub fn tail(&self) -> Curves {
        let days = self.real.len() as f64;
        let least = (1.0 / days).ln();
        let places: Vec<f64> = (0..=60)
            .map(|step| (least + (0.5f64.ln() - least) * f64::from(step) / 60.0).exp())
            .collect();
        self.quantiles(places, sizes, |share| 1.0 - share)
    }

    /// Range of a day, by the share of days with a smaller one; `None` of closes alone.
    pub fn ranges(&self) -> Option<Curves> {
        let places = (0..=80).map(|step| 0.005 + 0.99 * f64::from(step) / 80.0).collect();
        let ranges = |days: &[Day]| days.iter().map(|day| day[1]).collect();
        self.ranged.then(|| self.quantiles(places, ranges, |share| share))
    }

    /// The stylised facts; `None` of a history too short for them.
    pub fn facts(&self) -> Option<Facts> {
        let days = self.real.len();
        if days < LEAST_DAYS {
            return None;
        }
        let of = |paths: &[Vec<Day>]| -> Vec<[f64; COUNT]> {
            paths.par_iter().map(|path| facts(&returns(path))).collect()
        };
        let real = returns(self.real);
        Some(Facts {
            real: facts(&real),
            band: band(&real, days, MEAN_BLOCK, self.resamples, LEVEL, SEED),
            model: of(&self.model),
            network: self.network.as_ref().map(|paths| of(paths)),
        })
    }

    fn lagged(
        &self,
        lags: usize,
        pair: impl Fn(&[Day]) -> (Vec<f64>, Vec<f64>) + Sync,
    ) -> Option<Curves> {
        if self.real.len() < 3 * lags {
            return None;
        }
        let of = |days: &[Day]| {
            let (first, second) = pair(days);
            lagged_correlations(&first, &second, lags)
        };
        let (first, second) = pair(self.real);
        Some(Curves {
            places: (1..=lags).map(|lag| lag as f64).collect(),
            real: of(self.real),
            band: lagged_band(&first, &second, lags, MEAN_BLOCK, (self.resamples, LEVEL), SEED),
            model: medians(&self.model, of),
            network: self.network.as_ref().map(|paths| medians(paths, of)),
        })
    }

    fn quantiles(
        &self,
        places: Vec<f64>,
        value: impl Fn(&[Day]) -> Vec<f64> + Sync,
        level: impl Fn(f64) -> f64 + Sync,
    ) -> Curves {
        let of_values = |mut values: Vec<f64>| -> Vec<f64> {
            values.sort_unstable_by(f64::total_cmp);
            places.iter().map(|place| quantile_of_sorted(&values, level(*place))).collect()
        };
        let of = |days: &[Day]| of_values(value(days));
        let known = value(self.real);
        let resample = |index: usize| {
            let mut stream = Stream::item(SEED, "market/quantiles", index as u64);
            let drawn = stationary_places(known.len(), known.len(), MEAN_BLOCK, &mut stream);
            of_values(drawn.iter().map(|&place| known[place]).collect())
        };
        let all: Vec<Vec<f64>> = (0..self.resamples).into_par_iter().map(resample).collect();
        let ends = [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0];
        Curves {
            real: of(self.real),
            band: ends.map(|share| {
                across(&all, |values| {
                    values.sort_unstable_by(f64::total_cmp);
                    quantile_of_sorted(values, share)
                })
            }),
            model: medians(&self.model, of),
            network: self.network.as_ref().map(|paths| medians(paths, of)),
            places,
        }
    }
}

impl Facts {
    /// The median of each fact over paths; NaN where one of them does not have it.
    pub fn medians(paths: &[[f64; COUNT]]) -> [f64; COUNT] {
        std::array::from_fn(|fact| {
            let values: Vec<f64> = paths.iter().map(|facts| facts[fact]).collect();
            if values.iter().any(|value| value.is_nan()) { f64::NAN } else { median(&values) }
        })
    }

    /// How many medians of paths lie in the band.
    pub fn inside(&self, paths: &[[f64; COUNT]]) -> usize {
        inside(&Self::medians(paths), &self.band).iter().filter(|inside| **inside).count()
    }
}

/// Correlations of each pair of assets, of the history and of all paths together.
fn pairs(corpus: &Corpus, paths: &[Vec<Vec<Day>>]) -> Vec<[f64; 2]> {
    let of_asset = |asset: usize| -> Vec<f64> {
        paths.iter().flat_map(|path| path[asset].iter().map(|day| day[0])).collect()
    };
    let made: Vec<Vec<f64>> = (0..corpus.assets.len()).map(of_asset).collect();
    let [real, made] = [corpus.returns(), made].map(|returns| correlation_matrix(&returns));
    let pairs = real.iter().zip(&made).enumerate();
    pairs
        .flat_map(|(row, (real, made))| {
            real[..row].iter().zip(&made[..row]).map(|(real, made)| [*real, *made])
        })
        .collect()
}

fn returns(days: &[Day]) -> Vec<f64> {
    days.iter().map(|day| day[0]).collect()
}

/// Sizes of returns around their mean.
fn sizes(days: &[Day]) -> Vec<f64> {
    let mean = days.iter().map(|day| day[0]).sum::<f64>() / days.len() as f64;
    days.iter().map(|day| (day[0] - mean).abs()).collect()
}

/// The median over paths at each place.
fn medians(paths: &[Vec<Day>], of: impl Fn(&[Day]) -> Vec<f64> + Sync) -> Vec<f64> {
    let all: Vec<Vec<f64>> = paths.par_iter().map(|path| of(path)).collect();
    across(&all, |values| median(values))
}

/// One number of the values that all have at a place; NaN where one of them is.
fn across(all: &[Vec<f64>], number: impl Fn(&mut [f64]) -> f64) -> Vec<f64> {
    let at = |place: usize| {
        let mut values: Vec<f64> = all.iter().map(|one| one[place]).collect();
        if values.iter().any(|value| value.is_nan()) { f64::NAN } else { number(&mut values) }
    };
    (0..all.first().map_or(0, Vec::len)).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(seed: u64, count: usize) -> Vec<Day> {
        let mut stream = Stream::named(seed, "days");
        let next = |_| {
            let change = 0.01 * stream.normal();
            [change, 0.02 * (0.3 * stream.normal()).exp(), stream.uniform()]
        };
        (0..count).map(next).collect()
    }

    fn study(real: &[Day]) -> Study<'_> {
        let paths = |seed: u64| (seed..seed + 5).map(|seed| days(seed, real.len())).collect();
        let (model, network) = (paths(10), Some(paths(10)));
        Study { real, ranged: true, model, network, pairs: Vec::new(), resamples: 100 }
    }

    #[test]
    fn a_network_that_changes_nothing_corrects_nothing() {
        let real = days(1, 600);
        let found = study(&real).corrections().expect("a network");
        assert_eq!([found.of_return, found.of_log_range, found.of_position], [0.0; 3]);
    }

    #[test]
    fn histories_of_one_kind_have_the_same_curves_within_the_band_nearly_everywhere() {
        let real = days(1, 4_000);
        let study = study(&real);
        let curves = [study.clustering(20), study.leverage(20), Some(study.tail()), study.ranges()];
        for (number, curves) in curves.into_iter().flatten().enumerate() {
            let [low, high] = &curves.band;
            let within =
                |place: &usize| (low[*place]..=high[*place]).contains(&curves.model[*place]);
            let share =
                (0..curves.places.len()).filter(within).count() as f64 / curves.places.len() as f64;
            assert!(share > 0.6, "curve {number}: {share}");
        }
    }

    #[test]
    fn a_history_too_short_for_a_figure_has_none() {
        let real = days(1, 59);
        let study = study(&real);
        assert!(study.facts().is_none() && study.clustering(20).is_none());
        assert_eq!(study.tail().real.len(), 61);
    }
}
