//! The housekeeping tool. Data goes to stdout, progress and messages to stderr.
//!
//! Exit codes: 0 ok, 1 failed, 2 usage, 3 finished but some inputs failed.

mod data;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use generativa_datasets::catalogue::Places;

/// Housekeeping for the suite.
#[derive(Parser)]
#[command(name = "suite", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Data sets: what there is, where it lies, whether it is sound
    #[command(subcommand)]
    Data(data::Command),
}

/// How a command ended, unless with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    SomeFailed,
    AllFailed,
}

fn main() -> ExitCode {
    let Arguments { command: Command::Data(command) } = Arguments::parse();
    // Written as it comes: a fetch takes long, and stdout may be a pipe.
    let (mut stdout, mut stderr) = (io::stdout().lock(), io::stderr().lock());
    match data::run(&command, &Places::from_environment(), &mut stdout, &mut stderr) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::AllFailed) => ExitCode::from(1),
        Ok(Outcome::SomeFailed) => ExitCode::from(3),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to tell it to where stderr fails too.
            let _ = writeln!(stderr, "suite: {error:#}");
            ExitCode::from(1)
        }
    }
}

/// `suite data list | head -1` is no failure.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    kind == Some(io::ErrorKind::BrokenPipe)
}
