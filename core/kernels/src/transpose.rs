//! Panels of values that lie the other way round: along the terms of a sum.

use crate::canvas::Run;
use crate::tile::Tile;

/// Rows and columns of a block that is turned at once.
const SIDE: usize = 8;

type Block = [[f32; SIDE]; SIDE];

/// What up to `lanes` taps, those at `places`, see from the positions of `runs`, `[positions,
/// lanes]`; lanes without a tap hold anything.
pub(crate) fn pack_taps(
    to: &mut [f32],
    lanes: usize,
    runs: &[Run],
    canvas: &[f32],
    places: &[usize],
) {
    #[cfg(target_arch = "x86_64")]
    if wide::is_available() {
        #[expect(unsafe_code, reason = "the processor was asked for the feature")]
        // SAFETY: avx2 is there.
        return unsafe { wide::pack_taps(to, lanes, runs, canvas, places) };
    }
    taps_by(turned, to, lanes, runs, canvas, places);
}

/// Rows of `parts`, `[parts, rows, length]`, as panels for `tile`, each `[parts, count, height]`:
/// of every part the `count` values from `start`. `to` has room for one more vector.
pub(crate) fn pack_along(
    tile: Tile,
    to: &mut [f32],
    parts: &[f32],
    (rows, length): (usize, usize),
    (start, count): (usize, usize),
) {
    #[cfg(target_arch = "x86_64")]
    if wide::is_available() {
        #[expect(unsafe_code, reason = "the processor was asked for the feature")]
        // SAFETY: avx2 is there.
        return unsafe { wide::pack_along(tile, to, parts, (rows, length), (start, count)) };
    }
    along_by(turned, tile, to, parts, (rows, length), (start, count));
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use super::*;
    use crate::eight::{load, store, transposed};

    pub(super) fn is_available() -> bool {
        std::arch::is_x86_feature_detected!("avx2")
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn pack_taps(
        to: &mut [f32],
        lanes: usize,
        runs: &[Run],
        canvas: &[f32],
        places: &[usize],
    ) {
        taps_by(|rows| turned(rows), to, lanes, runs, canvas, places);
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn pack_along(
        tile: Tile,
        to: &mut [f32],
        parts: &[f32],
        size: (usize, usize),
        range: (usize, usize),
    ) {
        along_by(|rows| turned(rows), tile, to, parts, size, range);
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn turned(rows: [&[f32; SIDE]; SIDE]) -> Block {
        // Not by `map`, whose copies for these closures are compiled for every processor.
        let [a, b, c, d, e, f, g, h] = rows;
        let rows = [load(a), load(b), load(c), load(d), load(e), load(f), load(g), load(h)];
        let [a, b, c, d, e, f, g, h] = transposed(rows);
        [store(a), store(b), store(c), store(d), store(e), store(f), store(g), store(h)]
    }
}

fn turned(rows: [&[f32; SIDE]; SIDE]) -> Block {
    std::array::from_fn(|column| rows.map(|row| row[column]))
}

#[inline(always)]
fn taps_by(
    turned: impl Fn([&[f32; SIDE]; SIDE]) -> Block,
    to: &mut [f32],
    lanes: usize,
    runs: &[Run],
    canvas: &[f32],
    places: &[usize],
) {
    for (first, places) in (0..lanes).step_by(SIDE).zip(places.chunks(SIDE)) {
        let mut eight = [places[0]; SIDE];
        eight.iter_mut().zip(places).for_each(|(eight, place)| *eight = *place);
        for run in runs {
            for start in (0..run.count).step_by(SIDE) {
                let mut rows = [&[0.0; SIDE]; SIDE];
                for (row, tap) in rows.iter_mut().zip(eight) {
                    let seen = canvas[tap + run.place + start..].first_chunk();
                    *row = seen.expect("values behind the canvas");
                }
                let block = turned(rows);
                let to = to[(run.position + start) * lanes..].chunks_exact_mut(lanes);
                for (to, values) in to.zip(&block[..SIDE.min(run.count - start)]) {
                    to[first..first + SIDE].copy_from_slice(values);
                }
            }
        }
    }
}

#[inline(always)]
fn along_by(
    turned: impl Fn([&[f32; SIDE]; SIDE]) -> Block,
    tile: Tile,
    to: &mut [f32],
    parts: &[f32],
    (rows, length): (usize, usize),
    (start, count): (usize, usize),
) {
    let images = parts.len() / (rows * length).max(1);
    let (mut to, mut first) = (to, 0);
    for height in tile.heights(rows) {
        for image in 0..images {
            for at in (0..count).step_by(SIDE) {
                let seen = SIDE.min(count - at);
                let from = &parts[(image * rows + first) * length + start + at..];
                let to = &mut to[(image * count + at) * height..];
                if (height - 1) * length + SIDE > from.len() {
                    for (index, to) in to[..seen * height].iter_mut().enumerate() {
                        *to = from[index % height * length + index / height];
                    }
                    continue;
                }
                // A vector reaches beyond its column, into values that are written later.
                let upper = turned(eight_rows(from, length, 0, height));
                if height <= SIDE {
                    for (index, column) in upper[..seen].iter().enumerate() {
                        to[index * height..][..SIDE].copy_from_slice(column);
                    }
                    continue;
                }
                let lower = turned(eight_rows(from, length, SIDE, height));
                for (index, (upper, lower)) in upper.iter().zip(&lower).take(seen).enumerate() {
                    to[index * height..][..SIDE].copy_from_slice(upper);
                    to[index * height + SIDE..][..SIDE].copy_from_slice(lower);
                }
            }
        }
        (to, first) = (&mut to[height * images * count..], first + height);
    }
}

/// The beginnings of eight rows from `first` on, `length` apart, of `count`; the last is repeated.
#[inline(always)]
fn eight_rows(from: &[f32], length: usize, first: usize, count: usize) -> [&[f32; SIDE]; SIDE] {
    let mut rows = [&[0.0; SIDE]; SIDE];
    for (index, row) in rows.iter_mut().enumerate() {
        let place = (first + index).min(count - 1) * length;
        *row = from[place..].first_chunk().expect("values behind the last row");
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(count: usize) -> Vec<f32> {
        (0..count).map(|value| value as f32).collect()
    }

    #[test]
    fn taps_become_lanes_of_every_position() {
        let canvas = numbered(200);
        let places = [0, 3, 50, 7, 90, 1, 2, 30, 31, 100];
        let run = |position, count, place| Run { position, count, place };
        let runs = [run(0, 5, 0), run(5, 17, 9), run(22, 8, 60)];
        let mut to = vec![-1.0; 30 * 16];
        pack_taps(&mut to, 16, &runs, &canvas, &places);
        for run in runs {
            for more in 0..run.count {
                let lanes = &to[(run.position + more) * 16..][..places.len()];
                let expected = places.map(|place| canvas[place + run.place + more]);
                assert_eq!(lanes, expected);
            }
        }
    }

    #[test]
    fn rows_become_panels_to_the_last_value() {
        let tile = Tile::widest();
        for rows in 1..=27 {
            for (length, start, count) in [(1, 0, 1), (16, 8, 8), (13, 2, 11), (20, 3, 9)] {
                let parts = numbered(3 * rows * length);
                let mut to = vec![-1.0; 3 * rows * count + 16];
                pack_along(tile, &mut to, &parts, (rows, length), (start, count));
                let (mut expected, mut first) = (Vec::new(), 0);
                for height in tile.heights(rows) {
                    for image in 0..3 {
                        let value = |row: usize, at: usize| {
                            parts[(image * rows + first + row) * length + start + at]
                        };
                        let places = (0..count * height).map(|at| value(at % height, at / height));
                        expected.extend(places);
                    }
                    first += height;
                }
                assert_eq!(to[..expected.len()], expected, "{rows} rows, {count} of {length}");
            }
        }
    }
}
