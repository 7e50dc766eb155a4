//! What a run is judged on: beats like those that it learned from, or recordings that were given.

use anyhow::{Result, bail, ensure};
use clap::{Args, ValueEnum};
use generativa::cli::{Exit, Trained};
use serde::Serialize;

use crate::config::{Config, DataChoice};
use crate::data::Corpus;
use crate::model::open;
use crate::records;

/// Flags of `evaluate`.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize)]
pub struct Options {
    /// Folder of annotated WFDB records to judge the run on, whatever it learned from
    #[arg(long, value_name = "FOLDER")]
    data: Option<String>,
    /// Which of these records are judged, give thresholds and are learned from by the rivals
    #[arg(long, value_enum, requires = "data")]
    protocol: Option<Protocol>,
}

/// A published way to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
enum Protocol {
    /// The two lists of records of the MIT-BIH database
    #[serde(rename = "ds1-ds2")]
    #[value(name = "ds1-ds2")]
    Ds1Ds2,
}

impl Options {
    /// Whether recordings were given.
    pub(super) fn others(&self) -> bool {
        self.data.is_some()
    }

    /// The beats to judge by, cut as the run has them.
    ///
    /// # Errors
    /// Recordings for a run on beats that came cut; beats that are all normal, or all odd.
    pub(super) fn corpus(&self, trained: &[Trained<Config>], config: &Config) -> Result<Corpus> {
        let corpus = match &self.data {
            None => Corpus::load(&config.data)?,
            Some(folder) => {
                for one in trained {
                    if !open(one)?.1.is_of_recordings() {
                        let run = one.run.dir().display();
                        let text = format!("{run} learned beats that came cut, not recordings");
                        bail!(Exit::Usage(text));
                    }
                }
                let lists = self.protocol.map_or("", |Protocol::Ds1Ds2| records::DS1_DS2);
                let (name, subset) = (folder.clone(), lists.to_owned());
                records::corpus(&DataChoice { name, subset, ..config.data.clone() })?
            }
        };
        let odd = corpus.judged.iter().filter(|one| !one.normal).count();
        let all = corpus.judged.len();
        ensure!(
            (1..all).contains(&odd),
            "{odd} of {all} beats of {} to be judged are odd; expected some of both kinds",
            corpus.source.name
        );
        Ok(corpus)
    }
}
