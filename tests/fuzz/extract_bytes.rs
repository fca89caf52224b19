//! Deliveries of a contract's table: delimited text with a known number of rows, and parquet in all types an extract may have.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, ListArray, RecordBatch, StringArray, new_null_array,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, Encoding};
use datafusion::parquet::file::properties::WriterProperties;
use korabo::contract::{ColumnContract, ColumnType, TableContract};

use crate::random::Random;
use crate::target::{CANARY_DAY, CANARY_NUMBER, CANARY_TEXT, CANARY_WHOLE};

/// A cell that mostly fits its column.
fn cell(column: &ColumnContract, row: usize, random: &mut Random) -> Option<String> {
    if random.chance(6) {
        return None;
    }
    if random.chance(10) {
        return Some(hostile_cell(random));
    }
    if !column.codes.always.is_empty() && random.chance(80) {
        let codes: Vec<&String> = column.codes.always.keys().collect();
        return Some((*random.pick(&codes)).clone());
    }
    Some(match column.data_type {
        ColumnType::Int8 => random.below(120).to_string(),
        ColumnType::Int16 => (2016 + random.below(9)).to_string(),
        ColumnType::Int32 | ColumnType::Int64 => {
            random.word(&["0", "1", "120", "815471123"]).to_owned()
        }
        ColumnType::Float64 => random
            .word(&["0.5", "1", "90817.263545", "1e300", "-0.0"])
            .to_owned(),
        ColumnType::Boolean => random.word(&["true", "false", "1", "0", "TRUE"]).to_owned(),
        ColumnType::Date => random
            .word(&["2020-04-01", "20210331", CANARY_DAY])
            .to_owned(),
        ColumnType::Month => random.word(&["202004", "191711", "199912"]).to_owned(),
        ColumnType::String => match column.pattern_digits {
            Some(n) => format!("{:0>width$}", row, width = n.min(40)),
            None => format!("{CANARY_TEXT}{row}"),
        },
        ColumnType::Token => format!("{:064x}", row + random.below(3)),
    })
}

fn hostile_cell(random: &mut Random) -> String {
    random
        .word(&[
            "",
            " ",
            "CANARY\nline",
            "CANARY,comma",
            "CANARY\"quote",
            "ｃａｎａｒｙ",
            "健診",
            "\u{feff}1",
            "0x1",
            "1e400",
            "nan",
            "inf",
            "-1",
            "99999999999999999999",
            "2024-02-30",
            "20240230",
            "9999-99-99",
            "0000-01-01",
            "10000-01-01",
            "1917-11-23T00:00:00Z",
            "815471123",
            "12.0",
            "1.5",
            "１２",
            "TRUE",
            "yes",
            "\u{1F600}",
            "\t",
            "\r",
            "'",
            "=1+1",
            "NULL",
        ])
        .to_owned()
}

/// The rows as text, column by column.
pub(crate) fn cells(
    contract: &TableContract,
    n_rows: usize,
    random: &mut Random,
) -> Vec<Vec<Option<String>>> {
    contract
        .columns
        .iter()
        .map(|column| (0..n_rows).map(|row| cell(column, row, random)).collect())
        .collect()
}

/// Delimited text, in UTF-8 or CP932.
pub(crate) fn delimited(
    contract: &TableContract,
    cells: &[Vec<Option<String>>],
    delimiter: char,
    random: &mut Random,
) -> Vec<u8> {
    let mut names: Vec<String> = contract
        .columns
        .iter()
        .map(|column| column.name.clone())
        .collect();
    if random.chance(4) {
        names.push(
            random
                .word(&["氏名", "birth_date", "x", "", "person name"])
                .to_owned(),
        );
    }
    let end = random.word(&["\n", "\n", "\r\n"]);
    let separator = delimiter.to_string();
    let mut text = if random.chance(10) {
        "\u{feff}".to_owned()
    } else {
        String::new()
    };
    text.push_str(&names.join(&separator));
    for row in 0..cells.first().map_or(0, Vec::len) {
        text.push_str(end);
        let fields: Vec<String> = cells
            .iter()
            .map(|column| field(column[row].as_deref(), delimiter, random))
            .collect();
        text.push_str(&fields.join(&separator));
    }
    if random.chance(80) {
        text.push_str(end);
    }
    match random.chance(10) {
        true => encoding_rs::SHIFT_JIS.encode(&text).0.into_owned(),
        false => text.into_bytes(),
    }
}

fn field(cell: Option<&str>, delimiter: char, random: &mut Random) -> String {
    let cell = cell.unwrap_or_default();
    match cell.contains([delimiter, '"', '\n', '\r']) || random.chance(5) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}

/// The rows as a batch, each column in a type it may be delivered in, or in one it may not.
pub(crate) fn batch(
    contract: &TableContract,
    cells: &[Vec<Option<String>>],
    random: &mut Random,
) -> RecordBatch {
    let columns = contract.columns.iter().zip(cells).map(|(column, cells)| {
        let texts: ArrayRef = Arc::new(cells.iter().map(Option::as_deref).collect::<StringArray>());
        (
            column.name.as_str(),
            physical(column.data_type, &texts, random),
            true,
        )
    });
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn physical(kind: ColumnType, texts: &ArrayRef, random: &mut Random) -> ArrayRef {
    let usual = match kind {
        ColumnType::Int8 => DataType::Int8,
        ColumnType::Int16 => DataType::Int16,
        ColumnType::Int32 | ColumnType::Month => DataType::Int32,
        ColumnType::Int64 => DataType::Int64,
        ColumnType::Float64 => DataType::Float64,
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Date => DataType::Date32,
        ColumnType::String | ColumnType::Token => DataType::Utf8,
    };
    let dictionary = |values| DataType::Dictionary(Box::new(DataType::Int32), Box::new(values));
    let others = [
        DataType::Utf8,
        DataType::LargeUtf8,
        DataType::Utf8View,
        dictionary(DataType::Utf8),
        dictionary(DataType::Int64),
        DataType::Int64,
        DataType::UInt64,
        DataType::UInt8,
        DataType::Float32,
        DataType::Float64,
        DataType::Decimal128(38, 10),
        DataType::Decimal256(76, 0),
        DataType::Date64,
        DataType::Null,
        DataType::Timestamp(TimeUnit::Nanosecond, None),
        DataType::Timestamp(TimeUnit::Second, Some("UTC".into())),
        DataType::Timestamp(TimeUnit::Microsecond, Some("Asia/Tokyo".into())),
        DataType::Timestamp(TimeUnit::Millisecond, Some("America/New_York".into())),
        DataType::Binary,
        DataType::Boolean,
        DataType::Time64(TimeUnit::Nanosecond),
        DataType::Interval(IntervalUnit::MonthDayNano),
        DataType::Float16,
    ];
    let wanted = match random.below(10) {
        0..=3 => usual,
        4 | 5 => DataType::Utf8,
        _ => random.pick(&others).clone(),
    };
    if random.chance(2) {
        let item = Arc::new(Field::new("item", DataType::Utf8, true));
        return new_null_array(&DataType::List(item), texts.len());
    }
    if let Ok(array) = cast(texts, &wanted) {
        return wild_numbers(array, random);
    }
    Arc::clone(texts)
}

/// Numbers that no text stands for: infinite ones, dates of the far past.
fn wild_numbers(array: ArrayRef, random: &mut Random) -> ArrayRef {
    use datafusion::arrow::array::{Date32Array, Float64Array, Int64Array};
    if !random.chance(15) {
        return array;
    }
    let n = array.len();
    match array.data_type() {
        DataType::Float64 => Arc::new(
            (0..n)
                .map(|_| {
                    *random.pick(&[
                        Some(f64::NAN),
                        Some(f64::INFINITY),
                        Some(-0.0),
                        Some(1e300),
                        Some(9.007_199_254_740_993e15),
                        Some(CANARY_NUMBER),
                        None,
                    ])
                })
                .collect::<Float64Array>(),
        ),
        DataType::Date32 => Arc::new(
            (0..n)
                .map(|_| {
                    *random.pick(&[
                        Some(i32::MIN),
                        Some(i32::MAX),
                        Some(0),
                        None,
                        Some(-800_000),
                    ])
                })
                .collect::<Date32Array>(),
        ),
        DataType::Int64 => Arc::new(
            (0..n)
                .map(|_| {
                    *random.pick(&[
                        Some(i64::MIN),
                        Some(i64::MAX),
                        Some(20_200_401),
                        Some(CANARY_WHOLE),
                        None,
                    ])
                })
                .collect::<Int64Array>(),
        ),
        DataType::Timestamp(..) => {
            let wild: Int64Array = (0..n)
                .map(|_| *random.pick(&[Some(i64::MIN), Some(i64::MAX), Some(0), None]))
                .collect();
            cast(&wild, array.data_type()).unwrap_or(array)
        }
        _ => array,
    }
}

/// A parquet file of the batch.
pub(crate) fn parquet(batch: &RecordBatch, random: &mut Random) -> Option<Vec<u8>> {
    let compression = *random.pick(&[
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::LZ4_RAW,
    ]);
    let mut properties = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(Some(7))
        .set_data_page_row_count_limit(3);
    properties = properties.set_dictionary_enabled(random.chance(60));
    if random.chance(20) {
        properties = properties.set_encoding(Encoding::PLAIN);
    }
    let mut bytes = Vec::new();
    let mut writer =
        ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties.build())).ok()?;
    writer.write(batch).ok()?;
    writer.close().ok()?;
    Some(bytes)
}

/// Whether a list is among the columns, so that the file is refused as it should be.
pub(crate) fn has_list(batch: &RecordBatch) -> bool {
    batch
        .columns()
        .iter()
        .any(|column| column.as_any().is::<ListArray>())
}
