//! Paths as Parquet, so that a million of them are read by column.

use std::io::Write;
use std::sync::Arc;

use anyhow::Result;
use parquet::basic::{Compression, Repetition, Type as PhysicalType, ZstdLevel};
use parquet::data_type::{DoubleType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{ColumnPath, Type, TypePtr};

use super::{Block, in_order};
use crate::model::Model;
use crate::sample::Request;

/// The columns before those of prices.
const PLACES: [&str; 2] = ["id", "day"];
/// The key under which the file holds how it was made.
const SCENARIO: &str = "scenario";

/// Writes a row a day, as CSV has them: `id` and `day` as INT64, prices as DOUBLE, a row group for what
/// is drawn together. `scenario` says how it was made, in the metadata of the file.
pub(super) fn parquet(
    model: &Model,
    request: &Request,
    scenario: String,
    out: &mut (dyn Write + Send),
) -> Result<()> {
    let columns = model.columns();
    let properties = columns.iter().fold(
        WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_key_value_metadata(Some(vec![KeyValue::new(SCENARIO.into(), scenario)])),
        // No price is twice the same.
        |properties, name| {
            properties.set_column_dictionary_enabled(ColumnPath::from(name.as_str()), false)
        },
    );
    let schema = schema(&columns)?;
    let mut file = SerializedFileWriter::new(out, schema, Arc::new(properties.build()))?;
    in_order(model, request, |block| {
        let mut group = file.next_row_group()?;
        write(&mut group, block, columns.len())?;
        group.close()?;
        Ok(())
    })?;
    file.close()?;
    Ok(())
}

fn schema(columns: &[String]) -> Result<TypePtr> {
    let places = PLACES.into_iter().map(|name| (name, PhysicalType::INT64));
    let prices = columns.iter().map(|name| (name.as_str(), PhysicalType::DOUBLE));
    let column = |(name, kind)| -> Result<TypePtr> {
        let kind = Type::primitive_type_builder(name, kind);
        Ok(Arc::new(kind.with_repetition(Repetition::REQUIRED).build()?))
    };
    let fields = places.chain(prices).map(column).collect::<Result<_>>()?;
    Ok(Arc::new(Type::group_type_builder("path").with_fields(fields).build()?))
}

fn write<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<W>,
    block: &Block,
    columns: usize,
) -> Result<()> {
    let rows = block.prices.len() / columns;
    let row =
        |place: usize| [block.path as usize + place / block.days, block.day + place % block.days];
    let mut column = 0;
    while let Some(mut writer) = group.next_column()? {
        if column < PLACES.len() {
            let values: Vec<i64> = (0..rows).map(|place| row(place)[column] as i64).collect();
            writer.typed::<Int64Type>().write_batch(&values, None, None)?;
        } else {
            let own = block.prices.iter().skip(column - PLACES.len()).step_by(columns);
            let values: Vec<f64> = own.copied().collect();
            writer.typed::<DoubleType>().write_batch(&values, None, None)?;
        }
        writer.close()?;
        column += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use generativa::cli::Preset;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    use super::*;
    use crate::config::Config;
    use crate::data::Corpus;
    use crate::fitted::Fitted;
    use crate::paths::Paths;
    use crate::sample::Piece;

    #[test]
    fn every_price_of_every_day_is_read_back_to_its_last_bit() -> Result<()> {
        let config = Config::preset(Preset::Tiny, "", "");
        let paths = Paths::of(Fitted::fit(&Corpus::load(&config.data)?, &config)?);
        let model = Model::Paths(paths);
        let request = Request { start: Some(20.0), ..Request::plain(3, 7, 4) };
        let mut file = tempfile::tempfile()?;
        parquet(&model, &request, "{\"seed\":4}".into(), &mut file)?;

        let reader = SerializedFileReader::new(file)?;
        let metadata = reader.metadata().file_metadata();
        let note = metadata.key_value_metadata().and_then(|pairs| pairs.first());
        assert_eq!(note.and_then(|pair| pair.value.as_deref()), Some("{\"seed\":4}"));
        let mut rows = reader.get_row_iter(None)?;
        let mut piece = Piece::default();
        for id in 0..3 {
            piece.each(&model, &request, id, |first, prices| {
                for (day, prices) in (first..).zip(prices.chunks_exact(4)) {
                    let row = rows.next().expect("a row a day")?;
                    let told: Vec<String> =
                        row.get_column_iter().map(|(name, _)| name.clone()).collect();
                    assert_eq!(told, ["id", "day", "open", "high", "low", "close"]);
                    let found = row.get_column_iter().map(|(_, value)| value.clone());
                    let places = [id as i64, day as i64].map(Field::Long).into_iter();
                    let expected = places.chain(prices.iter().map(|price| Field::Double(*price)));
                    assert!(found.eq(expected), "path {id}, day {day}: {row}");
                }
                Ok(())
            })?;
        }
        assert!(rows.next().is_none());
        Ok(())
    }
}
