//! Windows as dots: where they lie along the two directions in which real ones differ most.

use super::panel::{Panel, Span};
use super::sheet::{Area, Mark, WIDTH, legend, sheet};

const HEIGHT: f64 = 480.0;
const RADIUS: f64 = 3.0;

/// Real and generated windows by their coordinates, in deviations of the real ones; `shares`: how much
/// of all differences the two directions hold.
pub fn map_figure(real: &[[f64; 2]], made: &[[f64; 2]], shares: [f64; 2]) -> String {
    let span = |axis: usize| Span::over(real.iter().chain(made).map(|at| at[axis]), false);
    let width = (WIDTH - 64.0 - 24.0 - 64.0) / 2.0;
    let panel = |side: usize, title: &str, dots: &[[f64; 2]], class: &str| {
        let left = 64.0 + side as f64 * (width + 64.0);
        let area = Area { left, top: 88.0, right: left + width, bottom: HEIGHT - 58.0 };
        let [first, second] = shares.map(|share| 100.0 * share);
        let across = format!(
            "first component, {first:.0} % of the variance; upwards the second, {second:.0} %"
        );
        let panel = Panel::new(title, &across, area, span(0), span(1));
        let dots: String = dots.iter().map(|at| panel.dot(class, *at, RADIUS)).collect();
        panel.frame() + &dots
    };
    let items = [(Mark::Dot("dot real"), "history"), (Mark::Dot("dot model"), "generated")];
    let body = legend([64.0, 36.0], &items)
        + &panel(0, "Windows of the history", real, "dot real")
        + &panel(1, "Generated windows", made, "dot model");
    sheet("Windows along their first two principal components", HEIGHT, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_window_is_a_dot_of_its_kind() {
        let svg = map_figure(&[[0.0, 1.0], [2.0, 3.0]], &[[1.0, 1.0]], [0.9, 0.05]);
        // Each kind has one more in the legend.
        let count = |class: &str| svg.matches(&format!("<circle class=\"dot {class}\"")).count();
        assert_eq!([count("real"), count("model")], [3, 2]);
        assert!(svg.contains("90 % of the variance; upwards the second, 5 %"));
    }
}
