//! Tile maps as batches of windows, each with the columns to its left.

use std::ops::Range;

use anyhow::{Context, Result, bail};
use candle::{Device, Tensor};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Grid, LabelScale};
use crate::models::vae::TileBatch;

/// The symbols of a corpus; the place of a symbol is its tile index.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Alphabet {
    symbols: String,
}

impl Alphabet {
    /// All symbols that occur in `maps`, in ASCII order.
    pub fn of(maps: &[Grid]) -> Self {
        let mut seen = [false; 128];
        for &symbol in maps.iter().flat_map(Grid::cells) {
            seen[usize::from(symbol) % 128] |= symbol.is_ascii();
        }
        let symbols = (0..128u8).filter(|&symbol| seen[usize::from(symbol)]).map(char::from);
        Self { symbols: symbols.collect() }
    }

    /// Number of symbols.
    pub fn len(&self) -> usize {
        self.symbols.len()
    }

    /// Whether there is no symbol.
    pub fn is_empty(&self) -> bool {
        self.symbols.is_empty()
    }

    /// The symbol of a tile index below [`len`](Self::len).
    pub fn symbol(&self, tile: u32) -> u8 {
        self.symbols.as_bytes()[tile as usize]
    }

    /// The columns of `map` from left to right, each from bottom to top, as tile indices.
    ///
    /// # Errors
    /// A symbol that the alphabet lacks, with its place.
    pub fn columns(&self, map: &Grid) -> Result<Vec<Vec<u32>>> {
        let tile = |row: usize, column: usize| {
            let symbol = map.get(row, column);
            let found = self.symbols.bytes().position(|known| known == symbol);
            found.map(|tile| tile as u32).with_context(|| {
                let symbol = symbol.escape_ascii();
                format!(
                    "row {} column {}: the model knows no tile `{symbol}`, only `{}`",
                    row + 1,
                    column + 1,
                    self.symbols
                )
            })
        };
        let column = |column| (0..map.height()).rev().map(|row| tile(row, column)).collect();
        (0..map.width()).map(column).collect()
    }

    /// The inverse of [`columns`](Self::columns).
    pub fn map(&self, columns: &[Vec<u32>]) -> Grid {
        let height = columns.first().map_or(0, Vec::len);
        let symbols = |column: &Vec<u32>| -> Vec<u8> {
            column.iter().rev().map(|&tile| self.symbol(tile)).collect()
        };
        Grid::from_columns(height, &columns.iter().map(symbols).collect::<Vec<_>>())
    }
}

/// A map, and what of it is learned from.
pub struct JudgedMap<'a> {
    /// The map.
    pub map: &'a Grid,
    /// For each column whether maps are wanted that are so: those that can be played on from there,
    /// for instance.
    pub wanted: Vec<bool>,
    /// The labels that were asked of it, where it has others; for a map of one window.
    pub asked: Option<Vec<f64>>,
    /// First columns of the windows; those of windows that would leave the map are passed over.
    pub starts: Range<usize>,
}

impl<'a> JudgedMap<'a> {
    /// All of a map that is wanted throughout.
    pub fn wanted(map: &'a Grid) -> Self {
        Self { map, wanted: vec![true; map.width()], asked: None, starts: 0..map.width() }
    }
}

/// What the model is told of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// For each label whether its value is told.
    pub labels: Vec<bool>,
    /// Whether it is told if such a map is wanted.
    pub wanted: bool,
}

/// Windows of a set of maps, drawn as batches.
pub struct TileWindows {
    /// Each map's columns, behind `context` columns of cells outside the map.
    maps: Vec<Vec<Vec<u32>>>,
    /// As in [`JudgedMap`], for each map.
    wanted: Vec<Vec<bool>>,
    /// As in [`JudgedMap`], for each map.
    asked: Vec<Option<Vec<f64>>>,
    /// The first column of each map's first window.
    starts: Vec<usize>,
    /// Labels of the first columns of every window, counted from none to all:
    /// `[windows, window + 1, labels]`.
    labels: Vec<f32>,
    /// First window of each map, counted over all maps, and the total at the end.
    first: Vec<usize>,
    scales: Vec<LabelScale>,
    context: usize,
    window: usize,
}

impl TileWindows {
    /// Windows of `window` columns of `maps`, each with `context` columns to its left.
    /// `measure(columns)` gives the value of every label, also of no column at all.
    ///
    /// # Errors
    /// No map is as wide as a window; maps of different heights; an unknown symbol.
    pub fn new(
        maps: &[JudgedMap],
        alphabet: &Alphabet,
        (context, window): (usize, usize),
        scales: &[LabelScale],
        measure: impl Fn(&Grid) -> Vec<f64> + Sync,
    ) -> Result<Self> {
        let height = maps.first().context("there is no map to learn from")?.map.height();
        if let Some(other) = maps.iter().find(|judged| judged.map.height() != height) {
            bail!("all maps must have one height, found {height} and {} rows", other.map.height());
        }
        let starts = |judged: &JudgedMap| {
            let end = (judged.map.width() + 1).saturating_sub(window).min(judged.starts.end);
            judged.starts.start..end
        };
        let maps: Vec<&JudgedMap> = maps.iter().filter(|map| !starts(map).is_empty()).collect();
        if maps.is_empty() {
            bail!("no map is {window} columns wide, as wide as the model's window");
        }
        let prefixes = |judged: &&JudgedMap| -> Vec<f32> {
            let starts = starts(judged);
            let ranges = starts.flat_map(|start| (0..=window).map(move |done| start..start + done));
            ranges
                .flat_map(|range| measure(&judged.map.columns(range)))
                .map(|value| value as f32)
                .collect()
        };
        let labels = maps.par_iter().flat_map_iter(prefixes).collect();
        let mut first = vec![0];
        let mut padded = Vec::new();
        for judged in &maps {
            first.push(first[first.len() - 1] + starts(judged).len());
            let mut columns = vec![vec![alphabet.len() as u32; height]; context];
            columns.extend(alphabet.columns(judged.map)?);
            padded.push(columns);
        }
        Ok(Self {
            maps: padded,
            wanted: maps.iter().map(|judged| judged.wanted.clone()).collect(),
            asked: maps.iter().map(|judged| judged.asked.clone()).collect(),
            starts: maps.iter().map(|judged| judged.starts.start).collect(),
            labels,
            first,
            scales: scales.to_vec(),
            context,
            window,
        })
    }

    /// Number of windows.
    #[expect(clippy::len_without_is_empty, reason = "never empty: `new` refuses that")]
    pub fn len(&self) -> usize {
        self.first.last().copied().unwrap_or(0)
    }

    /// The columns of one window, behind those of its context.
    pub fn columns(&self, index: usize) -> &[Vec<u32>] {
        let (map, start) = self.place(index);
        &self.maps[map][start..start + self.context + self.window]
    }

    /// Map and first column of a window.
    fn place(&self, index: usize) -> (usize, usize) {
        let map = self.first.partition_point(|&first| first <= index) - 1;
        (map, self.starts[map] + index - self.first[map])
    }

    /// The labels of a window.
    pub fn scales(&self) -> &[LabelScale] {
        &self.scales
    }

    /// The windows at `indices`; `show(position in the batch)` says what the model is told of each.
    pub fn batch(
        &self,
        indices: &[usize],
        mut show: impl FnMut(usize) -> Shown,
    ) -> Result<TileBatch> {
        let (mut tiles, mut labels, mut asked) = (Vec::<u32>::new(), Vec::new(), Vec::new());
        for (place, &index) in indices.iter().enumerate() {
            tiles.extend(self.columns(index).iter().flatten());
            let shown = show(place);
            let (map, start) = self.place(index);
            let measured = || self.labels(index, self.window).collect();
            let asked_for = self.asked[map].clone().unwrap_or_else(measured);
            let each = shown.labels.iter().zip(asked_for);
            let asked_for: Vec<_> = each.map(|(&shown, value)| shown.then_some(value)).collect();
            let judged = &self.wanted[map][start..start + self.window];
            let tell = |judged: bool, done: usize| {
                let so_far: Vec<f64> = self.labels(index, done).collect();
                let judged = shown.wanted.then_some(judged);
                LabelScale::tell(&self.scales, &asked_for, judged, &so_far, done, self.window)
            };
            labels.extend(tell(judged.iter().all(|&wanted| wanted), 0));
            asked.extend((0..self.window).flat_map(|done| tell(judged[done], done)));
        }
        let (batch, columns) = (indices.len(), self.context + self.window);
        let (height, told) = (self.maps[0][0].len(), LabelScale::told(self.scales.len()));
        Ok(TileBatch {
            tiles: Tensor::from_vec(tiles, (batch, columns, height), &Device::Cpu)?,
            labels: Tensor::from_vec(labels, (batch, told), &Device::Cpu)?,
            asked: Tensor::from_vec(asked, (batch, self.window, told), &Device::Cpu)?,
        })
    }

    /// The labels of the first `done` columns of one window.
    fn labels(&self, index: usize, done: usize) -> impl Iterator<Item = f64> {
        let start = (index * (self.window + 1) + done) * self.scales.len();
        self.labels[start..start + self.scales.len()].iter().map(|&value| f64::from(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::LabelKind;

    fn map(rows: &[&str]) -> Grid {
        Grid::from_rows(rows).expect("rows of one length")
    }

    #[test]
    fn tiles_come_back_as_the_symbols_they_were() -> Result<()> {
        let level = map(&["-o-", "XX-"]);
        let alphabet = Alphabet::of(std::slice::from_ref(&level));
        let columns = alphabet.columns(&level)?;
        // Bottom first: X over the order `-`, `X`, `o`.
        assert_eq!(columns[1], [1, 2]);
        assert_eq!(alphabet.map(&columns), level);
        let error = alphabet.columns(&map(&["-?"])).err().map(|error| error.to_string());
        assert!(
            error.is_some_and(|text| text.contains("row 1 column 2: the model knows no tile `?`"))
        );
        Ok(())
    }

    #[test]
    fn a_window_stands_behind_its_context_and_never_crosses_two_maps() -> Result<()> {
        let maps = [map(&["abcd"]), map(&["ab"]), map(&["abc"])];
        let alphabet = Alphabet::of(&maps);
        let all: Vec<_> = maps.iter().map(JudgedMap::wanted).collect();
        let windows = TileWindows::new(&all, &alphabet, (2, 3), &[], |_| Vec::new())?;
        assert_eq!(windows.len(), 3);
        let column = |tile: u32| vec![tile];
        assert_eq!(windows.columns(0), [4, 4, 0, 1, 2].map(column));
        assert_eq!(windows.columns(1), [4, 0, 1, 2, 3].map(column));
        assert_eq!(windows.columns(2), [4, 4, 0, 1, 2].map(column));

        let late = JudgedMap { starts: 1..9, ..JudgedMap::wanted(&maps[0]) };
        let windows = TileWindows::new(&[late], &alphabet, (2, 3), &[], |_| Vec::new())?;
        assert_eq!((windows.len(), windows.columns(0)), (1, &[4, 0, 1, 2, 3].map(column)[..]));
        Ok(())
    }

    #[test]
    fn each_column_is_told_what_is_left_to_do() -> Result<()> {
        let maps = [map(&["XX-"])];
        let count = |map: &Grid| vec![map.cells().iter().filter(|&&c| c == b'X').count() as f64];
        let (name, kind, range, usual) = ("solid".into(), LabelKind::Sum, [0.0, 2.0], None);
        let scales = [LabelScale { name, kind, mean: 0.0, deviation: 1.0, range, usual }];
        let judged = JudgedMap { wanted: vec![true, false, false], ..JudgedMap::wanted(&maps[0]) };
        let windows = TileWindows::new(&[judged], &Alphabet::of(&maps), (0, 3), &scales, count)?;
        let shown = windows.batch(&[0], |_| Shown { labels: vec![true], wanted: true })?;
        assert_eq!(shown.labels.to_vec2::<f32>()?, [[2.0, 1.0, -1.0, 1.0]]);
        let each = [[2.0, 1.0, 1.0, 1.0], [1.0, 1.0, -1.0, 1.0], [0.0, 1.0, -1.0, 1.0]];
        assert_eq!(shown.asked.to_vec3::<f32>()?, [each]);
        let hidden = windows.batch(&[0], |_| Shown { labels: vec![false], wanted: false })?;
        assert_eq!(hidden.asked.to_vec3::<f32>()?, [[[0.0; 4]; 3]]);

        let disobedient = JudgedMap { asked: Some(vec![5.0]), ..JudgedMap::wanted(&maps[0]) };
        let alphabet = Alphabet::of(&maps);
        let windows = TileWindows::new(&[disobedient], &alphabet, (0, 3), &scales, count)?;
        let shown = windows.batch(&[0], |_| Shown { labels: vec![true], wanted: false })?;
        let each = [[5.0, 1.0, 0.0, 0.0], [4.0, 1.0, 0.0, 0.0], [3.0, 1.0, 0.0, 0.0]];
        assert_eq!(shown.asked.to_vec3::<f32>()?, [each]);
        Ok(())
    }
}
