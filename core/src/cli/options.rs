//! The flags that all verbs of all apps share.

use std::io::Write;

use anyhow::{Context, Result};
use clap::{Args, Parser};

use super::exit::DeviceChoice;
use super::{App, Verb};

/// The command line of an app.
#[derive(Parser)]
#[command(version)]
pub(super) struct Cli<A: App> {
    #[command(subcommand)]
    pub(super) verb: Verb<A>,
    #[command(flatten)]
    pub(super) shared: Shared,
}

/// Flags that every verb takes.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Shared options")]
pub struct Shared {
    /// Where to train; everything else runs on the processor
    #[arg(long, global = true, value_enum, default_value = "cpu", env = "GENERATIVA_DEVICE")]
    pub device: DeviceChoice,
    /// Threads to compute with; the results do not depend on it [default: all cores]
    #[arg(long, global = true, value_name = "N", env = "GENERATIVA_THREADS")]
    pub threads: Option<std::num::NonZeroUsize>,
    /// Print results as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Print nothing but results and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

impl Shared {
    pub(super) fn start(&self) -> Result<()> {
        if let Some(threads) = self.threads {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads.get())
                .build_global()
                .context("cannot start the threads")?;
        }
        Ok(())
    }

    /// Writes `text` and a line feed to stdout, where results go.
    pub fn print(&self, text: &str) -> Result<()> {
        let mut stdout = std::io::stdout().lock();
        Ok(writeln!(stdout, "{text}").and_then(|()| stdout.flush())?)
    }

    /// Writes a remark to stderr, unless asked to be quiet.
    pub fn remark(&self, text: &str) {
        if !self.quiet {
            eprintln!("{text}");
        }
    }
}
