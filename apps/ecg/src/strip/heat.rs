//! How far each frame lies from what was expected, as colour behind a trace.

use super::paper::{Area, letters_width, rounded, text};

/// Steps of the colour, without the one that shows nothing: more cannot be told apart.
const LEVELS: usize = 10;
/// A value may stray this far, in steps, before the colour follows, so that noise about the border
/// between two steps does not fill the file.
const SLACK: f32 = 0.75;
/// Colours of the smallest and the largest anomaly; all between get darker step by step, so that
/// they keep their order for people who do not see red.
const FAINT: [f64; 3] = [255.0, 190.0, 60.0];
const STRONG: [f64; 3] = [200.0, 20.0, 10.0];

/// Bands over the height of `area`, from half a frame before to half a frame behind. `heat` is 0
/// (as expected) to 1 (the largest anomaly) for each frame, NaN as 0; `x` says where a frame lies.
pub(super) fn bands(heat: &[f32], x: impl Fn(f64) -> f64, area: &Area) -> String {
    let mut paths = [const { String::new() }; LEVELS + 1];
    let mut run = (0, 0);
    for frame in 0..=heat.len() {
        let (start, level) = run;
        let value = heat.get(frame).map(|value| if value.is_nan() { 0.0 } else { *value });
        let scaled = value.map(|value| value.clamp(0.0, 1.0) * LEVELS as f32);
        if scaled.is_some_and(|scaled| (scaled - level as f32).abs() <= SLACK) {
            continue;
        }
        let (left, right) = (x(start as f64 - 0.5), x(frame as f64 - 0.5));
        paths[level] += &format!(
            "M{} {}h{}v{}h{}z",
            rounded(left),
            rounded(area.top),
            rounded(right - left),
            rounded(area.height),
            rounded(left - right)
        );
        run = (frame, scaled.map_or(0, |scaled| scaled.round() as usize));
    }
    let path = |(level, path): (usize, &String)| {
        format!("<path class=\"heat\" {} d=\"{path}\"/>", fill(level))
    };
    // The first level is what was expected: bare paper.
    let seen = paths.iter().enumerate().skip(1).filter(|(_, path)| !path.is_empty());
    seen.map(path).collect()
}

/// What the colours mean, beginning at `x` on the line of text at `y`, and where it ends.
pub(super) fn key(x: f64, y: f64) -> (String, f64) {
    const STEP: f64 = 2.5;
    let (low, high) = ("as expected", "largest anomaly");
    let ramp = x + letters_width(low.len(), 2.8) + 1.0;
    let mut svg = text("", x, y, "start", low);
    for level in 0..=LEVELS {
        let step =
            Area { left: ramp + STEP * level as f64, top: y - 2.5, width: STEP, height: 3.2 };
        svg += &step.rectangle(&fill(level));
    }
    let whole = Area { left: ramp, top: y - 2.5, width: STEP * (LEVELS + 1) as f64, height: 3.2 };
    svg += &whole.rectangle("class=\"edge\"");
    svg += &text("", whole.right() + 1.0, y, "start", high);
    (svg, whole.right() + 1.0 + letters_width(high.len(), 2.8))
}

/// Fill of a level: deeper in colour and less transparent as it rises.
fn fill(level: usize) -> String {
    let share = level as f64 / LEVELS as f64;
    let [red, green, blue] =
        [0, 1, 2].map(|c| (FAINT[c] + share * (STRONG[c] - FAINT[c])).round() as u8);
    // Up to 0.6 black and blue lines stand out, and the grid can still be read.
    let opacity = rounded(if level == 0 { 0.0 } else { 0.25 + 0.35 * share });
    format!("fill=\"#{red:02x}{green:02x}{blue:02x}\" fill-opacity=\"{opacity}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Area = Area { left: 0.0, top: 5.0, width: 100.0, height: 20.0 };

    #[test]
    fn what_was_expected_or_is_missing_stays_bare() {
        assert_eq!(bands(&[0.0, 0.01, f32::NAN, 0.0], |frame| frame, &AREA), "");
        assert_eq!(bands(&[], |frame| frame, &AREA), "");
    }

    #[test]
    fn a_band_lies_where_its_frames_lie() {
        let svg = bands(&[0.0, 0.0, 1.0, 1.0, 0.0], |frame| 10.0 * frame, &AREA);
        assert_eq!(svg.matches("<path").count(), 1);
        assert!(svg.contains("d=\"M15 5h20v20h-20z\""), "{svg}");
    }

    #[test]
    fn values_that_are_nearly_equal_share_a_band() {
        let heat: Vec<f32> = (0..1000).map(|i| 0.55 + 0.02 * (i % 3) as f32).collect();
        assert_eq!(bands(&heat, |frame| frame, &AREA).matches('z').count(), 1);
    }

    #[test]
    fn a_larger_anomaly_is_darker() {
        let green = |level| u8::from_str_radix(&fill(level)[9..11], 16).unwrap_or_default();
        assert!((1..LEVELS).all(|level| green(level) > green(level + 1)));
    }
}
