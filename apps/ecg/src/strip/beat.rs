//! One beat in large: what was measured, what the model expected, and the nearest normal beat.

use super::axis::{Axis, range, round_step};
use super::paper::{self, Area, LINE, MARGIN, WARNING, identifier, letters_width, rounded};
use super::{heat, trace};

/// Size of the plot, mm: seven tenths of a second are some eight times as wide as on a strip.
const PLOT: [f64; 2] = [140.0, 80.0];
/// Paper left of the plot, for the numbers of its axis, mm.
const COLUMN: f64 = 16.0;
/// The band may widen the vertical axis by this share of what the lines take, at each end: a model
/// that knows nothing must not flatten the beat.
const BAND_SHARE: f64 = 0.25;

/// One beat's window.
#[derive(Clone, Copy, Debug, Default)]
pub struct BeatFigure<'a> {
    /// Begins the ids inside the SVG, so it must differ from that of every other drawing of a page.
    pub id: &'a str,
    /// Stands above the plot.
    pub title: &'a str,
    /// Stands below it; may be empty.
    pub footnote: &'a str,
    /// Frames a second of the window, Hz, above 0.
    pub frequency: f64,
    /// Where the R peak lies, frames from the first; may be between two.
    pub peak: f64,
    /// Unit of all values, such as `mV`.
    pub unit: &'a str,
    /// The beat; NaN where nothing was recorded.
    pub values: &'a [f32],
    /// What the model made of it.
    pub expected: Option<Expected<'a>>,
    /// A beat that is like it, and normal.
    pub neighbour: Option<Neighbour<'a>>,
    /// How far each frame lies from what was expected: 0 not at all, 1 the largest anomaly. Empty
    /// where nobody asked.
    pub heat: &'a [f32],
}

/// A distribution for each frame.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Mean, in the unit of the values.
    pub mean: &'a [f32],
    /// Standard deviation, in the same unit.
    pub deviation: &'a [f32],
}

/// The nearest normal beat.
#[derive(Clone, Copy, Debug)]
pub struct Neighbour<'a> {
    /// Frame by frame beside the beat.
    pub values: &'a [f32],
    /// Which it is, such as `0:12:31`; may be empty.
    pub label: &'a str,
}

impl BeatFigure<'_> {
    /// The figure as an SVG element that also stands alone as a file.
    pub fn svg(&self) -> String {
        let id = identifier(self.id);
        let width = MARGIN + COLUMN + PLOT[0] + MARGIN;
        let room = width - 2.0 * MARGIN;
        let (title, rows) = paper::lines("title", MARGIN, 7.0, room, self.title);
        let (legend, legend_end) = self.legend(7.0 + 6.0 * rows.max(1) as f64, width);
        let top = legend_end + 6.0;
        let plot = Area { left: MARGIN + COLUMN, top, width: PLOT[0], height: PLOT[1] };
        let x = self.time_axis(&plot);
        let y = self.value_axis(&plot);
        let mut svg = title + &legend;
        svg += &plot.grid(
            &format!("{id}-grid"),
            [x.step_width(), y.step_width()],
            [x.at(0.0), y.at(0.0)],
        );
        svg += &plot.clip(&format!("{id}-plot"));
        svg += &format!("<g clip-path=\"url(#{id}-plot)\">{}</g>", self.curves(&plot, &x, &y));
        svg += &self.labels(&plot, &x, &y);
        let mut bottom = plot.bottom() + 14.0;
        svg += &paper::text("warning", plot.right(), bottom, "end", WARNING);
        let (words, rows) =
            paper::lines("", MARGIN, bottom, room - letters_width(26, 2.8), self.footnote);
        bottom += LINE * rows.saturating_sub(1) as f64;
        paper::drawing(self.title, width, bottom + MARGIN, &(svg + &words))
    }

    /// Milliseconds about the R peak, from the first frame to the last.
    fn time_axis(&self, plot: &Area) -> Axis {
        let time = |frame: f64| 1000.0 * (frame - self.peak) / self.frequency;
        let last = self.values.len().saturating_sub(1).max(1) as f64;
        Axis::new([time(0.0), time(last)], [plot.left, plot.right()])
    }

    /// In whole steps around all lines and, within bounds, the band.
    fn value_axis(&self, plot: &Area) -> Axis {
        let expected = self.expected.as_ref();
        let mean = expected.map_or(&[][..], |expected| expected.mean);
        let neighbour = self.neighbour.as_ref().map_or(&[][..], |neighbour| neighbour.values);
        let lines = self.values.iter().chain(mean).chain(neighbour).map(|value| f64::from(*value));
        let [low, high] = range(lines).unwrap_or([-1.0, 1.0]);
        let edges = expected.map_or_else(Vec::new, |expected| {
            [2.0, -2.0].into_iter().flat_map(|times| edge(expected, times)).collect()
        });
        let [under, over] = range(edges.into_iter()).unwrap_or([low, high]);
        let most = BAND_SHARE * (high - low);
        let (low, high) = (low.min(under.max(low - most)), high.max(over.min(high + most)));
        let step = round_step(high - low);
        let ends = [(low / step - 0.1).floor() * step, (high / step + 0.1).ceil() * step];
        Axis::new(ends, [plot.bottom(), plot.top])
    }

    fn curves(&self, plot: &Area, x: &Axis, y: &Axis) -> String {
        let place = |frame: f64| x.at(1000.0 * (frame - self.peak) / self.frequency);
        let points = |values: &[f32]| -> Vec<(f64, f64)> {
            let values = (0..).zip(values).take(self.values.len());
            values.map(|(frame, v)| (place(f64::from(frame)), y.at(f64::from(*v)))).collect()
        };
        let line = |class: &str, values: &[f32]| {
            format!("<path class=\"trace {class}\" d=\"{}\"/>", trace::path(points(values)))
        };
        let mut svg = heat::bands(self.heat, place, plot);
        if let Some(expected) = &self.expected {
            let side = |times| {
                let edge: Vec<f32> = edge(expected, times).map(|value| value as f32).collect();
                points(&edge)
            };
            svg += &band(&side(2.0), &side(-2.0));
        }
        if let Some(neighbour) = &self.neighbour {
            svg += &line("neighbour", neighbour.values);
        }
        if let Some(expected) = &self.expected {
            svg += &line("expected", expected.mean);
        }
        svg + &line("large", self.values)
    }

    /// Numbers along both axes, and the R peak.
    fn labels(&self, plot: &Area, x: &Axis, y: &Axis) -> String {
        let mut svg = String::new();
        for (value, label) in x.ticks() {
            let at = x.at(value);
            let place = [rounded(at), rounded(plot.bottom())];
            svg += &format!("<path class=\"tick\" d=\"M{} {}v1.5\"/>", place[0], place[1]);
            svg += &paper::text("", at, plot.bottom() + 4.6, "middle", &label);
        }
        for (value, label) in y.ticks() {
            let at = y.at(value);
            let place = [rounded(plot.left - 1.5), rounded(at)];
            svg += &format!("<path class=\"tick\" d=\"M{} {}h1.5\"/>", place[0], place[1]);
            svg += &paper::text("", plot.left - 2.3, at + 1.0, "end", &label);
        }
        let middle = plot.left + plot.width / 2.0;
        svg += &paper::text("", middle, plot.bottom() + 9.2, "middle", "ms from the R peak");
        svg += &paper::text("lead", MARGIN, plot.top - 1.5, "start", self.unit);
        if (x.at(0.0) - middle).abs() <= plot.width / 2.0 {
            svg += &paper::text("lead", x.at(0.0), plot.top - 1.5, "middle", "R");
        }
        svg
    }

    /// What the lines and colours are, the first at `y`, and where the last of them lies.
    fn legend(&self, mut y: f64, width: f64) -> (String, f64) {
        let mut entries = vec![("<path class=\"trace large\" d=\"M0 0h7\"/>", "this beat".into())];
        if self.expected.is_some() {
            let swatch = "<path class=\"spread\" d=\"M0 -1.5h7v3h-7z\"/>\
                          <path class=\"trace expected\" d=\"M0 0h7\"/>";
            entries.push((swatch, "expected: mean ± 2 sd".into()));
        }
        if let Some(neighbour) = &self.neighbour {
            let label = format!("nearest normal beat {}", neighbour.label);
            let swatch = "<path class=\"trace neighbour\" d=\"M0 0h7\"/>";
            entries.push((swatch, label.trim_end().to_owned()));
        }
        let (mut svg, mut left) = (String::new(), MARGIN);
        for (swatch, label) in entries {
            let length = 14.0 + letters_width(label.chars().count(), 2.8);
            if left + length > width && left > MARGIN {
                (left, y) = (MARGIN, y + LINE + 1.0);
            }
            let place = [rounded(left), rounded(y - 1.0)];
            svg += &format!("<g transform=\"translate({} {})\">{swatch}</g>", place[0], place[1]);
            svg += &paper::text("", left + 8.5, y, "start", &label);
            left += length;
        }
        if !self.heat.is_empty() {
            y += LINE + 1.0;
            svg += &heat::key(MARGIN, y).0;
        }
        (svg, y)
    }
}

/// The mean and so many standard deviations.
fn edge<'a>(expected: &'a Expected, times: f64) -> impl Iterator<Item = f64> + use<'a> {
    let pairs = expected.mean.iter().zip(expected.deviation);
    pairs.map(move |(mean, deviation)| f64::from(*mean) + times * f64::from(*deviation))
}

/// The surface between two lines, where both are known.
fn band(over: &[(f64, f64)], under: &[(f64, f64)]) -> String {
    let pairs: Vec<[(f64, f64); 2]> =
        over.iter().zip(under).map(|(over, under)| [*over, *under]).collect();
    let unknown = |pair: &[(f64, f64); 2]| pair.iter().any(|point| !point.1.is_finite());
    let piece = |piece: &[[(f64, f64); 2]]| {
        let there = piece.iter().map(|pair| pair[0]);
        trace::path(there.chain(piece.iter().rev().map(|pair| pair[1]))) + "z"
    };
    let pieces = pairs.split(unknown).filter(|part| part.len() > 1).map(piece);
    format!("<path class=\"spread\" d=\"{}\"/>", pieces.collect::<String>())
}
