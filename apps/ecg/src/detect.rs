//! `detect`: the beats of recordings, the odd ones with their reasons.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use generativa::cli::{Exit, RunChoice, Shared, Trained, for_each};
use generativa::run::file::create_folder;
use generativa_datasets::recording::Options as Reading;

use crate::Ecg;
use crate::deliver::{WARNING, deliver, file_name};
use crate::follow::Judge;
use crate::survey::Survey;

/// Odd beats that a page shows.
const SHOWN: usize = 12;

/// How a recording is read, as flags.
#[derive(Args, Debug)]
pub struct Source {
    /// The lead to judge, by name or number from 1 [default: the first]; peaks are looked for in all
    #[arg(long, value_name = "LEAD")]
    pub lead: Option<String>,
    /// Samples a second, for tables that do not say their times
    #[arg(long, value_name = "HZ")]
    pub frequency: Option<f64>,
    /// Share of normal beats that may raise an alarm [default: that of the run]
    #[arg(long, value_name = "SHARE")]
    pub alarm_rate: Option<f64>,
    /// The model.
    #[command(flatten)]
    pub run: RunChoice,
}

/// Flags of `detect`.
#[derive(Args, Debug)]
pub struct Options {
    /// Recordings: WFDB (.hea), EDF (.edf), tables (.csv, .tsv, .txt), sound (.wav)
    #[arg(value_name = "RECORDING", required = true)]
    recordings: Vec<PathBuf>,
    #[command(flatten)]
    source: Source,
    /// Where tables, annotations and pages go
    #[arg(long, value_name = "DIR", default_value = "out/ecg")]
    out: PathBuf,
}

impl Source {
    /// The model with its threshold.
    pub fn judge(&self) -> Result<Judge> {
        Judge::open(&Trained::open::<Ecg>(&self.run.dir::<Ecg>())?, self.alarm_rate)
    }

    /// How the file is read.
    pub fn reading(&self) -> Reading {
        Reading { frequency: self.frequency, leads: Vec::new() }
    }
}

/// Judges recordings: a page, a table and annotations each.
///
/// # Errors
/// No recording could be judged, or some could not ([`Exit::Partial`](generativa::cli::Exit)).
pub fn detect(options: &Options, shared: &Shared) -> Result<()> {
    let judge = options.source.judge()?;
    create_folder(&options.out)?;
    keep_apart(options)?;
    shared.remark(WARNING);
    for_each(&options.recordings, |path| {
        one(&judge, path, options, shared)
            .with_context(|| format!("cannot judge {}", path.display()))
    })
}

/// Refuses to write over a recording, its annotations, or the results of another one.
fn keep_apart(options: &Options) -> Result<()> {
    let real = |path: &Path| path.canonicalize().ok();
    let mut names = BTreeMap::new();
    for path in &options.recordings {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = real(folder.unwrap_or(Path::new(".")));
        if folder.is_some() && folder == real(&options.out) {
            bail!(Exit::Usage(format!(
                "--out {}: the folder of {} itself, whose files would be overwritten; choose \
                 another",
                options.out.display(),
                path.display()
            )));
        }
        if let Some(other) = names.insert(file_name(path), path) {
            bail!(Exit::Usage(format!(
                "{} and {} have one name, so the results of one would replace those of the other; \
                 judge them apart, each with an --out of its own",
                other.display(),
                path.display()
            )));
        }
    }
    Ok(())
}

fn one(judge: &Judge, path: &Path, options: &Options, shared: &Shared) -> Result<()> {
    let reading = options.source.reading();
    let survey = Survey::of(judge, path, &reading, options.source.lead.as_deref(), SHOWN)?;
    if !survey.left_out.is_empty() {
        shared.remark(&format!("{}: not read: {}", path.display(), survey.left_out.join(", ")));
    }
    let page = deliver(judge, &survey, (path, &reading), &options.out)?;
    if shared.json {
        let line = serde_json::json!({
            "recording": survey.name,
            "seconds": survey.seconds(),
            "lead": survey.leads[survey.lead],
            "beats": survey.lines.len(),
            "judged": survey.judged(),
            "alarms": survey.alarms(),
            "asked": judge.asked,
            "expected": judge.threshold.rate,
            "expected_of_patients": judge.between_patients(),
            "heart_rate": survey.heart_rate(),
            "usable": survey.usable,
            "mv_per_unit": survey.scale,
            "page": page.display().to_string(),
            "notice": WARNING,
        });
        return shared.print(&line.to_string());
    }
    shared.print(&format!(
        "{}: {} beats, {} alarms of {} judged (asked {:.2} %)  {}",
        survey.name,
        survey.lines.len(),
        survey.alarms(),
        survey.judged(),
        100.0 * judge.asked,
        page.display()
    ))
}
