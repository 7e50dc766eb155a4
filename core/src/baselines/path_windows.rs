//! Windows cut from long paths, as those of a real history are, for generators that run on.

use generativa_random::Stream;

use crate::data::trading_day::Day;

/// Windows a path: from few paths they would all be alike, with one each the start would be paid
/// for every time.
const WINDOWS: usize = 42;
/// Fewest paths, however few windows are asked for.
const PATHS: usize = 8;

/// `count` windows of `window` days out of more in a random order, cut end to end from paths that
/// `path` draws, of as many days as it is asked for.
pub fn windows_of_paths(
    count: usize,
    window: usize,
    stream: &mut Stream,
    mut path: impl FnMut(usize, &mut Stream) -> Vec<Day>,
) -> Vec<Vec<Day>> {
    // A little more than needed, so that no path is always used whole.
    let paths = (count / (WINDOWS - 2) + 1).max(PATHS);
    let mut windows: Vec<Vec<Day>> = Vec::with_capacity(paths * WINDOWS);
    for _ in 0..paths {
        let path = path(WINDOWS * window, stream);
        windows.extend(path.chunks_exact(window).map(<[Day]>::to_vec));
    }
    stream.shuffle(&mut windows);
    windows.truncate(count);
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_window_is_a_piece_of_a_path_and_none_comes_twice() {
        let mut paths = 0.0;
        let path = |days: usize, _: &mut Stream| {
            paths += 1e6;
            (0..days).map(|day| [paths + day as f64, 1.0, 0.5]).collect()
        };
        let mut windows = windows_of_paths(500, 24, &mut Stream::named(1, "windows"), path);
        windows.sort_by(|a, b| a[0][0].total_cmp(&b[0][0]));
        assert_eq!(windows.len(), 500);
        assert!(windows.windows(2).all(|pair| pair[1][0][0] >= pair[0][23][0] + 1.0));
        assert!(windows.iter().flatten().all(|day| day[0] % 1e6 < 24.0 * 42.0));
    }
}
