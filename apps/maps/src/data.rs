//! From a data set to what the model learns: maps, alphabet, labels.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use generativa::cli::Exit;
use generativa::data::{Alphabet, Grid, JudgedMap, LabelScale, TileWindows};
use generativa::metrics::quantile::quantile;
use generativa::models::vae::TileMapShape;
use generativa::run::evaluation::DataRef;
use generativa::run::file::write_atomically;
use generativa_datasets::catalogue::Location;
use generativa_datasets::simulators::roguelike;
use generativa_datasets::{boxoban, catalogue, verify, vglc};
use serde::{Deserialize, Serialize};

use crate::config::{Config, DataChoice};
use crate::game::{BOXOBAN, EMBEDDED, Game, Label};

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
    /// Loads what `choice` names: a part of `boxoban`, a game of `vglc`, or a game in a folder that
    /// is laid out as one of them.
    pub fn load(choice: &DataChoice) -> Result<Self> {
        let game = Game::of(&choice.name, &choice.subset);
        if game == Game::Dungeon {
            return Ok(Self::embedded(choice.dungeons));
        }
        let location = catalogue::locate(&choice.name)?;
        let is_boxoban = BOXOBAN.iter().any(|part| location.root.join(part).is_dir());
        let parts = if is_boxoban {
            BOXOBAN.map(str::to_owned).to_vec()
        } else {
            [vglc::games(), vec![vglc::ZELDA.to_owned()]].concat()
        };
        if choice.subset.is_empty() {
            let (name, parts) = (&choice.name, parts.join("`, `"));
            let text = format!("`{name}` has several parts; choose one by --subset: `{parts}`");
            bail!(Exit::Usage(text));
        }
        if is_boxoban && game != Game::Sokoban {
            let (name, part, parts) = (&choice.name, &choice.subset, parts.join("`, `"));
            bail!(Exit::Usage(format!("`{name}` has no part `{part}`; choose one of `{parts}`")));
        }
        let Parts { train, held_out, files } = match game {
            Game::Sokoban => boards(&location, &choice.subset)?,
            Game::Room => rooms(&location)?,
            _ => levels(&location, &choice.subset)?,
        };
        let heights = || train.iter().chain(&held_out).map(Grid::height);
        if let (Some(low), Some(high)) = (heights().min(), heights().max())
            && low != high
        {
            let part = &choice.subset;
            bail!(
                "the maps of `{part}` have {low} to {high} rows; a model needs them of one height"
            );
        }
        let source = DataRef {
            name: choice.name.clone(),
            subset: Some(choice.subset.clone()),
            sha256: Some(verify::fingerprint(&location.root, &files)?),
            real: true,
        };
        Ok(Self { game, train, held_out, source })
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
        let source = DataRef { name: EMBEDDED.into(), real: false, ..DataRef::default() };
        Self { game: Game::Dungeon, train, held_out, source }
    }

    /// What the model has to know of these maps.
    pub fn domain(&self, config: &Config) -> Result<Domain> {
        let first = self.train.first().context("there is no map to learn from")?;
        let history = config.model.head.history;
        let (window, context) = self.game.window(first.width(), history);
        let values = windows(&self.train, window).map(|map| self.game.measure(&map));
        let values: Vec<Vec<f64>> = values.collect();
        if values.is_empty() {
            bail!("no map is {window} columns wide, as wide as the model's window");
        }
        let labels = self.game.labels().iter().enumerate();
        let labels = labels.map(|(place, label)| {
            let values: Vec<f64> = values.iter().map(|values| values[place]).collect();
            scale(label, &values)
        });
        let labels: Vec<_> = labels.collect();
        // Held-out maps count too, so that scoring one never meets an unknown tile.
        let alphabet = Alphabet::of(&[self.train.clone(), self.held_out.clone()].concat());
        let (tiles, height) = (alphabet.len(), first.height());
        let told = LabelScale::told(labels.len());
        let shape = TileMapShape { tiles, height, window, context, told };
        Ok(Domain { game: self.game, alphabet, shape, labels, source: self.source.clone() })
    }
}

/// Maps to learn from, maps held out, and every file that was read.
struct Parts {
    train: Vec<Grid>,
    held_out: Vec<Grid>,
    files: Vec<PathBuf>,
}

fn boards(location: &Location, part: &str) -> Result<Parts> {
    let mut all = Vec::new();
    let mut files = Vec::new();
    for split in ["train", "valid"] {
        let part = format!("{part}/{split}");
        all.push(grids(boxoban::levels(&location.root, &part)?.iter().map(|board| &board.rows))?);
        files.extend(boxoban::files(&location.root, &part)?);
    }
    let held_out = all.pop().unwrap_or_default();
    Ok(Parts { train: all.concat(), held_out, files })
}

fn rooms(location: &Location) -> Result<Parts> {
    let rooms = vglc::zelda_rooms(&location.root)?;
    let [train, held_out] =
        [&rooms.training, &rooms.held_out].map(|rooms| grids(rooms.iter().map(|room| &room.rows)));
    Ok(Parts { train: train?, held_out: held_out?, files: rooms.files })
}

fn levels(location: &Location, game: &str) -> Result<Parts> {
    let corpus = vglc::platform_levels(&location.root, game)?;
    let (train, held_out) = corpus.split();
    let [train, held_out] =
        [train, held_out].map(|levels| grids(levels.iter().map(|level| &level.rows)));
    let (mut train, mut held_out) = (train?, held_out?);
    if held_out.is_empty() {
        // Where no split is committed every fourth level, so that there is something to judge by.
        let all = std::mem::take(&mut train).into_iter().enumerate();
        let (fourth, others): (Vec<_>, Vec<_>) = all.partition(|(place, _)| place % 4 == 3);
        train = others.into_iter().map(|(_, level)| level).collect();
        held_out = fourth.into_iter().map(|(_, level)| level).collect();
    }
    Ok(Parts { train, held_out, files: corpus.files })
}

fn grids<'a>(maps: impl Iterator<Item = &'a Vec<Vec<u8>>>) -> Result<Vec<Grid>> {
    let grids = maps.map(|rows| Grid::from_rows(rows)).collect::<Option<_>>();
    grids.context("the loader refuses ragged rows")
}

impl Domain {
    /// Columns of a map to be drawn: `asked`, or the one number that the game allows.
    pub fn map_width(&self, asked: usize) -> usize {
        if self.game.has_any_width() { asked } else { self.shape.window }
    }

    /// Windows of `maps`, labelled.
    pub fn windows(&self, maps: &[JudgedMap]) -> Result<TileWindows> {
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

fn scale(label: &Label, values: &[f64]) -> LabelScale {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    // A label that never varies teaches nothing; 1 keeps it finite.
    let deviation = if variance > 0.0 { variance.sqrt() } else { 1.0 };
    let range = [quantile(values, 0.05), quantile(values, 0.95)];
    let Label { name, kind, usual } = *label;
    LabelScale { name: name.to_owned(), kind, mean, deviation, range, usual }
}
