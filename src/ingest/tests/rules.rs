//! The rules of one column, for the physical types in which it may arrive.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use datafusion::arrow::array::{
    BooleanArray, Date32Array, Date64Array, Decimal128Array, DictionaryArray, Float32Array,
    Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, LargeStringArray, NullArray,
    StringArray, StringViewArray, TimestampMicrosecondArray, TimestampNanosecondArray, UInt64Array,
};
use datafusion::arrow::datatypes::{Int8Type, Int32Type, UInt16Type};

use super::super::text::{date_from_number, fiscal_year, parse_date};
use super::check;

const CODE: &str = "type = \"i8\"\nnullable = true\ncodes = { 1 = \"a\", 2 = \"b\", 5 = \"c\" }";

#[test]
fn codes_in_every_physical_type() {
    let expected = ["1", "5", "!code", "!code", "NULL"];
    check(
        CODE,
        Int8Array::from(vec![Some(1), Some(5), Some(3), Some(0), None]),
        &expected,
    );
    check(
        CODE,
        Int64Array::from(vec![Some(1), Some(5), Some(3), Some(300), None]),
        &expected,
    );
    check(
        CODE,
        UInt64Array::from(vec![Some(1), Some(5), Some(3), Some(u64::MAX), None]),
        &expected,
    );
    check(
        CODE,
        Float64Array::from(vec![Some(1.0), Some(5.0), Some(3.0), Some(1e300), None]),
        &expected,
    );
    check(
        CODE,
        StringArray::from(vec![
            Some("1"),
            Some(" ５ "),
            Some("3"),
            Some("300"),
            Some(""),
        ]),
        &expected,
    );
    let decimals = Decimal128Array::from(vec![Some(100), Some(500), Some(300), Some(0), None]);
    check(
        CODE,
        decimals
            .with_precision_and_scale(10, 2)
            .expect("a precision"),
        &expected,
    );
    let dictionary: DictionaryArray<UInt16Type> =
        vec![Some("1"), Some("5"), Some("3"), Some("9"), None]
            .into_iter()
            .collect();
    check(CODE, dictionary, &expected);
    check(CODE, NullArray::new(2), &["NULL", "NULL"]);
    check(
        CODE,
        Float64Array::from(vec![1.5, f64::NAN]),
        &["!type", "!type"],
    );
    check(
        CODE,
        StringArray::from(vec!["a", "1.0", "1.5"]),
        &["!type", "1", "!type"],
    );
    let texts = "type = \"string\"\ncodes = { rest = \"r\", oral = \"o\" }";
    check(
        texts,
        StringArray::from(vec!["rest", "oral", "sleep", "Rest"]),
        &["rest", "oral", "!code", "!code"],
    );
}

#[test]
fn required_values_must_be_there() {
    let keys = "type = \"i16\"";
    check(keys, Int16Array::from(vec![Some(1), None]), &["1", "!null"]);
    check(
        keys,
        StringArray::from(vec![Some("1"), Some(" "), Some("x")]),
        &["1", "!null", "!type"],
    );
    check(keys, NullArray::new(1), &["!null"]);
    check(
        "type = \"string\"",
        StringArray::from(vec!["a", "", "\u{3000}"]),
        &["a", "!null", "!null"],
    );
    let dictionary: DictionaryArray<Int8Type> =
        vec![Some("4"), None, Some("4")].into_iter().collect();
    check(keys, dictionary, &["4", "!null", "4"]);
    // The value a NULL key does not point to must not be blamed.
    let unused = DictionaryArray::<Int32Type>::try_new(
        Int32Array::from(vec![Some(1), None]),
        Arc::new(StringArray::from(vec!["bad", "6"])),
    );
    check(keys, unused.expect("a dictionary"), &["6", "!null"]);
}

#[test]
fn ranges_and_limits_of_the_type() {
    let keys = "type = \"i16\"\nnullable = true\nmin = 30\nmax = 300";
    let expected = ["30", "300", "!range", "!range", "NULL"];
    check(
        keys,
        Int16Array::from(vec![Some(30), Some(300), Some(29), Some(301), None]),
        &expected,
    );
    check(
        keys,
        Int64Array::from(vec![Some(30), Some(300), Some(29), Some(70_000), None]),
        &expected,
    );
    check(
        keys,
        Float32Array::from(vec![Some(30.0), Some(300.0), Some(-1.0), Some(1e9), None]),
        &expected,
    );
    check(
        keys,
        StringArray::from(vec![
            Some("30"),
            Some("300"),
            Some("29"),
            Some("99999999999999999999"),
            None,
        ]),
        &expected,
    );
    let share = "type = \"f64\"\nnullable = true\nmin = 0\nmax = 1.5";
    check(
        share,
        Float64Array::from(vec![Some(0.0), Some(1.5), Some(-0.1), None]),
        &["0.0", "1.5", "!range", "NULL"],
    );
    check(
        share,
        Int32Array::from(vec![Some(1), Some(2), None]),
        &["1.0", "!range", "NULL"],
    );
    check(
        share,
        StringArray::from(vec!["0.25", "１", "1e9", "inf", "測定不能"]),
        &["0.25", "1.0", "!range", "!type", "!type"],
    );
    check(
        share,
        Float64Array::from(vec![Some(f64::NAN), Some(f64::INFINITY), Some(1.0)]),
        &["!type", "!type", "1.0"],
    );
    check(
        "type = \"i64\"",
        Float64Array::from(vec![9.3e18, -9.2e18]),
        &["!range", "-9200000000000000000"],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn dates_in_every_physical_type() {
    let keys = "type = \"date\"\nnullable = true";
    let day = |y, m, d| {
        NaiveDate::from_ymd_opt(y, m, d)
            .expect("a day")
            .to_epoch_days()
    };
    let leap = day(2024, 2, 29);
    check(
        keys,
        Date32Array::from(vec![Some(leap), None, Some(i32::MAX)]),
        &["2024-02-29", "NULL", "!date"],
    );
    let midnight = i64::from(leap) * 86_400;
    check(
        keys,
        Date64Array::from(vec![Some(midnight * 1000), None]),
        &["2024-02-29", "NULL"],
    );
    let micros = vec![
        Some(midnight * 1_000_000),
        Some(midnight * 1_000_000 + 1),
        Some((midnight + 3600) * 1_000_000),
    ];
    check(
        keys,
        TimestampMicrosecondArray::from(micros),
        &["2024-02-29", "!date", "!date"],
    );
    let instants = || {
        TimestampNanosecondArray::from(vec![
            midnight * 1_000_000_000,
            (midnight - 9 * 3600) * 1_000_000_000,
            (midnight - 3600) * 1_000_000_000,
        ])
    };
    check(
        keys,
        instants().with_timezone("UTC"),
        &["2024-02-29", "2024-02-29", "!date"],
    );
    check(
        keys,
        instants().with_timezone("+09:00").slice(1, 2),
        &["2024-02-29", "!date"],
    );
    check(
        keys,
        Int32Array::from(vec![Some(20_240_229), Some(20_230_229), Some(0), None]),
        &["2024-02-29", "!date", "!date", "NULL"],
    );
    check(
        keys,
        Int64Array::from(vec![99_991_231, i64::MAX]),
        &["9999-12-31", "!date"],
    );
    check(
        keys,
        Float64Array::from(vec![Some(20_240_401.0), Some(20_240_401.5), Some(1e30)]),
        &["2024-04-01", "!type", "!date"],
    );
    check(
        keys,
        StringArray::from(vec![
            "2024-02-29",
            "20240229",
            "2024/02/29",
            "２０２４０２２９",
            "",
            "2023-02-29",
            "R5.4.1",
            "2024-02/29",
        ]),
        &[
            "2024-02-29",
            "2024-02-29",
            "2024-02-29",
            "2024-02-29",
            "NULL",
            "!date",
            "!type",
            "!type",
        ],
    );
    let dictionary: DictionaryArray<Int32Type> = vec![Some("2024-13-01"), Some("20240101")]
        .into_iter()
        .collect();
    check(keys, dictionary, &["!date", "2024-01-01"]);
}

#[test]
fn calendar_agrees_with_chrono() {
    let mut day = NaiveDate::from_ymd_opt(1867, 12, 25).expect("a day");
    let end = NaiveDate::from_ymd_opt(2105, 1, 5).expect("a day");
    while day < end {
        let days = day.to_epoch_days();
        let number = i64::from(day.year()) * 10_000 + i64::from(day.month() * 100 + day.day());
        assert_eq!(date_from_number(number), Ok(days));
        assert_eq!(parse_date(&day.to_string()), Ok(days));
        assert_eq!(
            fiscal_year(days),
            day.year() - i32::from(day.month() < 4),
            "{day}"
        );
        day = day.succ_opt().expect("a next day");
    }
    for year in [1900, 2000, 2023, 2024, 2100] {
        for month in 0..14 {
            for day in 0..33 {
                let number = i64::from(year * 10_000 + month * 100 + day);
                let expected = u32::try_from(month)
                    .ok()
                    .zip(u32::try_from(day).ok())
                    .and_then(|(month, day)| NaiveDate::from_ymd_opt(year, month, day));
                assert_eq!(
                    date_from_number(number).ok(),
                    expected.map(|day| day.to_epoch_days()),
                    "{number}"
                );
            }
        }
    }
}

#[test]
fn months_must_exist() {
    let keys = "type = \"month\"\nnullable = true";
    check(
        keys,
        Int32Array::from(vec![Some(202_312), Some(202_313), Some(202_300), None]),
        &["202312", "!date", "!date", "NULL"],
    );
    check(
        keys,
        Int64Array::from(vec![202_401, i64::MAX]),
        &["202401", "!date"],
    );
    check(
        keys,
        StringArray::from(vec!["202401", "2024-01", "2024/13", "24-01"]),
        &["202401", "202401", "!date", "!type"],
    );
    check(
        keys,
        Float64Array::from(vec![202_401.0, 0.5]),
        &["202401", "!type"],
    );
}

#[test]
fn flags_in_every_physical_type() {
    let keys = "type = \"bool\"\nnullable = true";
    check(
        keys,
        BooleanArray::from(vec![Some(true), Some(false), None]),
        &["true", "false", "NULL"],
    );
    check(
        keys,
        Int64Array::from(vec![Some(1), Some(0), None, Some(2)]),
        &["true", "false", "NULL", "!type"],
    );
    check(
        keys,
        Float64Array::from(vec![1.0, 0.0, 0.5]),
        &["true", "false", "!type"],
    );
    check(
        keys,
        StringArray::from(vec!["TRUE", "false", "1", "０", "yes", " "]),
        &["true", "false", "true", "false", "!type", "NULL"],
    );
}

#[test]
fn tokens_are_kept_as_received() {
    let token = "0123456789abcdef".repeat(4);
    let upper = token.to_uppercase();
    let wide: String = token
        .chars()
        .map(|c| char::from_u32(u32::from(c) + 0xfee0).expect("a full-width form"))
        .collect();
    let spaced = format!("{} {}-{}", &token[..10], &token[10..20], &token[20..]);
    let (short, other) = (&token[1..], token.replace('f', "g"));
    let texts = vec![token.as_str(), &upper, &wide, &spaced, short, &other];
    let expected = [token.as_str(), &upper, &wide, &spaced, "!token", "!token"];
    let keys = "type = \"token\"";
    check(keys, StringArray::from(texts.clone()), &expected);
    check(keys, LargeStringArray::from(texts.clone()), &expected);
    check(keys, StringViewArray::from(texts.clone()), &expected);
    let dictionary: DictionaryArray<Int32Type> = texts.iter().copied().map(Some).collect();
    check(keys, dictionary, &expected);
}

#[test]
fn digits_are_counted() {
    let keys = "type = \"string\"\npattern_digits = 5";
    check(
        keys,
        StringArray::from(vec!["13101", "1310", "131011", "1310A", "１３１０１"]),
        &["13101", "!digits", "!digits", "!digits", "!digits"],
    );
}
