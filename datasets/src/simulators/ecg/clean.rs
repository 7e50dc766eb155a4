//! The leads without noise, and where their R peaks are.

use std::collections::VecDeque;
use std::f64::consts::TAU;

use generativa_random::Stream;

use super::curves::Curve;
use super::heart::{Heart, Pulse};
use super::shape::{Shape, Strip};
use super::{Beat, Rhythm, Settings};

/// Seconds from R, on either side, within which every QRS lies.
const QRS: f64 = 0.2;

/// The sum of the waves of all beats, block by block.
#[derive(Clone, Debug)]
pub(super) struct Clean {
    heart: Heart,
    atria: Option<Fibrillation>,
    /// What has not been given: from the next frame to the end of the last T so far.
    strip: Strip,
    /// When the last beat was, s.
    last: f64,
    /// Beats whose R peak is not located yet.
    waiting: VecDeque<Pulse>,
    /// Those whose R peak is, in the order of their frames.
    located: VecDeque<Beat>,
}

impl Clean {
    /// `settings` must have passed their check.
    pub(super) fn new(settings: &Settings) -> Self {
        let heart = Heart::new(settings);
        let atria = (settings.rhythm == Rhythm::AtrialFibrillation).then(|| {
            let patient = heart.patient();
            let (rate, heights) = (patient.fibrillation, patient.fibrillation_heights);
            Fibrillation::new(settings, rate, heights)
        });
        let strip = Strip { frequency: settings.frequency, start: 0, leads: [vec![], vec![]] };
        let (waiting, located) = (VecDeque::new(), VecDeque::new());
        Self { heart, atria, strip, last: 0.0, waiting, located }
    }

    /// The next frames of both leads, mV, and the beats whose R peak is among them.
    pub(super) fn block(&mut self, frames: usize) -> ([Vec<f64>; 2], Vec<Beat>) {
        let frequency = self.strip.frequency;
        let end = self.strip.start + frames as i64;
        let seconds = end as f64 / frequency;
        // No later beat reaches into the block, or into a QRS that may begin in it.
        while self.last < seconds + Shape::BEFORE + 3.0 * QRS {
            let pulse = self.heart.beat();
            self.extend(pulse.at + Shape::AFTER);
            self.strip.add(&pulse.shape, pulse.at, 1.0);
            self.last = pulse.at;
            self.waiting.push_back(pulse);
        }
        // All around these is summed up now and will be cut off later.
        let near = self.waiting.partition_point(|pulse| pulse.at < seconds + QRS);
        for _ in 0..near {
            if let Some(pulse) = self.waiting.pop_front() {
                let frame = self.locate(&pulse);
                self.located.push_back(Beat { frame, ..pulse.beat });
            }
        }
        let within = self.located.partition_point(|beat| (beat.frame as i64) < end);
        let beats = self.located.drain(..within).collect();
        self.strip.start = end;
        (self.strip.leads.each_mut().map(|lead| lead.drain(..frames).collect()), beats)
    }

    /// Variance of each lead over the next `frames`.
    pub(super) fn power(mut self, frames: u64) -> [f64; 2] {
        let mut sums = [[0.0; 2]; 2];
        let mut left = frames;
        while left > 0 {
            let count = left.min(4096);
            for (lead, [sum, squares]) in self.block(count as usize).0.iter().zip(&mut sums) {
                *sum += lead.iter().sum::<f64>();
                *squares += lead.iter().map(|value| value * value).sum::<f64>();
            }
            left -= count;
        }
        let count = frames.max(1) as f64;
        sums.map(|[sum, squares]| (squares / count - (sum / count) * (sum / count)).max(0.0))
    }

    /// Lengthens the strip up to a time in s, by what the atria do all the while.
    fn extend(&mut self, until: f64) {
        let Strip { frequency, start, leads } = &mut self.strip;
        let end = libm::ceil(until * *frequency) as i64;
        let there = *start + leads[0].len() as i64;
        for _ in there..end {
            let values = self.atria.as_mut().map_or([0.0; 2], Fibrillation::next);
            for (lead, value) in leads.iter_mut().zip(values) {
                lead.push(value);
            }
        }
    }

    /// The frame within the QRS at which the first lead is furthest from 0.
    fn locate(&self, pulse: &Pulse) -> u64 {
        let Strip { frequency, start, leads } = &self.strip;
        let (begin, end) = pulse.shape.qrs();
        let frame = |seconds: f64| libm::round((pulse.at + seconds) * frequency) as i64;
        let height = |frame: i64| {
            let place = usize::try_from(frame - start).ok();
            place.and_then(|place| leads[0].get(place)).map_or(0.0, |value| value.abs())
        };
        let mut peak = frame(0.0);
        for candidate in frame(begin)..=frame(end) {
            if height(candidate) > height(peak) {
                peak = candidate;
            }
        }
        peak.max(0) as u64
    }
}

/// The waves of fibrillating atria: an unsteady frequency and its double.
#[derive(Clone, Debug)]
struct Fibrillation {
    /// Length of a frame, s.
    frame: f64,
    /// Hz.
    rate: f64,
    heights: [f64; 2],
    pace: Curve,
    size: Curve,
    /// Frames of a piece of one frequency, a twentieth of a second, and what is left of it.
    step: usize,
    left: usize,
    /// Turns at the end of the piece.
    phase: f64,
    /// Sine and cosine now, and those of the angle that a frame adds.
    point: [f64; 2],
    turn: [f64; 2],
    /// Share of the height now, and what a frame adds.
    share: f64,
    gain: f64,
}

impl Fibrillation {
    fn new(settings: &Settings, rate: f64, heights: [f64; 2]) -> Self {
        let stream = |name| Stream::named(settings.seed, name);
        Self {
            frame: 1.0 / settings.frequency,
            rate,
            heights,
            pace: Curve::new(0.6, stream("ecg fibrillation pace")),
            size: Curve::new(0.5, stream("ecg fibrillation size")),
            step: libm::ceil(settings.frequency / 20.0) as usize,
            left: 0,
            phase: 0.0,
            point: [0.0, 1.0],
            turn: [0.0, 1.0],
            share: 1.0,
            gain: 0.0,
        }
    }

    /// The next frame, mV.
    fn next(&mut self) -> [f64; 2] {
        if self.left == 0 {
            self.turn_to_next();
        }
        self.left -= 1;
        let ([sin, cos], [turn_sin, turn_cos]) = (self.point, self.turn);
        // The double frequency leads by 0.8: its sine and cosine follow from those of the single.
        let double = [2.0 * sin * cos, cos * cos - sin * sin];
        let wave = sin + 0.4 * (0.6967 * double[0] + 0.7174 * double[1]);
        self.point = [sin * turn_cos + cos * turn_sin, cos * turn_cos - sin * turn_sin];
        self.share += self.gain;
        self.heights.map(|height| height * self.share * wave)
    }

    fn turn_to_next(&mut self) {
        let seconds = self.step as f64 * self.frame;
        let rate = (self.rate + 0.6 * self.pace.advance(seconds)).clamp(4.0, 8.0);
        let circle = |turns: f64| [libm::sin(TAU * turns), libm::cos(TAU * turns)];
        self.point = circle(self.phase);
        self.turn = circle(rate * self.frame);
        self.phase = (self.phase + rate * seconds) % 1.0;
        let aim = (1.0 + 0.3 * self.size.advance(seconds)).max(0.2);
        self.gain = (aim - self.share) / self.step as f64;
        self.left = self.step;
    }
}
