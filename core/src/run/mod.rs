//! The directory that holds everything one run leaves behind.
//!
//! ```text
//! runs/maps/quick/            one `train` command
//!   evaluation.json           what `evaluate` found, all seeds pooled
//!   report.html
//!   seed-1/                   one seed: see [`Run`]
//!     config.toml             every setting as used, written before the first step
//!     metrics.jsonl           one line a logged step; repeats exactly from the seed
//!     timing.jsonl            wall-clock seconds, which do not
//!     checkpoints/            see [`checkpoint`]
//!     samples/
//! ```

pub mod checkpoint;
mod directory;
pub mod evaluation;
pub mod file;
pub mod machine;

pub use checkpoint::{Checkpoint, Provenance};
pub use directory::{Header, Run, run_directories};
