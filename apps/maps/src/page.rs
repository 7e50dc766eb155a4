//! What the report of a run says and shows.

use anyhow::{Context, Result};
use generativa::cli::Trained;
use generativa::report::Page;
use generativa::report::page::{Figure, Image, Source};
use generativa_datasets::Manifest;
use generativa_random::Stream;

use crate::config::Config;
use crate::data::Domain;
use crate::game::Game;
use crate::generate::Generator;
use crate::quest;
use crate::rooms::quest::solve;
use crate::sample::TRIES;
use crate::show::tile_picture;

/// Maps shown.
const SHOWN: u64 = 6;
/// Columns of a map shown, where the game leaves it open: what fits on a screen.
const COLUMNS: usize = 96;

/// Title, lead, pictures and sources of a run.
pub fn page(trained: &[Trained<Config>]) -> Result<Page> {
    let first = trained.first().context("a run has at least one seed")?;
    let generator = Generator::open(first)?;
    let domain = &generator.domain;
    let part = domain.source.subset.as_deref().unwrap_or("your game");
    let what = match domain.game {
        Game::Platform => format!("levels of {part}"),
        Game::Dungeon => "dungeons of the embedded simulator".to_owned(),
        Game::Room => format!("rooms of {part}"),
        Game::Sokoban => format!("the {part} boards of Sokoban"),
    };
    let lead = format!(
        "A variational autoencoder that learned {what} in {} steps. The maps below are new: \
         drawn from the model and checked by search. One that fails is drawn again{}.",
        first.checkpoint.step,
        if domain.game.has_repair() {
            ", and from the third draw on repaired by few edits"
        } else {
            ""
        }
    );
    let quests = if domain.game == Game::Room { quests(&generator)? } else { Vec::new() };
    Ok(Page {
        title: "New maps".to_owned(),
        lead,
        figures: [quests, figures(&generator)?].concat(),
        sources: vec![source(domain)],
        ..Page::default()
    })
}

fn figures(generator: &Generator) -> Result<Vec<Figure>> {
    let width = generator.domain.map_width(COLUMNS);
    let figure = |index| {
        let mut stream = Stream::item(1, "maps/sample", index);
        let wishes = generator.usual_wishes();
        let drawn = generator.draw_checked(width, &wishes, TRIES, &mut stream)?;
        let picture =
            tile_picture(generator.domain.game.tiles(), &drawn.map, Some(&drawn.verdict.path));
        let verdict = match (drawn.verdict.playable(), drawn.edits.len()) {
            (true, 0) => format!("playable at draw {}", drawn.draws),
            (true, edits) => format!("playable after repair; tiles changed: {edits}"),
            (false, _) => format!("not playable: {}", drawn.verdict.reason),
        };
        Ok(Figure {
            image: Image::Pixels(picture),
            caption: format!("Map {index} of seed 1, {verdict}"),
        })
    };
    (0..SHOWN).map(figure).collect()
}

/// Dungeons of many rooms, each with the way through it.
fn quests(generator: &Generator) -> Result<Vec<Figure>> {
    let asked = quest::USUAL;
    let figure = |index| {
        let mut stream = Stream::item(1, "maps/quest", index);
        // A model that has not learned rooms has none to show.
        let Ok(quest) = quest::draw(generator, &asked, &mut stream) else { return Ok(None) };
        let verdict = solve(&quest);
        let picture =
            tile_picture(generator.domain.game.tiles(), &quest.map(), Some(&verdict.path));
        let caption = format!(
            "Dungeon {index} of seed 1: {} rooms, {} keys, solved in {} steps; tiles changed: {}",
            asked.rooms,
            asked.locks,
            verdict.path.len().saturating_sub(1),
            quest.edits.len()
        );
        Ok(Some(Figure { image: Image::Pixels(picture), caption }))
    };
    (0..2).filter_map(|index| figure(index).transpose()).collect()
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
            Source { name, about: "made by a seeded simulator".into(), sha256, ..Source::default() }
        }
    }
}
