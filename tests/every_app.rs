//! Each app, run as its users run it, at the tiny preset on embedded data.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};

use crate::places::workspace;

pub(crate) type Checked = Result<(), Failed>;
type Check = fn(&str) -> Checked;

/// Folders of `apps/` that are tools, not models.
const TOOLS: [&str; 1] = ["suite"];

/// All trials of all apps.
pub(crate) fn trials() -> Vec<Trial> {
    let checks: [(&str, Check); 6] = [
        ("trains_samples_evaluates_and_reports", whole_life),
        ("a_seed_repeats_every_byte_whatever_the_threads", repeats),
        ("a_killed_run_resumes_to_the_same_bytes", survives_a_kill),
        ("refuses_what_it_cannot_read_in_one_line", refuses),
        ("a_usage_mistake_ends_with_code_2", usage),
        ("a_damaged_checkpoint_is_named", damaged),
    ];
    let mut trials = Vec::new();
    for app in apps() {
        for (name, check) in checks {
            let app = app.clone();
            trials.push(Trial::test(format!("{app}::{name}"), move || check(&app)));
        }
    }
    trials
}

fn whole_life(app: &str) -> Checked {
    let folder = tempfile::tempdir()?;
    let run = text(&folder.path().join("run"));
    passes(app, &["train", "--preset", "tiny", "--seeds", "1..2", "--out", &run])?;
    let sampled = passes(app, &["sample", "--run", &run])?;
    if sampled.stdout.is_empty() {
        return Err("sample printed nothing".into());
    }
    let evaluated = passes(app, &["evaluate", "--run", &run, "--json"])?;
    let record: serde_json::Value = serde_json::from_slice(&evaluated.stdout)?;
    let rows = record["rows"].as_array().map_or(0, Vec::len);
    let seeds = record["rows"][0]["seeds"].clone();
    if rows == 0 || seeds != serde_json::json!([1, 2]) {
        return Err(format!("{rows} rows, seeds {seeds}").into());
    }
    passes(app, &["report", "--run", &run])?;
    let page = fs::read_to_string(folder.path().join("run/report.html"))?;
    for part in ["<svg", "<figure", "<table"] {
        if !page.contains(part) {
            return Err(format!("report.html has no {part}").into());
        }
    }
    Ok(())
}

fn repeats(app: &str) -> Checked {
    let folder = tempfile::tempdir()?;
    let mut runs = Vec::new();
    for threads in ["1", "2", "3"] {
        let run = folder.path().join(threads);
        let out = text(&run);
        passes(app, &["train", "--preset", "tiny", "--out", &out, "--threads", threads])?;
        let sampled = passes(app, &["sample", "--run", &out, "--threads", threads])?;
        runs.push((kept_files(&run)?, sampled.stdout));
    }
    if runs[0].0.len() < 5 {
        return Err(format!("only {:?} to compare", runs[0].0.keys()).into());
    }
    if let Some(other) = runs.iter().find(|run| **run != runs[0]) {
        return Err(format!("files differ: {:?}", differing(&runs[0].0, &other.0)).into());
    }
    Ok(())
}

fn survives_a_kill(app: &str) -> Checked {
    let folder = tempfile::tempdir()?;
    let (straight, killed) = (folder.path().join("straight"), folder.path().join("killed"));
    let train = |out: &Path| -> Vec<String> {
        ["train", "--preset", "tiny", "--resume", "--quiet", "--out", &text(out)]
            .map(str::to_owned)
            .into()
    };
    passes(app, &train(&straight))?;
    // Killed twice: once as soon as there is a checkpoint, and once more at any instant.
    for wait in [Duration::ZERO, Duration::from_millis(120)] {
        let mut child = start(app, &train(&killed))?;
        await_checkpoint(&killed, &mut child)?;
        thread::sleep(wait);
        child.kill()?;
        child.wait()?;
    }
    passes(app, &train(&killed))?;
    let (straight, killed) = (kept_files(&straight)?, kept_files(&killed)?);
    if straight != killed {
        return Err(format!("files differ: {:?}", differing(&straight, &killed)).into());
    }
    Ok(())
}

fn refuses(app: &str) -> Checked {
    let folder = tempfile::tempdir()?;
    let nothing = text(&folder.path().join("nothing"));
    for (arguments, named) in [
        (vec!["sample", "--run", nothing.as_str()], "no run at"),
        (vec!["evaluate", "--run", nothing.as_str()], "no run at"),
        (
            vec!["train", "--preset", "tiny", "--data", "no-such-set", "--out", &nothing],
            "no-such-set",
        ),
        (
            vec!["train", "--preset", "tiny", "--out", "/dev/null/run"],
            "cannot create /dev/null/run",
        ),
    ] {
        fails(app, &arguments, 1, named)?;
    }
    Ok(())
}

fn usage(app: &str) -> Checked {
    for (arguments, named) in [
        (vec!["train", "--preset", "huge"], "possible values"),
        (vec!["train", "--set", "training.stepz=1"], "there is no setting `training.stepz`"),
        (vec!["train", "--seeds", "5..1"], "FROM..TO"),
    ] {
        fails(app, &arguments, 2, named)?;
    }
    Ok(())
}

fn damaged(app: &str) -> Checked {
    let folder = tempfile::tempdir()?;
    let run = text(folder.path());
    passes(app, &["train", "--preset", "tiny", "--out", &run])?;
    fails(app, &["train", "--preset", "tiny", "--out", &run], 1, "--resume")?;

    let checkpoints = folder.path().join("seed-1/checkpoints");
    for entry in fs::read_dir(checkpoints)? {
        let file = entry?.path().join("average.safetensors");
        let mut bytes = fs::read(&file)?;
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&file, bytes)?;
    }
    fails(app, &["sample", "--run", &run], 1, "average.safetensors is damaged")
}

/// Apps by name: every folder of `apps/` that trains a model.
fn apps() -> Vec<String> {
    let folders = fs::read_dir(workspace().join("apps")).into_iter().flatten().flatten();
    let names = folders.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.filter(|name| !TOOLS.contains(&name.as_str())).collect();
    names.sort();
    names
}

pub(crate) fn command(
    app: &str,
    arguments: &[impl AsRef<std::ffi::OsStr>],
) -> Result<Command, Failed> {
    // Tests run from target/<profile>/deps, apps lie one folder up.
    let test = std::env::current_exe()?;
    let built = test.ancestors().nth(2).ok_or("the test has no target folder")?;
    let binary = built.join(format!("{app}{}", std::env::consts::EXE_SUFFIX));
    if !binary.is_file() {
        return Err(format!("{} is not built; run `just test`", binary.display()).into());
    }
    let mut command = Command::new(binary);
    command.args(arguments).env_remove("GENERATIVA_THREADS").stdin(Stdio::null());
    Ok(command)
}

fn start(app: &str, arguments: &[impl AsRef<std::ffi::OsStr>]) -> Result<Child, Failed> {
    Ok(command(app, arguments)?.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
}

pub(crate) fn passes(
    app: &str,
    arguments: &[impl AsRef<std::ffi::OsStr> + std::fmt::Debug],
) -> Result<Output, Failed> {
    let output = command(app, arguments)?.output()?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{app} {arguments:?} ended with {}: {stderr}", output.status).into());
    }
    Ok(output)
}

/// The command must end with `code`, without a panic, and its last line must say `named`.
fn fails(app: &str, arguments: &[&str], code: i32, named: &str) -> Checked {
    let output = command(app, arguments)?.output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    if output.status.code() != Some(code) {
        return Err(
            format!("{arguments:?} ended with {}, not {code}: {stderr}", output.status).into()
        );
    }
    if !stderr.contains(named) || stderr.contains("panicked") {
        return Err(format!("{arguments:?} should name `{named}`: {stderr}").into());
    }
    Ok(())
}

fn await_checkpoint(run: &Path, child: &mut Child) -> Checked {
    let begun = Instant::now();
    let whole = |path: PathBuf| path.join("checkpoint.json").is_file();
    loop {
        let checkpoints =
            fs::read_dir(run.join("seed-1/checkpoints")).into_iter().flatten().flatten();
        if checkpoints.map(|entry| entry.path()).any(whole) || child.try_wait()?.is_some() {
            return Ok(());
        }
        if begun.elapsed() > Duration::from_secs(120) {
            return Err("no checkpoint after two minutes".into());
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Everything that a seed must repeat, by path: all files but the wall clock and the lock.
fn kept_files(run: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, Failed> {
    let mut files = BTreeMap::new();
    let mut folders = vec![run.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name != "timing.jsonl" && name != ".lock" {
                files.insert(path.strip_prefix(run)?.to_owned(), fs::read(&path)?);
            }
        }
    }
    Ok(files)
}

fn differing(
    first: &BTreeMap<PathBuf, Vec<u8>>,
    second: &BTreeMap<PathBuf, Vec<u8>>,
) -> Vec<PathBuf> {
    let names = first.keys().chain(second.keys());
    let mut names: Vec<_> =
        names.filter(|name| first.get(*name) != second.get(*name)).cloned().collect();
    names.sort();
    names.dedup();
    names
}

pub(crate) fn text(path: &Path) -> String {
    path.display().to_string()
}
