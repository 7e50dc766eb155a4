//! Tables for terminals: plain characters, no colours.

use super::{Line, Table};

impl Table {
    /// The table as text of at most `width` columns where that is possible: subjects that find no
    /// room follow in further blocks, each beside the first subject again. Plain characters, no
    /// colours, each line closed by a line feed.
    pub fn terminal(&self, width: usize) -> String {
        let subjects = 0..self.subjects.len();
        // The label and the cell of each subject, all of several lines; the heads above all.
        let heads = subjects.clone().map(|subject| self.heads(subject).to_vec()).collect();
        let mut entries: Vec<(Vec<String>, Vec<Vec<String>>)> = vec![(vec![], heads)];
        entries.extend(self.lines.iter().map(|line| {
            (self.label(line), subjects.clone().map(|subject| line.stacked(subject)).collect())
        }));
        let label_width = widest(entries.iter().flat_map(|(label, _)| label));
        let width_of = |subject: usize| widest(entries.iter().flat_map(|(_, c)| &c[subject]));
        let widths: Vec<usize> = subjects.map(width_of).collect();
        let mut text = String::new();
        for block in blocks(&widths, width.saturating_sub(label_width)) {
            for (label, cells) in &entries {
                let tallest = block.iter().map(|&subject| cells[subject].len()).max();
                for part in 0..tallest.unwrap_or(0).max(label.len()) {
                    let mut row = pad_right(part_of(label, part), label_width);
                    for &subject in &block {
                        row += "  ";
                        row += &pad_left(part_of(&cells[subject], part), widths[subject]);
                    }
                    text += row.trim_end();
                    text += "\n";
                }
            }
            text += "\n";
        }
        text + &self.notes("* ").join("\n") + "\n"
    }
}

impl Line {
    fn stacked(&self, subject: usize) -> Vec<String> {
        let Some(cell) = &self.cells[subject] else { return vec!["–".into()] };
        let mark = if cell.best { "* " } else { "" };
        let mut lines = vec![format!("{mark}{}", self.number(cell.value))];
        lines.extend(self.beside(cell));
        lines
    }
}

fn part_of(lines: &[String], part: usize) -> &str {
    lines.get(part).map_or("", String::as_str)
}

/// Columns for each block: as many as fit into `room`, the first column in every block.
fn blocks(widths: &[usize], room: usize) -> Vec<Vec<usize>> {
    let mut blocks: Vec<Vec<usize>> = Vec::new();
    let mut used = usize::MAX;
    for (subject, width) in widths.iter().enumerate() {
        if used.saturating_add(width + 2) > room && blocks.last().is_none_or(|b| b.len() > 1) {
            let again = if subject == 0 { vec![] } else { vec![0] };
            used = again.iter().map(|_| widths[0] + 2).sum();
            blocks.push(again);
        }
        if let Some(block) = blocks.last_mut() {
            used += width + 2;
            block.push(subject);
        }
    }
    blocks
}

fn widest<'a>(texts: impl IntoIterator<Item = &'a String>) -> usize {
    texts.into_iter().map(|text| text.chars().count()).max().unwrap_or(0)
}

fn pad_left(text: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(text.chars().count())) + text
}

fn pad_right(text: &str, width: usize) -> String {
    text.to_owned() + &" ".repeat(width.saturating_sub(text.chars().count()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::table::tests::{row, rows};
    use crate::run::evaluation::Kind;

    #[test]
    fn a_terminal_shows_values_intervals_counts_and_the_best() {
        let expected = "\
                        model     order 3      human
                               (baseline)  (ceiling)
reach ↑               * 0.861       0.840      1.000
  share, n = 500  [0.841, 0.880]
edits ↓                  4.00           –          –
  share, n = 9
";
        let text = Table::new(&rows()).terminal(80);
        let squeezed = |text: &str| {
            text.lines()
                .map(|l| l.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect::<Vec<_>>()
        };
        assert_eq!(squeezed(&text)[..6], squeezed(expected)[..6], "{text}");
        assert!(text.contains("* best among models and baselines."));
        assert!(text.contains("[low, high]: 95 % bootstrap over levels."));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let mut many = rows();
        for order in 0..12 {
            many.push(row(&format!("columns of order {order}"), Kind::Baseline, "reach", 0.5));
        }
        let text = Table::new(&many).terminal(60);
        for (number, line) in
            text.lines().enumerate().take_while(|(_, line)| !line.contains("best"))
        {
            assert!(line.chars().count() <= 60, "line {number}: {line}");
        }
        assert!(text.matches("0.861").count() > 1, "each block shows the model:\n{text}");
        assert_eq!(text.matches("columns of order 11").count(), 1);
    }

    #[test]
    fn two_data_sets_give_two_lines_that_name_them() {
        let mut both = rows();
        let mut zelda = row("model", Kind::Model, "reach", 0.2);
        zelda.data.subset = Some("Zelda".into());
        both.push(zelda);
        let text = Table::new(&both).terminal(100);
        assert!(text.contains("vglc / Zelda"), "{text}");
        assert!(
            !Table::new(&rows()).label(&Table::new(&rows()).lines[0]).join("").contains("vglc")
        );
    }
}
