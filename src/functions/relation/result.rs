//! The result columns that relations share: one place for their names, order and types.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array, StringArray};
use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use korabo_estimators::inference::RandomisationTest;
use korabo_estimators::{Counts, Diagnostic, Estimate, Status};

/// Schema of a relation that returns estimates: identifying columns, then the shared ones.
pub(super) fn estimate_schema(identifying: Vec<Field>) -> SchemaRef {
    let numbers = [
        "estimate",
        "std_error",
        "statistic",
        "p_value",
        "conf_low",
        "conf_high",
        "band_low",
        "band_high",
    ];
    let counts = ["n_treated", "n_control", "n_units", "n_clusters"];
    let mut fields = identifying;
    fields.extend(numbers.map(|name| Field::new(name, DataType::Float64, true)));
    fields.extend(counts.map(|name| Field::new(name, DataType::Int64, true)));
    fields.push(Field::new("status", DataType::Utf8, false));
    Arc::new(Schema::new(fields))
}

/// The column of a randomisation test, after all others.
pub(super) const P_VALUE_PERMUTATION: &str = "p_value_permutation";

/// The schema with the column of a randomisation test, where a call asks for one.
pub(super) fn with_permutation(schema: SchemaRef, is_asked: bool) -> SchemaRef {
    if !is_asked {
        return schema;
    }
    let mut fields = schema.fields().to_vec();
    let column = Field::new(P_VALUE_PERMUTATION, DataType::Float64, true);
    fields.push(Arc::new(column));
    Arc::new(Schema::new(fields))
}

/// Rows of estimates after their identifying columns, with the p-values of a randomisation test where the schema has a column for them.
pub(super) fn tested_estimate_batch(
    schema: SchemaRef,
    identifying: Vec<ArrayRef>,
    estimates: &[&Estimate],
    tests: Option<&[RandomisationTest]>,
) -> Result<RecordBatch, ArrowError> {
    let mut columns = estimate_columns(identifying, estimates);
    if schema.index_of(P_VALUE_PERMUTATION).is_ok() {
        let of_row = |row: usize| tests.and_then(|tests| tests.get(row));
        let p_values = (0..estimates.len()).map(of_row);
        columns.push(numbers(
            p_values.map(|test| test.map_or(f64::NAN, |test| test.p_value)),
        ));
    }
    RecordBatch::try_new(schema, columns)
}

/// Rows of estimates after their identifying columns.
pub(super) fn estimate_batch(
    schema: SchemaRef,
    identifying: Vec<ArrayRef>,
    estimates: &[&Estimate],
) -> Result<RecordBatch, ArrowError> {
    RecordBatch::try_new(schema, estimate_columns(identifying, estimates))
}

fn estimate_columns(identifying: Vec<ArrayRef>, estimates: &[&Estimate]) -> Vec<ArrayRef> {
    let number = |get: fn(&Estimate) -> f64| numbers(estimates.iter().map(|e| get(e)));
    let count = |get: fn(&Estimate) -> u64| counts(estimates.iter().map(|e| get(e)));
    let mut columns = identifying;
    columns.extend([
        number(|e| e.estimate),
        number(|e| e.std_error),
        number(|e| e.statistic),
        number(|e| e.p_value),
        number(|e| e.conf_low),
        number(|e| e.conf_high),
        number(|e| e.band_low),
        number(|e| e.band_high),
        count(|e| e.n_treated),
        count(|e| e.n_control),
        count(|e| e.n_units),
        count(|e| e.n_clusters),
        texts(estimates.iter().map(|e| e.status.as_str())),
    ]);
    columns
}

/// Schema of a relation with one row per event time and an overall one, whose event time is NULL.
pub(super) fn event_time_schema() -> SchemaRef {
    estimate_schema(vec![Field::new("event_time", DataType::Int32, true)])
}

/// Rows of such a relation, with the p-values of a randomisation test where the schema has a column for them.
pub(super) fn event_time_batch<'a>(
    schema: SchemaRef,
    rows: impl Iterator<Item = (Option<i32>, &'a Estimate)>,
    tests: Option<&[RandomisationTest]>,
) -> Result<RecordBatch, ArrowError> {
    let (event_times, estimates): (Vec<Option<i32>>, Vec<&Estimate>) = rows.unzip();
    let event_times: ArrayRef = Arc::new(Int32Array::from(event_times));
    tested_estimate_batch(schema, vec![event_times], &estimates, tests)
}

/// Its overall row where it had nothing to work on.
pub(super) fn no_overall_estimate(
    schema: SchemaRef,
    status: Status,
) -> Result<RecordBatch, ArrowError> {
    let overall: ArrayRef = Arc::new(Int32Array::from(vec![None]));
    no_estimate(schema, vec![overall], status)
}

/// The one row of a relation that had nothing to work on.
pub(super) fn no_estimate(
    schema: SchemaRef,
    identifying: Vec<ArrayRef>,
    status: Status,
) -> Result<RecordBatch, ArrowError> {
    let estimate = Estimate::missing(Counts::default(), status);
    tested_estimate_batch(schema, identifying, &[&estimate], None)
}

/// Schema of a relation that says what another one did.
pub(super) fn diagnostic_schema() -> SchemaRef {
    let text = |name| Field::new(name, DataType::Utf8, false);
    let number = |name| Field::new(name, DataType::Float64, true);
    Arc::new(Schema::new(vec![
        text("diagnostic"),
        text("term"),
        number("statistic"),
        number("df1"),
        number("df2"),
        number("p_value"),
        text("status"),
        text("detail"),
    ]))
}

/// Rows of diagnostics.
pub(super) fn diagnostic_batch(rows: &[Diagnostic]) -> Result<RecordBatch, ArrowError> {
    let columns = vec![
        texts(rows.iter().map(|row| row.diagnostic)),
        texts(rows.iter().map(|row| row.term.as_str())),
        numbers(rows.iter().map(|row| row.statistic)),
        numbers(rows.iter().map(|row| row.df1)),
        numbers(rows.iter().map(|row| row.df2)),
        numbers(rows.iter().map(|row| row.p_value)),
        texts(rows.iter().map(|row| row.status.as_str())),
        texts(rows.iter().map(|row| row.detail.as_str())),
    ];
    RecordBatch::try_new(diagnostic_schema(), columns)
}

/// The one row of diagnostics of what had nothing to work on.
pub(super) fn no_diagnostics(status: Status) -> Result<RecordBatch, ArrowError> {
    let mut row = Diagnostic::number("not_estimated", "", f64::NAN);
    row.status = status;
    diagnostic_batch(&[row])
}

/// A column of numbers; what does not exist (NaN, infinite) is NULL.
pub(super) fn numbers(values: impl Iterator<Item = f64>) -> ArrayRef {
    let column: Float64Array = values.map(|v| v.is_finite().then_some(v)).collect();
    Arc::new(column)
}

/// A column of counts.
pub(super) fn counts(values: impl Iterator<Item = u64>) -> ArrayRef {
    let column: Int64Array = values.map(|v| i64::try_from(v).ok()).collect();
    Arc::new(column)
}

/// A column of words.
pub(super) fn texts<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}
