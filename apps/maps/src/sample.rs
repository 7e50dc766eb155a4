//! `sample`: new maps, as text on stdout or as files.

use anyhow::{Result, bail};
use clap::Args;
use generativa::cli::{Shared, Trained};

use crate::config::Config;
use crate::deliver::Series;
use crate::generate::Generator;

/// Draws before a map is given up.
pub(crate) const TRIES: usize = 100;

/// Flags of `sample`.
#[derive(Args, Debug)]
pub struct Options {
    /// Columns of a map, where the game leaves it open
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
    columns: u16,
    /// Something to ask for, such as density=0.2; may be given several times
    #[arg(long, value_name = "LABEL=VALUE")]
    ask: Vec<String>,
    /// Keep the first draw, whether it can be played or not; else what cannot be is repaired
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    series: Series,
}

/// Draws maps and delivers them.
///
/// # Errors
/// An unknown label; no map could be drawn; or some could not
/// ([`Exit::Partial`](generativa::cli::Exit)).
pub fn sample(trained: &Trained<Config>, options: &Options, shared: &Shared) -> Result<()> {
    let generator = Generator::open(trained)?;
    let wishes = generator.wishes(&options.ask)?;
    options.series.for_each("maps/sample", |index, stream| {
        let (width, tries) = (usize::from(options.columns), if options.raw { 1 } else { TRIES });
        let drawn = generator.draw_checked(width, &wishes, tries, stream)?;
        if !drawn.verdict.playable() && !options.raw {
            let reason = &drawn.verdict.reason;
            bail!(
                "map {index}: none of {tries} draws can be played (the last: {reason}); ask for \
                 less, or train longer"
            );
        }
        let game = generator.domain.game;
        options.series.delivery.map(("map", index), &drawn, game, shared)
    })
}
