//! What a platform level measures: the figures that a player of the dials asks for, and the share
//! of pipes that are whole.

use generativa::data::Grid;

use super::is_solid;

/// Columns of a window that is measured and asked for.
pub const WINDOW: usize = 16;

/// The dials of a stretch of level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measures {
    /// Share of tiles that are solid, 0 to 1.
    pub density: f64,
    /// Minus the dangers per 100 columns, so 0 is the gentlest: enemies, columns with a cannon, and
    /// pits, which are columns without a solid tile in the lowest two rows.
    pub leniency: f64,
    /// Mean height of the topmost solid tile over the columns that have one, in rows, the lowest
    /// row being 1; 0 where no column has one.
    pub elevation: f64,
}

impl Measures {
    /// Measures a stretch. One without tiles measures 0 throughout.
    pub fn of(level: &Grid) -> Self {
        let (height, width) = (level.height(), level.width());
        let tiles = level.cells().len().max(1) as f64;
        let solid = level.cells().iter().filter(|&&symbol| is_solid(symbol)).count();
        let enemies = level.cells().iter().filter(|&&symbol| symbol == b'E').count();

        let (mut cannons, mut pits) = (0, 0);
        let (mut climbed, mut standing) = (0, 0);
        for column in 0..width {
            let column = level.column(column);
            cannons += usize::from(column.iter().any(|symbol| matches!(symbol, b'B' | b'b')));
            let mut lowest = column.iter().rev().take(2);
            pits += usize::from(!lowest.any(|&symbol| is_solid(symbol)));
            if let Some(top) = column.iter().position(|&symbol| is_solid(symbol)) {
                climbed += height - top;
                standing += 1;
            }
        }
        Self {
            density: solid as f64 / tiles,
            leniency: 0.0 - (enemies + cannons + pits) as f64 * 100.0 / width.max(1) as f64,
            elevation: climbed as f64 / standing.max(1) as f64,
        }
    }
}

/// Every stretch of `width` columns of every level, at every column; a narrower level has none.
pub fn windows(levels: &[Grid], width: usize) -> Vec<Grid> {
    let starts = |level: &Grid| 0..(level.width() + 1).saturating_sub(width);
    let cut = |level| starts(level).map(move |start| level.columns(start..start + width));
    levels.iter().flat_map(cut).collect()
}

/// Pipes by their left tiles, over some levels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pipes {
    /// Left tiles, `<` or `[`, that have a tile to their right.
    pub left_tiles: usize,
    /// Those whose right neighbour is not the matching right tile.
    pub broken: usize,
}

impl Pipes {
    /// Counts the pipes of `levels`. A left tile in the last column, whose pipe the edge of the
    /// level cuts, is not counted.
    pub fn of(levels: &[Grid]) -> Self {
        let mut pipes = Self::default();
        for row in levels.iter().flat_map(Grid::rows) {
            for pair in row.windows(2).filter(|pair| right_of(pair[0]).is_some()) {
                pipes.left_tiles += 1;
                pipes.broken += usize::from(right_of(pair[0]) != Some(pair[1]));
            }
        }
        pipes
    }

    /// Share of left tiles that are broken, 0 to 1; 0 is best, and the value where there is none.
    pub fn broken_share(&self) -> f64 {
        self.broken as f64 / self.left_tiles.max(1) as f64
    }
}

/// The tile that completes a left pipe tile.
pub(super) fn right_of(left: u8) -> Option<u8> {
    match left {
        b'<' => Some(b'>'),
        b'[' => Some(b']'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(rows: &[&str]) -> Grid {
        Grid::from_rows(rows).expect("rows of one length")
    }

    #[test]
    fn a_level_counted_by_hand_measures_as_counted() {
        let measured = Measures::of(&level(&[
            "--------", //
            "-E----B-", //
            "--o---b-", //
            "XX----XX", //
            "XX--X-XX",
        ]));
        // Solid: 2 + 2 in the ground left, 1, and 2 * 2 + 2 to the right.
        assert_eq!(measured.density, 11.0 / 40.0);
        // One enemy, one cannon, pits in columns 2, 3 and 5.
        assert_eq!(measured.leniency, -5.0 * 100.0 / 8.0);
        // Heights 2, 2, 1, 4, 2.
        assert_eq!(measured.elevation, 11.0 / 5.0);
    }

    #[test]
    fn an_empty_stretch_is_all_pit_and_nothing_else() {
        let expected = Measures { density: 0.0, leniency: -100.0, elevation: 0.0 };
        assert_eq!(Measures::of(&Grid::filled(14, 16, b'-')), expected);
        let nothing = Measures { density: 0.0, leniency: 0.0, elevation: 0.0 };
        assert_eq!(Measures::of(&Grid::filled(0, 0, b'-')), nothing);
    }

    #[test]
    fn windows_start_at_every_column() {
        let levels = [level(&["abcd"]), level(&["ef"]), level(&["ghi"])];
        let expected = [level(&["abc"]), level(&["bcd"]), level(&["ghi"])];
        assert_eq!(windows(&levels, 3), expected);
    }

    #[test]
    fn a_pipe_is_broken_where_its_right_half_is_missing_or_of_another_row() {
        let levels = [level(&["<>--<-<", "[]--[>["]), level(&["[]]>>"])];
        let pipes = Pipes::of(&levels);
        // The last column is cut by the edge; a right tile alone is not counted.
        assert_eq!(pipes, Pipes { left_tiles: 5, broken: 2 });
        assert_eq!(pipes.broken_share(), 0.4);
        assert_eq!(Pipes::of(&[]).broken_share(), 0.0);
    }
}
