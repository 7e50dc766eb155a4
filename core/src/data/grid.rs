//! A rectangle of symbols: a tile map, a room, a board.

use std::fmt;
use std::ops::Range;

/// `height` rows of `width` one-byte symbols, row 0 on top.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Grid {
    height: usize,
    width: usize,
    cells: Vec<u8>,
}

impl Grid {
    /// A grid of one symbol.
    pub fn filled(height: usize, width: usize, symbol: u8) -> Self {
        Self { height, width, cells: vec![symbol; height * width] }
    }

    /// Rows from top to bottom, or `None` where they are not all of one length.
    pub fn from_rows<R: AsRef<[u8]>>(rows: &[R]) -> Option<Self> {
        let width = rows.first().map_or(0, |row| row.as_ref().len());
        let equal = rows.iter().all(|row| row.as_ref().len() == width);
        equal.then(|| Self {
            height: rows.len(),
            width,
            cells: rows.iter().flat_map(|row| row.as_ref()).copied().collect(),
        })
    }

    /// Columns from left to right, each `height` symbols from top to bottom.
    pub fn from_columns<C: AsRef<[u8]>>(height: usize, columns: &[C]) -> Self {
        let mut grid = Self::filled(height, columns.len(), 0);
        for (column, symbols) in columns.iter().enumerate() {
            grid.set_column(column, symbols.as_ref());
        }
        grid
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The symbol at `row`, `column`; panics outside the grid.
    pub fn get(&self, row: usize, column: usize) -> u8 {
        assert!(column < self.width, "column {column} of {}", self.width);
        self.cells[row * self.width + column]
    }

    /// Replaces the symbol at `row`, `column`; panics outside the grid.
    pub fn set(&mut self, row: usize, column: usize, symbol: u8) {
        assert!(column < self.width, "column {column} of {}", self.width);
        self.cells[row * self.width + column] = symbol;
    }

    /// Replaces a column, top to bottom.
    pub fn set_column(&mut self, column: usize, symbols: &[u8]) {
        assert_eq!(symbols.len(), self.height, "a column has one symbol a row");
        for (row, &symbol) in symbols.iter().enumerate() {
            self.set(row, column, symbol);
        }
    }

    /// The symbols of a column, top to bottom.
    pub fn column(&self, column: usize) -> Vec<u8> {
        (0..self.height).map(|row| self.get(row, column)).collect()
    }

    /// All symbols, row by row.
    pub fn cells(&self) -> &[u8] {
        &self.cells
    }

    /// The rows, top to bottom.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.height).map(|row| &self.cells[row * self.width..(row + 1) * self.width])
    }

    /// The columns in `range`, as a grid of the same height.
    pub fn columns(&self, range: Range<usize>) -> Self {
        let cells = self.rows().flat_map(|row| row[range.clone()].iter().copied()).collect();
        Self { height: self.height, width: range.len(), cells }
    }

    /// Rows become columns.
    pub fn transposed(&self) -> Self {
        let rows: Vec<Vec<u8>> = (0..self.width).map(|column| self.column(column)).collect();
        let cells = rows.concat();
        Self { height: self.width, width: self.height, cells }
    }

    /// Left and right change places.
    pub fn mirrored(&self) -> Self {
        let cells = self.rows().flat_map(|row| row.iter().rev().copied()).collect();
        Self { cells, ..*self }
    }

    /// The distinct ones among its mirror images and turns that have its height and width: up to
    /// eight of a square, up to four of another rectangle; itself first.
    pub fn symmetries(&self) -> Vec<Self> {
        let mut found: Vec<Self> = vec![self.clone()];
        let mut next = 0;
        while let Some(grid) = found.get(next) {
            let upside_down = grid.transposed().mirrored().transposed();
            let mut images = vec![grid.mirrored(), upside_down];
            images.extend((self.height == self.width).then(|| grid.transposed()));
            for image in images {
                if !found.contains(&image) {
                    found.push(image);
                }
            }
            next += 1;
        }
        found
    }

    /// Appends the columns of `other`, which has the same height.
    pub fn extend(&mut self, other: &Self) {
        assert_eq!(self.height, other.height, "grids side by side have one height");
        let cells = self.rows().zip(other.rows()).flat_map(|(a, b)| a.iter().chain(b)).copied();
        self.cells = cells.collect();
        self.width += other.width;
    }
}

/// One line a row, each closed by a line feed.
impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rows().try_for_each(|row| writeln!(f, "{}", String::from_utf8_lossy(row)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_joined_again_give_the_grid() {
        let grid = Grid::from_rows(&["abcde", "fghij"]).expect("rows of one length");
        let mut joined = grid.columns(0..2);
        joined.extend(&grid.columns(2..5));
        assert_eq!(joined, grid);
        let columns: Vec<_> = (0..5).map(|column| grid.column(column)).collect();
        assert_eq!(Grid::from_columns(2, &columns), grid);
        assert_eq!(grid.to_string(), "abcde\nfghij\n");
    }

    #[test]
    fn a_square_has_eight_symmetries_a_rectangle_four_and_what_is_even_fewer() {
        let count = |rows: &[&str]| {
            let grid = Grid::from_rows(rows).expect("rows of one length");
            let images = grid.symmetries();
            assert_eq!(images[0], grid);
            assert!(images.iter().all(|image| (image.height, image.width) == (rows.len(), 3)));
            images.len()
        };
        assert_eq!(count(&["abc", "def", "ghi"]), 8);
        assert_eq!(count(&["abc", "def"]), 4);
        assert_eq!(count(&["aba", "cdc"]), 2);
        assert_eq!(count(&["aaa", "aba", "aaa"]), 1);
    }

    #[test]
    fn ragged_rows_are_refused() {
        assert_eq!(Grid::from_rows(&["abc", "de"]), None);
    }
}
