//! Paths of a volatility or a trend that somebody asks for, or that go on from today. Nothing is
//! rescaled: of many ways in which a path could go on for a month, one is taken that is as asked.

use anyhow::{Result, bail};
use generativa::cli::Exit;
use generativa::metrics::quantile::quantile;
use generativa_random::Stream;

use crate::fitted::{FilterState, Fitted};
use crate::stretch::Stretch;

/// Days of a stretch: a month of trading.
pub const STRETCH: usize = 21;
/// Trading days of a year.
const YEAR: f64 = 252.0;
/// Ways to go on that one is chosen from.
const WAYS: usize = 128;
/// A volatility this near to the one asked for, as a share of it, is as good as any nearer one.
const NEAR: f64 = 0.03;
/// Ways that a trend is chosen from at least, where a volatility is asked for too.
const LEAST: usize = 8;
/// Share of the days of history that a path of a volatility begins before, those that went on most
/// like it, and how many at least.
const BEGINNINGS: (f64, usize) = (0.02, 50);
/// Volatilities of months as words, by the share of months in history that were calmer.
const WORDS: [(&str, f64); 3] = [("calm", 0.1), ("usual", 0.5), ("wild", 0.9)];

/// What is asked for of every stretch; of several assets, of the first.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Wish {
    /// Root of the mean squared return, a year.
    pub volatility: Option<f64>,
    /// Mean log-return, a year.
    pub trend: Option<f64>,
    /// Whether paths go on from the last day of history.
    pub today: bool,
}

/// A volatility as it is typed: a number a year, or how wild as a word.
#[derive(Clone, Debug, PartialEq)]
pub enum Volatility {
    /// A year.
    Number(f64),
    /// By the share of months in history that were calmer.
    Share(f64),
}

/// A path that goes on as asked, in progress.
pub struct WishedPath<'a> {
    fitted: &'a Fitted,
    wish: Wish,
    stream: Stream,
    /// Where the next stretch goes on; nowhere yet before the first, but from today.
    state: Option<FilterState>,
    /// Days of history that the first stretch may begin before.
    beginnings: Vec<usize>,
    /// What is left of the last stretch.
    left: Stretch,
}

/// A way to go on.
struct Way {
    state: FilterState,
    days: Stretch,
    volatility: f64,
    change: f64,
}

impl std::str::FromStr for Volatility {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, share)) = WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(Self::Share(*share));
        }
        match text.parse::<f64>() {
            Ok(value) if value > 0.0 && value.is_finite() => Ok(Self::Number(value)),
            _ => Err("expected a share a year above 0, as 0.2, or calm, usual or wild".into()),
        }
    }
}

impl Volatility {
    /// The number behind it.
    pub fn of(&self, fitted: &Fitted) -> f64 {
        match self {
            Self::Number(value) => *value,
            Self::Share(share) => quantile(&months(fitted), *share),
        }
    }
}

impl Wish {
    /// Refuses a volatility that is far from all that history holds.
    ///
    /// # Errors
    /// [`Exit::Usage`] with the volatilities there were.
    pub fn check(&self, fitted: &Fitted) -> Result<()> {
        let months = months(fitted);
        let [least, most] = [0.0, 1.0].map(|share| quantile(&months, share));
        if let Some(asked) = self.volatility
            && !(least..=most).contains(&asked)
        {
            bail!(Exit::Usage(format!(
                "--volatility {asked}: expected one that a month of the history had, {least:.3} to \
                 {most:.3}"
            )));
        }
        Ok(())
    }
}

/// Volatility of returns, a year.
pub fn volatility(returns: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = returns.len() as f64;
    (returns.map(|value| value * value).sum::<f64>() * YEAR / count).sqrt()
}

/// Volatility of each stretch in history, a stretch beginning with every day that a path can begin
/// with.
fn months(fitted: &Fitted) -> Vec<f64> {
    fitted.returns().windows(STRETCH).map(|month| volatility(month.iter().copied())).collect()
}

impl<'a> WishedPath<'a> {
    /// Path number `item` of a seed.
    pub fn new(fitted: &'a Fitted, wish: Wish, seed: u64, item: u64) -> Self {
        let stream = Stream::item(seed, "market/wish", item);
        let left = Stretch::new(fitted.assets());
        let state = wish.today.then(|| fitted.latest());
        let beginnings = wish.volatility.map_or(Vec::new(), |asked| {
            let apart = |month: f64| (month / asked).ln().abs();
            let mut months: Vec<(f64, usize)> =
                months(fitted).into_iter().map(apart).zip(0..).collect();
            let count = (BEGINNINGS.0 * months.len() as f64) as usize;
            months.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            months.truncate(count.max(BEGINNINGS.1));
            months.into_iter().map(|(_, place)| place).collect()
        });
        Self { fitted, wish, stream, state, beginnings, left }
    }

    /// How many assets there are.
    pub fn assets(&self) -> usize {
        self.left.days.len()
    }

    /// Appends the next days; pieces of any length make the same path.
    pub fn append(&mut self, days: usize, to: &mut Stretch) {
        let mut drawn = 0;
        while drawn < days {
            if self.left.is_empty() {
                self.left = self.stretch();
            }
            let count = self.left.len().min(days - drawn);
            self.left.move_to(to, count);
            drawn += count;
        }
    }

    fn stretch(&mut self) -> Stretch {
        let asked = self.wish.volatility.is_some() || self.wish.trend.is_some();
        let count = if asked { WAYS } else { 1 };
        let mut ways: Vec<Way> = (0..count).map(|_| self.way()).collect();
        if let Some(asked) = self.wish.volatility {
            let apart = |way: &Way| (way.volatility / asked - 1.0).abs();
            ways.sort_by(|a, b| apart(a).total_cmp(&apart(b)));
            let near = ways.partition_point(|way| apart(way) <= NEAR);
            let least = if self.wish.trend.is_some() { LEAST } else { 1 };
            ways.truncate(near.max(least));
        }
        let chosen = match self.wish.trend {
            Some(trend) => {
                let changes: Vec<f64> = ways.iter().map(|way| way.change).collect();
                drawn_with_mean(&changes, trend * STRETCH as f64 / YEAR, &mut self.stream)
            }
            None => self.stream.below(ways.len()),
        };
        let Way { state, days, .. } = ways.swap_remove(chosen);
        self.state = Some(state);
        days
    }

    fn way(&mut self) -> Way {
        let mut state = match &self.state {
            Some(state) => state.clone(),
            None if self.beginnings.is_empty() => self.fitted.start(&mut self.stream),
            None => self.fitted.at(*self.stream.pick(&self.beginnings)),
        };
        let mut days = Stretch::new(self.left.days.len());
        self.fitted.next(&mut state, &mut self.stream, STRETCH, &mut days);
        let returns = || days.days[0].iter().map(|day| day[0]);
        let (volatility, change) = (volatility(returns()), returns().sum());
        Way { state, days, volatility, change }
    }
}

/// One of `values`, drawn with chances that grow exponentially in them so that the mean of what is drawn
/// is `mean`: of all such chances those nearest to equal ones (Esscher 1932). The end nearest to a mean
/// that is out of reach.
fn drawn_with_mean(values: &[f64], mean: f64, stream: &mut Stream) -> usize {
    let most = values.iter().fold(0.0, |most: f64, value| most.max((value - mean).abs()));
    let weights = |slope: f64| -> Vec<f64> {
        // The largest exponent is taken out, so that nothing overflows.
        let exponents: Vec<f64> = values.iter().map(|value| slope * (value - mean)).collect();
        let top = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        exponents.into_iter().map(|exponent| (exponent - top).exp()).collect()
    };
    let lean = |slope: f64| -> f64 {
        weights(slope).iter().zip(values).map(|(weight, value)| weight * (value - mean)).sum()
    };
    // Steeper than this takes the end alone.
    let end = if most > 0.0 { 50.0 / most } else { 0.0 };
    let (mut low, mut high) = (-end, end);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if lean(middle) < 0.0 { low = middle } else { high = middle }
    }
    let weights = weights((low + high) / 2.0);
    let mut left = stream.uniform() * weights.iter().sum::<f64>();
    for (place, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return place;
        }
    }
    values.len() - 1
}

#[cfg(test)]
mod tests {
    use generativa::cli::Preset;
    use generativa::data::trading_day::Day;

    use super::*;
    use crate::config::Config;
    use crate::data::Corpus;

    /// The first days of the first asset.
    fn first(path: &mut WishedPath, days: usize) -> Vec<Day> {
        let mut first = Stretch::new(1);
        path.append(days, &mut first);
        first.days.swap_remove(0)
    }

    fn fitted(closes: bool) -> Result<Fitted> {
        let mut config = Config::preset(Preset::Tiny, "", "");
        config.data.closes = closes;
        Fitted::fit(&Corpus::load(&config.data)?, &config)
    }

    #[test]
    fn every_month_has_the_volatility_that_is_asked_for() -> Result<()> {
        for closes in [false, true] {
            let fitted = fitted(closes)?;
            for share in [0.1, 0.5, 0.9] {
                let asked = Volatility::Share(share).of(&fitted);
                let wish = Wish { volatility: Some(asked), ..Wish::default() };
                let mut errors = Vec::new();
                for item in 0..5 {
                    let path = first(&mut WishedPath::new(&fitted, wish, 1, item), 5 * STRETCH);
                    for month in path.chunks(STRETCH) {
                        let found = volatility(month.iter().map(|day| day[0]));
                        errors.push((found / asked - 1.0).abs());
                    }
                }
                let median = quantile(&errors, 0.5);
                assert!(median < NEAR, "{closes} {share}: {median}");
            }
        }
        Ok(())
    }

    #[test]
    fn a_trend_moves_the_mean_also_beside_a_volatility() -> Result<()> {
        let fitted = fitted(true)?;
        let usual = Volatility::Share(0.5).of(&fitted);
        let months = |volatility: Option<f64>, trend: f64| -> Vec<(f64, f64)> {
            let wish = Wish { volatility, trend: Some(trend), today: false };
            let path = first(&mut WishedPath::new(&fitted, wish, 2, 0), 300 * STRETCH);
            let month = |month: &[Day]| {
                let returns = || month.iter().map(|day| day[0]);
                (returns().sum(), super::volatility(returns()))
            };
            path.chunks(STRETCH).map(month).collect()
        };
        for (volatility, trend) in [(None, 0.3), (None, -0.3), (Some(usual), -0.3)] {
            let months = months(volatility, trend);
            let count = months.len() as f64;
            let mean = months.iter().map(|(change, _)| change).sum::<f64>() / count;
            let square = months.iter().map(|(change, _)| (change - mean).powi(2)).sum::<f64>();
            let error = (square / count).sqrt() / count.sqrt();
            let asked = trend * STRETCH as f64 / YEAR;
            assert!((mean - asked).abs() < 3.0 * error, "{volatility:?} {trend}: {mean} {asked}");
            if volatility.is_some() {
                let errors: Vec<f64> =
                    months.iter().map(|(_, found)| (found / usual - 1.0).abs()).collect();
                assert!(quantile(&errors, 0.5) < 0.05, "{}", quantile(&errors, 0.5));
            }
        }
        Ok(())
    }

    #[test]
    fn paths_from_today_begin_as_wild_as_history_ends() -> Result<()> {
        for closes in [false, true] {
            let fitted = fitted(closes)?;
            let size = |today: bool| -> f64 {
                let wish = Wish { today, ..Wish::default() };
                let sizes = (0..400)
                    .map(|item| first(&mut WishedPath::new(&fitted, wish, 5, item), 1)[0][0].abs());
                quantile(&sizes.collect::<Vec<f64>>(), 0.5)
            };
            let known = fitted.returns();
            let recent = volatility(known[known.len() - 22..].iter().copied());
            let usual = volatility(known.iter().copied());
            // The embedded market ends calmer, or wilder, than it usually was.
            assert!((recent / usual - 1.0).abs() > 0.2, "{recent} {usual}");
            assert_eq!(size(true) > size(false), recent > usual, "{closes}");
        }
        Ok(())
    }

    #[test]
    fn pieces_make_the_path_at_once() -> Result<()> {
        let fitted = fitted(false)?;
        let volatility = Some(Volatility::Share(0.5).of(&fitted));
        let wish = Wish { volatility, trend: Some(0.1), today: true };
        let whole = first(&mut WishedPath::new(&fitted, wish, 3, 4), 50);
        let mut path = WishedPath::new(&fitted, wish, 3, 4);
        let pieces: Vec<Day> =
            [1, 0, 20, 1, 28].into_iter().flat_map(|days| first(&mut path, days)).collect();
        assert_eq!(pieces, whole);
        Ok(())
    }

    #[test]
    fn what_is_drawn_has_the_mean_asked_for_or_the_nearest_there_is() {
        let values = [-1.0, 0.0, 0.5, 2.0];
        let mut stream = Stream::named(1, "mean");
        let mut drawn = |mean: f64| {
            let sum: f64 =
                (0..20_000).map(|_| values[drawn_with_mean(&values, mean, &mut stream)]).sum();
            sum / 20_000.0
        };
        for (asked, known) in [(0.375, 0.375), (1.0, 1.0), (-0.8, -0.8), (9.0, 2.0), (-9.0, -1.0)] {
            let found = drawn(asked);
            assert!((found - known).abs() < 0.03, "{asked}: {found}");
        }
    }

    #[test]
    fn a_volatility_is_a_number_or_a_word_and_one_that_never_was_is_refused() -> Result<()> {
        assert_eq!("0.2".parse(), Ok(Volatility::Number(0.2)));
        assert_eq!("wild".parse(), Ok(Volatility::Share(0.9)));
        for text in ["0", "-1", "nan", "inf", "wilder"] {
            assert!(text.parse::<Volatility>().is_err(), "{text}");
        }
        let wish = Wish { volatility: Some(9.0), ..Wish::default() };
        let error = wish.check(&fitted(true)?).expect_err("no such month").to_string();
        assert!(error.starts_with("--volatility 9: expected one that a month"), "{error}");
        Ok(())
    }
}
