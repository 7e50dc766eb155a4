//! Maps for Tiled: one `.tmx` a level, with the tile set (`.tsx`) and its picture beside them.
//! Format: the TMX map format, version 1.10, <https://doc.mapeditor.org/en/stable/reference/tmx-map-format/>.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use generativa::report::markup::escape;
use generativa::run::file::{create_folder, write_atomically};

use super::sheet::{COLUMNS, Sheet};
use super::{Label, Level, check};
use crate::show::{TILE, TileSet};

/// Writes every level and the tile set into `folder`; gives the files written. Ids, seeds and
/// labels become properties of the maps; symbol, kind and `solid` properties of the tiles; a path
/// becomes a polyline on a layer of its own.
///
/// # Errors
/// A level that [`check`] refuses, a symbol that the set does not know, a path that cannot be
/// written.
pub fn write(folder: &Path, set: TileSet, levels: &[Level]) -> Result<Vec<PathBuf>> {
    check(levels)?;
    let sheet = Sheet::new(set);
    let maps = levels.iter().map(|level| map(level, &sheet)).collect::<Result<Vec<_>>>()?;
    create_folder(folder)?;
    let mut files = Vec::new();
    let mut save = |name: String, bytes: &[u8]| {
        files.push(folder.join(name));
        write_atomically(&files[files.len() - 1], bytes)
    };
    // What others point to comes first.
    save(format!("{}.png", set.name()), &sheet.picture().to_png()?)?;
    save(format!("{}.tsx", set.name()), tile_set(&sheet).as_bytes())?;
    for (level, map) in levels.iter().zip(&maps) {
        save(format!("{}.tmx", level.id), map.as_bytes())?;
    }
    Ok(files)
}

fn tile_set(sheet: &Sheet) -> String {
    let name = sheet.set.name();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <tileset version=\"1.10\" tiledversion=\"1.10.2\" name=\"{name}\" tilewidth=\"{TILE}\" \
         tileheight=\"{TILE}\" tilecount=\"{}\" columns=\"{COLUMNS}\">\n \
         <image source=\"{name}.png\" width=\"{}\" height=\"{}\"/>\n",
        sheet.len(),
        COLUMNS * TILE,
        sheet.rows() * TILE
    );
    for (number, known) in sheet.symbols().enumerate() {
        let symbol = escape(&char::from(known.symbol).to_string());
        let (kind, solid) = (escape(known.kind), known.solid);
        xml += &format!(
            " <tile id=\"{number}\" type=\"{kind}\">\n  <properties>\n   \
             <property name=\"kind\" value=\"{kind}\"/>\n   \
             <property name=\"solid\" type=\"bool\" value=\"{solid}\"/>\n   \
             <property name=\"symbol\" value=\"{symbol}\"/>\n  </properties>\n </tile>\n"
        );
    }
    xml + "</tileset>\n"
}

fn map(level: &Level, sheet: &Sheet) -> Result<String> {
    let tiles = sheet.tiles(&level.id, &level.grid)?;
    let (width, height) = (level.grid.width(), level.grid.height());
    let [red, green, blue] = sheet.set.background();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <map version=\"1.10\" tiledversion=\"1.10.2\" orientation=\"orthogonal\" \
         renderorder=\"right-down\" width=\"{width}\" height=\"{height}\" tilewidth=\"{TILE}\" \
         tileheight=\"{TILE}\" infinite=\"0\" backgroundcolor=\"#{red:02x}{green:02x}{blue:02x}\" \
         nextlayerid=\"3\" nextobjectid=\"2\">\n{} \
         <tileset firstgid=\"1\" source=\"{}.tsx\"/>\n \
         <layer id=\"1\" name=\"tiles\" width=\"{width}\" height=\"{height}\">\n  \
         <data encoding=\"csv\">\n",
        properties(level),
        sheet.set.name()
    );
    // Numbers start at 1: 0 is a cell without a tile.
    let row = |row: &[usize]| row.iter().map(|tile| (tile + 1).to_string()).collect::<Vec<_>>();
    let rows: Vec<String> = tiles.chunks(width.max(1)).map(|cells| row(cells).join(",")).collect();
    xml += &rows.join(",\n");
    xml += "\n</data>\n </layer>\n";
    xml += &path(level);
    Ok(xml + "</map>\n")
}

fn properties(level: &Level) -> String {
    // A seed has 64 bits and Tiled's integers have 32, so it is a text.
    let mut xml = format!(
        " <properties>\n  <property name=\"id\" value=\"{}\"/>\n  \
         <property name=\"seed\" value=\"{}\"/>\n",
        escape(&level.id),
        level.seed
    );
    for (name, label) in &level.labels {
        let kind = match label {
            Label::Flag(_) => " type=\"bool\"",
            Label::Number(_) => " type=\"float\"",
            Label::Text(_) => "",
        };
        let (name, value) = (escape(name), escape(&label.to_string()));
        // A prefix keeps a label called `seed` from standing in for the seed.
        xml += &format!("  <property name=\"label:{name}\"{kind} value=\"{value}\"/>\n");
    }
    xml + " </properties>\n"
}

/// The path as an object: its points count in pixels from its first cell's middle.
fn path(level: &Level) -> String {
    let Some(&(row, column)) = level.path.first() else { return String::new() };
    let mut points = String::new();
    for &(next_row, next_column) in &level.path {
        let offset = |to: usize, from: usize| (to as i64 - from as i64) * TILE as i64;
        // Writing to a string cannot fail.
        let _ = write!(points, " {},{}", offset(next_column, column), offset(next_row, row));
    }
    let middle = |index: usize| index * TILE + TILE / 2;
    format!(
        " <objectgroup id=\"2\" name=\"path\">\n  <object id=\"1\" name=\"path\" x=\"{}\" \
         y=\"{}\">\n   <polyline points=\"{}\"/>\n  </object>\n </objectgroup>\n",
        middle(column),
        middle(row),
        points.trim_start()
    )
}
