//! Public data as plain Rust values: found or fetched, verified, parsed. No tensors here.
//!
//! [`catalogue`] knows the sets and where they lie, [`verify`] compares them with their
//! manifests, `fetch` brings them (a feature of that name), one module a set reads them, and
//! `simulators` make stand-ins that need no download. [`recording`] reads the user's own signals,
//! [`prices`] their tables of prices.

pub mod boxoban;
pub mod catalogue;
mod error;
#[cfg(feature = "fetch")]
pub mod fetch;
mod manifest;
pub mod prices;
mod read;
pub mod recording;
pub mod simulators;
pub mod ucr;
pub mod verify;
pub mod vglc;
pub mod wfdb;
mod write;

pub use error::{Error, Result};
pub use manifest::{File, Manifest};
