//! What the levels of a project refer to.

use std::collections::BTreeSet;

use super::schema::{Definitions, FieldDef, IntGridValueDef, LayerDef, TileData, TilesetDef};
use super::{CELLS, FIRST_FIELD, TILE_SET, TILES, identifier, picture_name, unique_identifier};
use crate::export::Level;
use crate::export::sheet::{COLUMNS, Sheet};
use crate::show::{Symbol, TILE};

/// The layers, the tile set and the fields of levels.
pub(super) fn definitions(sheet: &Sheet, fields: &[Field]) -> Definitions {
    let symbols = sheet.set.symbols();
    let values = symbols.iter().enumerate().skip(1).map(|(value, known)| IntGridValueDef {
        value,
        identifier: identifier(known.kind),
        // Hues around the circle, so that neighbours in the list differ.
        color: ["#e25c52", "#e2953f", "#f2d34b", "#74c24e", "#29848c", "#56ace2", "#6a52c8"]
            [value * 3 % 7]
            .into(),
        tile: None,
        group_uid: 0,
    });
    let data = |(tile_id, known): (usize, &Symbol)| TileData {
        tile_id,
        data: serde_json::json!({
            "symbol": char::from(known.symbol), "kind": known.kind, "solid": known.solid
        })
        .to_string(),
    };
    let tileset = TilesetDef {
        columns: COLUMNS,
        rows: sheet.rows(),
        identifier: identifier(sheet.set.name()),
        uid: TILE_SET,
        rel_path: picture_name(sheet.set),
        embed_atlas: None,
        px_wid: COLUMNS * TILE,
        px_hei: sheet.rows() * TILE,
        tile_grid_size: TILE,
        spacing: 0,
        padding: 0,
        tags: [],
        tags_source_enum_uid: None,
        enum_tags: [],
        custom_data: sheet.symbols().enumerate().map(data).collect(),
        saved_selections: [],
        cached_pixel_data: None,
    };
    Definitions {
        layers: vec![
            layer("Tiles", "Tiles", TILES, Some(TILE_SET), vec![]),
            layer("Cells", "IntGrid", CELLS, None, values.collect()),
        ],
        entities: [],
        tilesets: [tileset],
        enums: [],
        external_enums: [],
        level_fields: fields.iter().map(field).collect(),
    }
}

fn layer(
    identifier: &'static str,
    kind: &'static str,
    uid: usize,
    tileset_def_uid: Option<usize>,
    int_grid_values: Vec<IntGridValueDef>,
) -> LayerDef {
    LayerDef {
        shown_type: kind,
        identifier,
        kind,
        uid,
        doc: None,
        ui_color: None,
        grid_size: TILE,
        guide_grid_wid: 0,
        guide_grid_hei: 0,
        display_opacity: 1.0,
        inactive_opacity: 0.6,
        hide_in_list: false,
        hide_fields_when_inactive: true,
        can_select_when_inactive: true,
        render_in_world_view: true,
        px_offset_x: 0,
        px_offset_y: 0,
        parallax_factor_x: 0.0,
        parallax_factor_y: 0.0,
        parallax_scaling: true,
        required_tags: [],
        excluded_tags: [],
        auto_tiles_killed_by_other_layer_uid: None,
        ui_filter_tags: [],
        use_async_render: false,
        int_grid_values,
        int_grid_values_groups: [],
        auto_rule_groups: [],
        auto_source_layer_def_uid: None,
        tileset_def_uid,
        tile_pivot_x: 0.0,
        tile_pivot_y: 0.0,
        biome_field_uid: None,
    }
}

/// A field of every level. All are texts, so that one kind serves ids, 64-bit seeds, numbers and
/// verdicts.
pub(super) struct Field {
    /// Name of the label, or `id` or `seed`.
    pub(super) name: String,
    /// What the editor calls it.
    pub(super) identifier: String,
    pub(super) uid: usize,
}

/// `id`, `seed`, then every label that any level has.
pub(super) fn fields(levels: &[Level]) -> Vec<Field> {
    let labels: BTreeSet<&String> = levels.iter().flat_map(|level| level.labels.keys()).collect();
    let mut taken = BTreeSet::new();
    let names = ["id", "seed"].map(str::to_owned).into_iter().chain(labels.into_iter().cloned());
    let field = |(name, uid): (String, usize)| Field {
        identifier: unique_identifier(&name, &mut taken),
        name,
        uid,
    };
    names.zip(FIRST_FIELD..).map(field).collect()
}

fn field(field: &Field) -> FieldDef {
    FieldDef {
        identifier: field.identifier.clone(),
        doc: None,
        shown_type: "String",
        uid: field.uid,
        kind: "F_String",
        is_array: false,
        can_be_null: true,
        array_min_length: None,
        array_max_length: None,
        editor_display_mode: "Hidden",
        editor_display_scale: 1.0,
        editor_display_pos: "Above",
        editor_link_style: "StraightArrow",
        editor_display_color: None,
        editor_always_show: false,
        editor_show_in_world: true,
        editor_cut_long_values: true,
        editor_text_suffix: None,
        editor_text_prefix: None,
        use_for_smart_color: false,
        export_to_toc: false,
        searchable: true,
        min: None,
        max: None,
        regex: None,
        accept_file_types: None,
        default_override: None,
        text_language_mode: None,
        symmetrical_ref: false,
        auto_chain_ref: true,
        allow_out_of_level_ref: true,
        allowed_refs: "OnlySame",
        allowed_refs_entity_uid: None,
        allowed_ref_tags: [],
        tileset_uid: None,
    }
}
