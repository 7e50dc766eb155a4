//! `complete`: the free cells of a map, filled around those that are locked.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use generativa::cli::{Exit, RunChoice, Shared, Trained};

use crate::Maps;
use crate::deliver::Series;
use crate::generate::Generator;
use crate::map_file::{read_map, read_mask, read_partial_map};

/// Flags of `complete`.
#[derive(Args, Debug)]
pub struct Options {
    /// Map with free cells, one character a tile
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    run: RunChoice,
    /// The symbol of a free cell [default: `.` for platform maps and rooms, `_` for dungeons and boards]
    #[arg(long, value_name = "SYMBOL", conflicts_with = "mask")]
    free: Option<char>,
    /// Locked cells, `#`, and free ones, `.`, in the layout of the map
    #[arg(long, value_name = "FILE")]
    mask: Option<PathBuf>,
    #[command(flatten)]
    series: Series,
}

/// Completes a map `count` times.
///
/// # Errors
/// A map that cannot be read or that the model does not make; no completion can be played; or some
/// cannot ([`Exit::Partial`]).
pub fn complete(options: &Options, shared: &Shared) -> Result<()> {
    let trained = Trained::open::<Maps>(&options.run.dir::<Maps>())?;
    let generator = Generator::open(&trained)?;
    let game = generator.domain.game;
    let (map, locked) = match &options.mask {
        Some(mask) => {
            let map = read_map(&options.file, game)?;
            let locked = read_mask(mask, (map.height(), map.width()))?;
            (map, locked)
        }
        None => {
            let free = options.free.unwrap_or_else(|| game.free_symbol());
            if !free.is_ascii_graphic() {
                let text = format!("--free takes one printable ASCII character, found `{free}`");
                bail!(Exit::Usage(text));
            }
            let free = free as u8;
            read_partial_map(&options.file, game, free)?
        }
    };
    options.series.for_each("maps/complete", |index, stream| {
        let drawn = generator
            .complete(&map, &locked, stream)
            .with_context(|| format!("cannot complete {}", options.file.display()))?;
        if !drawn.verdict.playable() {
            let (draws, reason) = (drawn.draws, &drawn.verdict.reason);
            bail!(
                "completion {index}: none of {draws} can be played (the last: {reason}); lock \
                 fewer cells"
            );
        }
        options.series.delivery.map(("completion", index), &drawn, game, shared)
    })
}
