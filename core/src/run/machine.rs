//! What a record says about the machine and the code that made it.

use std::fmt;
use std::fs;
use std::process::Command;
use std::thread;

use serde::{Deserialize, Serialize};

/// The processor that a figure was measured on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Machine {
    /// Model of the processor, `unknown` where the system does not tell.
    pub cpu: String,
    /// Threads that may run at once.
    pub cores: usize,
    /// Widest vector instructions, such as `x86_64 avx512f`: bits of results depend on it.
    pub instruction_set: String,
}

impl Machine {
    /// The machine that this runs on.
    pub fn here() -> Self {
        // Linux only; elsewhere the file is missing and the target's name has to do.
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self::described(&info, cores)
    }

    fn described(info: &str, cores: usize) -> Self {
        let field = |names: &[&str]| {
            info.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                names.contains(&name.trim()).then(|| value.trim().to_owned())
            })
        };
        let flags = field(&["flags", "Features"]).unwrap_or_default();
        let widest = ["avx512f", "avx2", "avx", "sse2", "sve", "asimd"]
            .into_iter()
            .find(|known| flags.split(' ').any(|flag| flag == *known));
        let architecture = std::env::consts::ARCH;
        Self {
            cpu: field(&["model name", "Model"]).unwrap_or_else(|| "unknown".into()),
            cores,
            instruction_set: widest
                .map_or(architecture.into(), |widest| format!("{architecture} {widest}")),
        }
    }
}

/// One line for a page: model, cores, instructions.
impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.cores == 1 { "core" } else { "cores" };
        write!(f, "{}, {} {plural}, {}", self.cpu, self.cores, self.instruction_set)
    }
}

/// Git revision of the checkout that this was built from, with `-dirty` behind it where sources or
/// manifests differ from it; `unknown` without git or without the checkout.
pub fn revision() -> String {
    let head = git(&["rev-parse", "HEAD"]).filter(|head| !head.is_empty());
    // Records and reports that a run itself rewrites do not make the code another.
    let changed = git(&["status", "--porcelain", "--", ":/*.rs", ":/*.toml", ":/Cargo.lock"]);
    match (head, changed) {
        (Some(head), Some(changed)) if changed.is_empty() => head,
        (Some(head), _) => format!("{head}-dirty"),
        (None, _) => "unknown".into(),
    }
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        // The checkout, wherever the user stands; the variables would point elsewhere in a hook.
        .args(["-C", env!("CARGO_MANIFEST_DIR")])
        .args(arguments)
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_known_instructions_and_the_model_are_found() {
        let info = "processor\t: 0\nmodel name\t: Abacus 9\nflags\t\t: fpu sse2 avx avx2 bmi\n";
        let machine = Machine::described(info, 2);
        let architecture = std::env::consts::ARCH;
        assert_eq!(machine.to_string(), format!("Abacus 9, 2 cores, {architecture} avx2"));
    }

    #[test]
    fn a_system_that_tells_nothing_still_has_an_architecture() {
        let machine = Machine::described("", 1);
        assert_eq!(machine.to_string(), format!("unknown, 1 core, {}", std::env::consts::ARCH));
    }

    #[test]
    fn a_revision_is_forty_digits_or_says_that_it_is_unknown() {
        let revision = revision();
        let digits = revision.strip_suffix("-dirty").unwrap_or(&revision);
        let hexadecimal = digits.len() == 40 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        assert!(hexadecimal || revision == "unknown", "{revision}");
    }
}
