//! By how much the memory of a process grows during training steps, in a process of its own: what
//! earlier cases left behind would otherwise serve again.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{Case, Work};

/// Steps that the peak is taken over.
pub(crate) const STEPS: usize = 3;

/// The growth of a case in MiB, measured by a process of this program.
pub(crate) fn of(case: &Case) -> Result<f64> {
    let output =
        Command::new(std::env::current_exe()?).args(["--memory-of", case.name]).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    text.trim().parse().with_context(|| format!("the growth of memory is `{}`", text.trim()))
}

/// Peak of the resident memory over some steps beyond what was there before the first, MiB.
pub(crate) fn grown(work: &mut Work) -> Result<f64> {
    fs::write("/proc/self/clear_refs", "5").context("Linux alone can forget a peak")?;
    let before = status("VmRSS:")?;
    for _ in 0..STEPS {
        work()?;
    }
    Ok(status("VmHWM:")? - before)
}

/// A line of Linux's account of this process, MiB.
fn status(line: &str) -> Result<f64> {
    let text = fs::read_to_string("/proc/self/status").context("memory is known on Linux only")?;
    let value = text.lines().find_map(|all| all.strip_prefix(line));
    let kib = value.and_then(|value| value.trim().strip_suffix("kB"));
    let kib = kib.with_context(|| format!("no `{line}` in /proc/self/status"))?;
    Ok(kib.trim().parse::<f64>()? / 1024.0)
}
