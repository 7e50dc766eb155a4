//! Days as files write them.

use jiff::civil::Date;

use super::Problem;
use super::problem::Problems;

/// How a day is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// `2008-12-31`; a time may stand behind it.
    Dashes,
    /// `2008/12/31`
    Slashes,
    /// `31.12.2008`
    Dots,
    /// `12/31/2008`
    MonthFirst,
    /// `31/12/2008`
    DayFirst,
}

impl Format {
    const ALL: [Self; 5] =
        [Self::Dashes, Self::Slashes, Self::Dots, Self::MonthFirst, Self::DayFirst];

    fn name(self) -> &'static str {
        match self {
            Self::Dashes => "YYYY-MM-DD",
            Self::Slashes => "YYYY/MM/DD",
            Self::Dots => "DD.MM.YYYY",
            Self::MonthFirst => "MM/DD/YYYY",
            Self::DayFirst => "DD/MM/YYYY",
        }
    }

    fn parse(self, text: &str) -> Option<Date> {
        let mark = match self {
            Self::Dashes => '-',
            Self::Dots => '.',
            Self::Slashes | Self::MonthFirst | Self::DayFirst => '/',
        };
        let day = if self == Self::Dashes { text.split([' ', 'T']).next()? } else { text };
        let parts: Vec<&str> = day.split(mark).collect();
        let &[first, second, third] = parts.as_slice() else { return None };
        let (year, month, day) = match self {
            Self::Dashes | Self::Slashes => (first, second, third),
            Self::Dots | Self::DayFirst => (third, second, first),
            Self::MonthFirst => (third, first, second),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let whole = year.len() == 4 && [year, month, day].into_iter().all(digits);
        let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
        date.ok().filter(|_| whole)
    }
}

/// The days of all rows, each text with its line. A row that is none, or in another format than
/// most, or not behind the row before, is a problem; the days are of use only where there is none.
pub(super) fn dates(column: &str, rows: &[(u64, &str)], problems: &mut Problems) -> Vec<Date> {
    let problem = |line, expected: String, found: String, remedy| Problem {
        line,
        column: Some(column.to_owned()),
        expected,
        found,
        remedy,
    };
    let read =
        |format: Format| rows.iter().filter(|(_, text)| format.parse(text).is_some()).count();
    let counts = Format::ALL.map(read);
    let most = counts.into_iter().max().unwrap_or(0);
    let mut fitting = Format::ALL.into_iter().zip(counts).filter(|(_, count)| *count == most);
    let Some((format, _)) = fitting.next().filter(|_| most > 0) else {
        for (line, text) in rows {
            let expected = format!("a day as {}", Format::ALL.map(Format::name).join(", "));
            let remedy = "write days as YYYY-MM-DD";
            problems.add(problem(Some(*line), expected, format!("`{text}`"), remedy));
        }
        return Vec::new();
    };
    if let Some((other, _)) = fitting.next() {
        let expected = "days that can be read in one way".to_owned();
        let found = format!("{} or {}", format.name(), other.name());
        problems.add(problem(None, expected, found, "write days as YYYY-MM-DD"));
        return Vec::new();
    }
    let mut days = Vec::with_capacity(rows.len());
    for (line, text) in rows {
        match format.parse(text) {
            Some(day) => days.push((*line, day)),
            None => {
                let expected = format!("a day as {} like most rows", format.name());
                let remedy = "write all days alike";
                problems.add(problem(Some(*line), expected, format!("`{text}`"), remedy));
            }
        }
    }
    rising(&days, problem, problems);
    days.into_iter().map(|(_, day)| day).collect()
}

/// Adds a problem for each day that is not behind the day before.
fn rising(
    days: &[(u64, Date)],
    problem: impl Fn(Option<u64>, String, String, &'static str) -> Problem,
    problems: &mut Problems,
) {
    if days.len() > 1 && days.is_sorted_by(|before, after| before.1 > after.1) {
        let expected = "the oldest day first".to_owned();
        let remedy = "turn the order of the rows round";
        problems.add(problem(None, expected, "the newest first".to_owned(), remedy));
        return;
    }
    for pair in days.windows(2) {
        let ((_, before), (line, day)) = (pair[0], pair[1]);
        if day <= before {
            let remedy = if day == before { "leave out one row" } else { "sort the rows by day" };
            let expected = format!("a day after {before}");
            problems.add(problem(Some(line), expected, day.to_string(), remedy));
        }
    }
}
