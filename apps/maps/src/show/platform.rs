//! Tiles of side-view levels, in the alphabet that VGLC uses for Super Mario Bros.

use generativa::report::picture::Rgba;

use super::Symbol;
use super::colours::{BRICK, EARTH, GOLD, GRASS, INK, Ramp, SHADE, STEEL, TEAL, WOOD};
use super::look::{Corners, E, EDGES, Look, N, NE, NW, Rule, S, SE, SW, W};
use super::sprites::{CANNON, COIN, IMP, STAR};
use super::tile::Tile;

pub(super) const SYMBOLS: &[Symbol] = &[
    Symbol::free(b'-', "sky"),
    Symbol::solid(b'X', "ground"),
    Symbol::solid(b'S', "brick"),
    Symbol::solid(b'?', "full block"),
    Symbol::solid(b'Q', "empty block"),
    Symbol::solid(b'<', "pipe top left"),
    Symbol::solid(b'>', "pipe top right"),
    Symbol::solid(b'[', "pipe left"),
    Symbol::solid(b']', "pipe right"),
    Symbol::free(b'o', "coin"),
    Symbol::free(b'E', "enemy"),
    Symbol::solid(b'B', "cannon"),
    Symbol::solid(b'b', "cannon base"),
];

pub(super) fn solid(symbol: u8) -> bool {
    SYMBOLS.iter().any(|known| known.symbol == symbol && known.solid)
}

pub(super) fn rule(symbol: u8) -> Rule {
    let alone = Rule::ALONE;
    match symbol {
        b'X' => Rule {
            relevant: 255,
            joins: |_, symbol| solid(symbol),
            corners: Corners::BetweenJoined,
            variants: 3,
        },
        b'S' => Rule { relevant: EDGES, joins: |_, symbol| symbol == b'S', variants: 2, ..alone },
        // Half a pipe without its other half gets an edge, so that a broken one is seen.
        b'<' | b'[' => Rule { relevant: E, joins: |_, symbol| b">]".contains(&symbol), ..alone },
        b'>' | b']' => Rule { relevant: W, joins: |_, symbol| b"<[".contains(&symbol), ..alone },
        b'b' => Rule { relevant: N | S, joins: |_, symbol| b"Bb".contains(&symbol), ..alone },
        _ => alone,
    }
}

pub(super) fn draw(look: Look) -> Tile {
    match look.symbol {
        b'X' => ground(look),
        b'S' => brick(look),
        b'?' => block(GOLD, true),
        b'Q' => block(WOOD, false),
        b'<' | b'>' => pipe(look, true),
        b'[' | b']' => pipe(look, false),
        b'o' => sprite(&COIN),
        b'E' => sprite(&IMP),
        b'B' => sprite(&CANNON),
        b'b' => pedestal(look),
        _ => Tile::clear(),
    }
}

fn sprite(rows: &super::sprites::Sprite) -> Tile {
    let mut tile = Tile::clear();
    tile.sprite(rows);
    tile
}

/// Earth that is light near the air and dark inside, under grass where the air is above.
fn ground(look: Look) -> Tile {
    let mut tile = Tile::clear();
    for (x, y) in (0..16).flat_map(|y| (0..16).map(move |x| (x, y))) {
        let depth = depth(look, x, y);
        // A checkered seam blends the two shades.
        let light = depth < 6 || depth < 9 && (x + y) % 2 == 0;
        tile.dot(x, y, if light { EARTH[1] } else { EARTH[2] });
    }
    pebbles(&mut tile, look);
    if !look.joins(W) {
        tile.rect(0, 0, 1, 16, INK);
        tile.rect(1, 0, 1, 16, EARTH[0]);
    }
    if !look.joins(E) {
        tile.rect(14, 0, 1, 16, EARTH[2]);
        tile.rect(15, 0, 1, 16, INK);
    }
    if !look.joins(S) {
        tile.rect(0, 13, 16, 2, EARTH[3]);
        tile.rect(0, 15, 16, 1, INK);
        round(&mut tile, look, S | W, 0, 15);
        round(&mut tile, look, S | E, 15, 15);
    }
    if look.joins(N) {
        grass_beside(&mut tile, look);
    } else {
        grass(&mut tile, look);
    }
    tile
}

/// Pixels to the nearest air, as far as the neighbours tell; 16 where none is open.
fn depth(look: Look, x: i32, y: i32) -> i32 {
    let (right, down) = (15 - x, 15 - y);
    let round = |a: i32, b: i32| a.max(b) + a.min(b) / 2;
    let ways = [
        (N, N, y),
        (E, E, right),
        (S, S, down),
        (W, W, x),
        (N | E, NE, round(y, right)),
        (S | E, SE, round(down, right)),
        (S | W, SW, round(down, x)),
        (N | W, NW, round(y, x)),
    ];
    let open = ways.iter().filter(|(edges, bit, _)| {
        // A corner's bit is kept only between joined edges, see `Corners`.
        !look.joins(*bit) && (edges == bit || look.joins(*edges))
    });
    open.map(|way| way.2).min().unwrap_or(16)
}

fn pebbles(tile: &mut Tile, look: Look) {
    let stone = |tile: &mut Tile, x, y, width| {
        tile.rect(x, y + 1, width, 2, EARTH[3]);
        tile.rect(x + 1, y, width - 2, 1, EARTH[0]);
        tile.rect(x, y + 1, width - 1, 1, EARTH[1]);
    };
    match look.variant {
        1 => {
            stone(tile, 3, 7, 5);
            stone(tile, 10, 11, 4);
        }
        2 => {
            stone(tile, 8, 8, 4);
            tile.rect(4, 12, 2, 1, EARTH[3]);
            tile.dot(12, 5, EARTH[3]);
        }
        _ => {
            tile.rect(4, 8, 2, 1, EARTH[3]);
            tile.rect(11, 12, 2, 1, EARTH[3]);
            tile.dot(12, 7, EARTH[0]);
        }
    }
}

/// How far each blade hangs over the earth.
const FRINGE: [i32; 16] = [3, 2, 1, 2, 4, 3, 1, 1, 2, 3, 2, 1, 3, 4, 2, 2];

fn grass(tile: &mut Tile, look: Look) {
    for (x, length) in (0..).zip(FRINGE) {
        tile.rect(x, 4, 1, length, GRASS[2]);
        tile.dot(x, 4 + length, EARTH[3]);
    }
    tile.rect(0, 0, 16, 1, GRASS[3]);
    tile.rect(0, 1, 16, 1, GRASS[0]);
    tile.rect(0, 2, 16, 2, GRASS[1]);
    for x in [3, 4, 9, 14] {
        tile.dot(x, 2, GRASS[0]);
    }
    for x in [1, 7, 11, 12] {
        tile.dot(x, 4, GRASS[1]);
    }
    if !look.joins(W) {
        tile.rect(0, 0, 1, 7, GRASS[3]);
        tile.dot(1, 2, GRASS[0]);
        tile.dot(1, 5, GRASS[1]);
        round_with(tile, 0, 0, GRASS[3]);
    }
    if !look.joins(E) {
        tile.rect(15, 0, 1, 7, GRASS[3]);
        tile.rect(14, 2, 1, 3, GRASS[2]);
        round_with(tile, 15, 0, GRASS[3]);
    }
}

/// Where a lower neighbour's grass meets this wall of earth.
fn grass_beside(tile: &mut Tile, look: Look) {
    for (edges, corner, x, inward) in [(N | E, NE, 15, -1), (N | W, NW, 0, 1)] {
        if look.joins(edges) && !look.joins(corner) {
            tile.rect(x, 0, 1, 5, GRASS[2]);
            tile.dot(x, 0, GRASS[3]);
            tile.dot(x, 1, GRASS[1]);
            tile.rect(x + inward, 0, 1, 4, EARTH[3]);
            tile.dot(x, 5, EARTH[3]);
        }
    }
}

fn round(tile: &mut Tile, look: Look, open: u8, x: i32, y: i32) {
    if look.joined & open == 0 {
        round_with(tile, x, y, INK);
    }
}

/// Takes the pixel of a corner away and closes the outline behind it.
fn round_with(tile: &mut Tile, x: i32, y: i32, outline: Rgba) {
    let (inward, down) = (if x == 0 { 1 } else { -1 }, if y == 0 { 1 } else { -1 });
    tile.erase(x as usize, y as usize);
    tile.dot(x + inward, y + down, outline);
}

/// Courses of bricks with an outline where the masonry ends.
fn brick(look: Look) -> Tile {
    let mut tile = Tile::filled(BRICK[3]);
    for course in 0..4 {
        let y = course * 4;
        for column in -1..3 {
            let x = column * 8 + course % 2 * 4;
            tile.rect(x, y, 7, 3, BRICK[1]);
            tile.rect(x, y, 7, 1, BRICK[0]);
            tile.rect(x + 6, y, 1, 3, BRICK[2]);
            tile.rect(x, y + 2, 7, 1, BRICK[2]);
        }
    }
    if look.variant == 1 {
        // A chipped brick.
        tile.rect(5, 9, 2, 1, BRICK[2]);
        tile.dot(6, 8, BRICK[2]);
        tile.dot(2, 5, BRICK[0]);
    }
    outline(&mut tile, look);
    tile
}

/// A dark line along every side that is not joined.
fn outline(tile: &mut Tile, look: Look) {
    let sides = [(N, 0, 0, 16, 1), (E, 15, 0, 1, 16), (S, 0, 15, 16, 1), (W, 0, 0, 1, 16)];
    for (bit, x, y, width, height) in sides {
        if !look.joins(bit) {
            tile.rect(x, y, width, height, INK);
        }
    }
    for (open, x, y) in [(N | W, 0, 0), (N | E, 15, 0), (S | W, 0, 15), (S | E, 15, 15)] {
        if look.joined & open == 0 {
            tile.erase(x, y);
        }
    }
}

/// A bevelled crate: with a star while it holds something, else with an empty socket.
fn block(ramp: Ramp, full: bool) -> Tile {
    let mut tile = Tile::filled(INK);
    for (x, y) in [(0, 0), (15, 0), (0, 15), (15, 15)] {
        tile.erase(x, y);
    }
    tile.rect(1, 1, 14, 14, ramp[1]);
    tile.rect(1, 1, 14, 1, ramp[0]);
    tile.rect(1, 1, 1, 14, ramp[0]);
    tile.rect(1, 14, 14, 1, ramp[3]);
    tile.rect(14, 1, 1, 14, ramp[3]);
    tile.rect(2, 13, 12, 1, ramp[2]);
    tile.rect(13, 2, 1, 12, ramp[2]);
    for (x, y) in [(3, 3), (12, 3), (3, 12), (12, 12)] {
        tile.dot(x, y, ramp[3]);
    }
    if full {
        tile.rect(4, 5, 8, 7, ramp[2]);
        tile.sprite(&STAR);
    } else {
        tile.rect(5, 5, 6, 6, ramp[2]);
        tile.rect(5, 5, 6, 1, ramp[3]);
        tile.rect(5, 5, 1, 6, ramp[3]);
        tile.rect(6, 10, 5, 1, ramp[0]);
    }
    tile
}

/// Shades across a whole pipe, from its left edge to its right: 0 light to 3 dark.
const SHEEN: [usize; 32] = [
    2, 2, 1, 1, 1, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 2, 2, 2, 2, 2, 3, 2, 3, 3,
];

/// Half a pipe, with its rim at the top.
fn pipe(look: Look, rim: bool) -> Tile {
    let left = b"<[".contains(&look.symbol);
    let mut tile = Tile::clear();
    let shade = |x: i32| TEAL[SHEEN[(if left { x } else { x + 16 }) as usize]];
    let (edge, inward) = if left { (0, 1) } else { (15, -1) };
    let shaft_from = if rim { 10 } else { 0 };
    for x in 0..16 {
        // The shaft is two pixels narrower than the rim.
        let outside = if left { x < 2 } else { x > 13 };
        if !outside {
            tile.rect(x, shaft_from, 1, 16, shade(x));
        }
        if rim {
            tile.rect(x, 0, 1, 10, shade(x));
        }
    }
    tile.rect(edge + 2 * inward, shaft_from, 1, 16, INK);
    if rim {
        tile.rect(0, 0, 16, 1, INK);
        tile.rect(0, 1, 16, 1, TEAL[0]);
        tile.rect(0, 8, 16, 1, TEAL[3]);
        tile.rect(0, 9, 16, 1, INK);
        tile.rect(if left { 3 } else { 0 }, 10, 13, 2, SHADE);
        tile.rect(edge, 0, 1, 10, INK);
        tile.erase(edge as usize, 0);
        tile.erase(edge as usize, 9);
    }
    if look.joined == 0 {
        // The missing half leaves a torn edge.
        let open = 15 - edge;
        for y in 0..16 {
            let depth = [1, 1, 2, 3, 2, 1, 2, 2][y % 8];
            for step in 0..depth - 1 {
                tile.erase((open - inward * step) as usize, y);
            }
            tile.dot(open - inward * (depth - 1), y as i32, INK);
        }
    }
    tile
}

/// The stone column below a cannon.
fn pedestal(look: Look) -> Tile {
    let mut tile = Tile::clear();
    tile.rect(2, 0, 12, 16, INK);
    tile.rect(3, 0, 10, 16, STEEL[1]);
    tile.rect(3, 0, 2, 16, STEEL[0]);
    tile.rect(10, 0, 3, 16, STEEL[2]);
    for y in [5, 11] {
        tile.rect(3, y, 10, 1, STEEL[3]);
        tile.rect(3, y + 1, 8, 1, STEEL[0]);
    }
    if !look.joins(N) {
        tile.rect(2, 0, 12, 1, INK);
        tile.rect(3, 1, 10, 1, STEEL[0]);
    } else {
        tile.rect(3, 0, 10, 2, SHADE);
    }
    if !look.joins(S) {
        tile.rect(1, 12, 14, 4, INK);
        tile.rect(2, 13, 12, 3, STEEL[1]);
        tile.rect(2, 13, 12, 1, STEEL[0]);
        tile.rect(10, 14, 4, 2, STEEL[2]);
    }
    tile
}
