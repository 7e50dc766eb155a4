//! Which column holds what, by its name.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Asset, Problem};
use crate::{Error, Result};

/// What a column of an asset holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Open,
    High,
    Low,
    Close,
    Adjusted,
    Volume,
}

/// Where things stand in a row.
#[derive(Debug, PartialEq)]
pub(super) struct Layout {
    pub(super) date: Option<usize>,
    /// In the order of their first columns.
    pub(super) assets: Vec<Columns>,
}

/// The columns of one asset.
#[derive(Debug, PartialEq)]
pub(super) struct Columns {
    pub(super) name: String,
    /// Each with its place; one of them is the close.
    pub(super) fields: Vec<(Field, usize)>,
}

const DATES: [&str; 5] = ["date", "datetime", "day", "time", "timestamp"];
/// Columns that count the rows.
const COUNTERS: [&str; 6] = ["", "#", "index", "row", "rownames", "unnamed: 0"];

impl Field {
    pub(super) const ALL: [Self; 6] =
        [Self::Open, Self::High, Self::Low, Self::Close, Self::Adjusted, Self::Volume];

    /// The name that is written.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::High => "High",
            Self::Low => "Low",
            Self::Close => "Close",
            Self::Adjusted => "Adj Close",
            Self::Volume => "Volume",
        }
    }

    pub(super) fn is_price(self) -> bool {
        self != Self::Volume
    }

    /// `Adj Close`, `adj_close` and `Adj.Close` are one name.
    fn named(name: &str) -> Option<Self> {
        let plain = name.replace([' ', '_', '.'], "").to_ascii_lowercase();
        let plain = if plain == "adjustedclose" { "adjclose" } else { &plain };
        Self::ALL
            .into_iter()
            .find(|field| field.name().replace(' ', "").to_ascii_lowercase() == plain)
    }

    /// `AAPL Close` is a column of `AAPL`.
    fn of_asset(name: &str) -> Option<(&str, Self)> {
        let marks = name.char_indices().filter(|(_, mark)| [' ', '_', '.', ':'].contains(mark));
        marks.map(|(place, _)| place).find_map(|place| {
            let field = Self::named(&name[place + 1..])?;
            (place > 0).then(|| (&name[..place], field))
        })
    }

    pub(super) fn values(self, asset: &Asset) -> Option<&[f64]> {
        match self {
            Self::Open => asset.open.as_deref(),
            Self::High => asset.high.as_deref(),
            Self::Low => asset.low.as_deref(),
            Self::Close => Some(&asset.close),
            Self::Adjusted => asset.adjusted.as_deref(),
            Self::Volume => asset.volume.as_deref(),
        }
    }
}

/// Reads the line of names. `asset` is what a single asset is called; `only`, where it names any,
/// are the columns to take, each the closes of an asset.
///
/// One asset has a column `Close`; of many, each has a column of its own name, or all of theirs
/// begin with it (`AAPL Open`). A column that counts rows is passed over, and beside open, high,
/// low, close and volume of one asset every other one is.
pub(super) fn layout(
    path: &Path,
    names: &[String],
    asset: &str,
    only: &[String],
) -> Result<Layout> {
    let twice = names.iter().enumerate().find(|(place, name)| {
        !name.is_empty() && names[..*place].iter().any(|other| other.eq_ignore_ascii_case(name))
    });
    if let Some((_, name)) = twice {
        let remedy = "rename or leave out one of them";
        return Err(refused(path, "names that differ", format!("`{name}` twice"), remedy));
    }
    let lower: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    let date = DATES.iter().find_map(|date| lower.iter().position(|name| name == date));
    let left: Vec<usize> = (0..names.len())
        .filter(|&place| Some(place) != date && !COUNTERS.contains(&lower[place].as_str()))
        .collect();
    if !only.is_empty() {
        return Ok(Layout { date, assets: chosen(path, names, only)? });
    }
    let fields: Vec<(Field, usize)> =
        left.iter().filter_map(|&place| Some((Field::named(&names[place])?, place))).collect();
    let has = |field| fields.iter().any(|(other, _)| *other == field);
    if has(Field::Close) {
        return Ok(Layout { date, assets: vec![Columns { name: asset.to_owned(), fields }] });
    }
    // A ticker may be called `LOW`; a table of nothing but such names lacks its close.
    if fields.len() == left.len() {
        let remedy = "add the column, or name those that hold prices to be taken as closes";
        let found = if left.is_empty() { "no column of prices" } else { "none" };
        return Err(refused(path, "a column `Close`", found.to_owned(), remedy));
    }
    if let Some(assets) = grouped(names, &left) {
        return Ok(Layout { date, assets });
    }
    let close = |&place: &usize| Columns {
        name: names[place].clone(),
        fields: vec![(Field::Close, place)],
    };
    Ok(Layout { date, assets: left.iter().map(close).collect() })
}

/// The assets of which every column says its asset and its field; `None` where one does not, or
/// where an asset has no close.
fn grouped(names: &[String], left: &[usize]) -> Option<Vec<Columns>> {
    let mut assets: Vec<Columns> = Vec::new();
    for &place in left {
        let (name, field) = Field::of_asset(&names[place])?;
        match assets.iter_mut().find(|asset| asset.name == name) {
            Some(asset) => asset.fields.push((field, place)),
            None => assets.push(Columns { name: name.to_owned(), fields: vec![(field, place)] }),
        }
    }
    let whole = |asset: &Columns| asset.fields.iter().any(|(field, _)| *field == Field::Close);
    assets.iter().all(whole).then_some(assets)
}

fn chosen(path: &Path, names: &[String], only: &[String]) -> Result<Vec<Columns>> {
    let mut seen = BTreeSet::new();
    let find = |name: &String| {
        let place = names.iter().position(|other| other.eq_ignore_ascii_case(name));
        let known = names.iter().filter(|name| !name.is_empty()).cloned().collect();
        let (root, unknown) = (path.to_owned(), name.clone());
        place.ok_or(Error::UnknownPart { root, name: unknown, known })
    };
    let mut assets = Vec::with_capacity(only.len());
    for name in only {
        let place = find(name)?;
        if seen.insert(place) {
            let fields = vec![(Field::Close, place)];
            assets.push(Columns { name: names[place].clone(), fields });
        }
    }
    Ok(assets)
}

fn refused(path: &Path, expected: &str, found: String, remedy: &'static str) -> Error {
    let expected = expected.to_owned();
    let problem = Problem { line: Some(1), column: None, expected, found, remedy };
    Error::Prices { path: path.to_owned(), problems: vec![problem], more: 0 }
}
