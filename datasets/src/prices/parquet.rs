//! Parquet files as rows of cells, so that all that is checked of text is checked of them.

use std::fs::File;
use std::path::Path;

use csv::StringRecord;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as PhysicalType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::types::Type;

use super::cells::{Cells, LONGEST};
use crate::{Error, Result};

/// What pandas calls an index without a name.
const INDEX: &str = "__index_level_";
const EPOCH: Date = date(1970, 1, 1);
/// Seconds of a day.
const A_DAY: i64 = 86_400;

/// The columns of a file, a cell a value; empty where there is none. The first row has line 2, as
/// below a line of names.
pub(super) fn cells(path: &Path) -> Result<Cells> {
    // The library panics on damage that it does not foresee.
    std::panic::catch_unwind(|| unguarded(path))
        .unwrap_or_else(|_| Err(damaged(path, "values that contradict each other")))
}

fn unguarded(path: &Path) -> Result<Cells> {
    let refused = |error: ParquetError| damaged(path, error);
    let file =
        File::open(path).map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
    let reader = SerializedFileReader::new(file).map_err(refused)?;
    let metadata = reader.metadata();
    check(path, metadata)?;
    let fields = metadata.file_metadata().schema().get_fields();
    let kinds: Vec<Kind> = fields.iter().map(|field| Kind::of(field)).collect();
    let names = fields.iter().zip(&kinds).map(|(field, kind)| kind.column(field.name())).collect();

    let mut rows = Vec::new();
    for (line, row) in (2..).zip(reader.get_row_iter(None).map_err(refused)?) {
        let row = row.map_err(refused)?;
        let cells = row.get_column_iter().zip(&kinds).map(|((_, value), kind)| kind.text(value));
        rows.push((line, cells.collect::<StringRecord>()));
    }
    Ok(Cells { names, rows, decimal_comma: false })
}

fn damaged(path: &Path, found: impl ToString) -> Error {
    Error::Damaged {
        path: path.to_owned(),
        expected: "a Parquet file".to_owned(),
        found: found.to_string(),
    }
}

/// Refuses what is too much to be unpacked, and places before the start of the file.
fn check(path: &Path, metadata: &ParquetMetaData) -> Result<()> {
    let columns = || metadata.row_groups().iter().flat_map(RowGroupMetaData::columns);
    let places = |column: &ColumnChunkMetaData| {
        let dictionary = column.dictionary_page_offset().unwrap_or(0);
        dictionary.min(column.data_page_offset()).min(column.compressed_size())
    };
    if columns().any(|column| places(column) < 0) {
        return Err(damaged(path, "a column before the start of the file"));
    }
    let bytes = columns().map(|column| column.uncompressed_size().max(0) as u64);
    if bytes.fold(0, u64::saturating_add) >= LONGEST {
        return Err(Error::Unsuited {
            path: path.to_owned(),
            expected: format!("less than {LONGEST} bytes of values"),
            found: "more".to_owned(),
            remedy: "give a part of it".to_owned(),
        });
    }
    Ok(())
}

/// What the numbers of a column stand for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Days since 1970.
    Date,
    /// Ticks since 1970, so many a second; of UTC or of some clock.
    Moment { a_second: i64, utc: bool },
    /// Anything else.
    Plain,
}

impl Kind {
    fn of(field: &Type) -> Self {
        if field.is_primitive() && field.get_physical_type() == PhysicalType::INT96 {
            return Self::Moment { a_second: 1_000, utc: true }; // as it is read
        }
        let info = field.get_basic_info();
        match (info.logical_type_ref(), info.converted_type()) {
            (Some(LogicalType::Date), _) | (None, ConvertedType::DATE) => Self::Date,
            (Some(LogicalType::Timestamp(stamp)), _) => {
                let a_second = match stamp.unit {
                    TimeUnit::MILLIS => 1_000,
                    TimeUnit::MICROS => 1_000_000,
                    TimeUnit::NANOS => 1_000_000_000,
                };
                Self::Moment { a_second, utc: stamp.is_adjusted_to_u_t_c }
            }
            (None, ConvertedType::TIMESTAMP_MILLIS) => Self::Moment { a_second: 1_000, utc: true },
            (None, ConvertedType::TIMESTAMP_MICROS) => {
                Self::Moment { a_second: 1_000_000, utc: true }
            }
            _ => Self::Plain,
        }
    }

    /// The name of a column: an index that has none is one of days or counts the rows.
    fn column(self, name: &str) -> String {
        match (name.starts_with(INDEX), self) {
            (true, Self::Plain) => "index".to_owned(),
            (true, _) => "Date".to_owned(),
            (false, _) => name.to_owned(),
        }
    }

    /// A value as text would have it.
    fn text(self, value: &Field) -> String {
        let ticks = match value {
            Field::Null => return String::new(),
            Field::Str(text) => return text.trim().to_owned(),
            // The shortest numbers that are these.
            Field::Float(number) => return number.to_string(),
            Field::Double(number) => return number.to_string(),
            Field::Date(days) => i64::from(*days),
            Field::TimestampMillis(ticks) | Field::TimestampMicros(ticks) | Field::Long(ticks) => {
                *ticks
            }
            other => return other.to_string(),
        };
        match self {
            Self::Plain => ticks.to_string(),
            Self::Date => day(ticks.saturating_mul(A_DAY), false),
            // A part of a second never turns the day.
            Self::Moment { a_second, utc } => day(ticks.div_euclid(a_second), utc),
        }
    }
}

/// The day of so many seconds since 1970. The day of a moment in UTC depends on where one is, so that
/// only midnight there stands for a day; what any other is called can be read as none.
fn day(seconds: i64, utc: bool) -> String {
    let (days, second) = (seconds.div_euclid(A_DAY), seconds.rem_euclid(A_DAY));
    let date = i32::try_from(days).ok().and_then(|days| EPOCH.checked_add(days.days()).ok());
    match date {
        None => format!("{days} days after {EPOCH}"),
        Some(date) if utc && second != 0 => {
            format!("{:02}:{:02} UTC on {date}", second / 3600, second / 60 % 60)
        }
        Some(date) => date.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;
    use crate::prices::{PriceTable, Reading, read};

    const NANOSECONDS: i64 = 1_000_000_000;
    /// 2020-01-02 and the day after, in seconds.
    const DAYS: [i64; 2] = [1_577_923_200, 1_578_009_600];

    /// Writes the columns of `schema`, whose first has ticks and whose other ones have prices, `None`
    /// for one that is missing.
    fn write(path: &Path, schema: &str, ticks: [i64; 2], prices: &[[Option<f64>; 2]]) {
        let schema = Arc::new(parse_message_type(schema).expect("a schema"));
        let file = File::create(path).expect("a file");
        let mut file = SerializedFileWriter::new(file, schema, Arc::default()).expect("a writer");
        let mut group = file.next_row_group().expect("a group");
        let mut column = group.next_column().expect("a column").expect("ticks");
        column.typed::<Int64Type>().write_batch(&ticks, None, None).expect("written");
        column.close().expect("closed");
        for prices in prices {
            let mut column = group.next_column().expect("a column").expect("prices");
            let there = prices.map(|price| i16::from(price.is_some()));
            let values: Vec<f64> = prices.iter().flatten().copied().collect();
            let typed = column.typed::<DoubleType>();
            typed.write_batch(&values, Some(&there), None).expect("written");
            column.close().expect("closed");
        }
        group.close().expect("closed");
        file.close().expect("closed");
    }

    fn table(stamp: &str, name: &str, ticks: [i64; 2], second: Option<f64>) -> Result<PriceTable> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.parquet");
        let schema = format!(
            "message t {{ required int64 {name} ({stamp}); optional double Close; \
             optional double Volume; }}"
        );
        let prices = [[Some(10.1), second], [Some(5.0), Some(0.0)]];
        write(&path, &schema, ticks, &prices);
        read(&path, &Reading::default())
    }

    #[test]
    fn days_in_ticks_of_any_length_and_prices_are_those_written() -> Result<()> {
        let expected: Vec<Date> = vec![date(2020, 1, 2), date(2020, 1, 3)];
        // Half past four in the afternoon of some clock is still that day.
        let afternoon = DAYS.map(|day| (day + 59_400) * NANOSECONDS);
        for (stamp, name, ticks) in [
            ("TIMESTAMP(NANOS,false)", "Date", afternoon),
            ("TIMESTAMP(MICROS,true)", "Date", DAYS.map(|day| day * 1_000_000)),
            ("TIMESTAMP_MILLIS", "Date", DAYS.map(|day| day * 1_000)),
            ("TIMESTAMP(NANOS,false)", "__index_level_0__", DAYS.map(|day| day * NANOSECONDS)),
        ] {
            let table = table(stamp, name, ticks, Some(0.3))?;
            assert_eq!(table.dates.as_ref(), Some(&expected), "{stamp}");
            assert_eq!(table.assets.len(), 1, "{stamp}");
            let asset = &table.assets[0];
            assert_eq!((asset.name.as_str(), asset.close.as_slice()), ("t", &[10.1, 0.3][..]));
            assert_eq!(asset.volume.as_deref(), Some(&[5.0, 0.0][..]));
        }
        // Moments that are nobody's days are passed over with their column.
        let seen =
            table("TIMESTAMP(MILLIS,true)", "seen", DAYS.map(|day| day * 1_000 - 1), Some(0.3))?;
        assert_eq!((seen.dates, seen.assets.len()), (None, 1));
        Ok(())
    }

    #[test]
    fn what_is_refused_in_text_is_refused_here_with_its_row() {
        let told = |stamp, ticks, second| {
            let message = table(stamp, "Date", ticks, second).expect_err("refused").to_string();
            message.split_once("t.parquet").expect("the file is named").1.to_owned()
        };
        let days = DAYS.map(|day| day * 1_000);
        let missing = told("TIMESTAMP_MILLIS", days, None);
        assert!(missing.starts_with(" line 3, column `Close`: expected a price"), "{missing}");
        let turned = told("TIMESTAMP_MILLIS", [days[1], days[1]], Some(1.0));
        assert!(turned.starts_with(" line 3, column `Date`: expected a day after"), "{turned}");
        // Midnight in Tokyo is the day before in UTC.
        let elsewhere = told("TIMESTAMP(MILLIS,true)", days.map(|t| t - 32_400_000), Some(1.0));
        assert!(elsewhere.starts_with(": 2 problems\n  line 2, column `Date`"), "{elsewhere}");
        assert!(elsewhere.contains("found `15:00 UTC on 2020-01-01`; write days"), "{elsewhere}");
    }

    #[test]
    fn days_as_text_are_read_and_a_damaged_file_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.parquet");
        let schema = "message t { required binary day (UTF8); required double close; }";
        let schema = Arc::new(parse_message_type(schema).expect("a schema"));
        let out = File::create(&path).expect("a file");
        let mut file = SerializedFileWriter::new(out, schema, Arc::default()).expect("a writer");
        let mut group = file.next_row_group().expect("a group");
        let days = ["2020-01-02", "2020-01-03"].map(ByteArray::from);
        let mut column = group.next_column().expect("a column").expect("days");
        column.typed::<ByteArrayType>().write_batch(&days, None, None).expect("written");
        column.close().expect("closed");
        let mut column = group.next_column().expect("a column").expect("closes");
        column.typed::<DoubleType>().write_batch(&[1.0, 2.0], None, None).expect("written");
        column.close().expect("closed");
        group.close().expect("closed");
        file.close().expect("closed");
        let table = read(&path, &Reading::default()).expect("read");
        assert_eq!(table.dates, Some(vec![date(2020, 1, 2), date(2020, 1, 3)]));

        let whole = std::fs::read(&path).expect("read");
        for length in (4..whole.len()).step_by(7) {
            std::fs::write(&path, &whole[..length]).expect("written");
            let message = read(&path, &Reading::default()).expect_err("damaged").to_string();
            assert!(message.contains("a Parquet file"), "{length}: {message}");
        }
        for place in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[place] ^= 0x55;
            std::fs::write(&path, &bytes).expect("written");
            // Refused, or another value; never a panic.
            let _ = read(&path, &Reading::default());
        }
    }
}
