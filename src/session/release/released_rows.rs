//! Rows that may leave: made of what the rules show and of nothing else.

use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::{DFSchema, DataFusionError};
use datafusion::logical_expr::LogicalPlan;

use super::answers::as_plan;
use super::copied::copied;

/// Rows in memory without what is withheld: the values of hidden groups and cells were never copied into them. Only
/// [`ReleasedRows::of`] makes one, and only this type becomes a part of a plan again.
#[derive(Debug, Clone)]
pub(super) struct ReleasedRows(RecordBatch);

impl ReleasedRows {
    /// The first columns of `measured`, as many as `hidden` has: rows for which `is_shown`, and in them NULL for what
    /// `hidden` says of a column.
    ///
    /// # Errors
    /// For types of values that no result has so far.
    pub(super) fn of(
        measured: &RecordBatch,
        is_shown: impl Fn(usize) -> bool,
        hidden: &[Option<&[bool]>],
    ) -> Result<Self, DataFusionError> {
        let shown: Vec<usize> = (0..measured.num_rows())
            .filter(|&row| is_shown(row))
            .collect();
        let copy = |array: &ArrayRef, hidden: &Option<&[bool]>| {
            let is_hidden = |row: usize| hidden.is_some_and(|hidden| hidden[row]);
            let rows = shown.iter().map(|&row| (!is_hidden(row)).then_some(row));
            copied(array, &rows.collect::<Vec<_>>())
        };
        let columns = measured.columns().iter().zip(hidden);
        let columns = columns
            .map(|(array, hidden)| copy(array, hidden))
            .collect::<Result<Vec<_>, _>>()?;
        let fields = measured.schema();
        let fields = fields.fields().iter().take(hidden.len());
        let fields: Vec<_> = fields
            .map(|field| field.as_ref().clone().with_nullable(true))
            .collect();
        let n_rows = RecordBatchOptions::new().with_row_count(Some(shown.len()));
        let schema = Arc::new(Schema::new(fields));
        let rows = RecordBatch::try_new_with_options(schema, columns, &n_rows)?;
        Ok(Self(rows))
    }

    #[cfg(test)]
    pub(super) fn rows(&self) -> &RecordBatch {
        &self.0
    }

    /// The rows as a plan whose columns have the names and qualifiers of `schema`.
    ///
    /// # Errors
    /// When rows and schema do not fit.
    pub(super) fn plan(
        schema: &DFSchema,
        batches: Vec<Self>,
    ) -> Result<LogicalPlan, DataFusionError> {
        as_plan(schema, batches.into_iter().map(|Self(rows)| rows).collect())
    }
}
