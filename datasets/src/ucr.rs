//! Labelled series as the UCR Time Series Archive publishes them (Dau et al. 2018, arXiv 1810.07758):
//! one series a row, its label first.

use std::path::{Path, PathBuf};

use crate::{Error, Result, read};

/// A series and its class.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The class, by the number that the set gives it.
    pub label: i32,
    /// The values, as many as in every other series of the set.
    pub values: Vec<f32>,
}

/// A part of the published split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `…_TRAIN`
    Train,
    /// `…_TEST`
    Test,
}

/// The endings of the files that can be read, the first that is there first.
const ENDINGS: [&str; 3] = ["txt", "tsv", "npy"];

/// The file of a part in the folder of a set. `set` is what the catalogue calls it, for messages.
pub fn file(folder: &Path, part: Part, set: &'static str) -> Result<PathBuf> {
    let end = match part {
        Part::Train => "_TRAIN",
        Part::Test => "_TEST",
    };
    for ending in ENDINGS {
        let files = read::folder(folder, ending, set)?;
        if let Some(file) = files.into_iter().find(|file| read::stem(file).ends_with(end)) {
            return Ok(file);
        }
    }
    let path = folder.join(format!("*{end}.{{{}}}", ENDINGS.join(",")));
    Err(Error::MissingFile { path, set })
}

/// All series of a file: text with blanks or tabs between the values, or, as `.npy`, a table of
/// NumPy of either order.
///
/// Fails where a label is no whole number, a value is no finite number, a row has another length
/// than the first, and where there is none. `set` is for messages.
pub fn series(path: &Path, set: &'static str) -> Result<Vec<Series>> {
    let bytes = read::bytes(path, set)?;
    let table = path.extension().is_some_and(|end| end == "npy");
    let rows = if table { numpy(path, &bytes)? } else { text(path, &bytes)? };
    let Some(width) = rows.first().map(Vec::len) else {
        return Err(Error::Empty { path: path.to_owned(), expected: "labelled series", set });
    };
    let mut all = Vec::with_capacity(rows.len());
    for (row, line) in rows.iter().zip(1..) {
        let malformed = |expected: &str, found: String| Error::Malformed {
            path: path.to_owned(),
            line,
            expected: expected.to_owned(),
            found,
        };
        if row.len() != width || width < 2 {
            let expected = format!("a label and {} values", width.max(2) - 1);
            return Err(malformed(&expected, format!("{} numbers", row.len())));
        }
        let (label, values) = (row[0], &row[1..]);
        if label.fract() != 0.0 || label.abs() > 1e6 {
            return Err(malformed("a whole number as the label", label.to_string()));
        }
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            return Err(malformed("finite values", value.to_string()));
        }
        all.push(Series { label: label as i32, values: values.to_vec() });
    }
    Ok(all)
}

/// The rows of a text. Lines without a value are passed over.
fn text(path: &Path, bytes: &[u8]) -> Result<Vec<Vec<f32>>> {
    let text = String::from_utf8_lossy(bytes);
    let mut rows = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let value = |field: &str| {
            field.parse::<f32>().map_err(|_| Error::Malformed {
                path: path.to_owned(),
                line: number,
                expected: "numbers with blanks between them".to_owned(),
                found: format!("`{field}`"),
            })
        };
        let row: Vec<f32> = line.split_whitespace().map(value).collect::<Result<_>>()?;
        if !row.is_empty() {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// The rows of a table of f32.
fn numpy(path: &Path, bytes: &[u8]) -> Result<Vec<Vec<f32>>> {
    let damaged = |found: String| Error::Damaged {
        path: path.to_owned(),
        expected: "a NumPy table of 32-bit floats".to_owned(),
        found,
    };
    let table = npyz::NpyFile::new(bytes).map_err(|error| damaged(error.to_string()))?;
    let &[rows, columns] = table.shape() else {
        return Err(damaged(format!("the shape {:?}", table.shape())));
    };
    let (rows, columns) = (rows as usize, columns as usize);
    let by_columns = table.order() == npyz::Order::Fortran;
    let values = table.into_vec::<f32>().map_err(|error| damaged(error.to_string()))?;
    let row = |row: usize| -> Vec<f32> {
        let place = |column| if by_columns { column * rows + row } else { row * columns + column };
        (0..columns).map(|column| values[place(column)]).collect()
    };
    Ok((0..rows).map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::real_data;

    fn parse(name: &str, bytes: &[u8]) -> Result<Vec<Series>> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        series(&path, "ecg5000")
    }

    /// A table of NumPy with this header, and six values from 0 on.
    fn table(header: &str) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.bytes());
        bytes.extend((0..6).flat_map(|value| (value as f32).to_le_bytes()));
        bytes
    }

    #[test]
    fn text_and_tables_of_either_order_are_rows() -> Result<()> {
        let row = |label, values: [f32; 2]| Series { label, values: values.to_vec() };
        let text = "  1.0000000e+00  -1.5   2\r\n\n-1\t3\t4\n";
        assert_eq!(parse("a.txt", text.as_bytes())?, [row(1, [-1.5, 2.0]), row(-1, [3.0, 4.0])]);
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n";
        let rows = [row(0, [1.0, 2.0]), row(3, [4.0, 5.0])];
        assert_eq!(parse("a.npy", &table(header))?, rows);
        let rows = [row(0, [2.0, 4.0]), row(1, [3.0, 5.0])];
        assert_eq!(parse("a.npy", &table(&header.replace("False", "True")))?, rows);
        Ok(())
    }

    #[test]
    fn what_is_no_table_of_labelled_series_is_refused_with_its_line() {
        let cases = [
            ("1 2 3\n1 2\n", "line 2: expected a label and 2 values, found 2 numbers"),
            ("1\n", "line 1: expected a label and 1 values, found 1 numbers"),
            ("1.5 2\n", "line 1: expected a whole number as the label, found 1.5"),
            ("1 x\n", "line 1: expected numbers with blanks between them, found `x`"),
            ("1 2\n\n1 nan\n", "line 2: expected finite values, found NaN"),
            ("\n", "empty, expected labelled series"),
        ];
        for (text, expected) in cases {
            let error = parse("a.txt", text.as_bytes()).expect_err(text).to_string();
            assert!(error.contains(expected), "{error}");
        }
        let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 1), }\n";
        for bytes in [table(header), table(&header.replace("f8", "f4"))[..70].to_vec(), vec![1]] {
            assert!(parse("a.npy", &bytes).is_err());
        }
    }

    #[test]
    #[ignore = "needs the real data: see `just test`"]
    fn with_real_data_the_splits_have_their_published_classes() -> Result<()> {
        let counts = |set, folder: &str, part| -> Result<(usize, Vec<(i32, usize)>)> {
            let all = series(&file(&real_data(set).join(folder), part, set)?, set)?;
            let mut labels: Vec<i32> = all.iter().map(|series| series.label).collect();
            labels.sort_unstable();
            let runs = labels.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect();
            Ok((all[0].values.len(), runs))
        };
        let classes = [[292, 177, 10, 19, 2], [2626, 1590, 86, 175, 22]];
        for (part, counted) in [Part::Train, Part::Test].into_iter().zip(classes) {
            assert_eq!(counts("ecg5000", "", part)?, (140, (1..).zip(counted).collect()));
        }
        let small = "ucr-ecg-small";
        assert_eq!(counts(small, "ECG200", Part::Train)?, (96, vec![(-1, 31), (1, 69)]));
        assert_eq!(counts(small, "TwoLeadECG", Part::Test)?, (82, vec![(1, 569), (2, 570)]));
        assert_eq!(counts(small, "ECGFiveDays", Part::Test)?, (136, vec![(1, 428), (2, 433)]));
        let missing = file(&real_data(small).join("TwoLeadECG"), Part::Train, small);
        assert!(missing.expect_err("not published").to_string().contains("_TRAIN.{txt,tsv,npy}"));
        Ok(())
    }

    #[test]
    #[ignore = "needs the real data: see `just test`"]
    fn with_real_data_beats_are_scaled_to_their_own_mean_and_deviation() -> Result<()> {
        for part in [Part::Train, Part::Test] {
            for series in series(&file(&real_data("ecg5000"), part, "ecg5000")?, "ecg5000")? {
                let mean = series.values.iter().sum::<f32>() / 140.0;
                let square = series.values.iter().map(|x| x * x).sum::<f32>() / 139.0;
                assert!(mean.abs() < 1e-4 && (square - 1.0).abs() < 1e-2, "{mean} {square}");
            }
        }
        Ok(())
    }
}
