//! Filling the free cells of a map around those that are locked.

use anyhow::{Result, bail};
use generativa::data::Grid;
use generativa::sample::tile_map::Locks;
use generativa_random::Stream;

use super::{Drawn, Generator, until_playable};
use crate::data::Domain;

/// Drafts that grow side by side: enough that one of them leads up to most of what is locked.
const DRAFTS: usize = 64;

/// Completions before a map is given up.
const TRIES: usize = 20;

impl Generator {
    /// A map that has the tiles of `partial` where `locked` (row by row, one flag a tile) and the
    /// model's elsewhere, and that can be played where that was possible. What `partial` holds in
    /// free cells is not looked at.
    ///
    /// # Errors
    /// A locked tile that the model does not know; a size that the model does not make.
    pub fn complete(&self, partial: &Grid, locked: &[bool], stream: &mut Stream) -> Result<Drawn> {
        let locks = self.locks(partial, locked)?;
        let game = self.domain.game;
        until_playable(game, Some(locked), TRIES, || {
            self.asking(&|_| self.usual_wishes(), |asks| {
                let columns =
                    self.sampler.complete(&locks, &[], DRAFTS, asks, self.sampling, stream)?;
                Ok(self.domain.alphabet.map(&columns))
            })
        })
    }

    fn locks(&self, partial: &Grid, locked: &[bool]) -> Result<Vec<Locks>> {
        assert_eq!(locked.len(), partial.cells().len(), "one flag a tile says what is locked");
        self.check_size(partial)?;
        let mut known = partial.clone();
        let flag = |row: usize, column: usize| locked[row * partial.width() + column];
        for row in 0..partial.height() {
            for column in (0..partial.width()).filter(|&column| !flag(row, column)) {
                known.set(row, column, self.domain.alphabet.symbol(0));
            }
        }
        let columns = self.domain.alphabet.columns(&known)?;
        let lock = |(number, column): (usize, Vec<u32>)| -> Locks {
            let rows = (0..partial.height()).rev().zip(column);
            rows.map(|(row, tile)| flag(row, number).then_some(tile)).collect()
        };
        Ok(columns.into_iter().enumerate().map(lock).collect())
    }

    /// Refuses maps of a size that the model does not make.
    pub(super) fn check_size(&self, map: &Grid) -> Result<()> {
        let Domain { shape, .. } = &self.domain;
        if map.height() != shape.height {
            bail!("the model makes maps of {} rows, found {}", shape.height, map.height());
        }
        let width = self.domain.map_width(map.width());
        if map.width() != width {
            bail!("the model makes maps of {width} columns, found {}", map.width());
        }
        Ok(())
    }
}
