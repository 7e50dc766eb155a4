//! Where data, fixtures and judges lie: outside the checkout.

use std::env;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};

/// The checkout.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace").to_owned()
}

/// The folder that `variable` names, else `../shared/<name>` beside the checkout where that exists.
pub(crate) fn folder(variable: &str, name: &str) -> Option<PathBuf> {
    let named = env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let beside = workspace().join("../shared").join(name);
    named.or_else(|| beside.is_dir().then_some(beside))
}

/// The trials over a folder. Without it they are one trial, ignored by name; with `CI=true`, which
/// promises the folder, that one fails.
pub(crate) fn with(
    variable: &str,
    name: &str,
    trials: impl FnOnce(&Path) -> Vec<Trial>,
) -> Vec<Trial> {
    if let Some(folder) = folder(variable, name) {
        return trials(&folder);
    }
    let text = format!("{variable} names no folder, and there is none beside the checkout");
    let missing = Trial::test(format!("{name}::all"), move || Err(Failed::from(text)));
    let promised = env::var_os("CI").is_some_and(|value| value == "true");
    vec![missing.with_ignored_flag(!promised)]
}
