//! `train`, `sample`, `evaluate`, `report` and `demo`, the same for every app.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::exit::{DeviceChoice, Exit};
use super::settings::resolve;
use super::{App, Job, Preset, Shared, Trained};
use crate::report::curves::{charts, read_log};
use crate::report::page::headlines;
use crate::report::{Page, Table, readme};
use crate::run::evaluation::{Evaluation, Row};
use crate::run::file::create_folder;
use crate::run::machine::{Machine, revision};
use crate::run::{Header, Run};
use crate::train::session::Outcome;

/// What an app can do.
#[derive(Subcommand)]
pub enum Verb<A: App> {
    /// Train a model
    Train(Train),
    /// Draw samples from a trained model
    Sample(Sample<A>),
    /// Score a run beside its baselines
    Evaluate(Evaluate<A>),
    /// Write a run's page, report.html
    Report(RunChoice),
    /// Train, sample, evaluate and report on embedded data
    Demo(Demo),
    /// The app's own verbs
    #[command(flatten)]
    Own(A::Verb),
}

/// Flags of `train`.
#[derive(Args, Debug)]
pub struct Train {
    /// How large a run
    #[arg(long, value_enum, default_value = "quick")]
    preset: Preset,
    /// Data set, by name or path [default: made by the embedded simulator]
    #[arg(long, value_name = "NAME|PATH")]
    data: Option<String>,
    /// Part of the data set, for instance a game
    #[arg(long, requires = "data")]
    subset: Option<String>,
    /// Seed of everything random
    #[arg(long, default_value_t = 1, conflicts_with = "seeds")]
    seed: u64,
    /// Several seeds, from and to included
    #[arg(long, value_name = "FROM..TO")]
    seeds: Option<SeedRange>,
    /// Where the run goes [default: runs/APP/PRESET]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Continue what is there
    #[arg(long)]
    resume: bool,
    /// Settings file, laid over the preset
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, for instance training.steps=500
    #[arg(long = "set", value_name = "KEY=VALUE")]
    assignments: Vec<String>,
    /// Print the settings and stop
    #[arg(long)]
    dry_run: bool,
}

/// Flags of `sample`.
#[derive(Args)]
pub struct Sample<A: App> {
    #[command(flatten)]
    run: RunChoice,
    #[command(flatten)]
    own: A::Sample,
}

/// Flags of `evaluate`.
#[derive(Args)]
pub struct Evaluate<A: App> {
    /// Folder of a run, or of one of its seeds; may be given several times [default:
    /// runs/APP/quick]
    #[arg(long = "run", value_name = "DIR")]
    runs: Vec<PathBuf>,
    /// Keep the results of all runs together as the app's committed evaluation.json
    #[arg(long)]
    record: bool,
    #[command(flatten)]
    own: A::Evaluate,
}

/// What an app takes that has no flags of its own for a verb.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NoFlags {}

/// Which run.
#[derive(Args, Debug)]
pub struct RunChoice {
    /// Folder of the run, or of one of its seeds [default: runs/APP/quick]
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
}

/// Flags of `demo`.
#[derive(Args, Debug)]
pub struct Demo {
    /// Where everything goes [default: out/demo/APP]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// `1..5`: the seeds 1, 2, 3, 4 and 5.
#[derive(Clone, Copy, Debug)]
struct SeedRange(u64, u64);

impl std::str::FromStr for SeedRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let pair = text
            .split_once("..")
            .and_then(|(from, to)| Some((from.parse::<u64>().ok()?, to.parse::<u64>().ok()?)));
        match pair {
            Some((from, to)) if from <= to => Ok(Self(from, to)),
            _ => Err(format!("expected FROM..TO like 1..5, found `{text}`")),
        }
    }
}

impl RunChoice {
    /// The folder chosen.
    pub fn dir<A: App>(&self) -> PathBuf {
        self.run.clone().unwrap_or_else(|| default_out::<A>(Preset::Quick))
    }
}

fn default_out<A: App>(preset: Preset) -> PathBuf {
    Path::new("runs").join(A::NAME).join(preset.name())
}

pub(super) fn run<A: App>(verb: Verb<A>, shared: &Shared) -> Result<()> {
    if shared.device != DeviceChoice::Cpu && !matches!(verb, Verb::Train(_) | Verb::Demo(_)) {
        shared.remark("--device is for training; this runs on the processor");
    }
    match verb {
        Verb::Train(options) => train::<A>(&options, shared),
        Verb::Sample(Sample { run, own }) => {
            A::sample(&Trained::open::<A>(&run.dir::<A>())?, &own, shared)
        }
        Verb::Evaluate(options) => evaluate::<A>(&options, shared),
        Verb::Report(options) => report::<A>(&options.dir::<A>(), shared),
        Verb::Demo(options) => demo::<A>(&options, shared),
        Verb::Own(verb) => A::verb(verb, shared),
    }
}

fn train<A: App>(options: &Train, shared: &Shared) -> Result<()> {
    let mut assignments = options.assignments.clone();
    for (key, value) in [("data.name", &options.data), ("data.subset", &options.subset)] {
        assignments.extend(value.as_ref().map(|value| format!("{key}={value}")));
    }
    let over = |preset: &A::Config| resolve(preset, options.config.as_deref(), &assignments);
    // A preset depends on the data, which flags and file may name.
    let [data, subset] = data_of(&over(&A::preset(options.preset, "", ""))?)?;
    let config: A::Config = over(&A::preset(options.preset, &data, &subset))?;
    if options.dry_run {
        return shared.print(toml::to_string_pretty(&config)?.trim_end());
    }
    let out = options.out.clone().unwrap_or_else(|| default_out::<A>(options.preset));
    let SeedRange(from, to) = options.seeds.unwrap_or(SeedRange(options.seed, options.seed));
    for seed in from..=to {
        let preset = options.preset.name().to_owned();
        let header = Header { app: A::NAME.to_owned(), preset, seed };
        train_seed::<A>(&out, &header, &config, options.resume, shared)?;
    }
    shared.print(&out.display().to_string())
}

/// `data.name` and `data.subset` of a config, see [`App::Config`].
fn data_of(config: &impl serde::Serialize) -> Result<[String; 2]> {
    let table = toml::Table::try_from(config).context("the config is not a table")?;
    let data = table.get("data").context("the config has no table `data`")?;
    let text = |key: &str| data.get(key).and_then(toml::Value::as_str).unwrap_or_default();
    Ok([text("name"), text("subset")].map(str::to_owned))
}

fn train_seed<A: App>(
    out: &Path,
    header: &Header,
    config: &A::Config,
    resume: bool,
    shared: &Shared,
) -> Result<()> {
    // Before anything is written: a device that is not there is found at once.
    let device = shared.device.open()?;
    let dir = out.join(format!("seed-{}", header.seed));
    let run = Run::create(&dir, header, config, resume)?;
    match A::train(&Job { run: &run, header, config, shared, resume, device })? {
        Outcome::Finished { seconds } => {
            shared.remark(&format!("{}: trained in {seconds:.0} s", dir.display()));
            Ok(())
        }
        Outcome::Stopped { step } => {
            let text = format!("saved step {step} in {}; continue with --resume", dir.display());
            Err(Exit::Interrupted(text).into())
        }
    }
}

fn evaluate<A: App>(options: &Evaluate<A>, shared: &Shared) -> Result<()> {
    let Evaluate { runs, record, own } = options;
    let started = Instant::now();
    let usual = [default_out::<A>(Preset::Quick)];
    let runs = if runs.is_empty() { &usual[..] } else { &runs[..] };
    // All are opened before the first is scored: a mistyped name is found at once.
    let opened = runs.iter().map(|run| Trained::open_all::<A>(run)).collect::<Result<Vec<_>>>()?;
    let mut data = Vec::new();
    for (run, trained) in runs.iter().zip(&opened) {
        let config = &trained.first().context("a run has at least one seed")?.config;
        // All that says which data: other columns or days of one table are others. An app with several
        // methods has a table of figures for each.
        let mut settings = toml::Table::try_from(config).context("a config is a table")?;
        let named = ["data", "method"].map(|key| settings.remove(key));
        if data.contains(&named) {
            let text = format!("{}: another run given is of the same data", run.display());
            return Err(Exit::Usage(text).into());
        }
        data.push(named);
    }
    let mut all = evaluation::<A>(runs, own, Vec::new())?;
    for (run, trained) in runs.iter().zip(opened) {
        let rows = A::evaluate(&trained, own, shared)?;
        let one = evaluation::<A>(std::slice::from_ref(run), own, rows)?;
        one.write(&run.join("evaluation.json"))?;
        all.rows.extend(one.rows);
        all.check()?; // not after the hours that other runs may take
    }
    if *record {
        all.write(&Path::new("apps").join(A::NAME).join("evaluation.json"))?;
        readme::update(Path::new("."), &all)?;
    }
    shared.remark(&format!("evaluated in {:.0} s", started.elapsed().as_secs_f64()));
    if shared.json {
        return shared.print(&serde_json::to_string_pretty(&all)?);
    }
    // Where nobody watches, a width that most windows have.
    let width = terminal_size::terminal_size().map_or(110, |(width, _)| usize::from(width.0));
    let tables: Vec<String> = Table::by_data(&all.rows)
        .iter()
        .map(|table| table.terminal(width).trim_end().to_owned())
        .collect();
    shared.print(&tables.join("\n\n"))
}

/// A record of `runs`, made here and now.
fn evaluation<A: App>(runs: &[PathBuf], own: &A::Evaluate, rows: Vec<Row>) -> Result<Evaluation> {
    let runs: String = runs.iter().map(|run| format!(" --run {}", run.display())).collect();
    let own = flags(own)?;
    Ok(Evaluation {
        app: A::NAME.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command: format!("just {} evaluate{own}{runs}", A::NAME),
        revision: revision(),
        machine: Machine::here(),
        rows,
    })
}

/// Flags as they are typed, from their fields; those that were not given are left out.
fn flags(given: &impl Serialize) -> Result<String> {
    let table = toml::Table::try_from(given).context("flags are not a table")?;
    let flag = |(name, value): (&String, &toml::Value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // A shell would take a blank as the end of the value.
        let quote = if value.contains(char::is_whitespace) { "'" } else { "" };
        format!(" --{} {quote}{value}{quote}", name.replace('_', "-"))
    };
    Ok(table.iter().map(flag).collect())
}

fn report<A: App>(dir: &Path, shared: &Shared) -> Result<()> {
    let trained = Trained::open_all::<A>(dir)?;
    let first = trained.first().context("a run has at least one seed")?;
    let evaluation = dir.join("evaluation.json");
    let evaluation = evaluation.is_file().then(|| Evaluation::read(&evaluation)).transpose()?;
    let config = first.run.config();
    let config = std::fs::read_to_string(&config)
        .with_context(|| format!("cannot read {}", config.display()))?;
    let verb = |verb: &str| format!("just {} {verb} --run {}", A::NAME, dir.display());
    let train = format!(
        "just {} train --config {} --seed {} --out NEW",
        A::NAME,
        first.run.config().display(),
        first.header.seed
    );
    let logs = trained
        .iter()
        .map(|one| Ok((format!("seed {}", one.header.seed), read_log(&one.run.metrics())?)));
    let page = Page {
        headlines: evaluation.as_ref().map_or(Vec::new(), |all| headlines(all, HEADLINES)),
        charts: charts(&logs.collect::<Result<Vec<_>>>()?),
        config,
        commands: vec![train, verb("evaluate"), verb("report")],
        evaluation,
        ..A::page(&trained)?
    };
    let path = dir.join("report.html");
    page.write(&path)?;
    shared.print(&path.display().to_string())
}

/// Figures at the top of a page.
const HEADLINES: usize = 4;

fn demo<A: App>(options: &Demo, shared: &Shared) -> Result<()> {
    let out = options.out.clone().unwrap_or_else(|| Path::new("out/demo").join(A::NAME));
    create_folder(&out)?;
    let preset = Preset::Quick;
    let header = Header { app: A::NAME.into(), preset: preset.name().into(), seed: 1 };
    train_seed::<A>(&out, &header, &A::preset(preset, "", ""), true, shared)?;
    let options =
        Evaluate::<A> { runs: vec![out.clone()], record: false, own: A::Evaluate::default() };
    evaluate::<A>(&options, shared)?;
    report::<A>(&out, shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_names_the_flags_that_were_given_and_no_others() -> Result<()> {
        #[derive(Serialize)]
        struct Own {
            data: Option<&'static str>,
            first_lead: Option<u8>,
            quick: Option<&'static str>,
        }
        let own = Own { data: Some("my beats"), first_lead: Some(2), quick: None };
        assert_eq!(flags(&own)?, " --data 'my beats' --first-lead 2");
        assert_eq!(flags(&NoFlags {})?, "");
        Ok(())
    }
}
