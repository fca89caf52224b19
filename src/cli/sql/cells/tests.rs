//! Spelling of single values: text, display and JSON.

use std::sync::Arc;

use datafusion::arrow::array::types::{Int8Type, Int32Type};
use datafusion::arrow::array::{
    DictionaryArray, FixedSizeListArray, Int32Array, Int32Builder, ListArray, MapBuilder,
    NullArray, StringArray, StringBuilder, Time32SecondArray, TimestampSecondArray, UInt64Array,
};

use super::*;

#[track_caller]
fn check(array: impl Array + 'static, expected: &[(&str, &str, &str)]) {
    let array: ArrayRef = Arc::new(array);
    let cells = Cells::try_new(&array).unwrap();
    assert_eq!(array.len(), expected.len());
    for (row_index, (text, display, json)) in expected.iter().enumerate() {
        let mut found = [String::new(), String::new(), String::new()];
        cells.write_text(row_index, &mut found[0]).unwrap();
        cells.write_display(row_index, &mut found[1]).unwrap();
        cells.write_json(row_index, &mut found[2]).unwrap();
        assert_eq!(found, [*text, *display, *json], "row {row_index}");
    }
}

#[test]
fn floats_are_exact_in_text_and_short_on_display() {
    check(
        Float64Array::from(vec![
            0.1 + 0.2,
            1e-300,
            f64::MAX,
            -1234567.0,
            f64::NEG_INFINITY,
        ]),
        &[
            ("0.30000000000000004", "0.3", "0.30000000000000004"),
            ("1e-300", "1e-300", "1e-300"),
            (
                "1.7976931348623157e308",
                "1.7976931348623157e308",
                "1.7976931348623157e308",
            ),
            ("-1234567.0", "-1234567.0", "-1234567.0"),
            ("-inf", "-inf", "null"),
        ],
    );
}

#[test]
fn single_floats_do_not_show_digits_of_the_conversion() {
    check(
        Float32Array::from(vec![0.1, f32::NAN]),
        &[("0.1", "0.1", "0.1"), ("NaN", "NaN", "null")],
    );
}

#[test]
fn unsigned_integers_keep_all_digits() {
    let most = "18446744073709551615";
    check(UInt64Array::from(vec![u64::MAX]), &[(most, most, most)]);
}

#[test]
fn times_and_zoned_timestamps_are_iso_8601() {
    check(
        Time32SecondArray::from(vec![3_661]),
        &[("01:01:01", "01:01:01", "\"01:01:01\"")],
    );
    let zoned = "1970-01-01T09:00:00+09:00";
    let quoted = "\"1970-01-01T09:00:00+09:00\"";
    check(
        TimestampSecondArray::from(vec![0]).with_timezone("+09:00"),
        &[(zoned, zoned, quoted)],
    );
}

#[test]
fn a_timestamp_outside_the_calendar_is_an_error_not_a_text() {
    let array: ArrayRef = Arc::new(TimestampSecondArray::from(vec![i64::MAX]));
    let cells = Cells::try_new(&array).unwrap();
    let error = cells.write_text(0, &mut String::new()).unwrap_err();
    assert!(matches!(error, ArrowError::CastError(_)), "{error:?}");
}

#[test]
fn dictionaries_show_their_values_and_both_kinds_of_null() {
    let values: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
    let keys = vec![Some(0), Some(1), None].into_iter().collect();
    let array = DictionaryArray::<Int8Type>::new(keys, values);
    check(
        array,
        &[("a", "a", "\"a\""), ("", "", "null"), ("", "", "null")],
    );
    let numbers: ArrayRef = Arc::new(Float64Array::from(vec![1.0 / 3.0, f64::NAN]));
    let keys = vec![Some(0), Some(1)].into_iter().collect();
    check(
        DictionaryArray::<Int8Type>::new(keys, numbers),
        &[
            ("0.3333333333333333", "0.3333333333", "0.3333333333333333"),
            ("NaN", "NaN", "null"),
        ],
    );
    let array = DictionaryArray::<Int32Type>::new(
        Int32Array::from(vec![None::<i32>]),
        Arc::new(StringArray::new_null(0)),
    );
    check(array, &[("", "", "null")]);
}

#[test]
fn sliced_lists_show_their_own_items() {
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
        Some(vec![Some(1)]),
        Some(vec![Some(2), Some(3)]),
        None,
    ]);
    check(
        lists.slice(1, 2),
        &[("[2,3]", "[2,3]", "[2,3]"), ("", "", "null")],
    );
    let pairs = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(
        vec![Some(vec![Some(1), None]), Some(vec![Some(2), Some(3)])],
        2,
    );
    check(pairs.slice(1, 1), &[("[2,3]", "[2,3]", "[2,3]")]);
}

#[test]
fn maps_are_objects() {
    let mut builder = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    builder.keys().append_value("k\"");
    builder.values().append_value(1);
    builder.keys().append_value("健");
    builder.values().append_null();
    builder.append(true).unwrap();
    let json = "{\"k\\\"\":1,\"健\":null}";
    check(builder.finish(), &[(json, json, json)]);
}

#[test]
fn a_column_of_nulls_has_no_text() {
    check(NullArray::new(1), &[("", "", "null")]);
}

#[test]
fn json_strings_read_back_for_every_character() {
    let text: String = (0..0x500)
        .chain([0x2028, 0x1f600])
        .filter_map(char::from_u32)
        .collect();
    let mut json = String::new();
    push_json_string(&text, &mut json);
    assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
}
