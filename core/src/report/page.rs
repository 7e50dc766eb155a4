//! `report.html`: one page that needs nothing else, for people who did not make the run.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::curves::Chart;
use super::markup::{base64, escape};
use super::picture::Picture;
use super::table::{Table, alone};
use crate::run::evaluation::{Evaluation, Row};
use crate::run::file::write_atomically;

const STYLE: &str = include_str!("page.css");

/// What a report says. Sections that have nothing to show are left out.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What was made, in a few words.
    pub title: String,
    /// Two or three sentences: what it is and what came out, also where a baseline wins.
    pub lead: String,
    /// The figures to remember, at most some six.
    pub headlines: Vec<Headline>,
    /// Every figure, beside those of the rivals.
    pub evaluation: Option<Evaluation>,
    /// What is shown.
    pub figures: Vec<Figure>,
    /// What stands above it; `Samples` where empty.
    pub figures_title: String,
    /// Curves, of the training for instance.
    pub charts: Vec<Chart>,
    /// What stands above them; `Training` where empty.
    pub charts_title: String,
    /// The config as saved with the run.
    pub config: String,
    /// Commands that make the run again, in order.
    pub commands: Vec<String>,
    /// Where the data came from.
    pub sources: Vec<Source>,
}

/// One figure to remember.
#[derive(Clone, Debug, Default)]
pub struct Headline {
    /// The figure, with its unit where that is short.
    pub value: String,
    /// What it says.
    pub label: String,
    /// What to hold it against, such as `order 3: 0.84`; may be empty.
    pub beside: String,
}

/// An image with the words that belong to it.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Shown at its own size; one that is wider than the page scrolls sideways.
    pub image: Image,
    /// Stands below it and serves readers who do not see it.
    pub caption: String,
}

/// What a figure shows.
#[derive(Clone, Debug)]
pub enum Image {
    /// A picture whose pixels are kept sharp.
    Pixels(Picture),
    /// One `<svg>` element that escapes its own texts, with a width and ids that no other drawing
    /// of the page has. It stands in the page as it is.
    Drawing(String),
}

/// A data set behind the run.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Name of the set.
    pub name: String,
    /// What it holds and how it was split.
    pub about: String,
    /// Licence by its short name.
    pub licence: String,
    /// Whom to thank, in the words that the licence asks for.
    pub attribution: String,
    /// Where it can be had; becomes a link where it begins with `https://`.
    pub origin: String,
    /// SHA-256 of what was used; empty for simulated data.
    pub sha256: String,
}

/// The model's first `count` figures, each beside its strongest rival. Where a record has several
/// models, figures of those that do not come first say whose they are.
pub fn headlines(evaluation: &Evaluation, count: usize) -> Vec<Headline> {
    let first = evaluation.model_rows().next().map(|row| row.subject.as_str());
    let headline = |row: &Row| {
        // Only a short unit can stand in the large print of the figure.
        let (unit, said) = if row.unit.contains(' ') {
            (String::new(), format!(", {}", row.unit))
        } else {
            (format!(" {}", row.unit), String::new())
        };
        let whose = if first == Some(row.subject.as_str()) {
            String::new()
        } else {
            format!("{}: ", row.subject)
        };
        Headline {
            value: format!("{}{unit}", alone(row.value)).trim_end().to_owned(),
            label: format!("{whose}{}{said}", row.metric),
            beside: evaluation.rival(row).map_or(String::new(), |rival| {
                format!("{}: {}", rival.subject, alone(rival.value))
            }),
        }
    };
    evaluation.model_rows().take(count).map(headline).collect()
}

impl Image {
    /// The image as an element; `caption` is escaped.
    fn html(&self, caption: &str) -> Result<String> {
        match self {
            Self::Pixels(picture) => Ok(format!(
                "<img width=\"{}\" height=\"{}\" alt=\"{caption}\" \
                 src=\"data:image/png;base64,{}\">",
                picture.width(),
                picture.height(),
                base64(&picture.to_png()?)
            )),
            Self::Drawing(svg) => {
                ensure!(svg.starts_with("<svg"), "expected an `<svg>` element");
                Ok(svg.clone())
            }
        }
    }
}

impl Page {
    /// The page as HTML. It loads nothing from anywhere and runs no script, and says so in its
    /// policy, so that a browser holds it to that.
    ///
    /// # Errors
    /// A picture too large for a PNG, a drawing that does not begin with `<svg`.
    pub fn html(&self) -> Result<String> {
        let title = escape(&self.title);
        let mut html = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             img-src data:; style-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{title}</title>\n<style>{STYLE}</style></head>\n<body><main>\n\
             <header><h1>{title}</h1>{}{}</header>\n",
            paragraph(&self.lead),
            self.headlines()
        );
        html += &self.samples()?;
        html += &self.table();
        html += &self.curves();
        html += &self.repeat();
        html += &self.config();
        html += &self.sources();
        html += &self.footer();
        Ok(html + "</main></body></html>\n")
    }

    /// Writes the page, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<()> {
        let html = self.html().with_context(|| format!("cannot write {}", path.display()))?;
        write_atomically(path, html.as_bytes())
    }

    fn headlines(&self) -> String {
        let item = |headline: &Headline| {
            format!(
                "<li><strong>{}</strong><span>{}</span><small>{}</small></li>",
                escape(&headline.value),
                escape(&headline.label),
                escape(&headline.beside)
            )
        };
        let items: String = self.headlines.iter().map(item).collect();
        if items.is_empty() { items } else { format!("<ul class=\"headlines\">{items}</ul>") }
    }

    fn samples(&self) -> Result<String> {
        let mut body = String::new();
        for (index, figure) in self.figures.iter().enumerate() {
            let caption = escape(&figure.caption);
            let image = figure.image.html(&caption).with_context(|| {
                format!("figure {} of the page (`{}`)", index + 1, figure.caption)
            })?;
            body += &format!(
                "<figure><div class=\"scroll\" tabindex=\"0\">{image}</div>\
                 <figcaption>{caption}</figcaption></figure>\n"
            );
        }
        Ok(section(title(&self.figures_title, "Samples"), &body))
    }

    fn table(&self) -> String {
        let Some(evaluation) = self.evaluation.as_ref().filter(|e| !e.rows.is_empty()) else {
            return String::new();
        };
        let table = Table::new(&evaluation.rows);
        let mut body = String::from(
            "<div class=\"scroll\" tabindex=\"0\"><table>\
             <thead><tr><th scope=\"col\">metric</th>",
        );
        for subject in 0..table.subjects.len() {
            let [name, kind] = table.heads(subject).map(|head| escape(&head));
            body += &format!("<th scope=\"col\">{name}<small>{kind}</small></th>");
        }
        body += "</tr></thead><tbody>\n";
        for line in &table.lines {
            let label = table.label(line);
            let (first, rest) = label.split_first().map_or(("", &[][..]), |(f, r)| (f, r));
            let rest: String =
                rest.iter().map(|r| format!("<small>{}</small>", escape(r))).collect();
            body += &format!("<tr><th scope=\"row\">{}{rest}</th>", escape(first));
            for cell in &line.cells {
                let Some(cell) = cell else {
                    body += "<td>–</td>";
                    continue;
                };
                let class = if cell.best { " class=\"best\"" } else { "" };
                let beside = line.beside(cell);
                let beside: String =
                    beside.iter().map(|b| format!("<small>{}</small>", escape(b))).collect();
                body += &format!("<td{class}>{}{beside}</td>", escape(&line.number(cell.value)));
            }
            body += "</tr>\n";
        }
        body += "</tbody></table></div><ul class=\"notes\">";
        for note in table.notes("Marked: ") {
            body += &format!("<li>{}</li>", escape(&note));
        }
        section("Figures", &(body + "</ul>"))
    }

    fn curves(&self) -> String {
        let charts: String = self.charts.iter().map(|chart| chart.svg() + "\n").collect();
        let body = format!("<div class=\"charts\">{charts}</div>");
        let title = title(&self.charts_title, "Training");
        section(title, if charts.is_empty() { "" } else { &body })
    }

    fn repeat(&self) -> String {
        let body = preformatted(&self.commands.join("\n"));
        section("Repeat it", if self.commands.is_empty() { "" } else { &body })
    }

    fn config(&self) -> String {
        // Long and seldom read, so folded.
        let body = format!(
            "<details><summary>Every setting as used</summary>{}</details>",
            preformatted(&self.config)
        );
        section("Config", if self.config.is_empty() { "" } else { &body })
    }

    fn sources(&self) -> String {
        let item = |source: &Source| {
            let mut text =
                format!("<dt>{}</dt><dd>{}", escape(&source.name), paragraph(&source.about));
            let mut facts = Vec::new();
            if !source.licence.is_empty() {
                facts.push(format!("Licence: {}", escape(&source.licence)));
            }
            if !source.attribution.is_empty() {
                facts.push(escape(&source.attribution));
            }
            if !source.origin.is_empty() {
                facts.push(link(&source.origin));
            }
            if !source.sha256.is_empty() {
                facts.push(format!("SHA-256 <code>{}</code>", escape(&source.sha256)));
            }
            let facts: String = facts.iter().map(|fact| format!("<li>{fact}</li>")).collect();
            if !facts.is_empty() {
                text += &format!("<ul>{facts}</ul>");
            }
            text + "</dd>"
        };
        let items: String = self.sources.iter().map(item).collect();
        let body = format!("<dl>{items}</dl>");
        section("Data and licence", if items.is_empty() { "" } else { &body })
    }

    fn footer(&self) -> String {
        let Some(evaluation) = &self.evaluation else { return String::new() };
        format!(
            "<footer>{} {} · revision <code>{}</code> · {} · <code>{}</code></footer>\n",
            escape(&evaluation.app),
            escape(&evaluation.version),
            escape(&evaluation.revision),
            escape(&evaluation.machine.to_string()),
            escape(&evaluation.command)
        )
    }
}

fn section(title: &str, body: &str) -> String {
    if body.is_empty() {
        return String::new();
    }
    format!("<section><h2>{}</h2>\n{body}</section>\n", escape(title))
}

/// `own`, or what is usual.
fn title<'a>(own: &'a str, usual: &'a str) -> &'a str {
    if own.is_empty() { usual } else { own }
}

fn paragraph(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("<p>{}</p>", escape(text)) }
}

fn preformatted(text: &str) -> String {
    format!("<pre tabindex=\"0\">{}</pre>", escape(text.trim_end()))
}

/// Only addresses of the web become links: `javascript:` and its like stay text.
fn link(address: &str) -> String {
    let text = escape(address);
    if address.starts_with("https://") {
        format!("<a href=\"{text}\" rel=\"noreferrer\">{text}</a>")
    } else {
        text
    }
}

#[cfg(test)]
mod tests;
