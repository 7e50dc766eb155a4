//! From samples to beats: filters without phase, and where the R peaks are.

pub mod bandpass;
mod bridge;
pub mod detector;
pub mod fir;
mod lead;
mod level;
mod mix;
mod moving;
mod placement;
mod recent;
mod regularity;
mod rhythm;
mod summit;

#[cfg(test)]
mod imitation;
#[cfg(test)]
mod real;
#[cfg(test)]
mod robustness;
