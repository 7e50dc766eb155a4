//! The figures that stand in a README, taken from a record and from nowhere else.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::Table;
use super::table::alone;
use crate::run::evaluation::{Evaluation, Row};
use crate::run::file::write_atomically;

/// `readme` with what stands between `<!-- name -->` and `<!-- /name -->` replaced by `text`.
///
/// # Errors
/// Either mark is missing.
pub fn replaced(readme: &str, name: &str, text: &str) -> Result<String> {
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let parts = readme.split_once(&open).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(&close)?;
        Some((before, after))
    });
    let Some((before, after)) = parts else {
        bail!("the marks `{open}` and `{close}` are missing");
    };
    Ok(format!("{before}{open}{text}{close}{after}"))
}

/// The tables of a record, one a data set, as an app's README shows them.
pub fn table(evaluation: &Evaluation) -> String {
    let revision = evaluation.revision.get(..12).unwrap_or(&evaluation.revision);
    let tables = Table::by_data(&evaluation.rows);
    let headed = |table: &Table| format!("**{}**\n\n{}", table.data_names(), table.markdown());
    let tables: Vec<String> = tables.iter().map(headed).collect();
    format!(
        "\n{}\nMade by `{}` at revision `{revision}` on {}.\n",
        tables.join("\n"),
        evaluation.command,
        evaluation.machine
    )
}

/// The model's first figures, each beside its strongest rival, in one line for the list of apps.
pub fn headline(evaluation: &Evaluation, metrics: usize) -> String {
    let beside_rival = |row: &Row| {
        let rival = evaluation.rival(row);
        let beside = rival.map(|rival| format!(" ({}: {})", rival.subject, alone(rival.value)));
        format!("{} **{}**{}", row.metric, alone(row.value), beside.unwrap_or_default())
    };
    evaluation.model_rows().take(metrics).map(beside_rival).collect::<Vec<_>>().join(", ")
}

/// Figures of an app in the list of apps.
const LISTED: usize = 3;

/// The app's README (mark `evaluation`) and the workspace's (mark: the app's name) with the figures
/// of a record, not yet written.
///
/// # Errors
/// A README that cannot be read, or that lacks its marks.
pub fn updated(workspace: &Path, evaluation: &Evaluation) -> Result<[(PathBuf, String); 2]> {
    let app = &evaluation.app;
    let own = workspace.join("apps").join(app).join("README.md");
    let all = workspace.join("README.md");
    let text = |path: &Path, mark: &str, text: &str| {
        let old = fs::read_to_string(path)
            .with_context(|| format!("cannot read {}; run this in the checkout", path.display()))?;
        replaced(&old, mark, text).with_context(|| path.display().to_string())
    };
    let figures = text(&own, "evaluation", &table(evaluation))?;
    let listed = text(&all, app, &format!(" {} ", headline(evaluation, LISTED)))?;
    Ok([(own, figures), (all, listed)])
}

/// Writes what [`updated`] gives.
pub fn update(workspace: &Path, evaluation: &Evaluation) -> Result<()> {
    for (path, text) in updated(workspace, evaluation)? {
        write_atomically(&path, text.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::evaluation::{Better, Kind};

    #[test]
    fn only_what_stands_between_the_marks_changes() -> Result<()> {
        let old = "a <!-- x -->old<!-- /x --> b";
        assert_eq!(replaced(old, "x", "new")?, "a <!-- x -->new<!-- /x --> b");
        assert!(replaced(old, "y", "new").is_err());
        Ok(())
    }

    #[test]
    fn a_headline_names_the_strongest_rival() {
        let row = |subject: &str, kind, value| Row {
            subject: subject.into(),
            kind,
            metric: "reach".into(),
            better: Better::Higher,
            value,
            ..Row::default()
        };
        let rows = vec![
            row("model", Kind::Model, 0.9),
            row("weak", Kind::Baseline, 0.5),
            row("strong", Kind::Baseline, 0.8),
            row("human", Kind::Ceiling, 1.0),
        ];
        let evaluation = Evaluation { rows, ..Evaluation::default() };
        assert_eq!(headline(&evaluation, 3), "reach **0.900** (strong: 0.800)");
    }
}
