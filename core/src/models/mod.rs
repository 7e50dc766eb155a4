//! One paper a file: config, parts, model, loss.

pub mod vae;
