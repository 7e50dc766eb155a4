//! From which day on a table tells more than closes.

use jiff::civil::Date;

use super::{Asset, PriceTable};

/// So many days in a row without a range are no chance: their high and low were not recorded.
const STILL: usize = 5;

impl PriceTable {
    /// The rows from `row` on.
    pub fn from_row(&self, row: usize) -> Self {
        let cut = |values: &Vec<f64>| values.get(row..).unwrap_or_default().to_vec();
        let part = |asset: &Asset| Asset {
            name: asset.name.clone(),
            open: asset.open.as_ref().map(cut),
            high: asset.high.as_ref().map(cut),
            low: asset.low.as_ref().map(cut),
            close: cut(&asset.close),
            adjusted: asset.adjusted.as_ref().map(cut),
            volume: asset.volume.as_ref().map(cut),
        };
        let days = |days: &Vec<Date>| days.get(row..).unwrap_or_default().to_vec();
        Self {
            dates: self.dates.as_ref().map(days),
            assets: self.assets.iter().map(part).collect(),
        }
    }

    /// The first row of this day or later, which is the number of rows where there is none; `None`
    /// without dates.
    pub fn row_since(&self, day: Date) -> Option<usize> {
        self.dates.as_ref().map(|days| days.partition_point(|other| *other < day))
    }
}

impl Asset {
    /// The first row from which high and low are what was traded, and not copies of the close:
    /// the one behind the last 5 rows in a row whose high equals their low. A single such row is
    /// taken for a quiet day. `None` without high or low, and where no row is left.
    pub fn ranges_from(&self) -> Option<usize> {
        let (high, low) = (self.high.as_ref()?, self.low.as_ref()?);
        behind_last_run(high.iter().zip(low).map(|(high, low)| high == low))
    }

    /// Share of the rows from `row` on, from 0 to 1, whose open is the close of the row before: near
    /// 1 where the opens of an index were written down before its shares were traded, and say nothing
    /// of the night. `None` without open, and where no two rows are left.
    pub fn stale_opens(&self, row: usize) -> Option<f64> {
        let open = self.open.as_ref()?.get(row.checked_add(1)?..)?;
        let stale = open.iter().zip(&self.close[row..]).filter(|(open, close)| open == close);
        (!open.is_empty()).then(|| stale.count() as f64 / open.len() as f64)
    }
}

/// The place behind the last [`STILL`] or more marks in a row, 0 without them; `None` where that is
/// the end.
fn behind_last_run(marks: impl Iterator<Item = bool>) -> Option<usize> {
    let (mut run, mut behind, mut count) = (0, 0, 0);
    for mark in marks {
        run = if mark { run + 1 } else { 0 };
        count += 1;
        if run >= STILL {
            behind = count;
        }
    }
    (behind < count).then_some(behind)
}
