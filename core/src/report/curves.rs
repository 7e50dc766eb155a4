//! Line charts as SVG, from what a run logged. They follow the reader's light or dark setting.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::axis::Axis;
use super::markup::escape;

/// A named line.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What the line shows.
    pub name: String,
    /// `(step, value)` in order of the step; a value that is not finite leaves a gap.
    pub points: Vec<(f64, f64)>,
}

/// Lines that share their axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Stands above the frame.
    pub title: String,
    /// Stands below the horizontal axis.
    pub x_label: String,
    /// Drawn in order, the first below the others.
    pub series: Vec<Series>,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 18.0;
const TOP: f64 = 38.0;
const BOTTOM: f64 = 46.0;
const LEGEND_ROW: f64 = 20.0;
/// More points than this are drawn as their mean within a band from least to largest: about two
/// pixels each, the finest that a reader can tell apart.
const BUCKETS: usize = 280;
/// Colours that people with any common colour vision tell apart (Okabe & Ito 2008), adjusted for
/// contrast on white and on dark grey.
const STYLE: &str = "\
.chart{--ink:#22262e;--soft:#6b7280;--rule:#e3e6eb;--c0:#0b6fb8;--c1:#c8501a;--c2:#0a8f6a;\
--c3:#b0497f;--c4:#8a6d00;--c5:#2f9bc9;--c6:#6b4fc0;--c7:#5c6470;\
font-family:system-ui,-apple-system,'Segoe UI',sans-serif;font-size:13px}\
@media(prefers-color-scheme:dark){.chart{--ink:#e8eaf0;--soft:#9aa3b2;--rule:#333a46;\
--c0:#6ab7f5;--c1:#f59a62;--c2:#4fd1a5;--c3:#ea92bd;--c4:#e2c34d;--c5:#8adcf5;--c6:#b5a3fa;\
--c7:#b9c0cc}}\
.chart text{fill:var(--soft)}.chart .title{fill:var(--ink);font-size:15px;font-weight:600}\
.chart .name{fill:var(--ink)}.chart .rule{stroke:var(--rule)}\
.chart .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}\
.chart .band{stroke:none;opacity:.18}";

/// Reads what a run logged, one series for each name in order of appearance. Where a step stands
/// there twice, the later line counts; a last line that a kill cut short is passed over.
///
/// # Errors
/// A file that cannot be read, or a line before the last that is no record; the message names it.
pub fn read_log(path: &Path) -> Result<Vec<Series>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let last = text.lines().count();
    let mut names: Vec<String> = Vec::new();
    let mut values: BTreeMap<String, BTreeMap<u64, f64>> = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let record: serde_json::Map<String, serde_json::Value> = match serde_json::from_str(line) {
            Ok(record) => record,
            Err(_) if number == last && !text.ends_with('\n') => break,
            Err(error) => {
                return Err(error).with_context(|| format!("{} line {number}", path.display()));
            }
        };
        let step = record.get("step").and_then(serde_json::Value::as_u64).with_context(|| {
            format!("{} line {number}: `step` is missing or no whole number", path.display())
        })?;
        for (name, value) in record.iter().filter(|(name, _)| *name != "step") {
            // NaN and infinities are null in JSON.
            let number = if value.is_null() { Some(f64::NAN) } else { value.as_f64() };
            let Some(number) = number else { continue };
            if !names.contains(name) {
                names.push(name.clone());
            }
            values.entry(name.clone()).or_default().insert(step, number);
        }
    }
    let series = names.into_iter().map(|name| {
        let points = values.remove(&name).unwrap_or_default();
        let points = points.into_iter().map(|(step, value)| (step as f64, value)).collect();
        Series { name, points }
    });
    Ok(series.collect())
}

/// Charts of one run or of several, each given with its name. One run: names that share what
/// stands before a `/` share a chart. Several: a chart for each name, a line for each run.
pub fn charts(runs: &[(String, Vec<Series>)]) -> Vec<Chart> {
    let mut charts: Vec<Chart> = Vec::new();
    for (run, series) in runs {
        for line in series {
            let (group, rest) = line.name.split_once('/').unwrap_or((&line.name, &line.name));
            let (title, name) = if runs.len() > 1 { (&*line.name, &**run) } else { (group, rest) };
            let line = Series { name: name.into(), points: line.points.clone() };
            match charts.iter_mut().find(|chart| chart.title == title) {
                Some(chart) => chart.series.push(line),
                None => charts.push(Chart {
                    title: title.into(),
                    x_label: "step".into(),
                    series: vec![line],
                }),
            }
        }
    }
    charts
}

impl Chart {
    /// The chart as an SVG element that also stands alone as a file.
    pub fn svg(&self) -> String {
        let legend = self.legend();
        let top = TOP + legend.rows as f64 * LEGEND_ROW;
        let height = HEIGHT + legend.rows as f64 * LEGEND_ROW;
        let points = || self.series.iter().flat_map(|series| &series.points);
        let finite = || points().filter(|(_, value)| value.is_finite());
        let x = Axis::over(finite().map(|point| point.0), LEFT, WIDTH - RIGHT, false);
        let y = Axis::over(finite().map(|point| point.1), height - BOTTOM, top, true).padded(0.05);
        let title = escape(&self.title);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" \
             aria-label=\"{title}\" viewBox=\"0 0 {WIDTH} {height}\"><style>{STYLE}</style>\
             <text class=\"title\" x=\"{LEFT}\" y=\"22\">{title}</text>{}",
            legend.svg
        );
        svg += &frame(&x, &y, top, height);
        svg += &format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            (LEFT + WIDTH - RIGHT) / 2.0,
            height - 10.0,
            escape(&self.x_label)
        );
        for (index, series) in self.series.iter().enumerate() {
            svg += &lines(series, &x, &y, &stroke(index));
        }
        if finite().next().is_none() {
            svg += &format!(
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">no values yet</text>",
                (LEFT + WIDTH - RIGHT) / 2.0,
                (top + height - BOTTOM) / 2.0
            );
        }
        svg + "</svg>"
    }

    /// Names of the lines in rows above the frame; none where one line carries the title's name.
    fn legend(&self) -> Legend {
        let mut legend = Legend { svg: String::new(), rows: 0 };
        if self.series.len() < 2 && self.series.iter().all(|series| series.name == self.title) {
            return legend;
        }
        let (mut left, mut row) = (LEFT, 0);
        for (index, series) in self.series.iter().enumerate() {
            // Letters of a proportional face at 13 px are some 7.5 px wide at most, on average.
            let width = 34.0 + 7.5 * series.name.chars().count() as f64;
            if left + width > WIDTH - RIGHT && left > LEFT {
                (left, row) = (LEFT, row + 1);
            }
            let y = TOP + 6.0 + row as f64 * LEGEND_ROW;
            legend.svg += &format!(
                "<path class=\"line\" {} d=\"M{left:.1} {:.1}h18\"/>\
                 <text class=\"name\" x=\"{:.1}\" y=\"{y:.1}\">{}</text>",
                stroke(index),
                y - 4.0,
                left + 24.0,
                escape(&series.name)
            );
            left += width;
        }
        legend.rows = row + 1;
        legend
    }
}

struct Legend {
    svg: String,
    rows: usize,
}

/// Colour of a line, and dashes once the colours are used up.
fn stroke(index: usize) -> String {
    let dashes = ["", " stroke-dasharray=\"6 4\"", " stroke-dasharray=\"1 4\""][index / 8 % 3];
    format!("stroke=\"var(--c{})\"{dashes}", index % 8)
}

/// Rules and labels of both axes.
fn frame(x: &Axis, y: &Axis, top: f64, height: f64) -> String {
    let (bottom, right) = (height - BOTTOM, WIDTH - RIGHT);
    let mut svg = String::new();
    for (value, label) in y.ticks(5) {
        let at = y.pixel(value);
        svg += &format!(
            "<path class=\"rule\" d=\"M{LEFT} {at:.1}H{right}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            LEFT - 8.0,
            at + 4.0
        );
    }
    for (value, label) in x.ticks(6) {
        let at = x.pixel(value);
        svg += &format!(
            "<path class=\"rule\" d=\"M{at:.1} {top:.1}V{:.1}\"/>\
             <text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
            bottom + 5.0,
            bottom + 19.0
        );
    }
    svg
}

/// A series as connected pieces: the mean, and the band around it where points were gathered.
fn lines(series: &Series, x: &Axis, y: &Axis, stroke: &str) -> String {
    let mut svg = String::new();
    for piece in series.points.split(|(_, value)| !value.is_finite()).filter(|p| !p.is_empty()) {
        let gathered = gather(piece);
        let mut path = String::new();
        for (index, point) in gathered.iter().enumerate() {
            let letter = if index == 0 { 'M' } else { 'L' };
            // Writing to a string cannot fail.
            let _ = write!(path, "{letter}{:.1} {:.1}", x.pixel(point.step), y.pixel(point.mean));
        }
        if gathered.len() < piece.len() {
            let corner =
                |step: f64, value: f64| format!("{:.1} {:.1}", x.pixel(step), y.pixel(value));
            let over = gathered.iter().map(|point| corner(point.step, point.high));
            let back = gathered.iter().rev().map(|point| corner(point.step, point.low));
            let corners: Vec<String> = over.chain(back).collect();
            let fill = stroke.replacen("stroke=", "fill=", 1);
            svg += &format!("<path class=\"band\" {fill} d=\"M{}Z\"/>", corners.join("L"));
        }
        if gathered.len() == 1 {
            // A line of no length shows as a round dot.
            path += "h0";
        }
        svg += &format!("<path class=\"line\" {stroke} d=\"{path}\"/>");
    }
    svg
}

struct Gathered {
    step: f64,
    low: f64,
    mean: f64,
    high: f64,
}

fn gather(points: &[(f64, f64)]) -> Vec<Gathered> {
    let size = points.len().div_ceil(BUCKETS).max(1);
    let bucket = |bucket: &[(f64, f64)]| {
        let mean_of = |part: fn(&(f64, f64)) -> f64| {
            bucket.iter().map(part).sum::<f64>() / bucket.len() as f64
        };
        let values = bucket.iter().map(|point| point.1);
        Gathered {
            step: mean_of(|point| point.0),
            low: values.clone().fold(f64::INFINITY, f64::min),
            mean: mean_of(|point| point.1),
            high: values.fold(f64::NEG_INFINITY, f64::max),
        }
    };
    points.chunks(size).map(bucket).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<(f64, f64)>) -> Chart {
        let series = vec![Series { name: "loss".into(), points }];
        Chart { title: "loss".into(), x_label: "step".into(), series }
    }

    #[test]
    fn a_log_gives_one_series_a_name_and_the_later_line_of_a_step() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("metrics.jsonl");
        let log = "{\"step\":1,\"kl\":5.0}\n{\"step\":2,\"kl\":null,\"loss\":9}\n\
                   {\"step\":1,\"kl\":4.5}\n{\"step\":3,\"k";
        fs::write(&path, log)?;
        let series = read_log(&path)?;
        assert_eq!(series[0].name, "kl");
        assert_eq!(series[0].points[0], (1.0, 4.5));
        assert!(series[0].points[1].1.is_nan());
        assert_eq!(series[1], Series { name: "loss".into(), points: vec![(2.0, 9.0)] });
        Ok(())
    }

    #[test]
    fn a_broken_line_inside_a_log_is_named() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("metrics.jsonl");
        for log in ["{\"step\":1}\nnonsense\n{\"step\":2}\n", "{\"step\":1}\n{\"loss\":1}\n"] {
            fs::write(&path, log)?;
            let message = read_log(&path).err().map_or(String::new(), |e| format!("{e:#}"));
            assert!(message.contains("metrics.jsonl line 2"), "{message}");
        }
        Ok(())
    }

    #[test]
    fn a_straight_line_runs_from_corner_to_corner_of_its_points() {
        let svg = chart(vec![(0.0, 0.0), (10.0, 1.0)]).svg();
        let path = svg.split("class=\"line\"").nth(1).unwrap_or_default();
        assert!(path.contains("d=\"M58.0 ") && path.contains("L622.0 "), "{path}");
    }

    #[test]
    fn a_value_that_is_not_finite_leaves_a_gap() {
        let points = vec![(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 2.0), (4.0, 1.0)];
        let svg = chart(points).svg();
        assert_eq!(svg.matches("class=\"line\"").count(), 2);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn many_points_become_a_mean_within_a_band() {
        let points: Vec<_> = (0..5000).map(|i| (f64::from(i), f64::from(i % 2))).collect();
        let svg = chart(points).svg();
        assert!(svg.contains("class=\"band\""));
        assert!(svg.len() < 30_000, "{} bytes", svg.len());
    }

    #[test]
    fn one_point_and_no_point_make_a_chart() {
        assert!(chart(vec![(5.0, 3.0)]).svg().contains("h0\"/>"));
        assert!(chart(vec![]).svg().contains("no values yet"));
    }

    #[test]
    fn names_are_escaped() {
        let mut odd = chart(vec![(0.0, 1.0)]);
        odd.title = "a<b>&\"c".into();
        odd.series[0].name = "</svg>".into();
        let svg = odd.svg();
        assert!(svg.contains("a&lt;b&gt;&amp;&quot;c") && svg.matches("</svg>").count() == 1);
    }

    #[test]
    fn one_run_groups_by_prefix_and_several_runs_by_name() {
        let series = |name: &str| Series { name: name.into(), points: vec![(0.0, 1.0)] };
        let run = vec![series("loss/kl"), series("loss/tiles"), series("rate")];
        let titles = |charts: &[Chart]| charts.iter().map(|c| c.title.clone()).collect::<Vec<_>>();
        let one = charts(&[("seed 1".into(), run.clone())]);
        assert_eq!(titles(&one), ["loss", "rate"]);
        let two = charts(&[("seed 1".into(), run.clone()), ("seed 2".into(), run)]);
        assert_eq!(titles(&two), ["loss/kl", "loss/tiles", "rate"]);
        assert_eq!(two[0].series[1].name, "seed 2");
    }
}
