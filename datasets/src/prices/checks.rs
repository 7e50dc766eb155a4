//! What no table of prices can hold.

use super::cells::Cell;
use super::columns::{Columns, Field};
use super::problem::{Problem, Problems};

/// The largest step by which a file may round its prices: a cent, or a hundredth of a price below
/// a unit of its currency.
fn rounding(price: f64) -> f64 {
    0.01 * price.min(1.0) + 1e-9
}

/// One cell of a column of prices or volumes: its value, NaN with a problem where it has none.
pub(super) fn value(
    (line, column): (u64, &str),
    field: Field,
    cell: Cell,
    problems: &mut Problems,
) -> f64 {
    let zero_is_fine = field == Field::Volume;
    let (expected, found, remedy) = match cell {
        Cell::Number(number) if number > 0.0 || zero_is_fine && number == 0.0 => return number,
        Cell::Number(number) if zero_is_fine => {
            ("a volume of 0 or more", number.to_string(), "correct it or leave the column out")
        }
        Cell::Number(number) => (
            "a price above 0",
            number.to_string(),
            "correct it, or leave out the row or the column",
        ),
        Cell::Empty => (
            if zero_is_fine { "a volume" } else { "a price" },
            "an empty cell".to_owned(),
            "take the value from its source, or leave out the row or the column",
        ),
        Cell::Text(text) => {
            let remedy = "correct it, or name the columns of prices if this is none";
            ("a number", format!("`{text}`"), remedy)
        }
    };
    let (column, expected) = (Some(column.to_owned()), expected.to_owned());
    problems.add(Problem { line: Some(line), column, expected, found, remedy });
    f64::NAN
}

/// The columns of an asset against each other, and each by itself. NaN was told before.
pub(super) fn asset(
    columns: &Columns,
    names: &[String],
    lines: &[u64],
    values: &[Vec<f64>],
    problems: &mut Problems,
) {
    let of = |field: Field| {
        let place = columns.fields.iter().position(|(other, _)| *other == field)?;
        Some((names[columns.fields[place].1].as_str(), values[place].as_slice()))
    };
    for ((field, place), values) in columns.fields.iter().zip(values) {
        if field.is_price() && values.len() > 1 && values.iter().all(|value| *value == values[0]) {
            problems.add(Problem {
                line: None,
                column: Some(names[*place].clone()),
                expected: "a price that changes".to_owned(),
                found: format!("{} in all {} rows", values[0], values.len()),
                remedy: "leave the column out",
            });
        }
    }
    if let (Some((name, highs)), Some((_, lows))) = (of(Field::High), of(Field::Low)) {
        for ((line, high), low) in lines.iter().zip(highs).zip(lows) {
            if high < low {
                let expected = format!("a high of at least the low, {low}");
                problems.add(crossed(*line, name, expected, *high));
            }
        }
    }
    for (name, prices) in [Field::Open, Field::Close].into_iter().filter_map(of) {
        for (row, (line, price)) in lines.iter().zip(prices).enumerate() {
            let high = of(Field::High).map_or(f64::NAN, |(_, highs)| highs[row]);
            let low = of(Field::Low).map_or(f64::NAN, |(_, lows)| lows[row]);
            // Where high and low are crossed, they were told above.
            if high < low {
                continue;
            }
            if *price > high + rounding(high) {
                let expected = format!("at most the high of the day, {high}");
                problems.add(crossed(*line, name, expected, *price));
            } else if *price < low - rounding(low) {
                let expected = format!("at least the low of the day, {low}");
                problems.add(crossed(*line, name, expected, *price));
            }
        }
    }
}

fn crossed(line: u64, column: &str, expected: String, found: f64) -> Problem {
    Problem {
        line: Some(line),
        column: Some(column.to_owned()),
        expected,
        found: found.to_string(),
        remedy: "correct the row from its source or leave it out",
    }
}
