//! Playable tile maps from a variational autoencoder.

pub mod blend;
pub mod complete;
pub mod config;
pub mod data;
pub mod deliver;
pub mod dungeon;
pub mod evaluate;
pub mod export;
pub mod game;
pub mod generate;
pub mod map_file;
pub mod page;
pub mod platform;
pub mod quest;
pub mod render;
pub mod repair;
pub mod rooms;
pub mod sample;
pub mod show;
pub mod sokoban;
pub mod splice;
pub mod train;

use anyhow::Result;
use generativa::cli::{App, Job, NoFlags, Preset, Shared, Trained};
use generativa::report::Page;
use generativa::run::evaluation::Row;
use generativa::train::session::Outcome;

use config::Config;
use game::Game;

/// The app.
pub struct Maps;

impl App for Maps {
    const NAME: &'static str = "maps";
    const ABOUT: &'static str = "Learn tile maps and make new ones that can be played";
    type Config = Config;
    type Sample = sample::Options;
    type Evaluate = NoFlags;
    type Verb = Verb;

    fn preset(preset: Preset, data: &str, subset: &str) -> Config {
        Config::preset(preset, Game::of(data, subset))
    }

    fn train(job: &Job<Config>) -> Result<Outcome> {
        train::train(job)
    }

    fn sample(trained: &Trained<Config>, options: &sample::Options, shared: &Shared) -> Result<()> {
        sample::sample(trained, options, shared)
    }

    fn evaluate(
        trained: &[Trained<Config>],
        _options: &NoFlags,
        shared: &Shared,
    ) -> Result<Vec<Row>> {
        evaluate::evaluate(trained, shared)
    }

    fn page(trained: &[Trained<Config>]) -> Result<Page> {
        page::page(trained)
    }

    fn verb(verb: Verb, shared: &Shared) -> Result<()> {
        match verb {
            Verb::Export(options) => export::command::export(&options, shared),
            Verb::Render(options) => render::render(&options, shared),
            Verb::Repair(options) => repair::repair(&options, shared),
            Verb::Complete(options) => complete::complete(&options, shared),
            Verb::Blend(options) => blend::blend(&options, shared),
            Verb::Quest(options) => quest::quest(&options, shared),
        }
    }
}

/// Verbs of this app alone.
#[derive(clap::Subcommand)]
pub enum Verb {
    /// Write maps from text files for other tools: Tiled, LDtk, CSV, JSON, pictures
    Export(export::command::Options),
    /// Draw a map from a text file as a picture, and say whether it can be played
    Render(render::Options),
    /// Make maps playable by few edits, each printed
    Repair(repair::Options),
    /// Fill the free cells of a map around those that are locked
    Complete(complete::Options),
    /// Walk from one map to another
    Blend(blend::Options),
    /// Draw dungeons of many rooms, with locks and keys
    Quest(quest::Options),
}
