//! Odd heart beats in electrocardiograms, each with its reason. Research software: not a medical
//! device.

pub mod aami;
pub mod adapt;
pub mod beat;
pub mod beat_figure;
pub mod config;
pub mod cutter;
pub mod data;
pub mod deliver;
pub mod detect;
pub mod evaluate;
pub mod excerpt;
pub mod explain;
pub mod follow;
pub mod heat;
pub mod mix;
pub mod model;
pub mod own;
pub mod page;
pub mod patients;
pub mod reason;
pub mod recording_page;
pub mod records;
pub mod sample;
pub mod score;
pub mod signal;
pub mod simulate;
pub mod strip;
pub mod survey;
pub mod train;
pub mod watch;

use anyhow::Result;
use generativa::cli::{App, Job, Preset, Shared, Trained};
use generativa::report::Page;
use generativa::run::evaluation::Row;
use generativa::train::session::Outcome;

use config::Config;

/// The app.
pub struct Ecg;

impl App for Ecg {
    const NAME: &'static str = "ecg";
    const ABOUT: &'static str = "Find odd heart beats, and say why (not a medical device)";
    type Config = Config;
    type Sample = sample::Options;
    type Evaluate = evaluate::Options;
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

    fn evaluate(
        trained: &[Trained<Config>],
        options: &evaluate::Options,
        shared: &Shared,
    ) -> Result<Vec<Row>> {
        evaluate::evaluate(trained, options, shared)
    }

    fn page(trained: &[Trained<Config>]) -> Result<Page> {
        page::page(trained)
    }

    fn verb(verb: Verb, shared: &Shared) -> Result<()> {
        match verb {
            Verb::Detect(options) => detect::detect(&options, shared),
            Verb::Explain(options) => explain::explain(&options, shared),
            Verb::Simulate(options) => simulate::simulate(&options, shared),
            Verb::Watch(options) => watch::watch(&options, shared),
        }
    }
}

/// Verbs of this app alone.
#[derive(clap::Subcommand)]
pub enum Verb {
    /// Find the beats of recordings and say which are odd, and why
    Detect(detect::Options),
    /// Show one beat of a recording beside what the model expects
    Explain(explain::Options),
    /// Write a simulated recording with its true beats
    Simulate(simulate::Options),
    /// Judge beats of a signal that comes in on standard input
    Watch(watch::Options),
}
