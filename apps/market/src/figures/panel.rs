//! A frame with two axes, in which lines stand over a band.

use generativa::report::axis::Axis;

use super::sheet::{Area, between, dot, line, text};

/// A range of values along one side of a panel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub low: f64,
    pub high: f64,
    pub logarithmic: bool,
    /// About so many labels, where the axis is linear.
    pub labels: usize,
}

/// Two axes and what is drawn against them.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    pub title: String,
    /// Below the horizontal axis.
    pub across: String,
    pub x: Axis,
    pub y: Axis,
    pub area: Area,
    labels: [usize; 2],
}

impl Span {
    /// From the least to the greatest of the finite `values`, and a little beyond; from 0 to 1
    /// without any, and for logarithms of what is not above 0.
    pub(super) fn over(values: impl Iterator<Item = f64>, logarithmic: bool) -> Self {
        let usable = values.filter(|value| value.is_finite() && (!logarithmic || *value > 0.0));
        let [low, high] = usable.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
            [low.min(value), high.max(value)]
        });
        if low > high {
            let low = if logarithmic { 0.1 } else { 0.0 };
            return Self { low, high: 1.0, logarithmic, labels: 5 };
        }
        if logarithmic {
            let beyond = (high / low).powf(0.04).max(1.01);
            return Self { low: low / beyond, high: high * beyond, logarithmic, labels: 5 };
        }
        let beyond = if high > low { 0.05 * (high - low) } else { low.abs().max(1.0) * 0.5 };
        Self { low: low - beyond, high: high + beyond, logarithmic, labels: 5 }
    }
}

impl Panel {
    /// A panel whose frame is `area`.
    pub(super) fn new(title: &str, across: &str, area: Area, x: Span, y: Span) -> Self {
        let axis =
            |span: Span, from, to| Axis::between(span.low, span.high, from, to, span.logarithmic);
        Self {
            title: title.into(),
            across: across.into(),
            x: axis(x, area.left, area.right),
            y: axis(y, area.bottom, area.top),
            area,
            labels: [x.labels, y.labels],
        }
    }

    /// Title, rules and labels.
    pub(super) fn frame(&self) -> String {
        let Area { left, top, right, bottom } = self.area;
        let mut svg = text("title", [left, top - 14.0], "start", &self.title);
        for (value, label) in self.y.ticks(self.labels[1]) {
            let y = self.y.pixel(value);
            svg += &line("rule", [[left, y], [right, y]].into_iter());
            svg += &text("number", [left - 8.0, y + 4.5], "end", &label);
        }
        for (value, label) in self.x.ticks(self.labels[0]) {
            let x = self.x.pixel(value);
            svg += &line("rule", [[x, bottom], [x, bottom + 5.0]].into_iter());
            svg += &text("number", [x, bottom + 20.0], "middle", &label);
        }
        let middle = (left + right) / 2.0;
        svg + &text("", [middle, bottom + 40.0], "middle", &self.across)
    }

    /// A line across at a value.
    pub(super) fn level(&self, value: f64) -> String {
        let y = self.y.pixel(value);
        line("zero", [[self.area.left, y], [self.area.right, y]].into_iter())
    }

    /// A line through values.
    pub(super) fn line(&self, class: &str, points: &[[f64; 2]]) -> String {
        line(class, points.iter().map(|point| self.pixel(*point)))
    }

    /// A dot at a place.
    pub(super) fn dot(&self, class: &str, at: [f64; 2], radius: f64) -> String {
        dot(class, self.pixel(at), radius)
    }

    /// The area between two rows of values.
    pub(super) fn band(&self, low: &[[f64; 2]], high: &[[f64; 2]]) -> String {
        let pixels = |row: &[[f64; 2]]| -> Vec<[f64; 2]> {
            row.iter().map(|point| self.pixel(*point)).collect()
        };
        between(&pixels(low), &pixels(high))
    }

    fn pixel(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let Area { left, top, right, bottom } = self.area;
        // What lies beyond the frame rests on it.
        [self.x.pixel(x).clamp(left, right), self.y.pixel(y).clamp(top, bottom)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_holds_its_values_and_no_values_still_make_one() {
        let span = Span::over([3.0, f64::NAN, 1.0].into_iter(), false);
        assert!(span.low < 1.0 && span.high > 3.0);
        let span = Span::over([0.0, 0.5, 2.0].into_iter(), true);
        assert!(span.low > 0.0 && span.low < 0.5 && span.high > 2.0);
        assert!(Span::over([f64::NAN].into_iter(), true).low > 0.0);
    }
}
