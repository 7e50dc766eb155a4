//! Files that are either whole or absent, and files that prove to be whole.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// Start of the name of what a killed writer leaves behind.
pub(super) const PARTIAL: &str = ".partial-";

/// Writes `bytes` to `path` so that a kill or a full disk leaves the old content or the new, never
/// a part: temporary name in the same folder, sync, rename.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    stream_atomically(path, |file| Ok(file.write_all(bytes)?))
}

/// [`write_atomically`] of what is too much to be held at once: `write` gets the buffered file.
pub fn stream_atomically(
    path: &Path,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let cannot = || format!("cannot write {}", path.display());
    let mut file = temporary(0o666).tempfile_in(folder).with_context(cannot)?;
    let mut buffered = BufWriter::new(file.as_file_mut());
    write(&mut buffered).with_context(cannot)?;
    buffered.flush().with_context(cannot)?;
    drop(buffered);
    file.as_file().sync_all().with_context(cannot)?;
    file.persist(path).with_context(cannot)?;
    sync_folder(folder)
}

/// Names for files and folders that are not whole yet. They get the permissions that the user's
/// umask gives, not the private ones of temporary files.
pub(super) fn temporary(mode: u32) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PARTIAL);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode;
    builder
}

/// Makes a rename or a deletion in `folder` survive a power cut.
pub fn sync_folder(folder: &Path) -> Result<()> {
    // Windows cannot open a folder for syncing, and needs no such step.
    if cfg!(unix) {
        let open = File::open(folder).and_then(|file| file.sync_all());
        open.with_context(|| format!("cannot sync {}", folder.display()))?;
    }
    Ok(())
}

/// Creates a folder and its parents, with an error that names it.
pub fn create_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_atomic_write_replaces_the_file_and_leaves_nothing_else() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("config.toml");
        write_atomically(&path, b"old")?;
        write_atomically(&path, b"new")?;
        assert_eq!(fs::read(&path)?, b"new");
        assert_eq!(fs::read_dir(folder.path())?.count(), 1);
        Ok(())
    }

    #[test]
    fn a_stream_that_fails_leaves_the_old_file_and_nothing_else() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("paths.csv");
        write_atomically(&path, b"old")?;
        let failed = stream_atomically(&path, |file| {
            file.write_all(b"half")?;
            anyhow::bail!("no more")
        });
        let message = failed.err().map_or(String::new(), |error| format!("{error:#}"));
        assert!(message.contains("paths.csv") && message.contains("no more"), "{message}");
        assert_eq!(fs::read(&path)?, b"old");
        assert_eq!(fs::read_dir(folder.path())?.count(), 1);
        Ok(())
    }

    #[test]
    fn sha256_of_abc_is_the_published_one() {
        let digest = sha256(b"abc");
        assert!(digest.starts_with("ba7816bf8f01cfea") && digest.ends_with("b410ff61f20015ad"));
    }
}
