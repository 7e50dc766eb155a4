//! `just bench`: how long single operations and whole training steps take and, with
//! `--against-pytorch`, how long PyTorch takes for the same, turn by turn in the same minutes.
//!
//! Machines are shared: a block of runs during which other programs took the processor is taken
//! again, and what remains disturbed is marked. Ratios are medians over pairs of blocks.

mod clock;
mod inference;
mod memory;
mod operations;
mod record;
mod steps;
mod twin;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;

use crate::clock::Block;
use crate::record::Measured;
use crate::twin::Twin;

/// Times operations and training steps, alone or beside PyTorch
#[derive(Parser)]
#[command(name = "just bench")]
struct Options {
    /// Run PyTorch's side too, pair by pair
    #[arg(long)]
    against_pytorch: bool,
    /// The Python that has PyTorch
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    python: PathBuf,
    /// Only cases whose name contains one of these
    #[arg(value_name = "NAME")]
    only: Vec<String>,
    /// Blocks of runs, or pairs of them, a case
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Seconds that a block takes at least
    #[arg(long, default_value_t = 0.4)]
    seconds: f64,
    /// Write the figures to BENCHMARKS.md; takes every case, beside PyTorch
    #[arg(long, requires = "against_pytorch", conflicts_with = "only")]
    record: bool,
    /// Prints by how many MiB the memory of one case grows.
    #[arg(long, hide = true)]
    memory_of: Option<String>,
    /// Says that cargo runs this as a benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// One run of what is measured.
type Work = Box<dyn FnMut() -> Result<()>>;

/// Something to measure.
struct Case {
    name: &'static str,
    /// What it does, for the table.
    about: &'static str,
    /// The most that its time may be, as a multiple of PyTorch's; `None` for a probe of the machine.
    target: Option<f64>,
    /// Whether the growth of memory counts too.
    memory: bool,
    make: fn() -> Result<Work>,
}

/// A pair is taken again where other programs had more than this share of the processors.
const DISTURBED: f64 = 0.08;
/// Attempts at a pair.
const ATTEMPTS: usize = 4;

fn main() -> ExitCode {
    generativa_kernels::prepare_process();
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let all = || [operations::cases(), steps::cases(), inference::cases()].into_iter().flatten();
    if let Some(name) = &options.memory_of {
        let case = all().find(|case| case.name == name).context("no case of this name")?;
        return record::print_memory(memory::grown(&mut (case.make)()?)?);
    }
    // candle counts its threads by the same variable, RAYON_NUM_THREADS, that sets these.
    let threads = rayon::current_num_threads();
    let chosen = |case: &Case| {
        options.only.is_empty() || options.only.iter().any(|part| case.name.contains(part.as_str()))
    };
    let cases: Vec<Case> = all().filter(chosen).collect();
    if cases.is_empty() {
        bail!("no case is called anything like `{}`", options.only.join("`, `"));
    }
    let twin = options.against_pytorch.then(|| Twin::start(&options.python, threads));
    let mut twin = twin.transpose()?;
    record::print_head(twin.is_some())?;
    let mut measured = Vec::new();
    for case in cases {
        let figures = measure(&case, options, twin.as_mut())
            .with_context(|| format!("case `{}`", case.name))?;
        let grown = match &mut twin {
            Some(twin) if case.memory => {
                Some([memory::of(&case)?, twin::grown(&options.python, threads, case.name)?])
            }
            _ => None,
        };
        let one = Measured { case, ours: figures.0, pairs: figures.1, grown };
        one.print()?;
        measured.push(one);
    }
    match twin.filter(|_| options.record) {
        Some(twin) => record::write(&measured, options, &twin.version, threads),
        None => Ok(()),
    }
}

/// Our blocks and, beside PyTorch, the pairs.
fn measure(
    case: &Case,
    options: &Options,
    mut twin: Option<&mut Twin>,
) -> Result<(Vec<Block>, Vec<[Block; 2]>)> {
    ensure!(options.seconds > 0.0, "--seconds takes a time above 0, found {}", options.seconds);
    let mut work = (case.make)()?;
    work()?;
    work()?;
    let (mut ours, mut pairs) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        for attempt in 1..=ATTEMPTS {
            let block = Block::of(&mut work, options.seconds)?;
            let theirs =
                twin.as_mut().map(|twin| twin.block(case.name, options.seconds)).transpose()?;
            let others = theirs.iter().chain([&block]).map(|block| block.others);
            if others.fold(0.0, f64::max) <= DISTURBED || attempt == ATTEMPTS {
                pairs.extend(theirs.map(|theirs| [block, theirs]));
                ours.push(block);
                break;
            }
        }
    }
    Ok((ours, pairs))
}
