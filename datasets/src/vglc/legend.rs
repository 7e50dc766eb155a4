//! Legends: `{"tiles": {"X": ["solid", "ground"], …}}`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::games::Layout;
use super::{Legend, SET};
use crate::{Error, Result, read};

/// The tiles of a game, sorted by symbol, and the file that they were read from, if any.
pub(super) fn read(root: &Path, layout: &Layout) -> Result<(Legend, Vec<PathBuf>)> {
    let mut tiles = BTreeMap::new();
    let mut files = Vec::new();
    if let Some(legend) = &layout.legend {
        let path = root.join(legend);
        tiles = parse(&path, &read::bytes(&path, SET)?)?;
        files.push(path);
    }
    for (symbol, properties) in layout.corrections {
        tiles.insert(*symbol, properties.iter().map(|&property| property.to_owned()).collect());
    }
    Ok((tiles.into_iter().collect(), files))
}

fn parse(path: &Path, bytes: &[u8]) -> Result<BTreeMap<u8, Vec<String>>> {
    #[derive(Deserialize)]
    struct File {
        tiles: BTreeMap<String, Vec<String>>,
    }
    let malformed = |line: usize, expected: &str, found: String| Error::Malformed {
        path: path.to_owned(),
        line,
        expected: expected.to_owned(),
        found,
    };
    let form = r#"a legend `{"tiles": {"X": ["solid"]}}`"#;
    let legend: File = serde_json::from_slice(bytes)
        .map_err(|error| malformed(error.line(), form, error.to_string()))?;
    let symbol = |(name, properties): (String, Vec<String>)| match name.as_bytes() {
        // Line ends separate rows and cannot be tiles.
        [symbol] if !b"\r\n".contains(symbol) => Ok((*symbol, properties)),
        _ => Err(malformed(
            1,
            "tiles named by one ASCII character",
            format!("`{}`", name.escape_debug()),
        )),
    };
    legend.tiles.into_iter().map(symbol).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_legend_in_another_form_is_refused_with_its_line() {
        let message = |text: &str| {
            parse(Path::new("a.json"), text.as_bytes()).expect_err("bad legend").to_string()
        };
        assert!(message("{\n\"tiles\": 3}").starts_with("a.json line 2: expected a legend"));
        assert!(message("").starts_with("a.json line 1: expected a legend"));
        assert!(message("{\"tiles\": {\"XY\": []}}").ends_with("ASCII character, found `XY`"));
        assert!(message("{\"tiles\": {\"é\": []}}").ends_with("ASCII character, found `é`"));
        assert!(parse(Path::new("a"), b"\xff\xfe").is_err());
    }
}
