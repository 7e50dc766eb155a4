//! What a recorder adds to the clean leads.

use std::f64::consts::{SQRT_2, TAU};
use std::ops::Range;

use generativa_random::Stream;

use super::Settings;
use super::curves::Curve;

/// The noise of a recording, frame after frame.
#[derive(Clone, Debug)]
pub(super) struct NoiseSource {
    frequency: f64,
    wander: Option<Wander>,
    muscle: Option<Muscle>,
    /// Amplitude in mV, and turns a frame.
    hum: [f64; 2],
    dropouts: Option<Dropouts>,
    /// The next frame.
    frame: u64,
}

impl NoiseSource {
    /// `power` is the variance of each clean lead, used for muscle noise alone.
    pub(super) fn new(settings: &Settings, power: [f64; 2]) -> Self {
        let (noise, frequency) = (&settings.noise, settings.frequency);
        let wander = (noise.wander > 0.0).then(|| Wander::new(settings));
        let muscle = noise.muscle.map(|decibel| {
            let ratio = libm::pow(10.0, -decibel / 10.0);
            Muscle::new(settings, power.map(|power| (power * ratio).sqrt()))
        });
        let dropouts = (noise.dropouts > 0.0).then(|| Dropouts::new(settings));
        let hum = [noise.powerline, noise.mains / frequency];
        Self { frequency, wander, muscle, hum, dropouts, frame: 0 }
    }

    /// Adds the noise of the next frames to both leads, mV.
    pub(super) fn add(&mut self, leads: &mut [Vec<f64>; 2]) {
        let frames = leads[0].len();
        if let Some(wander) = &mut self.wander {
            wander.add(leads, self.frequency);
        }
        if let Some(muscle) = &mut self.muscle {
            muscle.add(leads);
        }
        let [amplitude, turns] = self.hum;
        if amplitude > 0.0 {
            // A point on a circle, turned from frame to frame and set right once a block.
            let circle = |turn: f64| [libm::sin(TAU * turn), libm::cos(TAU * turn)];
            let [mut sin, mut cos] = circle(self.frame as f64 * turns % 1.0);
            let [turn_sin, turn_cos] = circle(turns);
            let [one, two] = leads;
            for (one, two) in one.iter_mut().zip(two) {
                *one += amplitude * sin;
                *two += amplitude * sin;
                (sin, cos) = (sin * turn_cos + cos * turn_sin, cos * turn_cos - sin * turn_sin);
            }
        }
        let end = self.frame + frames as u64;
        if let Some(dropouts) = &mut self.dropouts {
            for flat in dropouts.within(self.frame..end) {
                let begin = flat.start.max(self.frame) - self.frame;
                let flat = begin as usize..(flat.end.min(end) - self.frame) as usize;
                leads.iter_mut().for_each(|lead| lead[flat.clone()].fill(0.0));
            }
        }
        self.frame = end;
    }

    /// Whether a frame among those of the last [`add`](Self::add) lies in a dropout.
    pub(super) fn is_lost(&self, frame: u64) -> bool {
        let near = self.dropouts.iter().flat_map(|dropouts| &dropouts.near);
        near.into_iter().any(|flat| flat.contains(&frame))
    }
}

/// Baseline wander: the breath in both leads, and the electrodes of each.
#[derive(Clone, Debug)]
struct Wander {
    amplitude: f64,
    /// Of the breath, Hz.
    breath: f64,
    turn: f64,
    unsteady: Curve,
    electrodes: [Curve; 2],
    /// Frames of a straight piece, a twentieth of a second.
    step: usize,
    /// Frames left of the piece, each lead's value and what it gains a frame.
    left: usize,
    values: [f64; 2],
    gains: [f64; 2],
}

impl Wander {
    fn new(settings: &Settings) -> Self {
        let mut stream = Stream::named(settings.seed, "ecg breath");
        let curve = |index| Stream::item(settings.seed, "ecg electrodes", index);
        let mut wander = Self {
            amplitude: settings.noise.wander,
            breath: 0.2 + 0.1 * stream.uniform(),
            turn: stream.uniform(),
            unsteady: Curve::new(6.0, stream),
            electrodes: [0, 1].map(|lead| Curve::new(2.5, curve(lead))),
            step: libm::ceil(settings.frequency / 20.0) as usize,
            left: 0,
            values: [0.0; 2],
            gains: [0.0; 2],
        };
        // It begins somewhere, not at 0.
        wander.values = wander.aim(settings.frequency);
        wander
    }

    fn add(&mut self, leads: &mut [Vec<f64>; 2], frequency: f64) {
        for index in 0..leads[0].len() {
            if self.left == 0 {
                let aims = self.aim(frequency);
                let step = self.step as f64;
                self.gains = [0, 1].map(|lead| (aims[lead] - self.values[lead]) / step);
                self.left = self.step;
            }
            self.left -= 1;
            for (lead, (value, gain)) in
                leads.iter_mut().zip(self.values.iter_mut().zip(self.gains))
            {
                *value += gain;
                lead[index] += *value;
            }
        }
    }

    /// The value of each lead at the end of the next piece.
    fn aim(&mut self, frequency: f64) -> [f64; 2] {
        let seconds = self.step as f64 / frequency;
        self.turn = (self.turn + seconds * self.breath) % 1.0;
        let angle = TAU * self.turn + self.unsteady.advance(seconds);
        let breath = SQRT_2 * libm::sin(angle);
        // The squares of the two shares sum to 1.
        self.electrodes
            .each_mut()
            .map(|electrode| self.amplitude * (0.6 * breath + 0.8 * electrode.advance(seconds)))
    }
}

/// Muscle noise: white noise between 20 and 100 Hz, with the gentle edges of one pole each.
#[derive(Clone, Debug)]
struct Muscle {
    stream: Stream,
    /// How far the filters at the lower and the upper edge go to their input in a frame.
    edges: [f64; 2],
    /// What makes the noise of each lead as strong as asked, mV.
    scales: [f64; 2],
    /// Both filters of each lead.
    states: [[f64; 2]; 2],
}

impl Muscle {
    /// `deviations`: standard deviation in each lead, mV.
    fn new(settings: &Settings, deviations: [f64; 2]) -> Self {
        let edges = [20.0, 100.0].map(|edge| 1.0 - libm::exp(-TAU * edge / settings.frequency));
        // The power that the filters let through is that of their answer to a single one.
        let mut state = [0.0; 2];
        let frames = (settings.frequency / 2.0) as usize;
        let answer = (0..frames).map(|frame| filter(edges, &mut state, f64::from(frame == 0)));
        let gain = answer.map(|value| value * value).sum::<f64>().sqrt();
        // Two numbers of twelve bits have this deviation together.
        let drawn = ((4096.0 * 4096.0 - 1.0) / 6.0_f64).sqrt();
        let scales = deviations.map(|deviation| deviation / (gain * drawn));
        let stream = Stream::named(settings.seed, "ecg muscle");
        Self { stream, edges, scales, states: [[0.0; 2]; 2] }
    }

    fn add(&mut self, leads: &mut [Vec<f64>; 2]) {
        let [one, two] = leads;
        for (one, two) in one.iter_mut().zip(two) {
            // One word serves both leads; filtered, the sum of two even numbers is all but normal.
            let word = self.stream.below(1 << 48);
            let white = |shift: usize| {
                let low = (word >> shift & 0xfff) + (word >> (shift + 12) & 0xfff);
                low as f64 - 4095.0
            };
            *one += self.scales[0] * filter(self.edges, &mut self.states[0], white(0));
            *two += self.scales[1] * filter(self.edges, &mut self.states[1], white(24));
        }
    }
}

/// What is faster than the first edge and slower than the second.
fn filter(edges: [f64; 2], state: &mut [f64; 2], value: f64) -> f64 {
    state[0] += edges[0] * (value - state[0]);
    state[1] += edges[1] * (value - state[0] - state[1]);
    state[1]
}

/// Times at which the recorder gives nothing, without memory of each other.
#[derive(Clone, Debug)]
struct Dropouts {
    stream: Stream,
    frequency: f64,
    /// Mean time between them, s.
    apart: f64,
    /// When the next may begin, s.
    free: f64,
    /// Those that touch the last block and the one after them, in frames.
    near: Vec<Range<u64>>,
}

impl Dropouts {
    fn new(settings: &Settings) -> Self {
        let stream = Stream::named(settings.seed, "ecg dropouts");
        // Half a dropout either way is left out of the time between two: 3.5 s are its mean length.
        let apart = (3600.0 / settings.noise.dropouts - 3.5).max(0.5);
        Self { stream, frequency: settings.frequency, apart, free: 0.0, near: Vec::new() }
    }

    /// Those that touch the next block of frames.
    fn within(&mut self, block: Range<u64>) -> impl Iterator<Item = Range<u64>> {
        let Range { start, end } = block;
        self.near.retain(|flat| flat.end > start);
        while self.near.last().is_none_or(|last| last.start < end) {
            let begin = self.free - self.apart * libm::log(1.0 - self.stream.uniform());
            self.free = begin + 1.0 + 5.0 * self.stream.uniform();
            let frame = |seconds: f64| libm::round(seconds * self.frequency) as u64;
            self.near.push(frame(begin)..frame(self.free));
        }
        self.near.iter().filter(move |flat| flat.start < end).cloned()
    }
}
