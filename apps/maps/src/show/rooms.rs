//! Tiles of dungeon rooms, in the alphabet that VGLC uses for The Legend of Zelda, with locks, keys
//! and treasure: mossy walls, sandy floors, water.

use super::Symbol;
use super::colours::{GOLD, INK, MOSS, SAND, SHADE, STEEL, VOID, WATER, WOOD};
use super::look::{Corners, E, EDGES, Look, N, NE, NW, Rule, S, SE, SW, W};
use super::masonry::{boulder, cast_shadow, mix, slabs, stairs, wall};
use super::sprites::{BAT, CHEST, KEY, PLAYER, Sprite};
use super::tile::Tile;

pub(super) const SYMBOLS: &[Symbol] = &[
    Symbol::free(b'F', "floor"),
    Symbol::solid(b'W', "wall"),
    Symbol::solid(b'B', "block"),
    Symbol::free(b'D', "door"),
    Symbol::solid(b'L', "locked door"),
    Symbol::free(b'S', "stair"),
    Symbol::free(b'M', "monster"),
    Symbol::solid(b'P', "water"),
    Symbol::free(b'O', "water with floor"),
    Symbol::solid(b'I', "water with block"),
    Symbol::free(b'K', "key"),
    Symbol::free(b'@', "start"),
    Symbol::free(b'T', "treasure"),
    Symbol::solid(b'-', "void"),
];

fn wet(symbol: u8) -> bool {
    b"POI".contains(&symbol)
}

pub(super) fn rule(symbol: u8) -> Rule {
    let corners = Corners::BetweenJoined;
    match symbol {
        b'W' => Rule {
            relevant: 255,
            // Doors lie in the thickness of the wall; its face shows above them, as above floors.
            joins: |bit, symbol| symbol == b'W' || symbol == b'-' && bit != S,
            corners,
            variants: 2,
        },
        b'P' | b'O' | b'I' => Rule {
            relevant: 255,
            joins: |_, symbol| wet(symbol),
            corners,
            variants: if symbol == b'P' { 2 } else { 1 },
        },
        b'D' => Rule { relevant: EDGES, joins: |_, symbol| b"W-".contains(&symbol), ..Rule::ALONE },
        b'L' => Rule {
            relevant: EDGES,
            joins: |bit, symbol| b"W-".contains(&symbol) || symbol == b'L' && bit == S,
            ..Rule::ALONE
        },
        b'-' => Rule::ALONE,
        _ => Rule {
            relevant: N | W | NW,
            joins: |_, symbol| symbol == b'W',
            corners: Corners::BetweenOpen,
            variants: if symbol == b'F' { 3 } else { 1 },
        },
    }
}

pub(super) fn draw(look: Look) -> Tile {
    match look.symbol {
        b'W' => return wall(look, MOSS),
        b'D' => return doorway(look),
        b'L' => return gate(look),
        b'P' => return water(look),
        b'O' => return stepping_stone(look),
        b'I' => {
            let mut tile = water(look);
            boulder(&mut tile, STEEL);
            return tile;
        }
        b'-' => return Tile::filled(VOID),
        _ => {}
    }
    let mut tile = slabs(look, SAND);
    if look.symbol == b'S' {
        stairs(&mut tile, SAND, true);
    }
    cast_shadow(&mut tile, look);
    let (figure, ground): (&Sprite, _) = match look.symbol {
        b'B' => {
            boulder(&mut tile, STEEL);
            return tile;
        }
        b'M' => (&BAT, (4, 14, 8)),
        b'K' => (&KEY, (3, 12, 12)),
        b'@' => (&PLAYER, (3, 14, 11)),
        b'T' => (&CHEST, (1, 14, 15)),
        _ => return tile,
    };
    let (x, y, width) = ground;
    tile.rect(x, y, width, 2, SHADE);
    tile.sprite(figure);
    tile
}

/// A passage through the wall: worn slabs between posts, dark where it leads out.
fn doorway(look: Look) -> Tile {
    let mut tile = slabs(Look { variant: 1, ..look }, [SAND[1], SAND[2], SAND[3], SAND[3]]);
    let sides = [(N, 0, 0, 16, 4), (E, 12, 0, 4, 16), (S, 0, 12, 16, 4), (W, 0, 0, 4, 16)];
    for (bit, x, y, width, height) in sides {
        if look.joins(bit) {
            tile.rect(x, y, width, height, SHADE);
            tile.rect(x, y, width, height, SHADE);
        }
    }
    // Posts and lintels: a light edge behind a dark line.
    if look.joins(W) {
        tile.rect(0, 0, 3, 16, MOSS[1]);
        tile.rect(0, 0, 1, 16, MOSS[0]);
        tile.rect(3, 0, 1, 16, INK);
    }
    if look.joins(E) {
        tile.rect(13, 0, 3, 16, MOSS[2]);
        tile.rect(13, 0, 1, 16, MOSS[1]);
        tile.rect(12, 0, 1, 16, INK);
    }
    if look.joins(N) {
        tile.rect(0, 0, 16, 5, INK);
        tile.rect(0, 0, 16, 3, MOSS[1]);
        tile.rect(0, 0, 16, 1, MOSS[0]);
    }
    if look.joins(S) {
        tile.rect(0, 12, 16, 1, INK);
        tile.rect(0, 13, 16, 3, MOSS[2]);
        tile.rect(0, 13, 16, 1, MOSS[0]);
    }
    tile
}

/// A doorway shut by planks and iron, with one padlock to a door: on its middle tile in a wall that
/// runs across, on its upper tile in one that runs down, where the lower tile joins it.
fn gate(look: Look) -> Tile {
    let upper = look.joins(N | S);
    let look = Look { joined: if upper { look.joined & !S } else { look.joined }, ..look };
    let mut tile = doorway(look);
    let (left, right) = (if look.joins(W) { 4 } else { 0 }, if look.joins(E) { 12 } else { 16 });
    let (top, bottom) = (if look.joins(N) { 5 } else { 0 }, if look.joins(S) { 12 } else { 16 });
    tile.rect(left, top, right - left, bottom - top, WOOD[1]);
    for x in (left..right).step_by(4) {
        tile.rect(x, top, 1, bottom - top, WOOD[2]);
    }
    for y in [top + 2, bottom - 4] {
        tile.rect(left, y, right - left, 2, STEEL[2]);
        tile.rect(left, y, right - left, 1, STEEL[0]);
    }
    let middle = (left + right) / 2 - 3;
    if upper {
        padlock(&mut tile, middle, 8);
    } else if !look.joins(E) && !look.joins(W) {
        padlock(&mut tile, middle, (top + bottom) / 2 - 4);
    }
    tile
}

/// Gold with a keyhole, 6 by 8 pixels.
fn padlock(tile: &mut Tile, x: i32, y: i32) {
    tile.rect(x, y, 6, 8, INK);
    tile.rect(x + 1, y + 1, 4, 6, GOLD[1]);
    tile.rect(x + 1, y + 1, 4, 1, GOLD[0]);
    tile.rect(x + 1, y + 6, 4, 1, GOLD[2]);
    tile.rect(x + 2, y + 3, 2, 2, INK);
}

/// Water with a bank where it ends: a wall of stone above, foam at the other sides.
fn water(look: Look) -> Tile {
    let mut tile = Tile::filled(WATER[2]);
    let ripples: &[(i32, i32, i32)] = if look.variant == 0 {
        &[(3, 5, 4), (10, 11, 3)]
    } else {
        &[(8, 4, 5), (2, 10, 3), (6, 13, 4)]
    };
    for &(x, y, width) in ripples {
        tile.rect(x, y, width, 1, WATER[1]);
        tile.dot(x + 1, y, WATER[0]);
        tile.rect(x + 1, y + 1, width, 1, WATER[3]);
    }
    if !look.joins(N) {
        tile.rect(0, 0, 16, 3, SAND[3]);
        tile.rect(0, 0, 16, 1, SAND[0]);
        tile.rect(0, 3, 16, 1, INK);
        tile.rect(0, 4, 16, 1, WATER[3]);
    }
    let top = if look.joins(N) { 0 } else { 4 };
    if !look.joins(W) {
        tile.rect(0, 0, 1, 16, SAND[3]);
        tile.rect(1, top, 1, 16, WATER[3]);
    }
    if !look.joins(E) {
        tile.rect(15, 0, 1, 16, SAND[0]);
        tile.rect(14, top, 1, 16, WATER[1]);
    }
    if !look.joins(S) {
        tile.rect(0, 15, 16, 1, SAND[0]);
        tile.rect(0, 14, 16, 1, WATER[1]);
    }
    for (edges, corner, x, y) in
        [(N | E, NE, 15, 0), (S | E, SE, 15, 15), (S | W, SW, 0, 15), (N | W, NW, 0, 0)]
    {
        if look.joins(edges) && !look.joins(corner) {
            tile.dot(x, y, SAND[3]);
        }
    }
    tile
}

fn stepping_stone(look: Look) -> Tile {
    let mut tile = water(look);
    tile.rect(3, 3, 10, 11, INK);
    tile.rect(2, 4, 12, 9, INK);
    tile.rect(3, 4, 10, 7, SAND[1]);
    tile.rect(3, 4, 10, 1, SAND[0]);
    tile.rect(3, 11, 10, 2, SAND[3]);
    tile.rect(7, 7, 3, 1, mix(SAND[1], SAND[3]));
    tile
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rooms::{Side, empty};
    use crate::show::TileSet;

    #[test]
    fn a_locked_door_has_one_padlock_whichever_wall_it_is_in() {
        for side in Side::ALL {
            let mut room = empty([false; 4]);
            side.door().iter().for_each(|&(row, column)| room.set(row, column, b'L'));
            let has_gold = |&&(row, column): &&(usize, usize)| {
                let tile = TileSet::Rooms.draw(TileSet::Rooms.look(&room, row, column));
                let (pixels, _) = tile.bytes().as_chunks::<4>();
                pixels.contains(&GOLD[1])
            };
            assert_eq!(side.door().iter().filter(has_gold).count(), 1, "{side:?}");
        }
    }
}
