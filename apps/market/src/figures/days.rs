//! Single days, real beside generated: from the lowest to the highest price, a tick at the close.

use super::panel::{Panel, Span};
use super::sheet::{Area, WIDTH, sheet, text};
use crate::bar::Bar;

const HEIGHT: f64 = 750.0;
/// Panels side by side.
const COLUMNS: usize = 2;
/// Pixels from one row of panels to the next.
const ROW: f64 = 350.0;
const LEFT: f64 = 52.0;
const TOP: f64 = 52.0;
const GAP: f64 = 66.0;

/// Up to four strips of days, each with its title, its bars and the close before them; all have the
/// same scale, so that calm and unrest can be compared.
pub fn days_figure(strips: &[(String, f64, Vec<Bar>)]) -> String {
    let share = |strip: &(String, f64, Vec<Bar>)| -> [f64; 2] {
        let (_, before, bars) = strip;
        let edges = bars.iter().flat_map(|bar| [bar.low, bar.high]).chain([*before]);
        edges.fold([f64::INFINITY, 0.0], |[low, high], price| {
            [low.min(price / before), high.max(price / before)]
        })
    };
    let reach = |strip| {
        let [low, high] = share(strip);
        high / low
    };
    let widest = strips.iter().map(reach).fold(1.01, f64::max);
    let width = (WIDTH - LEFT - 20.0 - GAP) / COLUMNS as f64;
    let mut svg = String::new();
    for (place, strip) in strips.iter().enumerate() {
        let left = LEFT + (place % COLUMNS) as f64 * (width + GAP);
        let top = TOP + (place / COLUMNS) as f64 * ROW;
        let area = Area { left, top, right: left + width, bottom: top + ROW - 96.0 };
        let [low, high] = share(strip);
        // The strip stands in the middle of its frame.
        let (middle, half) = ((low * high).sqrt(), widest.sqrt() * 1.01);
        let y = Span {
            low: 100.0 * middle / half,
            high: 100.0 * middle * half,
            logarithmic: false,
            labels: 5,
        };
        let days = strip.2.len() as f64;
        let x = Span { low: 0.0, high: days + 1.0, logarithmic: false, labels: 6 };
        svg += &one(strip, &Panel::new(&strip.0, "trading day", area, x, y));
    }
    let names: Vec<&str> = strips.iter().map(|strip| strip.0.as_str()).collect();
    let rows = strips.len().div_ceil(COLUMNS);
    let height = if rows < COLUMNS { HEIGHT - ROW } else { HEIGHT };
    svg += &text(
        "",
        [LEFT, height - 16.0],
        "start",
        "The close before the first day is 100. A line runs from the low to the high of a day, the \
         tick on its right is the close.",
    );
    sheet(&format!("Single days: {}", names.join(", ")), height, &svg)
}

fn one((_, before, bars): &(String, f64, Vec<Bar>), panel: &Panel) -> String {
    let (mut up, mut down) = (String::new(), String::new());
    let mut last = *before;
    for (day, bar) in (1..).zip(bars) {
        let x = panel.x.pixel(f64::from(day));
        let [low, high, close] =
            [bar.low, bar.high, bar.close].map(|price| panel.y.pixel(100.0 * price / before));
        let path = if bar.close >= last { &mut up } else { &mut down };
        *path += &format!("M{x:.1} {low:.1}V{high:.1}M{x:.1} {close:.1}h3.6");
        last = bar.close;
    }
    let path = |class: &str, path: &str| match path {
        "" => String::new(),
        path => format!("<path class=\"days {class}\" d=\"{path}\"/>"),
    };
    panel.frame() + &panel.level(100.0) + &path("up", &up) + &path("down", &down)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_a_line_from_low_to_high_and_rises_or_falls_against_the_close_before() {
        let bar = |close: f64| Bar { high: close + 1.0, low: close - 1.0, close };
        let svg = days_figure(&[("real".into(), 10.0, vec![bar(11.0), bar(10.5), bar(12.0)])]);
        let strokes = |class: &str| {
            let path = svg.split(&format!("class=\"days {class}\" d=\"")).nth(1);
            path.and_then(|rest| rest.split('"').next()).map_or(0, |d| d.matches('V').count())
        };
        assert_eq!([strokes("up"), strokes("down")], [2, 1]);
    }
}
