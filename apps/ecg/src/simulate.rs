//! `simulate`: recordings with known beats, to try everything else on.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use generativa::cli::Shared;
use generativa_datasets::simulators::ecg::{Noise, Rhythm, Settings, Shares, write};

/// Flags of `simulate`.
#[derive(Args, Debug)]
pub struct Options {
    /// Folder for NAME.hea, NAME.dat and, with every true beat, NAME.atr
    #[arg(long, value_name = "DIR", default_value = "out/ecg/simulated")]
    out: PathBuf,
    /// Its name [default: patient-SEED]
    #[arg(long)]
    name: Option<String>,
    /// The patient, and everything else that is drawn
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Length in seconds
    #[arg(long, default_value_t = 300.0)]
    seconds: f64,
    /// Frames a second, Hz
    #[arg(long, default_value_t = 360.0)]
    frequency: f64,
    /// What leads the heart
    #[arg(long, value_enum, default_value = "sinus")]
    rhythm: RhythmChoice,
    /// Share of premature ventricular beats
    #[arg(long, default_value_t = 0.02)]
    ventricular: f64,
    /// Share of premature atrial beats; 0 in fibrillation
    #[arg(long, default_value_t = 0.0)]
    atrial: f64,
    /// Share of normal beats with a changed PR, QRS, ST, T or time
    #[arg(long, default_value_t = 0.0)]
    changes: f64,
    /// Muscle noise, as signal-to-noise ratio in dB; `inf` for none
    #[arg(long, value_name = "DB", default_value_t = 20.0)]
    muscle: f64,
    /// Baseline wander, root mean square in mV
    #[arg(long, default_value_t = 0.05)]
    wander: f64,
    /// Dropouts an hour
    #[arg(long, default_value_t = 0.0)]
    dropouts: f64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RhythmChoice {
    Sinus,
    Fibrillation,
}

/// Writes a simulated recording and prints the path of its header.
///
/// # Errors
/// A number outside of what can be simulated.
pub fn simulate(options: &Options, shared: &Shared) -> Result<()> {
    let settings = Settings {
        seed: options.seed,
        seconds: options.seconds,
        frequency: options.frequency,
        rhythm: match options.rhythm {
            RhythmChoice::Sinus => Rhythm::Sinus,
            RhythmChoice::Fibrillation => Rhythm::AtrialFibrillation,
        },
        shares: Shares {
            ventricular: options.ventricular,
            atrial: options.atrial,
            ..Shares::default()
        },
        spread: 0.4, // as in the patients that are learned from
        noise: Noise {
            wander: options.wander,
            powerline: 0.005, // likewise
            muscle: options.muscle.is_finite().then_some(options.muscle),
            dropouts: options.dropouts,
            ..Noise::NONE
        },
        changes: options.changes,
        ..Settings::default()
    };
    let name = options.name.clone().unwrap_or_else(|| format!("patient-{}", options.seed));
    let path = write(&settings, &options.out, &name)?;
    shared.print(&path.display().to_string())
}
