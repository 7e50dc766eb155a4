//! Levels as CSV and JSON, and back.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use generativa::data::Grid;
use serde::{Deserialize, Serialize};

use super::{Label, Level, check};
use crate::show::TileSet;

/// Number of the JSON layout, raised when a reader of the old one would misread the new.
const FORMAT: u32 = 1;

#[derive(Deserialize, Serialize)]
struct Collection {
    format: u32,
    /// Name of the tile set.
    set: String,
    /// Symbol to what it stands for.
    legend: BTreeMap<char, Legend>,
    levels: Vec<Entry>,
}

#[derive(Deserialize, Serialize)]
struct Legend {
    kind: String,
    solid: bool,
}

#[derive(Deserialize, Serialize)]
struct Entry {
    id: String,
    seed: u64,
    labels: BTreeMap<String, Label>,
    rows: Vec<String>,
    /// Row and column of each cell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    path: Vec<(usize, usize)>,
}

/// Levels as JSON: the legend of the set, then each level with id, seed, labels, rows of text and,
/// where there is one, the path as pairs of row and column.
pub fn json(set: TileSet, levels: &[Level]) -> Result<String> {
    check(levels)?;
    let legend = set.symbols().iter().map(|known| {
        let legend = Legend { kind: known.kind.into(), solid: known.solid };
        (char::from(known.symbol), legend)
    });
    let entry = |level: &Level| Entry {
        id: level.id.clone(),
        seed: level.seed,
        labels: level.labels.clone(),
        rows: level.grid.rows().map(|row| row.iter().copied().map(char::from).collect()).collect(),
        path: level.path.clone(),
    };
    let collection = Collection {
        format: FORMAT,
        set: set.name().into(),
        legend: legend.collect(),
        levels: levels.iter().map(entry).collect(),
    };
    Ok(serde_json::to_string_pretty(&collection)? + "\n")
}

/// Reads what [`json`] wrote.
///
/// # Errors
/// Text that is no such JSON, a newer format, ragged rows, or what [`check`] refuses.
pub fn from_json(text: &str) -> Result<Vec<Level>> {
    let collection: Collection =
        serde_json::from_str(text).context("not a collection of levels")?;
    let format = collection.format;
    ensure!(format == FORMAT, "the levels have format {format}, known is {FORMAT}");
    let levels = collection.levels.into_iter().map(|entry| {
        let grid = Grid::from_rows(&entry.rows)
            .with_context(|| format!("level `{}` has rows of different lengths", entry.id))?;
        let Entry { id, seed, labels, path, .. } = entry;
        Ok(Level { id, seed, labels, grid, path })
    });
    let levels = levels.collect::<Result<Vec<_>>>()?;
    check(&levels)?;
    Ok(levels)
}

/// Levels as CSV (RFC 4180) for spreadsheets and data frames: a record for each row of tiles, with
/// id, seed and labels in front (`label:NAME`), then `row` and a field for each column (`c0`,
/// `c1` …), empty beyond the end of a narrower level. Texts of labels stand in quotes. Paths are
/// left out.
pub fn csv(levels: &[Level]) -> Result<String> {
    check(levels)?;
    let names: BTreeSet<&String> = levels.iter().flat_map(|level| level.labels.keys()).collect();
    let width = levels.iter().map(|level| level.grid.width()).max().unwrap_or(0);
    let mut head = vec!["id".to_owned(), "seed".into()];
    head.extend(names.iter().map(|name| quoted_if_needed(&format!("label:{name}"))));
    head.push("row".into());
    head.extend((0..width).map(|column| format!("c{column}")));
    let mut csv = head.join(",") + "\r\n";
    for level in levels {
        let label = |name: &&String| match level.labels.get(*name) {
            Some(Label::Text(text)) => quoted(text),
            Some(label) => label.to_string(),
            None => String::new(),
        };
        let labels: Vec<String> = names.iter().map(label).collect();
        for (number, row) in level.grid.rows().enumerate() {
            let mut record = vec![level.id.clone(), level.seed.to_string()];
            record.extend(labels.iter().cloned());
            record.push(number.to_string());
            record.extend(row.iter().map(|&cell| quoted_if_needed(&char::from(cell).to_string())));
            record.resize(head.len(), String::new());
            csv += &record.join(",");
            csv += "\r\n";
        }
    }
    Ok(csv)
}

/// Reads what [`csv`] wrote; a level without rows is not in it.
///
/// # Errors
/// A head or a record of another shape, with the number of the record; what [`check`] refuses.
pub fn from_csv(text: &str) -> Result<Vec<Level>> {
    let mut records = records(text)?.into_iter();
    let head = records.next().context("an empty file; expected a head `id,seed,…,row,c0,…`")?;
    let row_at = head.iter().position(|field| field.text == "row").unwrap_or(0);
    let opening: Vec<&str> = head.iter().take(2).map(|field| field.text.as_str()).collect();
    ensure!(opening == ["id", "seed"] && row_at >= 2, "the head is not `id,seed,…,row,c0,…`");
    let label = |field: &Field| {
        let name = field.text.strip_prefix("label:");
        name.map(str::to_owned).with_context(|| format!("`{}` is no `label:NAME`", field.text))
    };
    let names = head[2..row_at].iter().map(label).collect::<Result<Vec<String>>>()?;
    let mut levels: Vec<(Level, Vec<Vec<u8>>)> = Vec::new();
    for (number, record) in (2..).zip(records) {
        let at = || format!("record {number}");
        ensure!(
            record.len() == head.len(),
            "record {number}: expected {} fields, found {}",
            head.len(),
            record.len()
        );
        let id = &record[0].text;
        if levels.last().is_none_or(|(level, _)| level.id != *id) {
            let seed = record[1].text.parse().with_context(at)?;
            let labels = names.iter().zip(&record[2..]);
            let labels = labels.filter_map(|(name, field)| Some((name.clone(), field.label()?)));
            let (labels, grid) = (labels.collect(), Grid::filled(0, 0, b' '));
            levels.push((Level { id: id.clone(), seed, labels, grid, path: vec![] }, vec![]));
        }
        let Some((_, rows)) = levels.last_mut() else { continue };
        let row: usize = record[row_at].text.parse().with_context(at)?;
        ensure!(row == rows.len(), "record {number}: expected row {}, found {row}", rows.len());
        let cells = &record[row_at + 1..];
        if let Some(odd) = cells.iter().find(|field| field.text.len() > 1) {
            bail!("record {number}: `{}` is more than one symbol", odd.text);
        }
        rows.push(cells.iter().flat_map(|field| field.text.bytes()).collect());
    }
    let whole = levels.into_iter().map(|(mut level, rows)| {
        level.grid = Grid::from_rows(&rows)
            .with_context(|| format!("level `{}` has rows of different lengths", level.id))?;
        Ok(level)
    });
    let levels = whole.collect::<Result<Vec<_>>>()?;
    check(&levels)?;
    Ok(levels)
}

struct Field {
    text: String,
    quoted: bool,
}

impl Field {
    /// Quotes tell a text from a number; an empty field without them from an empty text.
    fn label(&self) -> Option<Label> {
        match (self.quoted, self.text.as_str()) {
            (true, text) => Some(Label::Text(text.into())),
            (false, "") => None,
            (false, "true") => Some(Label::Flag(true)),
            (false, "false") => Some(Label::Flag(false)),
            (false, text) => Some(text.parse().map_or(Label::Text(text.into()), Label::Number)),
        }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn quoted_if_needed(text: &str) -> String {
    // Some readers drop a space that stands alone.
    let needed = text.contains([',', '"', '\r', '\n', ' ']);
    if needed { quoted(text) } else { text.into() }
}

/// Fields of each record of a CSV text.
fn records(text: &str) -> Result<Vec<Vec<Field>>> {
    let mut records = Vec::new();
    let mut record: Vec<Field> = Vec::new();
    let mut rest = text.chars().peekable();
    while rest.peek().is_some() {
        let quoted = rest.next_if_eq(&'"').is_some();
        let mut field = String::new();
        loop {
            match rest.peek() {
                Some('"') if quoted => {
                    rest.next();
                    // Two quotes stand for one, one ends the field.
                    if rest.next_if_eq(&'"').is_none() {
                        break;
                    }
                    field.push('"');
                }
                None if quoted => bail!("record {}: a quote is not closed", records.len() + 1),
                Some(',' | '\r' | '\n') | None if !quoted => break,
                _ => field.extend(rest.next()),
            }
        }
        record.push(Field { text: field, quoted });
        match rest.next() {
            Some(',') => {
                // A comma at the very end opens one more, empty field.
                if rest.peek().is_none() {
                    record.push(Field { text: String::new(), quoted: false });
                }
                continue;
            }
            Some('\r') => {
                rest.next_if_eq(&'\n');
            }
            Some('\n') | None => {}
            Some(other) => bail!("record {}: `{other}` after a quote", records.len() + 1),
        }
        records.push(std::mem::take(&mut record));
    }
    if !record.is_empty() {
        records.push(record);
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::tests::level;

    fn message(result: Result<Vec<Level>>) -> String {
        result.err().map_or(String::new(), |error| format!("{error:#}"))
    }

    #[test]
    fn levels_of_several_widths_come_back_from_csv() -> Result<()> {
        let mut second = level("b", &["# ,\"", "####"]);
        second.labels.remove("density");
        second.labels.insert("line\r\nbreak".into(), Label::Text(String::new()));
        let mut levels = vec![level("a", &["--", "XX", "oE"]), second];
        let csv = csv(&levels)?;
        levels.iter_mut().for_each(|level| level.path.clear());
        assert_eq!(from_csv(&csv)?, levels);
        assert!(csv.starts_with("id,seed,label:density,"));
        Ok(())
    }

    #[test]
    fn levels_come_back_from_json_with_their_paths() -> Result<()> {
        let levels = vec![level("a", &["--", "XX"]), level("b", &["\\\"", "<>"])];
        assert_eq!(from_json(&json(TileSet::Platform, &levels)?)?, levels);
        Ok(())
    }

    #[test]
    fn damaged_csv_and_json_name_the_place() {
        let head = "id,seed,row,c0,c1\r\n";
        let cases = [
            ("", "an empty file"),
            ("name,seed,row\r\n", "the head is not"),
            ("id,seed,row,c0\r\na,1,0,X,X\r\n", "record 2: expected 4 fields, found 5"),
            ("id,seed,row,c0\r\na,1,1,X\r\n", "record 2: expected row 0, found 1"),
            ("id,seed,row,c0\r\na,x,0,X\r\n", "record 2: invalid digit"),
            ("id,seed,row,c0\r\na,1,0,\"X\r\n", "a quote is not closed"),
            ("id,seed,row,c0\r\na,1,0,XX\r\n", "record 2: `XX` is more than one symbol"),
            ("id,seed,size,row,c0\r\n", "`size` is no `label:NAME`"),
        ];
        for (csv, expected) in cases {
            let found = message(from_csv(csv));
            assert!(found.contains(expected), "{expected}: {found}");
        }
        let ragged = format!("{head}a,1,0,X,X\r\na,1,1,X,\r\n");
        assert!(message(from_csv(&ragged)).contains("level `a` has rows of different lengths"));
        let newer = "{\"format\":2,\"set\":\"platform\",\"legend\":{},\"levels\":[]}";
        assert!(message(from_json(newer)).contains("format 2, known is 1"));
        assert!(message(from_json("{")).contains("not a collection of levels"));
    }
}
