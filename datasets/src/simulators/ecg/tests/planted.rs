use super::*;

#[test]
fn a_planted_change_shows_within_its_interval_and_nowhere_else() {
    for seed in 12..18 {
        let plain = Settings { heart_rate: Some(60.0), ..Settings::clean(seed, 600.0) };
        let (usual, usual_beats) = whole(&plain);
        let (changed, beats) = whole(&Settings { changes: 0.3, ..plain.clone() });
        let planted = beats.iter().filter(|beat| beat.change.is_some()).count();
        assert!((100..260).contains(&planted), "{planted}");
        let mut seen = std::collections::HashSet::new();
        for (beat, usual_beat) in beats.iter().zip(&usual_beats).skip(1) {
            let Some(Planted { change, frames }) = &beat.change else { continue };
            seen.insert(*change);
            // Each window as its own R peak has it: a beat comes early by whole frames.
            let early = (usual_beat.rr - beat.rr) * plain.frequency;
            let moved = if *change == Change::Early { early.round() as i64 } else { 0 };
            assert!(frames.start < beat.frame as i64 + 162 && frames.end > beat.frame as i64 - 90);
            let window = beat.frame as i64 - 90..beat.frame as i64 + 162;
            let mut sums = [0.0, 0.0];
            for frame in window {
                for (usual, changed) in usual.iter().zip(&changed) {
                    let (Some(with), Some(without)) =
                        (changed.get(frame as usize), usual.get((frame + moved) as usize))
                    else {
                        continue;
                    };
                    let off = f64::from(with - without);
                    let within = frames.contains(&frame);
                    sums[usize::from(within)] += off * off;
                    let next = (frame - beat.frame as i64) > 108; // P of the next beat
                    assert!(within || next || off.abs() <= 0.02 + 1e-6, "{frame}: {off}, {beat:?}");
                }
            }
            assert!(sums[1] > 20.0 * sums[0], "{sums:?} {beat:?}");
        }
        assert_eq!(seen.len(), Change::ALL.len());
    }
}

#[test]
fn planted_changes_move_the_truth_of_no_other_beat() {
    let plain = Settings { shares: EVERY_KIND, ..Settings::clean(19, 600.0) };
    let beats = whole(&Settings { changes: 0.3, ..plain.clone() }).1;
    for (beat, usual) in beats.iter().zip(whole(&plain).1) {
        let truth = |beat: &Beat| (beat.qrs_width, beat.st_level, beat.t_amplitude, beat.pr);
        let Some(planted) = &beat.change else {
            assert_eq!((beat.kind, truth(beat)), (usual.kind, truth(&usual)));
            // The peak itself may lie on another's T wave, which tilts it.
            assert!(beat.frame.abs_diff(usual.frame) <= 1);
            continue;
        };
        match planted.change {
            Change::LongPr => assert!(beat.pr > usual.pr.map(|pr| pr + 0.0799)),
            Change::WideQrs => assert!(beat.qrs_width >= 0.13),
            Change::StElevation => assert!(beat.st_level >= usual.st_level + 0.2),
            Change::StDepression => assert!(beat.st_level <= usual.st_level - 0.2),
            Change::FlatT => assert!(beat.t_amplitude.abs() <= 0.1 * usual.t_amplitude),
            Change::InvertedT => assert!(beat.t_amplitude <= -0.1),
            Change::TallT => assert!(beat.t_amplitude >= usual.t_amplitude + 0.4),
            Change::Early => assert!(beat.rr <= 0.75 * usual.rr + 1e-9 || beat.rr < 0.31),
        }
    }
}

#[test]
fn measures_wander_through_their_ranges_each_on_its_own() {
    let settings = Settings { spread: 1.0, frequency: 100.0, ..Settings::clean(20, 86_400.0) };
    let beats = whole(&settings).1;
    let of = |measure: &dyn Fn(&Beat) -> f64| beats.iter().map(measure).collect::<Vec<f64>>();
    let measures = [
        (of(&|beat| 60.0 / beat.rr), 50.0, 120.0),
        (of(&|beat| beat.qrs_width), 0.07, 0.12),
        (of(&|beat| beat.st_level), -0.2, 0.2),
        (of(&|beat| beat.t_amplitude), 0.1, 0.6),
    ];
    for (index, (one, low, high)) in measures.iter().enumerate() {
        let share = |from: f64, to: f64| {
            let within = low + (high - low) * from..low + (high - low) * to;
            one.iter().filter(|value| within.contains(value)).count() as f64 / one.len() as f64
        };
        assert!(share(-0.1, 1.1) > 0.97, "{index}: {}", share(-0.1, 1.1));
        assert!(share(0.0, 0.25) > 0.12 && share(0.75, 1.0) > 0.12, "{index} goes to both ends");
        for (two, _, _) in &measures[..index] {
            let (a, b) = (mean(one.iter().copied()), mean(two.iter().copied()));
            let product = mean(one.iter().zip(two).map(|(one, two)| (one - a) * (two - b)));
            let correlation = product / (variance(one) * variance(two)).sqrt();
            assert!(correlation.abs() < 0.2, "{index}: {correlation}");
        }
    }
}
