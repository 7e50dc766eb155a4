//! Weights and optimizer state on disk: whole, checked, and enough to go on bit for bit.
//!
//! A checkpoint is a folder `step-00000500` with one safetensors file for each part (`model`,
//! `average`, `optimizer`) and `checkpoint.json`, which names app, format, data, seed and step and
//! holds the SHA-256 of each part. It is written under a temporary name, synced and renamed, so a
//! kill at any instant leaves the last good one. Random streams are addressed by the step and need
//! no state of their own.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use candle::{Device, Tensor};
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};

use super::Run;
use super::file::{PARTIAL, create_folder, sha256, sync_folder, temporary, write_atomically};

/// Version of the layout that this code writes. It reads this one and refuses newer ones.
pub const FORMAT: u32 = 1;
const MANIFEST: &str = "checkpoint.json";

/// Where the weights come from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Provenance {
    /// Name of the app.
    pub app: String,
    /// Git revision of the code.
    pub revision: String,
    /// Name of the data set, with its subset.
    pub data: String,
    /// SHA-256 of the data as read.
    pub data_sha256: String,
    /// Seed of the run.
    pub seed: u64,
}

/// Named f32 buffers of one file, each with its shape.
pub type Part = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// One saved state of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Steps taken.
    pub step: u64,
    /// Where the weights come from.
    pub provenance: Provenance,
    /// `model`, `average` (of the weights, for sampling) and `optimizer`.
    pub parts: BTreeMap<String, Part>,
}

#[derive(Deserialize, Serialize)]
struct Manifest {
    format: u32,
    step: u64,
    provenance: Provenance,
    /// File name to SHA-256.
    files: BTreeMap<String, String>,
}

impl Checkpoint {
    /// Writes the checkpoint into `run` and deletes all but the newest `keep`.
    pub fn save(&self, run: &Run, keep: usize) -> Result<PathBuf> {
        let folder = run.checkpoints();
        create_folder(&folder)?;
        let partial = temporary(0o777).tempdir_in(&folder);
        let partial = partial.with_context(|| format!("cannot write in {}", folder.display()))?;

        let mut files = BTreeMap::new();
        for (name, part) in &self.parts {
            let bytes = self.serialize(part)?;
            let file = format!("{name}.safetensors");
            write_atomically(&partial.path().join(&file), &bytes)?;
            files.insert(file, sha256(&bytes));
        }
        let (step, provenance) = (self.step, self.provenance.clone());
        let manifest = Manifest { format: FORMAT, step, provenance, files };
        let manifest = serde_json::to_vec_pretty(&manifest)?;
        write_atomically(&partial.path().join(MANIFEST), &manifest)?;

        let path = folder.join(format!("step-{step:08}"));
        // A run that was resumed from an older checkpoint writes the same step again.
        if path.exists() {
            fs::remove_dir_all(&path)
                .with_context(|| format!("cannot replace {}", path.display()))?;
        }
        fs::rename(partial.keep(), &path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        sync_folder(&folder)?;
        prune(&folder, keep)?;
        Ok(path)
    }

    /// The newest whole checkpoint of `run`, or `None` where it has none yet.
    ///
    /// # Errors
    /// A damaged file, a checkpoint of another app, or one of a newer format.
    pub fn latest(run: &Run, app: &str) -> Result<Option<Self>> {
        steps(&run.checkpoints())?.pop().map(|(_, path)| Self::load(&path, app)).transpose()
    }

    /// Reads the checkpoint in the folder `path`, checking every byte.
    ///
    /// # Errors
    /// As [`latest`](Self::latest).
    pub fn load(path: &Path, app: &str) -> Result<Self> {
        let read = |name: &str| {
            let file = path.join(name);
            fs::read(&file).with_context(|| format!("cannot read {}", file.display()))
        };
        let shown = path.display();
        let manifest = read(MANIFEST)?;
        // The format is read first: a newer layout may hold anything else.
        let version: serde_json::Value = serde_json::from_slice(&manifest)
            .with_context(|| format!("{shown}: {MANIFEST} is damaged; use an older checkpoint"))?;
        match version["format"].as_u64() {
            Some(format) if format > u64::from(FORMAT) => bail!(
                "{shown} has format {format}, this program reads up to {FORMAT}; update the program"
            ),
            Some(_) => {}
            None => bail!("{shown}: {MANIFEST} names no format; use an older checkpoint"),
        }
        let manifest: Manifest = serde_json::from_value(version)
            .with_context(|| format!("{shown}: {MANIFEST} is damaged; use an older checkpoint"))?;
        if manifest.provenance.app != app {
            bail!("{shown} is a checkpoint of `{}`, not of `{app}`", manifest.provenance.app);
        }

        let mut parts = BTreeMap::new();
        for (file, expected) in &manifest.files {
            let bytes = read(file)?;
            let found = sha256(&bytes);
            if found != *expected {
                bail!(
                    "{shown}/{file} is damaged: sha256 is {found}, expected {expected}; delete the \
                     folder to go on from the checkpoint before it"
                );
            }
            let name = file.trim_end_matches(".safetensors").to_owned();
            parts.insert(name, deserialize(&bytes).with_context(|| format!("{shown}/{file}"))?);
        }
        Ok(Self { step: manifest.step, provenance: manifest.provenance, parts })
    }

    /// The buffers of one part.
    pub fn part(&self, name: &str) -> Result<&Part> {
        self.parts.get(name).with_context(|| format!("the checkpoint has no part `{name}`"))
    }

    /// One part as tensors that no gradient follows.
    pub fn tensors(&self, name: &str, device: &Device) -> Result<HashMap<String, Tensor>> {
        let tensor = |(name, (shape, values)): (&String, &(Vec<usize>, Vec<f32>))| {
            Ok((name.clone(), Tensor::from_slice(values, shape.as_slice(), device)?))
        };
        self.part(name)?.iter().map(tensor).collect()
    }

    fn serialize(&self, part: &Part) -> Result<Vec<u8>> {
        let bytes: BTreeMap<&String, Vec<u8>> = part
            .iter()
            .map(|(name, (_, values))| {
                (name, values.iter().flat_map(|v| v.to_le_bytes()).collect())
            })
            .collect();
        let views = part.iter().map(|(name, (shape, _))| {
            Ok((name, TensorView::new(Dtype::F32, shape.clone(), &bytes[name])?))
        });
        let views = views.collect::<Result<Vec<_>>>()?;
        // One key only: the format writes its metadata in the random order of a hash map.
        let metadata = serde_json::to_string(&serde_json::json!({
            "format": FORMAT, "step": self.step, "provenance": self.provenance,
        }))?;
        let metadata = HashMap::from([("generativa".to_owned(), metadata)]);
        Ok(safetensors::serialize(views, Some(metadata))?)
    }
}

fn deserialize(bytes: &[u8]) -> Result<Part> {
    let file = safetensors::SafeTensors::deserialize(bytes)?;
    let mut part = Part::new();
    for (name, view) in file.tensors() {
        if view.dtype() != Dtype::F32 {
            bail!("`{name}` is {:?}, expected F32", view.dtype());
        }
        let (chunks, _) = view.data().as_chunks::<4>();
        let values = chunks.iter().map(|&chunk| f32::from_le_bytes(chunk)).collect();
        part.insert(name, (view.shape().to_vec(), values));
    }
    Ok(part)
}

/// Whole checkpoints in `folder`, oldest first.
fn steps(folder: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut steps = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(step) = name.strip_prefix("step-").and_then(|step| step.parse().ok()) {
            steps.push((step, path));
        }
    }
    steps.sort();
    Ok(steps)
}

/// Deletes all but the newest `keep` checkpoints, and what killed writers left half done.
fn prune(folder: &Path, keep: usize) -> Result<()> {
    let steps = steps(folder)?;
    let old = steps.iter().rev().skip(keep).map(|(_, path)| path.clone());
    let partial = fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(PARTIAL)));
    for path in old.chain(partial) {
        fs::remove_dir_all(&path).with_context(|| format!("cannot delete {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Header;

    fn run(dir: &Path) -> Result<Run> {
        let header = Header { app: "maps".into(), preset: "tiny".into(), seed: 1 };
        Run::create(dir, &header, &toml::Table::new(), true)
    }

    fn checkpoint(step: u64) -> Checkpoint {
        let part = Part::from([
            ("a".to_owned(), (vec![2, 1], vec![1.5, -0.0])),
            ("b".to_owned(), (vec![1], vec![step as f32])),
        ]);
        let provenance = Provenance {
            app: "maps".into(),
            revision: "r".into(),
            data: "d".into(),
            data_sha256: "s".into(),
            seed: 1,
        };
        let parts = [("model", part.clone()), ("optimizer", part)];
        let parts = parts.map(|(name, part)| (name.to_owned(), part)).into();
        Checkpoint { step, provenance, parts }
    }

    fn message(result: Result<Checkpoint>) -> String {
        result.err().map_or(String::new(), |error| format!("{error:#}"))
    }

    #[test]
    fn a_checkpoint_comes_back_as_it_was_and_the_oldest_goes() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let run = run(dir.path())?;
        for step in [1, 2, 3] {
            checkpoint(step).save(&run, 2)?;
        }
        assert_eq!(Checkpoint::latest(&run, "maps")?, Some(checkpoint(3)));
        assert_eq!(fs::read_dir(run.checkpoints())?.count(), 2);
        Ok(())
    }

    #[test]
    fn the_same_state_gives_the_same_bytes() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let run = run(dir.path())?;
        let bytes = || -> Result<Vec<u8>> {
            Ok(fs::read(checkpoint(7).save(&run, 2)?.join("model.safetensors"))?)
        };
        assert_eq!(bytes()?, bytes()?);
        Ok(())
    }

    #[test]
    fn a_flipped_byte_a_foreign_app_and_a_newer_format_are_named() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let path = checkpoint(1).save(&run(dir.path())?, 2)?;
        assert!(message(Checkpoint::load(&path, "ecg")).contains("checkpoint of `maps`"));

        let file = path.join("model.safetensors");
        let mut bytes = fs::read(&file)?;
        *bytes.last_mut().context("the file is not empty")? ^= 1;
        fs::write(&file, bytes)?;
        assert!(message(Checkpoint::load(&path, "maps")).contains("model.safetensors is damaged"));

        fs::write(path.join(MANIFEST), r#"{"format": 99, "surprise": true}"#)?;
        assert!(message(Checkpoint::load(&path, "maps")).contains("format 99"));
        fs::write(path.join(MANIFEST), "{")?;
        assert!(message(Checkpoint::load(&path, "maps")).contains("damaged"));
        Ok(())
    }

    #[test]
    fn a_half_written_checkpoint_is_passed_over_and_swept_away() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let run = run(dir.path())?;
        checkpoint(1).save(&run, 2)?;
        let partial = run.checkpoints().join(".partial-killed");
        fs::create_dir(&partial)?;
        assert_eq!(Checkpoint::latest(&run, "maps")?.map(|found| found.step), Some(1));
        checkpoint(2).save(&run, 2)?;
        assert!(!partial.exists());
        Ok(())
    }
}
