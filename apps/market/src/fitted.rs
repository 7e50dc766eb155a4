//! What is fitted to a history, and makes paths without any network: the default model.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use generativa::baselines::{
    LocalGarch, LocalGarchState, LocalRangeHar, LocalRangeHarState, Locality, VolumeState,
};
use generativa::data::trading_day::{Day, LEAST_RANGE};
use generativa::run::file::write_atomically;
use generativa_random::Stream;
use serde::{Deserialize, Serialize};

use crate::bar::Bar;
use crate::config::Config;
use crate::data::Corpus;
use crate::extras::Extras;
use crate::scale::Scale;
use crate::stretch::Stretch;

/// A filter with shocks of like days: it is `fitted.json` of a run.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fitted {
    /// To one asset with ranges.
    Ranges(Box<Ranges>),
    /// To closes of one asset or of several.
    Closes(Box<Closes>),
}

/// What is fitted to days with ranges.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Ranges {
    /// The filter with its shocks.
    pub filter: LocalRangeHar,
    /// What is usual of the days, for a network.
    pub scale: Scale,
    /// What the table tells of them beside high, low and close.
    #[serde(default)]
    pub extras: Extras,
}

/// What is fitted to closes.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Closes {
    /// Names of the assets.
    pub names: Vec<String>,
    /// The filter of all of them.
    pub filter: LocalGarch,
}

/// Where the prices of a path stand.
#[derive(Clone, Debug, Default)]
pub struct Quotes {
    /// The last close of each asset.
    pub closes: Vec<f64>,
    volumes: Option<VolumeState>,
}

/// Where a path of a filter stands.
#[derive(Clone, Debug)]
pub enum FilterState {
    /// Of an asset with ranges.
    Ranges(Box<LocalRangeHarState>),
    /// Of closes.
    Closes(LocalGarchState),
}

/// The file of what was fitted.
const FITTED: &str = "fitted.json";

impl Ranges {
    /// To these days.
    ///
    /// # Errors
    /// Too few of them, see [`LocalRangeHar::fit`].
    pub fn fit(days: &[Day], locality: Locality) -> Result<Self> {
        let filter = LocalRangeHar::fit(days, locality)?;
        Ok(Self { filter, scale: Scale::of(days), extras: Extras::default() })
    }
}

impl Fitted {
    /// To all days of a corpus.
    ///
    /// # Errors
    /// Too few days, and an asset that never moves.
    pub fn fit(corpus: &Corpus, config: &Config) -> Result<Self> {
        Ok(match (&corpus.assets[..], corpus.ranged) {
            ([only], true) => {
                let ranges = Ranges::fit(&only.days, config.filter)?;
                let first = only.days.len() - ranges.filter.places();
                let extras = Extras::of(&corpus.columns, first)?;
                Self::Ranges(Box::new(Ranges { extras, ..ranges }))
            }
            (assets, _) => Self::Closes(Box::new(Closes {
                names: assets.iter().map(|asset| asset.name.clone()).collect(),
                filter: LocalGarch::fit(&corpus.returns(), config.closes)?,
            })),
        })
    }

    /// What a day of a path is told in: prices of the one asset, or the close of each.
    pub fn columns(&self) -> Vec<String> {
        match self {
            Self::Ranges(own) => own.extras.columns(),
            Self::Closes(own) if own.names.len() == 1 => vec!["close".to_owned()],
            Self::Closes(own) => own.names.clone(),
        }
    }

    /// What the table has and paths have not, as a remark; of one asset with ranges.
    pub fn untold(&self, corpus: &Corpus) -> Option<String> {
        let (Self::Ranges(_), columns) = (self, self.columns()) else { return None };
        let told = |name: &String| columns.contains(name);
        let missing: Vec<&str> = corpus
            .columns
            .iter()
            .map(|column| &column.name)
            .filter(|name| !told(name))
            .map(String::as_str)
            .collect();
        (!missing.is_empty()).then(|| {
            format!(
                "not generated: {} (a volume of 0 on some days, or a close adjusted for payouts)",
                missing.join(", ")
            )
        })
    }

    /// Where prices stand that begin at `start`; volumes at those of the last day of history for paths
    /// from `today`, else at those before the day that the first one is drawn from.
    pub fn quotes(&self, start: f64, today: bool) -> Quotes {
        let volumes = match self {
            Self::Ranges(own) if today => own.extras.volumes(own.filter.places()),
            _ => None,
        };
        Quotes { closes: vec![start; self.assets()], volumes }
    }

    /// Appends the values of these columns on days in a row, day by day; moves `quotes` from before
    /// the days to the last.
    pub fn prices(&self, stretch: &Stretch, quotes: &mut Quotes, prices: &mut Vec<f64>) {
        let Quotes { closes, volumes } = quotes;
        match self {
            Self::Ranges(own) => {
                for (day, place) in stretch.days[0].iter().zip(&stretch.from) {
                    let (bar, place) = (Bar::after(closes[0], *day), *place as usize);
                    closes[0] = bar.close;
                    if volumes.is_none() {
                        *volumes = own.extras.volumes(place);
                    }
                    own.extras.tell([bar.high, bar.low, bar.close], place, volumes, prices);
                }
            }
            Self::Closes(_) => {
                for day in 0..stretch.len() {
                    for (close, own) in closes.iter_mut().zip(&stretch.days) {
                        *close *= own[day][0].exp();
                        prices.push(*close);
                    }
                }
            }
        }
    }

    /// How many assets there are.
    pub fn assets(&self) -> usize {
        match self {
            Self::Ranges(_) => 1,
            Self::Closes(own) => own.names.len(),
        }
    }

    /// Writes `fitted.json` into the folder of a run.
    pub fn save(&self, dir: &Path) -> Result<()> {
        write_atomically(&dir.join(FITTED), &serde_json::to_vec(self)?)
    }

    /// Reads it back.
    ///
    /// # Errors
    /// No such file, or one that is damaged.
    pub fn load(dir: &Path) -> Result<Self> {
        let path = dir.join(FITTED);
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is damaged", path.display()))
    }

    /// Somewhere in the middle of a path.
    pub fn start(&self, stream: &mut Stream) -> FilterState {
        match self {
            Self::Ranges(own) => FilterState::Ranges(Box::new(own.filter.start(stream))),
            Self::Closes(own) => FilterState::Closes(own.filter.start(stream)),
        }
    }

    /// The same with so many days of history before it, of an asset with ranges.
    pub fn start_after(&self, days: usize, stream: &mut Stream) -> FilterState {
        match self {
            Self::Ranges(own) => self.at(own.filter.place_after(days, stream)),
            Self::Closes(_) => self.start(stream),
        }
    }

    /// How many days of history a path can begin before.
    pub fn places(&self) -> usize {
        match self {
            Self::Ranges(own) => own.filter.places(),
            Self::Closes(own) => own.filter.places(),
        }
    }

    /// As history stood before the day of this number, below [`places`](Self::places).
    pub fn at(&self, place: usize) -> FilterState {
        match self {
            Self::Ranges(own) => FilterState::Ranges(Box::new(own.filter.at(place))),
            Self::Closes(own) => FilterState::Closes(own.filter.at(place)),
        }
    }

    /// After the last day of history.
    pub fn latest(&self) -> FilterState {
        match self {
            Self::Ranges(own) => FilterState::Ranges(Box::new(own.filter.latest())),
            Self::Closes(own) => FilterState::Closes(own.filter.latest()),
        }
    }

    /// The first asset's returns from the day before which a path can begin first to the last.
    pub fn returns(&self) -> Vec<f64> {
        match self {
            Self::Ranges(own) => own.filter.days_from(0).iter().map(|day| day[0]).collect(),
            Self::Closes(own) => own.filter.returns_from(0, 0).to_vec(),
        }
    }

    /// Appends the next days of a path. Closes have the least range, and
    /// end in its middle.
    pub fn next(
        &self,
        state: &mut FilterState,
        stream: &mut Stream,
        days: usize,
        path: &mut Stretch,
    ) {
        match (self, state) {
            (Self::Ranges(own), FilterState::Ranges(state)) => {
                for _ in 0..days {
                    let (day, place) = own.filter.draw(state, stream);
                    path.days[0].push(day);
                    path.from.push(place as u32);
                }
            }
            (Self::Closes(own), FilterState::Closes(state)) => {
                let mut returns = vec![0.0; own.filter.assets()];
                for _ in 0..days {
                    own.filter.next(state, stream, &mut returns);
                    let day = |value: &f64| [*value, LEAST_RANGE, 0.5];
                    path.days
                        .iter_mut()
                        .zip(&returns)
                        .for_each(|(own, value)| own.push(day(value)));
                }
            }
            _ => unreachable!("a state is of the filter that made it"),
        }
    }
}
