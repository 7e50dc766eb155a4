//! What lies behind side-view levels: sky, clouds, far hills. Kept pale, so that everything with
//! an outline is something to stand on, to take or to fear.

use generativa::report::picture::{Picture, Rgba};

use super::look::scatter;

/// From the zenith to the horizon.
const SKY: [Rgba; 6] = [
    [108, 178, 226, 255],
    [128, 194, 232, 255],
    [150, 208, 236, 255],
    [174, 221, 238, 255],
    [200, 232, 238, 255],
    [224, 241, 236, 255],
];
const CLOUD: Rgba = [244, 250, 250, 255];
const CLOUD_SHADE: Rgba = [216, 235, 242, 255];
const FAR: Rgba = [168, 209, 222, 255];
const FAR_LIGHT: Rgba = [182, 219, 228, 255];
const NEAR: Rgba = [146, 203, 188, 255];
const NEAR_LIGHT: Rgba = [162, 214, 194, 255];

/// A backdrop of `width` by `height` pixels.
pub(super) fn backdrop(width: usize, height: usize) -> Picture {
    let mut picture = Picture::filled(width, height, SKY[5]);
    sky(&mut picture);
    clouds(&mut picture);
    hills(&mut picture, 1, height / 2, 120, [FAR_LIGHT, FAR]);
    hills(&mut picture, 2, height / 4, 90, [NEAR_LIGHT, NEAR]);
    picture
}

/// Bands of colour whose borders are dithered.
fn sky(picture: &mut Picture) {
    let height = picture.height().max(1);
    // Bayer's 2 by 2 matrix, in quarters of a band.
    let threshold = |x: usize, y: usize| [[0, 2], [3, 1]][y % 2][x % 2];
    for (x, y) in places(picture) {
        let quarters = y * (SKY.len() - 1) * 8 / height;
        // Dither only in the lower half of a band, so that plain stripes remain.
        let within = (quarters % 8).saturating_sub(4);
        let band = quarters / 8 + usize::from(within > threshold(x, y));
        picture.set(x, y, SKY[band.min(SKY.len() - 1)]);
    }
}

/// Heaps of discs on a flat bottom, at places that look arbitrary.
fn clouds(picture: &mut Picture) {
    let (width, height) = (picture.width(), picture.height());
    for slot in 0..width.div_ceil(112) {
        let place = scatter(slot, 77) as usize;
        let left = slot * 112 + place % 48;
        let bottom = height / 8 + place / 64 % (height * 2 / 5).max(1);
        let size = 6 + place / 4096 % 5;
        // (offset, radius): a low one at each end, the tall one off the middle.
        let discs =
            [(0, size - 2), (size + 1, size + 2), (size * 5 / 2, size), (size * 4, size - 3)];
        for layer in [CLOUD_SHADE, CLOUD] {
            for (offset, radius) in discs {
                // The light discs lie higher and to the left, which leaves a shaded belly.
                let (lift, radius) = if layer == CLOUD { (2, radius - 1) } else { (0, radius) };
                heap(picture, (left + size + offset, bottom), radius, lift, layer);
            }
        }
    }
}

/// The part of a disc that lies above a line `lift` pixels over its middle's level.
fn heap(p: &mut Picture, (x, bottom): (usize, usize), radius: usize, lift: usize, colour: Rgba) {
    for y in bottom.saturating_sub(radius + lift)..bottom.saturating_sub(lift).min(p.height()) {
        for column in x.saturating_sub(radius + lift)..(x + radius).min(p.width()) {
            let (right, down) = ((column + lift).abs_diff(x), (y + lift).abs_diff(bottom));
            if right * right + down * down <= radius * radius + radius / 2 {
                p.set(column, y, colour);
            }
        }
    }
}

/// A chain of round hills up to `peak` pixels high, one every `spacing` pixels, with a lit crest.
fn hills(
    picture: &mut Picture,
    layer: usize,
    peak: usize,
    spacing: usize,
    [crest, body]: [Rgba; 2],
) {
    let (width, height) = (picture.width(), picture.height());
    let hill = |slot: usize| {
        let place = scatter(slot, 1000 + layer) as usize;
        let top = peak * (50 + place % 50) / 100;
        (slot * spacing + place / 128 % spacing, top, spacing * (60 + place / 65536 % 50) / 100)
    };
    for x in 0..width {
        let slots = (x / spacing).saturating_sub(1)..=x / spacing + 1;
        let rise = |(centre, top, half): (usize, usize, usize)| {
            let away = x.abs_diff(centre);
            // A parabola: round on top, steep at the foot.
            if away < half { top * (half * half - away * away) / (half * half) } else { 0 }
        };
        let tall = slots.map(|slot| rise(hill(slot))).max().unwrap_or(0).max(peak / 5);
        for y in height.saturating_sub(tall)..height {
            let depth = y + tall - height;
            let lit = depth < 3 || depth < 6 && (x + y) % 2 == 0;
            picture.set(x, y, if lit { crest } else { body });
        }
    }
}

fn places(picture: &Picture) -> impl Iterator<Item = (usize, usize)> + use<> {
    let width = picture.width();
    (0..picture.height()).flat_map(move |y| (0..width).map(move |x| (x, y)))
}
