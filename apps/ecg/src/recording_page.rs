//! The page of one recording: what was found, how sure it is, heart rate and alarms over time.

use std::fmt::Write;

use generativa::report::Page;
use generativa::report::curves::{Chart, Series};
use generativa::report::page::{Figure, Headline};

use crate::deliver::{WARNING, clock};
use crate::follow::Judge;
use crate::survey::Survey;

/// Points of a chart over time, at most.
const BINS: f64 = 288.0;

/// The page of a recording with `figures` of its oddest beats.
pub fn recording_page(judge: &Judge, survey: &Survey, figures: Vec<Figure>) -> Page {
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
