//! Splits of one history for a judge: blocks of time with an embargo, so that no window that is
//! tested overlaps, or follows at once, one that was learned from.

use super::trading_day::Day;

/// How a history is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeBlocks {
    /// Days a window.
    pub window: usize,
    /// Days from the start of one window to that of the next.
    pub stride: usize,
    /// Blocks of equal length, each tested once.
    pub blocks: usize,
    /// Days on both sides of a tested block that nobody may learn from.
    pub embargo: usize,
}

/// One block to test on, and what may be learned from beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// First days of the windows to learn from: whole in one of the other parts.
    pub learned: Vec<usize>,
    /// First days of the windows to test on: whole in the block.
    pub tested: Vec<usize>,
    /// For every day whether a generator may learn from it.
    pub open: Vec<bool>,
}

impl TimeBlocks {
    /// The folds of a history of `days` days, in the order of their blocks.
    pub fn folds(&self, days: usize) -> Vec<Fold> {
        let Self { window, stride, blocks, embargo } = *self;
        let starts: Vec<usize> = (0..days.saturating_sub(window)).step_by(stride).collect();
        let fold = |block: usize| {
            let (from, to) = (days * block / blocks, days * (block + 1) / blocks);
            let before = |start: usize| start + window + embargo <= from;
            let after = |start: usize| start >= to + embargo;
            let within = |start: usize| start >= from && start + window <= to;
            let those = |which: &dyn Fn(usize) -> bool| {
                starts.iter().copied().filter(|&start| which(start)).collect()
            };
            Fold {
                learned: those(&|start| before(start) || after(start)),
                tested: those(&within),
                open: (0..days).map(|day| day + embargo < from || day >= to + embargo).collect(),
            }
        };
        (0..blocks).map(fold).collect()
    }
}

/// First days, `stride` apart, of all windows of `window` days that lie whole in `open`.
pub fn windows_within(open: &[bool], window: usize, stride: usize) -> Vec<usize> {
    let starts = (0..open.len().saturating_sub(window)).step_by(stride);
    starts.filter(|&start| open[start..start + window].iter().all(|&open| open)).collect()
}

/// The windows of `window` days from each of `starts`.
pub fn windows_at(days: &[Day], starts: &[usize], window: usize) -> Vec<Vec<Day>> {
    starts.iter().map(|&start| days[start..start + window].to_vec()).collect()
}

/// The days that are `open`, one after the other.
pub fn open_days(days: &[Day], open: &[bool]) -> Vec<Day> {
    days.iter().zip(open).filter(|(_, open)| **open).map(|(day, _)| *day).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUT: TimeBlocks = TimeBlocks { window: 4, stride: 2, blocks: 3, embargo: 3 };

    #[test]
    fn what_is_learned_keeps_the_embargo_from_what_is_tested() {
        let folds = CUT.folds(60);
        // The middle block is 20..40: windows to learn end by 17 or start at 43 or later.
        assert_eq!(folds[1].learned[..7], [0, 2, 4, 6, 8, 10, 12]);
        assert_eq!(folds[1].learned[7..], [44, 46, 48, 50, 52, 54]);
        assert_eq!(folds[1].tested, [20, 22, 24, 26, 28, 30, 32, 34, 36]);
        let open: Vec<usize> = (0..60).filter(|&day| folds[1].open[day]).collect();
        assert_eq!(open, (0..17).chain(43..60).collect::<Vec<_>>());
        assert_eq!(folds[0].learned[0], 24);
        assert_eq!(folds[2].learned, (0..=33).step_by(2).collect::<Vec<_>>());
    }

    #[test]
    fn windows_to_generate_from_lie_whole_in_the_open() {
        let open = &CUT.folds(60)[1].open;
        let starts = windows_within(open, 4, 1);
        assert_eq!(starts, (0..=13).chain(43..=55).collect::<Vec<_>>());
    }
}
