use std::f64::consts::TAU;

use super::*;
use crate::wfdb::{Annotations, Reader};

mod planted;

const EVERY_KIND: Shares =
    Shares { ventricular: 0.1, atrial: 0.1, left_bundle: 0.1, right_bundle: 0.1 };

fn whole(settings: &Settings) -> (Vec<Vec<f32>>, Vec<Beat>) {
    let mut simulation = Simulation::new(settings).expect("settings that pass");
    let leads = simulation.read(usize::MAX).expect("frames");
    assert_eq!(simulation.read(1), None);
    (leads, simulation.take_beats())
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count)
}

fn variance(values: &[f64]) -> f64 {
    let centre = mean(values.iter().copied());
    mean(values.iter().map(|value| (value - centre) * (value - centre)))
}

/// What the recorder added to a lead.
fn added(noise: Noise, seconds: f64, lead: usize) -> (Vec<f64>, Vec<f64>) {
    let settings = Settings { noise, ..Settings::clean(3, seconds) };
    let clean = whole(&Settings::clean(3, seconds)).0.swap_remove(lead);
    let noisy = whole(&settings).0.swap_remove(lead);
    let difference = noisy.iter().zip(&clean).map(|(a, b)| f64::from(a - b)).collect();
    (clean.into_iter().map(f64::from).collect(), difference)
}

#[test]
fn every_r_peak_is_where_the_clean_first_lead_is_furthest_from_zero() {
    let sinus = |seed| Settings { shares: EVERY_KIND, spread: 1.0, ..Settings::clean(seed, 300.0) };
    let fibrillating = |seed| Settings {
        rhythm: Rhythm::AtrialFibrillation,
        shares: Shares { atrial: 0.0, ..EVERY_KIND },
        ..sinus(seed)
    };
    for settings in (1..5).flat_map(|seed| [sinus(seed), fibrillating(seed)]) {
        let (leads, beats) = whole(&settings);
        assert!(beats.len() > 200, "{} beats", beats.len());
        for beat in beats {
            let peak = beat.frame as usize;
            // 40 ms: a QRS of a normal beat reaches that far, and no other wave so near.
            let near = peak.saturating_sub(14)..(peak + 15).min(leads[0].len());
            let highest = leads[0][near].iter().fold(0.0_f32, |most, value| most.max(value.abs()));
            assert_eq!(leads[0][peak].abs(), highest, "{beat:?}");
            assert!(highest > 0.3, "{beat:?}");
        }
    }
}

#[test]
fn intervals_have_the_mean_that_is_asked_in_both_rhythms() {
    for rhythm in [Rhythm::Sinus, Rhythm::AtrialFibrillation] {
        let settings = Settings { heart_rate: Some(75.0), rhythm, ..Settings::clean(5, 6000.0) };
        let beats = whole(&settings).1;
        let intervals: Vec<f64> = beats.iter().map(|beat| beat.rr).collect();
        let found = mean(intervals.iter().copied());
        assert!((found - 0.8).abs() < 0.01, "{rhythm:?}: {found}");
        let spread = variance(&intervals).sqrt() / found;
        let expected = if rhythm == Rhythm::Sinus { 0.02..0.08 } else { 0.18..0.26 };
        assert!(expected.contains(&spread), "{rhythm:?}: {spread}");
    }
}

#[test]
fn intervals_swing_with_blood_pressure_and_breath_and_little_between() {
    let settings = Settings { heart_rate: Some(75.0), ..Settings::clean(6, 4000.0) };
    let beats = whole(&settings).1;
    let centre = mean(beats.iter().map(|beat| beat.rr));
    let power = |frequency: f64| {
        let (mut sin, mut cos) = (0.0, 0.0);
        for beat in &beats {
            let angle = TAU * frequency * beat.frame as f64 / settings.frequency;
            sin += (beat.rr - centre) * angle.sin();
            cos += (beat.rr - centre) * angle.cos();
        }
        sin * sin + cos * cos
    };
    let band = |low: f64, high: f64| {
        mean((0..100).map(|step| power(low + (high - low) * f64::from(step) / 100.0)))
    };
    let (pressure, breath) = (band(0.09, 0.11), band(0.24, 0.26));
    for between in [band(0.15, 0.2), band(0.32, 0.4)] {
        assert!(pressure > 8.0 * between, "{pressure} against {between}");
        assert!(breath > 8.0 * between, "{breath} against {between}");
    }
}

#[test]
fn a_recording_is_the_same_in_pieces_of_any_size() {
    let noise = Noise { dropouts: 300.0, ..Settings::holter(2).noise };
    let settings = Settings {
        seconds: 40.003,
        noise,
        shares: EVERY_KIND,
        changes: 0.5,
        ..Settings::holter(2)
    };
    let (leads, beats) = whole(&settings);
    assert_eq!(leads[0].len() as u64, settings.frames());
    for size in [1, 7, 1000, 4096, 5000] {
        let mut simulation = Simulation::new(&settings).expect("settings that pass");
        let mut pieces = vec![Vec::<f32>::new(); 2];
        let mut found = Vec::new();
        while let Some(piece) = simulation.read(size) {
            pieces.iter_mut().zip(&piece).for_each(|(all, one)| all.extend(one));
            found.extend(simulation.take_beats());
            let given = pieces[0].len() as u64;
            assert!(found.iter().all(|beat: &Beat| beat.frame < given));
        }
        assert!(pieces == leads && found == beats, "pieces of {size}");
    }
}

#[test]
fn two_seeds_are_two_people_unless_all_are_the_textbook_one() {
    let alike = Settings { between_patients: 0.0, between_beats: 0.0, ..Settings::default() };
    let measures = |beat: &Beat| [beat.qrs_width, beat.t_amplitude, beat.rr];
    let second = |settings: &Settings| whole(settings).1.swap_remove(1);
    let (one, two) = (second(&alike), second(&Settings { seed: 2, ..alike.clone() }));
    assert_eq!((measures(&one), one.frame), (measures(&two), two.frame));
    let different = Settings { between_patients: 1.0, ..alike };
    let people: Vec<Beat> =
        (1..30).map(|seed| second(&Settings { seed, ..different.clone() })).collect();
    for (index, one) in people.iter().enumerate() {
        for two in &people[..index] {
            assert!(measures(one).iter().zip(measures(two)).all(|(a, b)| *a != b));
        }
    }
    let rates: Vec<f64> = people.iter().map(|beat| 60.0 / beat.rr).collect();
    assert!(rates.iter().all(|rate| (54.9..95.1).contains(rate)), "{rates:?}");
    assert!(variance(&rates) > 25.0, "{rates:?}");
}

#[test]
fn kinds_come_in_the_shares_that_are_asked() {
    let shares = Shares { ventricular: 0.05, atrial: 0.1, left_bundle: 0.02, right_bundle: 0.2 };
    let beats = whole(&Settings { shares, ..Settings::clean(7, 20_000.0) }).1;
    let all = beats.len() as f64;
    for (kind, share) in Kind::ALL.into_iter().zip([0.63, 0.05, 0.1, 0.02, 0.2]) {
        let found = beats.iter().filter(|beat| beat.kind == kind).count() as f64 / all;
        // Four standard errors.
        let error = 4.0 * (share * (1.0_f64 - share) / all).sqrt();
        assert!((found - share).abs() < error, "{kind:?}: {found} of {share}");
    }
}

#[test]
fn early_beats_pause_as_their_origin_has_it() {
    let shares = Shares { ventricular: 0.1, atrial: 0.1, ..Shares::default() };
    let steady =
        Settings { heart_rate: Some(60.0), between_beats: 0.0, ..Settings::clean(8, 2000.0) };
    let (leads, beats) = whole(&Settings { shares, ..steady });
    let mut seen = [0, 0];
    for three in beats.windows(3) {
        let [before, beat, after] = three else { unreachable!("windows of three") };
        if before.kind != Kind::Normal || after.kind != Kind::Normal {
            continue;
        }
        match beat.kind {
            Kind::Ventricular => {
                seen[0] += 1;
                assert!(beat.rr < 0.75 && beat.qrs_width >= 0.12 && beat.pr.is_none());
                assert!((beat.rr + after.rr - 2.0).abs() < 1e-9, "compensatory: {beat:?}");
                let upwards = leads[0][beat.frame as usize] > 0.0;
                assert_ne!(upwards, beat.t_amplitude > 0.0, "T against the QRS");
            }
            Kind::Atrial => {
                seen[1] += 1;
                assert!(beat.rr < 0.8 && beat.qrs_width < 0.12 && beat.pr.is_some());
                assert!((after.rr - 1.0).abs() < 1e-9, "not compensatory: {beat:?}");
            }
            _ => assert!(beat.pr.is_some_and(|pr| (0.1..0.22).contains(&pr)), "{beat:?}"),
        }
    }
    assert!(seen[0] > 50 && seen[1] > 50, "{seen:?}");
}

#[test]
fn blocked_beats_are_wide_and_fibrillating_atria_make_no_p() {
    let shares = Shares { left_bundle: 0.5, right_bundle: 0.5, ..Shares::default() };
    let (leads, beats) = whole(&Settings { shares, ..Settings::clean(9, 100.0) });
    for beat in &beats[1..beats.len() - 1] {
        assert!(beat.qrs_width >= 0.12, "{beat:?}");
        // Behind the peak in V1: a second R with the right bundle blocked, a deep S with the left.
        let frame = beat.frame as usize;
        let second = leads[1][frame..frame + 30].iter().fold(f32::MIN, |a, &b| a.max(b));
        assert_eq!(second > 0.3, beat.kind == Kind::RightBundle, "{beat:?}: {second}");
    }
    let rhythm = Rhythm::AtrialFibrillation;
    let beats = whole(&Settings { rhythm, ..Settings::clean(9, 100.0) }).1;
    assert!(beats.iter().all(|beat| beat.pr.is_none()));
}

#[test]
fn muscle_noise_is_as_strong_as_asked_in_each_lead() {
    for (lead, asked) in [(0, 6.0), (1, 6.0), (0, -3.0), (1, 20.0)] {
        let noise = Noise { muscle: Some(asked), ..Noise::NONE };
        let (clean, difference) = added(noise, 120.0, lead);
        let found = 10.0 * (variance(&clean) / variance(&difference)).log10();
        assert!((found - asked).abs() < 0.3, "lead {lead}: {found} dB of {asked}");
    }
}

#[test]
fn wander_and_hum_are_as_strong_as_asked() {
    for lead in [0, 1] {
        let wander = added(Noise { wander: 0.2, ..Noise::NONE }, 1800.0, lead).1;
        let strength = mean(wander.iter().map(|value| value * value)).sqrt();
        assert!((strength - 0.2).abs() < 0.02, "{strength}");
        let fastest = wander.windows(2).map(|two| (two[1] - two[0]).abs()).fold(0.0, f64::max);
        assert!(fastest < 0.01, "{fastest} mV a frame");
        let hum = added(Noise { powerline: 0.1, mains: 50.0, ..Noise::NONE }, 60.0, lead).1;
        let turn = |index: usize| TAU * 50.0 * index as f64 / 360.0;
        let part = mean(hum.iter().enumerate().map(|(index, value)| value * turn(index).sin()));
        assert!((2.0 * part - 0.1).abs() < 1e-5, "{part}");
    }
}

#[test]
fn dropouts_are_flat_and_beats_in_them_are_lost() {
    let noise = Noise { wander: 0.1, powerline: 0.05, dropouts: 120.0, ..Noise::NONE };
    let (leads, beats) = whole(&Settings { noise, ..Settings::clean(10, 3600.0) });
    let flat: Vec<bool> =
        leads[0].iter().zip(&leads[1]).map(|(a, b)| (*a, *b) == (0.0, 0.0)).collect();
    let runs: Vec<usize> =
        flat.chunk_by(|a, b| a == b).filter(|run| run[0]).map(<[bool]>::len).collect();
    // Four standard deviations of a Poisson number, which this is a little more even than.
    assert!((76..164).contains(&runs.len()), "{} dropouts", runs.len());
    assert!(runs.iter().all(|run| (359..=2161).contains(run)), "{runs:?}");
    assert!(beats.iter().all(|beat| beat.lost == flat[beat.frame as usize]));
    assert!(beats.iter().any(|beat| beat.lost));
}

#[test]
fn a_written_recording_reads_back_with_every_beat() -> crate::Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let settings =
        Settings { seconds: 400.0, shares: EVERY_KIND, changes: 0.2, ..Settings::holter(11) };
    let path = write(&settings, folder.path(), "simulated")?;
    let (leads, beats) = whole(&settings);
    let mut reader = Reader::open(&path)?;
    let header = reader.header().clone();
    assert_eq!((header.frequency, header.frames), (360.0, Some(144_000)));
    assert!(header.comments[0].starts_with("simulated") && header.comments[1].contains("seed 11"));
    let steps = reader.read(usize::MAX)?.expect("frames");
    assert_eq!(reader.read(1)?, None);
    for ((signal, steps), lead) in header.signals.iter().zip(&steps).zip(&leads) {
        assert_eq!(steps.len(), lead.len());
        let off = steps.iter().zip(lead).map(|(&step, value)| signal.physical(step) - value);
        assert!(off.fold(0.0, |most, off| off.abs().max(most)) < 0.002_501);
    }
    let marks = Annotations::read(&path.with_extension("atr"))?.all;
    assert_eq!((marks[0].symbol, marks[0].text.as_str()), (b'+', "(N"));
    let expected: Vec<_> = beats.iter().map(Beat::annotation).collect();
    assert_eq!(marks[1..], expected);
    Ok(())
}

#[test]
fn whatever_passes_the_check_is_simulated() -> crate::Result<()> {
    let kinds = [
        Shares::default(),
        Shares { ventricular: 1.0, ..Shares::default() },
        Shares { atrial: 1.0, ..Shares::default() },
        Shares { left_bundle: 1.0, ..Shares::default() },
        EVERY_KIND,
    ];
    for (index, shares) in kinds.into_iter().enumerate() {
        for (frequency, rate) in [(100.0, 30.0), (250.5, 200.0), (10_000.0, 120.0)] {
            let settings = Settings {
                seed: index as u64,
                frequency,
                seconds: 20.0,
                heart_rate: Some(rate),
                shares,
                between_patients: 2.0,
                between_beats: 3.0,
                spread: 1.0,
                noise: Noise {
                    wander: 10.0,
                    muscle: Some(-40.0),
                    powerline: 10.0,
                    mains: 1000.0,
                    dropouts: 600.0,
                },
                changes: 1.0,
                ..Settings::default()
            };
            let (leads, beats) = whole(&settings);
            assert!(leads.iter().flatten().all(|value| value.is_finite()));
            assert!(beats.windows(2).all(|two| two[0].frame < two[1].frame), "{settings:?}");
            assert!(beats.len() > 7, "{settings:?}");
        }
    }
    for seconds in [0.0, 0.001] {
        assert_eq!(Simulation::new(&Settings::clean(1, seconds))?.read(5), None);
    }
    Ok(())
}

#[test]
fn what_cannot_be_simulated_is_refused() {
    let usual = Settings::default();
    let fibrillating = Settings { rhythm: Rhythm::AtrialFibrillation, ..usual.clone() };
    let refused = [
        Settings { frequency: f64::NAN, ..usual.clone() },
        Settings { seconds: -1.0, ..usual.clone() },
        Settings { seconds: f64::INFINITY, ..usual.clone() },
        Settings { heart_rate: Some(0.0), ..usual.clone() },
        Settings { shares: Shares { atrial: 0.1, ..Shares::default() }, ..fibrillating },
        Settings {
            shares: Shares { atrial: 0.6, left_bundle: 0.6, ..EVERY_KIND },
            ..usual.clone()
        },
        Settings { noise: Noise { dropouts: 1e9, ..Noise::NONE }, ..usual.clone() },
        Settings { changes: 1.5, ..usual.clone() },
    ];
    for settings in refused {
        let error = Simulation::new(&settings).expect_err("refused");
        assert!(matches!(error, crate::Error::Unfit { .. }), "{error}");
    }
    let error = Settings { spread: 2.0, ..usual }.check().expect_err("refused").to_string();
    assert_eq!(error, "simulated recording, spread: expected 0 to 1, found 2");
}
