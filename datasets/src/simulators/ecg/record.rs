//! A simulated recording as files of the WFDB library.

use std::path::{Path, PathBuf};

use super::{LEADS, Rhythm, Settings, Shares, Simulation};
use crate::Result;
use crate::wfdb::{Format, Header, Signal, Writer};

/// Frames that are made and written at once.
const PIECE: usize = 1 << 16;
/// Steps of the converter a mV, as in the MIT-BIH database; its 12 bits reach 10 mV.
const GAIN: f64 = 200.0;

/// Makes a whole recording and writes `NAME.hea`, `NAME.dat` (format 212, 200 steps a mV) and
/// `NAME.atr` to `folder`, which is made if it is missing. Returns the path of the header. The
/// header says that it is simulated, and how; the annotations mark every beat.
///
/// Fails as [`Settings::check`] does, and as [`Writer`] where the name is none for a file or the
/// files cannot be written.
pub fn write(settings: &Settings, folder: &Path, name: &str) -> Result<PathBuf> {
    let mut simulation = Simulation::new(settings)?;
    let file = format!("{name}.dat");
    let signals = LEADS.map(|lead| Signal::millivolt(&file, Format::F212, GAIN, lead)).to_vec();
    let header = Header {
        name: name.to_owned(),
        frequency: settings.frequency,
        frames: None,
        start: None,
        signals: signals.clone(),
        comments: comments(settings),
    };
    let mut writer = Writer::create(folder, header)?;
    while let Some(leads) = simulation.read(PIECE) {
        let steps = |(signal, lead): (&Signal, &Vec<f32>)| {
            lead.iter().map(|&value| signal.sample(value)).collect()
        };
        writer.write(&signals.iter().zip(&leads).map(steps).collect::<Vec<Vec<i32>>>())?;
    }
    let path = writer.finish()?;
    simulation.annotations().write(&path.with_extension("atr"))?;
    Ok(path)
}

fn comments(settings: &Settings) -> Vec<String> {
    let Shares { ventricular, atrial, left_bundle, right_bundle } = settings.shares;
    let rhythm = match settings.rhythm {
        Rhythm::Sinus => "sinus rhythm",
        Rhythm::AtrialFibrillation => "atrial fibrillation",
    };
    let noise = &settings.noise;
    let muscle = noise.muscle.map_or("none".to_owned(), |decibel| format!("{decibel} dB"));
    vec![
        "simulated, not a person; model after McSharry et al. 2003".to_owned(),
        format!("seed {}, {rhythm}, spread {}", settings.seed, settings.spread),
        format!("asked shares: V {ventricular}, A {atrial}, L {left_bundle}, R {right_bundle}"),
        format!("asked share of normal beats with a planted change: {}", settings.changes),
        format!(
            "noise: wander {} mV, muscle {muscle}, powerline {} mV, dropouts {} an hour",
            noise.wander, noise.powerline, noise.dropouts
        ),
    ]
}
