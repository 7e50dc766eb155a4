//! What the report of a run says and shows.

mod timegan;

use anyhow::{Context, Result};
use generativa::cli::Trained;
use generativa::data::trading_day::Day;
use generativa::metrics::stylised_facts::COUNT;
use generativa::report::Page;
use generativa::report::page::{Figure, Image, Source};
use generativa::run::evaluation::DataRef;
use generativa_datasets::Manifest;

use crate::bar::Bar;
use crate::config::{Config, Method};
use crate::data::{Corpus, History};
use crate::figures::{
    Beside, days_figure, extremes_figure, facts_figure, memory_figure, prices_figure,
};
use crate::paths::Paths;
use crate::study::{Facts, SEED, Study};

/// Generated histories in the picture of prices.
const DRAWN: u64 = 8;
/// Days of a strip.
const STRIP: usize = 60;
/// Days apart up to which sizes, and returns and sizes, are compared.
const LAGS: [usize; 2] = [100, 20];

/// Title, lead, pictures and sources of a run.
pub fn page(trained: &[Trained<Config>]) -> Result<Page> {
    let first = trained.first().context("a run has at least one seed")?;
    let corpus = Corpus::load(&first.config.data)?;
    if first.config.method == Method::TimeGan {
        return timegan::page(first, &corpus);
    }
    let paths = Paths::open(first)?;
    let amount = &first.config.evaluation;
    let study = Study::draw(&corpus, &paths, amount.fact_paths, amount.band_resamples)?;
    let facts = study.facts();
    let figures = figures(&corpus, &paths, &study, facts.as_ref())?;
    Ok(Page {
        title: title(&corpus),
        lead: lead(&corpus, &study, facts.as_ref()),
        figures,
        figures_title: "The history, and generated ones".to_owned(),
        sources: vec![source(&corpus.source)],
        ..Page::default()
    })
}

fn title(corpus: &Corpus) -> String {
    let they = if corpus.assets.len() == 1 { "it" } else { "they" };
    format!("{}, as {they} might have gone", corpus.title())
}

/// What was learned, what a network adds to the filter, and what came out.
fn lead(corpus: &Corpus, study: &Study, facts: Option<&Facts>) -> String {
    let span = corpus.span.as_ref();
    let span = span.map_or(String::new(), |[from, to]| format!(" from {from} to {to}"));
    let kind = if corpus.source.real { "" } else { ", a simulated market" };
    let names = corpus.assets.iter().map(|asset| asset.name.as_str()).collect::<Vec<_>>();
    let mut text = format!(
        "Learned from {} trading days of {}{kind}{span}. ",
        grouped(corpus.count()),
        names.join(", "),
    );
    text += match (corpus.ranged, names.len()) {
        (true, _) => {
            "The model is a range-HAR filter, whose shocks are drawn from days like the one to come."
        }
        (false, 1) => {
            "The model is a GJR-GARCH, whose surprises are drawn from days like the one to come."
        }
        (false, _) => {
            "The model is a GJR-GARCH of the mean of all returns, each in its standard deviations. A \
             day is one of the past, of all assets, drawn from those like the one to come and scaled \
             to what is expected of it."
        }
    };
    if let Some(added) = study.corrections() {
        text += &format!(
            " A network that an adversary taught corrects its paths, where that is asked for: it moves \
             a return by {} of the usual size of one, a day's range by {}, and where the day closes by \
             {} of the range, on average. It is not the default: on Google's days judges tell its paths \
             from real ones as often.",
            percent(added.of_return),
            percent(added.of_log_range.exp_m1()),
            percent(added.of_position),
        );
    }
    if let Some(facts) = facts {
        let of = if names.len() == 1 { String::new() } else { format!(" of {}", names[0]) };
        let network = facts.network.as_ref().map_or(String::new(), |paths| {
            format!(", and {} in that of the network's", facts.inside(paths))
        });
        text += &format!(
            "\nOf {COUNT} stylised facts{of}, {} lie within the band of the history in the median of \
             {} generated ones{network}.",
            facts.inside(&facts.model),
            facts.model.len(),
        );
    }
    for remark in &corpus.remarks {
        text += &format!("\n{remark}.");
    }
    text + "\nGenerated prices are no forecast, and nothing here is investment advice."
}

fn figures(
    corpus: &Corpus,
    paths: &Paths,
    study: &Study,
    facts: Option<&Facts>,
) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut show = |svg: String, caption: String| {
        figures.push(Figure { image: Image::Drawing(svg), caption });
    };
    show(
        histories(corpus, paths)?,
        format!(
            "Close as a multiple of the first one, on a logarithmic scale where prices move far. Every generated history \
             is as long as the one that was learned from; these are paths 0 to {} of seed {SEED}, not chosen.",
            DRAWN - 1
        ),
    );
    if corpus.ranged {
        let days = STRIP.min(corpus.count());
        show(
            strips(&corpus.assets[0], study),
            format!(
                "The last {days} days that were learned from, and the first {days} of three \
                 generated histories, all on one scale. Green days closed higher than the day \
                 before, orange ones lower."
            ),
        );
    }
    let paths = study.model.len();
    if let [Some(clustering), Some(leverage)] = [study.clustering(LAGS[0]), study.leverage(LAGS[1])]
    {
        show(
            memory_figure(&clustering, &leverage),
            format!(
                "Left: large moves follow large ones for months. Right: unrest follows falls, so the \
                 correlation lies below 0. Generated lines are medians of {paths} \
                 histories as long as the one that was learned from; the band holds 90 % of those \
                 resampled from it in blocks of a year."
            ),
        );
    }
    let tail =
        "how rare a move is, both axes logarithmic, so that a heavy tail is a straight line.";
    let ranges = study.ranges();
    let (beside, caption) = match (&ranges, &study.pairs[..]) {
        (Some(ranges), _) => (
            Beside::Ranges(ranges),
            format!(
                "Left: {tail} Right: quantiles of a day's range, high over low, of generated days \
                 over those of the history: 1 is the same."
            ),
        ),
        (None, []) => (Beside::Nothing, format!("Extremes: {tail}")),
        (None, pairs) => (
            Beside::Pairs(pairs),
            format!(
                "Left, for {}: {tail} Right: a dot a pair of assets; on the line, they move together \
                 as they did.",
                corpus.assets[0].name
            ),
        ),
    };
    show(extremes_figure(&study.tail(), beside), caption);
    if let Some(facts) = facts {
        show(
            facts_figure(facts),
            format!(
                "Each band holds 90 % of histories resampled from the one that was learned from. The blue line holds \
                 the middle 90 % of {paths} generated histories, its dot is their median. In red: a median \
                 outside the band."
            ),
        );
    }
    Ok(figures)
}

/// The whole history of the first asset and a few generated ones.
fn histories(corpus: &Corpus, paths: &Paths) -> Result<String> {
    let path = |item| -> Result<Vec<f64>> {
        Ok(levels(&paths.path(SEED, item, false)?.next(corpus.count())?.days[0]))
    };
    let made: Vec<Vec<f64>> = (0..DRAWN).map(path).collect::<Result<_>>()?;
    let History { name, days, .. } = &corpus.assets[0];
    Ok(prices_figure(name, &levels(days), &made))
}

/// The logarithm of each close over the one before the first day.
pub fn levels(days: &[Day]) -> Vec<f64> {
    let mut level = 0.0;
    let next = |day: &Day| {
        level += day[0];
        level
    };
    days.iter().map(next).collect()
}

/// Days of the history beside those of three paths.
fn strips(History { name, days, .. }: &History, study: &Study) -> String {
    let from = days.len().saturating_sub(STRIP);
    let strip = |title: String, days: &[Day]| (title, 100.0, Bar::of(days, &mut 100.0));
    let mut strips = vec![strip(format!("{name}, the last days"), &days[from..])];
    for (path, number) in study.model.iter().zip(0..3) {
        let days = &path[..STRIP.min(path.len())];
        strips.push(strip(format!("generated, path {number}"), days));
    }
    days_figure(&strips)
}

/// A share in whole percent.
fn percent(share: f64) -> String {
    match 100.0 * share {
        percent if percent < 1.0 => "less than 1 %".into(),
        percent => format!("{percent:.0} %"),
    }
}

/// A count with its thousands apart.
fn grouped(count: usize) -> String {
    match count {
        0..10_000 => count.to_string(),
        _ => format!("{} {:03}", count / 1000, count % 1000),
    }
}

fn source(used: &DataRef) -> Source {
    let name = [Some(used.name.as_str()), used.subset.as_deref()];
    let name = name.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let sha256 = used.sha256.clone().unwrap_or_default();
    match Manifest::named(&used.name) {
        Some(manifest) => Source {
            name,
            about: manifest.what.clone(),
            licence: manifest.licence.clone(),
            attribution: manifest.attribution.clone(),
            origin: manifest.upstream.clone(),
            sha256,
        },
        None => {
            let about = if used.real { "your own file" } else { "made by a seeded simulator" };
            Source { name, about: about.into(), sha256, ..Source::default() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_sums_of_returns() {
        assert_eq!(levels(&[[0.5, 0.1, 0.0], [-0.25, 0.1, 1.0]]), [0.5, 0.25]);
    }

    #[test]
    fn thousands_stand_apart_from_ten_thousand_on() {
        assert_eq!([3684, 17_346].map(grouped), ["3684", "17 346"]);
    }
}
