//! What a table tells of a day beside high, low and close: a generated day has that of the day of
//! history that it is drawn from.

use anyhow::Result;
use generativa::baselines::{VolumeHar, VolumeState};
use serde::{Deserialize, Serialize};

use crate::data::Column;

/// What is known of each day that is drawn from.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Extras {
    /// Where the open lies between low (0) and high (1), so that it never leaves them.
    open: Option<Vec<f64>>,
    /// Whether there is an adjusted close, which is the close on all days: payouts are not generated.
    adjusted: bool,
    volume: Option<VolumeHar>,
}

impl Extras {
    /// Of the columns of a table, a value a row, the first of which is that before day number 0. Days
    /// from number `first` on are drawn from, as places from 0.
    ///
    /// # Errors
    /// Too few days for volumes.
    pub fn of(columns: &[Column], first: usize) -> Result<Self> {
        let column = |name: &str| {
            let found = columns.iter().find(|column| column.name == name);
            found.map(|column| &column.values[1..])
        };
        let position = |((open, high), low): ((&f64, &f64), &f64)| match high > low {
            true => ((open - low) / (high - low)).clamp(0.0, 1.0),
            false => 0.5,
        };
        let ranges = column("high").zip(column("low"));
        let open = column("open").zip(ranges).map(|(open, (high, low))| {
            open.iter().zip(high).zip(low).skip(first).map(position).collect()
        });
        let adjusted = column("adjusted").is_some_and(|own| Some(own) == column("close"));
        // A day without trade has no logarithm.
        let traded = |own: &&[f64]| own.iter().all(|volume| *volume > 0.0);
        let volume = column("volume").filter(traded).map(VolumeHar::fit).transpose()?;
        Ok(Self { open, adjusted, volume })
    }

    /// Names of all columns, in the order of a table.
    pub fn columns(&self) -> Vec<String> {
        let known = [
            ("open", self.open.is_some()),
            ("high", true),
            ("low", true),
            ("close", true),
            ("adjusted", self.adjusted),
            ("volume", self.volume.is_some()),
        ];
        known.into_iter().filter(|(_, there)| *there).map(|(name, _)| name.to_owned()).collect()
    }

    /// Volumes as they stood before the day of this number; nothing where none are known.
    pub fn volumes(&self, place: usize) -> Option<VolumeState> {
        self.volume.as_ref().map(|volume| volume.at(place))
    }

    /// Appends all columns of a day that is drawn from the one at `place`: prices in the unit of those
    /// given, the volume in that of the table. Moves `volumes` on by the day.
    pub fn tell(
        &self,
        [high, low, close]: [f64; 3],
        place: usize,
        volumes: &mut Option<VolumeState>,
        row: &mut Vec<f64>,
    ) {
        // Rounding must not take it out of the range.
        row.extend(
            self.open.iter().map(|open| (low + open[place] * (high - low)).max(low).min(high)),
        );
        row.extend([high, low, close]);
        if self.adjusted {
            row.push(close);
        }
        row.extend(
            self.volume.iter().zip(volumes).map(|(volume, state)| volume.next(state, place)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(volume: f64) -> Vec<Column> {
        let column = |name: &str, values: &dyn Fn(usize) -> f64| Column {
            name: name.into(),
            values: (0..60).map(values).collect(),
        };
        vec![
            column("open", &|day| 9.0 + (day % 5) as f64 / 2.0),
            column("high", &|_| 11.0),
            column("low", &|_| 9.0),
            column("close", &|day| 10.0 + (day % 2) as f64),
            column("adjusted", &|day| 10.0 + (day % 2) as f64),
            column("volume", &|day| volume * (1 + day % 3) as f64),
        ]
    }

    #[test]
    fn a_day_is_told_in_all_columns_by_the_day_it_is_drawn_from() -> Result<()> {
        let extras = Extras::of(&columns(100.0), 22)?;
        assert_eq!(extras.columns(), ["open", "high", "low", "close", "adjusted", "volume"]);
        let mut volumes = extras.volumes(0);
        let mut row = Vec::new();
        extras.tell([40.0, 20.0, 30.0], 0, &mut volumes, &mut row);
        // Its row is that of number 23: an open of 10.5 of 9 to 11, and three times 100 shares.
        assert_eq!(row[..5], [35.0, 40.0, 20.0, 30.0, 30.0]);
        assert!((row[5] / 300.0 - 1.0).abs() < 1e-6, "{}", row[5]);
        Ok(())
    }

    #[test]
    fn days_without_trade_and_closes_that_are_adjusted_are_left_out() -> Result<()> {
        let mut columns = columns(0.0);
        columns[4].values[50] *= 0.5;
        assert_eq!(Extras::of(&columns, 22)?.columns(), ["open", "high", "low", "close"]);
        assert_eq!(Extras::of(&columns[1..4], 22)?.columns(), ["high", "low", "close"]);
        Ok(())
    }
}
