//! Several small trainings at once: a small model cannot keep all cores busy, several can.

use std::sync::Mutex;
use std::thread;

use anyhow::{Result, anyhow};

/// Backward and drop recurse along the graph, deeper than a default stack allows.
const STACK: usize = 256 << 20;

/// Runs `jobs`, as many at once as there are threads to compute with, and returns what they
/// return, in their order. Results do not depend on the number of threads, since no job sees
/// another.
///
/// # Errors
/// The first error in the order of the jobs; all of them are run nevertheless.
pub fn side_by_side<T: Send, J: FnOnce() -> Result<T> + Send>(jobs: Vec<J>) -> Result<Vec<T>> {
    let count = jobs.len();
    let waiting = Mutex::new(jobs.into_iter().enumerate());
    let done: Mutex<Vec<Option<Result<T>>>> = Mutex::new((0..count).map(|_| None).collect());
    let work = || {
        loop {
            let next = waiting.lock().expect("no job is taken in a panic").next();
            let Some((place, job)) = next else { break };
            let result = job();
            done.lock().expect("no result is stored in a panic")[place] = Some(result);
        }
    };
    thread::scope(|scope| {
        let threads = rayon::current_num_threads().min(count);
        for _ in 0..threads {
            // The scope waits for its end.
            thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work)?;
        }
        std::io::Result::Ok(())
    })?;
    let done = done.into_inner().expect("no result is stored in a panic");
    done.into_iter()
        .map(|one| one.unwrap_or_else(|| Err(anyhow!("a training was cut off"))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_jobs() -> Result<()> {
        let found = side_by_side((0..9).map(|job| move || Ok(job * job)).collect())?;
        assert_eq!(found, (0..9).map(|job| job * job).collect::<Vec<_>>());
        Ok(())
    }

    #[test]
    fn the_first_failure_is_told() {
        let job = |job: u32| move || if job % 3 == 2 { Err(anyhow!("job {job}")) } else { Ok(()) };
        let error = side_by_side((0..9).map(job).collect()).expect_err("three fail");
        assert_eq!(error.to_string(), "job 2");
    }
}
