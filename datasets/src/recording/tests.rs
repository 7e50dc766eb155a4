use std::fs;
use std::path::{Path, PathBuf};

use generativa_random::Stream;

use super::*;
use crate::read::real_data;
use crate::wfdb::{Format, Header, Reader, Signal, Writer};

/// All samples of each lead, read so many frames at a time; NaN as `None`, so that they compare.
pub(super) type Samples = Vec<Vec<Option<f32>>>;

pub(super) fn all(recording: &mut Recording, frames: usize) -> Result<Samples> {
    let mut all = vec![Vec::new(); recording.leads().len()];
    while let Some(piece) = recording.read(frames)? {
        let given = piece[0].len();
        assert!((1..=frames.max(1)).contains(&given) && piece.iter().all(|own| own.len() == given));
        for (all, piece) in all.iter_mut().zip(piece) {
            all.extend(piece.into_iter().map(|sample| Some(sample).filter(|own| !own.is_nan())));
        }
    }
    Ok(all)
}

/// A file of these bytes, its recording and all samples, which must not depend on the pieces.
pub(super) fn read(name: &str, bytes: &[u8], options: &Options) -> Result<(Recording, Samples)> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("written");
    let samples = all(&mut Recording::open_with(&path, options)?, usize::MAX)?;
    for frames in [0, 1, 3, 1000] {
        let again = all(&mut Recording::open_with(&path, options)?, frames)?;
        assert_eq!(again, samples, "{frames} at a time");
    }
    Ok((Recording::open_with(&path, options)?, samples))
}

/// What is said of a file that cannot be read.
pub(super) fn refusal(name: &str, bytes: &[u8], options: &Options) -> String {
    let error = read(name, bytes, options).map(|(_, samples)| samples).expect_err("refused");
    error.to_string()
}

pub(super) fn some(samples: &[f32]) -> Vec<Option<f32>> {
    samples.iter().copied().map(Some).collect()
}

/// Fails where samples are missing in one only or differ by more than f64 arithmetic rounds.
pub(super) fn assert_close(samples: &[Option<f32>], expected: &[Option<f32>]) {
    let close = |(one, other): (&Option<f32>, &Option<f32>)| match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() < 1e-7,
        _ => one == other,
    };
    let equal = samples.len() == expected.len() && samples.iter().zip(expected).all(close);
    assert!(equal, "{samples:?} instead of {expected:?}");
}

pub(super) fn named(leads: &[&str]) -> Options {
    Options { leads: leads.iter().map(|&name| name.to_owned()).collect(), ..Options::default() }
}

pub(super) fn at(frequency: f64) -> Options {
    Options { frequency: Some(frequency), ..Options::default() }
}

/// A WFDB recording `r` of three frames in a folder: `MLII` in microvolt and `pleth` of as many
/// samples of a frame as said.
fn wfdb(folder: &Path, names: [&str; 2], per_frame: [usize; 2]) -> Result<PathBuf> {
    let mut signals = names.map(|name| Signal::millivolt("r.dat", Format::F16, 2.0, name)).to_vec();
    signals[0].unit = "uV".to_owned();
    signals[0].calibrated = true;
    (signals[1].unit, signals[1].calibrated) = ("mmHg".to_owned(), false);
    let samples: Vec<Vec<i32>> =
        per_frame.iter().map(|&count| (0..3 * count as i32).map(|t| 2000 * t).collect()).collect();
    for (signal, count) in signals.iter_mut().zip(per_frame) {
        signal.per_frame = count;
    }
    let header = Header {
        name: "r".to_owned(),
        frequency: 125.0,
        frames: None,
        start: Some("12:30:00 01/02/1990".to_owned()),
        signals,
        comments: Vec::new(),
    };
    let mut writer = Writer::create(folder, header)?;
    writer.write(&samples)?;
    writer.finish()
}

/// 16-bit sound of two channels at 500 Hz.
fn sound() -> Vec<u8> {
    let mut bytes = b"RIFF\x30\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0".to_vec();
    bytes.extend([500u32.to_le_bytes(), 2000u32.to_le_bytes()].concat());
    bytes.extend(b"\x04\0\x10\0data\x0c\0\0\0");
    let samples: [i16; 6] = [0, 16_384, -32_768, 32_767, 1, -1];
    bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    bytes
}

#[test]
fn an_ending_that_is_not_read_is_named_with_those_that_are() {
    let options = Options::default();
    let error = refusal("r.mat", b"", &options);
    assert!(error.contains("r.mat: expected an ending that is read"), "{error}");
    assert!(error.contains("`.csv`") && error.contains("found `.mat`"), "{error}");
    assert!(refusal("r", b"", &options).contains("no ending and no header beside it"));
    assert!(refusal("r.dat", b"", &options).contains("r.hea` beside it, found none"));
    let folder = tempfile::tempdir().expect("a folder");
    assert!(matches!(Recording::open(folder.path()), Err(Error::WrongKind { .. })));
    for ending in ["hea", "edf", "csv", "wav"] {
        let missing = folder.path().join(format!("r.{ending}"));
        assert!(matches!(Recording::open(&missing), Err(Error::Unreadable { .. })), "{ending}");
    }
}

#[test]
fn a_record_of_wfdb_is_found_by_each_of_its_names_and_in_millivolt() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    wfdb(folder.path(), ["MLII", "pleth"], [1, 1])?;
    for name in ["r", "r.hea", "r.dat"] {
        let mut recording = Recording::open(&folder.path().join(name))?;
        assert_eq!((recording.name(), recording.frequency()), ("r", 125.0));
        assert_eq!((recording.frames(), recording.start()), (Some(3), Some("12:30:00 01/02/1990")));
        let lead = |name: &str, unit: &str, calibrated| Lead {
            name: name.to_owned(),
            unit: unit.to_owned(),
            calibrated,
        };
        assert_eq!(recording.leads(), [lead("MLII", "mV", true), lead("pleth", "mmHg", false)]);
        // An uncalibrated signal has 200 steps a unit.
        let expected = [some(&[0.0, 1.0, 2.0]), some(&[0.0, 10.0, 20.0])];
        assert_eq!(all(&mut recording, 2)?, expected);
    }
    Ok(())
}

#[test]
fn signals_of_another_frequency_than_the_electrocardiogram_are_left_out_by_name() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = wfdb(folder.path(), ["MLII", "pleth"], [4, 1])?;
    let mut recording = Recording::open(&path)?;
    assert_eq!((recording.frequency(), recording.frames()), (500.0, Some(12)));
    assert_eq!(recording.left_out(), ["pleth"]);
    let samples = all(&mut recording, 5)?;
    assert_eq!(samples, [(0..12).map(|t| Some(t as f32)).collect::<Vec<_>>()]);
    let recording = Recording::open_with(&path, &named(&["Pleth"]))?;
    assert_eq!((recording.frequency(), recording.left_out()), (125.0, &["MLII".to_owned()][..]));
    let error = Recording::open_with(&path, &named(&["V9"])).expect_err("no such lead");
    assert!(error.to_string().contains("expected a lead `V9`, found `MLII`, `pleth`"), "{error}");
    let path = wfdb(folder.path(), ["ECG left", "V5"], [4, 1])?;
    let error = Recording::open(&path).expect_err("two frequencies").to_string();
    assert!(error.contains("`ECG left` at 500 Hz and `V5` at 125 Hz"), "{error}");
    Ok(())
}

#[test]
fn a_frequency_that_is_none_or_not_that_of_the_file_is_refused() {
    for none in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = refusal("t.csv", b"I\n1\n", &at(none));
        assert!(error.contains("expected a positive number of Hz, found"), "{error}");
    }
    let error = refusal("r.wav", &sound(), &at(250.0));
    assert!(error.contains("expected 250 Hz as given, found 500 Hz"), "{error}");
}

#[test]
fn names_of_leads_look_like_an_electrocardiogram_and_others_do_not() {
    for name in ["ECG", "EKG1", "ECG II-Ref", "i", "aVR", "Lead III", "V5", "MLII", "MV2", "vx"] {
        assert!(leads::looks_like_ecg(name), "{name}");
    }
    for name in ["EEG Fpz-Cz", "Resp", "SaO2", "V", "V0", "PLETH", "EMG I", "", "ABP", "MCL9"] {
        assert!(!leads::looks_like_ecg(name), "{name}");
    }
}

#[test]
fn channels_of_sound_are_parts_of_full_scale() -> Result<()> {
    let (recording, samples) = read("r.wav", &sound(), &Options::default())?;
    assert_eq!((recording.frequency(), recording.frames()), (500.0, Some(3)));
    let [left, right] = recording.leads() else { panic!("two channels") };
    assert_eq!((&*left.name, &*left.unit, left.calibrated), ("channel 1", "full scale", false));
    assert_eq!(right.name, "channel 2");
    let step = 1.0 / 32_768.0;
    assert_eq!(samples, [some(&[0.0, -1.0, step]), some(&[0.5, 1.0 - step, -step])]);
    let (_, right) = read("r.wav", &sound(), &named(&["channel 2"]))?;
    assert_eq!(right, samples[1..]);
    Ok(())
}

#[test]
fn sound_of_each_width_has_the_same_values() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("r.wav");
    for (bits, sample_format) in [
        (16, hound::SampleFormat::Int),
        (24, hound::SampleFormat::Int),
        (32, hound::SampleFormat::Int),
        (32, hound::SampleFormat::Float),
    ] {
        let spec =
            hound::WavSpec { channels: 1, sample_rate: 250, bits_per_sample: bits, sample_format };
        let mut writer = hound::WavWriter::create(&path, spec).expect("a writer");
        for value in [-1.0f32, 0.5, 0.0] {
            match sample_format {
                hound::SampleFormat::Float => writer.write_sample(value),
                hound::SampleFormat::Int => writer.write_sample(
                    (f64::from(value) * f64::from(2u32.pow(31))) as i32 >> (32 - bits),
                ),
            }
            .expect("written");
        }
        writer.finalize().expect("finished");
        let samples = all(&mut Recording::open(&path)?, 7)?;
        assert_eq!(samples, [some(&[-1.0, 0.5, 0.0])], "{bits} {sample_format:?}");
    }
    Ok(())
}

#[test]
fn sound_that_was_cut_says_at_which_frame() {
    let bytes = sound();
    let error = refusal("r.wav", &bytes[..bytes.len() - 3], &Options::default());
    assert!(error.contains("expected frame 2 of 3, found the end"), "{error}");
    let error = refusal("r.wav", &bytes[..30], &Options::default());
    assert!(error.contains("the header of a WAVE file, found the end"), "{error}");
}

/// Reads what there is, but of a file that promises gaps of days only the beginning.
fn survives(path: &Path) {
    let open = || -> Result<()> {
        let mut recording = Recording::open(path)?;
        for _ in 0..50 {
            let Some(piece) = recording.read(997)? else { break };
            assert!(piece.iter().flatten().all(|sample| !sample.is_infinite()));
        }
        Ok(())
    };
    // Either answer is right: that there is one is the test.
    let said = open().map_err(|error| error.to_string());
    assert!(said.is_ok() || said.is_err_and(|error| !error.is_empty()));
    let _ = edf::annotations(path);
}

/// Writes a file anew: some file systems wait for the disk where one is cut to nothing first.
fn replace(path: &Path, bytes: &[u8]) {
    if path.exists() {
        fs::remove_file(path).expect("removed");
    }
    fs::write(path, bytes).expect("written");
}

#[test]
fn no_prefix_and_no_corruption_of_a_file_stops_the_program() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let header = wfdb(folder.path(), ["MLII", "pleth"], [2, 1])?;
    let mut files = vec![
        ("r.hea", fs::read(header).expect("a header")),
        ("r.dat", fs::read(folder.path().join("r.dat")).expect("samples")),
        ("s.wav", sound()),
        ("t.csv", table::tests::published(12).as_bytes().to_vec()),
        ("u.csv", b"t;ECG [uV]\n0;1,5\n0,004;\n0,016;nan\n0,02;2\n".to_vec()),
        ("e.edf", edf::tests::interrupted()),
    ];
    let mut dice = Stream::named(1, "corruptions");
    for (name, whole) in &mut files {
        let path = folder.path().join(*name);
        for length in 0..=whole.len() {
            replace(&path, &whole[..length]);
            survives(&path);
        }
        for _ in 0..500 {
            let mut bytes = whole.clone();
            for _ in 0..=dice.below(4) {
                let place = dice.below(bytes.len());
                // Digits and marks of the formats reach deeper than any byte would.
                let marks = b"0919-+.,;:\n\"'#xeE \0\x14\xff";
                bytes[place] =
                    if dice.chance(0.5) { *dice.pick(marks) } else { dice.below(256) as u8 };
            }
            replace(&path, &bytes);
            survives(&path);
        }
        replace(&path, whole);
    }
    Ok(())
}

#[test]
fn a_header_that_promises_more_than_there_is_takes_no_memory() {
    let error = refusal("r.hea", b"r 2147483648 360 10\n", &Options::default());
    assert!(error.contains("2147483648 signals"), "{error}");
    let mut edf = edf::tests::interrupted();
    edf[252..256].copy_from_slice(b"9999");
    edf[184..192].copy_from_slice(b"2560000 ");
    let error = refusal("r.edf", &edf, &Options::default());
    assert!(error.contains("2559744 bytes of an EDF header"), "{error}");
}

#[test]
#[ignore = "needs the real data: see `just test`"]
fn with_real_data_records_have_the_physical_values_of_their_reader() -> Result<()> {
    for (name, leads, frequency) in [("100", 2, 360.0), ("s0010_re", 15, 1000.0)] {
        let path = real_data("wfdb-samples").join(name);
        let mut recording = Recording::open(&path.with_extension("hea"))?;
        assert_eq!((recording.leads().len(), recording.frequency()), (leads, frequency));
        assert_eq!(recording.left_out(), [""; 0]);
        let own = all(&mut recording, 10_007)?;
        let mut reader = Reader::open(&path)?;
        let header = reader.header().clone();
        assert_eq!((recording.name(), recording.frames()), (&*header.name, header.frames));
        let mut done = 0;
        while let Some(piece) = reader.read(50_000)? {
            for ((signal, samples), own) in header.signals.iter().zip(&piece).zip(&own) {
                let physical = samples.iter().map(|&sample| Some(signal.physical(sample)));
                assert!(physical.eq(own[done..][..samples.len()].iter().copied()));
            }
            done += piece[0].len();
        }
        assert!(own.iter().all(|own| own.len() == done));
    }
    Ok(())
}
