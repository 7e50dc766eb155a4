//! The page of a run of TimeGAN.

use anyhow::{Context, Result};
use generativa::baselines::PrincipalComponents;
use generativa::cli::Trained;
use generativa::report::Page;
use generativa::report::page::{Figure, Image};
use generativa_random::Stream;

use super::{grouped, source};
use crate::bar::Bar;
use crate::config::Config;
use crate::data::Corpus;
use crate::figures::{days_figure, map_figure};
use crate::levels::Levels;
use crate::study::SEED;
use crate::timegan::{LevelWindows, told};

/// Windows of a map, real and generated.
const DOTS: usize = 400;

/// Title, lead, pictures and source.
pub(super) fn page(first: &Trained<Config>, corpus: &Corpus) -> Result<Page> {
    let model = LevelWindows::open(first)?;
    let levels = model.levels();
    let real = levels.windows(&corpus.columns);
    let made = model.scaled(DOTS.min(real.len()), SEED)?;
    let mut figures = Vec::new();
    let mut show = |svg: String, caption: String| {
        figures.push(Figure { image: Image::Drawing(svg), caption });
    };
    show(
        map(&real, &made)?,
        format!(
            "Each dot is a window of {} days of all columns; its place is that along the two directions \
             in which windows of the history differ most. {} windows of each kind, drawn at random. \
             Where the blue dots leave places of the black ones empty, that kind of window is never made.",
            levels.window(),
            made.len()
        ),
    );
    if let Some(svg) = strips(&corpus.assets[0].name, levels, &real, &made) {
        show(
            svg,
            "The last window of the history and the first three generated ones, not chosen, all on one \
             scale. Green days closed higher than the day before, orange ones lower. A tick that does \
             not touch its line is a close above the high or below the low: nothing keeps TimeGAN from \
             prices that cannot be."
                .into(),
        );
    }
    let training = &first.config.timegan_training;
    Ok(Page {
        title: format!("{}, windows by TimeGAN", corpus.title()),
        lead: format!(
            "Learned from {} windows by {}. TimeGAN (Yoon, Jarrett & van der Schaar 2019) is here \
             because many look for it: it makes windows of {} days at the levels that the history had, \
             no paths, and nothing keeps its high above its low. The filter, which is the default, makes \
             paths of any length whose prices are in order.\nThe discriminator learned where its loss \
             was above {}, as in the authors' code.\nGenerated prices are no forecast, and nothing here \
             is investment advice.",
            grouped(real.len()),
            told(&first.config, levels),
            levels.window(),
            training.discriminator_above,
        ),
        figures,
        figures_title: "Windows of the history, and generated ones".to_owned(),
        sources: vec![source(&corpus.source)],
        ..Page::default()
    })
}

/// Windows along the first two components of real ones, in deviations along these.
fn map(real: &[Vec<f32>], made: &[Vec<f32>]) -> Result<String> {
    let components = PrincipalComponents::fit(real);
    let variances = components.variances();
    let all: f64 = variances.iter().sum();
    let [first, second] = variances.first_chunk().context("two components or more")?;
    let place = |row: &Vec<f32>| -> [f64; 2] {
        let along = components.coordinates(row, 2);
        // A direction in which nothing differs has no scale.
        [along[0] / first.max(1e-12).sqrt(), along[1] / second.max(1e-12).sqrt()]
    };
    let mut stream = Stream::named(SEED, "market/map");
    let drawn: Vec<[f64; 2]> = (0..made.len()).map(|_| place(stream.pick(real))).collect();
    let made: Vec<[f64; 2]> = made.iter().map(place).collect();
    Ok(map_figure(&drawn, &made, [first / all, second / all]))
}

/// The last real window and three generated ones; nothing where no high and low are told.
fn strips(name: &str, levels: &Levels, real: &[Vec<f32>], made: &[Vec<f32>]) -> Option<String> {
    let columns = levels.columns();
    let place = |name: &str| columns.iter().position(|column| column == name);
    let (high, low, close) = (place("high")?, place("low")?, place("close")?);
    let strip = |title: String, row: &[f32]| {
        let bar = |day: &[f32]| {
            let price = |place: usize| levels.value(place, day[place]);
            Bar { high: price(high), low: price(low), close: price(close) }
        };
        let mut bars: Vec<Bar> = row.chunks_exact(columns.len()).map(bar).collect();
        let before = bars.remove(0).close;
        (title, before, bars)
    };
    let mut strips = vec![strip(format!("{name}, the last window"), real.last()?)];
    for (number, row) in made.iter().take(3).enumerate() {
        strips.push(strip(format!("generated, window {number}"), row));
    }
    Some(days_figure(&strips))
}
