//! Judges of generated series: classifiers that are trained to tell generated windows from real
//! ones. What they cannot tell apart they score with nothing.

pub mod hard;
mod network;
pub mod timegan;

pub use hard::{GruJudge, HardJudge, Verdicts};
