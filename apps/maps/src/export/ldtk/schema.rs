//! The parts of LDtk's JSON that a project of tiles needs, version 1.5.3, after the schema that
//! LDtk publishes (<https://ldtk.io/files/JSON_SCHEMA.json>). Every key that the schema requires is
//! here, and so are those that may be null, since the editor writes them too.

use serde::Serialize;

/// A list that such a project leaves empty, whatever it would hold.
pub(super) type Empty = [(); 0];
/// A value that such a project leaves null.
pub(super) type Null = Option<()>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Project {
    #[serde(rename = "__header__")]
    pub(super) header: Header,
    pub(super) iid: String,
    pub(super) json_version: &'static str,
    pub(super) app_build_id: f64,
    pub(super) next_uid: usize,
    pub(super) identifier_style: &'static str,
    pub(super) toc: Empty,
    pub(super) world_layout: &'static str,
    pub(super) world_grid_width: usize,
    pub(super) world_grid_height: usize,
    pub(super) default_level_width: usize,
    pub(super) default_level_height: usize,
    pub(super) default_pivot_x: f64,
    pub(super) default_pivot_y: f64,
    pub(super) default_grid_size: usize,
    pub(super) default_entity_width: usize,
    pub(super) default_entity_height: usize,
    pub(super) bg_color: String,
    pub(super) default_level_bg_color: String,
    pub(super) minify_json: bool,
    pub(super) external_levels: bool,
    pub(super) export_tiled: bool,
    pub(super) simplified_export: bool,
    pub(super) image_export_mode: &'static str,
    pub(super) export_level_bg: bool,
    pub(super) png_file_pattern: Null,
    pub(super) backup_on_save: bool,
    pub(super) backup_limit: usize,
    pub(super) backup_rel_path: Null,
    pub(super) level_name_pattern: &'static str,
    pub(super) tutorial_desc: Null,
    pub(super) custom_commands: Empty,
    pub(super) flags: Empty,
    pub(super) defs: Definitions,
    pub(super) levels: Vec<LevelInstance>,
    pub(super) worlds: Empty,
    pub(super) dummy_world_iid: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Header {
    pub(super) file_type: &'static str,
    pub(super) app: &'static str,
    pub(super) doc: &'static str,
    pub(super) schema: &'static str,
    pub(super) app_author: &'static str,
    pub(super) app_version: &'static str,
    pub(super) url: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Definitions {
    /// Top layer first.
    pub(super) layers: Vec<LayerDef>,
    pub(super) entities: Empty,
    pub(super) tilesets: [TilesetDef; 1],
    pub(super) enums: Empty,
    pub(super) external_enums: Empty,
    pub(super) level_fields: Vec<FieldDef>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LayerDef {
    #[serde(rename = "__type")]
    pub(super) shown_type: &'static str,
    pub(super) identifier: &'static str,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) uid: usize,
    pub(super) doc: Null,
    pub(super) ui_color: Null,
    pub(super) grid_size: usize,
    pub(super) guide_grid_wid: usize,
    pub(super) guide_grid_hei: usize,
    pub(super) display_opacity: f64,
    pub(super) inactive_opacity: f64,
    pub(super) hide_in_list: bool,
    pub(super) hide_fields_when_inactive: bool,
    pub(super) can_select_when_inactive: bool,
    pub(super) render_in_world_view: bool,
    pub(super) px_offset_x: i32,
    pub(super) px_offset_y: i32,
    pub(super) parallax_factor_x: f64,
    pub(super) parallax_factor_y: f64,
    pub(super) parallax_scaling: bool,
    pub(super) required_tags: Empty,
    pub(super) excluded_tags: Empty,
    pub(super) auto_tiles_killed_by_other_layer_uid: Null,
    pub(super) ui_filter_tags: Empty,
    pub(super) use_async_render: bool,
    pub(super) int_grid_values: Vec<IntGridValueDef>,
    pub(super) int_grid_values_groups: Empty,
    pub(super) auto_rule_groups: Empty,
    pub(super) auto_source_layer_def_uid: Null,
    pub(super) tileset_def_uid: Option<usize>,
    pub(super) tile_pivot_x: f64,
    pub(super) tile_pivot_y: f64,
    pub(super) biome_field_uid: Null,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IntGridValueDef {
    pub(super) value: usize,
    pub(super) identifier: String,
    pub(super) color: String,
    pub(super) tile: Null,
    pub(super) group_uid: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TilesetDef {
    #[serde(rename = "__cWid")]
    pub(super) columns: usize,
    #[serde(rename = "__cHei")]
    pub(super) rows: usize,
    pub(super) identifier: String,
    pub(super) uid: usize,
    pub(super) rel_path: String,
    pub(super) embed_atlas: Null,
    pub(super) px_wid: usize,
    pub(super) px_hei: usize,
    pub(super) tile_grid_size: usize,
    pub(super) spacing: usize,
    pub(super) padding: usize,
    pub(super) tags: Empty,
    pub(super) tags_source_enum_uid: Null,
    pub(super) enum_tags: Empty,
    pub(super) custom_data: Vec<TileData>,
    pub(super) saved_selections: Empty,
    pub(super) cached_pixel_data: Null,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TileData {
    pub(super) tile_id: usize,
    /// Any text; here JSON.
    pub(super) data: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FieldDef {
    pub(super) identifier: String,
    pub(super) doc: Null,
    #[serde(rename = "__type")]
    pub(super) shown_type: &'static str,
    pub(super) uid: usize,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) is_array: bool,
    pub(super) can_be_null: bool,
    pub(super) array_min_length: Null,
    pub(super) array_max_length: Null,
    pub(super) editor_display_mode: &'static str,
    pub(super) editor_display_scale: f64,
    pub(super) editor_display_pos: &'static str,
    pub(super) editor_link_style: &'static str,
    pub(super) editor_display_color: Null,
    pub(super) editor_always_show: bool,
    pub(super) editor_show_in_world: bool,
    pub(super) editor_cut_long_values: bool,
    pub(super) editor_text_suffix: Null,
    pub(super) editor_text_prefix: Null,
    pub(super) use_for_smart_color: bool,
    pub(super) export_to_toc: bool,
    pub(super) searchable: bool,
    pub(super) min: Null,
    pub(super) max: Null,
    pub(super) regex: Null,
    pub(super) accept_file_types: Null,
    pub(super) default_override: Null,
    pub(super) text_language_mode: Null,
    pub(super) symmetrical_ref: bool,
    pub(super) auto_chain_ref: bool,
    pub(super) allow_out_of_level_ref: bool,
    pub(super) allowed_refs: &'static str,
    pub(super) allowed_refs_entity_uid: Null,
    pub(super) allowed_ref_tags: Empty,
    pub(super) tileset_uid: Null,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LevelInstance {
    pub(super) identifier: String,
    pub(super) iid: String,
    pub(super) uid: usize,
    pub(super) world_x: usize,
    pub(super) world_y: usize,
    pub(super) world_depth: i32,
    pub(super) px_wid: usize,
    pub(super) px_hei: usize,
    #[serde(rename = "__bgColor")]
    pub(super) shown_bg_color: String,
    pub(super) bg_color: Null,
    pub(super) use_auto_identifier: bool,
    pub(super) bg_rel_path: Null,
    pub(super) bg_pos: Null,
    pub(super) bg_pivot_x: f64,
    pub(super) bg_pivot_y: f64,
    #[serde(rename = "__smartColor")]
    pub(super) smart_color: String,
    #[serde(rename = "__bgPos")]
    pub(super) shown_bg_pos: Null,
    pub(super) external_rel_path: Null,
    pub(super) field_instances: Vec<FieldInstance>,
    pub(super) layer_instances: [LayerInstance; 2],
    #[serde(rename = "__neighbours")]
    pub(super) neighbours: Empty,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FieldInstance {
    #[serde(rename = "__identifier")]
    pub(super) identifier: String,
    #[serde(rename = "__type")]
    pub(super) shown_type: &'static str,
    #[serde(rename = "__value")]
    pub(super) value: String,
    #[serde(rename = "__tile")]
    pub(super) tile: Null,
    pub(super) def_uid: usize,
    pub(super) real_editor_values: [EditorValue; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EditorValue {
    pub(super) id: &'static str,
    pub(super) params: [String; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LayerInstance {
    #[serde(rename = "__identifier")]
    pub(super) identifier: &'static str,
    #[serde(rename = "__type")]
    pub(super) shown_type: &'static str,
    #[serde(rename = "__cWid")]
    pub(super) columns: usize,
    #[serde(rename = "__cHei")]
    pub(super) rows: usize,
    #[serde(rename = "__gridSize")]
    pub(super) shown_grid_size: usize,
    #[serde(rename = "__opacity")]
    pub(super) opacity: f64,
    #[serde(rename = "__pxTotalOffsetX")]
    pub(super) total_offset_x: i32,
    #[serde(rename = "__pxTotalOffsetY")]
    pub(super) total_offset_y: i32,
    #[serde(rename = "__tilesetDefUid")]
    pub(super) shown_tileset_uid: Option<usize>,
    #[serde(rename = "__tilesetRelPath")]
    pub(super) tileset_rel_path: Option<String>,
    pub(super) iid: String,
    pub(super) level_id: usize,
    pub(super) layer_def_uid: usize,
    pub(super) px_offset_x: i32,
    pub(super) px_offset_y: i32,
    pub(super) visible: bool,
    pub(super) optional_rules: Empty,
    /// Row by row; 0 is an empty cell. Empty for a layer of tiles.
    pub(super) int_grid_csv: Vec<usize>,
    pub(super) auto_layer_tiles: Empty,
    pub(super) seed: usize,
    pub(super) override_tileset_uid: Null,
    pub(super) grid_tiles: Vec<Tile>,
    pub(super) entity_instances: Empty,
}

#[derive(Serialize)]
pub(super) struct Tile {
    /// Pixels in the layer.
    pub(super) px: [usize; 2],
    /// Pixels in the tile set.
    pub(super) src: [usize; 2],
    /// Mirroring, none here.
    pub(super) f: u8,
    /// Number in the tile set.
    pub(super) t: usize,
    /// Number of the cell, row by row.
    pub(super) d: [usize; 1],
    /// Opacity.
    pub(super) a: f64,
}
