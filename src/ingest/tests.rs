//! What is accepted, what is rejected, and for which rule. `rules` tests one column at a time, `rows`
//! whole rows and keys, `files` whole files, `properties` random mutations against a row-by-row reference.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

use super::{RawBatch, SchemaRefusal, SortedRows, Validator};
use crate::contract::TableContract;

mod files;
mod properties;
mod rows;
mod rules;

/// A contract with key `id` and the given TOML for what follows.
fn contract(head: &str, columns: &str) -> TableContract {
    let text = format!(
        "description = \"t\"\ndescription_ja = \"t\"\ngrain = \"g\"\nholder = \"insurer\"\n\
         key = [\"id\"]\n{head}\n[columns.id]\nname_ja = \"n\"\ndescription = \"d\"\n\
         type = \"string\"\nprivacy = \"open\"\n{columns}"
    );
    TableContract::parse("table", Path::new("table.toml"), &text).expect("the contract is right")
}

/// TOML of one column.
fn column(name: &str, keys: &str) -> String {
    format!(
        "[columns.{name}]\nname_ja = \"n\"\ndescription = \"d\"\nprivacy = \"sensitive\"\n{keys}\n"
    )
}

/// A batch with the given columns, all nullable.
fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(*name, array.data_type().clone(), true))
        .collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("columns of one length")
}

/// Different ids for `rows` rows.
fn ids(rows: usize) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(
        (0..rows).map(|row| format!("r{row}")),
    ))
}

fn validate(contract: &TableContract, batch: RecordBatch) -> Result<SortedRows, SchemaRefusal> {
    let mut validator = Validator::new(contract, batch.schema_ref())?;
    let rows = batch.num_rows() as u64;
    let validated = validator
        .validate(&RawBatch {
            first_row_number: 1,
            batch,
        })
        .expect("validation itself does not fail");
    let totals = validator.totals();
    assert_eq!(
        (totals.rows_in, totals.accepted + totals.rejected),
        (rows, rows)
    );
    assert_eq!(
        validated.accepted.num_rows() + validated.rejects.len(),
        batch_rows(rows)
    );
    Ok(validated)
}

fn batch_rows(rows: u64) -> usize {
    usize::try_from(rows).expect("few rows")
}

/// What became of each row, in order: the text of accepted `name`, or `!rule` (with `@column` when
/// the rule was broken in another column).
fn outcome(validated: &SortedRows, name: &str) -> Vec<String> {
    let lake = validated.accepted.to_lake_batch(7);
    let values = lake
        .column_by_name(name)
        .expect("the column is in the lake");
    let options = FormatOptions::default().with_null("NULL");
    let formatter = ArrayFormatter::try_new(values, &options).expect("a printable type");
    let numbers = validated.accepted.row_numbers();
    let mut rows: Vec<(i64, String)> = (0..lake.num_rows())
        .map(|row| (numbers.value(row), formatter.value(row).to_string()))
        .collect();
    rows.extend(validated.rejects.reasons().map(|(number, column, rule)| {
        let place = if column == name {
            String::new()
        } else {
            format!("@{column}")
        };
        (number, format!("!{rule}{place}"))
    }));
    rows.sort();
    rows.into_iter().map(|(_, text)| text).collect()
}

/// Delivers `array` as column `x` declared by `keys`.
#[track_caller]
fn check(keys: &str, array: impl Array + 'static, expected: &[&str]) {
    let contract = contract("", &column("x", keys));
    let array: ArrayRef = Arc::new(array);
    let validated = validate(
        &contract,
        batch(vec![("id", ids(array.len())), ("x", array)]),
    )
    .expect("the schema fits");
    assert_eq!(outcome(&validated, "x"), expected, "{keys}");
}
