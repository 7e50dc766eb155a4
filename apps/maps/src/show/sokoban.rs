//! Tiles of Sokoban boards, in the usual alphabet: a store house with crates to push.

use super::Symbol;
use super::colours::{CLAY, GRASS, INK, PLASTER, Ramp, SHADE, TEAL, WOOD};
use super::look::{Corners, Look, N, NW, Rule, W};
use super::masonry::{cast_shadow, mix, slabs, wall};
use super::sprites::PLAYER;
use super::tile::Tile;

pub(super) const SYMBOLS: &[Symbol] = &[
    Symbol::free(b' ', "floor"),
    Symbol::solid(b'#', "wall"),
    Symbol::free(b'@', "player"),
    Symbol::solid(b'$', "box"),
    Symbol::free(b'.', "goal"),
    Symbol::solid(b'*', "box on goal"),
    Symbol::free(b'+', "player on goal"),
];

pub(super) fn rule(symbol: u8) -> Rule {
    match symbol {
        b'#' => Rule {
            relevant: 255,
            joins: |_, symbol| symbol == b'#',
            corners: Corners::BetweenJoined,
            variants: 2,
        },
        _ => Rule {
            relevant: N | W | NW,
            joins: |_, symbol| symbol == b'#',
            corners: Corners::BetweenOpen,
            variants: if symbol == b' ' { 3 } else { 1 },
        },
    }
}

pub(super) fn draw(look: Look) -> Tile {
    if look.symbol == b'#' {
        return wall(look, CLAY);
    }
    let mut tile = slabs(look, PLASTER);
    if b".+".contains(&look.symbol) {
        goal(&mut tile);
    }
    cast_shadow(&mut tile, look);
    match look.symbol {
        b'$' => crate_of(&mut tile, WOOD),
        b'*' => crate_of(&mut tile, GRASS),
        b'@' | b'+' => {
            tile.rect(3, 14, 11, 2, SHADE);
            tile.sprite(&PLAYER);
        }
        _ => {}
    }
    tile
}

/// A painted ring around a dot.
fn goal(tile: &mut Tile) {
    let (paint, soft) = (TEAL[2], mix(TEAL[1], PLASTER[1]));
    tile.rect(4, 2, 8, 12, soft);
    tile.rect(2, 4, 12, 8, soft);
    tile.rect(3, 3, 10, 10, soft);
    tile.rect(5, 3, 6, 1, paint);
    tile.rect(5, 12, 6, 1, paint);
    tile.rect(3, 5, 1, 6, paint);
    tile.rect(12, 5, 1, 6, paint);
    for (x, y) in [(4, 4), (11, 4), (4, 11), (11, 11)] {
        tile.dot(x, y, paint);
    }
    tile.rect(7, 6, 2, 4, paint);
    tile.rect(6, 7, 4, 2, paint);
}

/// A crate of planks with a brace; in green where it has arrived.
fn crate_of(tile: &mut Tile, ramp: Ramp) {
    tile.rect(1, 15, 15, 1, SHADE);
    tile.rect(0, 1, 16, 14, INK);
    tile.rect(1, 0, 14, 16, INK);
    tile.rect(1, 1, 14, 14, ramp[1]);
    tile.rect(3, 3, 10, 10, ramp[2]);
    for y in [5, 8, 11] {
        tile.rect(3, y, 10, 1, mix(ramp[2], ramp[3]));
    }
    for step in 0..10 {
        tile.rect(2 + step, 12 - step, 3, 1, ramp[1]);
        tile.dot(2 + step, 12 - step, ramp[0]);
        tile.dot(4 + step, 12 - step, ramp[3]);
    }
    tile.rect(1, 1, 14, 2, ramp[1]);
    tile.rect(1, 13, 14, 2, ramp[1]);
    tile.rect(1, 1, 14, 1, ramp[0]);
    tile.rect(1, 1, 1, 14, ramp[0]);
    tile.rect(13, 3, 2, 10, ramp[1]);
    tile.rect(14, 2, 1, 13, ramp[2]);
    tile.rect(1, 14, 14, 1, ramp[3]);
    tile.rect(3, 3, 10, 1, mix(ramp[2], ramp[3]));
    for (x, y) in [(2, 2), (13, 2), (2, 13), (13, 13)] {
        tile.dot(x, y, ramp[3]);
    }
}
