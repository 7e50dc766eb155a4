//! How new a level is: the smallest number of tiles by which its windows differ from any window of
//! the training levels. Larger is newer; 0 is a copy.

use generativa_random::Stream;
use rayon::prelude::*;

use crate::data::Grid;

/// Windows of all rows and a fixed number of columns, at every column of some levels.
#[derive(Clone, Debug)]
pub struct Windows {
    height: usize,
    width: usize,
    /// For each level its symbols column by column, so that a window is one slice.
    levels: Vec<Vec<u8>>,
}

impl Windows {
    /// The windows of `width` columns (at least 1) of `levels`, which have one height. A narrower
    /// level has none.
    pub fn new(levels: &[Grid], width: usize) -> Self {
        assert!(width > 0, "a window has at least one column");
        let height = levels.first().map_or(0, Grid::height);
        let same = levels.iter().all(|level| level.height() == height);
        assert!(same, "windows compare levels of one height");
        let by_column = |level: &Grid| {
            (0..level.width()).flat_map(|column| level.column(column)).collect::<Vec<u8>>()
        };
        let levels = levels.iter().filter(|level| level.width() >= width);
        Self { height, width, levels: levels.map(by_column).collect() }
    }

    /// Number of windows.
    pub fn len(&self) -> usize {
        self.levels.iter().map(|level| self.count_in(level)).sum()
    }

    /// Whether there is no window.
    pub fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// The mean over all these windows of the distance to the nearest of `training`, in tiles.
    /// NaN where there is no window.
    pub fn mean_distance(&self, training: &Self) -> f64 {
        self.mean(self.levels.iter().flat_map(|level| self.of(level)), training)
    }

    /// The mean over `count` windows drawn with equal chance, with replacement, of the distance to
    /// the nearest of `training`, in tiles. There must be a window to draw.
    pub fn sampled_mean_distance(&self, training: &Self, count: usize, stream: &mut Stream) -> f64 {
        let all: Vec<&[u8]> = self.levels.iter().flat_map(|level| self.of(level)).collect();
        let drawn: Vec<&[u8]> = (0..count).map(|_| *stream.pick(&all)).collect();
        self.mean(drawn.into_iter(), training)
    }

    /// The distance of each of these windows to the nearest of `training`, in tiles; the size of a
    /// window where `training` has none.
    pub fn distances(&self, training: &Self) -> Vec<usize> {
        self.assert_comparable(training);
        let windows: Vec<&[u8]> = self.levels.iter().flat_map(|level| self.of(level)).collect();
        windows.par_iter().map(|window| training.nearest(window)).collect()
    }

    fn mean<'a>(&self, windows: impl Iterator<Item = &'a [u8]>, training: &Self) -> f64 {
        self.assert_comparable(training);
        let (mut sum, mut count) = (0, 0);
        for window in windows {
            sum += training.nearest(window);
            count += 1;
        }
        sum as f64 / count as f64
    }

    fn assert_comparable(&self, training: &Self) {
        let shapes = [(self.height, self.width), (training.height, training.width)];
        assert_eq!(shapes[0], shapes[1], "windows compare at one height and width");
    }

    /// The distance of `window` to the nearest of these, in tiles; its size where there is none.
    fn nearest(&self, window: &[u8]) -> usize {
        let all = self.levels.iter().flat_map(|level| self.of(level));
        all.fold(window.len(), |best, other| distance_below(window, other, best).unwrap_or(best))
    }

    fn of<'a>(&self, level: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        // `max(1)`: a level of no rows has windows of no tiles.
        level.windows((self.height * self.width).max(1)).step_by(self.height.max(1))
    }

    fn count_in(&self, level: &[u8]) -> usize {
        self.of(level).count()
    }
}

/// The number of differing symbols of two windows of one size, where it is below `best`.
fn distance_below(window: &[u8], other: &[u8], best: usize) -> Option<usize> {
    // Chunks of 32 bytes are compared as vectors, and most windows are given up after a few.
    let (mut chunks, mut others) = (window.chunks_exact(32), other.chunks_exact(32));
    let mut distance = 0;
    for (a, b) in (&mut chunks).zip(&mut others) {
        let differing = a.iter().zip(b).fold(0u8, |sum, (a, b)| sum.wrapping_add((a != b).into()));
        distance += usize::from(differing);
        if distance >= best {
            return None;
        }
    }
    let rest = chunks.remainder().iter().zip(others.remainder());
    distance += rest.filter(|(a, b)| a != b).count();
    (distance < best).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Symbols drawn evenly from four.
    fn noise(height: usize, width: usize, index: u64) -> Grid {
        let mut stream = Stream::item(1, "grids", index);
        let mut grid = Grid::filled(height, width, b' ');
        for row in 0..height {
            for column in 0..width {
                grid.set(row, column, *stream.pick(b"abcd"));
            }
        }
        grid
    }

    #[test]
    fn a_copy_has_distance_zero_and_each_changed_tile_costs_one() {
        let training = noise(14, 40, 0);
        let mut level = training.columns(7..23);
        let index = Windows::new(std::slice::from_ref(&training), 16);
        assert_eq!(Windows::new(std::slice::from_ref(&level), 16).mean_distance(&index), 0.0);
        for (changed, (row, column)) in [(0, 0), (5, 9), (13, 15)].into_iter().enumerate() {
            level.set(row, column, b'z');
            let windows = Windows::new(std::slice::from_ref(&level), 16);
            assert_eq!(windows.mean_distance(&index), (changed + 1) as f64);
        }
    }

    #[test]
    fn the_nearest_window_agrees_with_counting_them_all() {
        let training = [noise(5, 30, 1), noise(5, 23, 2)];
        let levels = [noise(5, 19, 3), noise(5, 9, 4)];
        let windows_of = |levels: &[Grid]| -> Vec<Grid> {
            let starts = |level: &Grid| 0..(level.width() + 1).saturating_sub(11);
            let cut = |level| starts(level).map(|start| level.columns(start..start + 11));
            levels.iter().flat_map(cut).collect()
        };
        let all = windows_of(&training);
        let differing =
            |a: &Grid, b: &Grid| a.cells().iter().zip(b.cells()).filter(|(a, b)| a != b).count();
        let windows = windows_of(&levels);
        let nearest = windows.iter().map(|a| all.iter().map(|b| differing(a, b)).min());
        let sum: usize = nearest.map(|nearest| nearest.expect("training windows")).sum();

        let index = Windows::new(&training, 11);
        assert_eq!((index.len(), windows.len()), (20 + 13, 9));
        let found = Windows::new(&levels, 11).mean_distance(&index);
        assert_eq!(found, sum as f64 / windows.len() as f64);
    }

    #[test]
    fn a_sample_of_windows_has_the_mean_of_all_within_its_error() {
        let training = Windows::new(&[noise(6, 60, 5)], 8);
        let levels = Windows::new(&[noise(6, 90, 6), noise(6, 30, 7)], 8);
        let all = levels.mean_distance(&training);
        let drawn = levels.sampled_mean_distance(&training, 4_000, &mut Stream::named(1, "draw"));
        // Nearest distances among 48 tiles vary by about two: four standard errors.
        assert!((drawn - all).abs() < 0.13, "{drawn} {all}");
    }
}
