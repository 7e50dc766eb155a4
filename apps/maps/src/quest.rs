//! `quest`: dungeons of many rooms with locks and keys.

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use generativa::cli::{Exit, RunChoice, Shared, Trained};
use generativa_random::Stream;

use crate::Maps;
use crate::config::Config;
use crate::deliver::{Series, edits_json};
use crate::game::Game;
use crate::generate::Generator;
use crate::platform::Edit;
use crate::rooms::Quest;
use crate::rooms::quest::{Asked, Layout, Solution, solve};
use crate::rooms::{HEIGHT, WIDTH};

/// What is asked of a dungeon where nobody asks for anything else.
pub const USUAL: Asked = Asked { rooms: 20, locks: 3, loops: 0.15 };

/// Flags of `quest`.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    run: RunChoice,
    /// Rooms of a dungeon
    #[arg(long, default_value_t = USUAL.rooms)]
    rooms: usize,
    /// Locked doors, and as many keys
    #[arg(long, default_value_t = USUAL.locks)]
    locks: usize,
    /// Chance that two neighbours get a door that nobody needs
    #[arg(long, default_value_t = USUAL.loops, value_parser = chance)]
    loops: f64,
    #[command(flatten)]
    series: Series,
}

fn chance(text: &str) -> Result<f64, String> {
    let chance = text.parse().ok().filter(|chance| (0.0..=1.0).contains(chance));
    chance.ok_or_else(|| format!("expected a chance from 0 to 1, found `{text}`"))
}

/// Draws dungeons whose doors can be opened in any order, each proved by search.
///
/// # Errors
/// A model that does not draw rooms; no dungeon could be drawn; or some could not
/// ([`Exit::Partial`]).
pub fn quest(options: &Options, shared: &Shared) -> Result<()> {
    let trained: Trained<Config> = Trained::open::<Maps>(&options.run.dir::<Maps>())?;
    let generator = Generator::open(&trained)?;
    if generator.domain.game != Game::Room {
        let dir = options.run.dir::<Maps>();
        let text = format!(
            "the model in {} draws no rooms; train one by --data vglc --subset \
             'The Legend of Zelda'",
            dir.display()
        );
        bail!(Exit::Usage(text));
    }
    let asked = Asked { rooms: options.rooms, locks: options.locks, loops: options.loops };
    // What is impossible is so for every dungeon: say it once.
    let seed = options.series.delivery.seed;
    Layout::grow(&asked, &mut Stream::named(seed, "maps/quest/asked"))?;
    options.series.for_each("maps/quest", |index, stream| {
        let quest = draw(&generator, &asked, stream)?;
        let verdict = solve(&quest);
        ensure!(
            verdict.solvable && verdict.never_stuck,
            "dungeon {index}: the search finds no way that is never lost; this is a bug"
        );
        deliver(&quest, &verdict, index, options, shared)
    })
}

/// A dungeon whose rooms the model draws.
pub fn draw(generator: &Generator, asked: &Asked, stream: &mut Stream) -> Result<Quest> {
    let layout = Layout::grow(asked, stream)?;
    Quest::draw(layout, |doors, stream| generator.draw_room(doors, stream), stream)
        .context("cannot fill the dungeon")
}

fn deliver(
    quest: &Quest,
    verdict: &Solution,
    index: u64,
    options: &Options,
    shared: &Shared,
) -> Result<()> {
    let map = quest.map();
    let delivery = &options.series.delivery;
    let picture = delivery.write(("quest", index), &map, Game::Room.tiles(), &verdict.path)?;
    if shared.json {
        let line = serde_json::json!({
            "id": index,
            "seed": delivery.seed,
            "rooms": quest.rooms.len(),
            "locks": quest.keys.len(),
            "draws": quest.draws,
            "edits": edits_json(&on_the_map(quest)),
            "solvable": verdict.solvable,
            "never_stuck": verdict.never_stuck,
            "unused_keys": verdict.unused_keys,
            "rows": map.rows().map(String::from_utf8_lossy).collect::<Vec<_>>(),
        });
        return shared.print(&line.to_string());
    }
    match picture {
        Some(picture) => {
            let (steps, edits) = (verdict.path.len().saturating_sub(1), quest.edits.len());
            shared.print(&format!(
                "{}  solved in {steps} steps; tiles changed: {edits}",
                picture.display()
            ))
        }
        None => shared.print(&map.to_string()),
    }
}

/// The edits of the rooms at their places on the map.
fn on_the_map(quest: &Quest) -> Vec<Edit> {
    let place = |(room, edit): &(usize, Edit)| {
        let (down, right) = quest.layout.places[*room];
        Edit { row: edit.row + down * HEIGHT, column: edit.column + right * WIDTH, ..*edit }
    };
    quest.edits.iter().map(place).collect()
}
