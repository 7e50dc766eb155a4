//! What a run makes, whatever its method: rows of values, day by day.

use anyhow::Result;
use generativa::cli::Trained;

use crate::config::{Config, Method};
use crate::paths::Paths;
use crate::timegan::LevelWindows;

/// What a run makes.
pub enum Model {
    /// Paths of any length.
    Paths(Paths),
    /// Windows of one length.
    Windows(LevelWindows),
}

impl Model {
    /// Of one seed of a run.
    ///
    /// # Errors
    /// What was fitted, or weights, that cannot be read.
    pub fn open(trained: &Trained<Config>) -> Result<Self> {
        Ok(match trained.config.method {
            Method::Filter => Self::Paths(Paths::open(trained)?),
            Method::TimeGan => Self::Windows(LevelWindows::open(trained)?),
        })
    }

    /// What a day is told in.
    pub fn columns(&self) -> Vec<String> {
        match self {
            Self::Paths(paths) => paths.fitted().columns(),
            Self::Windows(windows) => windows.levels().columns().to_vec(),
        }
    }

    /// The unit of a column.
    pub fn unit(&self, column: &str) -> &'static str {
        match self {
            Self::Paths(_) if column != "volume" => "price, in the unit of --start",
            _ => "as in the table that was learned from",
        }
    }
}
