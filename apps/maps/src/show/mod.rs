//! Levels as pictures, 16 by 16 pixels a tile. All art is drawn here, in code.

mod backdrop;
mod colours;
mod look;
mod masonry;
mod platform;
mod roguelike;
mod rooms;
mod sokoban;
mod sprites;
mod tile;
mod trail;

use std::collections::HashMap;

use generativa::data::Grid;
use generativa::report::Picture;

pub use look::Look;
use look::Rule;
pub use tile::TILE;
use tile::Tile;

/// A style of drawing with the alphabet that it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TileSet {
    /// Side-view levels in VGLC's alphabet for Super Mario Bros.
    Platform,
    /// Roguelike maps.
    Roguelike,
    /// Dungeon rooms in VGLC's alphabet for The Legend of Zelda.
    Rooms,
    /// Sokoban boards.
    Sokoban,
}

/// A symbol of an alphabet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// The byte in the grid.
    pub symbol: u8,
    /// What it stands for.
    pub kind: &'static str,
    /// True where nobody can walk before anything has been moved, opened or broken.
    pub solid: bool,
}

impl Symbol {
    const fn free(symbol: u8, kind: &'static str) -> Self {
        Self { symbol, kind, solid: false }
    }

    const fn solid(symbol: u8, kind: &'static str) -> Self {
        Self { symbol, kind, solid: true }
    }
}

impl TileSet {
    /// Every set.
    pub const ALL: [Self; 4] = [Self::Platform, Self::Roguelike, Self::Rooms, Self::Sokoban];

    /// Name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Roguelike => "roguelike",
            Self::Rooms => "rooms",
            Self::Sokoban => "sokoban",
        }
    }

    /// The symbols that the set knows, the emptiest first.
    pub fn symbols(self) -> &'static [Symbol] {
        match self {
            Self::Platform => platform::SYMBOLS,
            Self::Roguelike => roguelike::SYMBOLS,
            Self::Rooms => rooms::SYMBOLS,
            Self::Sokoban => sokoban::SYMBOLS,
        }
    }

    /// What is known of `symbol`, or `None` where it is not of this alphabet.
    pub fn symbol(self, symbol: u8) -> Option<&'static Symbol> {
        self.symbols().iter().find(|known| known.symbol == symbol)
    }

    /// Every drawing of the set, in a fixed order: each symbol with each surrounding.
    pub fn looks(self) -> Vec<Look> {
        let symbols = self.symbols().iter();
        symbols.flat_map(|known| self.rule(known.symbol).looks(known.symbol)).collect()
    }

    /// The drawing for the cell at `row`, `column`.
    pub fn look(self, grid: &Grid, row: usize, column: usize) -> Look {
        self.rule(grid.get(row, column)).look(grid, row, column)
    }

    /// A tile by itself, [`TILE`] pixels square; clear where the backdrop shows.
    pub fn draw(self, look: Look) -> Picture {
        let tile = match self {
            _ if self.symbol(look.symbol).is_none() => unknown(),
            Self::Platform => platform::draw(look),
            Self::Roguelike => roguelike::draw(look),
            Self::Rooms => rooms::draw(look),
            Self::Sokoban => sokoban::draw(look),
        };
        tile.picture().clone()
    }

    /// Colour behind clear tiles, red, green and blue, for tools that draw no backdrop.
    pub fn background(self) -> [u8; 3] {
        match self {
            Self::Platform => [150, 208, 236],
            _ => [colours::VOID[0], colours::VOID[1], colours::VOID[2]],
        }
    }

    fn rule(self, symbol: u8) -> Rule {
        match self {
            _ if self.symbol(symbol).is_none() => Rule::ALONE,
            Self::Platform => platform::rule(symbol),
            Self::Roguelike => roguelike::rule(symbol),
            Self::Rooms => rooms::rule(symbol),
            Self::Sokoban => sokoban::rule(symbol),
        }
    }
}

/// The whole level, `[height * 16, width * 16]` pixels, with `path` as (row, column) cells drawn
/// over it. Symbols that the set does not know get a neutral, hatched tile.
pub fn tile_picture(set: TileSet, grid: &Grid, path: Option<&[(usize, usize)]>) -> Picture {
    let (width, height) = (grid.width() * TILE, grid.height() * TILE);
    let mut picture = match set {
        TileSet::Platform => backdrop::backdrop(width, height),
        _ => Picture::filled(width, height, colours::VOID),
    };
    let mut drawn: HashMap<Look, Picture> = HashMap::new();
    for row in 0..grid.height() {
        for column in 0..grid.width() {
            let look = set.look(grid, row, column);
            let tile = drawn.entry(look).or_insert_with(|| set.draw(look));
            picture.draw(tile, column * TILE, row * TILE);
        }
    }
    if let Some(path) = path {
        trail::draw(&mut picture, path);
    }
    picture
}

/// A neutral plate, hatched so that it cannot be taken for floor or wall.
fn unknown() -> Tile {
    let mut tile = Tile::filled([150, 146, 158, 255]);
    for (x, y) in (0..16).flat_map(|y| (0..16).map(move |x| (x, y))) {
        if (x + y) % 8 < 3 {
            tile.dot(x, y, [128, 123, 138, 255]);
        }
    }
    for (x, y, width, height) in [(0, 0, 16, 1), (0, 15, 16, 1), (0, 0, 1, 16), (15, 0, 1, 16)] {
        tile.rect(x, y, width, height, [98, 92, 110, 255]);
    }
    tile
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_shows_the_tile_that_each_symbol_calls_for() {
        for set in TileSet::ALL {
            let looks = set.looks();
            for known in set.symbols() {
                let grid = Grid::filled(3, 4, known.symbol);
                assert!(looks.contains(&set.look(&grid, 1, 1)), "{}", known.kind);
                let picture = tile_picture(set, &grid, None);
                assert_eq!((picture.width(), picture.height()), (64, 48));
            }
        }
    }

    #[test]
    fn no_two_symbols_of_a_set_look_the_same() {
        for set in TileSet::ALL {
            let mut seen: HashMap<Vec<u8>, u8> = HashMap::new();
            for look in set.looks() {
                let other = seen.insert(set.draw(look).bytes().to_vec(), look.symbol);
                assert!(other.is_none_or(|other| other == look.symbol), "{look:?} {other:?}");
            }
        }
    }

    #[test]
    fn every_letter_of_every_tile_is_in_the_palette() {
        let missing = colours::letter(b'?');
        for set in TileSet::ALL {
            for look in set.looks() {
                let tile = set.draw(look);
                let (pixels, _) = tile.bytes().as_chunks::<4>();
                assert!(pixels.iter().all(|pixel| *pixel != missing), "{look:?}");
            }
        }
    }

    #[test]
    fn an_unknown_symbol_gets_a_plate_of_its_own() {
        let grid = Grid::filled(1, 1, b'~');
        for set in TileSet::ALL {
            assert_eq!(&tile_picture(set, &grid, None), unknown().picture());
        }
    }

    #[test]
    fn an_empty_grid_makes_an_empty_picture() {
        let picture = tile_picture(TileSet::Platform, &Grid::filled(0, 0, b'-'), None);
        assert!(picture.bytes().is_empty());
    }

    #[test]
    fn grass_grows_only_where_the_ground_meets_the_air() {
        let grid = Grid::from_rows(&["-", "X", "X"]).expect("equal rows");
        let picture = tile_picture(TileSet::Platform, &grid, None);
        assert_eq!(picture.get(8, 17), colours::GRASS[0]);
        let green = |y| (0..16).any(|x| colours::GRASS.contains(&picture.get(x, y)));
        assert!(!(32..48).any(green));
    }
}
