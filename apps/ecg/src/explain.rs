//! `explain`: one beat of a recording, beside what the model expects in its place.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use generativa::cli::{Exit, Shared};
use generativa::run::file::{create_folder, write_atomically};
use generativa_datasets::recording::Recording;

use crate::beat_figure::beat_figure;
use crate::deliver::{WARNING, clock};
use crate::detect::Source;
use crate::follow::{Judge, Scored, each_beat};
use crate::heat::heat;
use crate::reason::reason;

/// Flags of `explain`.
#[derive(Args, Debug)]
pub struct Options {
    /// The recording, as for `detect`
    #[arg(value_name = "RECORDING")]
    recording: PathBuf,
    /// The beat nearest to this time, in seconds
    #[arg(long, value_name = "SECONDS", required_unless_present = "beat")]
    time: Option<f64>,
    /// The beat of this number, from 1, as in the table of `detect`
    #[arg(long, value_name = "NUMBER", conflicts_with = "time")]
    beat: Option<usize>,
    #[command(flatten)]
    source: Source,
    /// Write the figure into this folder, as BEAT.svg
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Says why a beat is odd, or that it is not.
///
/// # Errors
/// As `detect`; no such beat.
pub fn explain(options: &Options, shared: &Shared) -> Result<()> {
    if let Some(out) = &options.out {
        create_folder(out)?;
    }
    let judge = options.source.judge()?;
    let path = options.recording.display();
    let (number, scored, frequency) =
        wanted(&judge, options).with_context(|| format!("cannot explain a beat of {path}"))?;
    let view = judge.scorer.view(&scored.beat)?;
    let heat = heat(&view);
    let seconds = scored.cut.frame as f64 / frequency;
    let reason = reason(&judge, &scored, &heat);
    let title = format!("Beat {number} at {}: {reason}", clock(seconds));
    let figure = beat_figure(&view, Some(&judge.config.data.window), ("beat", &title));
    if let Some(out) = &options.out {
        write_atomically(&out.join(format!("{number}.svg")), figure.as_bytes())?;
    }
    let deviations = judge.deviations(&scored.parts);
    let axes: Vec<(&str, f32)> =
        judge.config.axes().into_iter().zip(view.latent.iter().copied()).collect();
    if shared.json {
        let window = judge.config.data.window;
        let values = |values: &[f32]| values.to_vec();
        let line = serde_json::json!({
            "beat": number,
            "frame": scored.cut.frame,
            "seconds": seconds,
            "score": scored.score,
            "p": scored.p,
            "alarm": scored.alarm,
            "reason": reason,
            "parts": deviations
                .iter()
                .map(|(part, off)| (part.name().to_owned(), (*off).into()))
                .collect::<serde_json::Map<_, _>>(),
            "seconds_from_r": (0..view.values.len()).map(|at| window.time(at)).collect::<Vec<_>>(),
            "values": values(&view.values),
            "expected": values(&view.mean),
            "deviation": view.variance.iter().map(|v| v.sqrt()).collect::<Vec<_>>(),
            "nearest": values(&view.nearest),
            "heat": heat,
            "latent": values(&view.latent),
            "axes": axes
                .iter()
                .map(|(name, off)| ((*name).to_owned(), (*off).into()))
                .collect::<serde_json::Map<_, _>>(),
            "notice": WARNING,
        });
        return shared.print(&line.to_string());
    }
    let verdict = if scored.alarm { "an alarm" } else { "no alarm" };
    let p = scored.p.map_or("not judged".into(), |p| format!("p = {p:.5}"));
    shared.print(&format!("beat {number} at {}: {verdict}, {p}; {reason}", clock(seconds)))?;
    for (part, off) in deviations {
        shared.print(&format!("  {:<11} {off:+.1} standard deviations odd", part.name()))?;
    }
    for (name, off) in axes {
        shared.print(&format!("  {name:<11} {off:+.1} standard deviations of normal people"))?;
    }
    shared.remark(WARNING);
    Ok(())
}

/// The beat that is asked for, its number from 1, and the frequency of the recording.
fn wanted(judge: &Judge, options: &Options) -> Result<(usize, Scored, f64)> {
    let mut recording = Recording::open_with(&options.recording, &options.source.reading())?;
    let leads: Vec<String> = recording.leads().iter().map(|lead| lead.name.clone()).collect();
    let lead = crate::survey::chosen(&leads, options.source.lead.as_deref())?;
    let frequency = recording.frequency();
    let (mut count, mut best): (usize, Option<(usize, Scored)>) = (0, None);
    let followed = each_beat(judge, &mut recording, lead, |scored| {
        count += 1;
        let away = |one: &Scored, time: f64| (one.cut.frame as f64 / frequency - time).abs();
        let better = match (options.time, &best) {
            (None, _) => options.beat == Some(count),
            (Some(_), None) => true,
            (Some(time), Some((_, best))) => away(&scored, time) < away(best, time),
        };
        if better {
            best = Some((count, scored));
        }
        Ok(())
    })?;
    let seconds = followed.frames as f64 / frequency;
    if let Some(time) = options.time.filter(|time| !(0.0..=seconds).contains(time)) {
        bail!(Exit::Usage(format!("--time {time}: the recording has the seconds 0 to {seconds}")));
    }
    match best {
        Some((number, scored)) => Ok((number, scored, frequency)),
        None if count == 0 => bail!("it has no heart beat"),
        None => bail!(Exit::Usage(format!(
            "it has no beat {}; they are numbered from 1 to {count}",
            options.beat.unwrap_or_default()
        ))),
    }
}
