//! What is usual for a patient, learned while a recording comes in, without labels.
//!
//! A model of many people finds every beat of somebody unlike them odd. So the parts of a score
//! that speak of shape are counted from the patient's own median, in the patient's own spread.

use generativa::metrics::quantile::median;

use crate::score::{Part, Parts};

/// Beats that show what is usual: a minute, few enough to follow a heart that changes.
pub(crate) const BLOCK: usize = 64;
/// Fewer show nothing usual.
pub(crate) const FEWEST: usize = 8;
/// The parts that speak of shape alone.
const SHAPE: [Part; 5] =
    [Part::Residual, Part::Likelihood, Part::Latent, Part::Plane, Part::Template];
/// The standard deviation of a normal over its median absolute deviation.
const DEVIATIONS: f64 = 1.4826;
/// The least spread of a part: beats that are all alike do not make a hair odd.
const LEAST: f64 = 0.05;

/// The median and the spread of each part of a patient's beats.
type Usual = [(f64, f64); SHAPE.len()];

/// Counts parts from what is usual for a patient.
///
/// Each block of 64 beats is counted from the medians of the block before it, the first from its
/// own. Odd beats do not move a median while they are fewer than the others.
#[derive(Clone, Debug, Default)]
pub struct Adaptation {
    usual: Option<Usual>,
    block: Vec<Parts>,
}

impl Adaptation {
    /// The parts of the next beats, those of shape counted from the patient's median in units of
    /// the patient's spread. Too few beats to tell are taken as they are usual.
    ///
    /// The first beats of a recording should come together, as a cutter gives them.
    pub fn adapt(&mut self, parts: Vec<Parts>) -> Vec<Parts> {
        let first = usual(&parts[..parts.len().min(BLOCK)]);
        let mut adapted = Vec::with_capacity(parts.len());
        for mut own in parts {
            if self.usual.is_none() && self.block.is_empty() {
                self.usual = first;
            }
            self.block.push(own);
            for (place, part) in SHAPE.into_iter().enumerate() {
                let counted = self.usual.as_ref().zip(own[part as usize]);
                own[part as usize] = counted.map(|(usual, value)| {
                    let (middle, spread) = usual[place];
                    (value - middle) / spread
                });
            }
            adapted.push(own);
            if self.block.len() == BLOCK {
                self.usual = usual(&self.block).or(self.usual.take());
                self.block.clear();
            }
        }
        adapted
    }
}

fn usual(parts: &[Parts]) -> Option<Usual> {
    (parts.len() >= FEWEST).then(|| {
        SHAPE.map(|part| {
            let values: Vec<f64> = parts.iter().filter_map(|parts| parts[part as usize]).collect();
            let middle = median(&values);
            let off: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
            (middle, (DEVIATIONS * median(&off)).max(LEAST))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use generativa_random::Stream;

    fn parts(count: usize) -> Vec<Parts> {
        let mut stream = Stream::named(1, "adapt");
        let one = |_| {
            let value = Some(40.0 + 3.0 * stream.normal());
            [value, value, value, value, value, Some(0.5), None]
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn a_patient_unlike_others_is_usual_for_itself_and_its_odd_beats_are_not() {
        let mut all = parts(400);
        for odd in (20..400).step_by(20) {
            all[odd][Part::Template as usize] = Some(70.0);
        }
        let adapted = Adaptation::default().adapt(all);
        let of = |odd: bool| {
            let own = (0..400).filter(move |place| (place % 20 == 0 && *place > 0) == odd);
            own.map(|place| adapted[place][Part::Template as usize].expect("it is known"))
        };
        // Ten deviations off, with the error of a median absolute deviation.
        assert!(of(true).all(|off| (6.0..15.0).contains(&off)));
        assert!(of(false).all(|off| off.abs() < 5.0));
        assert!(of(false).sum::<f64>().abs() / 381.0 < 0.3);
    }

    #[test]
    fn parts_that_are_not_of_shape_stay_and_too_few_beats_say_nothing_of_shape() {
        let adapted = Adaptation::default().adapt(parts(7));
        assert!(adapted.iter().all(|parts| parts[Part::Own as usize] == Some(0.5)));
        assert!(adapted.iter().all(|parts| parts[Part::Plane as usize].is_none()));
    }

    #[test]
    fn the_pieces_after_the_first_do_not_matter() {
        let all = parts(300);
        let mut pieces = Adaptation::default();
        let first = pieces.adapt(all[..70].to_vec());
        let rest = all[70..].chunks(7).flat_map(|piece| pieces.adapt(piece.to_vec()));
        assert_eq!([first, rest.collect()].concat(), Adaptation::default().adapt(all));
    }
}
