//! The canvas of one tile.

use generativa::report::picture::{Picture, Rgba};

use super::colours::letter;

/// Pixels along each side of a tile.
pub const TILE: usize = 16;

/// 16 by 16 pixels; what is drawn outside is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tile(Picture);

impl Tile {
    pub(super) fn clear() -> Self {
        Self::filled([0; 4])
    }

    pub(super) fn filled(colour: Rgba) -> Self {
        Self(Picture::filled(TILE, TILE, colour))
    }

    /// Lays a colour over a rectangle, its top left corner at column `x`, row `y`.
    pub(super) fn rect(&mut self, x: i32, y: i32, width: i32, height: i32, colour: Rgba) {
        let inside = |from: i32, length: i32| from.max(0)..(from + length).min(TILE as i32);
        for row in inside(y, height) {
            for column in inside(x, width) {
                self.0.blend(column as usize, row as usize, colour);
            }
        }
    }

    /// Lays a colour over one pixel.
    pub(super) fn dot(&mut self, x: i32, y: i32, colour: Rgba) {
        self.rect(x, y, 1, 1, colour);
    }

    /// Makes a pixel clear again, to round a corner.
    pub(super) fn erase(&mut self, x: usize, y: usize) {
        self.0.set(x, y, [0; 4]);
    }

    /// Draws a sprite: one text a row, one [`letter`] a pixel, `.` for what stays.
    pub(super) fn sprite(&mut self, rows: &[&str; TILE]) {
        for (y, row) in (0..).zip(rows) {
            for (x, symbol) in (0..).zip(row.bytes()) {
                if symbol != b'.' {
                    self.dot(x, y, letter(symbol));
                }
            }
        }
    }

    pub(super) fn picture(&self) -> &Picture {
        &self.0
    }
}
