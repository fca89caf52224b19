//! Exact bytes of the text formats, and that what they hold reads back.

use std::sync::Arc;

use datafusion::arrow::array::types::Int32Type;
use datafusion::arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray,
    Float64Array, Int64Array, ListArray, RecordBatch, RecordBatchOptions, StringArray, StructArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{Field, Int64Type, Schema};

use super::*;

fn write(format: Format, null_text: Option<&str>, batches: &[RecordBatch]) -> String {
    let null_text = null_text.map(String::from);
    let options = WriteOptions {
        format,
        max_width: None,
        is_scrolled: false,
        null_text,
        color: false,
    };
    let mut writer = TextWriter::new(Vec::new(), batches[0].schema_ref(), options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

#[track_caller]
fn check(format: Format, batch: &RecordBatch, expected: &str) {
    assert_eq!(write(format, None, std::slice::from_ref(batch)), expected);
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let nullable = columns
        .into_iter()
        .map(|(name, column)| (name, column, true));
    RecordBatch::try_from_iter_with_nullable(nullable).unwrap()
}

fn people() -> RecordBatch {
    batch(vec![
        (
            "id",
            Arc::new(Int64Array::from(vec![
                Some(9_007_199_254_740_993),
                None,
                Some(-1),
            ])),
        ),
        (
            "氏名 \"x\"",
            Arc::new(StringArray::from(vec![
                Some("健診, \"a\"\nb"),
                Some(""),
                None,
            ])),
        ),
        (
            "share",
            Arc::new(Float64Array::from(vec![0.1, f64::NAN, 1e-300])),
        ),
        (
            "ok",
            Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])),
        ),
    ])
}

fn typed() -> RecordBatch {
    let decimals = Decimal128Array::from(vec![Some(-1_234_567_890_123_456_789_i128), None])
        .with_precision_and_scale(38, 2)
        .unwrap();
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>(vec![
        Some(vec![Some(1), None, Some(3)]),
        Some(vec![]),
    ]);
    let words: DictionaryArray<Int32Type> = vec![Some("a|b"), None].into_iter().collect();
    let members = StructArray::from(vec![
        (
            Arc::new(Field::new(
                "x",
                datafusion::arrow::datatypes::DataType::Float64,
                true,
            )),
            Arc::new(Float64Array::from(vec![f64::INFINITY, 2.0])) as ArrayRef,
        ),
        (
            Arc::new(Field::new(
                "s",
                datafusion::arrow::datatypes::DataType::Utf8,
                true,
            )),
            Arc::new(StringArray::from(vec![Some("é\t"), None])) as ArrayRef,
        ),
    ]);
    batch(vec![
        ("day", Arc::new(Date32Array::from(vec![Some(19_814), None]))),
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from(vec![Some(1_500_000), None])),
        ),
        ("yen", Arc::new(decimals)),
        ("list", Arc::new(lists)),
        ("word", Arc::new(words)),
        ("member", Arc::new(members)),
        (
            "raw",
            Arc::new(BinaryArray::from(vec![Some(b"\x00\xff".as_slice()), None])),
        ),
    ])
}

#[test]
fn csv_quotes_what_rfc_4180_asks_for_and_keeps_null_apart_from_empty() {
    let expected = "id,\"氏名 \"\"x\"\"\",share,ok\n\
                    9007199254740993,\"健診, \"\"a\"\"\nb\",0.1,true\n\
                    ,\"\",NaN,false\n\
                    -1,,1e-300,\n";
    check(Format::Csv, &people(), expected);
}

#[test]
fn csv_shows_every_type_as_a_value() {
    let expected = "day,at,yen,list,word,member,raw\n\
        2024-04-01,1970-01-01T00:00:01.500,-12345678901234567.89,\"[1,null,3]\",a|b,\
        \"{\"\"x\"\":null,\"\"s\"\":\"\"é\\t\"\"}\",00ff\n\
        ,,,[],,\"{\"\"x\"\":2.0,\"\"s\"\":null}\",\n";
    check(Format::Csv, &typed(), expected);
}

#[test]
fn csv_quotes_a_text_that_looks_like_the_null_text() {
    let column = StringArray::from(vec![Some("NA"), None, Some("")]);
    let batch = batch(vec![("a", Arc::new(column))]);
    assert_eq!(
        write(Format::Csv, Some("NA"), &[batch]),
        "a\n\"NA\"\nNA\n\n"
    );
}

#[test]
fn csv_of_one_column_has_no_empty_line_that_a_reader_would_skip() {
    let batch = batch(vec![("a", Arc::new(Int64Array::from(vec![Some(1), None])))]);
    check(Format::Csv, &batch, "a\n1\n\"\"\n");
}

#[test]
fn tsv_quotes_tabs_but_not_commas() {
    let column = StringArray::from(vec!["a,b", "a\tb"]);
    let batch = batch(vec![
        ("x", Arc::new(column)),
        ("y", Arc::new(Int64Array::from(vec![1, 2]))),
    ]);
    check(Format::Tsv, &batch, "x\ty\na,b\t1\n\"a\tb\"\t2\n");
}

#[test]
fn json_is_one_array_in_column_order_over_all_batches() {
    let people = people();
    let expected = "[\n\
        {\"id\":9007199254740993,\"氏名 \\\"x\\\"\":\"健診, \\\"a\\\"\\nb\",\"share\":0.1,\"ok\":true},\n\
        {\"id\":null,\"氏名 \\\"x\\\"\":\"\",\"share\":null,\"ok\":false},\n\
        {\"id\":-1,\"氏名 \\\"x\\\"\":null,\"share\":1e-300,\"ok\":null}\n\
        ]\n";
    check(Format::Json, &people, expected);
    let halves = [people.slice(0, 2), people.slice(2, 1)];
    assert_eq!(write(Format::Json, None, &halves), expected);
    let values: serde_json::Value = serde_json::from_str(expected).unwrap();
    assert_eq!(values[0]["id"].as_i64(), Some(9_007_199_254_740_993));
}

#[test]
fn json_without_rows_is_an_empty_array() {
    check(Format::Json, &people().slice(0, 0), "[]\n");
}

#[test]
fn ndjson_nests_lists_and_structs() {
    let expected = "{\"day\":\"2024-04-01\",\"at\":\"1970-01-01T00:00:01.500\",\
        \"yen\":-12345678901234567.89,\"list\":[1,null,3],\"word\":\"a|b\",\
        \"member\":{\"x\":null,\"s\":\"é\\t\"},\"raw\":\"00ff\"}\n\
        {\"day\":null,\"at\":null,\"yen\":null,\"list\":[],\"word\":null,\
        \"member\":{\"x\":2.0,\"s\":null},\"raw\":null}\n";
    check(Format::Ndjson, &typed(), expected);
}

#[test]
fn markdown_keeps_its_own_marks_literal_and_aligns_numbers_right() {
    let batch = batch(vec![
        (
            "a|b",
            Arc::new(StringArray::from(vec![
                Some("x|y\\*"),
                Some("<b>\r\n2"),
                None,
            ])),
        ),
        (
            "n",
            Arc::new(Float64Array::from(vec![1.0 / 3.0, 2.0, -1.5])),
        ),
    ]);
    let expected = "| a\\|b | n |\n| --- | ---: |\n\
                    | x\\|y\\\\\\* | 0.3333333333 |\n\
                    | &lt;b><br>2 | 2.0 |\n\
                    | NULL | -1.5 |\n";
    check(Format::Markdown, &batch, expected);
}

#[test]
fn every_float_reads_back_to_the_same_bits() {
    let mut floats = vec![
        0.0,
        -0.0,
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::MIN,
        5e-324,
        1e21,
        0.1 + 0.2,
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..20_000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        floats.extend(Some(f64::from_bits(state)).filter(|float| float.is_finite()));
    }
    let batch = batch(vec![("x", Arc::new(Float64Array::from(floats.clone())))]);
    for format in [Format::Csv, Format::Tsv] {
        let text = write(format, None, std::slice::from_ref(&batch));
        let read: Vec<u64> = text
            .lines()
            .skip(1)
            .map(|line| line.parse::<f64>().unwrap().to_bits())
            .collect();
        assert_eq!(
            read,
            floats
                .iter()
                .map(|float| float.to_bits())
                .collect::<Vec<_>>()
        );
    }
    let text = write(Format::Ndjson, None, &[batch]);
    for (line, float) in text.lines().zip(&floats) {
        let number = line
            .strip_prefix("{\"x\":")
            .unwrap()
            .strip_suffix('}')
            .unwrap();
        assert_eq!(number.parse::<f64>().unwrap().to_bits(), float.to_bits());
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

#[test]
fn a_result_without_columns_still_has_its_rows() {
    let options = RecordBatchOptions::new().with_row_count(Some(2));
    let batch =
        RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &options).unwrap();
    check(Format::Ndjson, &batch, "{}\n{}\n");
}

#[test]
fn html_is_one_table_that_shows_every_text_literally() {
    let batch = batch(vec![
        ("a<b", Arc::new(Int64Array::from(vec![Some(1), None]))),
        (
            "検査",
            Arc::new(StringArray::from(vec![
                Some("<script>'x' & \"y\"\n二\u{1}"),
                Some(""),
            ])),
        ),
    ]);
    let right = " class=\"number\" style=\"text-align: right\"";
    let expected = format!(
        "<table>\n<thead>\n<tr><th scope=\"col\"{right}>a&lt;b</th><th scope=\"col\">検査</th></tr>\n</thead>\n\
         <tbody>\n<tr><td{right}>1</td>\
         <td>&lt;script&gt;&#39;x&#39; &amp; &quot;y&quot;<br>二\u{fffd}</td></tr>\n\
         <tr><td class=\"null\">NULL</td><td></td></tr>\n</tbody>\n</table>\n"
    );
    check(Format::Html, &batch, &expected);
}
