//! Walls and floors seen from above and a little from the front, shared by the three top-down
//! sets: walls show their top, and a lit face where the floor lies in front of them.

use generativa::report::picture::Rgba;

use super::colours::{DEEP_SHADE, INK, Ramp, SHADE, VOID};
use super::look::{E, EDGES, Look, N, NE, NW, S, SE, SW, W};
use super::tile::Tile;

/// First row of a wall's face.
pub(super) const FACE: i32 = 6;

/// A wall. `ramp`: light, face, rim, top.
pub(super) fn wall(look: Look, ramp: Ramp) -> Tile {
    let mut tile = Tile::filled(ramp[3]);
    if look.variant > 0 && look.joins(EDGES) {
        tile.rect(4, 5, 3, 1, mix(ramp[3], mix(ramp[3], VOID)));
        tile.rect(9, 11, 4, 1, mix(ramp[3], mix(ramp[3], VOID)));
    }
    // A rim goes on into a joined neighbour.
    let top = if look.joins(N) { 0 } else { 1 };
    if !look.joins(S) {
        face(&mut tile, look, ramp);
    }
    let bottom = if look.joins(S) { 16 } else { FACE };
    // The rim catches the light where the top ends.
    if !look.joins(N) {
        tile.rect(0, 0, 16, 1, INK);
        tile.rect(0, 1, 16, 1, ramp[1]);
        tile.rect(0, 2, 16, 1, ramp[2]);
    }
    if !look.joins(W) {
        tile.rect(0, 0, 1, 16, INK);
        tile.rect(1, top, 1, bottom - top, ramp[1]);
        tile.rect(2, 2 * top, 1, bottom - 2 * top, ramp[2]);
    }
    if !look.joins(E) {
        tile.rect(15, 0, 1, 16, INK);
        tile.rect(13, top, 2, bottom - top, ramp[2]);
    }
    for (edges, corner, x, y) in
        [(N | E, NE, 13, 0), (S | E, SE, 13, 13), (S | W, SW, 0, 13), (N | W, NW, 0, 0)]
    {
        if look.joins(edges) && !look.joins(corner) {
            tile.rect(x, y, 3, 3, ramp[2]);
            tile.dot(if x == 0 { 0 } else { 15 }, if y == 0 { 0 } else { 15 }, INK);
        }
    }
    tile
}

/// Two courses of stones below a lit edge.
fn face(tile: &mut Tile, look: Look, ramp: Ramp) {
    tile.rect(0, FACE - 2, 16, 1, ramp[2]);
    tile.rect(0, FACE - 1, 16, 1, ramp[0]);
    tile.rect(0, FACE, 16, 10, ramp[2]);
    for course in 0..2 {
        let y = FACE + course * 5;
        for column in -1..3 {
            let x = column * 8 + course * 4;
            tile.rect(x, y, 7, 4, ramp[1]);
            tile.rect(x, y, 7, 1, mix(ramp[0], ramp[1]));
            tile.rect(x + 6, y + 1, 1, 3, mix(ramp[1], ramp[2]));
        }
    }
    if look.variant == 1 {
        tile.rect(9, FACE + 1, 2, 1, ramp[2]);
        tile.rect(3, FACE + 7, 3, 1, ramp[2]);
    }
    tile.rect(0, 15, 16, 1, ramp[3]);
}

/// Large slabs with thin joints, a few of them cracked. `ramp`: glint, slab, joint, crack.
pub(super) fn slabs(look: Look, ramp: Ramp) -> Tile {
    let mut tile = Tile::filled(ramp[1]);
    let joint = mix(ramp[1], ramp[2]);
    tile.rect(0, 15, 16, 1, joint);
    tile.rect(15, 0, 1, 16, joint);
    tile.rect(0, 0, 15, 1, mix(ramp[0], ramp[1]));
    match look.variant {
        1 => {
            tile.rect(0, 7, 15, 1, joint);
            tile.rect(0, 8, 15, 1, mix(ramp[0], ramp[1]));
            tile.rect(7, 0, 1, 7, joint);
        }
        2 => {
            for (x, y, width) in [(10, 0, 1), (9, 1, 1), (9, 2, 1), (7, 3, 2), (7, 4, 1), (6, 5, 1)]
            {
                tile.rect(x, y, width, 1, joint);
            }
            tile.rect(11, 11, 2, 1, joint);
        }
        _ => {
            tile.dot(4, 10, joint);
            tile.dot(11, 5, joint);
        }
    }
    tile
}

/// The shadow of walls above and to the left; the light comes from there.
pub(super) fn cast_shadow(tile: &mut Tile, look: Look) {
    if look.joins(N) {
        tile.rect(0, 0, 16, 3, DEEP_SHADE);
        tile.rect(0, 3, 16, 1, SHADE);
    }
    if look.joins(W) {
        let from = if look.joins(N) { 4 } else { 0 };
        tile.rect(0, from, 3, 16, SHADE);
    }
    if look.joins(NW) {
        tile.rect(0, 0, 3, 4, SHADE);
    }
}

/// A flight of steps in a frame: down into the dark, or up into the light.
pub(super) fn stairs(tile: &mut Tile, ramp: Ramp, down: bool) {
    tile.rect(1, 0, 14, 16, INK);
    for step in 0..5 {
        // Counted from the bottom; a flight that goes down grows narrow and dark.
        let (inset, shade) = if down {
            (2 + step / 2, [ramp[0], ramp[2], ramp[3], mix(ramp[3], VOID), VOID][step as usize])
        } else {
            (2, [mix(ramp[3], VOID), ramp[3], ramp[2], ramp[1], ramp[0]][step as usize])
        };
        let y = 13 - 3 * step;
        tile.rect(inset, y, 16 - 2 * inset, 2, shade);
        if !(down && step > 2) {
            tile.rect(inset, y, 16 - 2 * inset, 1, mix(shade, ramp[0]));
        }
    }
}

/// A block that stands on the floor, its top lit. `ramp`: light, top, front, engraving.
pub(super) fn boulder(tile: &mut Tile, ramp: Ramp) {
    tile.rect(1, 15, 15, 1, SHADE);
    tile.rect(0, 1, 16, 14, INK);
    tile.rect(1, 0, 14, 16, INK);
    tile.rect(1, 1, 14, 9, ramp[1]);
    tile.rect(1, 1, 14, 1, ramp[0]);
    tile.rect(1, 1, 1, 9, ramp[0]);
    tile.rect(4, 3, 8, 5, mix(ramp[1], ramp[2]));
    tile.rect(4, 3, 8, 1, ramp[2]);
    tile.rect(4, 3, 1, 5, ramp[2]);
    tile.rect(5, 8, 8, 1, ramp[0]);
    tile.rect(12, 4, 1, 5, ramp[0]);
    tile.rect(1, 10, 14, 5, ramp[2]);
    tile.rect(1, 10, 14, 1, mix(ramp[1], ramp[2]));
    tile.rect(1, 14, 14, 1, ramp[3]);
}

/// Halfway between two colours.
pub(super) fn mix(a: Rgba, b: Rgba) -> Rgba {
    std::array::from_fn(|channel| a[channel].midpoint(b[channel]))
}
