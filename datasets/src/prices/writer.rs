//! Tables of prices as text.

use std::path::Path;

use super::columns::Field;
use super::{Asset, PriceTable};
use crate::{Result, write};

impl PriceTable {
    /// The table as [`read`](super::read) takes it, every number to its last bit: `Date` where
    /// there are days, then `Open,High,Low,Close,Adj Close,Volume` of one asset, a column of closes
    /// an asset where nothing else is known, else `NAME Open` and so on.
    pub fn to_csv(&self) -> String {
        let single = self.assets.len() == 1;
        let columns: Vec<(String, &[f64])> = self
            .assets
            .iter()
            .flat_map(|asset| columns(asset, single, self.only_closes()))
            .collect();
        let mut text = String::new();
        let names = columns.iter().map(|(name, _)| quoted(name));
        let date = self.dates.as_ref().map(|_| "Date".to_owned());
        text += &date.into_iter().chain(names).collect::<Vec<_>>().join(",");
        text.push('\n');
        for row in 0..self.rows() {
            let date = self.dates.as_ref().map(|dates| dates[row].to_string());
            let values = columns.iter().map(|(_, values)| values[row].to_string());
            text += &date.into_iter().chain(values).collect::<Vec<_>>().join(",");
            text.push('\n');
        }
        text
    }

    /// Writes [`to_csv`](Self::to_csv) into a file, which is whole or as it was before.
    pub fn write_csv(&self, path: &Path) -> Result<()> {
        write::whole(path, self.to_csv().as_bytes())
    }

    fn only_closes(&self) -> bool {
        let others = Field::ALL.into_iter().filter(|field| *field != Field::Close);
        let lacks = |field: Field| self.assets.iter().all(|asset| field.values(asset).is_none());
        others.into_iter().all(lacks)
    }
}

fn columns(asset: &Asset, single: bool, only_closes: bool) -> Vec<(String, &[f64])> {
    let named = |field: Field| {
        let name = match (single, only_closes) {
            (true, _) => field.name().to_owned(),
            (false, true) => asset.name.clone(),
            (false, false) => format!("{} {}", asset.name, field.name()),
        };
        Some((name, field.values(asset)?))
    };
    Field::ALL.into_iter().filter_map(named).collect()
}

/// A cell of CSV.
fn quoted(cell: &str) -> String {
    let plain = !cell.contains(['"', ',', ';', '\t', '\n', '\r']);
    if plain { cell.to_owned() } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
}
