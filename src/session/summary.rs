//! `SUMMARIZE` and `DESCRIBE`: what a planned query's columns are and hold. A summary is one aggregation
//! over the query, turned so that each column becomes a row.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{Column, DataFusionError, ScalarValue};
use datafusion::functions_aggregate::expr_fn::{
    approx_distinct, approx_percentile_cont, avg, count, max, min, stddev,
};
use datafusion::logical_expr::cast as cast_expr;
use datafusion::prelude::{DataFrame, Expr, lit};

use super::context::Session;
use super::error::SessionError;
use super::reference::PROSE;

/// The quantiles a summary shows.
const QUANTILES: [(&str, f64); 3] = [("q25", 0.25), ("q50", 0.5), ("q75", 0.75)];
/// The name of the number of rows among the aggregates.
const ROWS: &str = "rows";

impl Session {
    /// One row per column of `frame`: name, type, whether it may be NULL, and what it means, as far as `meanings` say.
    ///
    /// # Errors
    /// When the engine refuses the rows.
    pub fn describe_columns(
        &self,
        frame: &DataFrame,
        meanings: &[Option<String>],
    ) -> Result<DataFrame, SessionError> {
        let fields = frame.schema().fields();
        let text = |values: Vec<String>| Arc::new(StringArray::from(values)) as ArrayRef;
        let nullable = |field: &Arc<Field>| if field.is_nullable() { "YES" } else { "NO" };
        let prose = HashMap::from([(PROSE.to_owned(), "true".to_owned())]);
        let schema = Schema::new(vec![
            Field::new("column_name", DataType::Utf8, false),
            Field::new("data_type", DataType::Utf8, false),
            Field::new("is_nullable", DataType::Utf8, false),
            Field::new("meaning", DataType::Utf8, true).with_metadata(prose),
        ]);
        let meanings = (0..fields.len()).map(|idx| meanings.get(idx).and_then(Option::as_deref));
        let columns = vec![
            text(fields.iter().map(|field| field.name().clone()).collect()),
            text(
                fields
                    .iter()
                    .map(|field| field.data_type().to_string())
                    .collect(),
            ),
            text(fields.iter().map(|f| nullable(f).to_owned()).collect()),
            Arc::new(meanings.collect::<StringArray>()) as ArrayRef,
        ];
        let batch = RecordBatch::try_new(Arc::new(schema), columns);
        let batch = batch.map_err(DataFusionError::from)?;
        self.rows(batch)
    }

    /// One row per column of `frame`: type, smallest and largest value, how many differ, mean, spread,
    /// quartiles, rows, share of NULLs. Runs the query once.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn summarize(&self, frame: DataFrame) -> Result<DataFrame, SessionError> {
        let columns: Vec<(Expr, Arc<Field>)> = frame
            .schema()
            .iter()
            .map(|(qualifier, field)| {
                let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
                (column, Arc::clone(field))
            })
            .collect();
        let mut aggregates = vec![count(lit(1_i64)).alias(ROWS)];
        for (idx, (column, field)) in columns.iter().enumerate() {
            aggregates.extend(aggregates_of(idx, column, field.data_type()));
        }
        let schema: Vec<Arc<Field>> = columns.into_iter().map(|(_, field)| field).collect();
        let batches = frame.aggregate(vec![], aggregates)?.collect().await?;
        let values = batches
            .iter()
            .find(|batch| batch.num_rows() == 1)
            .ok_or_else(|| DataFusionError::Internal("an aggregation without a row".to_owned()))?;
        self.rows(summary_rows(&schema, values)?)
    }

    /// Rows at hand as a query.
    ///
    /// # Errors
    /// When the engine refuses them.
    pub fn rows(&self, batch: RecordBatch) -> Result<DataFrame, SessionError> {
        Ok(self.ctx.read_batch(batch)?)
    }
}

/// What is asked of one column, as far as its type allows.
fn aggregates_of(idx: usize, column: &Expr, data_type: &DataType) -> Vec<Expr> {
    let name = |what: &str| aggregate_name(idx, what);
    let mut aggregates = vec![count(column.clone()).alias(name("valid"))];
    if data_type.is_null() || data_type.is_nested() {
        return aggregates;
    }
    let countable = match data_type {
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            cast_expr(column.clone(), DataType::Utf8)
        }
        DataType::Dictionary(_, values) => cast_expr(column.clone(), values.as_ref().clone()),
        _ => column.clone(),
    };
    aggregates.push(approx_distinct(countable.clone()).alias(name("unique")));
    let ordered = match data_type {
        DataType::Dictionary(..) => countable,
        _ => column.clone(),
    };
    aggregates.push(min(ordered.clone()).alias(name("min")));
    aggregates.push(max(ordered).alias(name("max")));
    let number = match data_type {
        _ if data_type.is_numeric() => cast_expr(column.clone(), DataType::Float64),
        DataType::Date32 => {
            let days = cast_expr(column.clone(), DataType::Int32);
            cast_expr(days, DataType::Float64)
        }
        _ => return aggregates,
    };
    if data_type.is_numeric() {
        aggregates.push(avg(number.clone()).alias(name("avg")));
        aggregates.push(stddev(number.clone()).alias(name("std")));
    }
    for (quantile, share) in QUANTILES {
        let value = approx_percentile_cont(number.clone().sort(true, false), lit(share), None);
        aggregates.push(value.alias(name(quantile)));
    }
    aggregates
}

fn aggregate_name(idx: usize, what: &str) -> String {
    format!("{what}_{idx}")
}

/// The one row of aggregates as one row per column.
fn summary_rows(
    schema: &[Arc<Field>],
    values: &RecordBatch,
) -> Result<RecordBatch, DataFusionError> {
    let n_rows = integer(values, ROWS).unwrap_or(0);
    let indices = 0..schema.len();
    let texts = |what: &str| -> Result<ArrayRef, DataFusionError> {
        let texts = indices
            .clone()
            .map(|idx| text_of(values, &aggregate_name(idx, what)));
        Ok(Arc::new(
            texts.collect::<Result<StringArray, DataFusionError>>()?,
        ))
    };
    let numbers = |what: &str| -> ArrayRef {
        let numbers = indices
            .clone()
            .map(|idx| number(values, &aggregate_name(idx, what)));
        Arc::new(numbers.collect::<Float64Array>())
    };
    let quantiles = |what: &str| -> Result<ArrayRef, DataFusionError> {
        let texts = schema.iter().enumerate().map(|(idx, field)| {
            number(values, &aggregate_name(idx, what))
                .map(|value| quantile_text(value, field.data_type()))
                .transpose()
        });
        Ok(Arc::new(
            texts.collect::<Result<StringArray, DataFusionError>>()?,
        ))
    };
    let unique = indices
        .clone()
        .map(|idx| integer(values, &aggregate_name(idx, "unique")));
    let missing = indices.clone().map(|idx| {
        let n_valid = integer(values, &aggregate_name(idx, "valid"))?;
        (n_rows > 0).then(|| percentage(n_rows - n_valid, n_rows))
    });
    let names: StringArray = schema.iter().map(|field| Some(field.name())).collect();
    let types = schema.iter().map(|field| field.data_type().to_string());
    let types: StringArray = types.map(Some).collect();
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("column_name", Arc::new(names)),
        ("column_type", Arc::new(types)),
        ("min", texts("min")?),
        ("max", texts("max")?),
        ("approx_unique", Arc::new(unique.collect::<Int64Array>())),
        ("avg", numbers("avg")),
        ("std", numbers("std")),
    ];
    for (quantile, _) in QUANTILES {
        columns.push((quantile, quantiles(quantile)?));
    }
    let n_rows = Int64Array::from(vec![n_rows; schema.len()]);
    columns.push(("count", Arc::new(n_rows)));
    columns.push((
        "null_percentage",
        Arc::new(missing.collect::<Float64Array>()),
    ));
    let nullable = columns
        .into_iter()
        .map(|(name, column)| (name, column, true));
    let (fields, columns): (Vec<Field>, Vec<ArrayRef>) = nullable
        .map(|(name, column, is_nullable)| {
            (
                Field::new(name, column.data_type().clone(), is_nullable),
                column,
            )
        })
        .unzip();
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns,
    )?)
}

/// Rounded to two digits, but never to 0 or 100 where it is neither.
#[expect(
    clippy::cast_precision_loss,
    reason = "two digits of a share are wanted"
)]
fn percentage(part: i64, whole: i64) -> f64 {
    let share = 100.0 * part as f64 / whole as f64;
    let rounded = (share * 100.0).round() / 100.0;
    let is_misleading = (rounded <= 0.0 && part > 0) || (rounded >= 100.0 && part < whole);
    if is_misleading { share } else { rounded }
}

/// A quantile as the column's values are written: dates as dates, integers without `.0`.
fn quantile_text(value: f64, data_type: &DataType) -> Result<String, DataFusionError> {
    if *data_type != DataType::Date32 {
        return Ok(format!("{value}"));
    }
    let days = ScalarValue::Float64(Some(value.round())).cast_to(&DataType::Int32)?;
    Ok(days.cast_to(&DataType::Date32)?.to_string())
}

fn text_of(values: &RecordBatch, name: &str) -> Result<Option<String>, DataFusionError> {
    let Some(column) = values.column_by_name(name) else {
        return Ok(None);
    };
    let text = cast(column, &DataType::Utf8)?;
    let text = text.as_string::<i32>();
    Ok(text.iter().next().flatten().map(str::to_owned))
}

fn number(values: &RecordBatch, name: &str) -> Option<f64> {
    let column = values.column_by_name(name)?;
    let column = column.as_primitive_opt::<Float64Type>()?;
    column.iter().next().flatten()
}

fn integer(values: &RecordBatch, name: &str) -> Option<i64> {
    let column = cast(values.column_by_name(name)?, &DataType::Int64).ok()?;
    let column = column.as_primitive_opt::<Int64Type>()?;
    column.iter().next().flatten()
}
