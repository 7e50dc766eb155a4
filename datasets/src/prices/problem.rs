//! What is wrong with a table of prices, told so that it can be put right.

use std::fmt;

/// How many problems are told one by one: enough to see what they have in common.
const TOLD: usize = 10;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line in the file, counted from 1; `None` for the table as a whole.
    pub line: Option<u64>,
    /// The column by its name, where it is one.
    pub column: Option<String>,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
    /// What to do.
    pub remedy: &'static str,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match (self.line, &self.column) {
            (Some(line), Some(column)) => write!(out, "line {line}, column `{column}`: ")?,
            (Some(line), None) => write!(out, "line {line}: ")?,
            (None, Some(column)) => write!(out, "column `{column}`: ")?,
            (None, None) => {}
        }
        write!(out, "expected {}, found {}; {}", self.expected, self.found, self.remedy)
    }
}

/// The problems behind the name of the file: one on its line, several below it.
pub(crate) fn told(problems: &[Problem], more: usize) -> String {
    if let ([problem], 0) = (problems, more) {
        let gap = if problem.line.is_some() || problem.column.is_some() { " " } else { ": " };
        return format!("{gap}{problem}");
    }
    let mut text = format!(": {} problems", problems.len() + more);
    for problem in problems {
        text += &format!("\n  {problem}");
    }
    if more > 0 {
        text += &format!("\n  and {more} more");
    }
    text
}

/// Problems as they are found.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn add(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first in the order of their lines, those of the whole table before, and how many there
    /// are besides.
    pub(super) fn first(mut self) -> (Vec<Problem>, usize) {
        self.0.sort_by_key(|problem| problem.line);
        let more = self.0.len().saturating_sub(TOLD);
        self.0.truncate(TOLD);
        (self.0, more)
    }
}
