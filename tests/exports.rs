//! What `maps` exports is what other tools read: Tiled's format through the `tiled` crate, LDtk's
//! against the keys that its public schema requires, CSV and JSON through our own readers.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use generativa::data::Grid;
use generativa::report::Picture;
use libtest_mimic::{Failed, Trial};
use maps::export::{Label, Level, ldtk, plain, tmx};
use maps::show::{TILE, TileSet};
use serde_json::Value;

/// The trials of this file.
pub(crate) fn trials() -> Vec<Trial> {
    let sets = TileSet::ALL.into_iter().flat_map(|set| {
        let trial = |claim: &str, check: fn(TileSet) -> Result<()>| {
            let name = format!("exports::{claim}::{}", set.name());
            Trial::test(name, move || {
                check(set).map_err(|error| Failed::from(format!("{error:#}")))
            })
        };
        [
            trial("tiled_reads_back_the_tiles_that_were_written", tiled_reads_the_tiles),
            trial("ldtk_gets_every_key_that_its_schema_requires", ldtk_gets_every_key),
            trial("ldtk_layers_show_and_mean_the_same_cells", ldtk_layers_agree),
            trial("csv_and_json_come_back_as_they_were", csv_and_json_come_back),
            trial("a_foreign_symbol_is_refused_and_nothing_is_written", foreign_symbol_is_refused),
        ]
    });
    sets.collect()
}

/// Two levels in which every symbol of the set stands beside every other.
fn levels(set: TileSet) -> Vec<Level> {
    let symbols: Vec<u8> = set.symbols().iter().map(|known| known.symbol).collect();
    let rows = |height: usize| -> Vec<Vec<u8>> {
        let cell = |row: usize, column: usize| symbols[(row * row + column) % symbols.len()];
        (0..height)
            .map(|row| (0..2 * symbols.len()).map(|column| cell(row, column)).collect())
            .collect()
    };
    let level = |id: &str, height: usize| Level {
        id: id.into(),
        seed: u64::MAX - height as u64,
        labels: BTreeMap::from([
            ("density".into(), Label::Number(0.25)),
            ("reachable".into(), Label::Flag(true)),
            ("verdict <&\">".into(), Label::Text("solved, \"in\" 9".into())),
        ]),
        grid: Grid::from_rows(&rows(height)).expect("rows of one length"),
        path: vec![(0, 0), (1, 1), (1, 4)],
    };
    vec![level("first-1", 5), level("second_2", 9)]
}

fn tiled_reads_the_tiles(set: TileSet) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let levels = levels(set);
    let files = tmx::write(folder.path(), set, &levels)?;
    ensure!(files.len() == 4 && files.iter().all(|file| file.is_file()), "{files:?}");
    for level in &levels {
        let file = folder.path().join(format!("{}.tmx", level.id));
        let map = tiled::Loader::new().load_tmx_map(&file)?;
        ensure!(read_grid(&map)? == level.grid, "other tiles in {}", level.id);
        let text = |name: &str| match map.properties.get(name) {
            Some(tiled::PropertyValue::StringValue(text)) => Some(text.clone()),
            _ => None,
        };
        ensure!(text("seed") == Some(level.seed.to_string()), "{:?}", map.properties);
        ensure!(text("label:verdict <&\">").as_deref() == Some("solved, \"in\" 9"));
        let density = map.properties.get("label:density");
        ensure!(matches!(density, Some(tiled::PropertyValue::FloatValue(d)) if *d == 0.25));
        let path = map.layers().nth(1).and_then(|layer| layer.as_object_layer());
        let path = path.context("no layer of objects")?;
        let object = path.get_object(0).context("no path")?;
        let tiled::ObjectShape::Polyline { points } = &object.shape else {
            anyhow::bail!("the path is {:?}", object.shape);
        };
        let tile = TILE as f32;
        ensure!(points[..] == [(0.0, 0.0), (tile, tile), (4.0 * tile, tile)], "{points:?}");
    }
    Ok(())
}

/// The symbols that the tiles of a map say they stand for.
fn read_grid(map: &tiled::Map) -> Result<Grid> {
    let layer = map.layers().next().and_then(|layer| layer.as_tile_layer());
    let layer = layer.context("no layer of tiles")?;
    let mut grid = Grid::filled(map.height as usize, map.width as usize, 0);
    for row in 0..grid.height() {
        for column in 0..grid.width() {
            let cell =
                layer.get_tile(column as i32, row as i32).context("a cell without a tile")?;
            let tile = cell.get_tile().context("a tile outside its set")?;
            let image = cell.get_tileset().image.as_ref().context("a set without a picture")?;
            ensure!(image.source.is_file(), "{} is missing", image.source.display());
            let Some(tiled::PropertyValue::StringValue(symbol)) = tile.properties.get("symbol")
            else {
                anyhow::bail!("a tile without its symbol");
            };
            ensure!(tile.properties.contains_key("kind") && tile.properties.contains_key("solid"));
            grid.set(row, column, symbol.as_bytes()[0]);
        }
    }
    Ok(grid)
}

fn ldtk_gets_every_key(set: TileSet) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let project = ldtk_project(folder.path(), set)?;
    require(&project, ROOT).context("project")?;
    ensure!(project["externalLevels"] == false && project["jsonVersion"] == "1.5.3");
    require(&project["defs"], DEFINITIONS).context("defs")?;
    for (list, keys) in
        [("layers", LAYER_DEF), ("tilesets", TILESET_DEF), ("levelFields", FIELD_DEF)]
    {
        each(&project["defs"][list], |def| require(def, keys)).context(list)?;
    }
    each(&project["levels"], |level| {
        require(level, LEVEL)?;
        each(&level["fieldInstances"], |field| require(field, FIELD))?;
        each(&level["layerInstances"], |layer| require(layer, LAYER))?;
        each(&level["layerInstances"][0]["gridTiles"], |tile| require(tile, "px src f t d a"))
    })?;
    let uids = |list: &Value| -> Vec<u64> {
        list.as_array().into_iter().flatten().filter_map(|item| item["uid"].as_u64()).collect()
    };
    let lists = ["layers", "tilesets", "levelFields"].map(|list| uids(&project["defs"][list]));
    let mut all = lists.concat();
    all.extend(uids(&project["levels"]));
    let next = project["nextUid"].as_u64().context("nextUid")?;
    let mut distinct = all.clone();
    distinct.sort_unstable();
    distinct.dedup();
    ensure!(distinct.len() == all.len() && all.iter().all(|&uid| uid < next), "{all:?} {next}");
    Ok(())
}

fn ldtk_layers_agree(set: TileSet) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let project = ldtk_project(folder.path(), set)?;
    let tiles = &project["defs"]["tilesets"][0];
    let picture = folder.path().join(tiles["relPath"].as_str().context("relPath")?);
    let picture = Picture::read(&picture)?;
    ensure!(tiles["pxWid"] == picture.width() && tiles["pxHei"] == picture.height());
    for (level, found) in levels(set).iter().zip(project["levels"].as_array().context("levels")?) {
        ensure!(found["pxWid"] == level.grid.width() * TILE);
        let [drawn, meant] = [0, 1].map(|layer| &found["layerInstances"][layer]);
        let cells = level.grid.cells().iter().enumerate();
        for (index, &cell) in cells {
            let value = meant["intGridCsv"][index].as_u64().context("a value")? as usize;
            ensure!(set.symbols()[value].symbol == cell, "cell {index} means {value}");
            let tile = &drawn["gridTiles"][index];
            let data = &tiles["customData"][tile["t"].as_u64().context("a tile")? as usize]["data"];
            let data: Value = serde_json::from_str(data.as_str().context("no data")?)?;
            ensure!(data["symbol"] == char::from(cell).to_string(), "cell {index}: {data}");
            let (x, y) = (index % level.grid.width() * TILE, index / level.grid.width() * TILE);
            ensure!(tile["px"] == serde_json::json!([x, y]), "cell {index}: {tile}");
        }
    }
    Ok(())
}

fn csv_and_json_come_back(set: TileSet) -> Result<()> {
    let mut levels = levels(set);
    ensure!(plain::from_json(&plain::json(set, &levels)?)? == levels);
    let csv = plain::csv(&levels)?;
    levels.iter_mut().for_each(|level| level.path.clear());
    ensure!(plain::from_csv(&csv)? == levels);
    Ok(())
}

fn foreign_symbol_is_refused(set: TileSet) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let target = folder.path().join("out");
    let mut levels = levels(set);
    levels[1].grid.set(2, 3, b'~');
    let errors =
        [tmx::write(&target, set, &levels).err(), ldtk::write(&target, "maps", set, &levels).err()];
    for error in errors {
        let message = error.context("it was written")?.to_string();
        ensure!(message.contains("`second_2` has the symbol `~` at row 2, column 3"), "{message}");
    }
    ensure!(!target.exists(), "something was written");
    Ok(())
}

fn ldtk_project(folder: &Path, set: TileSet) -> Result<Value> {
    ldtk::write(folder, "maps", set, &levels(set))?;
    Ok(serde_json::from_slice(&std::fs::read(folder.join("maps.ldtk"))?)?)
}

fn each(list: &Value, check: impl Fn(&Value) -> Result<()>) -> Result<()> {
    let list =
        list.as_array().filter(|list| !list.is_empty()).context("no list, or an empty one")?;
    list.iter().try_for_each(check)
}

fn require(object: &Value, keys: &str) -> Result<()> {
    let object = object.as_object().context("no object")?;
    let missing: Vec<&str> =
        keys.split_whitespace().filter(|key| !object.contains_key(*key)).collect();
    ensure!(missing.is_empty(), "missing: {}", missing.join(", "));
    Ok(())
}

// The keys that the schema of LDtk 1.5.3 requires.
const ROOT: &str = "\
    appBuildId backupLimit backupOnSave bgColor customCommands defaultEntityHeight \
    defaultEntityWidth defaultGridSize defaultLevelBgColor defaultPivotX defaultPivotY defs \
    dummyWorldIid exportLevelBg exportTiled externalLevels flags identifierStyle iid \
    imageExportMode jsonVersion levelNamePattern levels minifyJson nextUid simplifiedExport \
    toc worlds";
const DEFINITIONS: &str = "\
    entities enums externalEnums layers levelFields tilesets";
const LAYER_DEF: &str = "\
    __type autoRuleGroups canSelectWhenInactive displayOpacity excludedTags gridSize \
    guideGridHei guideGridWid hideFieldsWhenInactive hideInList identifier inactiveOpacity \
    intGridValues intGridValuesGroups parallaxFactorX parallaxFactorY parallaxScaling \
    pxOffsetX pxOffsetY renderInWorldView requiredTags tilePivotX tilePivotY type uiFilterTags \
    uid useAsyncRender";
const TILESET_DEF: &str = "\
    __cHei __cWid customData enumTags identifier padding pxHei pxWid savedSelections spacing \
    tags tileGridSize uid";
const FIELD_DEF: &str = "\
    __type allowOutOfLevelRef allowedRefTags allowedRefs autoChainRef canBeNull \
    editorAlwaysShow editorCutLongValues editorDisplayMode editorDisplayPos editorDisplayScale \
    editorLinkStyle editorShowInWorld exportToToc identifier isArray searchable symmetricalRef \
    type uid useForSmartColor";
const LEVEL: &str = "\
    __bgColor __neighbours __smartColor bgPivotX bgPivotY fieldInstances identifier iid pxHei \
    pxWid uid useAutoIdentifier worldDepth worldX worldY";
const FIELD: &str = "\
    __identifier __type __value defUid realEditorValues";
const LAYER: &str = "\
    __cHei __cWid __gridSize __identifier __opacity __pxTotalOffsetX __pxTotalOffsetY __type \
    autoLayerTiles entityInstances gridTiles iid intGridCsv layerDefUid levelId optionalRules \
    pxOffsetX pxOffsetY seed visible";
