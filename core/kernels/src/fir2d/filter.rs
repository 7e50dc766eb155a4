//! The filter of [`fir2d`](super::fir2d): constant, the same for every channel.

use candle::{Result, bail};

/// A small filter, the same for every channel. It is constant: no gradient goes to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    size: (usize, usize),
    /// Pairs of a column and a row of taps, whose products the filter is the sum of.
    terms: Vec<[Vec<f32>; 2]>,
}

impl Filter {
    /// From `taps`, rows of the filter one after the other; `size` is (height, width). Fails where
    /// their number is not that of the size.
    pub fn new(taps: &[f32], size: (usize, usize)) -> Result<Self> {
        if taps.len() != size.0 * size.1 || taps.is_empty() {
            bail!("filter: expected {size:?} taps, at least one, found {}", taps.len());
        }
        let term = |(row, taps): (usize, &[f32])| {
            let mut column = vec![0.0; size.0];
            column[row] = 1.0;
            [column, taps.to_vec()]
        };
        Ok(Self { size, terms: taps.chunks_exact(size.1).enumerate().map(term).collect() })
    }

    /// The product of a column and a row of taps, `f[u, v] = vertical[u] · horizontal[v]`: two
    /// short passes instead of one for every row of [`new`](Self::new). Fails where one is empty.
    pub fn separable(vertical: &[f32], horizontal: &[f32]) -> Result<Self> {
        let size = (vertical.len(), horizontal.len());
        if size.0 * size.1 == 0 {
            bail!("filter: expected at least one tap each way, found {size:?}");
        }
        Ok(Self { size, terms: vec![[vertical.to_vec(), horizontal.to_vec()]] })
    }

    /// The same with every tap times `gain`.
    pub fn scaled(&self, gain: f32) -> Self {
        let mut scaled = self.clone();
        for tap in scaled.terms.iter_mut().flat_map(|[_, horizontal]| horizontal) {
            *tap *= gain;
        }
        scaled
    }

    /// Height and width.
    pub fn size(&self) -> (usize, usize) {
        self.size
    }

    /// Rows of the filter one after the other.
    pub fn taps(&self) -> Vec<f32> {
        let tap = |(row, column): (usize, usize)| {
            self.terms().map(|(vertical, horizontal)| vertical[row] * horizontal[column]).sum()
        };
        let places = (0..self.size.0).flat_map(|row| (0..self.size.1).map(move |c| (row, c)));
        places.map(tap).collect()
    }

    /// Columns and rows of taps, whose products the filter is the sum of.
    pub(super) fn terms(&self) -> impl Iterator<Item = (&[f32], &[f32])> {
        self.terms.iter().map(|[vertical, horizontal]| (&vertical[..], &horizontal[..]))
    }
}
