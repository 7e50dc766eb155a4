//! Whole histories, real and generated, from one start.

use super::panel::{Panel, Span};
use super::sheet::{Area, Mark, WIDTH, legend, sheet};

/// Trading days of a year.
const YEAR: f64 = 252.0;
/// More points than this no screen tells apart.
const POINTS: usize = 500;
const HEIGHT: f64 = 470.0;
/// Prices that move less than this, highest over lowest, have a linear axis.
const LINEAR_UP_TO: f64 = 4.0;
/// Colours of paths, in turn.
const COLOURS: usize = 8;

/// Closes of a history and of paths, given as the logarithms of what each is of its start, a day
/// each.
pub fn prices_figure(asset: &str, real: &[f64], paths: &[Vec<f64>]) -> String {
    let area = Area { left: 64.0, top: 74.0, right: WIDTH - 24.0, bottom: HEIGHT - 58.0 };
    let days = paths.iter().map(Vec::len).chain([real.len()]).max().unwrap_or(0);
    let years =
        Span { low: 0.0, high: (days as f64 / YEAR).max(0.01), logarithmic: false, labels: 8 };
    let all = || paths.iter().flatten().chain(real).map(|level| level.exp()).chain([1.0]);
    let [least, most] =
        all().fold([1.0, 1.0], |[low, high]: [f64; 2], level| [low.min(level), high.max(level)]);
    // Over less, a logarithmic axis has hardly a round number, and looks the same.
    let levels = Span::over(all(), most / least > LINEAR_UP_TO);
    let title = format!("{asset} and {} generated histories: close over the first", paths.len());
    let panel = Panel::new("", "years of 252 trading days", area, years, levels);
    let points = |levels: &[f64]| -> Vec<[f64; 2]> {
        let apart = levels.len().div_ceil(POINTS).max(1);
        let last = levels.len().saturating_sub(1);
        let kept = |day: &usize| (last - day).is_multiple_of(apart);
        let point = |day: usize| [(day + 1) as f64 / YEAR, levels[day].exp()];
        [[0.0, 1.0]].into_iter().chain((0..levels.len()).filter(kept).map(point)).collect()
    };
    let mut svg = super::sheet::text("title", [area.left, 28.0], "start", &title);
    svg += &legend(
        [area.left, 54.0],
        &[
            (Mark::Line("real"), asset),
            (Mark::Line("model"), "generated, each in a colour of its own"),
        ],
    );
    svg += &panel.frame();
    for (path, levels) in paths.iter().enumerate() {
        let class = format!("path\" style=\"stroke:var(--p{})", path % COLOURS);
        svg += &panel.line(&class, &points(levels));
    }
    svg += &panel.line("line real", &points(real));
    sheet(&title, HEIGHT, &svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_history_keeps_its_last_day_and_stays_small() {
        let real: Vec<f64> = (1..=10_000).map(|day| f64::from(day) * 1e-4).collect();
        let svg = prices_figure("A", &real, &[real.clone(), real.clone()]);
        let path = svg.rsplit("class=\"line real\" d=\"").next().unwrap_or_default();
        let end = path.split('"').next().and_then(|d| d.rsplit('L').next()).unwrap_or_default();
        assert!(end.starts_with("1016.0 "), "the right edge, not {end}");
        assert!(svg.len() < 40_000 && svg.matches("class=\"path\"").count() == 2);
    }

    #[test]
    fn nothing_to_show_still_makes_a_figure() {
        assert!(prices_figure("A", &[], &[]).starts_with("<svg"));
    }
}
