//! Which records are learned from, which give thresholds, and which are judged.

use std::path::Path;

use anyhow::{Result, bail};
use generativa::cli::Exit;

/// The name of the split of de Chazal, O'Dwyer & Reilly 2004 (IEEE Trans. Biomed. Eng. 51:1196):
/// no record of the MIT-BIH database is on both sides. One person is: 201 and 202 are of the same.
pub const DS1_DS2: &str = "ds1-ds2";

/// Records of the first side.
const DS1: [&str; 22] = [
    "101", "106", "108", "109", "112", "114", "115", "116", "118", "119", "122", "124", "201",
    "203", "205", "207", "208", "209", "215", "220", "223", "230",
];
/// Those of them whose normal beats give thresholds.
const VALIDATION: [&str; 6] = ["108", "114", "118", "201", "209", "220"];
/// Records of the second side, which are judged.
const DS2: [&str; 22] = [
    "100", "103", "105", "111", "113", "117", "121", "123", "200", "202", "210", "212", "213",
    "214", "219", "221", "222", "228", "231", "232", "233", "234",
];
/// Records of paced hearts, which the standard leaves out.
const PACED: [&str; 4] = ["102", "104", "107", "217"];

/// Fewer records of one's own leave a side empty.
const FEWEST: usize = 4;

/// Names of records, by what they are for.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Split {
    /// Their normal beats are learned from.
    pub(super) learned: Vec<String>,
    /// Their normal beats give thresholds.
    pub(super) aside: Vec<String>,
    /// All their beats are judged.
    pub(super) judged: Vec<String>,
    /// Whether the lists of MIT-BIH decided.
    pub(super) published: bool,
    /// What a user should know of it.
    pub(super) remarks: Vec<String>,
}

impl Split {
    /// Splits the records of a folder, which are in order of their names. Without a subset, those
    /// of the MIT-BIH database are split by its lists, others by their order: of four records the
    /// second gives thresholds, the last is judged.
    ///
    /// # Errors
    /// Another subset; a side without a record.
    pub(super) fn of(names: &[String], subset: &str, folder: &Path) -> Result<Self> {
        let listed = |name: &String| [&DS1[..], &DS2, &PACED].concat().contains(&name.as_str());
        match subset {
            DS1_DS2 => Self::listed(names, folder),
            "" if names.iter().all(listed) => Self::listed(names, folder),
            "" => Self::ordered(names, folder),
            other => bail!(Exit::Usage(format!(
                "the records in {} have no part `{other}`; leave --subset out, or give {DS1_DS2}",
                folder.display()
            ))),
        }
    }

    fn listed(names: &[String], folder: &Path) -> Result<Self> {
        let there = |wanted: &&str| names.iter().any(|name| name == wanted);
        let own = |list: &[&str]| -> Vec<String> {
            list.iter().filter(|name| there(name)).map(|&name| name.to_owned()).collect()
        };
        let training: Vec<&str> =
            DS1.into_iter().filter(|name| !VALIDATION.contains(name)).collect();
        let sides = [
            ("to learn from (DS1)", &training[..]),
            ("for thresholds (DS1)", &VALIDATION),
            ("to be judged (DS2)", &DS2),
        ];
        let mut remarks = Vec::new();
        for (role, list) in sides {
            let absent: Vec<&str> = list.iter().copied().filter(|name| !there(name)).collect();
            if absent.len() == list.len() {
                bail!(
                    "{} has no annotated record {role}; looked for {}",
                    folder.display(),
                    list.join(", ")
                );
            }
            if !absent.is_empty() {
                remarks.push(format!("records {role} that are missing: {}", absent.join(", ")));
            }
        }
        let others = names.iter().map(String::as_str);
        let others: Vec<&str> =
            others.filter(|name| !DS1.contains(name) && !DS2.contains(name)).collect();
        if !others.is_empty() {
            let others = others.join(", ");
            remarks.push(format!("left out, paced or in neither list: {others}"));
        }
        let (learned, aside, judged) = (own(&training), own(&VALIDATION), own(&DS2));
        Ok(Self { learned, aside, judged, published: true, remarks })
    }

    fn ordered(names: &[String], folder: &Path) -> Result<Self> {
        if names.len() < FEWEST {
            bail!(
                "{} has {} annotated records; expected {FEWEST} or more, to learn from, for \
                 thresholds and to be judged",
                folder.display(),
                names.len()
            );
        }
        let mut split = Self::default();
        for (place, name) in names.iter().enumerate() {
            let side = match place % 4 {
                1 => &mut split.aside,
                3 => &mut split.judged,
                _ => &mut split.learned,
            };
            side.push(name.clone());
        }
        Ok(split)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_two_lists_share_no_record_and_hold_no_paced_one() {
        let all: BTreeSet<&str> = [&DS1[..], &DS2, &PACED].concat().into_iter().collect();
        assert_eq!(all.len(), 48, "the whole database");
        assert!(VALIDATION.iter().all(|name| DS1.contains(name)));
    }

    #[test]
    fn the_lists_decide_where_all_names_are_theirs_or_where_they_are_asked_for() -> Result<()> {
        let folder = Path::new("records");
        let own = names(&["100", "101", "102", "114"]);
        let split = Split::of(&own, "", folder)?;
        let expected = (names(&["101"]), names(&["114"]), names(&["100"]));
        assert_eq!((split.learned, split.aside, split.judged), expected);
        assert!(split.published && split.remarks.iter().any(|text| text.contains("102")));
        let more = [own, names(&["patient"])].concat();
        assert!(!Split::of(&more, "", folder)?.published);
        assert!(Split::of(&more, DS1_DS2, folder)?.published);
        Ok(())
    }

    #[test]
    fn own_records_are_split_by_their_order() -> Result<()> {
        let split =
            Split::of(&names(&["a", "b", "c", "d", "e", "f", "g", "h"]), "", Path::new("own"))?;
        assert_eq!(split.learned, names(&["a", "c", "e", "g"]));
        assert_eq!((split.aside, split.judged), (names(&["b", "f"]), names(&["d", "h"])));
        Ok(())
    }

    #[test]
    fn a_side_without_records_is_refused_with_what_was_looked_for() {
        let refused = |own: &[&str], subset: &str| {
            let refused = Split::of(&names(own), subset, Path::new("own"));
            refused.expect_err("a side is empty").to_string()
        };
        assert!(refused(&["100"], "").contains("looked for 101, 106, 109"));
        assert!(refused(&["101", "108"], "").contains("to be judged (DS2); looked for 100"));
        assert!(refused(&["a", "b", "c"], "").contains("own has 3 annotated records"));
        assert!(refused(&["100", "101"], "ds3").contains("no part `ds3`"));
    }
}
