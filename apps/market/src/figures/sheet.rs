//! The sheet that all figures are drawn on: its colours, its lettering and its legend.

use std::fmt::Write;

use generativa::report::markup::escape;

/// Width of every figure, pixels: as much as a page has.
pub(super) const WIDTH: f64 = 1040.0;

/// Colours that people with any common colour vision tell apart (Okabe & Ito 2008), as those of the
/// charts of a page. Each rule names the class, since a style inside a page holds for all of it.
const STYLE: &str = "\
.market{--card:#fff;--ink:#1e2229;--soft:#626a77;--rule:#e3e6eb;--band:#1e222918;\
--model:#0b6fb8;--network:#c8501a;--up:#0a8f6a;--down:#c8501a;--out:#b3261e;\
--p0:#0b6fb8;--p1:#0a8f6a;--p2:#6b4fc0;--p3:#2f9bc9;--p4:#8a6d00;--p5:#b0497f;--p6:#c8501a;--p7:#7d8794;\
font:13px system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}\
@media(prefers-color-scheme:dark){.market{--card:#1c2027;--ink:#e7e9ee;--soft:#9aa3b2;\
--rule:#333a46;--band:#e7e9ee22;--model:#6ab7f5;--network:#f59a62;--up:#4fd1a5;--down:#f59a62;--out:#ff8a80;\
--p0:#6ab7f5;--p1:#4fd1a5;--p2:#b5a3fa;--p3:#8adcf5;--p4:#e2c34d;--p5:#ea92bd;--p6:#f59a62;--p7:#9aa3b2}}\
.market .card{fill:var(--card)}\
.market text{fill:var(--soft);white-space:pre}\
.market .title{fill:var(--ink);font-size:15px;font-weight:600}\
.market .out{fill:var(--out);font-weight:700}\
.market .name{fill:var(--ink)}\
.market .number{font-variant-numeric:tabular-nums}\
.market .rule{fill:none;stroke:var(--rule)}\
.market .zero{fill:none;stroke:var(--soft);stroke-opacity:.6}\
.market .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}\
.market .real{stroke:var(--ink)}.market .model{stroke:var(--model)}\
.market .network{stroke:var(--network);stroke-dasharray:5 4}\
.market .band{fill:var(--band);stroke:none}\
.market .dot{stroke:var(--card);stroke-width:1.5}\
.market .dot.real{fill:var(--ink)}.market .dot.model{fill:var(--model)}\
.market .ring{fill:var(--card);stroke:var(--network);stroke-width:2}\
.market .path{fill:none;stroke-width:1.1;stroke-opacity:.75;stroke-linejoin:round}\
.market .days{fill:none;stroke-width:2}\
.market .up{stroke:var(--up)}.market .down{stroke:var(--down)}";

/// A part of a sheet, pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

/// What a line of the legend stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// A line of these classes.
    Line(&'static str),
    /// An area of a band.
    Band,
    /// A dot of these classes.
    Dot(&'static str),
}

/// A whole figure of this height; `name` is for readers who do not see it.
pub(super) fn sheet(name: &str, height: f64, body: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"market\" role=\"img\" aria-label=\"{}\" \
         width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\">\
         <style>{STYLE}</style><rect class=\"card\" width=\"{WIDTH}\" height=\"{height}\"/>\
         {body}</svg>",
        escape(name)
    )
}

/// A line of text; `anchor` is `start`, `middle` or `end`, `class` may be empty.
pub(super) fn text(class: &str, [x, y]: [f64; 2], anchor: &str, text: &str) -> String {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    let anchor = match anchor {
        "start" => String::new(),
        _ => format!(" text-anchor=\"{anchor}\""),
    };
    format!("<text{class} x=\"{x:.1}\" y=\"{y:.1}\"{anchor}>{}</text>", escape(text))
}

/// A line through `points`, in pixels, with gaps where one is not finite; empty without any.
pub(super) fn line(class: &str, points: impl Iterator<Item = [f64; 2]>) -> String {
    let mut path = String::new();
    let mut letter = 'M';
    for [x, y] in points {
        if !(x.is_finite() && y.is_finite()) {
            letter = 'M';
            continue;
        }
        // Writing to a string cannot fail.
        let _ = write!(path, "{letter}{x:.1} {y:.1}");
        letter = 'L';
    }
    if path.is_empty() { path } else { format!("<path class=\"{class}\" d=\"{path}\"/>") }
}

/// The area between two rows of points, from left to right both; empty where one is not finite.
pub(super) fn between(low: &[[f64; 2]], high: &[[f64; 2]]) -> String {
    let corners = || low.iter().chain(high.iter().rev());
    if low.is_empty() || corners().flatten().any(|at| !at.is_finite()) {
        return String::new();
    }
    let corners: Vec<String> = corners().map(|[x, y]| format!("{x:.1} {y:.1}")).collect();
    format!("<path class=\"band\" d=\"M{}Z\"/>", corners.join("L"))
}

/// A round dot.
pub(super) fn dot(class: &str, [x, y]: [f64; 2], radius: f64) -> String {
    format!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\"/>")
}

/// What each mark stands for, in one row from `x` on, its letters on `y`.
pub(super) fn legend([x, y]: [f64; 2], items: &[(Mark, &str)]) -> String {
    let (mut x, mut svg) = (x, String::new());
    for (mark, name) in items {
        let middle = y - 4.5;
        svg += &match mark {
            Mark::Line(class) => {
                line(&format!("line {class}"), [[x, middle], [x + 22.0, middle]].into_iter())
            }
            Mark::Band => between(
                &[[x, middle + 6.0], [x + 22.0, middle + 6.0]],
                &[[x, middle - 6.0], [x + 22.0, middle - 6.0]],
            ),
            Mark::Dot(class) => dot(class, [x + 11.0, middle], 5.0),
        };
        svg += &text("name", [x + 29.0, y], "start", name);
        // Letters of a proportional face at 13 px are some 7 px wide, on average.
        x += 52.0 + 7.0 * name.chars().count() as f64;
    }
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_gap_where_a_value_is_missing() {
        let points = [[0.0, 1.0], [1.0, f64::NAN], [2.0, 3.0], [3.0, 4.0]];
        let svg = line("line", points.into_iter());
        assert!(svg.contains("d=\"M0.0 1.0M2.0 3.0L3.0 4.0\""), "{svg}");
        assert!(line("line", [[f64::NAN; 2]].into_iter()).is_empty());
    }

    #[test]
    fn a_name_cannot_become_markup() {
        let svg = sheet("<b>\"", 10.0, &text("", [0.0; 2], "start", "</svg>"));
        assert!(svg.starts_with("<svg") && svg.matches("</svg>").count() == 1, "{svg}");
        assert!(svg.contains("aria-label=\"&lt;b&gt;&quot;\""), "{svg}");
    }
}
