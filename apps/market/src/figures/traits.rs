//! Traits as curves: what lingers from day to day, and how far days go.

use super::panel::{Panel, Span};
use super::sheet::{Area, Mark, WIDTH, legend, sheet};
use crate::study::Curves;

const HEIGHT: f64 = 420.0;
/// What the lines of all panels are.
pub(super) const LEGEND: [(Mark, &str); 4] = [
    (Mark::Line("real"), "history"),
    (Mark::Band, "its 90 % band"),
    (Mark::Line("model"), "model"),
    (Mark::Line("filter"), "filter alone"),
];

/// Points of a panel: the history, the ends of its band, the model, the filter.
struct Rows {
    real: Vec<[f64; 2]>,
    band: [Vec<[f64; 2]>; 2],
    model: Vec<[f64; 2]>,
    filter: Vec<[f64; 2]>,
}

/// Correlation of sizes, and of returns with later sizes, over days apart.
pub fn memory_figure(clustering: &Curves, leverage: &Curves) -> String {
    let panel = |side, title: &str, curves: &Curves| {
        let rows = Rows::of(curves, |lag, value| [lag, value]);
        let last = curves.places.last().copied().unwrap_or(1.0);
        let x = Span { low: 0.0, high: last, logarithmic: false, labels: 5 };
        let y = Span::over(rows.all().map(|point| point[1]).chain([0.0]), false);
        let panel = Panel::new(title, "days apart", half(side), x, y);
        panel.frame() + &panel.level(0.0) + &rows.draw(&panel)
    };
    let left = panel(0, "Sizes of returns: their correlation", clustering);
    let right = panel(1, "Return, and the size of a later one", leverage);
    whole("Memory: correlations of sizes of returns, and of returns with later sizes", left, right)
}

/// Shares of days beyond a size of return, and ranges over those of the history.
pub fn extremes_figure(tail: &Curves, ranges: &Curves) -> String {
    let rows = Rows::of(tail, |share, size| [100.0 * size, 100.0 * share]);
    let x = Span::over(rows.all().map(|point| point[0]), true);
    let y = Span::over(rows.all().map(|point| point[1]), true);
    let panel =
        Panel::new("Share of days with a larger move, %", "size of the return, %", half(0), x, y);
    let left = panel.frame() + &rows.draw(&panel);

    let ratio = |place: usize, value: f64| [100.0 * ranges.real[place], value / ranges.real[place]];
    let rows = Rows::at(ranges, ratio);
    let x = Span::over(rows.all().map(|point| point[0]), true);
    let y = Span::over(rows.all().map(|point| point[1]).chain([0.95, 1.05]), false);
    let panel = Panel::new(
        "Range of a day, over that of the history",
        "range in the history, %",
        half(1),
        x,
        y,
    );
    let right = panel.frame() + &rows.draw(&panel);
    whole("Extremes: tail of returns, and quantiles of ranges", left, right)
}

impl Rows {
    fn of(curves: &Curves, point: impl Fn(f64, f64) -> [f64; 2]) -> Self {
        Self::at(curves, |place, value| point(curves.places[place], value))
    }

    fn at(curves: &Curves, point: impl Fn(usize, f64) -> [f64; 2]) -> Self {
        let row = |values: &Vec<f64>| -> Vec<[f64; 2]> {
            values.iter().enumerate().map(|(place, value)| point(place, *value)).collect()
        };
        Self {
            real: row(&curves.real),
            band: [row(&curves.band[0]), row(&curves.band[1])],
            model: row(&curves.model),
            filter: row(&curves.filter),
        }
    }

    fn all(&self) -> impl Iterator<Item = &[f64; 2]> {
        let [low, high] = &self.band;
        [&self.real, low, high, &self.model, &self.filter].into_iter().flatten()
    }

    fn draw(&self, panel: &Panel) -> String {
        let [low, high] = &self.band;
        panel.band(low, high)
            + &panel.line("line real", &self.real)
            + &panel.line("line filter", &self.filter)
            + &panel.line("line model", &self.model)
    }
}

fn half(side: usize) -> Area {
    let width = (WIDTH - 64.0 - 24.0 - 64.0) / 2.0;
    let left = 64.0 + side as f64 * (width + 64.0);
    Area { left, top: 88.0, right: left + width, bottom: HEIGHT - 58.0 }
}

fn whole(name: &str, left: String, right: String) -> String {
    sheet(name, HEIGHT, &(legend([64.0, 32.0], &LEGEND) + &left + &right))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curves(places: Vec<f64>) -> Curves {
        let row = |factor: f64| places.iter().map(|place| factor / place).collect::<Vec<f64>>();
        let (real, band) = (row(1.0), [row(0.9), row(1.1)]);
        Curves { real, band, model: row(1.02), filter: row(f64::NAN), places }
    }

    #[test]
    fn a_trait_that_the_filter_lacks_is_left_out_and_nothing_else() {
        let lags = || curves((1..=20).map(f64::from).collect());
        for svg in [memory_figure(&lags(), &lags()), extremes_figure(&lags(), &lags())] {
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            let count = |class: &str| svg.matches(&format!("class=\"{class}\"")).count();
            // In the legend, and in both panels.
            assert_eq!([count("line real"), count("line model"), count("band")], [3; 3]);
            assert_eq!(count("line filter"), 1);
        }
    }
}
