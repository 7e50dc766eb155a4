//! A beat as it is scored: its values, and what is known of it from those around it.

use serde::{Deserialize, Serialize};

use crate::cutter::{self, Window};
use crate::own::{Compared, OwnBeats};

/// What is scored: a beat's values, and what is known of it from those around it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Beat {
    /// As many as the model was made for.
    pub values: Vec<f32>,
    /// How it stands among its neighbours in time: how early it is, as the logarithm of the RR
    /// interval before it over the usual one where that is below 0. A beat that is late says
    /// nothing of itself: one before it was early. And how irregular the intervals around it are
    /// says more of the other beats.
    pub rhythm: Option<Vec<f32>>,
    /// The logarithm of its squared distance from the patient's usual beat, over the usual
    /// distance, see [`OwnBeats`].
    pub own: Option<f32>,
    /// How far each value is above that of the patient's usual beat, in deviations that are usual
    /// there. Not kept in files: it shows where a beat is odd, and no score needs it.
    #[serde(skip)]
    pub deviations: Option<Vec<f32>>,
}

/// A wide QRS begins so many seconds before its R peak.
const QRS: f64 = 0.12;

impl Beat {
    /// Values of which nothing else is known.
    pub fn alone(values: Vec<f32>) -> Self {
        Self { values, rhythm: None, own: None, deviations: None }
    }

    /// The next beats of a recording, compared with the patient's own.
    pub fn of(cut: &[cutter::Beat], window: &Window, own: &mut OwnBeats) -> Vec<Self> {
        let mut values: Vec<Vec<f32>> = cut.iter().map(|beat| beat.values.clone()).collect();
        let end = |beat: &cutter::Beat| {
            let next = beat.next.filter(|next| next - QRS < window.after);
            next.map_or(window.samples, |next| window.place(next - QRS))
        };
        let ends: Vec<usize> = cut.iter().map(end).collect();
        let compared = own.compare(&mut values, &ends);
        let beats = cut.iter().zip(values).zip(compared);
        let beat = |((beat, values), own): ((&cutter::Beat, Vec<f32>), Option<Compared>)| {
            let times = beat.rhythm.map(|times| vec![times.before.min(0.0)]);
            let (own, deviations) = own.map(|own| (own.distance, own.deviations)).unzip();
            Self { values, rhythm: times, own, deviations }
        };
        beats.map(beat).collect()
    }
}

/// At most `count` of `beats`, evenly spread over them.
pub(crate) fn spread(beats: &[Beat], count: usize) -> Vec<Beat> {
    let count = count.min(beats.len());
    (0..count).map(|place| beats[place * beats.len() / count].clone()).collect()
}

/// The values of beats after a Gaussian of this standard deviation, which sees them mirrored at
/// their ends.
pub(crate) fn smoothed(beats: &[Beat], deviation: f64) -> Vec<Vec<f32>> {
    let values = beats.iter().map(|beat| beat.values.clone());
    if deviation <= 0.0 {
        return values.collect();
    }
    // Beyond four deviations lies nothing.
    let reach = (4.0 * deviation).ceil() as usize;
    let weight = |offset: usize| (-(offset as f64 / deviation).powi(2) / 2.0).exp();
    let sum = weight(0) + 2.0 * (1..=reach).map(weight).sum::<f64>();
    let weights: Vec<f32> = (0..=reach).map(|offset| (weight(offset) / sum) as f32).collect();
    values.map(|values| smooth(&values, &weights)).collect()
}

/// `weights`: that of the value itself, then those of its neighbours to either side.
fn smooth(values: &[f32], weights: &[f32]) -> Vec<f32> {
    let (count, reach) = (values.len(), weights.len() - 1);
    let period = 2 * count;
    let mirrored = |place: usize| {
        // `place` counts from `reach` before the first value.
        let place = (place + period * reach - reach) % period;
        if place < count { values[place] } else { values[period - 1 - place] }
    };
    let wide: Vec<f32> = (0..count + 2 * reach).map(mirrored).collect();
    let sum = |window: &[f32]| {
        let pairs = (1..=reach).map(|k| weights[k] * (window[reach - k] + window[reach + k]));
        weights[0] * window[reach] + pairs.sum::<f32>()
    };
    wide.windows(2 * reach + 1).map(sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beat(values: &[f32]) -> Beat {
        Beat::alone(values.to_vec())
    }

    #[test]
    fn smoothing_keeps_a_level_and_spreads_a_spike_by_its_deviation() {
        let level = smoothed(&[beat(&[3.0; 5])], 2.0);
        assert!(level[0].iter().all(|x| (x - 3.0).abs() < 1e-6), "{level:?}");
        let mut spike = [0.0; 41];
        spike[20] = 1.0;
        let found = &smoothed(&[beat(&spike)], 2.0)[0];
        let moment = |power| {
            let terms = found.iter().enumerate();
            terms.map(|(place, x)| x * (place as f32 - 20.0).powi(power)).sum::<f32>()
        };
        assert!((moment(0) - 1.0).abs() < 1e-5 && (moment(2) - 4.0).abs() < 0.02, "{}", moment(2));
        assert_eq!(smoothed(&[beat(&spike)], 0.0)[0], spike);
    }

    #[test]
    fn a_beat_is_mirrored_at_its_ends() {
        let found = &smoothed(&[beat(&[1.0, 0.0, 0.0])], 0.5)[0];
        let weight = |k: i32| (-f64::from(k * k) * 2.0).exp();
        let sum = weight(0) + 2.0 * (weight(1) + weight(2));
        // The first value, and its image just outside.
        assert!((f64::from(found[0]) - (weight(0) + weight(1)) / sum).abs() < 1e-6, "{found:?}");
    }
}
