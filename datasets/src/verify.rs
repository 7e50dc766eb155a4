//! Whether the files on disk are the published ones, and a name for the ones in use.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::{Error, Manifest, Result};

/// What became of one file of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReport {
    /// Path below the folder of the set.
    pub path: String,
    /// Its state.
    pub state: State,
}

/// A file on disk against its line in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum State {
    /// Size and hash agree.
    #[error("ok")]
    Good,
    /// No such file.
    #[error("missing")]
    Missing,
    /// Another size, in bytes.
    #[error("wrong size: expected {expected} bytes, found {found}")]
    WrongSize {
        /// In the manifest.
        expected: u64,
        /// On disk.
        found: u64,
    },
    /// The right size, other bytes.
    #[error("wrong sha256: expected {expected}, found {found}")]
    WrongHash {
        /// In the manifest.
        expected: String,
        /// On disk.
        found: String,
    },
    /// The system refuses to read it, or it is no file.
    #[error("cannot be read: {0}")]
    Unreadable(String),
}

/// Compares every file of a set below `root` with the manifest, in the manifest's order. Files
/// that the manifest does not know are not looked at.
pub fn verify(set: &Manifest, root: &Path) -> Vec<FileReport> {
    let report = |file: &crate::File| FileReport {
        path: file.path.clone(),
        state: state(&root.join(&file.path), file.bytes, &file.sha256),
    };
    set.files.iter().map(report).collect()
}

/// The state of one file. The hash is computed only where the size agrees.
pub fn state(path: &Path, bytes: u64, sha256: &str) -> State {
    let found = match fs::metadata(path) {
        Ok(about) if about.is_file() => about.len(),
        Ok(_) => return State::Unreadable("it is no file".into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return State::Missing,
        Err(error) => return State::Unreadable(error.to_string()),
    };
    if found != bytes {
        return State::WrongSize { expected: bytes, found };
    }
    match sha256_of(path) {
        Ok(found) if found == sha256 => State::Good,
        Ok(found) => State::WrongHash { expected: sha256.to_owned(), found },
        Err(error) => State::Unreadable(error.to_string()),
    }
}

/// One name for the files that were used, for the records of a run: the SHA-256 of a listing with
/// a line `sha256  name` for each, sorted by name relative to `root`. The same as
/// `sha256sum NAMES | sha256sum` in that folder, with the names in byte order.
///
/// Fails where a file cannot be read. A file outside `root` is listed under its whole path.
pub fn fingerprint(root: &Path, files: &[PathBuf]) -> Result<String> {
    let mut lines = Vec::with_capacity(files.len());
    for path in files {
        let name = path.strip_prefix(root).unwrap_or(path);
        let name: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
        let hash =
            sha256_of(path).map_err(|source| Error::Unreadable { path: path.clone(), source })?;
        lines.push((name.join("/"), hash));
    }
    lines.sort();
    lines.dedup();
    let mut all = Sha256::new();
    for (name, hash) in lines {
        all.update(format!("{hash}  {name}\n"));
    }
    Ok(hexadecimal(&all.finalize()))
}

/// SHA-256 of a file in 64 hexadecimal digits, read in pieces.
pub(crate) fn sha256_of(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut file = fs::File::open(path)?;
    let mut piece = vec![0; 1 << 16];
    loop {
        match io::Read::read(&mut file, &mut piece)? {
            0 => return Ok(hexadecimal(&hash.finalize())),
            count => hash.update(&piece[..count]),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::File;

    /// SHA-256 of `abc`, FIPS 180-2 appendix B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn set(paths: &[&str]) -> Manifest {
        let file = |path: &&str| File {
            path: (*path).into(),
            bytes: 3,
            sha256: ABC.into(),
            address: None,
        };
        let files = paths.iter().map(file).collect();
        Manifest { files, ..Manifest::named("vglc").expect("in the catalogue").clone() }
    }

    #[test]
    fn each_kind_of_damage_is_told_apart() {
        let root = tempfile::tempdir().expect("dir");
        let write =
            |name: &str, text: &str| fs::write(root.path().join(name), text).expect("write");
        write("good", "abc");
        write("short", "ab");
        write("changed", "abd");
        fs::create_dir(root.path().join("folder")).expect("dir");
        let set = set(&["good", "absent", "short", "changed", "folder"]);
        let states: Vec<_> = verify(&set, root.path()).into_iter().map(|file| file.state).collect();
        assert_eq!(states[0], State::Good);
        assert_eq!(states[1], State::Missing);
        assert_eq!(states[2], State::WrongSize { expected: 3, found: 2 });
        assert!(matches!(&states[3], State::WrongHash { found, .. } if found != ABC));
        assert!(matches!(states[4], State::Unreadable(_)));
    }

    #[test]
    fn a_fingerprint_depends_on_names_and_bytes_and_not_on_order() {
        let root = tempfile::tempdir().expect("dir");
        let [a, b, c] = ["a", "b", "c"].map(|name| root.path().join(name));
        for path in [&a, &b, &c] {
            fs::write(path, "abc").expect("write");
        }
        let of = |files: &[&PathBuf]| {
            let files: Vec<_> = files.iter().map(|&path| path.clone()).collect();
            fingerprint(root.path(), &files).expect("they are there")
        };
        assert_eq!(of(&[&a, &b]), of(&[&b, &a]));
        assert_ne!(of(&[&a, &b]), of(&[&a, &c]));
        let before = of(&[&a, &b]);
        fs::write(&b, "abd").expect("write");
        assert_ne!(of(&[&a, &b]), before);
    }
}
