//! `watch`: beats of a signal on standard input, each as soon as it is known.

use std::io::BufRead;

use anyhow::{Context, Result, bail};
use clap::Args;
use generativa::cli::{Exit, RunChoice, Shared, Trained};

use crate::Ecg;
use crate::deliver::WARNING;
use crate::follow::{Follower, Judge, Scored};
use crate::heat::heat;
use crate::reason::reason;

/// Seconds of signal that are worked on at once.
const PIECE: f64 = 0.25;

/// Flags of `watch`.
#[derive(Args, Debug)]
pub struct Options {
    /// Frames a second, Hz
    #[arg(long, value_name = "HZ")]
    frequency: f64,
    /// The lead to judge, by its column from 1
    #[arg(long, value_name = "COLUMN", default_value_t = 1)]
    lead: usize,
    /// Tell only of beats that raise an alarm
    #[arg(long)]
    alarms: bool,
    /// Share of normal beats that may raise an alarm [default: that of the run]
    #[arg(long, value_name = "SHARE")]
    alarm_rate: Option<f64>,
    #[command(flatten)]
    run: RunChoice,
}

/// Judges beats while they come in: a line of standard input is a frame, the samples of its leads
/// in mV between commas, blanks or tabs; `nan` or nothing where one is missing. Memory does not
/// grow. The first beats are told after a minute, which shows how the patient's usually look, and
/// others about five seconds after they were.
///
/// # Errors
/// A line that is no frame, with its number.
pub fn watch(options: &Options, shared: &Shared) -> Result<()> {
    let judge = Judge::open(&Trained::open::<Ecg>(&options.run.dir::<Ecg>())?, options.alarm_rate)?;
    shared.remark(WARNING);
    let piece = (PIECE * options.frequency).max(1.0) as usize;
    let mut input = std::io::stdin().lock();
    let (mut text, mut number) = (String::new(), 0u64);
    let mut frames: Vec<Vec<f32>> = Vec::new();
    let mut follower: Option<Follower> = None;
    let tell = |beats: Vec<Scored>| -> Result<()> {
        beats.iter().try_for_each(|scored| tell(&judge, scored, options, shared))
    };
    loop {
        text.clear();
        if input.read_line(&mut text).context("cannot read standard input")? == 0 {
            break;
        }
        number += 1;
        let line = text.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let frame = match frame(line) {
            Ok(frame) => frame,
            Err(_) if number == 1 => {
                shared.remark(&format!(
                    "standard input line 1: `{line}` taken as the names of leads"
                ));
                continue;
            }
            Err(error) => {
                // What came before is not lost.
                if let Some(follower) = follower.as_mut() {
                    tell(follower.push(&frames)?)?;
                    tell(follower.finish()?)?;
                }
                return Err(error.context(format!("standard input line {number}")));
            }
        };
        if follower.is_none() {
            if !(1..=frame.len()).contains(&options.lead) {
                let (lead, count) = (options.lead, frame.len());
                bail!(Exit::Usage(format!(
                    "--lead {lead}: the signal has the columns 1 to {count}"
                )));
            }
            let lead = (frame.len(), options.lead - 1);
            follower = Some(Follower::new(&judge, options.frequency, lead, true)?);
            frames = vec![Vec::new(); frame.len()];
        }
        if frame.len() != frames.len() {
            let (expected, found) = (frames.len(), frame.len());
            bail!(
                "standard input line {number}: expected {expected} columns as before, found {found}"
            );
        }
        frames.iter_mut().zip(frame).for_each(|(lead, sample)| lead.push(sample));
        if let Some(follower) = follower.as_mut().filter(|_| frames[0].len() == piece) {
            tell(follower.push(&frames)?)?;
            frames.iter_mut().for_each(Vec::clear);
        }
    }
    let Some(mut follower) = follower else {
        bail!("standard input: expected samples, found none")
    };
    tell(follower.push(&frames)?)?;
    tell(follower.finish()?)
}

/// The samples of a line.
fn frame(line: &str) -> Result<Vec<f32>> {
    let fields: Vec<&str> = if line.contains(',') {
        line.split(',').collect()
    } else {
        line.split_whitespace().collect()
    };
    let sample = |(field, column): (&str, usize)| {
        let field = field.trim();
        if field.is_empty() {
            return Ok(f32::NAN);
        }
        match field.parse::<f32>() {
            Ok(value) if value.is_infinite() => {
                bail!("column {column}: expected mV, found {field}")
            }
            Ok(value) => Ok(value),
            Err(_) => bail!("column {column}: expected a sample in mV, found `{field}`"),
        }
    };
    fields.into_iter().zip(1..).map(sample).collect()
}

fn tell(judge: &Judge, scored: &Scored, options: &Options, shared: &Shared) -> Result<()> {
    if options.alarms && !scored.alarm {
        return Ok(());
    }
    let reason = match scored.alarm {
        true => reason(judge, scored, &heat(&judge.scorer.view(&scored.beat)?)),
        false => String::new(),
    };
    let seconds = scored.cut.frame as f64 / options.frequency;
    if shared.json {
        let line = serde_json::json!({
            "frame": scored.cut.frame,
            "seconds": seconds,
            "rr": scored.cut.rr,
            "score": scored.score,
            "p": scored.p,
            "alarm": scored.alarm,
            "reason": reason,
        });
        return shared.print(&line.to_string());
    }
    let verdict = if scored.alarm { "ALARM" } else { "-" };
    let p = scored.p.map_or("-".into(), |p| format!("{p:.5}"));
    shared.print(&format!("{seconds:.3}\t{verdict}\tp={p}\t{reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_numbers_between_commas_or_blanks() -> Result<()> {
        assert_eq!(frame("0.5, -1e-3")?, [0.5, -0.001]);
        assert_eq!(frame("1\t2 3")?, [1.0, 2.0, 3.0]);
        let gaps = frame("1,,nan")?;
        assert!(gaps[0] == 1.0 && gaps[1].is_nan() && gaps[2].is_nan());
        for (line, expected) in [("1,x", "column 2"), ("inf", "expected mV")] {
            let message = frame(line).expect_err(line).to_string();
            assert!(message.contains(expected), "{message}");
        }
        Ok(())
    }
}
