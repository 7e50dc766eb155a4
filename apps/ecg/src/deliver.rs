//! What is found in a recording, on its way out: a table, annotations, strips, and a page of them.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use generativa::report::page::{Figure, Image};
use generativa::run::file::write_atomically;
use generativa_datasets::recording::Options;
use generativa_datasets::wfdb::{Annotation, Annotations};

use crate::excerpt::excerpts;
use crate::follow::{Judge, Scored};
use crate::heat::{colour, heat};
use crate::recording_page::recording_page;
use crate::strip::{Lead, Mark, Strip};
use crate::survey::{Line, Survey};

/// Said with everything that is shown.
pub const WARNING: &str = "Research software, not a medical device.";
/// Seconds before and after an odd beat on its strip.
const AROUND: f64 = 3.0;
/// Leads on a strip: more do not fit a page.
const LEADS: usize = 3;

/// Writes NAME.csv, NAME.atr, NAME.html and a strip NAME-odd-RANK.svg for each of the oddest beats
/// into `out` and returns the path of the page.
pub fn deliver(
    judge: &Judge,
    survey: &Survey,
    (path, options): (&Path, &Options),
    out: &Path,
) -> Result<PathBuf> {
    let name = file_name(path);
    write_atomically(&out.join(format!("{name}.csv")), table(survey).as_bytes())?;
    annotations(survey).write(&out.join(format!("{name}.atr")))?;
    let figures = figures(judge, survey, (path, options))?;
    // Strips of an earlier run would look like this one's.
    for rank in 1.. {
        let old = out.join(format!("{name}-odd-{rank:02}.svg"));
        if std::fs::remove_file(&old).is_err() {
            break;
        }
    }
    for (rank, figure) in (1..).zip(&figures) {
        if let Image::Drawing(svg) = &figure.image {
            write_atomically(&out.join(format!("{name}-odd-{rank:02}.svg")), svg.as_bytes())?;
        }
    }
    let page = out.join(format!("{name}.html"));
    recording_page(judge, survey, figures).write(&page)?;
    Ok(page)
}

/// The name of what is written for a recording, one that no system refuses.
pub fn file_name(path: &Path) -> String {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "_-.".contains(c) { c } else { '_' };
    let name: String = name.chars().map(allowed).collect();
    if name.starts_with('.') || name.is_empty() { format!("recording{name}") } else { name }
}

/// A line for each beat.
pub fn table(survey: &Survey) -> String {
    let mut text =
        String::from("beat,frame,time_s,rr_s,score,p_value,alarm,quality,missing,reason\n");
    for (number, line) in survey.lines.iter().enumerate() {
        let Line { frame, score, p, alarm, quality, missing, reason, .. } = line;
        let time = *frame as f64 / survey.frequency;
        let rr = line.rr.map_or(String::new(), |rr| format!("{rr:.3}"));
        let p = p.map_or(String::new(), |p| format!("{p:.6}"));
        writeln!(
            text,
            "{},{frame},{time:.3},{rr},{score:.4},{p},{},{quality:.2},{missing:.2},\"{reason}\"",
            number + 1,
            u8::from(*alarm)
        )
        .expect("strings take all");
    }
    text
}

/// A mark for each beat: `N` as usual, `Q` with its reason where it raises an alarm.
pub fn annotations(survey: &Survey) -> Annotations {
    let mark = |line: &Line| {
        let symbol = if line.alarm { b'Q' } else { b'N' };
        let time = i64::try_from(line.frame).unwrap_or(i64::MAX);
        let channel = i8::try_from(survey.lead).unwrap_or(0);
        Annotation { text: line.reason.clone(), channel, ..Annotation::new(time, symbol) }
    };
    Annotations { frequency: None, all: survey.lines.iter().map(mark).collect() }
}

/// A strip for each of the oddest beats.
fn figures(
    judge: &Judge,
    survey: &Survey,
    (path, options): (&Path, &Options),
) -> Result<Vec<Figure>> {
    let stretch = |(place, _): &(usize, Scored)| {
        let around = (AROUND * survey.frequency) as u64;
        let frame = survey.lines[*place].frame;
        frame.saturating_sub(around)..frame + around
    };
    let stretches: Vec<_> = survey.oddest.iter().map(stretch).collect();
    let mut figures = Vec::new();
    for ((place, scored), excerpt) in survey.oddest.iter().zip(excerpts(path, options, &stretches)?)
    {
        let rank = figures.len() + 1;
        let svg = strip(judge, survey, (scored, rank), (excerpt.first, &excerpt.leads))?;
        let line = &survey.lines[*place];
        let caption = format!(
            "{rank}. Beat {} at {}: {} (p = {:.5})",
            place + 1,
            clock(line.frame as f64 / survey.frequency),
            line.reason,
            line.p.unwrap_or(f64::NAN)
        );
        figures.push(Figure { image: Image::Drawing(svg), caption });
    }
    Ok(figures)
}

/// The strip around an odd beat. `rank`: its number on the page; `signal`: first frame and leads.
pub fn strip(
    judge: &Judge,
    survey: &Survey,
    (scored, rank): (&Scored, usize),
    (first, leads): (u64, &[Vec<f32>]),
) -> Result<String> {
    let frames = leads.first().map_or(0, Vec::len);
    let heat = heat_of_frames(judge, survey, scored, (first, frames))?;
    let within = |line: &&Line| (first..first + frames as u64).contains(&line.frame);
    let labels: Vec<(usize, &str, bool)> = survey
        .lines
        .iter()
        .filter(within)
        .map(|line| {
            let own = line.frame == scored.cut.frame;
            let label = if own {
                "odd"
            } else if line.alarm {
                "Q"
            } else {
                "N"
            };
            ((line.frame - first) as usize, label, line.alarm)
        })
        .collect();
    // The judged lead first.
    let others = (0..leads.len()).filter(|&lead| lead != survey.lead);
    let shown = std::iter::once(survey.lead).chain(others).take(LEADS);
    let lead = |lead: usize| Lead {
        name: &survey.leads[lead],
        samples: &leads[lead],
        heat: if lead == survey.lead { &heat } else { &[] },
    };
    let strip = Strip {
        id: &format!("strip{rank}"),
        title: &survey.name,
        footnote: "",
        frequency: survey.frequency,
        start: first as f64 / survey.frequency,
        band: Some([0.5, 40.0]),
        leads: shown.map(lead).collect(),
        marks: labels.iter().map(|&(frame, label, odd)| Mark { frame, label, odd }).collect(),
    };
    Ok(strip.svg())
}

/// How odd each frame is, 0 to 1: that of the beat's values, stretched over its window.
fn heat_of_frames(
    judge: &Judge,
    survey: &Survey,
    scored: &Scored,
    (first, frames): (u64, usize),
) -> Result<Vec<f32>> {
    let heat = colour(&heat(&judge.scorer.view(&scored.beat)?));
    let window = &judge.config.data.window;
    let place = |frame: usize| {
        let time = (first as f64 + frame as f64 - scored.cut.frame as f64) / survey.frequency;
        let place = (time + window.before) / window.seconds() * (window.samples - 1) as f64;
        (place >= 0.0).then(|| place.round() as usize).filter(|&place| place < heat.len())
    };
    Ok((0..frames).map(|frame| place(frame).map_or(0.0, |place| heat[place])).collect())
}

/// `h:mm:ss.s`.
pub fn clock(seconds: f64) -> String {
    let tenths = (seconds * 10.0).round() as u64;
    let (hours, minutes) = (tenths / 36_000, tenths / 600 % 60);
    format!("{hours}:{minutes:02}:{:02}.{}", tenths / 10 % 60, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_carry_over_at_minutes_and_hours() {
        assert_eq!(clock(59.96), "0:01:00.0");
        assert_eq!(clock(3_725.5), "1:02:05.5");
        assert_eq!(clock(86_400.0), "24:00:00.0");
    }

    #[test]
    fn a_name_with_a_way_out_of_the_folder_is_tamed() {
        let name = |path: &str| file_name(Path::new(path));
        assert_eq!(name("x/..a b.hea"), "recording..a_b");
        assert_eq!((name("x/100.hea").as_str(), name("x/100").as_str()), ("100", "100"));
    }
}
