//! One paper a file: config, parts, model, loss.

pub mod gan;
pub mod vae;
