//! A project for LDtk: all levels in one `.ldtk` file, the picture of the tile set beside it.

mod definitions;
mod schema;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use generativa::run::file::{create_folder, sha256, write_atomically};

use self::definitions::{Field, definitions, fields};
use self::schema::{
    EditorValue, FieldInstance, Header, LayerInstance, LevelInstance, Project, Tile,
};
use super::sheet::{COLUMNS, Sheet};
use super::{Level, check};
use crate::show::{TILE, TileSet};

// Numbers within a project: definitions first, then the fields of levels, then the levels.
const TILE_SET: usize = 1;
const TILES: usize = 2;
const CELLS: usize = 3;
const FIRST_FIELD: usize = 10;

/// Writes `levels` as a project NAME.ldtk into `folder`; gives the files written. Each level has a
/// layer `Tiles` to look at and a layer `Cells` to play with, whose value is the place of the
/// symbol in the set's alphabet: 0 for the emptiest, which LDtk takes for an empty cell. Ids,
/// seeds and labels are fields of the levels; paths are left out.
///
/// # Errors
/// A level that [`check`] refuses or that has no cells, a symbol that the set does not know, a
/// path that cannot be written.
pub fn write(folder: &Path, name: &str, set: TileSet, levels: &[Level]) -> Result<Vec<PathBuf>> {
    check(levels)?;
    let sheet = Sheet::new(set);
    let project = serde_json::to_string(&project(&sheet, levels)?)? + "\n";
    create_folder(folder)?;
    let picture = folder.join(picture_name(set));
    let file = folder.join(format!("{name}.ldtk"));
    sheet.picture().write(&picture)?;
    write_atomically(&file, project.as_bytes())?;
    Ok(vec![file, picture])
}

fn project(sheet: &Sheet, levels: &[Level]) -> Result<Project> {
    let fields = fields(levels);
    let first_level = FIRST_FIELD + fields.len();
    let places = places(levels);
    let mut names = BTreeSet::new();
    let levels = levels.iter().zip(places).enumerate().map(|(number, (level, place))| {
        let name = unique_identifier(&level.id, &mut names);
        instance(sheet, level, (name, first_level + number), place, &fields)
    });
    let levels = levels.collect::<Result<Vec<_>>>()?;
    let all = levels.iter().map(|level| level.iid.as_str()).collect::<Vec<_>>().join(" ");
    let largest = |side: fn(&LevelInstance) -> usize| levels.iter().map(side).max();
    Ok(Project {
        header: Header {
            file_type: "LDtk Project JSON",
            app: "LDtk",
            doc: "https://ldtk.io/json",
            schema: "https://ldtk.io/files/JSON_SCHEMA.json",
            app_author: "Sebastien 'deepnight' Benard",
            app_version: "1.5.3",
            url: "https://ldtk.io",
        },
        iid: iid(&["project", sheet.set.name(), &all]),
        json_version: "1.5.3",
        // The build of 1.5.3, by which the editor recognises the version.
        app_build_id: 473_703.0,
        next_uid: first_level + levels.len(),
        identifier_style: "Free",
        toc: [],
        world_layout: "Free",
        world_grid_width: 256,
        world_grid_height: 256,
        default_level_width: largest(|level| level.px_wid).unwrap_or(256),
        default_level_height: largest(|level| level.px_hei).unwrap_or(256),
        default_pivot_x: 0.0,
        default_pivot_y: 0.0,
        default_grid_size: TILE,
        default_entity_width: TILE,
        default_entity_height: TILE,
        bg_color: "#2b2136".into(),
        default_level_bg_color: background(sheet.set),
        minify_json: true,
        external_levels: false,
        export_tiled: false,
        simplified_export: false,
        image_export_mode: "None",
        export_level_bg: true,
        png_file_pattern: None,
        backup_on_save: false,
        backup_limit: 10,
        backup_rel_path: None,
        level_name_pattern: "Level_%idx",
        tutorial_desc: None,
        custom_commands: [],
        flags: [],
        defs: definitions(sheet, &fields),
        levels,
        worlds: [],
        dummy_world_iid: iid(&["world", &all]),
    })
}

fn instance(
    sheet: &Sheet,
    level: &Level,
    (name, uid): (String, usize),
    (world_x, world_y): (usize, usize),
    fields: &[Field],
) -> Result<LevelInstance> {
    let (width, height) = (level.grid.width(), level.grid.height());
    ensure!(width * height > 0, "level `{}` has no cells, which LDtk does not allow", level.id);
    let values = fields.iter().filter_map(|field| {
        let value = match field.uid - FIRST_FIELD {
            0 => level.id.clone(),
            1 => level.seed.to_string(),
            _ => level.labels.get(&field.name)?.to_string(),
        };
        Some(FieldInstance {
            identifier: field.identifier.clone(),
            shown_type: "String",
            value: value.clone(),
            tile: None,
            def_uid: field.uid,
            real_editor_values: [EditorValue { id: "V_String", params: [value] }],
        })
    });
    Ok(LevelInstance {
        identifier: name,
        iid: iid(&["level", &level.id]),
        uid,
        world_x,
        world_y,
        world_depth: 0,
        px_wid: width * TILE,
        px_hei: height * TILE,
        shown_bg_color: background(sheet.set),
        bg_color: None,
        use_auto_identifier: false,
        bg_rel_path: None,
        bg_pos: None,
        bg_pivot_x: 0.5,
        bg_pivot_y: 0.5,
        smart_color: background(sheet.set),
        shown_bg_pos: None,
        external_rel_path: None,
        field_instances: values.collect(),
        layer_instances: layers(sheet, level, uid)?,
        neighbours: [],
    })
}

/// What to look at, and below it what it means.
fn layers(sheet: &Sheet, level: &Level, uid: usize) -> Result<[LayerInstance; 2]> {
    let (width, height) = (level.grid.width(), level.grid.height());
    let tile = |(cell, tile): (usize, usize)| Tile {
        px: [cell % width * TILE, cell / width * TILE],
        src: [tile % COLUMNS * TILE, tile / COLUMNS * TILE],
        f: 0,
        t: tile,
        d: [cell],
        a: 1.0,
    };
    let tiles = sheet.tiles(&level.id, &level.grid)?.into_iter().enumerate().map(tile).collect();
    let symbols = sheet.set.symbols();
    // Unknown symbols were refused with the tiles.
    let value = |cell: &u8| symbols.iter().position(|known| known.symbol == *cell).unwrap_or(0);
    let values_of_cells = level.grid.cells().iter().map(value).collect();
    let empty = |identifier, layer_def_uid| LayerInstance {
        identifier,
        shown_type: identifier,
        columns: width,
        rows: height,
        shown_grid_size: TILE,
        opacity: 1.0,
        total_offset_x: 0,
        total_offset_y: 0,
        shown_tileset_uid: None,
        tileset_rel_path: None,
        iid: iid(&["layer", identifier, &level.id]),
        level_id: uid,
        layer_def_uid,
        px_offset_x: 0,
        px_offset_y: 0,
        visible: true,
        optional_rules: [],
        int_grid_csv: vec![],
        auto_layer_tiles: [],
        seed: uid,
        override_tileset_uid: None,
        grid_tiles: vec![],
        entity_instances: [],
    };
    Ok([
        LayerInstance {
            shown_tileset_uid: Some(TILE_SET),
            tileset_rel_path: Some(picture_name(sheet.set)),
            grid_tiles: tiles,
            ..empty("Tiles", TILES)
        },
        LayerInstance {
            shown_type: "IntGrid",
            int_grid_csv: values_of_cells,
            ..empty("Cells", CELLS)
        },
    ])
}

/// Corners of the levels in the world, in pixels: rows of a roughly square field.
fn places(levels: &[Level]) -> Vec<(usize, usize)> {
    const GAP: usize = 4 * TILE;
    let width = levels.iter().map(|level| level.grid.width() * TILE).max().unwrap_or(0) + GAP;
    let height = levels.iter().map(|level| level.grid.height() * TILE).max().unwrap_or(0) + GAP;
    // columns * width = rows * height for a square
    let across = (levels.len() * height).div_ceil(width).isqrt().max(1);
    (0..levels.len()).map(|index| (index % across * width, index / across * height)).collect()
}

/// A name of letters, digits and `_`, which is all that LDtk takes.
fn identifier(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    text.chars().map(plain).collect()
}

/// `text` as an identifier that is not `taken` yet, with a number behind it where it would be.
fn unique_identifier(id: &str, taken: &mut BTreeSet<String>) -> String {
    let wanted = identifier(id);
    let numbered = (2..).map(|number: usize| format!("{wanted}_{number}"));
    let mut free = std::iter::once(wanted.clone()).chain(numbered);
    // The numbers do not end, so one is free.
    let name = free.find(|name| !taken.contains(name)).unwrap_or(wanted.clone());
    taken.insert(name.clone());
    name
}

/// An identifier in the form of a UUID, the same for the same parts.
fn iid(parts: &[&str]) -> String {
    let digits = sha256(parts.join("/").as_bytes());
    let part = |from: usize, to: usize| &digits[from..to];
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

fn picture_name(set: TileSet) -> String {
    format!("{}.png", set.name())
}

fn background(set: TileSet) -> String {
    let [red, green, blue] = set.background();
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::tests::level;

    #[test]
    fn identifiers_hold_only_what_the_editor_takes_and_never_meet() {
        let mut taken = BTreeSet::new();
        let names = ["a-b", "a_b", "a_b_2"].map(|id| unique_identifier(id, &mut taken));
        assert_eq!(names, ["a_b", "a_b_2", "a_b_2_2"]);
    }

    #[test]
    fn no_two_levels_overlap_in_the_world() {
        let levels: Vec<Level> = (0..7).map(|n| level(&format!("l{n}"), &["--", "XX"])).collect();
        let mut places = places(&levels);
        assert_eq!(places[0], (0, 0));
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), 7);
        assert!(places.iter().all(|(x, y)| x % 96 == 0 && y % 96 == 0));
    }
}
