//! Arithmetic on whole numbers without wrapping around. The engine multiplies two columns of 16 bits within 16 bits, so that
//! 200 times 200 is -25,536, and a sum beyond 64 bits starts again below zero. Here `+`, `-` and `*` of whole numbers are of
//! 64 bits, whatever the columns' types; a product or a sum that does not fit is an error.

mod planner;
mod product;
mod sum;

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::registry::FunctionRegistry as _;
use datafusion::prelude::SessionContext;

pub(super) use product::NAME as PRODUCT;
pub(crate) use product::product_may_not_fit;

/// Puts products and sums that do not wrap around in place of the engine's.
pub(crate) fn register_whole(ctx: &mut SessionContext) -> Result<()> {
    SessionContext::register_udaf(ctx, sum::whole_sum());
    ctx.register_function_rewrite(Arc::new(product::CheckProducts))
}

/// The planner of operators between whole numbers: it comes before the engine's own.
pub(crate) fn whole_planner() -> Arc<dyn ExprPlanner> {
    Arc::new(planner::WholeOperators)
}

#[cfg(test)]
mod tests;
