//! The training of one seed.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use candle::Tensor;
use generativa::cli::Job;
use generativa::data::{Grid, JudgedMap, LabelScale, Shown, TileWindows};
use generativa::layers::{Parameters, seeded_builder};
use generativa::models::vae::{TileBatch, TileMapVae};
use generativa::train::fit::fit;
use generativa::train::session::{Loss, Outcome};
use generativa_random::Stream;
use rayon::prelude::*;

use crate::config::{Config, Recombination};
use crate::data::{Corpus, Domain};
use crate::platform::leads_on;
use crate::platform::reach::JUMP;
use crate::splice::{Splices, Taste, Unwanted, splices};

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

    let started = Instant::now();
    let sources = sources(&corpus, &domain, &config.recombination, seed)?;
    job.run.log_timing(0, &[("seconds", started.elapsed().as_secs_f64())])?;
    let device = &job.device;
    let parameters = Parameters::default();
    let vae =
        TileMapVae::new(&config.model, domain.shape, seeded_builder(&parameters, seed, device))?;
    let (batch, together) = (config.training.batch, corpus.game.asked_together());
    let loss = |draw: u64| {
        let mut stream = Stream::item(seed, "maps/batch", draw);
        let tiles = draw_batch(&sources, together, batch, &mut stream)?.to_device(device)?;
        let latent = config.model.latent;
        let noise = Tensor::from_vec(stream.normals(batch * latent), (batch, latent), device)?;
        let objective = &config.objective;
        let loss = vae.loss(&tiles, &noise, objective.beta, objective.allowance)?;
        let terms = vec![("reconstruction", loss.reconstruction), ("kl", loss.kl)];
        Ok(Loss { total: loss.total, terms })
    };
    fit(&job.session(name, sha256), &config.training, &parameters, loss, job.observer())
}

/// Windows to learn from, and the share of a batch that comes from them.
struct Source {
    windows: TileWindows,
    share: f64,
}

/// The human maps and splices of them, with what is known of where they can be played. Shares sum
/// to 1.
fn sources(
    corpus: &Corpus,
    domain: &Domain,
    settings: &Recombination,
    seed: u64,
) -> Result<Vec<Source>> {
    let taste = Taste::of(corpus);
    // An image is as good as its original, so each is judged once.
    let judged = |map: &Grid| (corpus.game.symmetries(map), taste.columns(map));
    let human: Vec<(Vec<Grid>, Vec<bool>)> = corpus.train.par_iter().map(judged).collect();
    let mut images = Vec::new();
    for (maps, wanted) in &human {
        let judged = |map| JudgedMap { wanted: wanted.clone(), ..JudgedMap::wanted(map) };
        images.extend(maps.iter().map(judged));
    }
    let Splices { wanted, unwanted } = splices(corpus, settings, seed);
    ensure!(
        !wanted.is_empty() || images.iter().any(|judged| judged.wanted.contains(&true)),
        "no map that is wanted could be made of these; learn from more of them"
    );
    let wanted: Vec<_> = wanted.iter().map(JudgedMap::wanted).collect();
    let unwanted: Vec<_> = unwanted.iter().filter_map(|one| lesson(one, domain)).collect();
    let mut sources = Vec::new();
    for (maps, share) in [(&wanted, settings.share), (&unwanted, settings.unwanted_share)] {
        if !maps.is_empty() {
            sources.push(Source { windows: domain.windows(maps)?, share });
        }
    }
    ensure!(
        settings.share + settings.unwanted_share <= 1.0,
        "recombination.share {} and recombination.unwanted_share {} are more than a whole batch",
        settings.share,
        settings.unwanted_share
    );
    let share = 1.0 - sources.iter().map(|source| source.share).sum::<f64>();
    sources.push(Source { windows: domain.windows(&images)?, share });
    Ok(sources)
}

/// What is learned of a map that is not wanted: all of it or, of a level, the windows around where
/// the way ends.
fn lesson<'a>(unwanted: &'a Unwanted, domain: &Domain) -> Option<JudgedMap<'a>> {
    let Unwanted { map, asked } = unwanted;
    if !domain.game.has_any_width() {
        let (wanted, asked) = (vec![false; map.width()], asked.clone());
        return Some(JudgedMap { wanted, asked, ..JudgedMap::wanted(map) });
    }
    let wanted = leads_on(map);
    let first = wanted.iter().position(|&leads_on| !leads_on)?;
    let window = domain.shape.window;
    // Of what lies beyond the last jump nothing is known.
    let starts = (first + 1).saturating_sub(window)..(first + 2 * JUMP + 1).saturating_sub(window);
    Some(JudgedMap { map, wanted, asked: None, starts })
}

/// So many windows, of each source its share. `together`: labels that are asked for together.
fn draw_batch(
    sources: &[Source],
    together: usize,
    batch: usize,
    stream: &mut Stream,
) -> Result<TileBatch> {
    let mut drawn: Option<TileBatch> = None;
    let (mut done, mut share) = (0, 0.0);
    for source in sources {
        share += source.share;
        let end = (share * batch as f64).round() as usize;
        let windows = &source.windows;
        let indices: Vec<usize> = (done..end).map(|_| stream.below(windows.len())).collect();
        done = end;
        if indices.is_empty() {
            continue;
        }
        let more = windows.batch(&indices, |_| shown(windows.scales(), together, stream))?;
        drawn = Some(match drawn {
            Some(drawn) => drawn.and(&more)?,
            None => more,
        });
    }
    drawn.context("a batch has at least one window")
}

/// Windows of which nothing is told: what guidance is measured from.
const UNTOLD: f64 = 0.15;

/// What is told of a window: nothing, or whether it is wanted together with no label, one, or
/// any of them, equally often, so that the model can do without, and obeys one wish as well as
/// several; as often the first `together` and any of the others. Labels that are usually asked for
/// are always told with it.
fn shown(scales: &[LabelScale], together: usize, stream: &mut Stream) -> Shown {
    if stream.chance(UNTOLD) {
        return Shown { labels: vec![false; scales.len()], wanted: false };
    }
    let only = stream.below(scales.len());
    let way = stream.below(if together == 0 { 3 } else { 4 });
    let mut told = |(place, scale): (usize, &LabelScale)| match way {
        _ if scale.usual.is_some() => true,
        0 => false,
        1 => place == only,
        3 if place < together => true,
        _ => stream.chance(0.5),
    };
    Shown { labels: scales.iter().enumerate().map(&mut told).collect(), wanted: true }
}
