//! The palette: a few ramps from light to dark that all tile sets share, warm in the light and
//! plum in the shade, so that everything looks made by one hand.

use generativa::report::picture::Rgba;

/// Around everything that can be touched.
pub(super) const INK: Rgba = [43, 33, 54, 255];
/// Soft shadow on whatever lies below.
pub(super) const SHADE: Rgba = [35, 24, 52, 70];
/// Deeper shadow, next to what casts it.
pub(super) const DEEP_SHADE: Rgba = [35, 24, 52, 110];
/// Beyond the walls.
pub(super) const VOID: Rgba = [23, 20, 33, 255];

/// A ramp from light to dark.
pub(super) type Ramp = [Rgba; 4];

pub(super) const GRASS: Ramp =
    [[178, 226, 100, 255], [116, 194, 78, 255], [66, 148, 82, 255], [38, 96, 78, 255]];
pub(super) const EARTH: Ramp =
    [[199, 138, 92, 255], [165, 104, 70, 255], [129, 77, 62, 255], [92, 54, 56, 255]];
pub(super) const BRICK: Ramp =
    [[240, 156, 108, 255], [209, 103, 78, 255], [163, 68, 71, 255], [107, 44, 63, 255]];
pub(super) const GOLD: Ramp =
    [[255, 243, 178, 255], [255, 211, 92, 255], [226, 149, 49, 255], [160, 89, 44, 255]];
pub(super) const TEAL: Ramp =
    [[178, 240, 208, 255], [80, 190, 170, 255], [41, 132, 140, 255], [35, 80, 104, 255]];
pub(super) const STEEL: Ramp =
    [[200, 208, 222, 255], [132, 142, 168, 255], [86, 92, 122, 255], [56, 56, 84, 255]];
pub(super) const WOOD: Ramp =
    [[226, 168, 104, 255], [187, 122, 70, 255], [138, 82, 55, 255], [93, 52, 48, 255]];
pub(super) const WATER: Ramp =
    [[172, 232, 244, 255], [86, 172, 226, 255], [54, 122, 196, 255], [44, 82, 150, 255]];
/// Walls of the roguelike.
pub(super) const SLATE: Ramp =
    [[168, 172, 200, 255], [116, 118, 156, 255], [80, 78, 116, 255], [47, 44, 72, 255]];
/// Floors of the roguelike.
pub(super) const FLAGSTONE: Ramp =
    [[190, 174, 152, 255], [168, 150, 132, 255], [146, 127, 116, 255], [116, 98, 98, 255]];
/// Walls of the rooms.
pub(super) const MOSS: Ramp =
    [[172, 198, 158, 255], [116, 152, 126, 255], [74, 110, 104, 255], [44, 66, 76, 255]];
/// Floors of the rooms.
pub(super) const SAND: Ramp =
    [[240, 220, 174, 255], [226, 200, 150, 255], [204, 172, 128, 255], [168, 132, 104, 255]];
/// Walls of the store house.
pub(super) const CLAY: Ramp =
    [[232, 188, 158, 255], [202, 138, 118, 255], [152, 94, 94, 255], [90, 58, 74, 255]];
/// Floors of the store house.
pub(super) const PLASTER: Ramp =
    [[236, 228, 214, 255], [222, 211, 198, 255], [203, 189, 180, 255], [168, 152, 154, 255]];
const PURPLE: Ramp =
    [[202, 158, 236, 255], [150, 100, 204, 255], [104, 66, 158, 255], [70, 44, 112, 255]];
const RED: Ramp =
    [[255, 158, 128, 255], [230, 92, 82, 255], [176, 54, 76, 255], [116, 36, 66, 255]];
const SKIN: Rgba = [246, 206, 164, 255];
const BLUSH: Rgba = [226, 160, 130, 255];
const CREAM: Rgba = [255, 249, 232, 255];

/// The colour behind a letter of a sprite: capital for the lightest of a ramp, then its small
/// letter, and two more for its shades.
pub(super) fn letter(symbol: u8) -> Rgba {
    match symbol {
        b'#' => INK,
        b'w' => CREAM,
        b'k' => SKIN,
        b'K' => BLUSH,
        b'Y' => GOLD[0],
        b'y' => GOLD[1],
        b'g' => GOLD[2],
        b'o' => GOLD[3],
        b'P' => PURPLE[0],
        b'p' => PURPLE[1],
        b'q' => PURPLE[2],
        b'R' => RED[0],
        b'r' => RED[1],
        b'e' => RED[2],
        b'N' => GRASS[0],
        b'n' => GRASS[1],
        b'm' => GRASS[2],
        b'B' => WOOD[0],
        b'b' => WOOD[1],
        b'd' => WOOD[2],
        b'D' => WOOD[3],
        b'S' => STEEL[0],
        b's' => STEEL[1],
        b'x' => STEEL[2],
        b'X' => STEEL[3],
        b'U' => WATER[0],
        b'u' => WATER[1],
        b'v' => WATER[2],
        b'V' => WATER[3],
        _ => [255, 0, 255, 255],
    }
}
