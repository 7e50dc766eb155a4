//! Windows of all that a table tells of its days, each column between its least and its greatest value
//! in history: what TimeGAN learns from and makes.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use candle::{Device, Tensor};
use generativa::cli::Exit;
use generativa::run::file::write_atomically;
use serde::{Deserialize, Serialize};

use crate::data::Column;

/// The columns of windows and their scales: it is `levels.json` of a run.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Levels {
    /// Names of the columns.
    columns: Vec<String>,
    /// Least and greatest value of each.
    ends: Vec<[f64; 2]>,
    /// Days of a window.
    window: usize,
}

/// The file of the scales.
const FILE: &str = "levels.json";

impl Levels {
    /// Of windows of so many days.
    ///
    /// # Errors
    /// [`Exit::Usage`] for fewer days than a window, and for a column that never changes.
    pub fn of(columns: &[Column], window: usize) -> Result<Self> {
        let days = columns.first().map_or(0, |column| column.values.len());
        if days < window {
            bail!(Exit::Usage(format!("window: expected at most the {days} days, found {window}")));
        }
        let ends = |column: &Column| -> Result<[f64; 2]> {
            let least = column.values.iter().copied().fold(f64::INFINITY, f64::min);
            let greatest = column.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            if least == greatest {
                let name = &column.name;
                bail!(Exit::Usage(format!(
                    "{name}: expected values that change, found {least} on all days"
                )));
            }
            Ok([least, greatest])
        };
        Ok(Self {
            columns: columns.iter().map(|column| column.name.clone()).collect(),
            ends: columns.iter().map(ends).collect::<Result<_>>()?,
            window,
        })
    }

    /// Names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Days of a window.
    pub fn window(&self) -> usize {
        self.window
    }

    /// Every window of `columns`, scaled to 0..1, day by day in one row.
    pub fn windows(&self, columns: &[Column]) -> Vec<Vec<f32>> {
        let days = columns.first().map_or(0, |column| column.values.len());
        let row = |day: usize| {
            let values = columns.iter().map(move |column| column.values[day]);
            values.enumerate().map(|(place, value)| self.scaled(place, value))
        };
        let rows: Vec<f32> = (0..days).flat_map(row).collect();
        let width = self.ends.len();
        rows.windows(self.window * width).step_by(width).map(<[f32]>::to_vec).collect()
    }

    /// The values that a scaled one stands for, by its place in a row of windows.
    pub fn value(&self, place: usize, scaled: f32) -> f64 {
        let [low, high] = self.ends[place % self.ends.len()];
        low + f64::from(scaled) * (high - low)
    }

    /// The scaled value for one of the table.
    pub fn scaled(&self, place: usize, value: f64) -> f32 {
        let [low, high] = self.ends[place % self.ends.len()];
        ((value - low) / (high - low)) as f32
    }

    /// Rows of windows, `[windows, days, columns]`.
    ///
    /// # Errors
    /// Rows that are none of such windows.
    pub fn tensor(&self, rows: &[Vec<f32>]) -> Result<Tensor> {
        let shape = (rows.len(), self.window, self.ends.len());
        Ok(Tensor::from_vec(rows.concat(), shape, &Device::Cpu)?)
    }

    /// Writes `levels.json` into the folder of a run.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn save(&self, dir: &Path) -> Result<()> {
        write_atomically(&dir.join(FILE), &serde_json::to_vec(self)?)
    }

    /// Reads it back.
    ///
    /// # Errors
    /// No such file, or one that is damaged.
    pub fn load(dir: &Path) -> Result<Self> {
        let path = dir.join(FILE);
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is damaged", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, values: &[f64]) -> Column {
        Column { name: name.into(), values: values.to_vec() }
    }

    #[test]
    fn windows_fill_their_scale_day_by_day_and_stand_for_their_values() -> Result<()> {
        let columns = [column("close", &[2.0, 3.0, 6.0]), column("volume", &[0.0, 50.0, 100.0])];
        let levels = Levels::of(&columns, 2)?;
        let windows = levels.windows(&columns);
        assert_eq!(windows, [[0.0, 0.0, 0.25, 0.5], [0.25, 0.5, 1.0, 1.0]]);
        let values: Vec<f64> =
            windows[1].iter().enumerate().map(|(at, x)| levels.value(at, *x)).collect();
        assert_eq!(values, [3.0, 50.0, 6.0, 100.0]);
        assert_eq!(levels.tensor(&windows)?.dims(), [2, 2, 2]);
        Ok(())
    }

    #[test]
    fn what_has_no_window_or_never_changes_is_refused() {
        let told = |columns: &[Column]| {
            Levels::of(columns, 3).err().map(|error| error.to_string()).unwrap_or_default()
        };
        let short = told(&[column("close", &[1.0, 2.0])]);
        assert_eq!(short, "window: expected at most the 2 days, found 3");
        let still = told(&[column("volume", &[7.0; 4])]);
        assert_eq!(still, "volume: expected values that change, found 7 on all days");
    }
}
