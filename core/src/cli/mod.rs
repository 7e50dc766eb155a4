//! The verbs, flags and exit codes that all apps share.

mod exit;
mod options;
mod progress;
mod settings;
mod verbs;

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use candle::Device;
use clap::{Args, CommandFactory, FromArgMatches, Subcommand, ValueEnum};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use exit::{DeviceChoice, Exit, for_each};
pub use options::Shared;
pub use progress::progress;
pub use verbs::{NoFlags, RunChoice, Verb};

use crate::report::Page;
use crate::run::evaluation::Row;
use crate::run::{Checkpoint, Header, Provenance, Run, run_directories};
use crate::train::session::{Outcome, Progress, Session};

/// What the command line needs of an app. Each folder in `apps/` implements it once.
pub trait App: Sized + 'static {
    /// Folder name, binary name and default name of its runs.
    const NAME: &'static str;
    /// One line for `--help`.
    const ABOUT: &'static str;
    /// Everything that decides a run. It has a table `data` with the strings `name` and `subset`, and a
    /// string `method` where figures of one method are none of another.
    type Config: Clone + Serialize + DeserializeOwned;
    /// Flags of `sample`.
    type Sample: Args;
    /// Flags of `evaluate`, each a field of its name, which records tell; without any,
    /// [`NoFlags`]. `demo` takes their default.
    type Evaluate: Args + Default + Serialize;
    /// The app's own verbs.
    type Verb: Subcommand;

    /// The config of a preset for a data set, by its name and part; both empty for the embedded
    /// simulator.
    fn preset(preset: Preset, data: &str, subset: &str) -> Self::Config;

    /// Trains one seed and leaves log and checkpoints in the job's run.
    fn train(job: &Job<Self::Config>) -> Result<Outcome>;

    /// Draws samples: text or names of files to stdout.
    fn sample(
        trained: &Trained<Self::Config>,
        options: &Self::Sample,
        shared: &Shared,
    ) -> Result<()>;

    /// Scores all seeds together, beside their baselines.
    fn evaluate(
        trained: &[Trained<Self::Config>],
        options: &Self::Evaluate,
        shared: &Shared,
    ) -> Result<Vec<Row>>;

    /// Title, lead, pictures and sources of the report; the rest is filled in.
    fn page(trained: &[Trained<Self::Config>]) -> Result<Page>;

    /// Runs one of the app's own verbs.
    fn verb(verb: Self::Verb, shared: &Shared) -> Result<()>;
}

/// How large a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// At most ten seconds: proves that every part works.
    Tiny,
    /// A few minutes on two cores: shows that it works.
    Quick,
    /// The figures of the table, at most an hour a seed.
    Full,
}

impl Preset {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Quick => "quick",
            Self::Full => "full",
        }
    }
}

/// One seed to be trained.
pub struct Job<'a, C> {
    /// Where it goes.
    pub run: &'a Run,
    /// App, preset and seed.
    pub header: &'a Header,
    /// All settings.
    pub config: &'a C,
    /// Flags of the command.
    pub shared: &'a Shared,
    /// Continue from the newest checkpoint, where there is one.
    pub resume: bool,
    /// Where to train.
    pub device: Device,
}

impl<'a, C> Job<'a, C> {
    /// The session for [`fit`](crate::train::fit::fit). `data`: name and SHA-256 of what is
    /// learned from.
    pub fn session(&self, data: &str, data_sha256: &str) -> Session<'a> {
        let provenance = Provenance {
            app: self.header.app.clone(),
            revision: crate::run::machine::revision(),
            data: data.to_owned(),
            data_sha256: data_sha256.to_owned(),
            seed: self.header.seed,
        };
        Session { run: self.run, provenance, resume: self.resume, stop: &INTERRUPTED }
    }

    /// Shows progress on stderr; give it to `fit`.
    pub fn observer(&self) -> impl FnMut(&Progress) -> ControlFlow<()> {
        let mut bar = progress(&format!("seed {}", self.header.seed), self.shared.quiet);
        move |progress| {
            bar.update(progress);
            ControlFlow::Continue(())
        }
    }
}

/// One trained seed.
pub struct Trained<C> {
    /// Where it lies.
    pub run: Run,
    /// App, preset and seed.
    pub header: Header,
    /// All settings.
    pub config: C,
    /// The newest checkpoint.
    pub checkpoint: Checkpoint,
}

impl<C: DeserializeOwned> Trained<C> {
    /// Opens every seed in `dir`.
    ///
    /// # Errors
    /// No run, a damaged one, one of another app, or one that has no checkpoint yet.
    pub fn open_all<A: App<Config = C>>(dir: &Path) -> Result<Vec<Self>> {
        let open = |dir: &PathBuf| {
            let (run, header, config) = Run::open(dir, A::NAME)?;
            let checkpoint = Checkpoint::latest(&run, A::NAME)?.with_context(|| {
                format!("{} has no checkpoint yet; continue it with --resume", dir.display())
            })?;
            Ok(Self { run, header, config, checkpoint })
        };
        run_directories(dir)?.iter().map(open).collect()
    }

    /// Opens the first seed in `dir`.
    pub fn open<A: App<Config = C>>(dir: &Path) -> Result<Self> {
        let first = run_directories(dir)?.swap_remove(0);
        Ok(Self::open_all::<A>(&first)?.swap_remove(0))
    }

    /// The average of the weights, or the weights where none is kept, as tensors that no gradient
    /// follows.
    pub fn weights(&self, device: &Device) -> Result<candle_nn::VarBuilder<'static>> {
        let averaged = !self.checkpoint.part("average")?.is_empty();
        let part = if averaged { "average" } else { "model" };
        Ok(crate::layers::frozen_builder(self.checkpoint.tensors(part, device)?))
    }
}

/// Set by the first Ctrl-C; the second one ends the process at once.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The whole `main` of an app.
pub fn main<A: App>() -> ExitCode {
    generativa_kernels::prepare_process();
    // Fails only where a handler is set already, which a test may have done.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    // Backward and drop recurse along the graph, deeper than a default stack allows.
    let thread = std::thread::Builder::new().stack_size(256 << 20);
    let result = thread.spawn(|| run::<A>(std::env::args_os())).map(|handle| handle.join());
    let error = match result {
        Ok(Ok(Ok(()))) => return ExitCode::SUCCESS,
        Ok(Ok(Err(error))) => error,
        // The panic has printed its own message.
        Ok(Err(_)) => return ExitCode::FAILURE,
        Err(error) => anyhow::Error::new(error).context("cannot start the main thread"),
    };
    if exit::is_closed_pipe(&error) {
        // `maps sample | head`: the reader has seen enough.
        return ExitCode::SUCCESS;
    }
    eprintln!("{}: {error:#}", A::NAME);
    ExitCode::from(error.downcast_ref::<Exit>().map_or(1, Exit::code))
}

/// [`main`] without the process: tests call it with their own arguments. The first is the
/// program's name.
pub fn run<A: App>(args: impl IntoIterator<Item = OsString>) -> Result<()> {
    let command = options::Cli::<A>::command().name(A::NAME).about(A::ABOUT);
    let cli =
        command.try_get_matches_from(args).and_then(|m| options::Cli::<A>::from_arg_matches(&m));
    let cli = match cli {
        Ok(cli) => cli,
        // Help and version are no mistakes; clap knows where to print and how to exit.
        Err(error) => error.exit(),
    };
    cli.shared.start()?;
    verbs::run::<A>(cli.verb, &cli.shared)
}
