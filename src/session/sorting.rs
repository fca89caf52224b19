//! By which columns the rows of a plan come sorted, for files that can say so.

use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties as _};

/// A column that rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortedColumn {
    /// Its position in the result, from 0.
    pub index: usize,
    /// From the largest value to the smallest.
    pub is_descending: bool,
    /// NULL comes before every value.
    pub has_nulls_first: bool,
}

/// The columns that the rows of `plan` are sorted by, the first one first; empty when they come in no
/// certain order.
#[must_use]
pub fn sorting_of(plan: &dyn ExecutionPlan) -> Vec<SortedColumn> {
    // Rows of several partitions are taken as they come.
    if plan.output_partitioning().partition_count() != 1 {
        return Vec::new();
    }
    let ordering = plan.output_ordering().into_iter().flatten();
    ordering
        .map_while(|sorted| {
            let column = sorted.expr.downcast_ref::<Column>()?;
            Some(SortedColumn {
                index: column.index(),
                is_descending: sorted.options.descending,
                has_nulls_first: sorted.options.nulls_first,
            })
        })
        .collect()
}
