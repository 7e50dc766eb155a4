//! A trained run, ready to score.

use anyhow::Result;
use candle::Device;
use generativa::cli::Trained;
use generativa::models::vae::SeriesVae;

use crate::config::Config;
use crate::data::Domain;
use crate::score::Scorer;

/// The scorer of a run and what it knows of its beats.
pub fn open(trained: &Trained<Config>) -> Result<(Scorer, Domain)> {
    let domain = Domain::load(trained.run.dir())?;
    let config = &trained.config;
    let vae = SeriesVae::new(&config.model, domain.width, trained.weights(&Device::Cpu)?)?;
    Ok((Scorer::new(vae, &config.score, &domain.references)?, domain))
}
