//! Rules and figures that come with verdicts: every verdict of `maps/mario-reach.json`, and what
//! simple generators reach on real levels by `maps/mario-floors.json`; and the rules of rooms and
//! boards on real ones.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use generativa::baselines::column_ngrams::ColumnNgrams;
use generativa::data::Grid;
use generativa::metrics::quantile::median;
use generativa::metrics::tile_patterns::mean_divergence;
use generativa::metrics::window_distance::Windows;
use generativa_random::Stream;
use libtest_mimic::{Failed, Trial};
use maps::config::{DataChoice, Recombination};
use maps::data::Corpus;
use maps::game::Game;
use maps::platform::{Pipes, reach, repair};
use maps::rooms;
use maps::sokoban::{Board, Verdict as Solution, solve};
use maps::splice::{Taste, splices, symmetric_windows};
use serde_json::Value;

/// The trials of the rules under `judges`. Where the rules are not there the trials are ignored,
/// by name; with `CI=true` they fail.
pub(crate) fn trials(judges: &Path) -> Vec<Trial> {
    let verdicts = judges.join("maps/mario-reach.json");
    let floors = judges.join("maps/mario-floors.json");
    let maps = data_folder().join("game-maps");
    let levels = maps.join("vglc/Super Mario Bros/Processed");
    let dungeons = maps.join("vglc/The Legend of Zelda/Processed");
    let boards = maps.join("boxoban/unfiltered/valid/000.txt");
    let real = [&floors, &levels];
    vec![
        trial("every_verdict_of_mario_reach_is_given", &[&verdicts], every_verdict_is_given),
        trial("repair_saves_nearly_every_unreachable_level", &[&verdicts], repair_saves_levels),
        trial("human_rows_of_mario_floors_are_exact", &real, human_rows_are_exact),
        trial("columns_of_order_0_to_3_score_as_mario_floors_says", &real, column_rows_agree),
        trial("221_of_267_human_rooms_pass_the_strict_rule", &[&dungeons], human_rooms_pass),
        trial(
            "a_thousand_boxoban_boards_are_solved_by_legal_pushes",
            &[&boards],
            boards_are_solved,
        ),
        trial(
            "every_kind_of_map_loads_with_its_split",
            &[&maps.join("vglc"), &maps.join("boxoban")],
            splits_are_loaded,
        ),
        trial(
            "no_held_out_human_room_is_new_and_many_a_spliced_one_is",
            &[&maps.join("vglc")],
            spliced_rooms_are_new,
        ),
    ]
}

/// Where real data lies: `GENERATIVA_DATA`, or beside the workspace.
fn data_folder() -> PathBuf {
    std::env::var_os("GENERATIVA_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/datasets"),
        PathBuf::from,
    )
}

/// A trial that reads the files `needs`.
fn trial(name: &str, needs: &[&PathBuf], run: fn(&[PathBuf]) -> Result<()>) -> Trial {
    let needs: Vec<PathBuf> = needs.iter().map(|&path| path.clone()).collect();
    let missing = needs.iter().any(|path| !path.exists());
    let demanded = std::env::var("CI").is_ok_and(|value| value == "true");
    Trial::test(name, move || run(&needs).map_err(|error| Failed::from(format!("{error:#}"))))
        .with_kind("maps")
        .with_ignored_flag(missing && !demanded)
}

struct Verdict {
    source: String,
    level: Grid,
    reachable: bool,
    furthest_column: u64,
}

fn verdicts(path: &Path) -> Result<Vec<Verdict>> {
    let entries: Vec<Value> = serde_json::from_str(&read(path)?)?;
    entries
        .iter()
        .map(|entry| {
            let rows = entry["rows"].as_array().context("a verdict without rows")?;
            let rows: Option<Vec<&str>> = rows.iter().map(Value::as_str).collect();
            let rows = rows.context("a row that is no text")?;
            Ok(Verdict {
                source: entry["source"].as_str().context("a verdict without source")?.into(),
                level: Grid::from_rows(&rows).context("rows of several lengths")?,
                reachable: entry["reachable"].as_bool().context("no verdict")?,
                furthest_column: entry["furthest_column"].as_u64().context("no column")?,
            })
        })
        .collect()
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn every_verdict_is_given(needs: &[PathBuf]) -> Result<()> {
    for (index, verdict) in verdicts(&needs[0])?.iter().enumerate() {
        let found = reach(&verdict.level);
        ensure!(
            found.reachable == verdict.reachable
                && found.furthest_column as u64 == verdict.furthest_column,
            "level {index} ({}): expected {} up to column {}, found {} up to column {}",
            verdict.source,
            verdict.reachable,
            verdict.furthest_column,
            found.reachable,
            found.furthest_column
        );
    }
    Ok(())
}

fn repair_saves_levels(needs: &[PathBuf]) -> Result<()> {
    let verdicts = verdicts(&needs[0])?;
    let unreachable: Vec<&Grid> = verdicts
        .iter()
        .filter(|verdict| !verdict.reachable)
        .map(|verdict| &verdict.level)
        .collect();
    let mut edits = Vec::new();
    for level in &unreachable {
        let Some(repair) = repair(level, &vec![false; level.cells().len()]) else { continue };
        ensure!(reach(&repair.level).reachable, "a repaired level is not reachable\n{level}");
        let broken = |level: &Grid| Pipes::of(std::slice::from_ref(level)).broken;
        ensure!(broken(&repair.level) <= broken(level), "repair broke a pipe\n{level}");
        edits.push(repair.edits.len() as f64);
    }
    let saved = edits.len() as f64 / unreachable.len() as f64;
    ensure!(saved >= 0.995, "{} of {} levels saved", edits.len(), unreachable.len());
    ensure!(median(&edits) <= 5.0, "median of {} edits a level", median(&edits));
    Ok(())
}

/// Levels of Super Mario Bros by the split of the floors.
struct Split {
    floors: Value,
    training: Vec<Grid>,
    held_out: Vec<Grid>,
}

impl Split {
    fn read(needs: &[PathBuf]) -> Result<Self> {
        let floors: Value = serde_json::from_str(&read(&needs[0])?)?;
        let held_out = floors["split"]["held_out"].as_array().context("no split")?;
        let names = held_out.iter().filter_map(Value::as_str);
        let names: Vec<String> = names.map(|name| format!("mario-{name}.txt")).collect();
        let mut paths: Vec<PathBuf> =
            fs::read_dir(&needs[1])?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        paths.sort();

        let mut split = Self { training: Vec::new(), held_out: Vec::new(), floors: Value::Null };
        for path in &paths {
            let rows = read(path)?;
            let level = Grid::from_rows(&rows.lines().collect::<Vec<_>>());
            let level = level.with_context(|| format!("{}: ragged rows", path.display()))?;
            let is_held_out = names.iter().any(|name| path.ends_with(name));
            if is_held_out { &mut split.held_out } else { &mut split.training }.push(level);
        }
        ensure!((split.training.len(), split.held_out.len()) == (11, 4), "expected 11 + 4 levels");
        split.floors = floors["floors"].clone();
        Ok(split)
    }

    fn floor(&self, subject: &str, metric: &str) -> Result<f64> {
        let value = self.floors[subject][metric].as_f64();
        value.with_context(|| format!("no {metric} of {subject} among the floors"))
    }

    fn compare(&self, subject: &str, metric: &str, found: f64, tolerance: f64) -> Result<()> {
        let expected = self.floor(subject, metric)?;
        let agrees = (found - expected).abs() <= tolerance;
        ensure!(agrees, "{subject}, {metric}: expected {expected} ± {tolerance}, found {found}");
        Ok(())
    }
}

fn human_rows_are_exact(needs: &[PathBuf]) -> Result<()> {
    let split = Split::read(needs)?;
    let divergence = mean_divergence(&split.held_out, &split.training);
    split.compare("human-train", "kl-held-out-k234", divergence, 1e-12)?;
    let held_out = Windows::new(&split.held_out, 16);
    ensure!(held_out.len() == 726, "expected 726 held-out windows, found {}", held_out.len());
    let distance = held_out.mean_distance(&Windows::new(&split.training, 16));
    split.compare("human-held-out", "window-distance", distance, 0.0)
}

fn column_rows_agree(needs: &[PathBuf]) -> Result<()> {
    /// Draws of 500 levels for each row; the file holds one.
    const SEEDS: u64 = 4;
    let split = Split::read(needs)?;
    let training = Windows::new(&split.training, 16);
    for order in 0..=3 {
        let chain = ColumnNgrams::fit(&split.training, order);
        let mut means = [0.0; 3];
        for seed in 0..SEEDS {
            let draw = |index| chain.draw(200, &mut Stream::item(seed, "column levels", index));
            let levels: Option<Vec<Grid>> = (0..500).map(draw).collect();
            let levels = levels.context("no walk of 200 columns")?;
            let reached = levels.iter().filter(|level| reach(level).reachable).count();
            let mut stream = Stream::item(seed, "windows", order as u64);
            let windows = Windows::new(&levels, 16);
            means[0] += reached as f64 / 500.0 / SEEDS as f64;
            means[1] += mean_divergence(&split.held_out, &levels) / SEEDS as f64;
            means[2] += windows.sampled_mean_distance(&training, 1_000, &mut stream) / SEEDS as f64;
        }

        // The file's one draw of order 0 lies three standard errors above the mean in reach; the
        // README of the judges gives 0.64 to 0.72 over seeds, and our own mean has an error of
        // 0.03 at that. Rare patterns make the divergence of order 0 vary more, too.
        let errors = if order == 0 { [0.11, 0.08, 0.8] } else { [0.06, 0.03, 0.8] };
        let metrics = ["reach-200-raw", "kl-held-out-k234", "window-distance"];
        for ((metric, mean), error) in metrics.into_iter().zip(means).zip(errors) {
            split.compare(&format!("columns-order-{order}"), metric, mean, error)?;
        }
    }
    Ok(())
}

fn human_rooms_pass(needs: &[PathBuf]) -> Result<()> {
    let mut distinct = BTreeSet::new();
    for entry in fs::read_dir(&needs[0])? {
        let path = entry?.path();
        if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("tloz")) {
            continue;
        }
        let dungeon = read(&path)?;
        let dungeon = Grid::from_rows(&dungeon.lines().collect::<Vec<_>>());
        let dungeon = dungeon.with_context(|| format!("{}: ragged rows", path.display()))?;
        let rows: Vec<&[u8]> = dungeon.rows().collect();
        for rows in rows.chunks_exact(rooms::HEIGHT) {
            let band = Grid::from_rows(rows).context("rows of several lengths")?;
            let starts = (0..band.width()).step_by(rooms::WIDTH);
            let cut = starts.map(|start| band.columns(start..start + rooms::WIDTH));
            distinct.extend(cut.filter(|room| room.cells().iter().any(|&symbol| symbol != b'-')));
        }
    }

    let verdicts: Vec<rooms::Verdict> = distinct.iter().map(rooms::judge).collect();
    let with_doors = |count| {
        let doors = |verdict: &rooms::Verdict| verdict.doors.iter().filter(|&&door| door).count();
        verdicts.iter().filter(|verdict| doors(verdict) == count).count()
    };
    let by_doors = [1, 2, 3, 4].map(with_doors);
    ensure!(by_doors == [79, 113, 54, 9], "rooms with 1 to 4 doors: {by_doors:?}");
    let passing = verdicts.iter().filter(|verdict| verdict.passes()).count();
    ensure!((passing, verdicts.len()) == (221, 267), "{passing} of {} pass", verdicts.len());
    Ok(())
}

fn corpus(root: &Path, subset: &str) -> Result<Corpus> {
    let (name, subset) = (root.display().to_string(), subset.to_owned());
    Corpus::load(&DataChoice { name, subset, dungeons: 0 })
}

fn splits_are_loaded(needs: &[PathBuf]) -> Result<()> {
    for (root, subset, game, train, held_out) in [
        (&needs[0], "Super Mario Bros", Game::Platform, 11, 4),
        (&needs[0], "The Legend of Zelda", Game::Room, 230, 37),
        (&needs[1], "unfiltered", Game::Sokoban, 5_000, 1_000),
        (&needs[1], "medium", Game::Sokoban, 4_000, 1_000),
    ] {
        let corpus = corpus(root, subset)?;
        let found = (corpus.game, corpus.train.len(), corpus.held_out.len());
        ensure!(found == (game, train, held_out), "{subset}: {found:?}");
        let shared = corpus.held_out.iter().filter(|map| corpus.train.contains(map)).count();
        ensure!(shared == 0, "{subset}: {shared} maps are learned from and held out");
    }
    let refused = corpus(&needs[1], "hard").err().map(|error| error.to_string());
    ensure!(refused.is_some_and(|text| text.contains("no part `hard`")));
    Ok(())
}

fn spliced_rooms_are_new(needs: &[PathBuf]) -> Result<()> {
    let corpus = corpus(&needs[0], "The Legend of Zelda")?;
    let taste = Taste::of(&corpus);
    let new = corpus.held_out.iter().filter(|room| taste.likes(room) == Some(true)).count();
    ensure!(new == 0, "{new} human rooms are new");
    let settings = Recombination { levels: 50, width: 0, share: 0.5, unwanted_share: 0.1 };
    let wanted = splices(&corpus, &settings, 1).wanted;
    let known = symmetric_windows(Game::Room, &corpus.train);
    let distances = Windows::new(&wanted, rooms::WIDTH).distances(&known);
    ensure!(wanted.len() == 50 && distances.iter().all(|&distance| distance >= 10));
    ensure!(wanted.iter().all(|room| rooms::judge(room).passes()), "a room is parted");
    Ok(())
}

fn boards_are_solved(needs: &[PathBuf]) -> Result<()> {
    const BOARDS: usize = 1_000;
    let text = read(&needs[0])?;
    let boards = text.split(';').filter_map(|board| board.split_once('\n')).take(BOARDS);
    let (mut solved, mut count) = (0, 0);
    for (name, rows) in boards {
        let rows: Vec<&str> = rows.lines().filter(|row| !row.is_empty()).collect();
        let grid = Grid::from_rows(&rows).with_context(|| format!("board {name}: ragged rows"))?;
        let board = Board::read(&grid).with_context(|| format!("board {name}"))?;
        count += 1;
        match solve(&board, 50_000) {
            Solution::Solved(pushes) => {
                let end = pushes.iter().try_fold(board, |board, &push| board.after(push));
                ensure!(end.is_some_and(|end| end.is_solved()), "board {name}: pushes that fail");
                solved += 1;
            }
            // Every board of the set has a solution, so only the cap may stop the search.
            Solution::Unknown => {}
            Solution::Unsolvable => anyhow::bail!("board {name}: called unsolvable\n{grid}"),
        }
    }
    ensure!((count, solved) == (BOARDS, BOARDS), "{solved} of {count} solved");
    Ok(())
}
