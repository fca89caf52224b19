//! Rows that are too wide to be repeated. Joins, windows and `unnest` write a value of one row into thousands of others, and a
//! constant is written into every row of a batch, in one step and past the memory that the engine counts: a text of 16 MB in
//! a row that a join repeats makes 128 GB. Below such steps every batch is checked; a row that, repeated over a whole batch,
//! would be more than a batch may have is refused. What is to be unnested comes in pieces.

use std::sync::Arc;

use datafusion::arrow::array::Array as _;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{
    Transformed, TransformedResult as _, TreeNode as _, TreeNodeRecursion,
};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::execution::memory_pool::{MemoryLimit, MemoryPool};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, InListExpr, Literal};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::placeholder_row::PlaceholderRowExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::unnest::UnnestExec;
use datafusion::physical_plan::{ChildrenPropertiesMode, ExecutionPlan, ReplaceChildrenOptions};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::passing::{Pass, step};
use crate::functions::{elements_of, most_of_a_batch, widths_of};

/// The name in plans of the step that checks rows.
pub(super) const STEP: &str = "WideRowsExec";

/// The rule of the physical optimizer.
#[derive(Debug)]
pub(super) struct WideRows {
    /// Bytes that a batch may have.
    most: u64,
}

impl WideRows {
    pub(super) fn new(pool: &Arc<dyn MemoryPool>) -> Self {
        Self {
            most: most(pool.as_ref()),
        }
    }
}

fn most(pool: &dyn MemoryPool) -> u64 {
    most_of_a_batch(match pool.memory_limit() {
        MemoryLimit::Finite(bytes) => bytes,
        MemoryLimit::Infinite | MemoryLimit::Unknown => usize::MAX,
    }) as u64
}

impl PhysicalOptimizerRule for WideRows {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        options: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let batch_size = options.execution.batch_size.get() as u64;
        let checked = |plan: Arc<dyn ExecutionPlan>| {
            let is_of_one_row = plan
                .downcast_ref::<ProjectionExec>()
                .is_some_and(|projection| projection.input().is::<PlaceholderRowExec>());
            if !is_of_one_row {
                check_constants(plan.as_ref(), batch_size, self.most)?;
            }
            below_repeating(plan)
        };
        plan.transform_up(checked).data()
    }

    fn name(&self) -> &'static str {
        "WideRows"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Refuses a step whose expressions, computed for every row, have constants that make a row too wide for a whole batch of them:
/// columns of a projection or of a scan that took one over, arguments, and what is sorted by.
fn check_constants(plan: &dyn ExecutionPlan, batch_size: u64, most: u64) -> Result<()> {
    /// Bytes of a computed value at least; columns are passed on as they are.
    const COMPUTED: u64 = 8;
    let mut row = 0_u64;
    plan.apply_expressions(&mut |expr| {
        if !expr.is::<Column>() {
            row = row.saturating_add(largest_constant(expr)?.max(COMPUTED));
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    if row.saturating_mul(batch_size) > most {
        return Err(too_wide(row, most / batch_size.max(1)));
    }
    Ok(())
}

/// Bytes of the largest constant that an expression may write into every row. Lists to look in, and what a value is compared with,
/// stay where they are.
fn largest_constant(expr: &Arc<dyn PhysicalExpr>) -> Result<u64> {
    let mut largest = 0;
    expr.apply(|expr| {
        if expr.is::<InListExpr>() {
            return Ok(TreeNodeRecursion::Jump);
        }
        if let Some(compared) = expr.downcast_ref::<BinaryExpr>()
            && compared.op().supports_propagation()
        {
            for side in [compared.left(), compared.right()] {
                if !side.is::<Literal>() {
                    largest = largest.max(largest_constant(side)?);
                }
            }
            return Ok(TreeNodeRecursion::Jump);
        }
        if let Some(literal) = expr.downcast_ref::<Literal>() {
            let own = literal.value().size();
            let beside = own.saturating_sub(size_of::<ScalarValue>());
            largest = largest.max(beside as u64);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(largest)
}

fn too_wide(row: u64, most: u64) -> DataFusionError {
    DataFusionError::ResourcesExhausted(format!(
        "a row of {row} bytes is too wide to be repeated: with this --memory-limit joins, windows, `unnest` and lists of \
         columns take rows of at most {most} bytes; shorten its texts and lists first, or leave them out"
    ))
}

/// Puts the checking step below those that repeat values.
fn below_repeating(plan: Arc<dyn ExecutionPlan>) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    let list_columns: Option<Vec<usize>> = match plan.downcast_ref::<UnnestExec>() {
        Some(unnest) => {
            let columns = unnest.list_column_indices().iter();
            Some(columns.map(|column| column.index_in_input_schema).collect())
        }
        None => None,
    };
    let is_repeating = plan.name().contains("Join") || plan.name().contains("WindowAgg");
    if !is_repeating && list_columns.is_none() {
        return Ok(Transformed::no(plan));
    }
    let check = RowCheck { list_columns };
    let children = plan.children().into_iter();
    let children = children.map(|input| step(Arc::clone(input), check.clone()));
    let children = children.collect();
    let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep);
    Ok(Transformed::yes(plan.replace_children(children, options)?))
}

/// Checks the width of every row, or takes what is to be unnested apart.
#[derive(Debug, Clone)]
struct RowCheck {
    /// Columns that are to be unnested.
    list_columns: Option<Vec<usize>>,
}

impl Pass for RowCheck {
    const STEP: &'static str = STEP;

    fn rows(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let most = most(context.memory_pool().as_ref());
        let most_of_a_row = most / context.session_config().batch_size() as u64;
        let input = input.execute(partition, context)?;
        let schema = input.schema();
        let list_columns = self.list_columns.clone();
        let pieces = input.map(move |batch| {
            let batch = batch?;
            let pieces = match &list_columns {
                None => {
                    check_rows(&batch, most_of_a_row)?;
                    vec![batch]
                }
                Some(columns) => to_be_unnested(&batch, columns, most)?,
            };
            Ok::<_, DataFusionError>(stream::iter(pieces.into_iter().map(Ok)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            schema,
            pieces.try_flatten(),
        )))
    }
}

fn check_rows(batch: &RecordBatch, most: u64) -> Result<()> {
    let is_narrow = |column: usize| batch.column(column).data_type().is_primitive();
    let columns: Vec<usize> = (0..batch.num_columns())
        .filter(|column| !is_narrow(*column))
        .collect();
    let widths = row_widths(batch, &columns);
    match widths.into_iter().max() {
        Some(widest) if widest > most => Err(too_wide(widest, most)),
        _ => Ok(()),
    }
}

fn row_widths(batch: &RecordBatch, columns: &[usize]) -> Vec<u64> {
    let mut sums = vec![0_u64; batch.num_rows()];
    for column in columns {
        let widths = widths_of(batch.column(*column).as_ref());
        for (sum, width) in sums.iter_mut().zip(widths) {
            *sum += width;
        }
    }
    sums
}

/// The batch in pieces that, unnested, have few bytes.
fn to_be_unnested(
    batch: &RecordBatch,
    list_columns: &[usize],
    most: u64,
) -> Result<Vec<RecordBatch>> {
    const ENOUGH: u64 = 8 << 20;
    // A row's list is as wide as all of its elements; there are at most as many as it has bytes.
    let lists = row_widths(batch, list_columns);
    let all: Vec<usize> = (0..batch.num_columns())
        .filter(|column| !list_columns.contains(column))
        .collect();
    let others = row_widths(batch, &all);
    let elements = longest_lists(batch, list_columns);
    let mut pieces = Vec::new();
    let (mut start, mut sum) = (0, 0_u64);
    for row in 0..batch.num_rows() {
        let made = lists[row].saturating_add(others[row].saturating_mul(elements[row]));
        if made > most {
            return Err(too_wide(others[row].max(lists[row]), most));
        }
        if sum.saturating_add(made) > ENOUGH && row > start {
            pieces.push(batch.slice(start, row - start));
            (start, sum) = (row, 0);
        }
        sum = sum.saturating_add(made);
    }
    pieces.push(batch.slice(start, batch.num_rows() - start));
    Ok(pieces)
}

/// Elements of the longest list of each row.
fn longest_lists(batch: &RecordBatch, list_columns: &[usize]) -> Vec<u64> {
    let mut longest = vec![0_u64; batch.num_rows()];
    for column in list_columns {
        let list = batch.column(*column);
        let is_deep = |field: &FieldRef| field.data_type().is_nested();
        let elements = match list.data_type() {
            // As if it were unnested to the bottom, of elements of one byte.
            DataType::List(field) | DataType::LargeList(field) if is_deep(field) => {
                widths_of(list.as_ref())
            }
            _ => elements_of(list.as_ref()),
        };
        for (longest, n) in longest.iter_mut().zip(elements) {
            *longest = (*longest).max(n);
        }
    }
    longest
}

#[cfg(test)]
mod tests;
