//! Rules over several columns of a row, keys, and what is kept of rejected rows.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, Date32Array, DictionaryArray, Float64Array, Int8Array, Int16Array, Int32Array,
    RecordBatch, StringArray, StringViewArray,
};
use datafusion::arrow::datatypes::{DataType, Int32Type};

use super::{batch, column, contract, ids, outcome, validate};
use crate::ingest::{RawBatch, Rule, Validator};

#[test]
fn answers_must_be_valid_for_the_term() {
    let keys = "type = \"i8\"\nnullable = true\n\
                codes_by_term = { 3 = { 1 = \"y\", 2 = \"n\" }, 4 = { 1 = \"y\", 2 = \"f\", 3 = \"n\" } }";
    let term = column(
        "term",
        "type = \"i8\"\ncodes = { 2 = \"b\", 3 = \"c\", 4 = \"d\" }",
    );
    let contract = contract("", &(column("x", keys) + &term));
    let check = |terms: Vec<i8>, answers: Vec<Option<i32>>, expected: &[&str]| {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("id", ids(terms.len())),
            ("x", Arc::new(Int32Array::from(answers))),
            ("term", Arc::new(Int8Array::from(terms))),
        ];
        let validated = validate(&contract, batch(columns)).expect("the schema fits");
        assert_eq!(outcome(&validated, "x"), expected);
    };
    check(
        vec![3, 3, 4, 2, 2, 9],
        vec![Some(2), Some(3), Some(3), Some(1), None, Some(1)],
        &[
            "2",
            "!code_for_term",
            "3",
            "!code_for_term",
            "NULL",
            "!code_for_term",
        ],
    );
    check(vec![4, 4], vec![Some(1), Some(3)], &["1", "3"]);
    check(vec![4, 4], vec![Some(0), Some(3)], &["!code_for_term", "3"]);
    check(vec![2, 2], vec![None, None], &["NULL", "NULL"]);
    // Without an answer it is the term itself that is wrong.
    check(vec![9], vec![None], &["!code@term"]);
}

#[test]
fn order_and_fiscal_year_of_a_row() {
    let columns = [
        column("fy", "type = \"i16\""),
        column("from", "type = \"date\""),
        column("to", "type = \"date\"\nnullable = true"),
    ];
    let rules = "[[row_rules]]\nnot_after = [\"from\", \"to\"]\n[[row_rules]]\nfiscal_year_of = [\"fy\", \"from\"]";
    let contract = contract(rules, &columns.concat());
    let rows = vec![
        ("id", ids(6)),
        (
            "fy",
            Arc::new(Int16Array::from(vec![2023, 2023, 2024, 2023, 2023, 2022])) as ArrayRef,
        ),
        (
            "from",
            Arc::new(Int32Array::from(vec![
                20_240_331, 20_230_401, 20_240_331, 20_230_501, 20_239_901, 20_230_501,
            ])),
        ),
        (
            "to",
            Arc::new(Int32Array::from(vec![
                Some(20_240_331),
                None,
                None,
                Some(20_230_430),
                Some(1),
                Some(20_230_401),
            ])),
        ),
    ];
    let validated = validate(&contract, batch(rows)).expect("the schema fits");
    // The last row breaks both rules; the fiscal year is the earlier column.
    assert_eq!(
        outcome(&validated, "to"),
        [
            "2024-03-31",
            "NULL",
            "!fiscal_year@fy",
            "!not_after",
            "!date@from",
            "!fiscal_year@fy"
        ]
    );
}

#[test]
fn numbers_and_months_are_ordered_too() {
    let order = |data_type: &str, other: &str, low: ArrayRef, high: ArrayRef| {
        let columns = column("a", &format!("type = \"{data_type}\""))
            + &column("b", &format!("type = \"{other}\""));
        let contract = contract("[[row_rules]]\nnot_after = [\"a\", \"b\"]", &columns);
        let rows = batch(vec![("id", ids(2)), ("a", low), ("b", high)]);
        outcome(&validate(&contract, rows).expect("the schema fits"), "a")
    };
    let month = |a, b| Arc::new(Int32Array::from(vec![a, b])) as ArrayRef;
    assert_eq!(
        order(
            "month",
            "month",
            month(202_401, 202_402),
            month(202_401, 202_401)
        ),
        ["202401", "!not_after@b"]
    );
    let share = Arc::new(Float64Array::from(vec![2.0, 1.5])) as ArrayRef;
    assert_eq!(
        order("i32", "f64", month(2, 2), share),
        ["2", "!not_after@b"]
    );
}

#[test]
fn a_key_counts_once_and_only_when_accepted() {
    let columns = column("token", "type = \"token\"") + &column("n", "type = \"i32\"\nmin = 0");
    let mut contract = contract("", &columns);
    contract.key = vec!["id".to_owned(), "token".to_owned()];
    let (lower, upper) = ("ab".repeat(32), "AB".repeat(32));
    let rows = |ids: Vec<&str>, tokens: Vec<&str>, numbers: Vec<i32>| -> RecordBatch {
        batch(vec![
            ("id", Arc::new(StringArray::from(ids)) as ArrayRef),
            ("token", Arc::new(StringArray::from(tokens))),
            ("n", Arc::new(Int32Array::from(numbers))),
        ])
    };
    let first = rows(
        vec!["1", "1", "1", "2", "3"],
        vec![&lower, &lower, &upper, &lower, &lower],
        vec![-1, 5, 6, 7, 8],
    );
    let mut validator = Validator::new(&contract, first.schema_ref()).expect("the schema fits");
    let view: StringViewArray = vec![Some("3")].into_iter().collect();
    let existing = batch(vec![
        ("token", Arc::new(StringArray::from(vec![upper.as_str()]))),
        ("id", Arc::new(view)),
    ]);
    validator
        .add_existing_keys(&existing)
        .expect("the key columns are there");
    let validated = validator
        .validate(&RawBatch {
            first_row_number: 1,
            batch: first,
        })
        .expect("a result");
    assert_eq!(
        outcome(&validated, "n"),
        [
            "!range",
            "5",
            "!duplicate_key@id, token",
            "7",
            "!duplicate_key@id, token"
        ]
    );
    let second = rows(vec!["2", "4"], vec![&upper, &lower], vec![1, 2]);
    let validated = validator
        .validate(&RawBatch {
            first_row_number: 6,
            batch: second,
        })
        .expect("a result");
    assert_eq!(outcome(&validated, "n"), ["!duplicate_key@id, token", "2"]);
    assert_eq!(validated.accepted.row_numbers().values(), &[7]);
    let duplicates = validator
        .tally()
        .iter()
        .find(|(_, rule, _)| *rule == Rule::DuplicateKey);
    assert_eq!(
        duplicates.map(|(_, _, count)| (count.rows, count.first.clone())),
        Some((3, vec![3, 5, 6]))
    );
    assert!(
        validator
            .add_existing_keys(&batch(vec![("id", ids(1))]))
            .is_err()
    );
}

#[test]
fn rejected_rows_are_kept_as_received() {
    let contract = contract(
        "",
        &(column("x", "type = \"i8\"\nmax = 5") + &column("d", "type = \"date\"")),
    );
    let dictionary: DictionaryArray<Int32Type> =
        vec![Some("9\"\n"), Some("1"), None].into_iter().collect();
    let rows = batch(vec![
        (
            "d",
            Arc::new(Date32Array::from(vec![19_782, 19_782, 19_783])) as ArrayRef,
        ),
        ("x", Arc::new(dictionary)),
        ("id", ids(3)),
    ]);
    let rejects = validate(&contract, rows)
        .expect("the schema fits")
        .rejects
        .to_batch(4);
    let text = |name: &str, row: usize| {
        let column = rejects.column_by_name(name).expect("a column");
        assert_eq!(column.data_type(), &DataType::Utf8);
        column
            .as_any()
            .downcast_ref::<StringArray>()
            .expect("text")
            .value(row)
            .to_owned()
    };
    assert_eq!(
        text("row", 0),
        r#"{"d":"2024-02-29","x":"9\"\n","id":"r0"}"#
    );
    assert_eq!(text("row", 1), r#"{"d":"2024-03-01","x":null,"id":"r2"}"#);
    assert_eq!(
        (text("column", 1), text("rule", 1)),
        ("x".to_owned(), "null".to_owned())
    );
    assert_eq!(rejects.num_rows(), 2);
}
