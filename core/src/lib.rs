//! Models, training and honest evaluation, shared by every app. Each module may use only the
//! modules above it in this list, and the packages [`generativa_random`] and
//! [`generativa_kernels`] below them all:
//!
//! 1. [`layers`]: building blocks that know no task, with checked gradients and seeded weights
//! 2. [`models`]: one paper a file: config, parts, model, loss
//! 3. [`data`]: values to tensors and back: splits, windows, batches
//! 4. [`sample`]: seeded draws from trained models
//! 5. [`metrics`]: one score a file: slices in, `f64` out
//! 6. [`baselines`]: the classical rivals of the models
//! 7. [`run`]: the directory that holds everything one run leaves behind
//! 8. [`train`]: optimizer, schedule, averages of weights, the loops, trained judges
//! 9. [`report`]: tables, curves, pictures, the page
//! 10. [`cli`]: the verbs, flags and exit codes that all apps share

pub mod baselines;
pub mod cli;
pub mod data;
pub mod layers;
pub mod metrics;
pub mod models;
pub mod report;
pub mod run;
pub mod sample;
pub mod train;
