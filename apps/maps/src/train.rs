//! The training of one seed.

use anyhow::Result;
use candle::{Device, Tensor};
use generativa::baselines::column_ngrams::ColumnNgrams;
use generativa::cli::Job;
use generativa::data::{Grid, TileWindows};
use generativa::layers::{Parameters, seeded_builder};
use generativa::models::vae::{TileBatch, TileMapVae};
use generativa::train::fit::{Loss, Outcome, fit};
use generativa_random::Stream;
use rayon::prelude::*;

use crate::config::{Config, Recombination};
use crate::data::Corpus;
use crate::game::Game;

/// Trains a model of the maps that the job's config names.
pub fn train(job: &Job<Config>) -> Result<Outcome> {
    let (config, seed) = (job.config, job.header.seed);
    let corpus = Corpus::load(&config.data)?;
    let domain = corpus.domain(config)?;
    domain.save(job.run.dir())?;
    let source = &corpus.source;
    let name = [source.name.as_str(), source.subset.as_deref().unwrap_or_default()].join(" ");
    let (name, sha256) = (name.trim(), source.sha256.as_deref().unwrap_or("simulated"));
    job.shared.remark(&format!(
        "learning from {name} (sha256 {sha256}): {} maps, {} held out",
        corpus.train.len(),
        corpus.held_out.len()
    ));

    let human = domain.windows(&corpus.train)?;
    let spliced = match corpus.game {
        Game::Platform => recombine(&corpus.train, &config.recombination, seed),
        // The simulator makes as many as we like.
        Game::Dungeon => Vec::new(),
    };
    let spliced = (!spliced.is_empty()).then(|| domain.windows(&spliced)).transpose()?;

    let parameters = Parameters::default();
    let vae = TileMapVae::new(
        &config.model,
        domain.shape,
        seeded_builder(&parameters, seed, &Device::Cpu),
    )?;
    let batch = config.training.batch;
    let loss = |draw: u64| {
        let mut stream = Stream::item(seed, "maps/batch", draw);
        let share = if spliced.is_some() { config.recombination.share } else { 0.0 };
        let from_human = batch - (batch as f64 * share).round() as usize;
        let mut tiles = draw_batch(&human, from_human, &mut stream)?;
        if let Some(spliced) = &spliced {
            tiles = tiles.and(&draw_batch(spliced, batch - from_human, &mut stream)?)?;
        }
        let latent = config.model.latent;
        let noise =
            Tensor::from_vec(stream.normals(batch * latent), (batch, latent), &Device::Cpu)?;
        let objective = &config.objective;
        let loss = vae.loss(&tiles, &noise, objective.beta, objective.allowance)?;
        let terms = vec![("reconstruction", loss.reconstruction), ("kl", loss.kl)];
        Ok(Loss { total: loss.total, terms })
    };
    fit(&job.session(name, sha256), &config.training, &parameters, loss, job.observer())
}

fn draw_batch(windows: &TileWindows, count: usize, stream: &mut Stream) -> Result<TileBatch> {
    let indices: Vec<usize> = (0..count).map(|_| stream.below(windows.len())).collect();
    windows.batch(&indices, |_| told(windows.label_count(), stream))
}

/// Which labels a window is told: none, one, or any of them, a third of the time each, so that the
/// model can do without, and obeys one wish as well as several.
fn told(labels: usize, stream: &mut Stream) -> Vec<bool> {
    match stream.below(3) {
        0 => vec![false; labels],
        1 => {
            let only = stream.below(labels);
            (0..labels).map(|label| label == only).collect()
        }
        _ => (0..labels).map(|_| stream.chance(0.5)).collect(),
    }
}

/// Levels spliced at equal columns (a column model of order 1), those that can be crossed.
fn recombine(levels: &[Grid], settings: &Recombination, seed: u64) -> Vec<Grid> {
    let columns = ColumnNgrams::fit(levels, 1);
    let splice = |index: usize| {
        let mut stream = Stream::item(seed, "maps/recombination", index as u64);
        // Two of three draws can be crossed; a corpus in which none can must not hang.
        (0..100)
            .filter_map(|_| columns.draw(settings.width, &mut stream))
            .find(|level| Game::Platform.verdict(level).playable)
    };
    (0..settings.levels).into_par_iter().filter_map(splice).collect()
}
