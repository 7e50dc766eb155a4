//! A recording, some frames at a time.

use std::collections::VecDeque;

use super::clean::Clean;
use super::noise::NoiseSource;
use super::{Beat, Settings};
use crate::Result;
use crate::wfdb::{Annotation, Annotations};

/// Frames that are made at once: half a minute's waves fit in the cache.
const BLOCK: usize = 4096;

/// A recording that is being made.
#[derive(Clone, Debug)]
pub struct Simulation {
    settings: Settings,
    clean: Clean,
    noise: NoiseSource,
    /// Samples that were made and not given, mV.
    samples: [VecDeque<f32>; 2],
    /// Beats that were made and whose frame was not given.
    made: VecDeque<Beat>,
    /// Beats whose frame was given.
    beats: Vec<Beat>,
    /// Frames given.
    given: u64,
}

impl Simulation {
    /// Begins a recording. With muscle noise the clean leads are made once in advance, for their
    /// power; that takes a fraction of the time of the recording itself.
    ///
    /// Fails as [`Settings::check`] does.
    pub fn new(settings: &Settings) -> Result<Self> {
        settings.check()?;
        let clean = Clean::new(settings);
        let heard = settings.noise.muscle.is_some();
        let power = if heard { clean.clone().power(settings.frames()) } else { [0.0; 2] };
        Ok(Self {
            settings: settings.clone(),
            clean,
            noise: NoiseSource::new(settings, power),
            samples: Default::default(),
            made: VecDeque::new(),
            beats: Vec::new(),
            given: 0,
        })
    }

    /// What was asked for.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// At most `frames` of the next frames, at least one: the samples of each of
    /// [`LEADS`](super::LEADS) in mV. `None` after the last. They are the same in pieces of any
    /// size.
    pub fn read(&mut self, frames: usize) -> Option<Vec<Vec<f32>>> {
        let left = self.settings.frames() - self.given;
        let frames = frames.max(1).min(usize::try_from(left).unwrap_or(usize::MAX));
        if frames == 0 {
            return None;
        }
        while self.samples[0].len() < frames {
            self.make();
        }
        self.given += frames as u64;
        let given = self.made.partition_point(|beat| beat.frame < self.given);
        self.beats.extend(self.made.drain(..given));
        Some(self.samples.iter_mut().map(|lead| lead.drain(..frames).collect()).collect())
    }

    /// The beats whose R peak is among the frames given so far, without those that were taken.
    pub fn beats(&self) -> &[Beat] {
        &self.beats
    }

    /// Takes these beats, so that a recording of any length needs no more memory than its pieces.
    pub fn take_beats(&mut self) -> Vec<Beat> {
        std::mem::take(&mut self.beats)
    }

    /// The beginning of the rhythm and a mark for each of [`beats`](Self::beats).
    pub fn annotations(&self) -> Annotations {
        let all = std::iter::once(self.rhythm()).chain(self.beats.iter().map(Beat::annotation));
        Annotations { frequency: None, all: all.collect() }
    }

    /// The mark of the rhythm, at the first frame.
    pub(super) fn rhythm(&self) -> Annotation {
        Annotation { text: self.settings.rhythm.text().to_owned(), ..Annotation::new(0, b'+') }
    }

    fn make(&mut self) {
        let (mut leads, beats) = self.clean.block(BLOCK);
        self.noise.add(&mut leads);
        let noise = &self.noise;
        self.made
            .extend(beats.into_iter().map(|beat| Beat { lost: noise.is_lost(beat.frame), ..beat }));
        for (samples, lead) in self.samples.iter_mut().zip(leads) {
            samples.extend(lead.into_iter().map(|value| value as f32));
        }
    }
}
