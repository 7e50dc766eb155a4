//! Sound in WAVE files, as some recorders keep signals: every channel a lead, in parts of full scale.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavReader};

use super::leads::{Lead, choose};
use super::{About, Options, Piece, damaged, frames_at_once, name_of, unreadable};
use crate::{Error, Result};

pub(super) struct Source {
    path: PathBuf,
    reader: WavReader<BufReader<File>>,
    kept: Vec<usize>,
    /// Frames read, of how many.
    done: u32,
    frames: u32,
}

pub(super) fn open(path: &Path, options: &Options) -> Result<(About, Source)> {
    let file = File::open(path).map_err(|source| unreadable(path, source))?;
    let reader = WavReader::new(BufReader::new(file))
        .map_err(|error| wrong(path, error, "the header of a WAVE file"))?;
    let spec = reader.spec();
    let known = match spec.sample_format {
        SampleFormat::Int => matches!(spec.bits_per_sample, 16 | 24 | 32),
        SampleFormat::Float => spec.bits_per_sample == 32,
    };
    if !known {
        return Err(Error::Unsuited {
            path: path.to_owned(),
            expected: "whole numbers of 16, 24 or 32 bits or floats of 32".to_owned(),
            found: format!("{:?} of {} bits", spec.sample_format, spec.bits_per_sample),
            remedy: "convert the sound to one of these".to_owned(),
        });
    }
    let frequency = f64::from(spec.sample_rate);
    let channels: Vec<(String, f64)> =
        (1..=spec.channels).map(|channel| (format!("channel {channel}"), frequency)).collect();
    let choice = choose(path, &channels, &options.leads)?;
    let unit = "full scale";
    let lead = |&channel: &usize| Lead {
        name: channels[channel].0.clone(),
        unit: unit.to_owned(),
        calibrated: false,
    };
    let frames = reader.duration();
    let about = About {
        name: name_of(path),
        frequency,
        frames: Some(frames.into()),
        start: None,
        leads: choice.kept.iter().map(lead).collect(),
        left_out: choice.left_out,
    };
    Ok((about, Source { path: path.to_owned(), reader, kept: choice.kept, done: 0, frames }))
}

impl Source {
    pub(super) fn next(&mut self) -> Result<Option<Piece>> {
        let channels = usize::from(self.reader.spec().channels);
        let frames = frames_at_once(channels).min((self.frames - self.done) as usize);
        if frames == 0 {
            return Ok(None);
        }
        let samples = self.samples(frames * channels)?;
        self.done += frames as u32;
        let lead = |&kept: &usize| samples.iter().skip(kept).step_by(channels).copied().collect();
        Ok(Some(self.kept.iter().map(lead).collect()))
    }

    /// So many samples of all channels in turn, whole numbers in −1..1.
    fn samples(&mut self, count: usize) -> Result<Vec<f32>> {
        let spec = self.reader.spec();
        let scale = 0.5f64.powi(i32::from(spec.bits_per_sample) - 1);
        let mut samples = Vec::with_capacity(count);
        let mut take = |sample: hound::Result<f32>, path: &Path, first: u64| {
            let here = first + samples.len() as u64 / u64::from(spec.channels.max(1));
            let expected = || format!("frame {here} of {}", self.frames);
            samples.push(sample.map_err(|error| wrong(path, error, &expected()))?);
            Ok::<(), Error>(())
        };
        let first = u64::from(self.done);
        match spec.sample_format {
            SampleFormat::Int => {
                for sample in self.reader.samples::<i32>().take(count) {
                    take(sample.map(|whole| (f64::from(whole) * scale) as f32), &self.path, first)?;
                }
            }
            SampleFormat::Float => {
                for sample in self.reader.samples::<f32>().take(count) {
                    take(sample, &self.path, first)?;
                }
            }
        }
        Ok(samples)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let mut own = formatter.debug_struct("Source");
        own.field("path", &self.path)
            .field("done", &self.done)
            .field("frames", &self.frames)
            .finish_non_exhaustive()
    }
}

/// What hound says, as an error of this file.
fn wrong(path: &Path, error: hound::Error, expected: &str) -> Error {
    let found = match error {
        // So hound calls the end of a file.
        hound::Error::IoError(source)
            if matches!(source.kind(), ErrorKind::Other | ErrorKind::UnexpectedEof) =>
        {
            "the end".to_owned()
        }
        hound::Error::IoError(source) => return unreadable(path, source),
        other => other.to_string(),
    };
    damaged(path, expected.to_owned(), found)
}
