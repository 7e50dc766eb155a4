//! Seeded stand-ins with known truth, for a first run without any download.

pub mod ecg;
pub mod market;
pub mod roguelike;
pub mod roguelike_rules;
