//! Axes whose grid goes with the data, unlike that of a strip, which is always the same.

/// Smallest and largest finite value, unless all are alike or there are none.
pub(super) fn range(values: impl Iterator<Item = f64> + Clone) -> Option<[f64; 2]> {
    let finite = values.filter(|value| value.is_finite());
    let low = finite.clone().fold(f64::INFINITY, f64::min);
    let high = finite.fold(f64::NEG_INFINITY, f64::max);
    (low < high).then_some([low, high])
}

/// 1, 2 or 5 times a power of ten, four to nine of which make a length.
pub(super) fn round_step(length: f64) -> f64 {
    let power = 10f64.powf((length / 4.0).log10().floor());
    let steps = [5.0, 2.0].map(|times| times * power);
    steps.into_iter().find(|step| length / step >= 4.0).unwrap_or(power)
}

/// A range of values along a length of paper, with a bold line at each round step.
pub(super) struct Axis {
    values: [f64; 2],
    paper: [f64; 2],
    step: f64,
}

impl Axis {
    pub(super) fn new(values: [f64; 2], paper: [f64; 2]) -> Self {
        Self { values, paper, step: round_step(values[1] - values[0]) }
    }

    /// Where a value lies, mm.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = (value - self.values[0]) / (self.values[1] - self.values[0]);
        self.paper[0] + share * (self.paper[1] - self.paper[0])
    }

    /// Paper from one bold line to the next, mm.
    pub(super) fn step_width(&self) -> f64 {
        (self.at(self.step) - self.at(0.0)).abs()
    }

    /// Values of the bold lines, with their labels.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let [first, last] = self.values.map(|value| value / self.step);
        let decimals = (-self.step.log10().floor()).clamp(0.0, 9.0) as usize;
        // Ends that are whole steps are so only to rounding.
        let whole = (first - 1e-6).ceil() as i64..=(last + 1e-6).floor() as i64;
        let tick = |count: i64| {
            let value = count as f64 * self.step;
            (value, format!("{value:.decimals$}"))
        };
        whole.map(tick).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_and_make_at_least_four_of_a_length() {
        assert_eq!([700.0, 3.0, 4.0, 0.9].map(round_step), [100.0, 0.5, 1.0, 0.2]);
    }

    #[test]
    fn the_label_of_a_tick_tells_its_value() {
        let axis = Axis::new([-0.5, 1.5], [100.0, 20.0]);
        let labels: Vec<_> = axis.ticks().into_iter().map(|tick| tick.1).collect();
        assert_eq!(labels, ["-0.5", "0.0", "0.5", "1.0", "1.5"]);
        assert_eq!((axis.at(0.5), axis.step_width()), (60.0, 20.0));
    }
}
