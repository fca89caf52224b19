//! What lands in the sheet: typed cells, header, limits.

use std::io::{Cursor, Read};
use std::sync::Arc;

use datafusion::arrow::array::{
    BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, NullArray, StringArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::Field;

use super::*;

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let nullable = columns
        .into_iter()
        .map(|(name, column)| (name, column, true));
    RecordBatch::try_from_iter_with_nullable(nullable).unwrap()
}

fn write(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = XlsxWriter::new(Vec::new(), batch.schema_ref()).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap()
}

fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive
        .by_name(name)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

fn typed() -> RecordBatch {
    let decimals = Decimal128Array::from(vec![1_050, 12_345_678_901_234_567])
        .with_precision_and_scale(20, 2)
        .unwrap();
    batch(vec![
        (
            "id",
            Arc::new(Int64Array::from(vec![1 << 53, (1 << 53) + 1])),
        ),
        ("x", Arc::new(Float64Array::from(vec![Some(0.1), None]))),
        ("ok", Arc::new(BooleanArray::from(vec![true, false]))),
        ("day", Arc::new(Date32Array::from(vec![19_814, -40_000]))),
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from(vec![43_200_000_000, 1])),
        ),
        (
            "text",
            Arc::new(StringArray::from(vec![Some("=1+1 健診"), None])),
        ),
        ("yen", Arc::new(decimals)),
    ])
}

#[test]
fn notes_say_what_columns_mean() {
    let meaning = [(MEANING.to_owned(), "年齢 <歳>".to_owned())];
    let fields = vec![
        Field::new("age", DataType::Int64, true).with_metadata(meaning.into()),
        Field::new("n", DataType::Int64, true),
    ];
    let writer = XlsxWriter::new(Vec::new(), &Schema::new(fields)).unwrap();
    let notes = part(&writer.finish().unwrap(), "xl/comments1.xml");
    assert_eq!(notes.matches("<comment ").count(), 1, "{notes}");
    assert!(notes.contains("<comment ref=\"A1\""), "{notes}");
    assert!(notes.contains("年齢 &lt;歳&gt;"), "{notes}");
}

#[test]
fn cells_are_typed_where_excel_keeps_the_value() {
    let bytes = write(&typed());
    let sheet = part(&bytes, "xl/worksheets/sheet1.xml");
    let row = |number: u32| {
        let start = sheet.find(&format!("<row r=\"{number}\"")).unwrap();
        let row = &sheet[start..];
        row[..row.find("</row>").unwrap()].to_owned()
    };
    let first = row(2);
    for cell in [
        "<c r=\"A2\"><v>9007199254740992</v></c>",
        "<c r=\"B2\"><v>0.1</v></c>",
        "<c r=\"C2\" t=\"b\"><v>1</v></c>",
        "<c r=\"D2\" s=\"2\"><v>45383</v></c>",
        "<c r=\"E2\" s=\"3\"><v>25569.5</v></c>",
        "<c r=\"F2\" t=\"s\">",
        "<c r=\"G2\"><v>10.5</v></c>",
    ] {
        assert!(first.contains(cell), "{cell} in {first}");
    }
    let second = row(3);
    for cell in [
        "A3\" t=\"s\"",
        "C3\" t=\"b\"",
        "D3\" t=\"s\"",
        "E3\" t=\"s\"",
        "G3\" t=\"s\"",
    ] {
        assert!(second.contains(cell), "{cell} in {second}");
    }
    assert!(!second.contains("B3") && !second.contains("F3"), "{second}");
    let strings = part(&bytes, "xl/sharedStrings.xml");
    for text in [
        "9007199254740993",
        "1860-06-26",
        "1970-01-01T00:00:00.000001",
        "=1+1 健診",
        "123456789012345.67",
    ] {
        assert!(
            strings.contains(&format!("<t>{text}</t>")),
            "{text} in {strings}"
        );
    }
}

#[test]
fn the_header_is_bold_frozen_and_filterable() {
    let bytes = write(&typed());
    let sheet = part(&bytes, "xl/worksheets/sheet1.xml");
    assert!(sheet.contains("<c r=\"A1\" s=\"1\" t=\"s\">"), "{sheet}");
    assert!(
        sheet.contains("ySplit=\"1\"") && sheet.contains("state=\"frozen\""),
        "{sheet}"
    );
    assert!(sheet.contains("<autoFilter ref=\"A1:G3\"/>"), "{sheet}");
    assert!(part(&bytes, "xl/styles.xml").contains("<b/>"));
}

#[test]
fn the_same_result_is_the_same_file() {
    assert_eq!(write(&typed()), write(&typed()));
}

#[test]
fn first_and_last_dates_of_excel_are_dates() {
    assert_eq!(date(-25_508), Some(ExcelCell::Date(61.0)));
    assert_eq!(date(-25_509), None);
    assert_eq!(date(2_932_896), Some(ExcelCell::Date(2_958_465.0)));
    assert_eq!(date(2_932_897), None);
    assert_eq!(timestamp(1_500, 1_000), None);
    assert_eq!(timestamp(i64::MIN, 1), None);
}

#[test]
fn rows_beyond_a_sheet_are_refused_before_they_are_written() {
    let nulls = |n_rows| batch(vec![("a", Arc::new(NullArray::new(n_rows)))]);
    let mut writer = XlsxWriter::new(Vec::new(), nulls(0).schema_ref()).unwrap();
    writer.write(&nulls(1_048_575)).unwrap();
    let error = writer.write(&nulls(1)).unwrap_err();
    assert!(
        matches!(error, WriteError::TooManyRows { limit: 1_048_575 }),
        "{error:?}"
    );
}

#[test]
fn texts_and_columns_beyond_excel_are_refused_without_showing_them() {
    let text = "a".repeat(32_768);
    let batch = batch(vec![(
        "note",
        Arc::new(StringArray::from(vec!["", text.as_str()])),
    )]);
    let mut writer = XlsxWriter::new(Vec::new(), batch.schema_ref()).unwrap();
    assert_eq!(
        writer.write(&batch).unwrap_err().to_string(),
        "row 2 of column `note` has 32768 characters; an Excel cell holds 32767"
    );
    let fields: Vec<Field> = (0..16_385)
        .map(|n| Field::new(format!("c{n}"), DataType::Null, true))
        .collect();
    let error = XlsxWriter::new(Vec::new(), &Schema::new(fields)).err();
    assert!(matches!(
        error,
        Some(WriteError::TooManyColumns {
            n_columns: 16_385,
            ..
        })
    ));
}
