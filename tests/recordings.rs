//! `ecg` on recordings: what it finds in simulated ones, and what it says to bad ones.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use generativa_datasets::recording::Recording;
use generativa_datasets::wfdb::{Annotations, Format, Header, Signal, Writer};
use libtest_mimic::{Failed, Trial};
use tempfile::TempDir;

use crate::every_app::{Checked, command, passes, text};

type Check = fn() -> Checked;

/// The trials of this file.
pub(crate) fn trials() -> Vec<Trial> {
    let checks: [(&str, Check); 5] = [
        ("beats_are_found_where_they_are_and_wide_ones_raise_alarms", finds_beats),
        ("a_stream_tells_what_the_whole_recording_does", stream_agrees),
        ("one_beat_is_explained_in_words_and_as_a_drawing", explains),
        ("a_bad_recording_is_named_and_the_others_are_judged", bad_ones_are_named),
        ("wishes_that_cannot_be_met_end_with_code_2", usage),
    ];
    let trial = |(name, check): (&str, Check)| Trial::test(format!("recordings::{name}"), check);
    checks.into_iter().map(trial).collect()
}

/// A tiny model and a recording of five minutes with wide beats.
struct Bench {
    folder: TempDir,
    run: String,
    header: PathBuf,
}

impl Bench {
    fn new() -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let run = text(&folder.path().join("run"));
        passes("ecg", &["train", "--preset", "tiny", "--out", &run])?;
        let out = text(folder.path());
        let simulate =
            ["simulate", "--seconds", "300", "--ventricular", "0.05", "--name", "patient"];
        passes("ecg", &[&simulate[..], &["--seed", "9", "--out", &out]].concat())?;
        let header = folder.path().join("patient.hea");
        Ok(Self { folder, run, header })
    }

    /// A recording of one lead at 360 Hz in mV.
    fn write(&self, name: &str, samples: &[f32]) -> Result<PathBuf, Failed> {
        let signal = Signal::millivolt(&format!("{name}.dat"), Format::F16, 200.0, "MLII");
        let samples = samples.iter().map(|&value| signal.sample(value)).collect();
        let header = Header {
            name: name.to_owned(),
            frequency: 360.0,
            frames: None,
            start: None,
            signals: vec![signal],
            comments: Vec::new(),
        };
        let mut writer = Writer::create(self.folder.path(), header)?;
        writer.write(&[samples])?;
        Ok(writer.finish()?)
    }

    fn leads(&self) -> Result<Vec<Vec<f32>>, Failed> {
        let mut recording = Recording::open(&self.header)?;
        let mut leads = vec![Vec::new(); recording.leads().len()];
        while let Some(piece) = recording.read(1000)? {
            leads.iter_mut().zip(piece).for_each(|(lead, piece)| lead.extend(piece));
        }
        Ok(leads)
    }

    fn detect(&self, header: &Path) -> Result<(Vec<Line>, PathBuf), Failed> {
        let out = self.folder.path().join("out");
        let arguments = ["detect", &text(header), "--run", &self.run, "--out", &text(&out)];
        passes("ecg", &arguments)?;
        let name = header.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let table = fs::read_to_string(out.join(format!("{name}.csv")))?;
        Ok((table.lines().skip(1).map(Line::parse).collect::<Result<_, _>>()?, out))
    }
}

/// A beat in the table.
struct Line {
    frame: u64,
    /// Empty where it could not be judged.
    p: Option<f64>,
    alarm: bool,
    reason: String,
}

impl Line {
    fn parse(line: &str) -> Result<Self, Failed> {
        let fields: Vec<&str> = line.splitn(10, ',').collect();
        let [_, frame, _, _, _, p, alarm, _, _, reason] = fields[..] else {
            return Err(format!("a line of ten fields, not {line}").into());
        };
        let reason = reason.trim_matches('"').to_owned();
        let p = if p.is_empty() { None } else { Some(p.parse()?) };
        Ok(Self { frame: frame.parse()?, p, alarm: alarm == "1", reason })
    }
}

fn finds_beats() -> Checked {
    let bench = Bench::new()?;
    let (lines, out) = bench.detect(&bench.header)?;
    let truth = Annotations::read(&bench.header.with_extension("atr"))?;
    let (mut found, mut wide, mut raised, mut beats) = (0, 0, 0, 0);
    for mark in truth.all.iter().filter(|mark| mark.is_beat()) {
        let near = lines.iter().find(|line| (line.frame as i64 - mark.time).abs() <= 54);
        beats += 1;
        found += usize::from(near.is_some());
        if mark.symbol == b'V' {
            wide += 1;
            raised += usize::from(near.is_some_and(|line| line.alarm && !line.reason.is_empty()));
        }
    }
    let few = beats < 250 || wide < 5;
    if few || found < beats - 1 || lines.len() > beats + 1 || raised * 10 < wide * 9 {
        let text =
            format!("{found} of {beats} beats in {} lines, {raised} of {wide} alarms", lines.len());
        return Err(text.into());
    }
    let marks = Annotations::read(&out.join("patient.atr"))?;
    let odd = marks.all.iter().filter(|mark| mark.symbol == b'Q').count();
    if marks.all.len() != lines.len() || odd != lines.iter().filter(|line| line.alarm).count() {
        return Err(format!("{} marks, {odd} odd", marks.all.len()).into());
    }
    let page = fs::read_to_string(out.join("patient.html"))?;
    if !page.contains("not a medical device") || !page.contains("<svg") {
        return Err("the page lacks its warning or its strips".into());
    }
    Ok(())
}

fn stream_agrees() -> Checked {
    let bench = Bench::new()?;
    let (lines, _) = bench.detect(&bench.header)?;
    let leads = bench.leads()?;
    let mut child =
        command("ecg", &["watch", "--frequency", "360", "--run", &bench.run, "--json"])?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
    let mut input = child.stdin.take().ok_or("no pipe")?;
    // From a thread of its own, since the pipe back fills too.
    let feeder = std::thread::spawn(move || {
        for (first, second) in leads[0].iter().zip(&leads[1]) {
            writeln!(input, "{first},{second}")?;
        }
        std::io::Result::Ok(())
    });
    let output = child.wait_with_output()?;
    feeder.join().map_err(|_| "the feeder panicked")??;
    let told: Vec<serde_json::Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    if told.len() != lines.len() {
        return Err(
            format!("{} beats in the stream, {} in the file", told.len(), lines.len()).into()
        );
    }
    for (told, line) in told.iter().zip(&lines) {
        let near = match (told["p"].as_f64(), line.p) {
            (Some(told), Some(written)) => (told - written).abs() < 1e-6,
            (told, written) => told == written,
        };
        if told["frame"] != line.frame || !near || told["alarm"] != line.alarm {
            return Err(format!("frame {}: {told}, not p = {:?}", line.frame, line.p).into());
        }
    }
    Ok(())
}

fn explains() -> Checked {
    let bench = Bench::new()?;
    let (lines, out) = bench.detect(&bench.header)?;
    let place = lines.iter().position(|line| line.alarm).ok_or("no alarm")?;
    let (number, path) = ((place + 1).to_string(), text(&bench.header));
    let explain = ["explain", &path, "--beat", &number, "--run", &bench.run, "--out", &text(&out)];
    let told = passes("ecg", &explain)?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    if !told.contains(&lines[place].reason) {
        return Err(format!("{told} should say {}", lines[place].reason).into());
    }
    let drawing = fs::read_to_string(out.join(format!("{number}.svg")))?;
    if !drawing.starts_with("<svg") || !drawing.contains("not a medical device") {
        return Err("the drawing lacks its warning".into());
    }
    Ok(())
}

fn bad_ones_are_named() -> Checked {
    let bench = Bench::new()?;
    let folder = bench.folder.path();
    let noise = |count: usize| -> Vec<f32> {
        let mut stream = generativa_random::Stream::named(1, "noise");
        (0..count).map(|_| stream.normal() as f32).collect()
    };
    let short = bench.write("short", &noise(100))?;
    let noisy = bench.write("noise", &noise(360 * 60))?;
    let flat = bench.write("flat", &[0.0; 360 * 60])?;
    let cut = folder.join("cut.hea");
    let header = fs::read_to_string(&bench.header)?;
    fs::write(&cut, header.replace("patient", "cut"))?;
    let samples = fs::read(bench.header.with_extension("dat"))?;
    fs::write(cut.with_extension("dat"), &samples[..samples.len() / 2])?;
    let table = folder.join("gap.csv");
    fs::write(&table, "time,I\n0.000,0.1\n0.004,0.2\n0.008,x\n")?;
    let sheet = folder.join("beats.xlsx");
    fs::write(&sheet, "no")?;
    let missing = folder.join("missing.hea");

    let bad = [
        (&short, "no heart beat in 0.3 s"),
        (&noisy, "noise"),
        (&flat, "no heart beat"),
        (&cut, "cut.dat"),
        (&table, "line 4"),
        (&sheet, "beats.xlsx"),
        (&missing, "missing.hea"),
    ];
    let out = text(&folder.join("out"));
    let good = text(&bench.header);
    for (path, named) in bad {
        let path = text(path);
        let arguments = ["detect", &path, &good, "--run", &bench.run, "--out", &out, "--quiet"];
        let output = command("ecg", &arguments)?.output()?;
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let lines: Vec<&str> = stderr.lines().collect();
        let one = lines.len() == 2 && lines[0].contains(named) && lines[0].contains(&path);
        if output.status.code() != Some(3) || !one || !stdout.contains("patient: ") {
            let status = output.status;
            return Err(format!("{path}: {status}, should name `{named}`: {stderr}{stdout}").into());
        }
    }
    Ok(())
}

fn usage() -> Checked {
    let bench = Bench::new()?;
    let (path, folder) = (text(&bench.header), text(bench.folder.path()));
    let marks = fs::read(bench.header.with_extension("atr"))?;
    let samples = text(&bench.header.with_extension("dat"));
    for (more, named) in [
        (vec!["--alarm-rate", "0.00000001"], "normal beats of this run"),
        (vec!["--alarm-rate", "2"], "between 0 and 1"),
        (vec!["--out", folder.as_str()], "would be overwritten"),
        (vec![samples.as_str()], "have one name"),
    ] {
        let arguments =
            [&["detect", path.as_str(), "--run", bench.run.as_str()][..], &more].concat();
        let output = command("ecg", &arguments)?.current_dir(&folder).output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        if output.status.code() != Some(2) || !stderr.contains(named) {
            return Err(format!("{arguments:?}: {}, {stderr}", output.status).into());
        }
    }
    if fs::read(bench.header.with_extension("atr"))? != marks {
        return Err("the annotations of the recording were overwritten".into());
    }
    Ok(())
}
