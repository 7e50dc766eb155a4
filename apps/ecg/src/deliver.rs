//! What is found in a recording, on its way out: a table, annotations, strips and a page.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use generativa::report::Page;
use generativa::report::curves::{Chart, Series};
use generativa::report::page::{Figure, Headline, Image};
use generativa::run::file::write_atomically;
use generativa_datasets::recording::Options;
use generativa_datasets::wfdb::{Annotation, Annotations};

use crate::excerpt::excerpts;
use crate::follow::{Judge, Scored};
use crate::heat::{colour, heat};
use crate::strip::{Lead, Mark, Strip};
use crate::survey::{Line, Survey};

/// Said with everything that is shown.
pub const WARNING: &str = "Research software, not a medical device.";
/// Seconds before and after an odd beat on its strip.
const AROUND: f64 = 3.0;
/// Leads on a strip: more do not fit a page.
const LEADS: usize = 3;
/// Points of a chart over time, at most.
const BINS: f64 = 288.0;

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
    self::page(judge, survey, figures).write(&page)?;
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

/// The page of a recording.
fn page(judge: &Judge, survey: &Survey, figures: Vec<Figure>) -> Page {
    Page {
        title: format!("{}: heart beats", survey.name),
        lead: lead(judge, survey),
        headlines: headlines(judge, survey),
        figures,
        figures_title: "Oddest beats".into(),
        charts: charts(survey),
        charts_title: "Over time".into(),
        ..Page::default()
    }
}

fn lead(judge: &Judge, survey: &Survey) -> String {
    let mut lead = format!(
        "{WARNING} Every beat of lead {} ({} of signal) was compared with what a model of normal \
         beats expects in its place, with the normal beats most like it, with the beats before it \
         and with their rhythm. ",
        survey.leads[survey.lead],
        clock(survey.seconds())
    );
    let rate = 100.0 * judge.threshold.rate;
    write!(
        lead,
        "Of the normal beats that the threshold was taken from, {rate:.2} % raise an alarm on \
         average. "
    )
    .expect("strings take all");
    if let Some([middle, most]) = judge.between_patients().map(|shares| shares.map(|s| 100.0 * s)) {
        write!(
            lead,
            "Patients differ: of the beats of half of them less than {middle:.2} %, of one in \
             twenty more than {most:.2} %; patients and recorders unlike them may raise more. "
        )
        .expect("strings take all");
    }
    let unjudged = survey.lines.len() - survey.judged();
    if unjudged > 0 {
        write!(
            lead,
            "Not judged, since too much of them is missing or too few beats show what is usual: \
             {unjudged} beats. "
        )
        .expect("strings take all");
    }
    if !survey.left_out.is_empty() {
        write!(lead, "Not read: {}. ", survey.left_out.join(", ")).expect("strings take all");
    }
    lead
}

fn headlines(judge: &Judge, survey: &Survey) -> Vec<Headline> {
    let alarms = survey.alarms();
    let share = 100.0 * alarms as f64 / survey.judged().max(1) as f64;
    let headline = |value: String, label: &str, beside: String| Headline {
        value,
        label: label.to_owned(),
        beside,
    };
    let rate = survey.heart_rate().map_or("–".into(), |rate| format!("{rate:.0}/min"));
    vec![
        headline(survey.lines.len().to_string(), "beats", format!("{} judged", survey.judged())),
        headline(alarms.to_string(), "alarms", {
            format!("{share:.2} %; asked {:.2} %", 100.0 * judge.asked)
        }),
        headline(rate, "heart rate, median", String::new()),
        headline(format!("{:.0} %", 100.0 * survey.usable), "time with clear beats", String::new()),
    ]
}

/// Heart rate and alarms over time.
fn charts(survey: &Survey) -> Vec<Chart> {
    // Five minutes of a day, ten seconds of a short recording.
    let bin = (survey.seconds() / BINS).max(10.0);
    let (unit, seconds) =
        if survey.seconds() > 7200.0 { ("hours", 3600.0) } else { ("minutes", 60.0) };
    let mut bins: Vec<(f64, usize, usize)> = Vec::new();
    for line in &survey.lines {
        let place = (line.frame as f64 / survey.frequency / bin) as usize;
        bins.resize(bins.len().max(place + 1), (0.0, 0, 0));
        if let Some(rr) = line.rr {
            bins[place].0 += rr;
            bins[place].1 += 1;
        }
        bins[place].2 += usize::from(line.alarm);
    }
    let chart = |title: &str, value: &dyn Fn(&(f64, usize, usize)) -> f64| {
        let time = |place: usize| (place as f64 + 0.5) * bin / seconds;
        let points = bins.iter().enumerate().map(|(place, bin)| (time(place), value(bin)));
        let series = vec![Series { name: title.to_owned(), points: points.collect() }];
        Chart { title: title.to_owned(), x_label: unit.to_owned(), series }
    };
    let rate = |&(sum, count, _): &(f64, usize, usize)| 60.0 * count as f64 / sum;
    let mut charts = vec![chart("Heart rate, beats a minute", &rate)];
    charts.push(chart("Alarms an hour", &|bin_of| bin_of.2 as f64 * 3600.0 / bin));
    charts
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
