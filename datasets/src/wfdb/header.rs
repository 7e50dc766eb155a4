//! The header of a recording: a line about all of it, a line a signal, then comments.

use std::fmt::Write as _;
use std::path::Path;

use super::Format;
use crate::{Error, Result};

/// What a header says of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The name of the recording.
    pub name: String,
    /// Frames a second, Hz. A frame has one sample of most signals.
    pub frequency: f64,
    /// Number of frames, where the header says it.
    pub frames: Option<u64>,
    /// Time of day and date of the first frame as they stand there, `HH:MM:SS DD/MM/YYYY` or less.
    pub start: Option<String>,
    /// The signals in the order of the frame.
    pub signals: Vec<Signal>,
    /// Comments about the recording, without their `#`.
    pub comments: Vec<String>,
}

/// What a header says of a signal.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// The file that holds its samples, beside the header.
    pub file: String,
    /// How they lie there.
    pub format: Format,
    /// Samples of a frame.
    pub per_frame: usize,
    /// Bytes of the file before the first sample.
    pub offset: u64,
    /// Steps of the converter a physical unit, positive. 200 where the header does not know: then
    /// `calibrated` is false.
    pub gain: f64,
    /// Whether the header knows the gain.
    pub calibrated: bool,
    /// The sample that means 0.
    pub baseline: i32,
    /// The physical unit, millivolt where the header says nothing.
    pub unit: String,
    /// Bits of the converter, 0 if unknown.
    pub resolution: u32,
    /// The middle of the converter's range.
    pub zero: i32,
    /// The first sample, where the header says it.
    pub first: Option<i32>,
    /// The sum of all samples in 16 bits, where the header says it.
    pub checksum: Option<i16>,
    /// What was measured, such as the lead.
    pub description: String,
}

impl Signal {
    /// A signal in millivolt, for writing.
    pub fn millivolt(file: &str, format: Format, gain: f64, description: &str) -> Self {
        Self {
            file: file.to_owned(),
            format,
            per_frame: 1,
            offset: 0,
            gain,
            calibrated: true,
            baseline: 0,
            unit: "mV".to_owned(),
            resolution: format.bits(),
            zero: 0,
            first: None,
            checksum: None,
            description: description.to_owned(),
        }
    }

    /// A sample in the physical unit; NaN where it is missing.
    pub fn physical(&self, sample: i32) -> f32 {
        if sample == self.format.missing() {
            return f32::NAN;
        }
        ((f64::from(sample) - f64::from(self.baseline)) / self.gain) as f32
    }

    /// The nearest sample to a value in the physical unit, within what the format holds; the one
    /// for missing if it is not finite.
    pub fn sample(&self, value: f32) -> i32 {
        if !value.is_finite() {
            return self.format.missing();
        }
        let sample = (f64::from(value) * self.gain + f64::from(self.baseline)).round();
        (sample as i32).clamp(self.format.missing() + 1, self.format.largest())
    }
}

impl Header {
    /// Reads the text of a header; `path` is for messages.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let mut lines = text.lines().map(str::trim).zip(1..).filter(|(line, _)| !line.is_empty());
        let mut own = lines.by_ref().filter(|(line, _)| !line.starts_with('#'));
        let Some((line, number)) = own.next() else {
            return Err(malformed(path, 1, "the line of a WFDB record", "none"));
        };
        let (mut header, count) = record(line).map_err(|wrong| wrong.at(path, number))?;
        let mut last = number;
        for (line, number) in lines {
            last = number;
            if let Some(comment) = line.strip_prefix('#') {
                header.comments.push(comment.trim().to_owned());
            } else if header.signals.len() < count {
                header.signals.push(signal(line).map_err(|wrong| wrong.at(path, number))?);
            }
        }
        if header.signals.len() < count {
            let found = header.signals.len().to_string();
            return Err(malformed(path, last, &format!("{count} signals"), &found));
        }
        Ok(header)
    }

    /// The text of the header.
    pub fn text(&self) -> String {
        let mut text = format!("{} {} {}", self.name, self.signals.len(), self.frequency);
        if let Some(frames) = self.frames {
            write!(text, " {frames}").expect("strings take all");
            if let Some(start) = &self.start {
                write!(text, " {start}").expect("strings take all");
            }
        }
        text.push('\n');
        for signal in &self.signals {
            let Signal { file, gain, baseline, unit, resolution, zero, description, .. } = signal;
            write!(text, "{file} {}", signal.format.number()).expect("strings take all");
            if signal.per_frame > 1 {
                write!(text, "x{}", signal.per_frame).expect("strings take all");
            }
            if signal.offset > 0 {
                write!(text, "+{}", signal.offset).expect("strings take all");
            }
            let gain = if signal.calibrated { *gain } else { 0.0 };
            let (first, checksum) = (signal.first.unwrap_or(*zero), signal.checksum.unwrap_or(0));
            writeln!(
                text,
                " {gain}({baseline})/{unit} {resolution} {zero} {first} {checksum} 0 {description}"
            )
            .expect("strings take all");
        }
        for comment in &self.comments {
            writeln!(text, "# {comment}").expect("strings take all");
        }
        text
    }
}

type Parsed<T> = std::result::Result<T, Wrong>;

/// What a line should have, and what it has.
struct Wrong(&'static str, String);

impl Wrong {
    fn at(self, path: &Path, line: usize) -> Error {
        malformed(path, line, self.0, &self.1)
    }
}

fn malformed(path: &Path, line: usize, expected: &str, found: &str) -> Error {
    let (path, expected, found) = (path.to_owned(), expected.to_owned(), format!("`{found}`"));
    Error::Malformed { path, line, expected, found }
}

/// A field as a number, or what it should have been.
fn number<T: std::str::FromStr>(field: &str, expected: &'static str) -> Parsed<T> {
    field.parse().map_err(|_| Wrong(expected, field.to_owned()))
}

/// The record line and the number of signals that it announces.
fn record(line: &str) -> Parsed<(Header, usize)> {
    let mut fields = line.split_whitespace();
    let name = fields.next().unwrap_or_default();
    if name.contains('/') {
        return Err(Wrong(
            "a record of one segment: give the header of a segment",
            name.to_owned(),
        ));
    }
    let count = number(fields.next().unwrap_or_default(), "the number of signals")?;
    // The counter's frequency may follow, `360/100(0)`.
    let frequency = match fields.next() {
        Some(field) => {
            let own = field.split('/').next().unwrap_or_default();
            number(own, "a frequency in Hz")?
        }
        None => 250.0,
    };
    if !(frequency > 0.0 && f64::is_finite(frequency)) {
        return Err(Wrong("a positive frequency in Hz", frequency.to_string()));
    }
    let frames = fields.next().map(|field| number(field, "the number of frames")).transpose()?;
    let start = fields.collect::<Vec<_>>().join(" ");
    let header = Header {
        name: name.to_owned(),
        frequency,
        frames: frames.filter(|frames| *frames > 0),
        start: (!start.is_empty()).then_some(start),
        signals: Vec::new(),
        comments: Vec::new(),
    };
    Ok((header, count))
}

/// The line of a signal.
fn signal(line: &str) -> Parsed<Signal> {
    let mut rest = line;
    let mut field = || {
        let (field, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        rest = after.trim_start();
        field
    };
    let (file, layout) = (field(), field());
    let mut signal = Signal::millivolt(file, Format::F16, 200.0, "");
    // A name from elsewhere must not lead out of the recording's folder.
    if file.contains(['/', '\\']) || matches!(file, "." | ".." | "~" | "-") {
        return Err(Wrong("a signal file beside the header", file.to_owned()));
    }
    lay_out(&mut signal, layout)?;
    let baseline = calibrate(&mut signal, field())?;
    let mut whole = |expected| match field() {
        "" => Ok(None),
        text => number::<i32>(text, expected).map(Some),
    };
    signal.resolution = whole("the bits of the converter")?.map_or(0, i32::unsigned_abs);
    signal.zero = whole("the zero of the converter")?.unwrap_or(0);
    signal.baseline = baseline.unwrap_or(signal.zero);
    signal.first = whole("the first sample")?;
    // Some writers leave the sum without its sign.
    signal.checksum = whole("the sum of the samples")?.map(|sum| sum as i16);
    whole("the size of a block")?;
    signal.description = rest.trim().to_owned();
    Ok(signal)
}

/// `FORMAT[xSAMPLES][:SKEW][+OFFSET]`.
fn lay_out(signal: &mut Signal, field: &str) -> Parsed<()> {
    let end = |text: &str| text.find(['x', ':', '+']).unwrap_or(text.len());
    let (format, mut rest) = field.split_at(end(field));
    let known = Format::ALL.into_iter().find(|known| known.number().to_string() == format);
    signal.format = known.ok_or(Wrong("format 16, 24, 80 or 212", field.to_owned()))?;
    while let Some(mark) = rest.chars().next() {
        let (value, after) = rest[1..].split_at(end(&rest[1..]));
        match mark {
            'x' => signal.per_frame = number(value, "samples of a frame")?,
            '+' => signal.offset = number(value, "bytes before the first sample")?,
            _ if value == "0" => {}
            _ => return Err(Wrong("signals that are not skewed", field.to_owned())),
        }
        rest = after;
    }
    if !(1..=1 << 20).contains(&signal.per_frame) {
        return Err(Wrong("samples of a frame, at least 1", field.to_owned()));
    }
    Ok(())
}

/// `GAIN[(BASELINE)][/UNIT]`; returns the baseline.
fn calibrate(signal: &mut Signal, field: &str) -> Parsed<Option<i32>> {
    let (scale, unit) = field.split_once('/').unwrap_or((field, "mV"));
    let (gain, baseline) = match scale.split_once('(') {
        Some((gain, baseline)) => {
            let baseline = baseline.strip_suffix(')').unwrap_or(baseline);
            (gain, Some(number(baseline, "a baseline")?))
        }
        None => (scale, None),
    };
    let gain = if gain.is_empty() { 0.0 } else { number(gain, "a gain")? };
    if !f64::is_finite(gain) || gain < 0.0 {
        return Err(Wrong("a gain of at least 0", field.to_owned()));
    }
    signal.calibrated = gain > 0.0;
    signal.gain = if signal.calibrated { gain } else { 200.0 };
    signal.unit = unit.to_owned();
    Ok(baseline)
}
