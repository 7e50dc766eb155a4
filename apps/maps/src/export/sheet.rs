//! All drawings of a tile set in one picture, numbered row by row: the tile sets of the editors.

use std::collections::HashMap;

use anyhow::{Result, bail};
use generativa::data::Grid;
use generativa::report::Picture;

use crate::show::{Look, Symbol, TILE, TileSet};

/// Tiles in a row of the sheet.
pub(super) const COLUMNS: usize = 16;

pub(super) struct Sheet {
    pub(super) set: TileSet,
    looks: Vec<Look>,
    numbers: HashMap<Look, usize>,
}

impl Sheet {
    pub(super) fn new(set: TileSet) -> Self {
        let looks = set.looks();
        let numbers = looks.iter().copied().zip(0..).collect();
        Self { set, looks, numbers }
    }

    /// Number of the tile for each cell, row by row.
    ///
    /// # Errors
    /// A symbol that the set does not know: it has no tile, and another would be a lie.
    pub(super) fn tiles(&self, id: &str, grid: &Grid) -> Result<Vec<usize>> {
        let mut tiles = Vec::with_capacity(grid.cells().len());
        for row in 0..grid.height() {
            for column in 0..grid.width() {
                let Some(&number) = self.numbers.get(&self.set.look(grid, row, column)) else {
                    bail!(
                        "level `{id}` has the symbol `{}` at row {row}, column {column}, which \
                         the tile set `{}` lacks; export it as text, CSV or JSON",
                        grid.get(row, column) as char,
                        self.set.name()
                    );
                };
                tiles.push(number);
            }
        }
        Ok(tiles)
    }

    /// What each tile stands for, by its number.
    pub(super) fn symbols(&self) -> impl Iterator<Item = &'static Symbol> + '_ {
        self.looks.iter().filter_map(|look| self.set.symbol(look.symbol))
    }

    /// Number of tiles.
    pub(super) fn len(&self) -> usize {
        self.looks.len()
    }

    /// Number of rows of tiles; the last may have room left.
    pub(super) fn rows(&self) -> usize {
        self.len().div_ceil(COLUMNS)
    }

    pub(super) fn picture(&self) -> Picture {
        let mut sheet = Picture::filled(COLUMNS * TILE, self.rows() * TILE, [0; 4]);
        for (number, look) in self.looks.iter().enumerate() {
            let (left, top) = (number % COLUMNS * TILE, number / COLUMNS * TILE);
            sheet.draw(&self.set.draw(*look), left, top);
        }
        sheet
    }
}
