//! Tables of prices as plain values: one asset with open, high, low, close and volume, or many
//! assets with a close each, with or without dates.
//!
//! [`load`] reads the published sets, [`read`] any comma-, semicolon- or tab-separated file, packed
//! by gzip or not, and Parquet with the feature `parquet`. What cannot be a price is refused with its line; nothing is sorted, filled or
//! corrected. Gaps in the calendar are usual: a row is a day of trading, not a day.

mod cells;
mod checks;
mod columns;
mod dates;
#[cfg(feature = "parquet")]
mod parquet;
mod problem;
mod reader;
mod sets;
mod since;
mod writer;

pub use jiff::civil::Date;
pub use problem::Problem;
pub(crate) use problem::told;
pub use reader::{Reading, read};
pub use sets::{Part, load, parts};

/// Prices of assets on the same days, the oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct PriceTable {
    /// The day of each row, rising; `None` where the file has none.
    pub dates: Option<Vec<Date>>,
    /// The assets, each with a value a row.
    pub assets: Vec<Asset>,
}

/// The prices of one asset, all above 0, in the unit of the file. Every column has a value a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asset {
    /// Its name: that of its column, or of the file.
    pub name: String,
    /// First price of the day.
    pub open: Option<Vec<f64>>,
    /// Highest price of the day.
    pub high: Option<Vec<f64>>,
    /// Lowest price of the day, at most the high.
    pub low: Option<Vec<f64>>,
    /// Last price of the day.
    pub close: Vec<f64>,
    /// The close corrected for what was paid out, where the file has that beside the close.
    pub adjusted: Option<Vec<f64>>,
    /// What was traded, 0 or more; `None` also where all of it is 0, as in tables of rates.
    pub volume: Option<Vec<f64>>,
}

impl PriceTable {
    /// How many days there are.
    pub fn rows(&self) -> usize {
        self.assets.first().map_or(0, |asset| asset.close.len())
    }

    /// The asset of this name, whatever the case of its letters.
    pub fn asset(&self, name: &str) -> Option<&Asset> {
        self.assets.iter().find(|asset| asset.name.eq_ignore_ascii_case(name))
    }
}

impl Asset {
    /// An asset of which nothing but closes is known.
    pub fn closes(name: &str, close: Vec<f64>) -> Self {
        Self { name: name.to_owned(), close, ..Self::default() }
    }

    /// All columns that are there, by the names of their fields.
    pub fn columns(&self) -> Vec<(&'static str, &[f64])> {
        let Self { open, high, low, close, adjusted, volume, .. } = self;
        let columns = [
            ("open", open.as_deref()),
            ("high", high.as_deref()),
            ("low", low.as_deref()),
            ("close", Some(close.as_slice())),
            ("adjusted", adjusted.as_deref()),
            ("volume", volume.as_deref()),
        ];
        columns.into_iter().filter_map(|(name, values)| Some((name, values?))).collect()
    }

    /// Whether open, high and low are there.
    pub fn has_ranges(&self) -> bool {
        self.open.is_some() && self.high.is_some() && self.low.is_some()
    }
}

#[cfg(test)]
mod tests;
