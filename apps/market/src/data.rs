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

/// A history of one asset.
pub struct Corpus {
    /// Name of the asset.
    pub asset: String,
    /// From the second row on of what has real ranges.
    pub days: Vec<Day>,
    /// Close before the first of them.
    pub start: f64,
    /// The first and the last of them, where the table has dates.
    pub span: Option<[String; 2]>,
    /// Where they come from.
    pub source: DataRef,
    /// What a user should know of them.
    pub remarks: Vec<String>,
}

impl Corpus {
    /// Loads what `choice` names.
    ///
    /// # Errors
    /// No such set, part or asset; a table that [`read`] refuses; closes without high and low.
    pub fn load(choice: &DataChoice) -> Result<Self> {
        if choice.name == EMBEDDED {
            let market = Market::single(1, EMBEDDED_DAYS);
            let table = simulate(&Model::Garch(Garch::leveraged()), &market)?.table;
            let source = DataRef { name: EMBEDDED.into(), ..DataRef::default() };
            return Self::of(&table, choice, source);
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

    fn of(table: &PriceTable, choice: &DataChoice, source: DataRef) -> Result<Self> {
        let asset = chosen(table, &choice.asset)?;
        let (Some(high), Some(low), Some(ranged)) = (&asset.high, &asset.low, asset.ranges_from())
        else {
            bail!(Exit::Usage(format!(
                "{}: {} has closes alone, expected open, high and low beside them",
                source.name, asset.name
            )));
        };
        let from = ranged.max(first_row(table, &choice.from)?);
        if from + 1 >= asset.close.len() {
            let rows = asset.close.len();
            bail!(Exit::Usage(format!(
                "data.from {}: none of the {rows} days is left",
                choice.from
            )));
        }
        let days = days_of_prices(&asset.close[from..], &high[from..], &low[from..])
            .with_context(|| format!("{}, {}", source.name, asset.name))?;
        let dates = table.dates.as_ref();
        let since = dates.map_or(format!("row {}", from + 1), |dates| dates[from].to_string());
        let remarks = match (from, ranged == from) {
            (0, _) => Vec::new(),
            (_, true) => vec![format!(
                "{}: high and low are those of the day from {since} on; {from} rows before it are \
                 left out",
                asset.name
            )],
            (_, false) => vec![format!("{}: from {since} on", asset.name)],
        };
        let span = dates
            .and_then(|dates| Some([dates.get(from + 1)?.to_string(), dates.last()?.to_string()]));
        let (asset, start) = (asset.name.clone(), asset.close[from]);
        Ok(Self { asset, days, start, span, source, remarks })
    }
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

/// The asset of this name; the only one where none is named.
fn chosen<'a>(table: &'a PriceTable, name: &str) -> Result<&'a Asset> {
    let names = || table.assets.iter().map(|asset| asset.name.as_str()).collect::<Vec<_>>();
    match (&table.assets[..], name) {
        ([only], "") => Ok(only),
        (_, "") => bail!(Exit::Usage(format!(
            "data.asset: expected one of {}, found none",
            names().join(", ")
        ))),
        _ => table.asset(name).with_context(|| {
            Exit::Usage(format!("data.asset: no asset `{name}`; there are {}", names().join(", ")))
        }),
    }
}
