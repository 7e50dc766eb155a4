//! Brings a data set into the cache, on request only.
//!
//! A new set is put together in a hidden folder beside its place and renamed when it is complete,
//! so a set that is there is whole. A set that lost files gets them back one by one.

mod download;

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::verify::{State, state};
use crate::{Error, File, Manifest, Result};

/// How to download.
#[derive(Clone, Debug)]
pub struct Options {
    /// Refuse instead of downloading.
    pub offline: bool,
    /// Take `MIRROR/domain/name/path` instead of the published addresses. Hashes hold all the same.
    pub mirror: Option<String>,
    /// Tries for one file, at least 1.
    pub attempts: usize,
    /// Wait before the second try; doubled before each further one.
    pub pause: Duration,
}

impl Default for Options {
    fn default() -> Self {
        // Seven seconds of waiting in all: without a network the message comes in good time.
        Self { offline: false, mirror: None, attempts: 4, pause: Duration::from_secs(1) }
    }
}

impl Options {
    /// The defaults with `GENERATIVA_OFFLINE` (anything but empty or `0`) and
    /// `GENERATIVA_MIRROR`.
    pub fn from_environment() -> Self {
        let text = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let offline = text("GENERATIVA_OFFLINE").is_some_and(|value| value != "0");
        Self { offline, mirror: text("GENERATIVA_MIRROR"), ..Self::default() }
    }
}

/// How far a set has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Files that are there and verified.
    pub files_done: usize,
    /// Files of the set.
    pub files: usize,
    /// Bytes of the files that are there.
    pub bytes_done: u64,
    /// Bytes of the set.
    pub bytes: u64,
}

/// Completes `set` below `cache` and answers its folder. Files that are there and verify are kept;
/// where nothing is missing nothing is downloaded, offline or not. `observe` is told after every
/// file.
///
/// Fails with [`Error::Offline`], [`Error::Download`], [`Error::WrongHash`], [`Error::Busy`] or
/// [`Error::Unwritable`]; then every file under its final name is still a verified one, or the one
/// that was there before, and the next call goes on where this one ended.
pub fn fetch(
    set: &Manifest,
    cache: &Path,
    options: &Options,
    mut observe: impl FnMut(&Progress),
) -> Result<PathBuf> {
    let target = cache.join(&set.id);
    if target.exists() && missing(set, &target).is_empty() {
        return Ok(target);
    }
    let (name, parent) = (set.name(), target.parent().unwrap_or(cache));
    let staging = parent.join(format!(".{name}.part"));
    let work = if target.exists() { &target } else { &staging };
    let wanted = missing(set, work);
    if options.offline && !wanted.is_empty() {
        return Err(Error::Offline { name: name.to_owned(), missing: wanted.len() });
    }

    create(parent)?;
    let lock = parent.join(format!(".{name}.lock"));
    let held = fs::File::create(&lock).map_err(unwritable(&lock))?;
    match held.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => {
            return Err(Error::Busy { name: name.to_owned(), lock });
        }
        Err(fs::TryLockError::Error(source)) => {
            return Err(Error::Unwritable { path: lock, source });
        }
    }

    let lacking: u64 = wanted.iter().map(|file| file.bytes).sum();
    let mut progress = Progress {
        files_done: set.files.len() - wanted.len(),
        files: set.files.len(),
        bytes_done: set.bytes.saturating_sub(lacking),
        bytes: set.bytes,
    };
    let agent = download::agent(options);
    for file in wanted {
        observe(&progress);
        let path = work.join(&file.path);
        create(path.parent().unwrap_or(work))?;
        download::file(&agent, &address(set, file, options), file, &path, options)?;
        progress.files_done += 1;
        progress.bytes_done += file.bytes;
    }
    observe(&progress);
    if *work != target {
        fs::rename(work, &target).map_err(unwritable(&target))?;
        sync_folder(parent)?;
    }
    Ok(target)
}

fn missing<'a>(set: &'a Manifest, root: &Path) -> Vec<&'a File> {
    let is_good =
        |file: &File| state(&root.join(&file.path), file.bytes, &file.sha256) == State::Good;
    set.files.iter().filter(|file| !is_good(file)).collect()
}

fn address(set: &Manifest, file: &File, options: &Options) -> String {
    let Some(mirror) = &options.mirror else { return set.url(file) };
    let path = crate::manifest::percent_encoded(&file.path);
    format!("{}/{}/{path}", mirror.trim_end_matches('/'), set.id)
}

fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(unwritable(folder))
}

fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Unwritable { path: path.to_owned(), source }
}

/// Makes a rename survive a power cut. Windows keeps no handle on folders.
fn sync_folder(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(unwritable(folder))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
