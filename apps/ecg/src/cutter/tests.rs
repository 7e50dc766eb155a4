use generativa_datasets::simulators::ecg::{self, Kind, Noise, Settings, Shares, Simulation};

use super::*;

/// A recording of the simulator: its leads, and frame and kind of its beats that are not lost.
struct Recording {
    frequency: f64,
    leads: Vec<Vec<f32>>,
    beats: Vec<(u64, Kind)>,
}

fn recording(settings: &Settings) -> Recording {
    let mut simulation = Simulation::new(settings).expect("settings that pass");
    let leads = simulation.read(usize::MAX).expect("frames");
    let there = simulation.take_beats().into_iter().filter(|beat| !beat.lost);
    let beats = there.map(|beat| (beat.frame, beat.kind)).collect();
    Recording { frequency: settings.frequency, leads, beats }
}

/// A heart like clockwork, once a second.
fn clockwork(seconds: f64) -> Settings {
    Settings { heart_rate: Some(60.0), between_beats: 0.0, ..Settings::clean(2, seconds) }
}

/// What a wearer's recording has, in three minutes.
fn worn(seed: u64) -> Settings {
    let mut settings = Settings { seconds: 180.0, ..Settings::holter(seed) };
    (settings.noise.dropouts, settings.shares.ventricular) = (60.0, 0.1);
    settings
}

impl Recording {
    fn cut_in_pieces(&self, piece: usize) -> Vec<Beat> {
        let window = Window::default();
        let mut cutter =
            Cutter::new(self.frequency, self.leads.len(), 0, &window).expect("a window that fits");
        let (frames, mut beats) = (self.leads[0].len(), Vec::new());
        for start in (0..frames).step_by(piece) {
            let end = frames.min(start + piece);
            let piece: Vec<_> = self.leads.iter().map(|lead| lead[start..end].to_vec()).collect();
            beats.extend(cutter.push(&piece));
        }
        beats.extend(cutter.finish());
        beats
    }

    fn cut(&self) -> Vec<Beat> {
        self.cut_in_pieces(5000)
    }
}

fn root_mean_square(values: impl Iterator<Item = f32>) -> f32 {
    let (sum, count) =
        values.fold((0.0, 0), |(sum, count), value| (sum + value * value, count + 1));
    (sum / count as f32).sqrt()
}

/// How far two beats are apart, in units of a usual beat.
fn apart(one: &Beat, other: &Beat) -> f32 {
    assert_eq!(one.values.len(), other.values.len());
    root_mean_square(one.values.iter().zip(&other.values).map(|(one, other)| one - other))
}

fn median(mut values: Vec<f32>) -> f32 {
    values.sort_by(f32::total_cmp);
    values[values.len() / 2]
}

#[test]
fn beats_of_a_regular_heart_lie_on_each_other_with_r_in_its_place() {
    let recording = recording(&clockwork(60.5));
    let beats = recording.cut();
    assert_eq!(beats.len(), recording.beats.len());
    let place = Window::default().place_of_r();
    for beat in &beats[1..beats.len() - 1] {
        let highest = (0..128).max_by(|&a, &b| beat.values[a].total_cmp(&beat.values[b]));
        assert!((highest.expect("values") as f64 - place).abs() < 1.0, "{highest:?} for {place}");
        assert!(apart(beat, &beats[5]) < 0.1, "{} at {}", apart(beat, &beats[5]), beat.frame);
        assert_eq!(beat.missing, 0.0, "{}", beat.frame);
    }
    let heights = beats.iter().map(|beat| root_mean_square(beat.values.iter().copied()));
    assert!((median(heights.collect()) - 1.0).abs() < 1e-3);
}

#[test]
fn constant_intervals_give_zeros_and_the_ends_no_rhythm() {
    let beats = recording(&clockwork(30.5)).cut();
    assert_eq!(beats[0].rr, None);
    assert_eq!(beats[1].rr, Some(1.0));
    for (place, beat) in beats.iter().enumerate() {
        let known = (2..beats.len() - 1).contains(&place);
        assert_eq!(beat.rhythm, known.then(Rhythm::default), "{place}");
    }
}

#[test]
fn a_ventricular_beat_comes_early_and_is_followed_by_a_pause() {
    let shares = Shares { ventricular: 0.08, ..Shares::default() };
    for seed in 1..4 {
        let recording = recording(&Settings { shares, ..Settings::clean(seed, 180.0) });
        let beats = recording.cut();
        let kinds = truth(&beats, &recording.beats, recording.frequency);
        let rhythms = |of: Kind| {
            let pairs = beats.iter().zip(&kinds).filter(move |(_, kind)| **kind == Some(&of));
            pairs.filter_map(|(beat, _)| beat.rhythm).collect::<Vec<Rhythm>>()
        };
        let (ventricular, normal) = (rhythms(Kind::Ventricular), rhythms(Kind::Normal));
        assert!(ventricular.len() > 5);
        // Behind one of them a second one changes little, and is followed by no pause.
        assert!(ventricular.iter().all(|found| found.before < -0.15), "{ventricular:?}");
        assert!(median(ventricular.iter().map(|found| found.change).collect()) < -0.25);
        assert!(median(ventricular.iter().map(|found| found.after).collect()) > 0.15);
        assert!(median(normal.iter().map(|found| found.before.abs()).collect()) < 0.05);
        assert!(median(normal.iter().map(|found| found.irregularity).collect()) < 0.08);
    }
}

#[test]
fn fibrillation_is_irregular() {
    let rhythm = ecg::Rhythm::AtrialFibrillation;
    let beats = recording(&Settings { rhythm, ..Settings::clean(1, 60.0) }).cut();
    let found = beats.iter().filter_map(|beat| beat.rhythm).map(|found| found.irregularity);
    assert!(median(found.collect()) > 0.1);
}

#[test]
fn a_gap_takes_the_rhythm_of_its_neighbours_and_shows_in_windows() {
    for sample in [f32::NAN, 0.0] {
        let mut recording = recording(&worn(1));
        recording.leads.iter_mut().for_each(|lead| lead[10_000..11_000].fill(sample));
        let beats = recording.cut();
        assert!(beats.iter().flat_map(|beat| &beat.values).all(|value| value.is_finite()));
        let after = beats.iter().position(|beat| beat.frame > 10_500).expect("beats");
        assert!(beats[after].frame >= 10_990 && beats[after - 1].frame <= 10_010);
        assert_eq!(beats[after].rr, None, "{sample}");
        assert!(beats[after - 1..=after + 1].iter().all(|beat| beat.rhythm.is_none()));
        assert!(beats[after + 1].rr.is_some());
        for beat in &beats[after - 1..=after] {
            let window = beat.frame as f64 - 90.0..beat.frame as f64 + 162.0;
            let lost = (window.end.min(11_000.0) - window.start.max(10_000.0)).max(0.0) / 252.0;
            let lost = if sample == 0.0 && lost < 0.29 { 0.0 } else { lost };
            assert!((f64::from(beat.missing) - lost).abs() < 0.01, "{} {lost}", beat.missing);
        }
    }
}

#[test]
fn a_lead_that_is_lost_leaves_the_rhythm_to_the_other() {
    let mut recording = recording(&Settings::clean(1, 60.0));
    recording.leads[0][8000..12_000].fill(f32::NAN);
    let beats = recording.cut();
    assert_eq!(beats.len(), recording.beats.len());
    assert!(beats[2..beats.len() - 1].iter().all(|beat| beat.rhythm.is_some()));
    let lost = beats.iter().filter(|beat| (8200..11_800).contains(&beat.frame));
    assert!(lost.clone().count() > 8 && lost.clone().all(|beat| beat.missing == 1.0));
}

#[test]
fn the_first_and_the_last_window_reach_over_the_edge_and_count_what_lies_there() {
    let mut recording = recording(&clockwork(10.5));
    let (first, last) = (recording.beats[2].0 as usize, recording.beats[7].0 as usize);
    recording.leads.iter_mut().for_each(|lead| *lead = lead[first - 45..last + 54].to_vec());
    let beats = recording.cut();
    assert_eq!(beats.len(), 6);
    assert!((beats[0].missing - 45.0 / 253.0).abs() < 0.01, "{}", beats[0].missing);
    assert!((beats[5].missing - 109.0 / 253.0).abs() < 0.01, "{}", beats[5].missing);
    assert!(beats[5].values[110..].windows(2).all(|pair| (pair[0] - pair[1]).abs() < 1e-5));
}

#[test]
fn half_the_gain_gives_the_same_values() {
    let mut recording = recording(&worn(2));
    let whole = recording.cut();
    recording.leads.iter_mut().flatten().for_each(|sample| *sample *= 0.5);
    let half = recording.cut();
    assert_eq!(whole.len(), half.len());
    for (whole, half) in whole.iter().zip(&half) {
        assert!(apart(whole, half) < 1e-4);
        assert_eq!((whole.frame, whole.rhythm), (half.frame, half.rhythm));
    }
}

#[test]
fn the_frequency_of_the_samples_hardly_shows_in_beats() {
    let cut = |frequency| recording(&Settings { frequency, ..Settings::clean(1, 60.0) }).cut();
    let fine = cut(1000.0);
    for (frequency, most) in [(250.0, 0.1), (360.0, 0.07), (500.0, 0.01)] {
        let coarse = cut(frequency);
        assert_eq!(fine.len(), coarse.len());
        let off: Vec<f32> =
            fine.iter().zip(&coarse).map(|(one, other)| apart(one, other)).collect();
        assert!(median(off) < most, "{frequency} Hz");
    }
}

#[test]
fn pieces_of_any_size_give_the_same_bits() {
    let mut recording = recording(&worn(3));
    recording.leads[0][30_000..30_200].fill(f32::NAN);
    recording.leads[1][30_100] = f32::NAN;
    let whole = recording.cut_in_pieces(usize::MAX / 2);
    assert!(whole.len() > 150);
    for piece in [1, 7, 1000] {
        assert_eq!(recording.cut_in_pieces(piece), whole, "{piece}");
    }
}

#[test]
fn a_heart_that_stops_lets_its_last_beat_go() {
    let recording = recording(&clockwork(70.5));
    let mut cutter = Cutter::new(360.0, 2, 0, &Window::default()).expect("fit");
    let mut beats = cutter.push(&recording.leads);
    assert!(beats.len() < recording.beats.len());
    beats.extend(cutter.push(&[vec![0.0; 16 * 360], vec![0.0; 16 * 360]]));
    assert_eq!(beats.len(), recording.beats.len());
    assert!(beats[beats.len() - 1].rhythm.is_none() && cutter.finish().is_empty());
}

#[test]
fn beats_wait_for_the_scale_and_then_come_all_at_once() {
    let recording = recording(&clockwork(80.5));
    let part = |from: usize, to: usize| {
        recording.leads.iter().map(|lead| lead[from..to].to_vec()).collect::<Vec<_>>()
    };
    let mut cutter = Cutter::new(360.0, 2, 0, &Window::default()).expect("fit");
    assert!(cutter.push(&part(0, 60 * 360)).is_empty());
    assert_eq!(cutter.scale(), None);
    assert!(cutter.push(&part(60 * 360, 71 * 360)).len() >= 60);
    assert!(cutter.scale().is_some());
}

#[test]
fn nothing_is_cut_from_nothing() {
    for seconds in [0, 1, 700] {
        let mut cutter = Cutter::new(360.0, 1, 0, &Window::default()).expect("fit");
        assert!(cutter.push(&[vec![f32::NAN; seconds * 360]]).is_empty());
        assert!(cutter.finish().is_empty());
        assert_eq!(cutter.usable_share(), 0.0);
        assert!(cutter.signal().1.len() <= 31 * 360, "the signal is forgotten");
        assert!(cutter.scale().is_some());
    }
}

#[test]
fn what_does_not_fit_is_refused_in_words() {
    let window = Window::default();
    let refused = |frequency, leads, lead, window: &Window| {
        Cutter::new(frequency, leads, lead, window).expect_err("no cutter").to_string()
    };
    assert!(refused(50.0, 2, 0, &window).contains("expected 100 to 1000, found 50"));
    assert!(refused(360.0, 2, 2, &window).contains("expected a number under 2, found 2"));
    for unfit in [
        Window { before: -0.1, ..window },
        Window { after: f64::NAN, ..window },
        Window { after: 2.5, ..window },
        Window { before: 0.0, after: 0.0, ..window },
        Window { samples: 1, ..window },
    ] {
        assert!(refused(360.0, 2, 0, &unfit).starts_with("window of a beat: expected"));
    }
}

#[test]
fn windows_of_one_side_and_of_two_seconds_are_cut() {
    let recording = recording(&clockwork(10.5));
    for (before, after) in [(0.0, 0.3), (0.3, 0.0), (2.0, 2.0)] {
        let window = Window { before, after, samples: 200 };
        let mut cutter = Cutter::new(360.0, 2, 1, &window).expect("fit");
        let mut beats = cutter.push(&recording.leads);
        beats.extend(cutter.finish());
        assert_eq!(beats.len(), recording.beats.len());
        assert!(beats.iter().all(|beat| beat.values.len() == 200));
        let (start, signal) = cutter.signal();
        assert_eq!((start, signal.len()), (0, 3780));
    }
}

#[test]
fn a_window_reads_back_as_it_was_written_and_knows_all_its_fields() {
    let text = toml::to_string(&Window::default()).expect("a table");
    assert_eq!(toml::from_str(&text), Ok(Window::default()));
    assert!(toml::from_str::<Window>(&format!("{text}\nleads = 2")).is_err());
}

#[test]
fn hardly_a_beat_is_lost_in_muscle_noise_at_6_decibels() {
    let (sinus, fibrillation) = (ecg::Rhythm::Sinus, ecg::Rhythm::AtrialFibrillation);
    let none = Shares::default();
    for (name, rhythm, shares) in [
        ("sinus", sinus, none),
        ("fibrillation", fibrillation, none),
        ("ventricular", sinus, Shares { ventricular: 0.1, ..none }),
        ("ventricular in fibrillation", fibrillation, Shares { ventricular: 0.1, ..none }),
        ("atrial", sinus, Shares { atrial: 0.1, ..none }),
        ("left bundle", sinus, Shares { left_bundle: 1.0, ..none }),
        ("right bundle", sinus, Shares { right_bundle: 1.0, ..none }),
    ] {
        for spread in [0.0, 1.0] {
            let mut worst = 1.0f64;
            for seed in 1..9 {
                let noise = Noise { muscle: Some(6.0), ..Noise::NONE };
                let settings =
                    Settings { rhythm, shares, spread, noise, ..Settings::clean(seed, 180.0) };
                let recording = recording(&settings);
                let beats = recording.cut();
                let known = truth(&beats, &recording.beats, recording.frequency);
                let found = known.iter().flatten().count() as f64;
                let f1 = 2.0 * found / (beats.len() + recording.beats.len()) as f64;
                worst = worst.min(f1);
            }
            assert!(worst >= 0.98, "{name}, spread {spread}: {worst}");
        }
    }
}
