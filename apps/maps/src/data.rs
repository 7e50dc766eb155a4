//! From a data set to what the model learns: maps, alphabet, labels.

use std::path::Path;

use anyhow::{Context, Result, bail};
use generativa::cli::Exit;
use generativa::data::{Alphabet, Grid, LabelKind, LabelScale, TileWindows};
use generativa::metrics::quantile::quantile;
use generativa::models::vae::TileMapShape;
use generativa::run::evaluation::DataRef;
use generativa::run::file::write_atomically;
use generativa_datasets::simulators::roguelike;
use generativa_datasets::{catalogue, verify, vglc};
use serde::{Deserialize, Serialize};

use crate::config::{Config, DataChoice};
use crate::game::Game;

/// Maps to learn from, and maps to be judged by.
pub struct Corpus {
    /// What they are maps of.
    pub game: Game,
    /// Learned from.
    pub train: Vec<Grid>,
    /// Never learned from.
    pub held_out: Vec<Grid>,
    /// Where they come from.
    pub source: DataRef,
}

/// What a run learned: all that drawing needs beside the weights. It is `domain.json` of a run.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// What the maps are of.
    pub game: Game,
    /// The tiles.
    pub alphabet: Alphabet,
    /// Sizes that the network has from the data.
    pub shape: TileMapShape,
    /// Scales of the labels, in the game's order.
    pub labels: Vec<LabelScale>,
    /// Where the maps come from.
    pub source: DataRef,
}

impl Corpus {
    /// Loads what `choice` names.
    pub fn load(choice: &DataChoice) -> Result<Self> {
        if choice.name == "embedded" {
            return Ok(Self::embedded(choice.dungeons));
        }
        let location = catalogue::locate(&choice.name)?;
        if choice.subset.is_empty() {
            let games = vglc::games().join("`, `");
            let text =
                format!("`{}` holds several games; choose by --subset: `{games}`", choice.name);
            bail!(Exit::Usage(text));
        }
        let corpus = vglc::platform_levels(&location.root, &choice.subset)?;
        let grids = |levels: Vec<&vglc::Level>| -> Result<Vec<Grid>> {
            let grid = |level: &vglc::Level| Grid::from_rows(&level.rows);
            let grids = levels.into_iter().map(grid).collect::<Option<_>>();
            grids.context("the loader refuses ragged rows")
        };
        let (train, held_out) = corpus.split();
        let (train, held_out) = (grids(train)?, grids(held_out)?);
        let sha256 = verify::fingerprint(&location.root, &corpus.files)?;
        let source = DataRef {
            name: choice.name.clone(),
            subset: Some(choice.subset.clone()),
            sha256: Some(sha256),
            real: true,
        };
        Ok(Self { game: Game::Platform, train, held_out, source })
    }

    /// Dungeons of the embedded simulator: `count` to learn from, a quarter more to judge by.
    fn embedded(count: usize) -> Self {
        let dungeon = |index: usize| {
            // The maps are the data set: they do not change with the seed of a run.
            let dungeon = roguelike::dungeon(0, index as u64);
            Grid::from_rows(&dungeon.rows).expect("the simulator makes rows of one length")
        };
        let mut train: Vec<_> = (0..count + count.div_ceil(4)).map(dungeon).collect();
        let held_out = train.split_off(count);
        let source = DataRef { name: "embedded".into(), real: false, ..DataRef::default() };
        Self { game: Game::Dungeon, train, held_out, source }
    }

    /// What the model has to know of these maps.
    pub fn domain(&self, config: &Config) -> Result<Domain> {
        let first = self.train.first().context("there is no map to learn from")?;
        let history = config.model.head.history;
        let (window, context) = self.game.window(first.width(), history);
        let values = windows(&self.train, window).map(|map| self.game.measure(&map));
        let values: Vec<Vec<f64>> = values.collect();
        let labels = self.game.labels().iter().enumerate();
        let labels = labels.map(|(label, &(name, kind))| {
            let values: Vec<f64> = values.iter().map(|values| values[label]).collect();
            scale(name, kind, &values)
        });
        let labels: Vec<_> = labels.collect();
        // Held-out maps count too, so that scoring one never meets an unknown tile.
        let alphabet = Alphabet::of(&[self.train.clone(), self.held_out.clone()].concat());
        let (tiles, height) = (alphabet.len(), first.height());
        let shape = TileMapShape { tiles, height, window, context, labels: labels.len() };
        Ok(Domain { game: self.game, alphabet, shape, labels, source: self.source.clone() })
    }
}

impl Domain {
    /// Columns of a map to be drawn: `asked`, or the one number that the game allows.
    pub fn map_width(&self, asked: usize) -> usize {
        if self.game.has_any_width() { asked } else { self.shape.window }
    }

    /// All windows of `maps`, labelled.
    pub fn windows(&self, maps: &[Grid]) -> Result<TileWindows> {
        let TileMapShape { context, window, .. } = self.shape;
        let measure = |map: &Grid| self.game.measure(map);
        TileWindows::new(maps, &self.alphabet, (context, window), &self.labels, measure)
    }

    /// Writes `domain.json` into a run.
    pub fn save(&self, run: &Path) -> Result<()> {
        write_atomically(&run.join("domain.json"), &serde_json::to_vec_pretty(self)?)
    }

    /// Reads `domain.json` of a run.
    pub fn load(run: &Path) -> Result<Self> {
        let path = run.join("domain.json");
        let bytes =
            std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&bytes).with_context(|| format!("in {}", path.display()))
    }
}

/// Every stretch of `width` columns of every map.
pub fn windows(maps: &[Grid], width: usize) -> impl Iterator<Item = Grid> {
    maps.iter().filter(move |map| map.width() >= width).flat_map(move |map| {
        (0..=map.width() - width).map(move |start| map.columns(start..start + width))
    })
}

fn scale(name: &str, kind: LabelKind, values: &[f64]) -> LabelScale {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    // A label that never varies teaches nothing; 1 keeps it finite.
    let deviation = if variance > 0.0 { variance.sqrt() } else { 1.0 };
    let range = [quantile(values, 0.05), quantile(values, 0.95)];
    LabelScale { name: name.to_owned(), kind, mean, deviation, range }
}
