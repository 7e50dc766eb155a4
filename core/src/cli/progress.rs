//! Progress on stderr: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::train::session::Progress;

/// Shows how far a training is.
pub struct ProgressDisplay {
    label: String,
    kind: Kind,
}

enum Kind {
    Silent,
    Bar(ProgressBar),
    /// When the last line was written.
    Lines(Instant),
}

/// Seconds between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(20);

/// A display that begins with `label`; silent when `quiet`.
pub fn progress(label: &str, quiet: bool) -> ProgressDisplay {
    let kind = if quiet {
        Kind::Silent
    } else if std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        let style = "{prefix} {wide_bar} {pos}/{len}  {msg}  {eta} left";
        let style = ProgressStyle::with_template(style).unwrap_or(ProgressStyle::default_bar());
        let bar = ProgressBar::new(0).with_style(style).with_prefix(label.to_owned());
        Kind::Bar(bar)
    } else {
        Kind::Lines(Instant::now())
    };
    ProgressDisplay { label: label.to_owned(), kind }
}

impl ProgressDisplay {
    /// Takes in one step.
    pub fn update(&mut self, progress: &Progress) {
        let Progress { step, steps, samples_per_second, terms } = progress;
        let terms: Vec<_> =
            terms.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
        let message = format!("{}  {samples_per_second:.0}/s", terms.join("  "));
        match &mut self.kind {
            Kind::Silent => {}
            Kind::Bar(bar) => {
                if bar.length() != Some(*steps) {
                    bar.set_length(*steps);
                }
                bar.set_position(*step);
                bar.set_message(message);
                if step == steps {
                    bar.finish();
                }
            }
            Kind::Lines(last) if last.elapsed() >= LINE_EVERY || step == steps => {
                eprintln!("{}  {step}/{steps}  {message}", self.label);
                *last = Instant::now();
            }
            Kind::Lines(_) => {}
        }
    }
}
