//! Electrocardiograms as they are printed: 25 mm/s and 10 mm/mV on millimetre paper, as SVG. A
//! [`Strip`] shows leads below each other with the marks of their beats, a [`BeatFigure`] one
//! beat in large; behind both stands, as colour, how far each frame lies from what was expected.

mod axis;
mod beat;
mod heat;
mod marks;
mod paper;
mod trace;

pub use beat::{BeatFigure, Expected, Neighbour};
pub use marks::Mark;

use paper::{Area, BOX, GAIN, LINE, MARGIN, SPEED, WARNING, identifier, rounded};

/// Paper left of the signal, for the name of the lead and its calibration pulse, mm.
const COLUMN: f64 = 15.0;
/// Narrowest grid that leaves room for the words below it, mm.
const NARROWEST: f64 = 110.0;
/// Least and most paper above the zero line of a lead, mm: the name of the lead stands above the
/// 10 mm of its pulse, and one spike must not push the other leads off the page.
const ABOVE: [f64; 2] = [15.0, 30.0];
/// The same below it.
const BELOW: [f64; 2] = [10.0, 25.0];

/// Leads of one recording over the same stretch of time.
#[derive(Clone, Debug, Default)]
pub struct Strip<'a> {
    /// Begins the ids inside the SVG, so it must differ from that of every other drawing of a page.
    pub id: &'a str,
    /// Stands above the paper.
    pub title: &'a str,
    /// Stands below it; may be empty.
    pub footnote: &'a str,
    /// Frames a second, Hz, above 0.
    pub frequency: f64,
    /// Second of the recording at which the first frame lies, at least 0.
    pub start: f64,
    /// Lowest and highest frequency that the leads were filtered to, Hz; `None`: unfiltered.
    pub band: Option<[f64; 2]>,
    /// From top to bottom.
    pub leads: Vec<Lead<'a>>,
    /// Stand above the first lead.
    pub marks: Vec<Mark<'a>>,
}

/// What one pair of electrodes saw.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lead<'a> {
    /// Such as `MLII`.
    pub name: &'a str,
    /// mV, a frame each; NaN where nothing was recorded.
    pub samples: &'a [f32],
    /// How far each frame lies from what was expected: 0 not at all, 1 the largest anomaly. Empty
    /// where nobody asked.
    pub heat: &'a [f32],
}

impl Strip<'_> {
    /// The strip in its true size as an SVG element that also stands alone as a file.
    pub fn svg(&self) -> String {
        let layout = Layout::of(self);
        let grid = &layout.grid;
        let id = identifier(self.id);
        let (title, _) = paper::lines("title", grid.left, 7.0, grid.width, self.title);
        let mut svg = title;
        svg += &grid.grid(&format!("{id}-grid"), [BOX, BOX], [grid.left, grid.top]);
        let x = |frame: f64| layout.x(frame);
        for (index, (lead, lane)) in self.leads.iter().zip(&layout.lanes).enumerate() {
            svg += &lane.svg(lead, self.frequency, &format!("{id}-lane-{index}"), x);
        }
        let strip = Area { height: layout.marks, ..layout.signal };
        svg += &marks::svg(&self.marks, layout.frames, x, &strip);
        svg += &self.clock(&layout);
        let (footer, bottom) = self.footer(grid);
        paper::drawing(self.title, grid.right() + MARGIN, bottom + MARGIN, &(svg + &footer))
    }

    /// A tick and the time at every whole second.
    fn clock(&self, layout: &Layout) -> String {
        let bottom = layout.grid.bottom();
        let mut svg = String::new();
        let seconds = layout.frames as f64 / layout.frequency;
        for second in self.start.ceil() as u64..=(self.start + seconds).floor() as u64 {
            let x = layout.signal.left + SPEED * (second as f64 - self.start);
            svg += &format!("<path class=\"tick\" d=\"M{} {}v1.5\"/>", rounded(x), rounded(bottom));
            let (hours, minutes) = (second / 3600, second / 60 % 60);
            let time = format!("{hours}:{minutes:02}:{:02}", second % 60);
            svg += &paper::text("", x, bottom + 4.6, "middle", &time);
        }
        svg
    }

    /// Scale, warning, colours and footnote below the grid, and where they end.
    fn footer(&self, grid: &Area) -> (String, f64) {
        let band = self.band.map_or("unfiltered".into(), |[low, high]| format!("{low}-{high} Hz"));
        let mut y = grid.bottom() + 10.5;
        let scale = format!("{SPEED} mm/s  {GAIN} mm/mV  {band}");
        let mut svg = paper::text("", grid.left, y, "start", &scale);
        svg += &paper::text("warning", grid.right(), y, "end", WARNING);
        if self.leads.iter().any(|lead| !lead.heat.is_empty()) {
            y += LINE + 1.0;
            svg += &heat::key(grid.left, y).0;
        }
        let (words, rows) = paper::lines("", grid.left, y + LINE + 1.0, grid.width, self.footnote);
        y += if rows == 0 { 0.0 } else { 1.0 + LINE * rows as f64 };
        (svg + &words, y)
    }
}

/// Where everything lies, mm.
struct Layout {
    grid: Area,
    /// From the first frame to the last, over the height of the grid.
    signal: Area,
    /// Height of the marks.
    marks: f64,
    lanes: Vec<Lane>,
    /// Frames of the longest lead.
    frames: usize,
    frequency: f64,
}

impl Layout {
    fn of(strip: &Strip) -> Self {
        let frames = strip.leads.iter().map(|lead| lead.samples.len()).max().unwrap_or(0);
        let length = frames as f64 / strip.frequency * SPEED;
        // So far right that whole seconds of the recording fall on bold lines.
        let column = COLUMN + (strip.start * SPEED).rem_euclid(BOX);
        let width = boxes(column + length).max(NARROWEST);
        let (_, rows) = paper::lines("title", MARGIN, 0.0, width, strip.title);
        let top = BOX * (1.0 + rows.max(1) as f64);
        let marks = if strip.marks.is_empty() { BOX } else { 2.0 * BOX };
        let mut bottom = top + marks;
        let lane = |lead: &Lead| {
            let lane = Lane::of(lead, MARGIN, bottom, column, width);
            bottom = lane.area.bottom();
            lane
        };
        let lanes: Vec<Lane> = strip.leads.iter().map(lane).collect();
        let grid = Area { left: MARGIN, top, width, height: bottom - top };
        let signal = Area { left: MARGIN + column, width: length, ..grid };
        Self { grid, signal, marks, lanes, frames, frequency: strip.frequency }
    }

    fn x(&self, frame: f64) -> f64 {
        self.signal.left + SPEED * frame / self.frequency
    }
}

/// The paper of one lead.
struct Lane {
    area: Area,
    /// Where 0 mV lies.
    zero: f64,
    /// Width of what stands left of the signal.
    column: f64,
}

impl Lane {
    /// As high as its lead needs, within bounds, and in whole boxes.
    fn of(lead: &Lead, left: f64, top: f64, column: f64, width: f64) -> Self {
        let finite = || lead.samples.iter().filter(|value| value.is_finite());
        let highest = finite().fold(0.0, |most: f32, value| most.max(*value));
        let lowest = finite().fold(0.0, |least: f32, value| least.min(*value));
        let reach =
            |value: f32, [least, most]: [f64; 2]| boxes(GAIN * f64::from(value)).clamp(least, most);
        let (above, below) = (reach(highest, ABOVE), reach(-lowest, BELOW));
        let area = Area { left, top, width, height: above + below };
        Self { area, zero: top + above, column }
    }

    /// Colour, calibration pulse, name and trace.
    fn svg(&self, lead: &Lead, frequency: f64, name: &str, x: impl Fn(f64) -> f64) -> String {
        let left = self.area.left;
        let paper = Area { left: left + self.column, ..self.area };
        let paper = Area { width: self.area.right() - paper.left, ..paper };
        let points = trace::thinned(lead.samples, frequency).into_iter();
        let points = points.map(|(frame, mv)| (x(frame as f64), self.zero - GAIN * f64::from(mv)));
        format!(
            "{}<path class=\"trace pulse\" d=\"M{} {}h2.5v-{GAIN}h{}v{GAIN}h2.5\"/>{}{}\
             <g clip-path=\"url(#{name})\"><path class=\"trace\" d=\"{}\"/></g>",
            heat::bands(lead.heat, &x, &self.area),
            rounded(left + 2.5),
            rounded(self.zero),
            rounded(0.2 * SPEED),
            paper::text("lead", left + 2.5, self.zero - GAIN - 1.3, "start", lead.name),
            paper.clip(name),
            trace::path(points)
        )
    }
}

/// The least number of large boxes that hold a length, as a length.
fn boxes(length: f64) -> f64 {
    (length / BOX).ceil() * BOX
}

#[cfg(test)]
mod tests;
