//! Traits as curves: what lingers from day to day, and how far days go.

use super::panel::{Panel, Span};
use super::sheet::{Area, Mark, WIDTH, legend, sheet};
use crate::study::Curves;

const HEIGHT: f64 = 420.0;
/// What the lines of all panels are.
const LEGEND: [(Mark, &str); 4] = [
    (Mark::Line("real"), "history"),
    (Mark::Band, "its 90 % band"),
    (Mark::Line("model"), "model"),
    (Mark::Line("network"), "its network"),
];

/// Points of a panel: the history, the ends of its band, the model, the network.
struct Rows {
    real: Vec<[f64; 2]>,
    band: [Vec<[f64; 2]>; 2],
    model: Vec<[f64; 2]>,
    network: Option<Vec<[f64; 2]>>,
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
    let name = "Memory: correlations of sizes of returns, and of returns with later sizes";
    whole(name, clustering, &(left + &right))
}

/// What stands beside the tail of returns.
#[derive(Clone, Copy, Debug)]
pub enum Beside<'a> {
    /// Ranges of days.
    Ranges(&'a Curves),
    /// Correlations of all pairs of assets, of the history and of the model.
    Pairs(&'a [[f64; 2]]),
    /// Nothing: of one asset, closes alone.
    Nothing,
}

/// Shares of days beyond a size of return, and what stands beside it.
pub fn extremes_figure(tail: &Curves, beside: Beside) -> String {
    let rows = Rows::of(tail, |share, size| [100.0 * size, 100.0 * share]);
    let x = Span::over(rows.all().map(|point| point[0]), true);
    let y = Span::over(rows.all().map(|point| point[1]), true);
    let area = match beside {
        Beside::Nothing => Area { right: half(1).right, ..half(0) },
        _ => half(0),
    };
    let panel =
        Panel::new("Share of days with a larger move, %", "size of the return, %", area, x, y);
    let left = panel.frame() + &rows.draw(&panel);
    let (name, right) = match beside {
        Beside::Ranges(ranges) => {
            ("Extremes: tail of returns, and quantiles of ranges", of_ranges(ranges))
        }
        Beside::Pairs(pairs) => {
            ("Extremes: tail of returns, and correlations of assets", of_pairs(pairs))
        }
        Beside::Nothing => ("Extremes: tail of returns", String::new()),
    };
    whole(name, tail, &(left + &right))
}

fn of_ranges(ranges: &Curves) -> String {
    let ratio = |place: usize, value: f64| [100.0 * ranges.real[place], value / ranges.real[place]];
    let rows = Rows::at(ranges, ratio);
    let x = Span::over(rows.all().map(|point| point[0]), true);
    let y = Span::over(rows.all().map(|point| point[1]).chain([0.95, 1.05]), false);
    let title = "Range of a day, over that of the history";
    let panel = Panel::new(title, "range in the history, %", half(1), x, y);
    panel.frame() + &rows.draw(&panel)
}

fn of_pairs(pairs: &[[f64; 2]]) -> String {
    let span = Span::over(pairs.iter().flatten().copied(), false);
    let title = "Correlation of two assets in generated histories";
    let panel = Panel::new(title, "in the history", half(1), span, span);
    let same = [[span.low; 2], [span.high; 2]];
    let dots: String = pairs.iter().map(|pair| panel.dot("dot model", *pair, 4.0)).collect();
    panel.frame() + &panel.line("zero", &same) + &dots
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
            network: curves.network.as_ref().map(row),
        }
    }

    fn all(&self) -> impl Iterator<Item = &[f64; 2]> {
        let [low, high] = &self.band;
        let network = self.network.iter();
        [&self.real, low, high, &self.model].into_iter().chain(network).flatten()
    }

    fn draw(&self, panel: &Panel) -> String {
        let [low, high] = &self.band;
        let network = self.network.as_ref();
        let network = network.map_or(String::new(), |row| panel.line("line network", row));
        panel.band(low, high)
            + &panel.line("line real", &self.real)
            + &network
            + &panel.line("line model", &self.model)
    }
}

fn half(side: usize) -> Area {
    let width = (WIDTH - 64.0 - 24.0 - 64.0) / 2.0;
    let left = 64.0 + side as f64 * (width + 64.0);
    Area { left, top: 88.0, right: left + width, bottom: HEIGHT - 58.0 }
}

/// A sheet of panels, where `curves` are in one of them.
fn whole(name: &str, curves: &Curves, panels: &str) -> String {
    let shown = LEGEND.len() - usize::from(curves.network.is_none());
    sheet(name, HEIGHT, &(legend([64.0, 32.0], &LEGEND[..shown]) + panels))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curves(places: Vec<f64>) -> Curves {
        let row = |factor: f64| places.iter().map(|place| factor / place).collect::<Vec<f64>>();
        let (real, band) = (row(1.0), [row(0.9), row(1.1)]);
        Curves { real, band, model: row(1.02), network: Some(row(f64::NAN)), places }
    }

    #[test]
    fn a_trait_that_the_network_lacks_is_left_out_and_nothing_else() {
        let lags = || curves((1..=20).map(f64::from).collect());
        for svg in
            [memory_figure(&lags(), &lags()), extremes_figure(&lags(), Beside::Ranges(&lags()))]
        {
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            let count = |class: &str| svg.matches(&format!("class=\"{class}\"")).count();
            // In the legend, and in both panels.
            assert_eq!([count("line real"), count("line model"), count("band")], [3; 3]);
            assert_eq!(count("line network"), 1);
        }
    }

    #[test]
    fn without_a_network_or_ranges_nothing_is_said_of_them() {
        let lags = Curves { network: None, ..curves((1..=20).map(f64::from).collect()) };
        let svg = extremes_figure(&lags, Beside::Nothing);
        assert!(!svg.contains("its network") && !svg.contains("Range"), "{svg}");
        assert_eq!(svg.matches("class=\"line model\"").count(), 2);
        let svg = extremes_figure(&lags, Beside::Pairs(&[[0.5, 0.4], [0.1, 0.2]]));
        assert_eq!(svg.matches("class=\"dot model\"").count(), 2);
    }
}
