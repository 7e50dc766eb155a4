//! From preset, file and flags to one config: flags win over the file, the file over the preset.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::exit::Exit;

/// `preset`, overlaid with the keys of the TOML file `file` and then with `assignments`
/// (`training.steps=100`), each of which must name a key that the preset has.
///
/// # Errors
/// An unknown key or a value of the wrong type, as [`Exit::Usage`]; a file that cannot be read.
pub(super) fn resolve<C: Serialize + DeserializeOwned>(
    preset: &C,
    file: Option<&Path>,
    assignments: &[String],
) -> Result<C> {
    let mut table = Table::try_from(preset).context("the preset is not a table")?;
    if let Some(file) = file {
        let text = fs::read_to_string(file)
            .with_context(|| format!("cannot read the config {}", file.display()))?;
        let mut overlay: Table = text.parse().with_context(|| format!("in {}", file.display()))?;
        // A run's own config.toml is a valid --config: what identified that run does not carry over.
        overlay.remove("run");
        merge(&mut table, overlay, "")?;
    }
    for assignment in assignments {
        assign(&mut table, assignment)?;
    }
    table.try_into().map_err(|error: toml::de::Error| {
        Exit::Usage(format!("the settings do not fit together: {}", error.message())).into()
    })
}

fn merge(table: &mut Table, overlay: Table, prefix: &str) -> Result<()> {
    for (key, value) in overlay {
        let name = format!("{prefix}{key}");
        match (table.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(value)) => {
                merge(inner, value, &format!("{name}."))?;
            }
            (Some(slot), value) => *slot = like(slot, value, &name)?,
            (None, _) => return Err(unknown(&name, table)),
        }
    }
    Ok(())
}

fn assign(table: &mut Table, assignment: &str) -> Result<()> {
    let Some((key, text)) = assignment.split_once('=') else {
        let text = format!("--set takes `key=value`, found `{assignment}`");
        return Err(Exit::Usage(text).into());
    };
    let (key, text) = (key.trim(), text.trim());
    let (parents, leaf) = key.rsplit_once('.').unwrap_or(("", key));
    let mut inner = table;
    for parent in parents.split('.').filter(|parent| !parent.is_empty()) {
        if !matches!(inner.get(parent), Some(Value::Table(_))) {
            return Err(unknown(key, inner));
        }
        let Some(Value::Table(next)) = inner.get_mut(parent) else { unreachable!("just matched") };
        inner = next;
    }
    let Some(slot) = inner.get(leaf) else { return Err(unknown(key, inner)) };
    // A bare word is a string, and so is whatever stands for one; everything else is read as TOML.
    let value = format!("value = {text}").parse::<Table>().ok();
    let value = value.and_then(|mut table| table.remove("value"));
    let value = value.filter(|value| value.is_str() || !slot.is_str());
    let value = like(slot, value.unwrap_or_else(|| Value::String(text.to_owned())), key)?;
    inner.insert(leaf.to_owned(), value);
    Ok(())
}

/// `value`, provided that it has the type of `old`; an integer stands in for a float.
fn like(old: &Value, value: Value, key: &str) -> Result<Value> {
    match (old, &value) {
        (Value::Float(_), Value::Integer(value)) => Ok(Value::Float(*value as f64)),
        (
            Value::String(_),
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_),
        ) => Ok(Value::String(value.to_string())),
        (old, _) if old.same_type(&value) => Ok(value),
        (old, _) => {
            let (old, new) = (old.type_str(), value.type_str());
            Err(Exit::Usage(format!("`{key}` is a {old}, found a {new}: `{value}`")).into())
        }
    }
}

fn unknown(key: &str, table: &Table) -> anyhow::Error {
    let known: Vec<_> = table.keys().map(|key| format!("`{key}`")).collect();
    Exit::Usage(format!("there is no setting `{key}`; here are {}", known.join(", "))).into()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    struct Training {
        steps: u64,
        rate: f64,
    }

    #[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
    #[serde(deny_unknown_fields)]
    struct Config {
        game: String,
        training: Training,
    }

    fn preset() -> Config {
        Config { game: "a".into(), training: Training { steps: 10, rate: 0.5 } }
    }

    fn set(assignments: &[&str]) -> Result<Config> {
        let assignments: Vec<_> = assignments.iter().map(|&text| text.to_owned()).collect();
        resolve(&preset(), None, &assignments)
    }

    #[test]
    fn an_assignment_changes_one_number_and_nothing_else() -> Result<()> {
        let mut expected = preset();
        expected.training.steps = 7;
        assert_eq!(set(&["training.steps=7"])?, expected);
        expected.training.rate = 2.0;
        expected.game = "Super Mario Bros".into();
        let all = ["training.steps=7", "training.rate=2", "game=Super Mario Bros"];
        assert_eq!(set(&all)?, expected);
        Ok(())
    }

    #[test]
    fn text_is_kept_as_it_is_typed_whatever_else_it_could_be() -> Result<()> {
        for text in ["1960-01-01", "1e3", "007", "true"] {
            assert_eq!(set(&[&format!("game={text}")])?.game, text);
        }
        assert_eq!(set(&["game=\"1960-01-01\""])?.game, "1960-01-01");
        Ok(())
    }

    #[test]
    fn a_misspelt_key_is_answered_with_the_keys_there_are() {
        let error = set(&["training.step=7"]).err().map(|error| error.to_string());
        let expected = "there is no setting `training.step`; here are `rate`, `steps`";
        assert_eq!(error.as_deref(), Some(expected));
        assert!(set(&["training.steps=many"]).is_err());
        assert!(set(&["training.steps"]).is_err());
        assert!(set(&["training.steps=-1"]).is_err());
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_the_preset() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("config.toml");
        fs::write(&file, "game = 'b'\n[training]\nsteps = 3\n[run]\nseed = 4\n")?;
        let config = resolve(&preset(), Some(&file), &["training.steps=7".to_owned()])?;
        assert_eq!((config.game.as_str(), config.training.steps), ("b", 7));
        Ok(())
    }
}
