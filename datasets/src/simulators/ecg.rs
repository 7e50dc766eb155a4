//! An electrocardiogram of two leads with known truth: every beat, its kind and its measures.
//!
//! After McSharry, Clifford, Tarassenko & Smith 2003 (IEEE Trans. Biomed. Eng. 50:289): a beat is a
//! sum of Gaussians around its R peak, P and T keep a distance that goes with the square root of
//! the RR interval, and RR itself has the two peaks of a person at rest, near 0.1 Hz (blood
//! pressure) and near 0.25 Hz (breathing). The Gaussians are summed in time; the paper's equations
//! would trace the same curve. Its waves are told apart into a rise and a fall, since a T wave is
//! steeper behind its peak. Added here: a patient drawn from the seed, ectopic and blocked beats,
//! atrial fibrillation, the noise of a recording, and beats with one planted change.
//!
//! A recording is made in order, a few thousand frames at a time, in memory that does not grow with
//! its length. Its bits depend on [`Settings`] alone.

mod beat;
mod clean;
mod curves;
mod heart;
mod noise;
mod patient;
mod planted;
mod record;
mod rhythm;
mod settings;
mod shape;
mod simulation;
mod traits;

pub use beat::{Beat, Change, Kind, Planted};
pub use record::write;
pub use settings::{Noise, Rhythm, Settings, Shares};
pub use simulation::Simulation;

/// The leads of a recording, in their order.
pub const LEADS: [&str; 2] = ["MLII", "V1"];

#[cfg(test)]
mod tests;
