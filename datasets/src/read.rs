//! From files to rows of symbols, with errors that say where.

use std::cmp::Ordering;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// A whole file of the set `set`.
pub(crate) fn bytes(path: &Path, set: &'static str) -> Result<Vec<u8>> {
    if path.is_dir() {
        let (expected, found) = ("a file", "a folder");
        return Err(Error::WrongKind { path: path.to_owned(), expected, found });
    }
    fs::read(path).map_err(|source| refused(path, source, set))
}

/// The files in a folder whose names end in `.{extension}`, in natural order: `1-2` before `1-10`.
/// Hidden files are left out.
pub(crate) fn folder(path: &Path, extension: &str, set: &'static str) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        let (expected, found) = ("a folder", "a file");
        return Err(Error::WrongKind { path: path.to_owned(), expected, found });
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(|source| refused(path, source, set))? {
        let entry = entry.map_err(|source| refused(path, source, set))?.path();
        if entry.extension().is_some_and(|end| end == extension) && !stem(&entry).starts_with('.') {
            files.push(entry);
        }
    }
    files.sort_by(|a, b| natural_order(&stem(a), &stem(b)));
    Ok(files)
}

/// The rows of a rectangular map, top row first. A final line feed may be missing, and lines may
/// end in CR LF, which a checkout can make of them. `path` is for messages only.
pub(crate) fn rows(
    path: &Path,
    bytes: &[u8],
    alphabet: &[u8],
    set: &'static str,
) -> Result<Vec<Vec<u8>>> {
    let lines: Vec<&[u8]> = bytes
        .split(|&byte| byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect();
    let count = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    let Some(width) = lines[..count].first().map(|line| line.len()) else {
        return Err(Error::Empty { path: path.to_owned(), expected: "rows of tiles", set });
    };
    for (row, line) in lines[..count].iter().enumerate() {
        if let Some(column) = line.iter().position(|symbol| !alphabet.contains(symbol)) {
            return Err(Error::UnknownTile {
                path: path.to_owned(),
                line: row + 1,
                column: column + 1,
                found: line[column],
                alphabet: alphabet.to_vec(),
            });
        }
        let (path, line, expected, found) = (path.to_owned(), row + 1, width, line.len());
        // A short last row without its line feed: the file was cut there.
        if found < expected && line == lines.len() {
            let (expected, found) = (format!("{expected} columns"), format!("{found}"));
            return Err(Error::Truncated { path, line, expected, found, set });
        }
        if found != expected {
            return Err(Error::RaggedRow { path, line, expected, found });
        }
    }
    Ok(lines[..count].iter().map(|line| line.to_vec()).collect())
}

/// The file name without its last extension.
pub(crate) fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Order of names in which runs of digits count as numbers: `Level 2` before `Level 10`.
pub(crate) fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    loop {
        let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (m, n) = (digits(left), digits(right));
        let order = if m > 0 && n > 0 {
            let number = |text: &[u8]| {
                let zeros = text.iter().take_while(|&&byte| byte == b'0').count();
                (text.len() - zeros, text[zeros..].to_vec())
            };
            let order = number(&left[..m]).cmp(&number(&right[..n]));
            (left, right) = (&left[m..], &right[n..]);
            order
        } else {
            let order = left.first().cmp(&right.first());
            if left.is_empty() || right.is_empty() {
                // `01` and `1` are one number, but two names.
                return order.then_with(|| a.cmp(b));
            }
            (left, right) = (&left[1..], &right[1..]);
            order
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn refused(path: &Path, source: io::Error, set: &'static str) -> Error {
    match source.kind() {
        io::ErrorKind::NotFound => Error::MissingFile { path: path.to_owned(), set },
        _ => Error::Unreadable { path: path.to_owned(), source },
    }
}

/// Where the real data lies, for tests that are run on request: `GENERATIVA_DATA`, else
/// `../shared/datasets` beside the workspace. Fails without it.
#[cfg(test)]
pub(crate) fn real_data(set: &str) -> PathBuf {
    let data = std::env::var_os("GENERATIVA_DATA").unwrap_or("../shared/datasets".into());
    // Tests run in the folder of their package, and people think in that of the workspace.
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root =
        workspace.join(data).join(&crate::Manifest::named(set).expect("in the catalogue").id);
    assert!(root.is_dir(), "this test needs {}", root.display());
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> std::result::Result<Vec<Vec<u8>>, String> {
        rows(Path::new("a.txt"), bytes, b"-X", "vglc").map_err(|error| error.to_string())
    }

    #[test]
    fn a_final_line_feed_makes_no_row_and_its_absence_loses_none() {
        let expected = Ok(vec![b"--".to_vec(), b"XX".to_vec()]);
        assert_eq!(parse(b"--\nXX\n"), expected);
        assert_eq!(parse(b"--\nXX"), expected);
        assert_eq!(parse(b"--\r\nXX\r\n"), expected);
    }

    #[test]
    fn each_bad_text_is_answered_with_its_place() {
        let message = |bytes| parse(bytes).expect_err("bad text");
        assert!(
            message(b"--\nX?\n")
                .starts_with("a.txt line 2, column 2: unknown tile `?`, expected one of `-X`")
        );
        assert!(message(b"--\nX\xff\n").contains("line 2, column 2: unknown tile byte 0xff"));
        assert!(
            message(b"--\nX\n--\n").starts_with("a.txt line 2: expected 2 columns as in line 1")
        );
        assert!(
            message(b"--\n\n--\n").contains("line 2: expected 2 columns as in line 1, found 0")
        );
        assert!(
            message(b"--\nX").contains("line 2: the file ends here with 1, expected 2 columns")
        );
        assert!(message(b"").starts_with("a.txt: empty, expected rows of tiles"));
        assert!(message(b"\n\n").starts_with("a.txt: empty"));
    }

    #[test]
    fn numbers_in_names_are_ordered_as_numbers() {
        let mut names = ["b-1", "a-10", "a-2", "a-2-1", "a-02", "a", ""];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(names, ["", "a", "a-02", "a-2", "a-2-1", "a-10", "b-1"]);
    }

    #[test]
    fn a_folder_and_a_file_are_not_taken_for_each_other() {
        let root = tempfile::tempdir().expect("dir");
        let message = bytes(root.path(), "vglc").expect_err("a folder").to_string();
        assert!(message.ends_with("expected a file, found a folder"), "{message}");
        let file = root.path().join("x");
        fs::write(&file, "").expect("write");
        let message = folder(&file, "txt", "vglc").expect_err("a file").to_string();
        assert!(message.ends_with("expected a folder, found a file"), "{message}");
        let message = bytes(&root.path().join("y"), "vglc").expect_err("absent").to_string();
        assert!(message.contains("missing; `just data fetch vglc`"), "{message}");
    }
}
