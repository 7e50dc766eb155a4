use std::fs;

use super::super::tests::{all, assert_close, named, read, refusal, some};
use super::*;
use crate::recording::Recording;

/// A signal of a header: label, unit, physical and digital limits, samples of a record.
type Line<'a> = (&'a str, &'a str, [&'a str; 4], usize);

const MILLIVOLT: Line = ("ECG II", "mV", ["-3.2768", "3.2767", "-32768", "32767"], 2);
const NOTES: Line = (header::ANNOTATIONS, "", ["-1", "1", "-32768", "32767"], 16);

/// A header by hand: records of half a second.
fn header(reserved: &str, records: &str, signals: &[Line]) -> Vec<u8> {
    let mut text = String::new();
    let mut field = |value: &str, width: usize| text.push_str(&format!("{value:<width$}"));
    let length = (256 * (signals.len() + 1)).to_string();
    let fixed = [("0", 8), ("X", 80), ("X", 80), ("16.09.87", 8), ("20.35.00", 8), (&length, 8)];
    fixed.iter().for_each(|&(value, width)| field(value, width));
    field(reserved, 44);
    field(records, 8);
    field("0.5", 8);
    field(&signals.len().to_string(), 4);
    signals.iter().for_each(|signal| field(signal.0, 16));
    signals.iter().for_each(|_| field("", 80));
    signals.iter().for_each(|signal| field(signal.1, 8));
    for limit in 0..4 {
        signals.iter().for_each(|signal| field(signal.2[limit], 8));
    }
    signals.iter().for_each(|_| field("", 80));
    signals.iter().for_each(|signal| field(&signal.3.to_string(), 8));
    signals.iter().for_each(|_| field("", 32));
    text.chars().map(|c| c as u8).collect()
}

fn record(samples: &[i16], notes: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    if !notes.is_empty() {
        bytes.extend(notes);
        bytes.resize(2 * (samples.len() + 16), 0);
    }
    bytes
}

/// Two records, the second 1.5 s after the start instead of 0.5.
pub(in super::super) fn interrupted() -> Vec<u8> {
    let first = record(&[10_000, -1], b"+0\x14\x14\0+0.25\x151.5\x14lights off\x14\0");
    let second = record(&[0, 1], b"+1.5\x14\x14one\x14two\x14\0");
    [header("EDF+D", "2", &[MILLIVOLT, NOTES]), first, second].concat()
}

#[test]
fn samples_are_scaled_to_the_physical_limits_and_to_millivolt() -> Result<()> {
    let micro = ("ECG V1", "\u{b5}V", ["2000", "-2000", "-1000", "1000"], 2);
    let other = ("Resp", "l", ["-1", "1", "-1", "1"], 1);
    let file =
        [header("", "1", &[MILLIVOLT, micro, other]), record(&[10_000, -1, 500, -1000, 1], b"")];
    let (recording, samples) = read("a.edf", &file.concat(), &Options::default())?;
    assert_eq!(samples, [some(&[1.0, -1e-4]), some(&[-1.0, 2.0])]);
    assert_eq!((recording.name(), recording.frequency(), recording.frames()), ("a", 4.0, Some(2)));
    assert_eq!(recording.start(), Some("20:35:00 16/09/1987"));
    let [first, second] = recording.leads() else { panic!("two leads") };
    assert_eq!((&*first.name, &*first.unit, first.calibrated), ("ECG II", "mV", true));
    assert_eq!((&*second.name, &*second.unit), ("ECG V1", "mV"));
    assert_eq!(recording.left_out(), ["Resp"]);
    let (recording, samples) = read("a.edf", &file.concat(), &named(&["resp"]))?;
    assert_eq!((recording.frequency(), &*recording.leads()[0].unit), (2.0, "l"));
    assert_eq!(samples, [some(&[1.0])]);
    Ok(())
}

#[test]
fn a_file_of_unknown_length_is_read_to_its_end() -> Result<()> {
    let file = [header("", "-1", &[MILLIVOLT]), record(&[10_000, 0, 0, 10_000], b"")].concat();
    let (recording, samples) = read("a.edf", &file, &Options::default())?;
    assert_eq!(recording.frames(), None);
    assert_close(&samples[0], &some(&[1.0, 0.0, 0.0, 1.0]));
    let error = refusal("a.edf", &file[..file.len() - 1], &Options::default());
    assert!(
        error.contains("a.edf: expected record 2 of 4 bytes, found the end after 3"),
        "{error}"
    );
    Ok(())
}

#[test]
fn a_file_with_fewer_records_than_it_says_names_the_first_that_is_missing() {
    let file = [header("", "3", &[MILLIVOLT]), record(&[1; 4], b"")].concat();
    let error = refusal("a.edf", &file, &Options::default());
    assert!(error.contains("expected record 3 of 3 of 4 bytes, found the end after 0"), "{error}");
}

#[test]
fn interruptions_are_missing_samples() -> Result<()> {
    let (recording, samples) = read("a.edf", &interrupted(), &Options::default())?;
    assert_eq!((recording.frames(), recording.leads().len()), (None, 1));
    let missing = vec![None; 4];
    assert_close(&samples[0], &[some(&[1.0, -1e-4]), missing, some(&[0.0, 1e-4])].concat());
    let without_gaps = String::from_utf8_lossy(&interrupted()[..768]).replace("EDF+D", "EDF+C");
    let file = [without_gaps.as_bytes(), &interrupted()[768..]].concat();
    assert_eq!(read("a.edf", &file, &Options::default())?.1[0].len(), 4);
    Ok(())
}

#[test]
fn onsets_that_fall_or_leap_or_are_missing_are_errors() {
    let file = |notes: &[u8]| {
        let first = record(&[0, 0], b"+10\x14\x14\0");
        [header("EDF+D", "2", &[MILLIVOLT, NOTES]), first, record(&[0, 0], notes)].concat()
    };
    let error = |notes: &[u8]| refusal("a.edf", &file(notes), &Options::default());
    assert!(error(b"+9\x14\x14\0").contains("record 2 behind the one before it, found its onset"));
    assert!(error(b"+99999\x14\x14\0").contains("interruptions of at most a day"));
    assert!(error(b"+x\x14\x14\0").contains(r"of record 2 with its onset, found `+x\x14\x14`"));
    assert!(error(b"\0").contains("the onset of record 2, found no annotations"));
}

#[test]
fn annotations_have_onset_duration_and_text() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.edf");
    fs::write(&path, interrupted()).expect("written");
    let note = |onset, duration, text: &str| Annotation { onset, duration, text: text.to_owned() };
    let expected =
        [note(0.25, Some(1.5), "lights off"), note(1.5, None, "one"), note(1.5, None, "two")];
    assert_eq!(annotations(&path)?, expected);
    Ok(())
}

#[test]
fn a_header_that_is_wrong_is_named_with_its_byte() {
    let whole = [header("", "1", &[MILLIVOLT]), record(&[0; 2], b"")].concat();
    let with = |at: usize, text: &[u8]| {
        let mut bytes = whole.clone();
        bytes[at..at + text.len()].copy_from_slice(text);
        refusal("a.edf", &bytes, &Options::default())
    };
    assert!(with(0, b"\xffBIOSEMI").contains("version `0` of EDF"));
    assert!(with(184, b"768").contains("a header of 512 bytes for 1 signals, found 768 bytes"));
    assert!(with(236, b"-2").contains("found -2 of 0.5 s"));
    assert!(with(236, b"x").contains("the number of records at byte 236, found `x`"));
    assert!(with(244, b"0  ").contains("a positive duration of a record"));
    assert!(with(256 + 104, b"NaN    ").contains("a physical minimum at byte 360, found `NaN`"));
    assert!(
        with(256 + 104, b"3.2767 ").contains("two physical and two digital limits of `ECG II`")
    );
    assert!(with(256 + 104, b"-1e999 ").contains("found -inf to 3.2767"));
    assert!(with(256 + 216, b"0").contains("samples of `ECG II` in a record, found 0"));
    assert!(with(256 + 216, b"99999999").contains("records of at most 67108864 bytes"));
}

#[test]
fn two_frequencies_of_an_electrocardiogram_are_an_error() {
    let fast = ("ECG V1", MILLIVOLT.1, MILLIVOLT.2, 4);
    let file = [header("", "1", &[MILLIVOLT, fast]), record(&[0; 6], b"")].concat();
    let error = refusal("a.edf", &file, &Options::default());
    assert!(error.contains("`ECG II` at 4 Hz and `ECG V1` at 8 Hz; name the leads"), "{error}");
}

#[test]
fn what_is_written_is_read_again_within_half_a_step() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.edf");
    let signal =
        |label: &str| Signal { label: label.to_owned(), unit: "mV".to_owned(), range: [-5.0, 5.0] };
    let start = Some("23:59:58 31/12/2024");
    let mut writer = Writer::create(&path, 100, start, vec![signal("I"), signal("II")])?;
    let wave: Vec<f32> = (0..250).map(|t| (t as f32 / 20.0).sin() * 4.9).collect();
    for piece in wave.chunks(70) {
        writer.write(&[piece.to_vec(), piece.iter().map(|value| -value).collect()])?;
    }
    writer.write(&[vec![9.0], vec![-9.0]])?;
    assert!(!path.exists(), "nothing is there before the end");
    let mut recording = Recording::open(&writer.finish()?)?;
    assert_eq!((recording.frequency(), recording.frames()), (100.0, Some(300)));
    assert_eq!(recording.start(), start);
    let samples = all(&mut recording, 41)?;
    for (value, (one, two)) in wave.iter().zip(samples[0].iter().zip(&samples[1])) {
        let (one, two) = (one.expect("a sample"), two.expect("a sample"));
        assert!((one - value).abs() <= 0.5001 * 10.0 / 65_534.0, "{value} became {one}");
        assert!((two + value).abs() <= 0.5001 * 10.0 / 65_534.0, "{value} became {two}");
    }
    // Beyond the range is its end, and the last second is filled with the last sample.
    assert_eq!(samples[0][250..], [Some(5.0); 50]);
    assert_eq!(samples[1][250..], [Some(-5.0); 50]);
    Ok(())
}

#[test]
fn what_the_format_cannot_hold_is_refused_and_leaves_nothing() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.edf");
    let create = |label: &str, range, start| {
        let signal = Signal { label: label.to_owned(), unit: "mV".to_owned(), range };
        Writer::create(&path, 100, start, vec![signal])
    };
    let refused = |label, range, start| {
        create(label, range, start).map(|_| ()).expect_err("refused").to_string()
    };
    assert!(refused("ÄKG", [-1.0, 1.0], None).contains("16 characters of ASCII, found `ÄKG`"));
    assert!(refused("I", [1.0, 1.0], None).contains("a range of `I` that grows"));
    assert!(refused("I", [-1.0, 1.0 / 3.0], None).contains("at most 8 characters"));
    assert!(refused("I", [-1.0, 1.0], Some("noon")).contains("found `noon`"));
    let mut writer = create("I", [-1.0, 1.0], None)?;
    let error = writer.write(&[vec![f32::NAN]]).expect_err("no sample for missing").to_string();
    assert!(error.contains("finite samples, found NaN"), "{error}");
    let error = writer.write(&[vec![0.0], vec![0.0]]).expect_err("two signals").to_string();
    assert!(error.contains("1 signals of one length, found [1, 1]"), "{error}");
    drop(writer);
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
    Ok(())
}
