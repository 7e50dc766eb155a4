//! Values of the reference libraries, one trial a fixture.
//!
//! Every folder of the fixtures says in its `expected.json` of what kind it is; a kind that nobody
//! reads yet is listed as ignored, by name. Of a kind that is read, every output is compared.

use std::path::Path;

use libtest_mimic::Trial;

mod fixture;
mod style;
mod training;
mod wasserstein;

/// All trials of the fixtures in this folder.
pub(crate) fn trials(fixtures: &Path) -> Vec<Trial> {
    let mut trials = training::trials(fixtures);
    trials.extend(training::unsupported(fixtures));
    trials
}
