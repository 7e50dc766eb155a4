//! Operands of a convolution as panels for [`Tile`], gathered from where they lie.

use crate::canvas::Run;
use crate::tile::Tile;
use crate::vector::widest_fn;

/// Rows of a matrix, `apart` values from each other, as panels, `[terms, height]` each: a row has
/// its terms at `places`.
pub(crate) fn pack_rows(
    tile: Tile,
    to: &mut [f32],
    matrix: &[f32],
    (rows, apart): (usize, usize),
    places: &[usize],
) {
    let (mut to, mut start) = (to, 0);
    for height in tile.heights(rows) {
        let (panel, rest) = to.split_at_mut(height * places.len());
        for row in 0..height.min(panel.len()) {
            let matrix = &matrix[(start + row) * apart..];
            let to = panel[row..].iter_mut().step_by(height);
            to.zip(places).for_each(|(to, place)| *to = matrix[*place]);
        }
        (to, start) = (rest, start + height);
    }
}

widest_fn! {
    /// What the taps at `places` see from a panel of positions, `[taps, lanes]`. `runs` are those of
    /// the panel; lanes that none covers hold anything. `to` has room for one more vector.
    pub(crate) fn pack_positions(
        to: &mut [f32],
        lanes: usize,
        runs: &[Run],
        canvas: &[f32],
        places: &[usize]
    ) = copy_longest(to, lanes, runs, canvas, places)
}

/// Copies runs by the least width that holds all of them. What one leaves behind its end is
/// overwritten by the next.
#[inline(always)]
fn copy_longest(to: &mut [f32], lanes: usize, runs: &[Run], canvas: &[f32], places: &[usize]) {
    match runs.iter().map(|run| run.count).max().unwrap_or(0) {
        0..=4 => copy_runs::<4>(to, lanes, runs, canvas, places),
        5..=8 => copy_runs::<8>(to, lanes, runs, canvas, places),
        9..=16 => copy_runs::<16>(to, lanes, runs, canvas, places),
        _ => copy_runs::<32>(to, lanes, runs, canvas, places),
    }
}

#[inline(always)]
fn copy_runs<const WIDTH: usize>(
    to: &mut [f32],
    lanes: usize,
    runs: &[Run],
    canvas: &[f32],
    places: &[usize],
) {
    if let [run] = runs {
        let lane = run.position % lanes;
        for (term, place) in places.iter().enumerate() {
            copy::<WIDTH>(&mut to[term * lanes + lane..], &canvas[place + run.place..]);
        }
        return;
    }
    for (term, place) in places.iter().enumerate() {
        for run in runs {
            let lane = run.position % lanes;
            copy::<WIDTH>(&mut to[term * lanes + lane..], &canvas[place + run.place..]);
        }
    }
}

#[inline(always)]
fn copy<const WIDTH: usize>(to: &mut [f32], from: &[f32]) {
    let from = from.first_chunk::<WIDTH>().expect("values behind the canvas");
    *to.first_chunk_mut::<WIDTH>().expect("room behind the panel") = *from;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_panels_of_terms() {
        let tile = Tile::Portable;
        let matrix: Vec<f32> = (0..70).map(|value| value as f32).collect();
        let mut to = [0.0; 14];
        pack_rows(tile, &mut to, &matrix, (7, 10), &[0, 3]);
        let expected = [0, 10, 20, 3, 13, 23, 30, 40, 50, 60, 33, 43, 53, 63];
        assert_eq!(to, expected.map(|value| value as f32));
        pack_rows(tile, &mut [], &matrix, (7, 10), &[]);
    }

    #[test]
    fn runs_of_every_length_reach_their_lanes() {
        let canvas: Vec<f32> = (0..400).map(|value| value as f32).collect();
        let places = [0, 40, 7];
        for lanes in [16, 32] {
            for count in 1..=lanes {
                let mut runs = Vec::new();
                for position in (0..lanes).step_by(count) {
                    let count = count.min(lanes - position);
                    let run = Run { position: 3 * lanes + position, count, place: 5 * position };
                    runs.push(run);
                }
                let mut to = vec![-1.0; 3 * lanes + 32];
                pack_positions(&mut to, lanes, &runs, &canvas, &places);
                for (to, place) in to.chunks(lanes).zip(places) {
                    for run in &runs {
                        let found = &to[run.position % lanes..][..run.count];
                        assert_eq!(found, &canvas[place + run.place..][..run.count], "{count}");
                    }
                }
            }
        }
    }
}
