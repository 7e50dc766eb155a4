//! A beat in large, beside what the model makes of it.

use crate::cutter::Window;
use crate::heat::{colour, heat};
use crate::score::View;
use crate::strip::{BeatFigure, Expected, Neighbour};

/// Seconds of a beat that came cut: its set does not say; of ECG5000 they are about so many.
const CUT_SECONDS: f64 = 0.8;

/// The drawing of a beat of a recording or, without a window, of one that came cut. `id` begins the
/// ids inside, and differs from those of other drawings of a page.
pub fn beat_figure(view: &View, window: Option<&Window>, (id, title): (&str, &str)) -> String {
    let deviation: Vec<f32> = view.variance.iter().map(|variance| variance.sqrt()).collect();
    let steps = (view.values.len() - 1) as f64;
    let (seconds, peak, unit) = match window {
        Some(window) => (window.seconds(), window.place_of_r(), "of a usual beat"),
        None => (CUT_SECONDS, 0.0, "sd"),
    };
    BeatFigure {
        id,
        title,
        footnote: if window.is_none() { "times are approximate, from the first value" } else { "" },
        frequency: steps / seconds,
        peak,
        unit,
        values: &view.values,
        expected: Some(Expected { mean: &view.mean, deviation: &deviation }),
        neighbour: Some(Neighbour { values: &view.nearest, label: "" }),
        heat: &colour(&heat(view)),
    }
    .svg()
}
