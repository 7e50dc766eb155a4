//! What was measured, as lines on the terminal and as `BENCHMARKS.md`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use generativa::metrics::quantile::median;
use generativa::run::file::write_atomically;
use generativa::run::machine::{Machine, revision};

use crate::clock::Block;
use crate::{Case, DISTURBED, Options, memory};

/// The figures of one case.
pub(crate) struct Measured {
    pub(crate) case: Case,
    /// Our blocks.
    pub(crate) ours: Vec<Block>,
    /// Ours and PyTorch's, turn by turn; empty where we ran alone.
    pub(crate) pairs: Vec<[Block; 2]>,
    /// Growth of the memory, ours and PyTorch's, MiB.
    pub(crate) grown: Option<[f64; 2]>,
}

/// Prints MiB for the process that asked.
pub(crate) fn print_memory(grown: f64) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{grown:.3}")?)
}

/// Prints the line above the cases.
pub(crate) fn print_head(pairs: bool) -> Result<()> {
    let more =
        if pairs { "   PyTorch ms   ratio   range        busy       MiB" } else { "   busy" };
    Ok(writeln!(std::io::stdout(), "{:<34}{:>10}{more}", "case", "ms")?)
}

fn median_of(blocks: &[Block], figure: fn(&Block) -> f64) -> f64 {
    median(&blocks.iter().map(figure).collect::<Vec<_>>())
}

impl Measured {
    fn side(&self, side: usize) -> Vec<Block> {
        self.pairs.iter().map(|pair| pair[side]).collect()
    }

    fn ratios(&self) -> Vec<f64> {
        self.pairs.iter().map(|[ours, theirs]| ours.median / theirs.median).collect()
    }

    /// Whether other programs were at work in spite of all attempts.
    fn disturbed(&self) -> bool {
        let blocks = self.pairs.iter().flatten().chain(&self.ours);
        blocks.map(|block| block.others).fold(0.0, f64::max) > DISTURBED
    }

    /// Prints one line.
    pub(crate) fn print(&self) -> Result<()> {
        let mut out = std::io::stdout();
        let name = self.case.name;
        let mark = if self.disturbed() { "  (others at work)" } else { "" };
        let (ours, busy) = (median_of(&self.ours, |b| b.median), median_of(&self.ours, |b| b.busy));
        if self.pairs.is_empty() {
            return Ok(writeln!(out, "{name:<34}{ours:>10.3}{busy:>7.2}{mark}")?);
        }
        let theirs = self.side(1);
        let (their_time, their_busy) =
            (median_of(&theirs, |b| b.median), median_of(&theirs, |b| b.busy));
        let ratios = self.ratios();
        let (low, high) = range(&ratios);
        let over = self.case.target.is_some_and(|target| median(&ratios) > target);
        Ok(writeln!(
            out,
            "{name:<34}{ours:>10.3}{their_time:>13.3}{:>8.2}{}  {low:.2}..{high:.2}  \
             {busy:.2}|{their_busy:.2}{}{mark}",
            median(&ratios),
            if over { '!' } else { ' ' },
            self.grown
                .map_or_else(String::new, |[ours, theirs]| format!("  {ours:.0}|{theirs:.0}")),
        )?)
    }
}

fn range(values: &[f64]) -> (f64, f64) {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    (low, values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}

/// Writes `BENCHMARKS.md` at the root of the checkout.
pub(crate) fn write(
    measured: &[Measured],
    options: &Options,
    pytorch: &str,
    threads: usize,
) -> Result<()> {
    let (rounds, seconds, disturbed) = (options.rounds, options.seconds, 100.0 * DISTURBED);
    let mut text = format!(
        "# Benchmarks\n\nWritten by `just bench --against-pytorch --record`; `--python PROGRAM` \
         names a Python that has PyTorch. Both sides run in turn, {rounds} blocks each of at \
         least {seconds} seconds, with an allocator that keeps freed memory; a ratio is the \
         median over the pairs of our time over PyTorch's, below 1 where we are faster, with the \
         range over the pairs beside it, bold where it is more than wanted. *Busy* is how many \
         processors each side kept at work. Gradients (dx, dw) include the making of the gradient \
         that comes in on our side only. A block during which other programs took more than \
         {disturbed:.0} % of the processors was run again, and is marked † where that did not \
         help. *MiB* is by how much the resident memory of a process of its own peaks over {steps} \
         steps above what it held with the model and the moments of the optimizer.\n\n",
        steps = memory::STEPS,
    );
    let (machine, revision) = (Machine::here(), revision());
    writeln!(
        text,
        "Machine: {machine}; {threads} threads on both sides; PyTorch {pytorch}; revision \
         {revision}.\n"
    )?;
    text.push_str(
        "| case | what | ms | PyTorch ms | ratio | range | wanted | busy, ours and theirs | MiB, ours and theirs |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for one in measured {
        let (theirs, ratios) = (one.side(1), one.ratios());
        let (low, high) = range(&ratios);
        let ratio = format!("{:.2}", median(&ratios));
        let over = one.case.target.is_some_and(|target| median(&ratios) > target);
        let ratio = if over { format!("**{ratio}**") } else { ratio };
        let wanted =
            one.case.target.map_or_else(|| "–".to_owned(), |target| format!("≤ {target:.1}"));
        writeln!(
            text,
            "| `{}`{} | {} | {:.3} | {:.3} | {ratio} | {low:.2}–{high:.2} | {wanted} | {:.2}, {:.2} | {} |",
            one.case.name,
            if one.disturbed() { " †" } else { "" },
            one.case.about,
            median_of(&one.ours, |b| b.median),
            median_of(&theirs, |b| b.median),
            median_of(&one.ours, |b| b.busy),
            median_of(&theirs, |b| b.busy),
            one.grown
                .map_or_else(|| "–".to_owned(), |[ours, theirs]| format!("{ours:.0}, {theirs:.0}")),
        )?;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../BENCHMARKS.md");
    write_atomically(&root, text.as_bytes())
}
