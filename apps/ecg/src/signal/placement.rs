//! Where in a QRS complex its R peak is, or what else deflects most there.

use super::fir::Fir;
use super::lead::Lead;

/// A complex reaches so far from the middle of its energy, s: half of the widest, 180 ms.
const REACH: f64 = 0.09;
/// The band in which deflections are compared, Hz: without the ST segment, which may stand higher
/// than the R peak.
const BAND: (f64, f64) = (5.0, 40.0);
/// Taps to either side, s.
const BAND_REACH: f64 = 0.1;
/// The band in which a peak is where annotators see it, Hz at most.
const FINE: f64 = 40.0;
/// Taps to either side, s.
const FINE_REACH: f64 = 0.04;
/// The two differ by less, s.
const SHIFT: f64 = 0.02;
/// The deflection of the usual direction is taken unless the other one is so many times larger:
/// where R and S are equal, noise must not choose.
const OTHERWISE: f32 = 1.3;
/// How much a beat tells about the usual direction.
const NEWS: f32 = 0.1;

/// Places peaks in leads of one frequency.
#[derive(Clone, Debug)]
pub(super) struct Placement {
    frequency: f64,
    band: Fir,
    fine: Fir,
}

/// The largest deflections of a complex.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Complex {
    /// Frame and height, mV, of the largest deflection upwards and downwards.
    pub(super) sides: [(i64, f32); 2],
    /// The steepest slope, mV/s.
    pub(super) slope: f32,
}

impl Placement {
    pub(super) fn new(frequency: f64) -> Self {
        Self {
            frequency,
            band: Fir::band_pass(frequency, BAND.0, BAND.1, BAND_REACH),
            fine: Fir::low_pass(frequency, FINE, FINE_REACH),
        }
    }

    /// Looks for the deflections around a frame.
    pub(super) fn complex(&self, lead: &Lead, middle: u64) -> Complex {
        let (reach, middle) = ((REACH * self.frequency) as i64, middle as i64);
        let shape = around(&self.band, lead, middle - reach, middle + reach + 1);
        let steep = shape.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        let sides = [1.0, -1.0].map(|sign| {
            let top = largest(&shape, sign);
            let shift = (SHIFT * self.frequency) as i64;
            let from = middle - reach + top as i64 - shift;
            let fine = around(&self.fine, lead, from, from + 2 * shift + 1);
            (from + largest(&fine, sign) as i64, sign * shape[top])
        });
        Complex { sides, slope: steep * self.frequency as f32 }
    }
}

/// Frames from `from` to before `to`, filtered.
fn around(filter: &Fir, lead: &Lead, from: i64, to: i64) -> Vec<f32> {
    let (reach, mut filtered) = (filter.reach() as i64, Vec::new());
    filter.apply(&lead.samples(from - reach, to + reach), &mut filtered);
    filtered
}

/// The place of the largest value, or for `sign` -1 of the smallest; the middle one of equals,
/// since a clipped peak is as wide as it is flat.
fn largest(values: &[f32], sign: f32) -> usize {
    let top = values.iter().map(|value| sign * value).fold(f32::NEG_INFINITY, f32::max);
    let is_top = |value: &f32| sign * value == top;
    let first = values.iter().position(is_top).unwrap_or(0);
    (first + values.iter().rposition(is_top).unwrap_or(0)) / 2
}

/// The direction of most beats in a lead.
#[derive(Clone, Debug, Default)]
pub(super) struct Direction {
    /// From -1, downwards, to 1, upwards.
    lean: f32,
}

impl Direction {
    /// The frame of a beat's main deflection.
    pub(super) fn main(&mut self, complex: &Complex) -> i64 {
        let [up, down] = complex.sides;
        let news = (up.1 - down.1) / (up.1.abs() + down.1.abs()).max(f32::MIN_POSITIVE);
        self.lean = if self.lean == 0.0 { news } else { self.lean + NEWS * (news - self.lean) };
        let (usual, other) = if self.lean >= 0.0 { (up, down) } else { (down, up) };
        if other.1 > OTHERWISE * usual.1 { other.0 } else { usual.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_deflections_do_not_change_places_and_a_clear_one_does() {
        let complex = |up: f32, down: f32| Complex { sides: [(10, up), (20, down)], slope: 1.0 };
        let mut direction = Direction::default();
        let beats = [(1.0, 0.9), (0.9, 1.0), (0.3, 1.0), (0.9, 1.0), (1.0, 0.9)];
        let found = beats.map(|(up, down)| direction.main(&complex(up, down)));
        assert_eq!(found[..3], [10, 10, 20]);
        assert_eq!(found[3], found[4]);
    }

    #[test]
    fn the_top_of_a_plateau_is_its_middle() {
        assert_eq!(largest(&[0.0, 2.0, 2.0, 2.0, 1.0], 1.0), 2);
        assert_eq!(largest(&[0.0, 2.0, -3.0], -1.0), 2);
    }
}
