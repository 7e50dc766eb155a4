//! Tables in Markdown.

use super::Table;

impl Table {
    /// The table in Markdown, the best values in bold, with the notes as a paragraph below.
    pub fn markdown(&self) -> String {
        let mut text = String::from("| metric |");
        for subject in 0..self.subjects.len() {
            let [name, kind] = self.heads(subject);
            text += &format!(" {} |", cell_text(&[name, kind].join(" ")));
        }
        text += "\n|---|";
        text += &"---:|".repeat(self.subjects.len());
        for line in &self.lines {
            let label = self.label(line).join(" · ");
            text += &format!("\n| {} |", cell_text(&label));
            for cell in &line.cells {
                let Some(cell) = cell else {
                    text += " – |";
                    continue;
                };
                let value = line.number(cell.value);
                let value = if cell.best { format!("**{value}**") } else { value };
                let rest: String =
                    line.beside(cell).iter().map(|part| format!(" {part}")).collect();
                text += &format!(" {value}{} |", cell_text(&rest));
            }
        }
        text += "\n\n";
        text + &cell_text(&self.notes("bold: ").join(" ")) + "\n"
    }
}

/// Text that Markdown takes as text, within one cell.
fn cell_text(text: &str) -> String {
    let mut out = String::new();
    for character in text.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        match character {
            '|' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '\\' | '#' | '~' => out.push('\\'),
            _ => {}
        }
        out.push(character);
    }
    if text.starts_with(' ') { format!(" {out}") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::table::tests::{row, rows};
    use crate::run::evaluation::Kind;

    #[test]
    fn markdown_has_one_cell_a_subject_and_escapes_names() {
        let mut odd = rows();
        odd.push(row("a|b *x*", Kind::Baseline, "reach", 0.1));
        let text = Table::new(&odd).markdown();
        assert!(text.contains("| **0.861** \\[0.841, 0.880\\] |"), "{text}");
        assert!(text.contains(r"a\|b \*x\* (baseline)"), "{text}");
        for line in text.lines().take(4) {
            let bars = line.replace(r"\|", "").matches('|').count();
            assert_eq!(bars, 6, "{line}");
        }
    }
}
