//! `sample`: new beats, drawn from the prior or along one axis of the latent.

use anyhow::{Result, bail};
use candle::{Device, Tensor};
use clap::Args;
use generativa::cli::{Exit, Shared, Trained, for_each};
use generativa_random::Stream;

use crate::config::Config;
use crate::model::open;

/// Flags of `sample`.
#[derive(Args, Debug)]
pub struct Options {
    /// How many to make; number I of a seed is the same however many
    #[arg(long, short = 'n', default_value_t = 1)]
    count: u64,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Walk along this axis of the latent, from -3 to 3, all others at 0, instead of drawing: its
    /// number from 0 or, of a run on simulated patients, qrs-width, st-level, t-amplitude or rate
    #[arg(long, value_name = "AXIS")]
    axis: Option<String>,
    /// Let each value stray from its mean as the model says that values do
    #[arg(long)]
    raw: bool,
}

/// Draws beats: a line each, number and values, in the unit of the beats that were learned.
///
/// # Errors
/// An axis that the model does not have.
pub fn sample(trained: &Trained<Config>, options: &Options, shared: &Shared) -> Result<()> {
    let (scorer, domain) = open(trained)?;
    let latent = trained.config.model.latent;
    let axis = options.axis.as_deref().map(|axis| chosen(axis, &trained.config)).transpose()?;
    if !shared.json {
        let names: Vec<String> = (0..domain.width).map(|place| format!("v{place}")).collect();
        shared.print(&format!("id,seed,{}", names.join(",")))?;
    }
    for_each(0..options.count, |index| {
        let mut stream = Stream::item(options.seed, "ecg/sample", index);
        let mut place = stream.normals(latent);
        if let Some(axis) = axis {
            place.fill(0.0);
            // One beat alone stands in the middle.
            let along = (index as f32 + 0.5) / options.count as f32;
            place[axis] = 6.0 * along - 3.0;
        }
        let place = Tensor::from_vec(place, (1, latent), &Device::Cpu)?;
        let beat = scorer.vae().decode(&place)?;
        let mut values = beat.mean.flatten_all()?.to_vec1::<f32>()?;
        if options.raw {
            let log_var = beat.log_var.flatten_all()?.to_vec1::<f32>()?;
            let noise = stream.normals(values.len());
            for ((value, log_var), noise) in values.iter_mut().zip(log_var).zip(noise) {
                *value += (log_var / 2.0).exp() * noise;
            }
        }
        if shared.json {
            let line = serde_json::json!({ "id": index, "seed": options.seed, "values": values });
            return shared.print(&line.to_string());
        }
        let values: Vec<String> = values.iter().map(|value| format!("{value:.5}")).collect();
        shared.print(&format!("{index},{},{}", options.seed, values.join(",")))
    })
}

/// The axis of this name or number.
fn chosen(axis: &str, config: &Config) -> Result<usize> {
    let (names, latent) = (config.axes(), config.model.latent);
    let named = names.iter().position(|name| *name == axis);
    let numbered = || axis.parse::<usize>().ok().filter(|&axis| axis < latent);
    match named.or_else(numbered) {
        Some(axis) => Ok(axis),
        None if names.is_empty() => bail!(Exit::Usage(format!(
            "--axis {axis}: the latent has the axes 0 to {}",
            latent - 1
        ))),
        None => bail!(Exit::Usage(format!(
            "--axis {axis}: the latent has the axes 0 to {}, the first of them {}",
            latent - 1,
            names.join(", ")
        ))),
    }
}
