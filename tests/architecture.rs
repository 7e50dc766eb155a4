//! Dependencies point one way, there are no drawers, and every app is in the README.

use std::fs;
use std::path::{Path, PathBuf};

use generativa::report::readme;
use generativa::run::evaluation::Evaluation;
use libtest_mimic::{Failed, Trial};

use crate::places::workspace;

type Checked = Result<(), Failed>;
type Check = fn() -> Checked;

/// All checks of the structure.
pub(crate) fn trials() -> Vec<Trial> {
    let checks: [(&str, Check); 6] = [
        ("modules_of_core_use_only_modules_above_them", modules_point_one_way),
        ("the_map_of_core_lists_every_module", the_map_is_whole),
        ("no_file_is_a_drawer", no_drawers),
        ("unsafe_stands_only_in_kernels", unsafe_only_in_kernels),
        ("every_app_has_a_readme_and_a_row_in_the_readme", every_app_is_listed),
        ("the_figures_in_the_readmes_are_those_of_the_records", figures_are_recorded),
    ];
    checks
        .into_iter()
        .map(|(name, check)| Trial::test(format!("architecture::{name}"), check))
        .collect()
}

/// The modules of core in the order of the list in its `lib.rs`.
fn modules() -> Result<Vec<String>, Failed> {
    let text = fs::read_to_string(workspace().join("core/src/lib.rs"))?;
    let numbered = text.lines().filter_map(|line| line.split_once(". [`").map(|(_, rest)| rest));
    let names = numbered.filter_map(|rest| rest.split_once('`').map(|(name, _)| name.to_owned()));
    Ok(names.collect())
}

fn modules_point_one_way() -> Checked {
    let modules = modules()?;
    for (rank, module) in modules.iter().enumerate() {
        for path in sources(&workspace().join("core/src"), module)? {
            // What tests use, and what links in documentation name, is no dependency.
            let text = fs::read_to_string(&path)?;
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            let code: String = code.collect::<Vec<_>>().join("\n");
            for later in &modules[rank + 1..] {
                if code.contains(&format!("crate::{later}")) {
                    return Err(format!("{}: {module} uses {later}", path.display()).into());
                }
            }
        }
    }
    Ok(())
}

fn the_map_is_whole() -> Checked {
    let text = fs::read_to_string(workspace().join("core/src/lib.rs"))?;
    let mut declared: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';').map(str::to_owned))
        .collect();
    let mut listed = modules()?;
    declared.sort();
    listed.sort();
    if declared.is_empty() || declared != listed {
        return Err(format!("declared {declared:?}, listed {listed:?}").into());
    }
    Ok(())
}

fn no_drawers() -> Checked {
    let drawers = ["utils", "util", "common", "helpers", "helper", "misc", "base", "types"];
    for path in rust_files(&workspace())? {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        if drawers.contains(&stem.as_str()) || drawers.contains(&folder.as_ref()) {
            return Err(format!("{} names no subject", path.display()).into());
        }
    }
    Ok(())
}

fn unsafe_only_in_kernels() -> Checked {
    let kernels = workspace().join("core/kernels");
    // Spelt in two parts, or this file would find itself.
    let word = ["un", "safe "].concat();
    for path in rust_files(&workspace())?.iter().filter(|path| !path.starts_with(&kernels)) {
        let text = fs::read_to_string(path)?;
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        if let Some(line) = code.into_iter().find(|line| line.contains(&word)) {
            return Err(format!("{}: {}", path.display(), line.trim()).into());
        }
    }
    Ok(())
}

fn every_app_is_listed() -> Checked {
    let readme = fs::read_to_string(workspace().join("README.md"))?;
    for entry in fs::read_dir(workspace().join("apps"))? {
        let app = entry?.path();
        let name = app.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !app.join("README.md").is_file() {
            return Err(format!("apps/{name} has no README.md").into());
        }
        if !readme.contains(&format!("(apps/{name}/README.md)")) {
            return Err(format!("README.md has no row that links apps/{name}/README.md").into());
        }
    }
    Ok(())
}

fn figures_are_recorded() -> Checked {
    for entry in fs::read_dir(workspace().join("apps"))? {
        let app = entry?.path();
        let record = app.join("evaluation.json");
        if !record.is_file() {
            continue;
        }
        let evaluation = Evaluation::read(&record).map_err(|error| format!("{error:#}"))?;
        let files = readme::updated(&workspace(), &evaluation);
        for (path, text) in files.map_err(|error| format!("{error:#}"))? {
            if fs::read_to_string(&path)? != text {
                return Err(format!(
                    "{} shows other figures than {}; `evaluate --record` writes both",
                    path.display(),
                    record.display()
                )
                .into());
            }
        }
    }
    Ok(())
}

/// The files of a module: `<module>.rs`, or everything in its folder.
fn sources(core: &Path, module: &str) -> Result<Vec<PathBuf>, Failed> {
    let file = core.join(format!("{module}.rs"));
    let mut files = rust_files(&core.join(module)).unwrap_or_default();
    files.extend(file.is_file().then_some(file));
    if files.is_empty() { Err(format!("no source of `{module}`").into()) } else { Ok(files) }
}

/// All sources below a folder, build outputs apart.
fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, Failed> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}
