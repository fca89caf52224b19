//! Values that a client binds: `?` as numbered parameters, their types, and a row of values.

use std::pin::pin;

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::logical_expr::LogicalPlan;
use futures::{Stream, StreamExt as _};
use tonic::Status;

use super::error::data_status;
use crate::session::statements::tokens;

/// The statement with `$1`, `$2`, … in place of each `?` that is not within quotes or comments.
pub(super) fn numbered(statement: &str) -> String {
    let mut number = 0;
    let mut text = String::with_capacity(statement.len());
    for token in tokens(statement) {
        match &statement[token.start..token.end] {
            "?" => {
                number += 1;
                text.push_str(&format!("${number}"));
            }
            other => text.push_str(other),
        }
    }
    text
}

/// The types of numbered parameters, in order; text where the statement does not say.
pub(super) fn schema(plan: &LogicalPlan) -> Result<Schema, DataFusionError> {
    let fields = plan.get_parameter_fields()?;
    let numbers = fields
        .keys()
        .filter_map(|name| name.strip_prefix('$')?.parse::<usize>().ok());
    let n_parameters = numbers.max().unwrap_or(0).min(MOST);
    let fields = (1..=n_parameters).map(|number| {
        let name = format!("${number}");
        let known = fields.get(&name).and_then(Option::as_ref);
        let data_type = known.map_or(DataType::Utf8, |field| field.data_type().clone());
        Field::new(name, data_type, true)
    });
    Ok(Schema::new(fields.collect::<Vec<_>>()))
}

/// No statement is taken to have more parameters.
const MOST: usize = 10_000;

/// The one row of values that was bound. Reads no further than a second row.
pub(super) async fn values<E>(
    batches: impl Stream<Item = Result<RecordBatch, E>>,
) -> Result<Vec<ScalarValue>, Status> {
    let mut batches = pin!(batches);
    let mut row: Option<RecordBatch> = None;
    while let Some(batch) = batches.next().await {
        let unreadable = |_| Status::invalid_argument("the bound values cannot be read");
        let batch = batch.map_err(unreadable)?;
        let is_more = row.is_some() && batch.num_rows() > 0;
        if is_more || batch.num_rows() > 1 {
            return Err(Status::invalid_argument(
                "bind one row of values, not several",
            ));
        }
        row = row.or((batch.num_rows() == 1).then_some(batch));
    }
    let row = row.ok_or_else(|| Status::invalid_argument("bind one row of values, not none"))?;
    let columns = row.columns().iter();
    let values = columns.map(|column| ScalarValue::try_from_array(column, 0));
    values.collect::<Result<_, _>>().map_err(data_status)
}

#[cfg(test)]
mod tests;
