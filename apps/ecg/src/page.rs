//! What the report of a run says and shows.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use generativa::cli::Trained;
use generativa::report::Page;
use generativa::report::page::{Figure, Image, Source};
use generativa_datasets::Manifest;

use crate::beat_figure::beat_figure;
use crate::config::Config;
use crate::data::{Corpus, Domain, Judged};
use crate::deliver::WARNING;
use crate::model::open;
use crate::score::Scorer;

/// Title, lead, pictures and sources of a run.
pub fn page(trained: &[Trained<Config>]) -> Result<Page> {
    let first = trained.first().context("a run has at least one seed")?;
    let (scorer, domain) = open(first)?;
    let corpus = Corpus::load(&first.config.data)?;
    let lead = format!(
        "{WARNING} A variational autoencoder learned {} normal beats in {} steps. Below stands a \
         beat of each class that it did not learn from: the one whose score is the median of its \
         class, beside what the model expects in its place. Colour shows where they differ.",
        corpus.learned.len(),
        first.checkpoint.step
    );
    Ok(Page {
        title: "Odd heart beats".to_owned(),
        lead,
        figures: figures(&scorer, &domain, &first.config, &corpus)?,
        figures_title: "A beat of each class".to_owned(),
        sources: vec![source(&domain)],
        ..Page::default()
    })
}

/// A beat of each class, normal ones first.
fn figures(
    scorer: &Scorer,
    domain: &Domain,
    config: &Config,
    corpus: &Corpus,
) -> Result<Vec<Figure>> {
    let classes: BTreeSet<(bool, &str)> =
        corpus.judged.iter().map(|one| (!one.normal, one.class.as_str())).collect();
    let threshold = domain.alarms.threshold(&config.score.parts, config.alarm.rate);
    let parts = corpus.parts(scorer)?;
    let mix = &domain.alarms.mix;
    let scores: Vec<f64> =
        parts.iter().map(|parts| mix.score(parts, &config.score.parts)).collect();
    let mut figures = Vec::new();
    for (odd, class) in classes {
        let own: Vec<&Judged> = corpus.judged.iter().filter(|one| one.class == class).collect();
        let own_scores = corpus.judged.iter().zip(&scores).filter(|(one, _)| one.class == class);
        let scores: Vec<f64> = own_scores.map(|(_, score)| *score).collect();
        let mut order: Vec<usize> = (0..own.len()).collect();
        order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
        let middle = order[order.len() / 2];
        let alarms = scores.iter().filter(|score| **score > threshold.score).count();
        let what = if odd { "odd" } else { "normal" };
        let title = format!("Class {class}, {what}");
        let caption = format!(
            "{title}: {alarms} of {} raise an alarm, where {:.1} % of normal beats may",
            own.len(),
            100.0 * config.alarm.rate
        );
        let id = format!("beat{}", figures.len());
        let svg = drawing(scorer, config, own[middle], (&id, &title))?;
        figures.push(Figure { image: Image::Drawing(svg), caption });
    }
    Ok(figures)
}

fn drawing(
    scorer: &Scorer,
    config: &Config,
    judged: &Judged,
    (id, title): (&str, &str),
) -> Result<String> {
    let view = scorer.view(&judged.beat)?;
    // Beats that came cut have no patient and tell no times.
    let window = judged.patient.map(|_| &config.data.window);
    Ok(beat_figure(&view, window, (id, title)))
}

fn source(domain: &Domain) -> Source {
    let used = &domain.source;
    let name = [Some(used.name.as_str()), used.subset.as_deref()];
    let name = name.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let sha256 = used.sha256.clone().unwrap_or_default();
    match Manifest::named(&used.name) {
        Some(manifest) => Source {
            name,
            about: manifest.title.clone(),
            licence: manifest.licence.clone(),
            attribution: manifest.attribution.clone(),
            origin: manifest.upstream.clone(),
            sha256,
        },
        None => {
            let about = if used.real { "your own files" } else { "made by a seeded simulator" };
            Source { name, about: about.into(), sha256, ..Source::default() }
        }
    }
}
