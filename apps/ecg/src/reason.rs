//! Why a beat is odd, in words.

use crate::cutter::Window;
use crate::follow::{Judge, Scored};
use crate::score::Part;

/// The waves of a beat, each up to so many seconds after R.
const WAVES: [(&str, f64); 4] = [("P and PR", -0.06), ("QRS", 0.07), ("ST", 0.16), ("T", f64::MAX)];
/// Parts that are at least so many standard deviations off are worth saying.
const NOTABLE: f64 = 2.0;

/// What is odd about a beat, the most striking first: its time, or the wave in which it differs
/// most by `heat`, one number for each of its values.
pub fn reason(judge: &Judge, scored: &Scored, heat: &[f32]) -> String {
    let deviations = judge.deviations(&scored.parts);
    let off = |wanted: Part| {
        deviations.iter().find(|(part, _)| *part == wanted).map_or(0.0, |(_, off)| *off)
    };
    let shape = deviations.iter().filter(|(part, _)| *part != Part::Rhythm);
    let shape = shape.map(|(_, off)| *off).fold(f64::MIN, f64::max);
    let early = scored.cut.rhythm.filter(|_| off(Part::Rhythm) >= NOTABLE);
    let early = early.map(|times| {
        let share = 100.0 * (1.0 - times.before.exp());
        format!("early by {share:.0} %")
    });
    let differs = (shape >= NOTABLE || early.is_none()).then(|| {
        let (wave, time) = where_in(heat, &judge.config.data.window);
        let side = if time < 0.0 { "before" } else { "after" };
        format!("{wave} differs, most {:.0} ms {side} R", 1e3 * time.abs())
    });
    let mut reasons: Vec<String> = early.into_iter().chain(differs).collect();
    if shape > off(Part::Rhythm) {
        reasons.reverse();
    }
    reasons.join("; ")
}

/// The wave in which `heat` is largest, and that time in s from R.
fn where_in(heat: &[f32], window: &Window) -> (&'static str, f64) {
    let largest = heat.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    let time = window.time(largest.map_or(0, |(place, _)| place));
    let wave = WAVES.iter().find(|(_, end)| time < *end);
    (wave.map_or("T", |(wave, _)| wave), time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wave_is_the_one_at_the_time_of_the_largest_difference() {
        let window = Window::default();
        let at = |seconds: f64| {
            let step = window.seconds() / (window.samples - 1) as f64;
            let place = ((seconds + window.before) / step).round() as usize;
            let mut heat = vec![0.1; window.samples];
            heat[place] = 1.0;
            where_in(&heat, &window)
        };
        let cases = [(-0.15, "P and PR"), (0.0, "QRS"), (0.1, "ST"), (0.3, "T")];
        for (seconds, wave) in cases {
            let found = at(seconds);
            assert_eq!(found.0, wave);
            assert!((found.1 - seconds).abs() < 0.003, "{found:?}");
        }
    }
}
