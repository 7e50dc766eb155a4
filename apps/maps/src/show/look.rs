//! Which drawing of a symbol a cell gets: it depends on the neighbours, so that ground has edges
//! and walls have faces, and a little on the place, so that large areas do not look stamped.

use generativa::data::Grid;

/// Bits of the eight neighbours, clockwise from the top.
pub(super) const N: u8 = 1;
pub(super) const NE: u8 = 2;
pub(super) const E: u8 = 4;
pub(super) const SE: u8 = 8;
pub(super) const S: u8 = 16;
pub(super) const SW: u8 = 32;
pub(super) const W: u8 = 64;
pub(super) const NW: u8 = 128;
/// The four neighbours that share an edge.
pub(super) const EDGES: u8 = N | E | S | W;
/// Each corner with the two edges beside it.
const CORNERS: [(u8, u8); 4] = [(NE, N | E), (SE, S | E), (SW, S | W), (NW, N | W)];
const STEPS: [(u8, isize, isize); 8] = [
    (N, -1, 0),
    (NE, -1, 1),
    (E, 0, 1),
    (SE, 1, 1),
    (S, 1, 0),
    (SW, 1, -1),
    (W, 0, -1),
    (NW, -1, -1),
];

/// One drawing of a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Look {
    /// The symbol drawn.
    pub symbol: u8,
    /// Bits of the neighbours that it joins, clockwise from the top, lowest bit first.
    pub joined: u8,
    /// Number of the texture, 0 being the plainest.
    pub variant: u8,
}

impl Look {
    /// True if every neighbour of `bits` is joined.
    pub(super) fn joins(self, bits: u8) -> bool {
        self.joined & bits == bits
    }
}

/// How the drawing of a symbol depends on its surroundings.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    /// Bits of the neighbours that matter.
    pub(super) relevant: u8,
    /// Whether the neighbour of this bit counts as joined by its symbol. Outside the grid its
    /// border goes on.
    pub(super) joins: fn(u8, u8) -> bool,
    /// When a corner matters beside its two edges.
    pub(super) corners: Corners,
    /// Number of textures, at least 1.
    pub(super) variants: u8,
}

/// When a corner is to be seen.
#[derive(Clone, Copy)]
pub(super) enum Corners {
    /// Where both edges beside it are joined: the inner corners of a solid.
    BetweenJoined,
    /// Where neither edge beside it is joined: the shadow that only a corner casts.
    BetweenOpen,
}

impl Rule {
    /// A symbol that looks the same everywhere.
    pub(super) const ALONE: Self =
        Self { relevant: 0, joins: |_, _| false, corners: Corners::BetweenJoined, variants: 1 };

    pub(super) fn look(&self, grid: &Grid, row: usize, column: usize) -> Look {
        let mut joined = 0;
        for (bit, down, right) in STEPS {
            let row = row.saturating_add_signed(down).min(grid.height() - 1);
            let column = column.saturating_add_signed(right).min(grid.width() - 1);
            if (self.joins)(bit, grid.get(row, column)) {
                joined |= bit;
            }
        }
        let variant = variant(row, column, self.variants);
        Look { symbol: grid.get(row, column), joined: self.visible(joined), variant }
    }

    /// Every drawing of `symbol`, in a fixed order.
    pub(super) fn looks(&self, symbol: u8) -> Vec<Look> {
        let joined: Vec<u8> = (0..=255).filter(|&bits| self.visible(bits) == bits).collect();
        let textures = |joined| (0..self.variants).map(move |variant| (joined, variant));
        let all = joined.into_iter().flat_map(textures);
        all.map(|(joined, variant)| Look { symbol, joined, variant }).collect()
    }

    /// `joined` without the bits that change nothing.
    fn visible(&self, joined: u8) -> u8 {
        let mut bits = joined & self.relevant;
        for (corner, edges) in CORNERS {
            let seen = match self.corners {
                Corners::BetweenJoined => bits & edges == edges,
                Corners::BetweenOpen => bits & edges == 0,
            };
            if !seen {
                bits &= !corner;
            }
        }
        bits
    }
}

/// Textures by place: the plain one mostly, the others strewn without a visible period.
fn variant(row: usize, column: usize, variants: u8) -> u8 {
    let place = scatter(row, column);
    if variants < 2 || place % 4 < 3 { 0 } else { 1 + ((place >> 8) % (variants as u32 - 1)) as u8 }
}

/// A number that looks arbitrary but belongs to the place. No draw: a picture of a level is the
/// same whoever paints it.
pub(super) fn scatter(row: usize, column: usize) -> u32 {
    let rows = (row as u32).wrapping_mul(0x9e37_79b9);
    let mut mix = rows.rotate_left(16) ^ (column as u32).wrapping_mul(0x85eb_ca6b) ^ 0x27d4_eb2f;
    for factor in [0x2c1b_3c6du32, 0x297a_2d39, 0x85eb_ca6b] {
        mix = (mix ^ (mix >> 15)).wrapping_mul(factor);
    }
    mix ^ (mix >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOLID: Rule = Rule {
        relevant: 255,
        joins: |_, symbol| symbol == b'X',
        corners: Corners::BetweenJoined,
        variants: 1,
    };

    #[test]
    fn a_solid_has_forty_seven_drawings() {
        assert_eq!(SOLID.looks(b'X').len(), 47);
        assert_eq!(Rule::ALONE.looks(b'o').len(), 1);
    }

    #[test]
    fn every_cell_gets_a_drawing_from_the_list() {
        let rule = Rule { variants: 3, ..SOLID };
        let grid = Grid::from_rows(&["X-XX", "XXX-", "--XX", "XXXX"]).expect("equal rows");
        let list = rule.looks(b'X');
        for (row, column) in (0..4).flat_map(|row| (0..4).map(move |column| (row, column))) {
            if grid.get(row, column) == b'X' {
                assert!(list.contains(&rule.look(&grid, row, column)), "{row} {column}");
            }
        }
    }

    #[test]
    fn the_border_of_the_grid_goes_on_outside() {
        let grid = Grid::from_rows(&["XX", "XX"]).expect("equal rows");
        assert_eq!(SOLID.look(&grid, 0, 0).joined, 255);
    }

    #[test]
    fn a_corner_counts_only_where_it_is_seen() {
        let grid = Grid::from_rows(&["X-X", "-X-", "X-X"]).expect("equal rows");
        assert_eq!(SOLID.look(&grid, 1, 1).joined, 0);
        let shadow = Rule { corners: Corners::BetweenOpen, ..SOLID };
        assert_eq!(shadow.look(&grid, 1, 1).joined, NE | SE | SW | NW);
    }
}
