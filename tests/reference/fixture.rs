//! One folder of the fixtures: inputs, expected outputs and how far off they may be.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use candle::{DType, Device, Tensor};
use generativa::layers::Parameters;
use serde_json::Value;

/// A folder with its `expected.json` and `expected.safetensors`.
pub(crate) struct Fixture {
    folder: PathBuf,
    description: Value,
    tensors: HashMap<String, Tensor>,
}

impl Fixture {
    /// Folders in `fixtures` with their kinds, sorted.
    pub(crate) fn kinds(fixtures: &Path) -> Vec<(PathBuf, Result<String>)> {
        let entries = std::fs::read_dir(fixtures).into_iter().flatten().flatten();
        let mut folders: Vec<PathBuf> = entries
            .map(|entry| entry.path())
            .filter(|folder| folder.join("expected.json").is_file())
            .collect();
        folders.sort();
        folders.into_iter().map(|folder| (folder.clone(), kind(&folder))).collect()
    }

    /// Reads a folder.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let tensors = read_tensors(&folder.join("expected.safetensors"))?;
        Ok(Self { folder: folder.to_path_buf(), description: describe(folder)?, tensors })
    }

    /// The tensors of another file of the folder.
    pub(crate) fn file(&self, name: &str) -> Result<HashMap<String, Tensor>> {
        read_tensors(&self.folder.join(name))
    }

    /// A JSON file of the folder.
    pub(crate) fn json(&self, name: &str) -> Result<Value> {
        read_json(&self.folder.join(name))
    }

    /// The tensor `name` of `expected.safetensors`.
    pub(crate) fn tensor(&self, name: &str) -> Result<&Tensor> {
        self.tensors.get(name).with_context(|| format!("no tensor `{name}` in the fixture"))
    }

    /// Names of the outputs, sorted.
    pub(crate) fn outputs(&self) -> Vec<String> {
        let listed = self.description["tensors"].as_object().into_iter().flatten();
        let outputs = listed.filter(|(_, tensor)| tensor["role"] == "output");
        let mut names: Vec<String> = outputs.map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }

    /// The number `name` of the fixture's settings.
    pub(crate) fn setting(&self, name: &str) -> Result<f64> {
        let setting = &self.description["settings"][name];
        setting.as_f64().with_context(|| format!("setting `{name}` is {setting}, not a number"))
    }

    /// The text of the entry `name` of `expected.json`.
    pub(crate) fn text(&self, name: &str) -> Result<&str> {
        let text = &self.description[name];
        text.as_str().with_context(|| format!("`{name}` is {text}, not a text"))
    }

    /// Fails where `found` differs from the output `name` by more than its own tolerance.
    pub(crate) fn compare(&self, name: &str, found: &Tensor) -> Result<()> {
        let expected = self.tensor(name)?;
        ensure!(
            found.dims() == expected.dims(),
            "`{name}`: expected shape {:?}, found {:?}",
            expected.dims(),
            found.dims()
        );
        let tolerance = |kind: &str| {
            let value = &self.description["tensors"][name][kind];
            value.as_f64().with_context(|| format!("`{name}`: {kind} is {value}, not a number"))
        };
        let (absolute, relative) = (tolerance("atol")?, tolerance("rtol")?);
        let flat = |tensor: &Tensor| tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>();
        for (place, (found, expected)) in flat(found)?.iter().zip(flat(expected)?).enumerate() {
            let close = (found - expected).abs() <= absolute + relative * expected.abs();
            ensure!(close, "`{name}`: element {place} is {found}, expected {expected}");
        }
        Ok(())
    }
}

/// The kind that a folder's `expected.json` names.
fn kind(folder: &Path) -> Result<String> {
    let kind = &describe(folder)?["kind"];
    kind.as_str().map(str::to_owned).with_context(|| format!("the kind is {kind}, not a name"))
}

fn describe(folder: &Path) -> Result<Value> {
    read_json(&folder.join("expected.json"))
}

fn read_json(path: &Path) -> Result<Value> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("cannot parse {}", path.display()))
}

fn read_tensors(path: &Path) -> Result<HashMap<String, Tensor>> {
    candle::safetensors::load(path, &Device::Cpu)
        .with_context(|| format!("cannot read {}", path.display()))
}

/// Sets trainable `parameters` to the tensors of a file. Fails where names or shapes differ.
pub(crate) fn assign(parameters: &Parameters, tensors: &HashMap<String, Tensor>) -> Result<()> {
    let named = parameters.named();
    ensure!(named.len() == tensors.len(), "{} weights for {}", tensors.len(), named.len());
    for (name, var) in named {
        let Some(tensor) = tensors.get(&name) else { bail!("no weight `{name}` in the file") };
        var.set(tensor).with_context(|| format!("weight `{name}`"))?;
    }
    Ok(())
}
