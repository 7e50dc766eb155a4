//! Signals that break detectors.

use super::detector::Detector;
use super::fir::Fir;
use super::imitation::{Beat, Outcome, add_wave, detected, drawn, noise, regular, times};

const FREQUENCY: f64 = 360.0;

/// The beats that are found in a signal of one lead at [`FREQUENCY`].
fn outcome(beats: &[Beat], signal: Vec<f32>) -> Outcome {
    let truth: Vec<f64> = beats.iter().map(|beat| beat.time).collect();
    Outcome::of(&truth, &times(FREQUENCY, &detected(FREQUENCY, &[signal], 1000)))
}

/// How many of the beats are missed or have none.
fn wrong(beats: &[Beat], signal: Vec<f32>) -> usize {
    let outcome = outcome(beats, signal);
    outcome.missed.len() + outcome.extra.len()
}

fn minute() -> (Vec<Beat>, Vec<f32>) {
    let beats = regular(0.8, 60.0);
    let signal = drawn(&beats, FREQUENCY, 60.0);
    (beats, signal)
}

#[test]
fn hearts_beat_25_to_220_times_a_minute_with_complexes_of_60_to_180_ms() {
    for frequency in [100.0, 250.0, 1000.0] {
        for rate in [25.0, 40.0, 60.0, 100.0, 150.0, 190.0, 220.0] {
            for width in [0.06, 0.1, 0.14, 0.18] {
                for t_wave in [-0.2, 0.3, 0.6] {
                    let mut beats = regular(60.0 / rate, 40.0);
                    beats.iter_mut().for_each(|beat| (beat.width, beat.t_wave) = (width, t_wave));
                    let mut signal = drawn(&beats, frequency, 40.0);
                    let noise = noise(1, 0.01, signal.len());
                    signal.iter_mut().zip(noise).for_each(|(value, noise)| *value += noise);
                    let found = times(frequency, &detected(frequency, &[signal], 777));
                    let truth: Vec<f64> = beats.iter().map(|beat| beat.time).collect();
                    let outcome = Outcome::of(&truth, &found);
                    let what = format!("{frequency} Hz {rate}/min {width} s T {t_wave}: {outcome}");
                    // The first beats of a fast heart with wide complexes look like noise, and
                    // T waves nearly as high and as steep as wide complexes like those.
                    let missed = if rate >= 150.0 && width > 0.12 { 4 } else { 0 };
                    let extra = if rate < 50.0 && width > 0.15 && t_wave > 0.5 { 2 } else { 0 };
                    assert!(outcome.missed.len() <= missed, "{what}");
                    assert!(outcome.extra.len() <= extra, "{what}");
                    assert!(outcome.error() < 0.006, "{what}");
                }
            }
        }
    }
}

#[test]
fn the_first_and_the_last_beat_are_found() {
    let beats: Vec<Beat> = regular(0.8, 8.5).into_iter().collect();
    let signal = drawn(&beats, FREQUENCY, 8.5);
    for cut in [0.3, 0.33, 0.35] {
        let from = (cut * FREQUENCY) as usize;
        let to = ((beats[9].time + 0.4 - cut) * FREQUENCY) as usize;
        let found = times(FREQUENCY, &detected(FREQUENCY, &[signal[from..to].to_vec()], 100));
        let truth: Vec<f64> = beats[..10].iter().map(|beat| beat.time - cut).collect();
        let outcome = Outcome::of(&truth, &found);
        assert!(outcome.missed.is_empty() && outcome.extra.is_empty(), "{cut}: {outcome}");
    }
}

#[test]
fn a_recording_shorter_than_a_block_has_its_beat() {
    let signal = drawn(&regular(0.4, 0.4), FREQUENCY, 0.4);
    assert_eq!(detected(FREQUENCY, &[signal], 10).len(), 1);
    assert_eq!(detected(FREQUENCY, &[Vec::new()], 10), []);
}

#[test]
fn pieces_of_any_size_give_the_same_peaks() {
    let (_, mut signal) = minute();
    signal[4000..4300].fill(f32::NAN);
    signal[9000] = f32::NAN;
    let other: Vec<f32> =
        signal.iter().zip(noise(2, 0.1, signal.len())).map(|(a, b)| a / 2.0 + b).collect();
    let leads = [signal, other];
    let whole = detected(FREQUENCY, &leads, usize::MAX / 2);
    assert!(whole.len() > 70);
    for piece in [1, 50, 179, 180, 5000] {
        assert_eq!(detected(FREQUENCY, &leads, piece), whole, "{piece}");
    }
}

#[test]
fn a_signal_upside_down_has_the_same_peaks() {
    let (_, signal) = minute();
    let inverted = signal.iter().map(|value| -value).collect();
    assert_eq!(detected(FREQUENCY, &[signal], 500), detected(FREQUENCY, &[inverted], 500));
}

#[test]
fn nothing_is_found_where_nothing_is() {
    for value in [0.0, 5.0, -3.3, f32::NAN, f32::INFINITY] {
        let mut detector = Detector::new(FREQUENCY, 2).expect("fit");
        assert!(detector.push(&[vec![value; 20_000], vec![value; 20_000]]).is_empty());
        assert!(detector.finish().is_empty());
        assert_eq!(detector.usable_share(), 0.0);
    }
}

#[test]
fn noise_of_any_band_has_hardly_a_beat_and_is_called_unusable() {
    // What little of 1 to 5 Hz there is in the band of complexes comes and goes by itself.
    let bands = [(0.5, 40.0, 4), (2.0, 30.0, 4), (20.0, 45.0, 4), (1.0, 5.0, 30), (4.0, 7.0, 10)];
    for (low, high, most) in bands {
        for amplitude in [0.1, 10.0] {
            let (mut signal, noise) = (Vec::new(), noise(3, amplitude, 60_000));
            Fir::band_pass(FREQUENCY, low, high, 0.5).apply(&noise, &mut signal);
            let mut detector = Detector::new(FREQUENCY, 1).expect("fit");
            let found = detector.push(&[signal]).len() + detector.finish().len();
            assert!(
                found <= most,
                "{low} to {high} Hz: {found} beats in three minutes, usable {}",
                detector.usable_share()
            );
            assert!(detector.usable_share() < 0.2, "{low} to {high} Hz");
        }
    }
}

#[test]
fn mains_of_the_height_of_beats_hide_none() {
    for mains in [50.0, 60.0] {
        let (beats, mut signal) = minute();
        for (frame, value) in signal.iter_mut().enumerate() {
            *value += (std::f64::consts::TAU * mains * frame as f64 / FREQUENCY).sin() as f32;
        }
        let outcome = outcome(&beats, signal);
        assert!(outcome.missed.is_empty() && outcome.extra.is_empty(), "{mains} Hz: {outcome}");
    }
}

#[test]
fn no_beat_is_reported_in_a_gap_and_none_is_lost_around_it() {
    for (from, to) in [(20.05, 20.25), (20.0, 23.0), (20.3, 50.0), (0.0, 10.0)] {
        let (beats, mut signal) = minute();
        signal[(from * FREQUENCY) as usize..(to * FREQUENCY) as usize].fill(f32::NAN);
        let there = |beat: &Beat| beat.time < from - 0.05 || beat.time > to + 0.05;
        let beats: Vec<Beat> = beats.into_iter().filter(there).collect();
        let outcome = outcome(&beats, signal);
        assert!(outcome.missed.is_empty() && outcome.extra.is_empty(), "{from} to {to}: {outcome}");
    }
}

#[test]
fn a_lead_that_goes_missing_or_flat_or_noisy_takes_no_beat_along() {
    for kind in ["missing", "flat", "noisy"] {
        for lead in [0, 1] {
            let (beats, signal) = minute();
            let half = signal.iter().map(|value| value * -0.4).collect();
            let mut leads = [signal, half];
            let lost = &mut leads[lead][8000..16_000];
            match kind {
                "missing" => lost.fill(f32::NAN),
                "flat" => lost.fill(0.2),
                _ => lost.copy_from_slice(&noise(4, 1.0, 8000)),
            }
            let truth: Vec<f64> = beats.iter().map(|beat| beat.time).collect();
            let outcome = Outcome::of(&truth, &times(FREQUENCY, &detected(FREQUENCY, &leads, 700)));
            // Noise over a lead counts as beats until its quality falls, and then they are lower.
            let most = if kind == "noisy" { 4 } else { 0 };
            let what = format!("{kind} {lead}: {outcome}");
            assert!(outcome.missed.len() + outcome.extra.len() <= most, "{what}");
        }
    }
}

#[test]
fn a_step_costs_at_most_the_beat_that_it_looks_like() {
    for height in [0.5, 5.0, 100.0] {
        let (beats, mut signal) = minute();
        signal[10_080..].iter_mut().for_each(|value| *value += height);
        let outcome = outcome(&beats, signal);
        assert!(outcome.missed.len() + outcome.extra.len() <= 1, "{height} mV: {outcome}");
    }
}

#[test]
fn a_huge_spike_hides_no_beat_but_those_beside_it() {
    for time in [0.1, 1.0, 20.0, 30.4, 59.5] {
        for deviation in [0.002, 0.05] {
            let (beats, mut signal) = minute();
            add_wave(&mut signal, FREQUENCY, time, deviation, 50.0);
            let outcome = outcome(&beats, signal);
            let near = |at: &&f64| (*at - time).abs() < 0.4;
            let far = outcome.missed.iter().chain(&outcome.extra).filter(|at| !near(at)).count();
            // At the start nothing else is known yet.
            let most = if time < 2.0 { 5 } else { 0 };
            assert!(far <= most, "{time} s, {deviation} s: {outcome}");
        }
    }
}

#[test]
fn a_clipped_signal_keeps_its_beats() {
    let (beats, mut signal) = minute();
    signal.iter_mut().for_each(|value| *value = value.clamp(-0.1, 0.35));
    assert_eq!(wrong(&beats, signal), 0);
}

#[test]
fn beats_that_shrink_to_a_quarter_or_grow_back_are_followed() {
    for sudden in [false, true] {
        for grows in [false, true] {
            let (beats, mut signal) = minute();
            let count = signal.len();
            for (frame, value) in signal.iter_mut().enumerate() {
                let done = frame as f32 / count as f32;
                let done = if sudden { done.round() } else { done };
                *value *= 0.25f32.powf(if grows { 1.0 - done } else { done });
            }
            let outcome = outcome(&beats, signal);
            let wrong = outcome.missed.len() + outcome.extra.len();
            assert!(wrong <= usize::from(sudden) * 2, "{sudden} {grows}: {outcome}");
        }
    }
}

#[test]
fn ectopic_beats_of_twice_the_height_are_found_with_all_around_them() {
    for every in [2, 3, 7] {
        for height in [2.0, -2.0] {
            let (mut beats, _) = minute();
            for beat in beats.iter_mut().skip(1).step_by(every) {
                *beat = Beat { time: beat.time - 0.3, height, width: 0.16, t_wave: -height / 4.0 };
            }
            let signal = drawn(&beats, FREQUENCY, 60.0);
            let outcome = outcome(&beats, signal);
            let what = format!("every {every}: {outcome}");
            assert!(outcome.missed.is_empty() && outcome.extra.is_empty(), "{what}");
            assert!(outcome.error() < 0.004, "{what}");
        }
    }
}

#[test]
fn fibrillating_atria_make_beats_irregular_and_lose_none() {
    let mut stream = generativa_random::Stream::named(5, "intervals");
    let (mut time, mut beats) = (0.4, Vec::new());
    while time < 118.0 {
        beats.push(Beat { time, height: 0.8 + 0.4 * stream.uniform(), width: 0.09, t_wave: 0.2 });
        time += 0.35 + 0.9 * stream.uniform() * stream.uniform();
    }
    let mut signal = drawn(&beats, FREQUENCY, 120.0);
    for (value, noise) in signal.iter_mut().zip(noise(6, 0.05, 120 * 360)) {
        *value += noise;
    }
    assert_eq!(wrong(&beats, signal), 0);
}

#[test]
fn a_peak_is_known_at_most_four_seconds_after_it_came() {
    for interval in [0.4, 0.8, 2.4] {
        let signal = drawn(&regular(interval, 60.0), FREQUENCY, 60.0);
        let mut detector = Detector::new(FREQUENCY, 1).expect("fit");
        let mut found = 0;
        for (number, piece) in signal.chunks(36).enumerate() {
            for peak in detector.push(&[piece.to_vec()]) {
                let waited = (number + 1) as f64 * 0.1 - peak.frame as f64 / FREQUENCY;
                assert!(waited <= 4.0, "{waited} s at one beat in {interval} s");
                found += 1;
            }
        }
        assert!(found + 11 > (60.0 / interval) as usize);
    }
}

#[test]
fn what_cannot_be_detected_is_refused_with_what_can() {
    let refused =
        |frequency, leads| Detector::new(frequency, leads).expect_err("unfit").to_string();
    assert!(refused(50.0, 1).contains("expected 100 to 1000, found 50"));
    assert!(refused(f64::NAN, 1).contains("found NaN"));
    assert!(refused(360.0, 0).contains("found none"));
}

#[test]
fn an_hour_of_signal_keeps_no_more_than_a_minute_does() {
    let (_, mut signal) = minute();
    signal[5000..6000].fill(f32::NAN);
    let mut detector = Detector::new(FREQUENCY, 1).expect("fit");
    // What a detector holds is what it shows.
    let mut held = || {
        detector.push(&[signal.clone()]);
        format!("{detector:?}").len()
    };
    let first = held();
    let most = (1..60).map(|_| held()).max();
    assert!(most < Some(2 * first), "{first} characters after a minute, {most:?} at most later");
}
