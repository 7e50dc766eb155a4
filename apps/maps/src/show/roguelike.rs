//! Tiles of the roguelike maps: slate walls around warm floors.

use super::Symbol;
use super::colours::{DEEP_SHADE, FLAGSTONE, GOLD, INK, SHADE, SLATE, STEEL, WOOD};
use super::look::{Corners, E, Look, N, NW, Rule, W};
use super::masonry::{FACE, cast_shadow, slabs, stairs, wall};
use super::sprites::{CHEST, KEY, SLIME};
use super::tile::Tile;

pub(super) const SYMBOLS: &[Symbol] = &[
    Symbol::free(b'.', "floor"),
    Symbol::solid(b'#', "wall"),
    Symbol::free(b'+', "door"),
    Symbol::solid(b'=', "locked door"),
    Symbol::free(b'k', "key"),
    Symbol::free(b'm', "monster"),
    Symbol::free(b'$', "treasure"),
    Symbol::free(b'<', "stairs up"),
    Symbol::free(b'>', "stairs down"),
];

fn door(symbol: u8) -> bool {
    b"+=".contains(&symbol)
}

pub(super) fn rule(symbol: u8) -> Rule {
    let (between_joined, between_open) = (Corners::BetweenJoined, Corners::BetweenOpen);
    match symbol {
        // A wall runs on beside a door, but shows its face above one.
        b'#' => Rule {
            relevant: 255,
            joins: |bit, symbol| symbol == b'#' || (E | W) & bit != 0 && door(symbol),
            corners: between_joined,
            variants: 2,
        },
        b'+' | b'=' => Rule { relevant: E | W, joins: |_, symbol| symbol == b'#', ..Rule::ALONE },
        _ => Rule {
            relevant: N | W | NW,
            joins: |_, symbol| symbol == b'#' || door(symbol),
            corners: between_open,
            variants: if symbol == b'.' { 3 } else { 1 },
        },
    }
}

pub(super) fn draw(look: Look) -> Tile {
    match look.symbol {
        b'#' => return wall(look, SLATE),
        b'+' | b'=' => return doorway(look),
        _ => {}
    }
    let mut tile = slabs(look, FLAGSTONE);
    if look.symbol == b'>' || look.symbol == b'<' {
        stairs(&mut tile, FLAGSTONE, look.symbol == b'>');
    }
    cast_shadow(&mut tile, look);
    let (figure, ground) = match look.symbol {
        b'k' => (&KEY, (3, 12, 12)),
        b'm' => (&SLIME, (2, 14, 12)),
        b'$' => (&CHEST, (1, 14, 15)),
        _ => return tile,
    };
    let (x, y, width) = ground;
    tile.rect(x, y, width, 2, SHADE);
    tile.sprite(figure);
    tile
}

/// A door in a wall that runs across, seen from the front; in a wall that runs down, from above.
fn doorway(look: Look) -> Tile {
    let locked = look.symbol == b'=';
    if look.joins(E | W) {
        let along = Look { joined: N | E | W, variant: 0, ..look };
        let mut tile = wall(along, SLATE);
        tile.rect(2, FACE - 3, 12, 13, INK);
        tile.rect(3, FACE - 2, 10, 12, WOOD[1]);
        tile.rect(3, FACE - 2, 10, 1, WOOD[0]);
        for x in [5, 8, 11] {
            tile.rect(x, FACE - 2, 1, 12, WOOD[2]);
        }
        tile.rect(2, FACE - 3, 1, 1, SLATE[2]);
        tile.rect(13, FACE - 3, 1, 1, SLATE[2]);
        fittings(&mut tile, locked);
        return tile;
    }
    let mut tile = slabs(Look { variant: 0, ..look }, FLAGSTONE);
    tile.rect(0, 0, 16, 3, DEEP_SHADE);
    tile.rect(10, 0, 3, 16, SHADE);
    tile.rect(5, 0, 6, 16, INK);
    tile.rect(6, 0, 4, 15, WOOD[1]);
    tile.rect(6, 0, 1, 15, WOOD[0]);
    tile.rect(9, 0, 1, 15, WOOD[2]);
    if locked {
        for y in [3, 11] {
            tile.rect(5, y, 6, 2, STEEL[2]);
            tile.rect(5, y, 6, 1, STEEL[0]);
        }
        tile.rect(6, 6, 4, 4, GOLD[1]);
        tile.rect(7, 7, 2, 2, INK);
    } else {
        tile.rect(7, 7, 2, 2, GOLD[1]);
    }
    tile
}

fn fittings(tile: &mut Tile, locked: bool) {
    if locked {
        for y in [FACE, FACE + 6] {
            tile.rect(3, y, 10, 2, STEEL[2]);
            tile.rect(3, y, 10, 1, STEEL[0]);
        }
        tile.rect(6, FACE + 1, 4, 5, INK);
        tile.rect(6, FACE + 2, 4, 3, GOLD[1]);
        tile.rect(6, FACE + 2, 4, 1, GOLD[0]);
        tile.dot(7, FACE + 3, INK);
        tile.dot(8, FACE + 3, INK);
    } else {
        tile.rect(10, FACE + 4, 2, 2, GOLD[1]);
        tile.dot(10, FACE + 4, GOLD[0]);
    }
    // The threshold lies in shadow.
    tile.rect(3, 15, 10, 1, SLATE[3]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::look::S;

    #[test]
    fn a_wall_shows_a_face_above_the_floor_and_none_above_a_wall() {
        let symbol = b'#';
        let above_floor = draw(Look { symbol, joined: N | E | W, variant: 0 });
        let inside = draw(Look { symbol, joined: N | E | W | S, variant: 0 });
        assert_eq!(above_floor.picture().get(8, FACE as usize - 1), SLATE[0]);
        assert_ne!(inside.picture().get(8, FACE as usize - 1), SLATE[0]);
    }
}
