//! What the full report of a day costs: `detect` on a simulated day of two leads, as a program of
//! its own, so that nothing of `evaluate` counts.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use generativa::cli::{Shared, Trained};
use generativa::run::evaluation::{Kind, Row};
use generativa_datasets::simulators::ecg::{Settings, write};

use crate::config::Config;

/// The patient of the day.
const PATIENT: u64 = 8_000_000;

/// Seconds and memory of the report of `hours` of a belt recorder; none where that is 0.
pub(super) fn rows(trained: &[Trained<Config>], shared: &Shared) -> Result<Vec<Row>> {
    let Some(first) = trained.first() else { return Ok(Vec::new()) };
    let hours = first.config.evaluation.report_hours;
    if hours <= 0.0 {
        return Ok(Vec::new());
    }
    let folder = tempfile::tempdir().context("cannot make a folder for the day")?;
    let settings = Settings { seconds: 3600.0 * hours, ..Settings::holter(PATIENT) };
    let header = write(&settings, folder.path(), "day")?;
    shared.remark(&format!("report of {hours} hours"));
    let started = Instant::now();
    let mut child = start(first.run.dir(), &header, folder.path())?;
    let memory = watch(&mut child)?;
    let seconds = started.elapsed().as_secs_f64();
    let row = |metric: &str, unit: &str, value: f64, target: f64| Row {
        subject: "detect".into(),
        kind: Kind::Model,
        metric: metric.into(),
        unit: unit.into(),
        value,
        n: 1,
        target: Some(target),
        ..Row::default()
    };
    let mut rows = vec![row("report-seconds", &format!("s for {hours} h"), seconds, 30.0)];
    if let Some(mib) = memory {
        rows.push(row("report-memory", "MiB", mib, 150.0));
    }
    Ok(rows)
}

fn start(run: &Path, header: &Path, folder: &Path) -> Result<Child> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut command = Command::new(program);
    command.arg("detect").arg(header).arg("--quiet").arg("--run").arg(run);
    command.arg("--out").arg(folder.join("out")).stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn().context("cannot start `detect`")
}

/// Waits for the end and returns the most memory that was resident, MiB, where the system tells.
fn watch(child: &mut Child) -> Result<Option<f64>> {
    let status = format!("/proc/{}/status", child.id());
    let mut most = None;
    loop {
        // The system keeps the peak itself; it is gone with the process.
        if let Ok(text) = std::fs::read_to_string(&status) {
            most = peak(&text).or(most);
        }
        if let Some(ended) = child.try_wait().context("cannot wait for `detect`")? {
            ensure!(ended.success(), "`detect` on a simulated day ended with {ended}");
            return Ok(most);
        }
        sleep(Duration::from_millis(20));
    }
}

/// The peak in MiB that a status of a Linux process tells.
fn peak(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_from_a_status() {
        assert_eq!(peak("Name:\tecg\nVmHWM:\t   51200 kB\nVmRSS:\t 1 kB\n"), Some(50.0));
        assert_eq!(peak("Name:\tecg\n"), None);
    }
}
