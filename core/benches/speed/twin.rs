//! PyTorch's side, a Python program that waits for its turn.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::clock::{Block, Watch};

/// The program; it ends with its standard input.
pub(crate) struct Twin {
    process: Child,
    asked: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// PyTorch's version.
    pub(crate) version: String,
    /// The case that is warm.
    warm: String,
}

/// By how much the memory of a case grows in a fresh process, MiB.
pub(crate) fn grown(python: &Path, threads: usize, name: &str) -> Result<f64> {
    #[derive(Deserialize)]
    struct Grown {
        grown: f64,
    }
    let mut twin = Twin::start(python, threads)?;
    let grown: Grown = twin.ask(&format!("{name} memory"))?;
    Ok(grown.grown)
}

#[derive(Deserialize)]
struct Hello {
    version: String,
}

#[derive(Deserialize)]
struct Answer {
    times: Vec<f64>,
    cpu: f64,
}

impl Twin {
    /// Starts it with `python`.
    pub(crate) fn start(python: &Path, threads: usize) -> Result<Self> {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/speed/twin/main.py");
        let mut process = Command::new(python)
            .arg(program)
            .arg(threads.to_string())
            // What `prepare_process` does for us.
            .envs([
                ("MALLOC_ARENA_MAX", "1"),
                ("MALLOC_MMAP_MAX_", "0"),
                ("MALLOC_TRIM_THRESHOLD_", "-1"),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", python.display()))?;
        let asked = process.stdin.take();
        let answers = process.stdout.take().context("the twin's output is piped")?;
        let mut twin = Self {
            process,
            asked,
            answers: BufReader::new(answers),
            version: String::new(),
            warm: String::new(),
        };
        let hello: Hello = twin.answer().context(
            "the Python side did not start; name a Python that has PyTorch by --python PROGRAM",
        )?;
        twin.version = hello.version;
        Ok(twin)
    }

    /// A block of runs of a case.
    pub(crate) fn block(&mut self, name: &str, seconds: f64) -> Result<Block> {
        if self.warm != name {
            // The first block pays for making the case.
            self.ask::<Answer>(&format!("{name} 0"))?;
            self.warm = name.to_owned();
        }
        let watch = Watch::start();
        let answer: Answer = self.ask(&format!("{name} {seconds}"))?;
        Ok(watch.block(&answer.times, Duration::from_secs_f64(answer.cpu)))
    }

    fn ask<T: DeserializeOwned>(&mut self, question: &str) -> Result<T> {
        let asked = self.asked.as_mut().context("the twin's input is piped")?;
        writeln!(asked, "{question}")?;
        asked.flush()?;
        self.answer()
    }

    fn answer<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line)?;
        ensure!(read > 0, "PyTorch's side ended; its own message stands above");
        serde_json::from_str(&line).with_context(|| format!("PyTorch's side said `{line}`"))
    }
}

impl Drop for Twin {
    fn drop(&mut self) {
        // The end of its input ends it; what it says then no longer matters.
        self.asked = None;
        let _ = self.process.wait();
    }
}
