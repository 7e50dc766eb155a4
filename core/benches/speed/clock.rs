//! A block of runs, how long they took, and who else was at work meanwhile.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::Result;
use cpu_time::ProcessTime;
use generativa::metrics::quantile::median;

use crate::Work;

/// What a block of runs took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    /// Median of the runs, milliseconds.
    pub(crate) median: f64,
    /// Processors that the runs kept busy, on average.
    pub(crate) busy: f64,
    /// Share of all processors that other programs, or other guests of the host, took; 0 where the
    /// system does not tell.
    pub(crate) others: f64,
}

impl Block {
    /// Runs `work` for at least so many seconds, and at least three times.
    pub(crate) fn of(work: &mut Work, seconds: f64) -> Result<Self> {
        let (watch, processor) = (Watch::start(), ProcessTime::now());
        let mut times = Vec::new();
        while times.len() < 3 || watch.elapsed() < seconds {
            let before = Instant::now();
            work()?;
            times.push(1e3 * before.elapsed().as_secs_f64());
        }
        Ok(watch.block(&times, processor.elapsed()))
    }
}

/// Began with a block, so that it can tell what happened during it.
pub(crate) struct Watch {
    started: Instant,
    /// Seconds that all processors together were busy.
    busy: Option<f64>,
}

impl Watch {
    pub(crate) fn start() -> Self {
        Self { started: Instant::now(), busy: busy_seconds() }
    }

    fn elapsed(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// The block that ends now. `times`: milliseconds of its runs; `processor`: the processor time
    /// of the program that ran them.
    pub(crate) fn block(&self, times: &[f64], processor: Duration) -> Block {
        let (elapsed, own) = (self.elapsed(), processor.as_secs_f64());
        let all = std::thread::available_parallelism().map_or(1.0, |count| count.get() as f64);
        let busy = self.busy.zip(busy_seconds()).map(|(before, after)| after - before);
        let others = busy.map_or(0.0, |busy| (busy - own).max(0.0) / (elapsed * all));
        Block { median: median(times), busy: own / elapsed, others }
    }
}

/// Seconds since the start of the machine that its processors were not idle, from Linux's
/// `/proc/stat`; stolen time counts.
fn busy_seconds() -> Option<f64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let ticks: Vec<f64> =
        text.lines().next()?.split_whitespace().skip(1).filter_map(|n| n.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal; guests are part of user.
    let busy = ticks.iter().take(8).enumerate().filter(|(place, _)| !matches!(place, 3 | 4));
    const TICKS_A_SECOND: f64 = 100.0;
    Some(busy.map(|(_, ticks)| ticks).sum::<f64>() / TICKS_A_SECOND)
}
