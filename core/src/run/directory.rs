//! One seed's folder: its config, its log, the lock that keeps a second writer out.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::file::{create_folder, write_atomically};

/// What made a run, beside the app's own config: the table `[run]` of `config.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Name of the app.
    pub app: String,
    /// Preset that the config started from.
    pub preset: String,
    /// Decides initial weights, order of the data and noise.
    pub seed: u64,
}

/// A folder with one trained, or half-trained, model.
pub struct Run {
    dir: PathBuf,
    /// Held while this value lives; the lock goes with the process, however it ends.
    _lock: Option<File>,
}

impl Run {
    /// Starts a run in `dir`, saving its config first so that even a crash leaves a record. With
    /// `resume` an existing run is continued, provided that its config is the same.
    ///
    /// # Errors
    /// A run that has begun without `resume`, or with another config; one that another process is
    /// training.
    pub fn create(
        dir: &Path,
        header: &Header,
        config: &impl Serialize,
        resume: bool,
    ) -> Result<Self> {
        create_folder(dir)?;
        let run = Self { dir: dir.to_owned(), _lock: Some(lock(dir)?) };
        let mut table = toml::Table::try_from(config).context("the config is not a table")?;
        table.insert("run".into(), toml::Value::try_from(header)?);
        let text = toml::to_string_pretty(&table)?;
        let path = run.config();
        match fs::read_to_string(&path) {
            Err(_) => write_atomically(&path, text.as_bytes())?,
            // One that ended before its first step, for want of data perhaps, holds nothing to lose.
            Ok(_) if !run.has_begun() => write_atomically(&path, text.as_bytes())?,
            Ok(_) if !resume => bail!(
                "{} already holds a run; continue it with --resume, or choose another --out",
                dir.display()
            ),
            Ok(old) if old != text => bail!(
                "{} was started with other settings ({}); resume it with the same ones, or choose \
                 another --out",
                dir.display(),
                first_difference(&old, &text)
            ),
            Ok(_) => {}
        }
        Ok(run)
    }

    /// Opens a run to read it.
    ///
    /// # Errors
    /// No `config.toml`, one that does not parse, or one of another app.
    pub fn open<C: DeserializeOwned>(dir: &Path, app: &str) -> Result<(Self, Header, C)> {
        let run = Self { dir: dir.to_owned(), _lock: None };
        let path = run.config();
        let text = fs::read_to_string(&path)
            .with_context(|| format!("no run at {}: cannot read its config.toml", dir.display()))?;
        let inside = || format!("in {}", path.display());
        let mut table: toml::Table = text.parse().map_err(one_line).with_context(inside)?;
        let header = table
            .remove("run")
            .with_context(|| format!("{}: the table `[run]` is missing", path.display()))?;
        let header: Header = header.try_into().map_err(one_line).with_context(inside)?;
        if header.app != app {
            bail!("{} is a run of `{}`, not of `{app}`", dir.display(), header.app);
        }
        let config = table.try_into().map_err(one_line).with_context(inside)?;
        Ok((run, header, config))
    }

    /// Whether anything was logged or saved.
    fn has_begun(&self) -> bool {
        let logged = fs::metadata(self.metrics()).is_ok_and(|file| file.len() > 0);
        logged || fs::read_dir(self.checkpoints()).is_ok_and(|mut entries| entries.next().is_some())
    }

    /// Appends one line to `metrics.jsonl`. Values must repeat exactly from the seed: no times.
    pub fn log(&self, step: u64, values: &[(&str, f64)]) -> Result<()> {
        self.append("metrics.jsonl", step, values)
    }

    /// Appends one line to `timing.jsonl`, where the wall clock is allowed.
    pub fn log_timing(&self, step: u64, values: &[(&str, f64)]) -> Result<()> {
        self.append("timing.jsonl", step, values)
    }

    /// The sum of a value of that log, 0 where it is in no line.
    ///
    /// # Errors
    /// No such log.
    pub fn logged_time(&self, name: &str) -> Result<f64> {
        let path = self.timing();
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let value = |line| serde_json::from_str::<serde_json::Value>(line).ok()?[name].as_f64();
        Ok(text.lines().filter_map(value).sum())
    }

    /// Drops the lines of `metrics.jsonl` after `step`: they belong to steps that a resumed run
    /// takes again.
    pub fn rewind_log(&self, step: u64) -> Result<()> {
        let path = self.metrics();
        let Ok(text) = fs::read_to_string(&path) else { return Ok(()) };
        let step_of =
            |line: &str| serde_json::from_str::<serde_json::Value>(line).ok()?["step"].as_u64();
        // A line that a kill cut short parses to nothing and goes too.
        let kept = text.lines().filter(|line| step_of(line).is_some_and(|at| at <= step));
        let kept: String = kept.flat_map(|line| [line, "\n"]).collect();
        write_atomically(&path, kept.as_bytes())
    }

    /// The folder itself.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the config is.
    pub fn config(&self) -> PathBuf {
        self.dir.join("config.toml")
    }

    /// Where the logged values are.
    pub fn metrics(&self) -> PathBuf {
        self.dir.join("metrics.jsonl")
    }

    /// Where the wall-clock times are.
    pub fn timing(&self) -> PathBuf {
        self.dir.join("timing.jsonl")
    }

    /// Where checkpoints are.
    pub fn checkpoints(&self) -> PathBuf {
        self.dir.join("checkpoints")
    }

    fn append(&self, name: &str, step: u64, values: &[(&str, f64)]) -> Result<()> {
        let mut line = serde_json::Map::from_iter([("step".to_owned(), step.into())]);
        line.extend(values.iter().map(|&(name, value)| (name.to_owned(), value.into())));
        let path = self.dir.join(name);
        let mut bytes = serde_json::to_vec(&line)?;
        bytes.push(b'\n');
        let file = File::options().create(true).append(true).open(&path);
        file.and_then(|mut file| file.write_all(&bytes))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// The folders of the seeds in `dir`, in order of the seed, or `dir` itself where it is one.
pub fn run_directories(dir: &Path) -> Result<Vec<PathBuf>> {
    if dir.join("config.toml").is_file() {
        return Ok(vec![dir.to_owned()]);
    }
    let entries = fs::read_dir(dir)
        .with_context(|| format!("no run at {}; make one with `train --out {0}`", dir.display()))?;
    let mut seeds = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", dir.display()))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let seed = name.strip_prefix("seed-").and_then(|seed| seed.parse::<u64>().ok());
        if let Some(seed) = seed.filter(|_| path.join("config.toml").is_file()) {
            seeds.push((seed, path));
        }
    }
    if seeds.is_empty() {
        bail!("no run at {}: it has no folder `seed-N` with a config.toml", dir.display());
    }
    seeds.sort();
    Ok(seeds.into_iter().map(|(_, path)| path).collect())
}

/// What is wrong and where, without the picture of the place, which takes several lines.
fn one_line(error: toml::de::Error) -> anyhow::Error {
    let text = error.to_string();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.contains('|'));
    anyhow::Error::msg(lines.collect::<Vec<_>>().join(" "))
}

fn lock(dir: &Path) -> Result<File> {
    let path = dir.join(".lock");
    let file = File::options().create(true).append(true).open(&path);
    let file = file.with_context(|| format!("cannot write in {}", dir.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another process is training in {}; wait for it or stop it", dir.display())
        }
        // File systems without locks exist; a second writer there is the user's own risk.
        Err(TryLockError::Error(_)) => Ok(file),
    }
}

fn first_difference(old: &str, new: &str) -> String {
    let pair = old.lines().zip(new.lines()).find(|(old, new)| old != new);
    pair.map_or("other keys".into(), |(old, new)| format!("`{old}` there, `{new}` now"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    struct Config {
        width: usize,
    }

    fn header() -> Header {
        Header { app: "maps".into(), preset: "tiny".into(), seed: 1 }
    }

    #[test]
    fn a_run_opens_with_the_config_it_was_started_with() -> Result<()> {
        let dir = tempfile::tempdir()?;
        Run::create(dir.path(), &header(), &Config { width: 3 }, false)?;
        let (_, found, config) = Run::open::<Config>(dir.path(), "maps")?;
        assert_eq!((found, config), (header(), Config { width: 3 }));
        Ok(())
    }

    #[test]
    fn a_second_run_in_the_same_place_is_refused_and_named() -> Result<()> {
        let dir = tempfile::tempdir()?;
        Run::create(dir.path(), &header(), &Config { width: 3 }, false)?.log(1, &[])?;
        let again = |width, resume| {
            let run = Run::create(dir.path(), &header(), &Config { width }, resume);
            run.err().map_or(String::new(), |error| error.to_string())
        };
        assert!(again(3, false).contains("--resume"));
        assert!(again(4, true).contains("`width = 3` there, `width = 4` now"));
        assert_eq!(again(3, true), "");
        Ok(())
    }

    #[test]
    fn a_run_that_ended_before_its_first_step_can_be_begun_anew() -> Result<()> {
        let dir = tempfile::tempdir()?;
        Run::create(dir.path(), &header(), &Config { width: 3 }, false)?;
        Run::create(dir.path(), &header(), &Config { width: 4 }, false)?;
        let (_, _, config) = Run::open::<Config>(dir.path(), "maps")?;
        assert_eq!(config, Config { width: 4 });
        Ok(())
    }

    #[test]
    fn a_run_of_another_app_and_an_unknown_key_are_refused() -> Result<()> {
        let dir = tempfile::tempdir()?;
        Run::create(dir.path(), &header(), &Config { width: 3 }, false)?;
        let error = Run::open::<Config>(dir.path(), "ecg").err().map(|e| e.to_string());
        assert!(error.is_some_and(|text| text.contains("a run of `maps`, not of `ecg`")));
        fs::write(
            dir.path().join("config.toml"),
            "widht = 3\n[run]\napp='maps'\npreset='tiny'\nseed=1",
        )?;
        let error = Run::open::<Config>(dir.path(), "maps").err().map(|e| format!("{e:#}"));
        assert!(error.is_some_and(|text| text.contains("widht")));
        Ok(())
    }

    #[test]
    fn rewinding_drops_later_steps_and_a_line_cut_short() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let run = Run::create(dir.path(), &header(), &Config { width: 3 }, false)?;
        for step in [10, 20, 30] {
            run.log(step, &[("loss", 0.5)])?;
        }
        let whole = fs::read_to_string(run.metrics())?;
        fs::write(run.metrics(), format!("{whole}{{\"step\":2"))?;
        run.rewind_log(20)?;
        let kept = fs::read_to_string(run.metrics())?;
        assert_eq!(kept, "{\"loss\":0.5,\"step\":10}\n{\"loss\":0.5,\"step\":20}\n");
        Ok(())
    }

    #[test]
    fn seeds_are_listed_in_numeric_order() -> Result<()> {
        let dir = tempfile::tempdir()?;
        for seed in [10, 2] {
            let dir = dir.path().join(format!("seed-{seed}"));
            Run::create(&dir, &header(), &Config { width: 3 }, false)?;
        }
        let names: Vec<_> = run_directories(dir.path())?;
        assert!(names[0].ends_with("seed-2") && names[1].ends_with("seed-10"));
        Ok(())
    }
}
