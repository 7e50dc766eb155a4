//! Financial time series that keep the habits of real markets.

pub mod backtest;
pub mod bar;
pub mod config;
pub mod data;
pub mod deliver;
pub mod evaluate;
pub mod extras;
pub mod figures;
pub mod fitted;
pub mod generator;
pub mod learning;
pub mod levels;
pub mod model;
pub mod page;
pub mod paths;
pub mod risk;
pub mod sample;
pub mod scale;
pub mod stretch;
pub mod study;
pub mod timegan;
pub mod train;
pub mod wish;

use anyhow::Result;
use generativa::cli::{App, Job, NoFlags, Preset, Shared, Trained};
use generativa::report::Page;
use generativa::run::evaluation::Row;
use generativa::train::session::Outcome;

use config::Config;

/// The app.
pub struct Market;

impl App for Market {
    const NAME: &'static str = "market";
    const ABOUT: &'static str = "Make price paths with the habits of a real market";
    type Config = Config;
    type Sample = sample::Options;
    type Evaluate = NoFlags;
    type Verb = Verb;

    fn preset(preset: Preset, data: &str, subset: &str) -> Config {
        Config::preset(preset, data, subset)
    }

    fn train(job: &Job<Config>) -> Result<Outcome> {
        train::train(job)
    }

    fn sample(trained: &Trained<Config>, options: &sample::Options, shared: &Shared) -> Result<()> {
        sample::sample(trained, options, shared)
    }

    fn evaluate(trained: &[Trained<Config>], _: &NoFlags, shared: &Shared) -> Result<Vec<Row>> {
        evaluate::evaluate(trained, shared)
    }

    fn page(trained: &[Trained<Config>]) -> Result<Page> {
        page::page(trained)
    }

    fn verb(verb: Verb, shared: &Shared) -> Result<()> {
        match verb {
            Verb::Risk(options) => risk::risk(&options, shared),
        }
    }
}

/// Verbs of this app alone.
#[derive(clap::Subcommand)]
pub enum Verb {
    /// Test forecasts of the worst days, a day ahead, on the last years of every asset
    Risk(risk::Options),
}
