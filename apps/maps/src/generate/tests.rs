//! What must hold whatever the model has learned, shown on one that has learned nothing.

use candle::Device;
use generativa::cli::Preset;
use generativa::layers::{Parameters, seeded_builder};
use generativa::run::evaluation::DataRef;

use super::*;
use crate::data::Corpus;

/// Flat ground of `width` columns with a pipe, an enemy and a brick.
fn level(width: usize) -> Grid {
    let mut level = Grid::filled(14, width, b'-');
    (0..width).for_each(|column| level.set(13, column, b'X'));
    for (row, column, symbol) in
        [(11, 6, b'<'), (11, 7, b'>'), (12, 6, b'['), (12, 7, b']'), (12, 9, b'E'), (8, 3, b'S')]
    {
        level.set(row, column, symbol);
    }
    level
}

/// Flat ground with a wall of five, one too high for any jump.
fn walled() -> Grid {
    let mut level = Grid::filled(14, 12, b'-');
    (0..12).for_each(|column| level.set(13, column, b'X'));
    (8..13).for_each(|row| level.set(row, 6, b'X'));
    level
}

fn untrained() -> Result<Generator> {
    let config = Config::preset(Preset::Tiny, Game::Platform);
    let train = vec![level(40), level(25)];
    let source = DataRef::default();
    let corpus = Corpus { game: Game::Platform, held_out: train.clone(), train, source };
    let domain = corpus.domain(&config)?;
    let weights = seeded_builder(&Parameters::default(), 1, &Device::Cpu);
    let vae = TileMapVae::new(&config.model, domain.shape, weights)?;
    let sampling = Sampling { temperature: 1.0, spread: 1.0, guidance: 1.5 };
    Ok(Generator { sampler: TileMapSampler::new(vae)?, domain, sampling })
}

#[test]
fn locked_cells_come_back_from_a_completion_even_where_it_is_repaired() -> Result<()> {
    let (generator, partial) = (untrained()?, level(32));
    for seed in 0..5 {
        let mut stream = Stream::item(1, "completion", seed);
        let locked: Vec<bool> = partial.cells().iter().map(|_| stream.chance(0.3)).collect();
        let drawn = generator.complete(&partial, &locked, &mut stream)?;
        let pairs = drawn.map.cells().iter().zip(partial.cells()).zip(&locked);
        assert!(pairs.into_iter().all(|((drawn, kept), locked)| !locked || drawn == kept));
        assert_eq!(drawn.verdict, Game::Platform.verdict(&drawn.map));
    }
    Ok(())
}

#[test]
fn a_map_without_free_cells_comes_back_as_it_is() -> Result<()> {
    let (generator, whole) = (untrained()?, level(21));
    let locked = vec![true; whole.cells().len()];
    let drawn = generator.complete(&whole, &locked, &mut Stream::named(1, "whole"))?;
    assert_eq!((drawn.map, drawn.draws), (whole, 1));
    Ok(())
}

#[test]
fn what_stands_in_a_free_cell_does_not_matter() -> Result<()> {
    let (generator, partial) = (untrained()?, level(20));
    let locked: Vec<bool> = (0..partial.cells().len()).map(|cell| cell % 2 == 0).collect();
    let mut other = partial.clone();
    other.set(0, 1, b'.');
    let complete = |map: &Grid| generator.complete(map, &locked, &mut Stream::named(2, "free"));
    assert_eq!(complete(&partial)?.map, complete(&other)?.map);
    other.set(0, 0, b'.');
    let error = complete(&other).err().map(|error| error.to_string());
    assert!(error.is_some_and(|text| text.contains("row 1 column 1: the model knows no tile `.`")));
    Ok(())
}

#[test]
fn a_walk_from_a_map_to_itself_never_moves() -> Result<()> {
    let generator = untrained()?;
    let mut stream = Stream::named(3, "walk");
    let walk = generator.blend(&level(40), &level(40), 4, &mut stream)?;
    assert_eq!(walk.len(), 4);
    assert!(walk.iter().all(|map| *map == walk[0]));
    Ok(())
}

#[test]
fn a_walk_between_two_widths_is_as_wide_as_the_narrower() -> Result<()> {
    let generator = untrained()?;
    let mut stream = Stream::named(4, "widths");
    let walk = generator.blend(&level(40), &level(21), 3, &mut stream)?;
    assert!(walk.iter().all(|map| map.width() == 21));
    let error = generator.blend(&walled(), &Grid::filled(5, 12, b'-'), 3, &mut stream).err();
    let error = error.map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("the model makes maps of 14 rows, found 5"));
    Ok(())
}

#[test]
fn a_map_that_fails_is_drawn_anew_and_then_repaired_but_not_where_one_draw_is_all() -> Result<()> {
    let game = Game::Platform;
    let repaired = until_playable(game, None, 20, || Ok(walled()))?;
    assert!(repaired.verdict.playable());
    assert_eq!((repaired.draws, repaired.edits.len()), (3, 1));
    let raw = until_playable(game, None, 1, || Ok(walled()))?;
    assert_eq!((raw.map, raw.edits), (walled(), Vec::new()));
    let locked = vec![true; walled().cells().len()];
    let stuck = until_playable(game, Some(&locked), 5, || Ok(walled()))?;
    assert_eq!((stuck.map, stuck.draws), (walled(), 5));
    Ok(())
}
