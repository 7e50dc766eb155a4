//! `blend`: a walk from one map to another.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use generativa::cli::{RunChoice, Shared, Trained};
use generativa_random::Stream;

use crate::Maps;
use crate::deliver::Delivery;
use crate::generate::{Drawn, Generator};
use crate::map_file::read_map;

/// Flags of `blend`.
#[derive(Args, Debug)]
pub struct Options {
    /// Map that the walk begins at, one character a tile
    #[arg(value_name = "FIRST")]
    first: PathBuf,
    /// Map that it leads to
    #[arg(value_name = "SECOND")]
    second: PathBuf,
    #[command(flatten)]
    run: RunChoice,
    /// Maps along the walk, both ends included
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u16).range(2..))]
    steps: u16,
    #[command(flatten)]
    delivery: Delivery,
}

/// Makes the maps along a walk as the model draws them: its ends are the model's versions of the
/// two maps, and no step is repaired.
///
/// # Errors
/// A map that cannot be read, or that the model does not make.
pub fn blend(options: &Options, shared: &Shared) -> Result<()> {
    let trained = Trained::open::<Maps>(&options.run.dir::<Maps>())?;
    let generator = Generator::open(&trained)?;
    let game = generator.domain.game;
    let (first, second) = (read_map(&options.first, game)?, read_map(&options.second, game)?);
    if first.width() != second.width() {
        let (one, other) = (first.width(), second.width());
        let kept = one.min(other);
        shared.remark(&format!("widths {one} and {other}: the first {kept} columns are blended"));
    }
    options.delivery.prepare()?;
    let mut stream = Stream::named(options.delivery.seed, "maps/blend");
    let walk = generator
        .blend(&first, &second, usize::from(options.steps), &mut stream)
        .context("cannot blend these maps")?;
    for (index, map) in (0..).zip(walk) {
        let drawn = Drawn::unchecked(map, game);
        options.delivery.map(("blend", index), &drawn, game, shared)?;
    }
    Ok(())
}
