//! Axes: ranges of data to pixels, round ticks and their labels.

/// A range of data laid along a range of pixels.
#[derive(Clone, Debug)]
pub struct Axis {
    low: f64,
    high: f64,
    logarithmic: bool,
    from: f64,
    to: f64,
}

impl Axis {
    /// An axis over the finite `values`, from pixel `from` to pixel `to`. With `may_be_log` it is
    /// logarithmic where all values are positive and span more than two decades, as losses do.
    pub fn over(
        values: impl Iterator<Item = f64> + Clone,
        from: f64,
        to: f64,
        may_be_log: bool,
    ) -> Self {
        let finite = values.filter(|value| value.is_finite());
        let low = finite.clone().fold(f64::INFINITY, f64::min);
        let high = finite.fold(f64::NEG_INFINITY, f64::max);
        let logarithmic = may_be_log && low > 0.0 && high / low > 100.0;
        let (low, high) = match (low <= high, low < high) {
            (false, _) => (0.0, 1.0),
            // One value alone stands in the middle of its axis.
            (true, false) => (low - low.abs().max(1.0) * 0.5, high + low.abs().max(1.0) * 0.5),
            (true, true) => (low, high),
        };
        Self { low, high, logarithmic, from, to }
    }

    /// An axis from `low` to `high`, which is more, from pixel `from` to pixel `to`; a logarithmic one
    /// begins above 0.
    pub fn between(low: f64, high: f64, from: f64, to: f64, logarithmic: bool) -> Self {
        Self { low, high, logarithmic, from, to }
    }

    /// The same axis, its ends moved out by `share` of its length so that lines keep off the frame.
    pub fn padded(mut self, share: f64) -> Self {
        let margin = (self.to - self.from) * share;
        let (low, high) = (self.value_at(self.from - margin), self.value_at(self.to + margin));
        (self.low, self.high) = (low, high);
        self
    }

    /// Where `value` stands, in pixels.
    pub fn pixel(&self, value: f64) -> f64 {
        let along = |x: f64| if self.logarithmic { x.log10() } else { x };
        let share = (along(value) - along(self.low)) / (along(self.high) - along(self.low));
        self.from + share * (self.to - self.from)
    }

    fn value_at(&self, pixel: f64) -> f64 {
        let share = (pixel - self.from) / (self.to - self.from);
        if self.logarithmic {
            self.low * (self.high / self.low).powf(share)
        } else {
            self.low + share * (self.high - self.low)
        }
    }

    /// About `wanted` round values inside the axis with their labels.
    pub fn ticks(&self, wanted: usize) -> Vec<(f64, String)> {
        if self.logarithmic {
            return self.logarithmic_ticks();
        }
        let step = round_step((self.high - self.low) / wanted.max(1) as f64);
        // Counting in whole steps keeps the ticks round: 0.3, not 0.30000000000000004.
        let (first, last) = ((self.low / step).ceil() as i64, (self.high / step).floor() as i64);
        (first..=last)
            .map(|count| {
                let value = count as f64 * step;
                (value, label(value, step, self.low.abs().max(self.high.abs())))
            })
            .collect()
    }

    fn logarithmic_ticks(&self) -> Vec<(f64, String)> {
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        // 1, 2 and 5 of each decade, or the decades alone where they are many.
        let few = self.high / self.low <= 1e3;
        let digits: &[f64] = if few { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let values = (first..=last)
            .flat_map(|power| digits.iter().map(move |digit| digit * 10f64.powi(power)));
        let inside = values.filter(|value| (self.low..=self.high).contains(value));
        inside.map(|value| (value, label(value, value, value))).collect()
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `least`.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    // A hair of slack, so that a step of exactly 0.2 is not pushed to 0.5 by rounding.
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= least * 0.999_999);
    factor.unwrap_or(10.0) * power
}

/// `value` with the digits that tell it from its neighbours `step` away and the suffix that suits
/// the `size` of the axis: `0.25`, `1.5k`, `2e-5`.
fn label(value: f64, step: f64, size: f64) -> String {
    let (scale, suffix) = match size {
        _ if size >= 1e6 => (1e6, "M"),
        _ if size >= 1e4 => (1e3, "k"),
        _ => (1.0, ""),
    };
    if value == 0.0 {
        return "0".into();
    }
    if size < 1e-3 {
        return format!("{value:.0e}");
    }
    let decimals = (-(step / scale).log10().floor()).clamp(0.0, 6.0) as usize;
    format!("{:.decimals$}{suffix}", value / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, may_be_log: bool) -> Vec<String> {
        let axis = Axis::over([low, high].into_iter(), 0.0, 100.0, may_be_log);
        axis.ticks(5).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(labels(0.0, 1.0, false), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"].map(zero));
        assert_eq!(labels(-3.0, 4.2, false), ["-2", "0", "2", "4"]);
        assert_eq!(labels(0.0, 20_000.0, false), ["0", "5k", "10k", "15k", "20k"]);
        assert_eq!(labels(1.003, 1.009, false), ["1.004", "1.006", "1.008"]);
    }

    fn zero(label: &str) -> String {
        if label == "0.0" { "0".into() } else { label.into() }
    }

    #[test]
    fn positive_values_over_two_decades_get_a_logarithmic_axis() {
        let axis = Axis::over([0.1, 1000.0].into_iter(), 0.0, 400.0, true);
        assert!((axis.pixel(10.0) - 200.0).abs() < 1e-9);
        assert_eq!(labels(0.1, 1000.0, true), ["0.1", "1", "10", "100", "1000"]);
        let axis = Axis::over([0.0, 1000.0].into_iter(), 0.0, 400.0, true);
        assert!((axis.pixel(500.0) - 200.0).abs() < 1e-9, "zero has no logarithm");
    }

    #[test]
    fn one_value_and_no_value_still_give_an_axis() {
        let one = Axis::over([3.0].into_iter(), 0.0, 100.0, true);
        assert!((one.pixel(3.0) - 50.0).abs() < 1e-9);
        assert!(!Axis::over([f64::NAN].into_iter(), 0.0, 100.0, true).ticks(4).is_empty());
    }

    #[test]
    fn padding_moves_the_data_inward_by_its_share() {
        let axis = Axis::over([0.0, 10.0].into_iter(), 0.0, 100.0, false).padded(0.1);
        assert!(axis.pixel(0.0) > 5.0 && axis.pixel(10.0) < 95.0);
        assert!((axis.pixel(5.0) - 50.0).abs() < 1e-9);
    }
}
