//! Where each game keeps its levels and its legend: the corpus has no two folders alike.

use std::path::Path;

use super::SET;
use crate::{Error, Result, read};

/// One game of the corpus.
pub(super) struct Game {
    pub(super) name: &'static str,
    levels: &'static str,
    legend: Option<&'static str>,
    /// Tiles that the legend lacks or has wrong.
    corrections: &'static [(u8, &'static [&'static str])],
    /// Rows of every level, where they are all alike.
    height: Option<usize>,
}

/// Where the levels and the legend of one game are, relative to the folder of the set.
pub(super) struct Layout {
    pub(super) levels: String,
    pub(super) legend: Option<String>,
    pub(super) corrections: &'static [(u8, &'static [&'static str])],
    pub(super) height: Option<usize>,
}

const PLAIN: Game = Game { name: "", levels: "", legend: None, corrections: &[], height: None };
const MARIO_LEGEND: Option<&str> = Some("Super Mario Bros/smb.json");

/// No legend comes with this game; the meanings follow from the shapes, and `c`, `e` and `g` occur
/// only in the copies with enemies.
const MARIO_2_TILES: &[(u8, &[&str])] = &[
    (b'#', &["solid", "ground"]),
    (b'-', &["passable", "empty"]),
    (b'?', &["solid", "question block"]),
    (b'B', &["solid", "breakable"]),
    (b'P', &["solid", "pipe"]),
    (b'p', &["solid", "pipe"]),
    (b'c', &["enemy"]),
    (b'e', &["enemy"]),
    (b'g', &["enemy"]),
];

pub(super) const GAMES: &[Game] = &[
    Game {
        name: "Super Mario Bros",
        levels: "Super Mario Bros/Processed",
        legend: MARIO_LEGEND,
        height: Some(14),
        ..PLAIN
    },
    Game {
        name: "Super Mario Bros 2",
        levels: "Super Mario Bros 2/Processed/WithEnemies",
        corrections: MARIO_2_TILES,
        ..PLAIN
    },
    Game {
        name: "Super Mario Bros 2/NoEnemies",
        levels: "Super Mario Bros 2/Processed/NoEnemies",
        corrections: MARIO_2_TILES,
        ..PLAIN
    },
    // Its own smb.json lacks the cannons, which its levels have.
    Game {
        name: "Super Mario Bros 2 (Japan)",
        levels: "Super Mario Bros 2 (Japan)/Processed",
        legend: MARIO_LEGEND,
        ..PLAIN
    },
    Game {
        name: "Super Mario Land",
        levels: "Super Mario Land/Processed",
        legend: MARIO_LEGEND,
        ..PLAIN
    },
    // `B` occurs in the levels, and nothing says what it is.
    Game {
        name: "Super Mario Kart",
        levels: "Super Mario Kart/Processed",
        legend: Some("Super Mario Kart/smk.json"),
        corrections: &[(b'B', &[])],
        height: Some(128),
    },
    Game {
        name: "Kid Icarus",
        levels: "Kid Icarus/Processed",
        legend: Some("Kid Icarus/KidIcarus.json"),
        ..PLAIN
    },
    Game {
        name: "Lode Runner",
        levels: "Lode Runner/Processed",
        legend: Some("Lode Runner/Loderunner.json"),
        height: Some(22),
        ..PLAIN
    },
    // `-` and `P` as in MM_tileTypes.txt: MM.json lacks the one and calls the other empty.
    Game {
        name: "MegaMan",
        levels: "MegaMan",
        legend: Some("MegaMan/MM.json"),
        corrections: &[(b'-', &["passable", "empty"]), (b'P', &["passable", "player"])],
        ..PLAIN
    },
    // No legend comes with this game, and only the background is plain to see.
    Game {
        name: "Rainbow Islands",
        levels: "Rainbow Islands/Processed",
        corrections: &[(b'.', &["passable", "empty"]), (b'B', &[]), (b'G', &[])],
        ..PLAIN
    },
    Game { name: "Doom", levels: "Doom/Processed", legend: Some("Doom/doom_tile.json"), ..PLAIN },
    Game {
        name: "Doom2",
        levels: "Doom2/Processed",
        legend: Some("Doom2/doom_tile.json"),
        ..PLAIN
    },
];

/// The layout of a known game, or of a folder that follows the corpus' habit.
pub(super) fn layout(root: &Path, name: &str) -> Result<Layout> {
    if !root.exists() {
        return Err(Error::MissingFile { path: root.to_owned(), set: SET });
    }
    if let Some(game) = GAMES.iter().find(|game| game.name == name) {
        return Ok(Layout {
            levels: game.levels.to_owned(),
            legend: game.legend.map(str::to_owned),
            corrections: game.corrections,
            height: game.height,
        });
    }
    let folder = root.join(name);
    if !folder.is_dir() || name == super::zelda::GAME {
        return Err(Error::UnknownPart {
            root: root.to_owned(),
            name: name.to_owned(),
            known: super::games(),
        });
    }
    let legends = read::folder(&folder, "json", SET)?;
    let [legend] = &legends[..] else {
        return Err(Error::NoLegend { folder, found: legends.len() });
    };
    let file = legend.file_name().unwrap_or_default().to_string_lossy();
    let inside = if folder.join("Processed").is_dir() { "/Processed" } else { "" };
    Ok(Layout {
        levels: format!("{name}{inside}"),
        legend: Some(format!("{name}/{file}")),
        corrections: &[],
        height: None,
    })
}
