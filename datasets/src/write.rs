//! Files that are whole or not there: written under another name, and renamed.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::{Error, Result};

/// A file in `folder`, which is made if it is missing, that goes with this value unless it is
/// [placed](place). It has the permissions that the user's umask gives, not the private ones of
/// temporary files.
pub(crate) fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let here = Path::new(".");
    let folder = if folder.as_os_str().is_empty() { here } else { folder };
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// Puts a file in its place once it is on the disk.
pub(crate) fn place(file: NamedTempFile, path: &Path) -> Result<()> {
    let placed = file.as_file().sync_all().and_then(|()| Ok(file.persist(path)?));
    placed.map(drop).map_err(|source| unwritable(path, source))
}

/// A file with these bytes, in the place of the one before once it is whole.
pub(crate) fn whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        let mut file = temporary(path.parent().unwrap_or(Path::new("")))?;
        file.write_all(bytes)?;
        Ok(file)
    };
    place(write().map_err(|source| unwritable(path, source))?, path)
}

pub(crate) fn unwritable(path: &Path, source: io::Error) -> Error {
    Error::Unwritable { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_file_is_as_readable_as_any_that_the_user_makes() -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir()?;
        let mode = |name: &str| {
            Ok::<_, io::Error>(folder.path().join(name).metadata()?.permissions().mode())
        };
        fs::write(folder.path().join("usual"), "")?;
        whole(&folder.path().join("own"), b"").expect("written");
        assert_eq!(mode("own")?, mode("usual")?);
        Ok(())
    }
}
