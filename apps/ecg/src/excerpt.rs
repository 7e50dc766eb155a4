//! Stretches of a recording that is too long to be held: read again, and filtered as beats are.

use std::ops::Range;
use std::path::Path;

use anyhow::Result;
use generativa_datasets::recording::{Options, Recording};

use crate::signal::bandpass::BandPass;

/// Seconds on either side of a stretch that its filter sees.
const MARGIN: f64 = 3.0;
/// Frames that are read at once.
const PIECE: usize = 1 << 14;

/// Samples of each lead as they were read, mV.
type RawLeads = Vec<Vec<f32>>;

/// Frames of all leads from 0.5 to 40 Hz.
#[derive(Clone, Debug, PartialEq)]
pub struct Excerpt {
    /// The first frame, from that of the recording.
    pub first: u64,
    /// Samples of each lead in mV.
    pub leads: Vec<Vec<f32>>,
}

/// The stretches of a recording, each cut off at its ends. Reads no further than the last of them.
///
/// # Errors
/// As [`Recording`].
pub fn excerpts(path: &Path, options: &Options, stretches: &[Range<u64>]) -> Result<Vec<Excerpt>> {
    let mut recording = Recording::open_with(path, options)?;
    let (frequency, count) = (recording.frequency(), recording.leads().len());
    let margin = (MARGIN * frequency) as u64;
    let wide = |stretch: &Range<u64>| stretch.start.saturating_sub(margin)..stretch.end + margin;
    let wide: Vec<Range<u64>> = stretches.iter().map(wide).collect();
    let end = wide.iter().map(|stretch| stretch.end).max().unwrap_or(0);
    let mut raw = vec![vec![Vec::new(); count]; stretches.len()];
    let mut at = 0u64;
    while at < end {
        let Some(piece) = recording.read(PIECE)? else { break };
        let frames = piece[0].len() as u64;
        for (wide, raw) in wide.iter().zip(&mut raw) {
            let from = wide.start.clamp(at, at + frames) - at;
            let to = wide.end.clamp(at, at + frames) - at;
            for (raw, lead) in raw.iter_mut().zip(&piece) {
                raw.extend_from_slice(&lead[from as usize..to as usize]);
            }
        }
        at += frames;
    }
    let filtered = |(stretch, (wide, raw)): (&Range<u64>, (&Range<u64>, RawLeads))| {
        let leads = raw.iter().map(|lead| {
            let mut band = BandPass::new(frequency);
            let mut samples = band.push(lead);
            samples.extend(band.finish());
            let from = ((stretch.start - wide.start) as usize).min(samples.len());
            let to = ((stretch.end - wide.start) as usize).min(samples.len());
            // What is missing stays missing.
            let own = samples[from..to].iter().zip(&lead[from..to]);
            own.map(|(&value, raw)| if raw.is_nan() { f32::NAN } else { value }).collect()
        });
        Excerpt { first: stretch.start, leads: leads.collect() }
    };
    Ok(stretches.iter().zip(wide.iter().zip(raw)).map(filtered).collect())
}

#[cfg(test)]
mod tests {
    use generativa_datasets::simulators::ecg::{Settings, write};

    use super::*;

    #[test]
    fn an_excerpt_is_what_the_whole_recording_has_there() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = write(&Settings::clean(3, 60.0), folder.path(), "a")?;
        let options = Options::default();
        let all = 0..21_600;
        let whole = excerpts(&path, &options, std::slice::from_ref(&all))?.swap_remove(0);
        let found = excerpts(&path, &options, &[9_000..10_000, 21_000..30_000, 100..200])?;
        assert_eq!(found[1].leads[0].len(), 600);
        for excerpt in &found {
            for (part, lead) in excerpt.leads.iter().zip(&whole.leads) {
                let own = &lead[excerpt.first as usize..][..part.len()];
                assert!(part.iter().zip(own).all(|(a, b)| (a - b).abs() < 2e-3));
            }
        }
        Ok(())
    }
}
