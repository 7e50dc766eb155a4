//! Beats, one after the other.

use generativa_random::Stream;

use super::patient::{Patient, Wandering};
use super::planted::{self, difference};
use super::rhythm::{Interval, Tachogram};
use super::shape::Shape;
use super::traits::Traits;
use super::{Beat, Change, Kind, Planted, Settings, Shares};

/// A heart between two beats.
#[derive(Clone, Debug)]
pub(super) struct Heart {
    settings: Settings,
    patient: Patient,
    wandering: Wandering,
    tachogram: Tachogram,
    /// Beats so far.
    count: u64,
    /// The interval that leads to the next beat.
    interval: Interval,
    /// When the beat before was due and when the next is, s. What is planted moves neither, so that
    /// all other beats are as they would be without it.
    due: [f64; 2],
    before: Option<Pulse>,
}

/// A beat and its curve.
#[derive(Clone, Debug)]
pub(super) struct Pulse {
    /// When R is, s.
    pub(super) at: f64,
    /// Its curve.
    pub(super) shape: Shape,
    /// What is true of it, but for its frame.
    pub(super) beat: Beat,
}

impl Heart {
    /// `settings` must have passed their check.
    pub(super) fn new(settings: &Settings) -> Self {
        let patient = Patient::draw(settings);
        let wandering = Wandering::new(settings.seed);
        let mut tachogram = Tachogram::new(settings, &patient);
        let measures = wandering.measures(&patient, settings.spread);
        let interval = tachogram.next(0.0, measures.heart_rate);
        let due = [0.0, interval.seconds];
        let settings = settings.clone();
        Self { settings, patient, wandering, tachogram, count: 0, interval, due, before: None }
    }

    /// The patient.
    pub(super) fn patient(&self) -> &Patient {
        &self.patient
    }

    /// The next beat.
    pub(super) fn beat(&mut self) -> Pulse {
        let settings = &self.settings;
        let mut stream = Stream::item(settings.seed, "ecg beat", self.count);
        let kind = draw_kind(&settings.shares, &mut stream);
        let interval = self.interval;
        let measures = self.wandering.measures(&self.patient, settings.spread);
        let form = (kind, settings.rhythm);
        let variability = settings.between_beats;
        let traits =
            Traits::draw(form, &self.patient, measures, interval, variability, &mut stream);

        // When it comes, and when the next is due.
        let rr = interval.seconds;
        let [last, sinus] = self.due;
        let early = |share: f64| last + (share * rr).clamp(0.26, 0.9 * rr);
        let at = match kind {
            Kind::Ventricular => early(0.55 + 0.15 * stream.uniform()),
            Kind::Atrial => early(0.6 + 0.15 * stream.uniform()),
            Kind::Normal | Kind::LeftBundle | Kind::RightBundle => sinus,
        };
        self.wandering.advance(rr);
        self.interval = self.tachogram.next(rr, measures.heart_rate);
        let next = match kind {
            // The sinus node keeps its time, and its next beat finds the ventricles at rest.
            Kind::Ventricular => last + 2.0 * rr,
            _ => at + self.interval.seconds,
        };
        self.due = [at, next];

        let pulse = self.finish(kind, traits, at);
        self.count += 1;
        self.before = Some(pulse.clone());
        pulse
    }

    /// The beat, with a change if one falls on it and can be seen.
    fn finish(&self, kind: Kind, traits: Traits, at: f64) -> Pulse {
        let usual = Shape::new(kind, &self.patient, &traits);
        let mut stream = Stream::item(self.settings.seed, "ecg change", self.count);
        if kind == Kind::Normal
            && stream.chance(self.settings.changes)
            && let Some(planted) = self.plant(&traits, &usual, at, &mut stream)
        {
            return planted;
        }
        self.pulse(kind, traits, usual, at, None)
    }

    /// A normal beat with a change; `None` if no frame differs visibly.
    fn plant(&self, traits: &Traits, usual: &Shape, at: f64, stream: &mut Stream) -> Option<Pulse> {
        // A beat comes early against a usual one, and only where there is time for it.
        let before = self.before.as_ref().filter(|before| {
            let usual = before.beat.kind == Kind::Normal && before.beat.change.is_none();
            usual && traits.pr.is_some() && at - before.at > 0.45
        });
        let change = planted::draw(traits.pr.is_some(), before.is_some(), stream);
        let frequency = self.settings.frequency;
        let (traits, shape, moved, frames) = if let (Change::Early, Some(before)) = (change, before)
        {
            // Its P falls on the T before it, or close behind. It moves by whole frames, so that
            // its own waves are sampled alike.
            let soon = before.shape.t_peak() + 0.14 + 0.1 * stream.uniform();
            let wished = before.at + soon.clamp(0.3, 0.75 * (at - before.at));
            let earlier = libm::ceil((at - wished) * frequency) / frequency;
            let seen = (&before.shape, before.at);
            let otherwise = (&before.shape, before.at - earlier);
            let from = before.at + before.shape.qrs().1;
            let frames = difference(seen, otherwise, from, frequency);
            (traits.clone(), usual.clone(), at - earlier, frames)
        } else {
            let changed = traits.changed(change, stream);
            let shape = Shape::new(Kind::Normal, &self.patient, &changed);
            let frames = difference((&shape, at), (usual, at), at - Shape::BEFORE, frequency);
            (changed, shape, at, frames)
        };
        let planted = Planted { change, frames: frames? };
        Some(self.pulse(Kind::Normal, traits, shape, moved, Some(planted)))
    }

    fn pulse(
        &self,
        kind: Kind,
        traits: Traits,
        shape: Shape,
        at: f64,
        change: Option<Planted>,
    ) -> Pulse {
        let rr = at - self.before.as_ref().map_or(0.0, |before| before.at);
        let Traits { qrs_width, st_level, t_amplitude, pr, .. } = traits;
        let beat =
            Beat { frame: 0, kind, change, rr, qrs_width, st_level, t_amplitude, pr, lost: false };
        Pulse { at, shape, beat }
    }
}

fn draw_kind(shares: &Shares, stream: &mut Stream) -> Kind {
    let Shares { ventricular, atrial, left_bundle, right_bundle } = *shares;
    let others = [ventricular, atrial, left_bundle, right_bundle];
    let normal = (1.0 - others.iter().sum::<f64>()).max(0.0);
    let weights = [normal, ventricular, atrial, left_bundle, right_bundle];
    Kind::ALL[stream.weighted(&weights)]
}
