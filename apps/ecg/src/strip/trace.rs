//! A signal as the data of an SVG path.

use std::fmt::Write;

/// Above this many frames a second, Hz, a trace shows only the least and the largest of each group:
/// on paper its frames lie closer than the line is wide.
const FINE: f64 = 500.0;
/// Farther away than this, mm, a point is off any paper.
const FAR: f64 = 10_000.0;

/// The frames to draw, each with its value. A missing value is NaN and stays.
pub(super) fn thinned(samples: &[f32], frequency: f64) -> Vec<(usize, f32)> {
    let all = |start: usize, group: &[f32]| -> Vec<(usize, f32)> {
        (start..).zip(group.iter().copied()).collect()
    };
    if frequency <= FINE {
        return all(0, samples);
    }
    let size = (2.0 * frequency / FINE).ceil() as usize;
    let group = |(index, group): (usize, &[f32])| {
        let frames = all(index * size, group);
        if group.len() <= 2 || group.iter().any(|value| value.is_nan()) {
            return frames;
        }
        let by_value = |a: &&(usize, f32), b: &&(usize, f32)| a.1.total_cmp(&b.1);
        let (low, high) = (frames.iter().min_by(by_value), frames.iter().max_by(by_value));
        let mut ends: Vec<_> = low.into_iter().chain(high).copied().collect();
        ends.sort_by_key(|end| end.0);
        ends
    };
    samples.chunks(size).enumerate().flat_map(group).collect()
}

/// A line through points in mm, to the hundredth. A point that is not finite leaves a gap; points
/// on the way straight ahead are left out.
pub(super) fn path(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut path = Path::default();
    for (x, y) in points {
        if x.is_finite() && y.is_finite() {
            // In whole hundredths, so that differences do not add up to a drift.
            let whole = |length: f64| (length.clamp(-FAR, FAR) * 100.0).round() as i64;
            path.to([whole(x), whole(y)]);
        } else {
            path.lift();
        }
    }
    path.lift();
    path.data
}

/// A path under way, in hundredths of a mm.
#[derive(Default)]
struct Path {
    data: String,
    /// Where the pen is.
    pen: Option<[i64; 2]>,
    /// From where the pen is known to have come straight, not yet written.
    ahead: [i64; 2],
    /// Whether a line has been written since the pen was put down.
    drawn: bool,
}

impl Path {
    fn to(&mut self, point: [i64; 2]) {
        let Some(pen) = self.pen.replace(point) else {
            self.data += &format!("M{} {}", hundredths(point[0]), hundredths(point[1]));
            return;
        };
        let [x, y] = [point[0] - pen[0], point[1] - pen[1]];
        let [before_x, before_y] = self.ahead;
        let straight = x * before_y == y * before_x && x * before_x + y * before_y >= 0;
        if !straight {
            self.write();
        }
        self.ahead = [self.ahead[0] + x, self.ahead[1] + y];
    }

    /// Writes what lies straight ahead.
    fn write(&mut self) {
        let [x, y] = std::mem::take(&mut self.ahead);
        if [x, y] != [0, 0] {
            // Writing to a string cannot fail.
            let _ = write!(self.data, "l{} {}", hundredths(x), hundredths(y));
            self.drawn = true;
        }
    }

    fn lift(&mut self) {
        self.write();
        if self.pen.take().is_some() && !self.drawn {
            // A line of no length shows as a round dot.
            self.data += "h0";
        }
        self.drawn = false;
    }
}

fn hundredths(length: i64) -> String {
    format!("{}", length as f64 / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_value_breaks_the_path_and_a_lone_one_is_a_dot() {
        let points = [(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 2.0), (4.0, f64::NAN)];
        assert_eq!(path(points), "M0 1l1 1M3 2h0");
    }

    #[test]
    fn what_goes_straight_on_needs_one_line() {
        let flat = path((0..1000).map(|i| (f64::from(i) * 0.0694, 3.0)));
        assert_eq!(flat, "M0 3l69.33 0");
        assert_eq!(path([(0.0, 0.0), (0.0, 2.0), (0.0, 1.0)]), "M0 0l0 2l0 -1");
    }

    #[test]
    fn rounding_does_not_add_up_along_the_path() {
        let points: Vec<_> = (0..3000).map(|i| (f64::from(i) / 7.0, f64::from(i % 2))).collect();
        let data = path(points);
        let x: f64 = data[1..]
            .split('l')
            .filter_map(|step| step.split(' ').next()?.parse::<f64>().ok())
            .sum();
        assert!((x - 2999.0 / 7.0).abs() < 0.006, "{x}");
    }

    #[test]
    fn a_spike_of_one_frame_outlives_the_thinning() {
        let mut samples = vec![0.0f32; 4000];
        samples[1234] = 2.0;
        samples[3000] = f32::NAN;
        let thin = thinned(&samples, 4000.0);
        assert!(thin.len() <= 550, "{}", thin.len());
        assert!(thin.contains(&(1234, 2.0)));
        assert!(thin.iter().any(|(frame, value)| *frame == 3000 && value.is_nan()));
        assert_eq!(thinned(&samples, 360.0).len(), 4000);
    }
}
