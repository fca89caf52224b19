//! The engine's push-down of filters, without a step that changes results. In this version a condition without a column, as `'a' = 'b'` is when
//! `kind = 'b'` meets the constant `'a' AS kind`, moves below a grouping without keys: that yields a row even of no rows, so that
//! `SELECT * FROM (SELECT 'a' AS kind, count(*) FROM t UNION ALL …) WHERE kind = 'b'` had a row of `'a'`.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::optimizer::{ApplyOrder, Optimizer};
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

/// The name of the engine's rule.
const PUSH_DOWN: &str = "push_down_filter";

/// The engine's rules of the logical optimizer, the push-down of filters guarded.
pub(super) fn trusted_rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let guarded = |rule: Arc<dyn OptimizerRule + Send + Sync>| match rule.name() {
        PUSH_DOWN => Arc::new(GuardedPushDown(rule)),
        _ => rule,
    };
    Optimizer::new().rules.into_iter().map(guarded).collect()
}

#[derive(Debug)]
struct GuardedPushDown(Arc<dyn OptimizerRule + Send + Sync>);

impl OptimizerRule for GuardedPushDown {
    fn name(&self) -> &str {
        PUSH_DOWN
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        match is_above_one_group(&plan) {
            true => Ok(Transformed::no(plan)),
            false => self.0.rewrite(plan, config),
        }
    }
}

/// Whether the plan filters what a grouping without keys yields: no condition can be asked of its input instead.
fn is_above_one_group(plan: &LogicalPlan) -> bool {
    let LogicalPlan::Filter(filter) = plan else {
        return false;
    };
    match filter.input.as_ref() {
        LogicalPlan::Aggregate(grouping) => grouping.group_expr.is_empty(),
        _ => false,
    }
}
