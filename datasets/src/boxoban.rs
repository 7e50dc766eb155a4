//! Boxoban: Sokoban boards of 10 by 10 cells.
//!
//! Guez et al. 2018, github.com/deepmind/boxoban-levels. A file is a run of `; N`, ten rows, an
//! empty line. The split is the publisher's: `unfiltered` and `medium` have `train` and `valid`,
//! `unfiltered` also `test`, `hard` is one piece.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::{Error, Result, read};

const SET: &str = "boxoban";
/// Wall, floor, player, box, goal; then box on goal and player on goal, which the published boards
/// do not use but boards in play do.
const ALPHABET: &[u8] = b"# @$.*+";
const PARTS: [&str; 6] = [
    "unfiltered/train",
    "unfiltered/valid",
    "unfiltered/test",
    "medium/train",
    "medium/valid",
    "hard",
];

/// One board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Board {
    /// File and number, as in `000.txt 17`.
    pub name: String,
    /// [`Board::SIZE`] rows of as many cells, top row first: `#` wall, space floor, `@` player,
    /// `$` box, `.` goal, `*` box on goal, `+` player on goal. One player, as many boxes as goals.
    pub rows: Vec<Vec<u8>>,
}

impl Board {
    /// Rows and columns.
    pub const SIZE: usize = 10;
}

/// The boards of one part (`unfiltered/train`, …) of the set in `root`, files in natural order.
///
/// Fails at the first board that is cut short, ragged, has an unknown cell, not one player, or
/// boxes and goals of different number.
pub fn levels(root: &Path, part: &str) -> Result<Vec<Board>> {
    files(root, part)?.iter().map(|path| Boards::open(path)).try_fold(
        Vec::new(),
        |mut all, boards| {
            for board in boards? {
                all.push(board?);
            }
            Ok(all)
        },
    )
}

/// The files of one part, in natural order: what a fingerprint is taken of, and what [`Boards`]
/// reads one board at a time.
pub fn files(root: &Path, part: &str) -> Result<Vec<PathBuf>> {
    if !PARTS.contains(&part) {
        let known = PARTS.map(str::to_owned).to_vec();
        return Err(Error::UnknownPart { root: root.to_owned(), name: part.to_owned(), known });
    }
    let folder = root.join(part);
    let files = read::folder(&folder, "txt", SET)?;
    if files.is_empty() {
        return Err(Error::Empty { path: folder, expected: "boards as `.txt` files", set: SET });
    }
    Ok(files)
}

/// The boards of a file, one at a time: the file is never held whole. After an error it ends.
pub struct Boards<R> {
    path: PathBuf,
    source: R,
    line: usize,
    done: bool,
}

impl Boards<BufReader<fs::File>> {
    /// Opens one file.
    pub fn open(path: &Path) -> Result<Self> {
        let unreadable = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::NotFound => Error::MissingFile { path: path.to_owned(), set: SET },
            _ => Error::Unreadable { path: path.to_owned(), source },
        };
        if path.is_dir() {
            let (expected, found) = ("a file", "a folder");
            return Err(Error::WrongKind { path: path.to_owned(), expected, found });
        }
        Ok(Self::new(path, BufReader::new(fs::File::open(path).map_err(unreadable)?)))
    }
}

impl<R: BufRead> Boards<R> {
    /// Reads from `source`; `path` is for names and messages.
    pub fn new(path: &Path, source: R) -> Self {
        Self { path: path.to_owned(), source, line: 0, done: false }
    }

    /// The next line without its end, or `None` at the end of the file.
    fn next_line(&mut self) -> Result<Option<Vec<u8>>> {
        // A row has ten bytes; a file that is none of ours must not fill the memory.
        const LONGEST: u64 = 4096;
        let mut line = Vec::new();
        let read = std::io::Read::take(&mut self.source, LONGEST).read_until(b'\n', &mut line);
        let count = read.map_err(|source| Error::Unreadable { path: self.path.clone(), source })?;
        if count == 0 {
            return Ok(None);
        }
        self.line += 1;
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(Some(line))
    }

    fn next_board(&mut self) -> Result<Option<Board>> {
        let number = loop {
            match self.next_line()? {
                None if self.line == 0 => {
                    let (path, expected) = (self.path.clone(), "boards, each below `; N`");
                    return Err(Error::Empty { path, expected, set: SET });
                }
                None => return Ok(None),
                Some(line) if line.is_empty() => {}
                Some(line) => break self.number(&line)?,
            }
        };
        let first = self.line + 1;
        let mut rows: Vec<Vec<u8>> = Vec::with_capacity(Board::SIZE);
        while rows.len() < Board::SIZE {
            match self.next_line()? {
                Some(row) => {
                    self.check_row(&row)?;
                    rows.push(row);
                }
                None => return Err(self.truncated(rows.len())),
            }
        }
        self.check_pieces(&rows, first)?;
        let file = self.path.file_name().unwrap_or_default().to_string_lossy();
        Ok(Some(Board { name: format!("{file} {number}"), rows }))
    }

    fn number(&self, line: &[u8]) -> Result<String> {
        let number = line.strip_prefix(b";").map(|rest| rest.trim_ascii());
        match number {
            Some(digits) if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
                Ok(String::from_utf8_lossy(digits).into_owned())
            }
            _ => Err(self.malformed(self.line, "`; N`, the number of a board", line)),
        }
    }

    fn check_row(&mut self, row: &[u8]) -> Result<()> {
        let (path, line, expected, found) = (self.path.clone(), self.line, Board::SIZE, row.len());
        if let Some(column) = row.iter().position(|cell| !ALPHABET.contains(cell)) {
            let (alphabet, found) = (ALPHABET.to_vec(), row[column]);
            return Err(Error::UnknownTile { path, line, column: column + 1, found, alphabet });
        }
        if found == expected {
            return Ok(());
        }
        // The last line of the file: cut there. Otherwise the row itself is wrong.
        if found < expected && self.next_line()?.is_none() {
            let (expected, found) = (format!("{expected} columns"), format!("{found}"));
            return Err(Error::Truncated { path, line, expected, found, set: SET });
        }
        let expected = format!("a row of {expected} cells (an editor may have cut blanks)");
        Err(Error::Malformed { path, line, expected, found: format!("{found}") })
    }

    fn check_pieces(&self, rows: &[Vec<u8>], line: usize) -> Result<()> {
        let count =
            |cells: &[u8]| rows.iter().flatten().filter(|cell| cells.contains(cell)).count();
        let (players, boxes, goals) = (count(b"@+"), count(b"$*"), count(b".*+"));
        if players == 1 && boxes == goals {
            return Ok(());
        }
        let found = format!("{players} players, {boxes} boxes, {goals} goals");
        let expected = "one player, as many boxes as goals".to_owned();
        Err(Error::Malformed { path: self.path.clone(), line, expected, found })
    }

    fn truncated(&self, rows: usize) -> Error {
        let (expected, found) = (format!("{} rows of a board", Board::SIZE), format!("{rows}"));
        Error::Truncated { path: self.path.clone(), line: self.line, expected, found, set: SET }
    }

    fn malformed(&self, line: usize, expected: &str, found: &[u8]) -> Error {
        let found = format!("`{}`", found[..found.len().min(40)].escape_ascii());
        Error::Malformed { path: self.path.clone(), line, expected: expected.into(), found }
    }
}

impl<R: BufRead> Iterator for Boards<R> {
    type Item = Result<Board>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let board = self.next_board().transpose();
        self.done = !matches!(board, Some(Ok(_)));
        board
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::real_data;

    const BOARD: &str = "; 7\n##########\n#        #\n#        #\n#  .$    #\n#        #\n\
                         #   @    #\n\
                         #   *    #\n#        #\n#        #\n##########\n";

    fn parse(bytes: &[u8]) -> std::result::Result<Vec<Board>, String> {
        Boards::new(Path::new("a.txt"), bytes).collect::<Result<_>>().map_err(|e| e.to_string())
    }

    #[test]
    fn boards_are_read_with_their_numbers_with_or_without_a_last_line_feed() {
        let two = format!("{BOARD}\n{}", BOARD.replace("; 7", ";8"));
        let boards = parse(two.as_bytes()).expect("two boards");
        assert_eq!(boards[0].name, "a.txt 7");
        assert_eq!(boards[1].name, "a.txt 8");
        assert_eq!(boards[0].rows[3], b"#  .$    #");
        assert_eq!(parse(two.trim_end().as_bytes()).expect("two boards"), boards);
        assert_eq!(parse(two.replace('\n', "\r\n").as_bytes()).expect("two boards"), boards);
    }

    #[test]
    fn bad_boards_are_refused_with_their_place() {
        let message = |text: String| parse(text.as_bytes()).expect_err("bad board");
        assert!(message(BOARD.replace('@', "x")).contains("line 7, column 5: unknown tile `x`"));
        assert!(message(BOARD.replace('@', " ")).contains("line 2: expected one player"));
        assert!(message(BOARD.replace('.', " ")).contains("2 boxes, 1 goals"));
        assert!(message(BOARD.replace("#   @    #", "#   @")).contains("line 7: expected a row"));
        assert!(message(BOARD[4..].into()).contains("line 1: expected `; N`"));
        assert!(
            message(BOARD[..40].into())
                .contains("line 5: the file ends here with 3, expected 10 col")
        );
        assert!(
            message(BOARD[..37].into())
                .contains("line 4: the file ends here with 3, expected 10 rows")
        );
        assert!(message(String::new()).starts_with("a.txt: empty, expected boards"));
        let bytes = [b"; 1\n##".as_slice(), &[0xff, b'\n']].concat();
        assert!(parse(&bytes).expect_err("not text").contains("byte 0xff"));
    }

    #[test]
    fn no_prefix_of_a_file_makes_the_reader_panic() {
        let two = format!("{BOARD}\n{BOARD}");
        let whole = (0..=two.len()).filter(|&end| parse(&two.as_bytes()[..end]).is_ok()).count();
        // Complete boards only: after one board (with its line feeds), with and without the last.
        assert_eq!(whole, 5);
    }

    #[test]
    fn an_unknown_part_and_an_empty_folder_are_named() {
        let root = tempfile::tempdir().expect("dir");
        let message = |part| levels(root.path(), part).expect_err("nothing there").to_string();
        assert!(message("easy").contains("no part `easy`; the parts here are `unfiltered/train`"));
        assert!(message("hard").contains("hard: missing; `just data fetch boxoban`"));
        fs::create_dir(root.path().join("hard")).expect("dir");
        assert!(message("hard").contains("hard: empty, expected boards"));
        fs::create_dir(root.path().join("hard/0.txt")).expect("dir");
        assert!(message("hard").contains("expected a file, found a folder"));
    }

    #[test]
    #[ignore = "needs the real data: see `just test`"]
    fn with_real_data_each_part_has_the_published_number_of_boards() {
        let root = real_data("boxoban");
        let counts = PARTS.map(|part| levels(&root, part).expect("published data").len());
        assert_eq!(counts, [5000, 1000, 1000, 4000, 1000, 3332]);
        let valid = levels(&root, "unfiltered/valid").expect("published data");
        let boxes = |board: &Board| board.rows.iter().flatten().filter(|&&c| c == b'$').count();
        assert!(valid.iter().all(|board| boxes(board) == 4));
    }
}
