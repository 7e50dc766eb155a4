//! From a table of prices to trading days.

use anyhow::{Context, Result, bail};
use generativa::cli::Exit;
use generativa::data::trading_day::{Day, days_of_prices};
use generativa::run::evaluation::DataRef;
use generativa_datasets::prices::{Asset, Date, Part, PriceTable, read};
use generativa_datasets::simulators::market::{Garch, Market, Model, simulate};
use generativa_datasets::{catalogue, verify};

use crate::config::{DataChoice, EMBEDDED};

/// Days of the embedded market: sixteen years.
const EMBEDDED_DAYS: usize = 4000;

/// Histories of assets on the same days.
pub struct Corpus {
    /// One or more.
    pub assets: Vec<History>,
    /// Whether days have high and low; without them they have the least range and a close in its
    /// middle. Of several assets only closes are learned from.
    pub ranged: bool,
    /// What the table tells of each day, from that before the first of [`History::days`] on: all of one
    /// asset, or the close of each.
    pub columns: Vec<Column>,
    /// The first and the last day, where the table has dates.
    pub span: Option<[String; 2]>,
    /// Where they come from.
    pub source: DataRef,
    /// What a user should know of them.
    pub remarks: Vec<String>,
}

/// A column of the table.
#[derive(Clone, Debug)]
pub struct Column {
    /// What it tells: `open`, `high`, `low`, `close`, `adjusted` or `volume`; of several assets, which.
    pub name: String,
    /// A value a day, above 0; a volume may be 0.
    pub values: Vec<f64>,
}

/// A history of one asset.
pub struct History {
    /// Name of the asset.
    pub name: String,
    /// From the second row on of what is learned from.
    pub days: Vec<Day>,
    /// Close before the first of them.
    pub start: f64,
}

impl Corpus {
    /// Loads what `choice` names.
    ///
    /// # Errors
    /// No such set, part or asset; a table that [`read`] refuses; no two days left.
    pub fn load(choice: &DataChoice) -> Result<Self> {
        if choice.name == EMBEDDED {
            return Self::embedded(choice, 1);
        }
        let location = catalogue::locate(&choice.name)?;
        let part = Part::find(&location, &choice.subset)?;
        let table = read(&part.path, &part.reading)?;
        let source = DataRef {
            name: location.name.clone(),
            subset: (!choice.subset.is_empty()).then(|| choice.subset.clone()),
            sha256: Some(verify::fingerprint(&location.root, std::slice::from_ref(&part.path))?),
            real: true,
        };
        Self::of(&table, choice, source)
    }

    /// A history of the embedded market; it is number 1 that goes by the name.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn embedded(choice: &DataChoice, history: u64) -> Result<Self> {
        let market = Market::single(history, EMBEDDED_DAYS);
        let table = simulate(&Model::Garch(embedded_law()), &market)?.table;
        Self::of(&table, choice, DataRef { name: EMBEDDED.into(), ..DataRef::default() })
    }

    /// How many days each asset has.
    pub fn count(&self) -> usize {
        self.assets.first().map_or(0, |asset| asset.days.len())
    }

    /// The asset, or how many there are.
    pub fn title(&self) -> String {
        match &self.assets[..] {
            [only] => only.name.clone(),
            all => format!("{} assets", all.len()),
        }
    }

    /// Log-returns of each asset.
    pub fn returns(&self) -> Vec<Vec<f64>> {
        self.assets.iter().map(|asset| asset.days.iter().map(|day| day[0]).collect()).collect()
    }

    fn of(table: &PriceTable, choice: &DataChoice, mut source: DataRef) -> Result<Self> {
        let assets = chosen(table, &choice.asset)?;
        let ranges = match &assets[..] {
            [only] if !choice.closes => only.ranges_from().zip(only.high.as_ref()),
            _ => None,
        };
        let ranged = ranges.is_some();
        let named = first_row(table, &choice.from)?;
        let from = ranges.map_or(0, |(row, _)| row).max(named);
        if from + 1 >= table.rows() {
            let rows = table.rows();
            bail!(Exit::Usage(format!(
                "data.from {}: none of the {rows} days is left",
                choice.from
            )));
        }
        let history = |asset: &&Asset| {
            let column = |values: &Option<Vec<f64>>| match (ranged, values) {
                (true, Some(values)) => values[from..].to_vec(),
                _ => asset.close[from..].to_vec(),
            };
            let days =
                days_of_prices(&asset.close[from..], &column(&asset.high), &column(&asset.low))
                    .with_context(|| format!("{}, {}", source.name, asset.name))?;
            Ok(History { name: asset.name.clone(), days, start: asset.close[from] })
        };
        let told = |name: &str, values: &[f64]| Column {
            name: name.to_owned(),
            values: values[from..].to_vec(),
        };
        let columns = match &assets[..] {
            [only] if choice.closes => vec![told("close", &only.close)],
            [only] => only.columns().into_iter().map(|(name, own)| told(name, own)).collect(),
            several => several.iter().map(|asset| told(&asset.name, &asset.close)).collect(),
        };
        let assets: Vec<History> = assets.iter().map(history).collect::<Result<_>>()?;

        // Figures of other columns are no figures of the same data.
        let taken = match (&assets[..], ranged) {
            ([_], true) => None,
            ([_], false) => Some("closes".to_owned()),
            (several, _) => Some(format!("{} assets", several.len())),
        };
        if let Some(taken) = taken {
            let part = source.subset.iter().cloned().chain([taken]);
            source.subset = Some(part.collect::<Vec<_>>().join(", "));
        }

        let dates = table.dates.as_ref();
        let since = dates.map_or(format!("row {}", from + 1), |dates| dates[from].to_string());
        let name = &assets[0].name;
        let mut remarks = Vec::new();
        if from > named {
            remarks.push(format!(
                "{name}: high and low are those of the day from {since} on; {from} rows before it \
                 are left out"
            ));
        } else if from > 0 {
            remarks.push(format!("{name}: from {since} on"));
        }
        if let ([_], false) = (&assets[..], ranged) {
            remarks.push(format!("{name}: closes alone are learned from"));
        }
        let span = dates
            .and_then(|dates| Some([dates.get(from + 1)?.to_string(), dates.last()?.to_string()]));
        Ok(Self { assets, ranged, columns, span, source, remarks })
    }
}

/// What moves the embedded market.
pub fn embedded_law() -> Garch {
    Garch::leveraged()
}

/// The first row of this day or later; 0 where no day is named.
fn first_row(table: &PriceTable, day: &str) -> Result<usize> {
    if day.is_empty() {
        return Ok(0);
    }
    let Ok(date) = day.parse::<Date>() else {
        bail!(Exit::Usage(format!("data.from: expected a day as YYYY-MM-DD, found `{day}`")));
    };
    table.row_since(date).with_context(|| {
        Exit::Usage(format!("data.from {day}: the table has no dates; leave it out"))
    })
}

/// The assets of these names; the only one where none is named.
fn chosen<'a>(table: &'a PriceTable, names: &str) -> Result<Vec<&'a Asset>> {
    let known = || table.assets.iter().map(|asset| asset.name.as_str()).collect::<Vec<_>>();
    if names.is_empty() {
        return match &table.assets[..] {
            [only] => Ok(vec![only]),
            _ => bail!(Exit::Usage(format!(
                "data.asset: expected `all` or some of {}, found none",
                known().join(", ")
            ))),
        };
    }
    if names == "all" {
        return Ok(table.assets.iter().collect());
    }
    let mut found: Vec<&Asset> = Vec::new();
    for name in names.split(',').map(str::trim) {
        let asset = table.asset(name).with_context(|| {
            Exit::Usage(format!("data.asset: no asset `{name}`; there are {}", known().join(", ")))
        })?;
        if found.iter().any(|other| other.name == asset.name) {
            bail!(Exit::Usage(format!("data.asset: `{name}` is named twice")));
        }
        found.push(asset);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use generativa::data::trading_day::LEAST_RANGE;

    use super::*;

    fn table() -> PriceTable {
        let rising = |from: f64| (0..9).map(|day| from + f64::from(day)).collect::<Vec<f64>>();
        let one = Asset {
            high: Some(rising(11.0)),
            low: Some(rising(9.0)),
            ..Asset::closes("One", rising(10.0))
        };
        PriceTable { dates: None, assets: vec![one, Asset::closes("Two", rising(20.0))] }
    }

    fn of(table: &PriceTable, asset: &str, closes: bool) -> Result<Corpus> {
        let asset = asset.to_owned();
        let (name, subset, from) = Default::default();
        let choice = DataChoice { name, subset, asset, from, closes };
        Corpus::of(table, &choice, DataRef::default())
    }

    #[test]
    fn one_asset_has_its_ranges_unless_closes_are_asked_for_and_several_have_none() -> Result<()> {
        let ranged = |asset: &str, closes: bool| -> Result<(bool, usize, f64)> {
            let corpus = of(&table(), asset, closes)?;
            Ok((corpus.ranged, corpus.assets.len(), corpus.assets[0].days[0][1]))
        };
        let (is, count, range) = ranged("one", false)?;
        assert!(is && count == 1 && (range - (12.0f64 / 10.0).ln()).abs() < 1e-12, "{range}");
        for (asset, closes, assets) in [("One", true, 1), ("Two", false, 1), ("all", false, 2)] {
            let (is, count, range) = ranged(asset, closes)?;
            assert!(!is && count == assets && range == LEAST_RANGE, "{asset}");
        }
        Ok(())
    }

    #[test]
    fn what_is_no_asset_is_refused_with_those_there_are() {
        let refused = |asset: &str| of(&table(), asset, false).err().map(|error| error.to_string());
        let told = |text: &str| Some(text.to_owned());
        assert_eq!(refused(""), told("data.asset: expected `all` or some of One, Two, found none"));
        assert_eq!(refused("Three"), told("data.asset: no asset `Three`; there are One, Two"));
        assert_eq!(refused("two, Two"), told("data.asset: `Two` is named twice"));
    }
}
