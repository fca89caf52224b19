//! What was measured of each group, found again by the group's keys.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type, Schema};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::common::{Column, DFSchema, DataFusionError};
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::prelude::{DataFrame, Expr};
use futures::TryStreamExt as _;

use super::error::ReleaseError;

/// The rows of a plan in one batch.
///
/// # Errors
/// When there are more than `limit`, or computing them fails; which data made it fail is not said.
pub(super) async fn collect(
    state: &SessionState,
    plan: LogicalPlan,
    limit: usize,
) -> Result<RecordBatch, ReleaseError> {
    let frame = DataFrame::new(state.clone(), plan);
    let failed = |_| ReleaseError::NotComputed;
    let mut stream = frame.execute_stream().await.map_err(failed)?;
    let schema = stream.schema();
    let (mut batches, mut n_rows) = (Vec::new(), 0);
    while let Some(batch) = stream.try_next().await.map_err(failed)? {
        n_rows += batch.num_rows();
        if n_rows > limit {
            return Err(ReleaseError::TooManyGroups { limit });
        }
        batches.push(batch);
    }
    concat_batches(&schema, &batches).map_err(|_| ReleaseError::NotComputed)
}

/// Rows as a plan whose columns have the names and qualifiers of `schema`.
///
/// # Errors
/// When rows and schema do not fit.
pub(super) fn as_plan(
    schema: &DFSchema,
    batches: Vec<RecordBatch>,
) -> Result<LogicalPlan, DataFusionError> {
    let fields: Vec<_> = schema
        .fields()
        .iter()
        .enumerate()
        .map(|(idx, field)| {
            // Types that the engine unifies are known once it has computed them.
            let known = batches.first().map(|rows| rows.column(idx).data_type());
            let data_type = known.unwrap_or(field.data_type()).clone();
            let field = field.as_ref().clone().with_data_type(data_type);
            field.with_name(format!("c{idx}")).with_nullable(true)
        })
        .collect();
    let named = Arc::new(Schema::new(fields));
    let renamed = batches.into_iter().map(|rows| {
        // Without columns a batch has no array to take its length from.
        let n_rows = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        let columns = rows.columns().to_vec();
        RecordBatch::try_new_with_options(Arc::clone(&named), columns, &n_rows)
    });
    let renamed = renamed.collect::<Result<Vec<_>, _>>()?;
    let table = MemTable::try_new(named, vec![renamed])?;
    let names = schema.iter().enumerate().map(|(idx, (qualifier, field))| {
        Expr::Column(Column::new_unqualified(format!("c{idx}")))
            .alias_qualified(qualifier.cloned(), field.name())
    });
    let source = provider_as_source(Arc::new(table));
    LogicalPlanBuilder::scan("released", source, None)?
        .project(names.collect::<Vec<Expr>>())?
        .build()
}

/// Groups by their keys.
pub(super) struct Groups {
    numbers: HashMap<Vec<u8>, usize>,
    n_keys: usize,
}

impl Groups {
    /// The groups of a batch whose first columns are their keys.
    pub(super) fn of(measured: &RecordBatch, n_keys: usize) -> Result<Self, DataFusionError> {
        let keys = keys(measured, n_keys)?.into_iter().enumerate();
        Ok(Self {
            numbers: keys.map(|(group, key)| (key, group)).collect(),
            n_keys,
        })
    }

    pub(super) fn n_keys(&self) -> usize {
        self.n_keys
    }

    /// The group of every row of another batch, and its columns after the keys.
    pub(super) fn find(
        &self,
        answers: &RecordBatch,
    ) -> Result<Vec<(usize, usize)>, DataFusionError> {
        let keys = keys(answers, self.n_keys)?.into_iter().enumerate();
        let found = keys.map(|(row, key)| {
            let group = self.numbers.get(&key).copied();
            group.map(|group| (row, group))
        });
        let found: Option<Vec<_>> = found.collect();
        found.ok_or_else(|| DataFusionError::Internal("a group was not found again".to_owned()))
    }
}

fn keys(batch: &RecordBatch, n_keys: usize) -> Result<Vec<Vec<u8>>, DataFusionError> {
    let columns: Vec<ArrayRef> = batch.columns()[..n_keys].to_vec();
    if columns.is_empty() {
        return Ok(vec![Vec::new(); batch.num_rows()]);
    }
    let fields = columns.iter();
    let fields = fields.map(|array| SortField::new(array.data_type().clone()));
    let rows = RowConverter::new(fields.collect())?.convert_columns(&columns)?;
    Ok(rows.iter().map(|row| row.as_ref().to_vec()).collect())
}

/// Counts of a column; missing ones are 0.
pub(super) fn counts(batch: &RecordBatch, column: usize) -> Result<Vec<u64>, DataFusionError> {
    let array = cast(batch.column(column), &DataType::Int64)?;
    let array = array.as_primitive::<Int64Type>();
    let count = |row: usize| match array.is_valid(row) {
        true => array.value(row).unsigned_abs(),
        false => 0,
    };
    Ok((0..array.len()).map(count).collect())
}

/// Numbers of a column; missing ones are 0.
pub(super) fn sizes(batch: &RecordBatch, column: usize) -> Result<Vec<f64>, DataFusionError> {
    let array = cast(batch.column(column), &DataType::Float64)?;
    let array = array.as_primitive::<Float64Type>();
    let size = |row: usize| match array.is_valid(row) {
        true => array.value(row),
        false => 0.0,
    };
    Ok((0..array.len()).map(size).collect())
}

/// A number for every different value.
pub(super) fn numbered(array: &ArrayRef) -> Result<Vec<usize>, DataFusionError> {
    let converter = RowConverter::new(vec![SortField::new(array.data_type().clone())])?;
    let rows = converter.convert_columns(&[Arc::clone(array)])?;
    let mut numbers = HashMap::new();
    let numbered = rows.iter().map(|row| {
        let next = numbers.len();
        *numbers.entry(row.owned()).or_insert(next)
    });
    Ok(numbered.collect())
}
