use std::fs;
use std::path::Path;

use super::*;
use crate::Error;
use crate::read::real_data;

fn parse(text: &str) -> crate::Result<Header> {
    Header::parse(Path::new("a.hea"), text)
}

/// All samples of a recording, read so many frames at a time.
fn all(path: &Path, frames: usize) -> crate::Result<Vec<Vec<i32>>> {
    let mut reader = Reader::open(path)?;
    let mut all = vec![Vec::new(); reader.header().signals.len()];
    while let Some(next) = reader.read(frames)? {
        all.iter_mut().zip(next).for_each(|(all, next)| all.extend(next));
    }
    Ok(all)
}

#[test]
fn a_header_says_what_stands_there_and_what_may_be_left_out() -> crate::Result<()> {
    let text = "# before\n\nr 3 360/90(4) 7 12:30:00 01/02/1990\r\n\
                r.dat 212x2+16 200.5(-3)/uV 11 1024 995 -22131 0 lead II, left\n\
                r.dat 212\n# between\nr.dat 16:0 0/mmHg 0 7\n# age: 69\n";
    let header = parse(text)?;
    assert_eq!((header.name.as_str(), header.frequency, header.frames), ("r", 360.0, Some(7)));
    assert_eq!(header.start.as_deref(), Some("12:30:00 01/02/1990"));
    assert_eq!(header.comments, ["between", "age: 69"]);
    let [full, bare, uncalibrated] = &header.signals[..] else { panic!("three signals") };
    let calibrated = Signal {
        per_frame: 2,
        offset: 16,
        baseline: -3,
        unit: "uV".to_owned(),
        resolution: 11,
        zero: 1024,
        first: Some(995),
        checksum: Some(-22131),
        ..Signal::millivolt("r.dat", Format::F212, 200.5, "lead II, left")
    };
    assert_eq!(*full, calibrated);
    assert_eq!((bare.gain, bare.calibrated, bare.baseline, &*bare.unit), (200.0, false, 0, "mV"));
    assert_eq!((uncalibrated.baseline, &*uncalibrated.unit), (7, "mmHg"));
    assert_eq!(full.physical(998), (998.0 + 3.0) / 200.5);
    assert!(full.physical(-2048).is_nan());
    assert_eq!((full.sample(1.0), full.sample(f32::NAN), full.sample(1e9)), (198, -2048, 2047));
    Ok(())
}

#[test]
fn a_header_survives_being_written() -> crate::Result<()> {
    let text = "r 2 250.5 9 10:00:00\na.dat 16x3+4 100(5)/uV 12 2 3 -4 0 V5\na.dat 16 0\n#one\n";
    let header = parse(text)?;
    let again = parse(&header.text())?;
    assert_eq!(again.signals[0], header.signals[0]);
    assert!(!again.signals[1].calibrated);
    assert_eq!(again.text(), header.text());
    Ok(())
}

#[test]
fn headers_that_cannot_be_meant_are_refused_with_their_line() {
    let cases = [
        ("", "line 1: expected the line of a WFDB record"),
        ("r/2 1\n", "line 1: expected a record of one segment"),
        ("r x\n", "line 1: expected the number of signals, found `x`"),
        ("r 1 0\n", "line 1: expected a positive frequency"),
        ("r 1 360 5\n# none\n", "line 2: expected 1 signals, found `0`"),
        ("r 1\nr.dat 61\n", "line 2: expected format 16, 24, 80 or 212, found `61`"),
        ("r 1\n\n../r.dat 16\n", "line 3: expected a signal file beside the header"),
        ("r 1\nr.dat 16:3\n", "line 2: expected signals that are not skewed"),
        ("r 1\nr.dat 16x0\n", "line 2: expected samples of a frame"),
        ("r 1\nr.dat 16 -1\n", "line 2: expected a gain"),
        ("r 1\nr.dat 16 1(x)\n", "line 2: expected a baseline"),
    ];
    for (text, expected) in cases {
        let error = parse(text).expect_err(text).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

/// Three signals in one file, the second with two samples a frame.
fn recording(format: Format) -> Header {
    let signal = |name| Signal::millivolt("r.dat", format, 100.0, name);
    let twice = Signal { per_frame: 2, ..signal("twice") };
    Header {
        name: "r".to_owned(),
        frequency: 360.0,
        frames: None,
        start: None,
        signals: vec![signal("first"), twice, signal("last")],
        comments: vec!["made by a test".to_owned()],
    }
}

#[test]
fn signals_of_every_format_come_back_in_pieces_of_any_size() -> crate::Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    for format in Format::ALL {
        let stream = |count: usize, step: i32| -> Vec<i32> {
            let span = format.largest() - format.missing() + 1;
            (0..count as i32).map(|n| format.missing() + (n * step).rem_euclid(span)).collect()
        };
        let signals = [stream(7, 61), stream(14, 7), stream(7, 113)];
        let mut writer = Writer::create(folder.path(), recording(format))?;
        for frames in [0..3, 3..4, 4..7] {
            let piece = |(signal, count): (&Vec<i32>, usize)| {
                signal[frames.start * count..frames.end * count].to_vec()
            };
            writer.write(&signals.iter().zip([1, 2, 1]).map(piece).collect::<Vec<_>>())?;
        }
        let path = writer.finish()?;
        for frames in [0, 1, 2, 7, 1000] {
            assert_eq!(all(&path, frames)?, signals, "{format:?}, {frames}");
        }
        assert_eq!(all(&folder.path().join("r"), 5)?, signals);
    }
    let mut names = fs::read_dir(folder.path())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
    assert_eq!(names.by_ref().filter(|name| name.starts_with('r')).count(), 2);
    assert_eq!(names.next(), None, "nothing unfinished is left");
    Ok(())
}

#[test]
fn a_writer_that_is_dropped_leaves_what_was_there() -> crate::Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let signals = [vec![1], vec![2, 3], vec![4]];
    let mut writer = Writer::create(folder.path(), recording(Format::F16))?;
    writer.write(&signals)?;
    let path = writer.finish()?;
    let mut writer = Writer::create(folder.path(), recording(Format::F16))?;
    writer.write(&[vec![9], vec![9, 9], vec![9]])?;
    drop(writer);
    assert_eq!(all(&path, 1)?, signals);
    Ok(())
}

#[test]
fn what_a_format_cannot_hold_is_refused() -> crate::Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::create(folder.path(), recording(Format::F212))?;
    let error = writer.write(&[vec![2048], vec![0, 0], vec![0]]).expect_err("13 bits");
    assert!(error.to_string().contains("within -2048..=2047, found 2048"), "{error}");
    let error = writer.write(&[vec![1], vec![0], vec![0]]).expect_err("half a frame");
    assert!(error.to_string().contains("3 signals of one length"), "{error}");
    let mut outside = recording(Format::F16);
    outside.name = "../r".to_owned();
    assert!(matches!(Writer::create(folder.path(), outside), Err(Error::Unfit { .. })));
    let mut mixed = recording(Format::F16);
    mixed.signals[1].format = Format::F24;
    assert!(matches!(Writer::create(folder.path(), mixed), Err(Error::Unfit { .. })));
    Ok(())
}

#[test]
fn a_file_that_was_cut_or_changed_is_damaged() -> crate::Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::create(folder.path(), recording(Format::F16))?;
    writer.write(&[vec![1; 50], vec![2; 100], vec![4; 50]])?;
    let path = writer.finish()?;
    let samples = folder.path().join("r.dat");
    let mut bytes = fs::read(&samples).expect("samples");
    bytes[10] += 1;
    fs::write(&samples, &bytes).expect("written");
    let error = all(&path, 8).expect_err("a changed sample").to_string();
    assert!(error.contains("with the sum"), "{error}");
    fs::write(&samples, &bytes[..399]).expect("written");
    let error = all(&path, 8).expect_err("the end is missing").to_string();
    assert!(error.contains("expected 50 frames, found the end after 49"), "{error}");
    // A header that promises more than memory holds fails as soon as the samples end.
    let huge = "r 1 360 99999999999999\nr.dat 16\n";
    fs::write(&path, huge).expect("written");
    assert!(matches!(all(&path, usize::MAX), Err(Error::Damaged { .. })));
    Ok(())
}

#[test]
fn bytes_of_annotations_are_known_marks() -> crate::Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("r.atr");
    let bytes = [
        [18, 112, 3, 252].as_slice(), // `+` at 18, a text of three bytes
        b"(N\0\0",
        &[59, 4],                   // `N` 59 later
        &[0, 236, 1, 0, 2, 0],      // a skip of 65538, high word first
        &[0, 20, 255, 247, 2, 248], // `V` there, of subtype −1 and channel 2
        &[7, 4, 0, 0],              // `N` 7 later, still of channel 2; the end
    ];
    fs::write(&path, bytes.concat()).expect("written");
    let text = Annotation { text: "(N".to_owned(), ..Annotation::new(18, b'+') };
    let beat = Annotation { subtype: -1, channel: 2, ..Annotation::new(65_615, b'V') };
    let last = Annotation { channel: 2, ..Annotation::new(65_622, b'N') };
    let expected = vec![text, Annotation::new(77, b'N'), beat, last];
    assert_eq!(Annotations::read(&path)?, Annotations { frequency: None, all: expected });
    for cut in [1, 5, 11, 13, bytes.concat().len() - 2] {
        fs::write(&path, &bytes.concat()[..cut]).expect("written");
        assert!(matches!(Annotations::read(&path), Err(Error::Damaged { .. })), "cut at {cut}");
    }
    fs::write(&path, [3, 60, 0, 0]).expect("written");
    let error = Annotations::read(&path).expect_err("code 15 is none").to_string();
    assert!(error.contains("the code of an annotation at byte 0, found 15"), "{error}");
    Ok(())
}

#[test]
fn annotations_survive_being_written() -> crate::Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("r.ann");
    let mark = |time, symbol, number: i8, text: &str| Annotation {
        subtype: number / 3,
        channel: number / 2,
        number,
        text: text.to_owned(),
        ..Annotation::new(time, symbol)
    };
    let marks = vec![
        mark(0, b'+', 0, "(AFIB"),
        mark(0, b'N', 3, ""),
        mark(1023, b'V', -128, "five"),
        mark(2047, b'r', 127, ""),
        mark(2_000_000_000, b'"', 0, "überlang"),
    ];
    for frequency in [None, Some(360.0)] {
        let annotations = Annotations { frequency, all: marks.clone() };
        annotations.write(&path)?;
        assert_eq!(Annotations::read(&path)?, annotations);
    }
    let refused = |marks: &[Annotation]| {
        let all = marks.to_vec();
        let error = Annotations { frequency: None, all }.write(&path).expect_err("refused");
        error.to_string()
    };
    assert!(refused(&[mark(5, b'N', 0, ""), mark(4, b'N', 0, "")]).contains("order"));
    assert!(refused(&[mark(0, b'k', 0, "")]).contains("found `k`"));
    assert!(refused(&[mark(0, b'"', 0, &"x".repeat(256))]).contains("255 bytes"));
    assert_eq!(Annotations::read(&path)?.frequency, Some(360.0), "what was there stays");
    Ok(())
}

#[test]
#[ignore = "needs the real data: see `just test`"]
fn with_real_data_record_100_has_its_published_samples_and_beats() -> crate::Result<()> {
    let folder = real_data("wfdb-samples");
    let path = folder.join("100");
    let signals = all(&path, 10_007)?;
    assert_eq!([signals[0].len(), signals[1].len()], [650_000; 2]);
    assert_eq!([signals[0][0], signals[1][0]], [995, 1011]);
    let header = Reader::open(&path)?.header().clone();
    assert_eq!(header.comments, ["69 M 1085 1629 x1", "Aldomet, Inderal"]);
    assert_eq!(header.signals[0].physical(995), -0.145);
    let marks = Annotations::read(&folder.join("100.atr"))?.all;
    let count = |symbol| marks.iter().filter(|mark| mark.symbol == symbol).count();
    assert_eq!([b'N', b'A', b'V', b'+'].map(count), [2239, 33, 1, 1]);
    assert_eq!(marks.iter().filter(|mark| mark.is_beat()).count(), 2273);
    assert_eq!((marks[0].text.as_str(), marks[0].time), ("(N", 18));
    Ok(())
}

#[test]
#[ignore = "needs the real data: see `just test`"]
fn with_real_data_record_100_is_written_as_it_was_published() -> crate::Result<()> {
    let folder = real_data("wfdb-samples");
    let copies = tempfile::tempdir().expect("a folder");
    let header = Reader::open(&folder.join("100"))?.header().clone();
    let mut writer = Writer::create(copies.path(), header.clone())?;
    writer.write(&all(&folder.join("100"), 100_000)?)?;
    let again = Reader::open(&writer.finish()?)?.header().clone();
    assert_eq!(again, header);
    let bytes = |folder: &Path| fs::read(folder.join("100.dat")).expect("samples");
    assert!(bytes(&folder) == bytes(copies.path()));
    // Not the bytes: the published texts end with a zero.
    let (marks, copy) =
        (Annotations::read(&folder.join("100.atr"))?, copies.path().join("100.atr"));
    marks.write(&copy)?;
    assert_eq!(Annotations::read(&copy)?, marks);
    Ok(())
}

#[test]
#[ignore = "needs the real data: see `just test`"]
fn with_real_data_a_record_of_two_files_has_the_sums_of_its_header() -> crate::Result<()> {
    let signals = all(&real_data("wfdb-samples").join("s0010_re"), 999)?;
    assert!(signals.len() == 15 && signals.iter().all(|samples| samples.len() == 38_400));
    assert_eq!([signals[0][0], signals[14][0]], [-489, -18]);
    Ok(())
}
