//! What the engine plans but cannot run: refused in words when it is planned.

use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, LogicalPlan};

/// # Errors
/// When VALUES has a sub-query in it.
pub(super) fn check(plan: &LogicalPlan) -> Result<()> {
    plan.apply_with_subqueries(|node| {
        let LogicalPlan::Values(rows) = node else {
            return Ok(TreeNodeRecursion::Continue);
        };
        let is_subquery = |expr: &Expr| Ok(matches!(expr, Expr::ScalarSubquery(_)));
        for expr in rows.values.iter().flatten() {
            if expr.exists(is_subquery)? {
                let message = "VALUES cannot hold a sub-query: write `SELECT … UNION ALL SELECT …`";
                return Err(DataFusionError::Plan(message.to_owned()));
            }
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(())
}
