//! Whether the latent is used: how much it carries, and how much the decoder makes of it.

use anyhow::Result;
use candle::{Device, Tensor};
use generativa::data::{JudgedMap, Shown, TileWindows};
use generativa::run::evaluation::{Better, Row};
use generativa_random::Stream;

use super::row;
use super::scores::{mean, over_seeds};
use crate::data::Corpus;
use crate::generate::Generator;
use crate::splice::Taste;

/// Columns that a figure is given for.
const COLUMNS: f64 = 8.0;
const BATCH: usize = 64;

/// Rows over all windows of the held-out maps, told what drawing tells where nobody asks for
/// anything, and whether such maps are wanted, as it is.
pub(super) fn rows(generators: &[Generator], corpus: &Corpus) -> Result<Vec<Row>> {
    let (taste, held_out) = (Taste::of(corpus), &corpus.held_out);
    let (mut nats, mut gains, mut surprises) = (Vec::new(), Vec::new(), Vec::new());
    let mut count = 0;
    for generator in generators {
        let judged = |map| JudgedMap { wanted: taste.columns(map), ..JudgedMap::wanted(map) };
        let maps: Vec<_> = held_out.iter().map(judged).collect();
        let windows = generator.domain.windows(&maps)?;
        let use_ = latent_use(generator, &windows)?;
        let scale = COLUMNS / generator.domain.shape.window as f64;
        nats.push(use_.kl * scale);
        gains.push((use_.surprise_prior - use_.surprise_posterior) * scale);
        surprises.push((use_.surprise_posterior + use_.kl) * scale);
        count = windows.len();
    }
    let unit = "nats per 8 columns";
    let latent = row("latent-nats", unit, Better::Higher, mean(&nats), count);
    let gain = row("latent-gain-nats", unit, Better::Higher, mean(&gains), count);
    let bound = row("bound-nats", unit, Better::Lower, mean(&surprises), count);
    Ok(vec![
        over_seeds(Row { target: Some(8.0), ..latent }, &nats),
        over_seeds(gain, &gains),
        over_seeds(bound, &surprises),
    ])
}

/// Means over windows, in nats.
struct LatentUse {
    /// KL(posterior ‖ prior).
    kl: f64,
    /// `-log p(window | latent)` with the latent from the posterior.
    surprise_posterior: f64,
    /// The same with the latent from the prior: what the head does alone.
    surprise_prior: f64,
}

fn latent_use(generator: &Generator, windows: &TileWindows) -> Result<LatentUse> {
    let vae = generator.vae();
    let labels: Vec<bool> = generator.usual_wishes().iter().map(Option::is_some).collect();
    let mut sums = [0.0; 3];
    let indices: Vec<usize> = (0..windows.len()).collect();
    let mut stream = Stream::named(0, "maps/latent");
    for indices in indices.chunks(BATCH) {
        let shown = |_| Shown { labels: labels.clone(), wanted: true };
        let batch = windows.batch(indices, shown)?;
        let shape = (indices.len(), vae.latent);
        let noise = stream.normals(shape.0 * shape.1);
        let noise = Tensor::from_vec(noise, shape, &Device::Cpu)?;
        let posterior = vae.posterior(&batch)?;
        let prior = generator.prior(&batch)?;
        let terms = [
            posterior.kl(&prior)?.sum(1)?,
            vae.surprise(&batch, &posterior.sample(&noise)?)?,
            vae.surprise(&batch, &prior.sample(&noise)?)?,
        ];
        for (sum, term) in sums.iter_mut().zip(terms) {
            *sum += f64::from(term.sum_all()?.to_scalar::<f32>()?);
        }
    }
    let [kl, surprise_posterior, surprise_prior] = sums.map(|sum| sum / windows.len() as f64);
    Ok(LatentUse { kl, surprise_posterior, surprise_prior })
}
