use super::super::tests::{Samples, at, named, read, refusal, some};
use super::*;
use crate::recording::Recording;

fn table(text: &str, options: &Options) -> Result<(Recording, Samples)> {
    read("t.csv", text.as_bytes(), options)
}

fn refused(text: &str, options: &Options) -> String {
    refusal("t.csv", text.as_bytes(), options)
}

/// As PhysioNet exports a recording of 360 Hz: names and units in quotation marks, times in whole
/// milliseconds.
pub(in super::super) fn published(rows: usize) -> String {
    let mut text = "'Elapsed time','MLII','V5'\n'hh:mm:ss.mmm','mV','uV'\n".to_owned();
    for row in 0..rows {
        let milliseconds = (row as f64 / 0.36).round() as usize;
        let (minutes, seconds) = (milliseconds / 60_000, milliseconds % 60_000);
        text += &format!("'{minutes}:{:02}.{:03}',", seconds / 1000, seconds % 1000);
        text += &format!("-0.145,{row}\n");
    }
    text
}

#[test]
fn a_published_table_has_its_frequency_in_spite_of_rounded_times() -> Result<()> {
    for rows in [30, 1500, 9000] {
        let (recording, samples) = table(&published(rows), &Options::default())?;
        assert_eq!(recording.frequency(), 360.0);
        assert_eq!(recording.left_out(), [""; 0]);
        let [first, second] = recording.leads() else { panic!("two leads") };
        assert_eq!((&*first.name, &*first.unit, first.calibrated), ("MLII", "mV", true));
        assert_eq!((&*second.name, &*second.unit, second.calibrated), ("V5", "mV", true));
        assert_eq!(samples[0], vec![Some(-0.145); rows]);
        let micro = |row: usize| Some((row as f64 * 1e-3) as f32);
        assert_eq!(samples[1], (0..rows).map(micro).collect::<Vec<_>>());
    }
    Ok(())
}

#[test]
fn separators_decimal_marks_comments_and_line_ends_do_not_change_the_samples() -> Result<()> {
    let expected = [vec![Some(1.5), None, Some(-2.0)], some(&[0.25, 0.5, 0.75])];
    for text in [
        "time,I,II\n0,1.5,0.25\n0.004,,0.5\n0.008,-2,0.75\n",
        "\u{feff}time,I,II\r\n0,1.5,0.25\r\n0.004,nan,0.5\r\n0.008,-2,0.75",
        "# of today\n\ntime;I;II\n0;1,5;0,25\n# between\n0,004;;0,5\n\n0,008;-2;0,75\n",
        "t (ms)\tI\tII\n0\t1.5\t0.25\n4\tNaN\t0.5\n8\t-2\t0.75\n",
        "seconds , I , II\n 0 , 1.5 , 0.25\n 0.004 , - , 0.5\n 0.008 , -2e0 , 0.75\n",
        "\"time\",\"I\",\"II\"\n\"0\",\"1.5\",\"0.25\"\n0.004,\"\",0.5\n0.008,-2,0.75\n",
        "timestamp,I,II\n1600000000.000,1.5,.25\n1600000000.004,,.5\n1600000000.008,-2,.75\n",
        "ms;I;II\n0;1.5;0.25\n4;;0.5\n8;-2;0.75\n",
    ] {
        let (recording, samples) = table(text, &Options::default())?;
        assert_eq!(recording.frequency(), 250.0, "{text}");
        assert_eq!(recording.leads()[1].name, "II", "{text}");
        assert_eq!(samples, expected, "{text}");
    }
    Ok(())
}

#[test]
fn units_stand_behind_names_in_each_way() -> Result<()> {
    let names = "ECG (mV);MLII[uV];lead I, V;V2_uV;SpO2 (%);aVR;left_arm";
    let (recording, samples) = table(&format!("{names}\n1;1;1;1;1;1;1\n"), &at(100.0))?;
    let leads: Vec<(&str, &str, bool)> =
        recording.leads().iter().map(|lead| (&*lead.name, &*lead.unit, lead.calibrated)).collect();
    let expected = [
        ("ECG", "mV", true),
        ("MLII", "mV", true),
        ("lead I", "mV", true),
        ("V2", "mV", true),
        ("SpO2", "%", true),
        ("aVR", "", false),
        ("left_arm", "", false),
    ];
    assert_eq!(leads, expected);
    let values: Vec<Option<f32>> = samples.iter().map(|lead| lead[0]).collect();
    assert_eq!(values, some(&[1.0, 1e-3, 1e3, 1e-3, 1.0, 1.0, 1.0]));
    Ok(())
}

#[test]
fn a_table_without_times_needs_its_frequency() -> Result<()> {
    let text = "995,1011\n995,\n1000,1008\n";
    let error = refused(text, &Options::default());
    assert!(error.contains("found `column 1`, `column 2`; give the frequency"), "{error}");
    let (recording, samples) = table(text, &at(360.0))?;
    assert_eq!((recording.frequency(), recording.frames()), (360.0, None));
    assert_eq!(samples, [some(&[995.0, 995.0, 1000.0]), vec![Some(1011.0), None, Some(1008.0)]]);
    Ok(())
}

#[test]
fn numbers_of_rows_are_no_lead() -> Result<()> {
    for name in ["'sample #'", "index", ""] {
        let (recording, samples) = table(&format!("{name},MLII\n0,995\n1,996\n"), &at(360.0))?;
        assert_eq!((recording.leads().len(), recording.left_out().len()), (1, 1), "{name}");
        assert_eq!(samples, [some(&[995.0, 996.0])]);
    }
    Ok(())
}

#[test]
fn leads_are_read_in_the_order_asked_for() -> Result<()> {
    let options = named(&["ii", "I"]);
    let (recording, samples) = table("t,I,x,II\n0,1,2,3\n.1,4,nonsense,6\n", &options)?;
    assert_eq!(samples, [some(&[3.0, 6.0]), some(&[1.0, 4.0])]);
    assert_eq!(recording.left_out(), ["x"]);
    Ok(())
}

#[test]
fn a_given_frequency_goes_before_the_column_of_times() -> Result<()> {
    let (recording, samples) = table("t,I\n0,1\n0,2\nx,3\n", &at(50.0))?;
    assert_eq!((recording.frequency(), recording.left_out()), (50.0, &["t".to_owned()][..]));
    assert_eq!(samples, [some(&[1.0, 2.0, 3.0])]);
    Ok(())
}

#[test]
fn gaps_of_whole_steps_are_missing_samples() -> Result<()> {
    let (_, samples) = table("t,I\n0,1\n.01,2\n.02,3\n.05,6\n.06,7\n", &Options::default())?;
    assert_eq!(samples, [[some(&[1.0, 2.0, 3.0]), vec![None; 2], some(&[6.0, 7.0])].concat()]);
    // Behind the rows from which the frequency is learnt, and longer than a piece.
    let mut text = "t,I\n".to_owned();
    for row in (0..3000).chain(13_000..13_005) {
        text += &format!("{:.2},{row}\n", f64::from(row) / 100.0);
    }
    let (recording, samples) = table(&text, &Options::default())?;
    assert_eq!((recording.frequency(), samples[0].len()), (100.0, 13_005));
    assert!(samples[0][3000..13_000].iter().all(Option::is_none));
    assert_eq!(samples[0][13_000..], some(&[13e3, 13_001.0, 13_002.0, 13_003.0, 13_004.0]));
    Ok(())
}

#[test]
fn uneven_and_falling_times_are_named_with_their_line() {
    let error = |times: &[&str]| {
        let rows: Vec<String> = times.iter().map(|time| format!("{time},1\n")).collect();
        refused(&format!("t,I\n# a line\n{}", rows.concat()), &Options::default())
    };
    let uneven = error(&["0", ".004", ".008", ".013", ".016", ".020"]);
    assert!(uneven.contains("t.csv line 6: expected a time 0.004 s after 0.008 s"), "{uneven}");
    assert!(uneven.contains("found 0.013 s"), "{uneven}");
    let half = error(&["0", ".004", ".008", ".0141", ".0181"]);
    assert!(half.contains("line 6"), "{half}");
    let falls = error(&["0", ".004", ".003"]);
    assert!(falls.contains("line 5: expected a time after 0.004 s, found 0.003 s"), "{falls}");
    let leap = error(&["0", ".01", ".02", ".03", "90000"]);
    assert!(leap.contains("line 7: expected a gap of at most a day"), "{leap}");
    assert!(error(&["0"]).contains("line 3: expected two rows or more"));
    assert!(error(&["0", ""]).contains("line 4: expected a time in column 1, found ``"));
    let slow = error(&["0", "4", "8"]);
    assert!(slow.contains("found 0.25 Hz by the column `t`; name its unit"), "{slow}");
    // Far behind the rows from which the frequency is learnt.
    let mut text = "t,I\n".to_owned();
    for row in 0..5000 {
        let late = if row == 4000 { 0.00005 } else { 0.0 };
        text += &format!("{},1\n", f64::from(row) * 0.004 + late);
    }
    let late = refused(&text, &Options::default());
    assert!(late.contains("line 4002: expected a time 0.004 s after 15.996 s"), "{late}");
}

#[test]
fn a_cell_that_is_no_number_is_named_with_its_line_and_column() {
    let error = refused("t,I,II\r\n0,1,2\r\n\r\n.01,1,1.2.3\r\n", &Options::default());
    assert!(
        error.contains("line 4: expected a number in column 3 (`II`), found `1.2.3`"),
        "{error}"
    );
    for cell in ["inf", "0x1", "1;2", "--"] {
        let error = refused(&format!("I,II\n1,2\n3,{cell}\n"), &at(100.0));
        assert!(error.contains("line 3: expected a number in column 2 (`II`)"), "{error}");
    }
    let error = refused("I,II\n1,2\n3\n", &at(100.0));
    assert!(error.contains("line 3: expected 2 columns as in the first row, found 1"), "{error}");
    let error = refused("time (days),I\n1,2\n", &Options::default());
    assert!(error.contains("a unit of time for column `time`, such as `s` or `ms`"), "{error}");
}

#[test]
fn a_table_or_a_column_without_samples_is_named() {
    let error = refused("I,II\n1,\n2,nan\n", &at(100.0));
    assert!(error.contains("samples in column 2 (`II`), found none down to line 3"), "{error}");
    assert!(refused("", &at(100.0)).contains("line 1: expected rows of samples, found none"));
    assert!(refused("I,II\n", &at(100.0)).contains("samples in column 1 (`I`)"));
    let error = refused("t\n0\n.1\n", &Options::default());
    assert!(error.contains("expected signals, found none"), "{error}");
}

#[test]
fn a_row_without_end_is_not_held() {
    let endless = format!("I,II\n1,2\n\"{}", "1,\n".repeat(1 << 20));
    let error = refused(&endless, &at(100.0));
    assert!(error.contains("rows of at most 1048576 bytes"), "{error}");
}
