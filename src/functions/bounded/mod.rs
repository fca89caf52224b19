//! Scalar functions within bounds. `repeat('x', 100000000000)`, `lpad`, `range`, chains of `replace` or `||` make much of
//! little, in one step, past the memory that the engine counts. Every function a statement calls is wrapped here: what
//! its result may come to is computed from its arguments first ([`growth`]); large batches go through in pieces; a value
//! or a batch beyond the bounds is refused; what is being made is reserved from the memory pool. A panic of a function is
//! an error of its statement.

mod bounds;
mod call;
mod concatenation;
mod gathering;
mod growth;
mod planner;
mod rewrite;
mod widths;

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::registry::FunctionRegistry as _;
use datafusion::prelude::SessionContext;

use bounds::Bounds;
use call::bounded;

pub(crate) use bounds::most_of_a_batch;
pub(crate) use widths::{each as widths_of, elements as elements_of};

/// Puts bounds on every scalar function of a context, on those that its planner makes of operators and literals, and on
/// aggregates that gather over windows. What they make is reserved from the context's pool.
pub(crate) fn bound_functions(ctx: &mut SessionContext) -> Result<()> {
    let bounds = Arc::new(Bounds::of(&ctx.runtime_env().memory_pool));
    let functions = ctx.state().scalar_functions().clone();
    for (name, function) in functions {
        // Aliases come with their function.
        if name == function.name() {
            SessionContext::register_udf(ctx, bounded(&function, &bounds));
        }
    }
    ctx.register_function_rewrite(Arc::new(rewrite::BoundCalls::new(bounds)))
}

/// Planners of literals that keep to the bounds: they come before the engine's own.
pub(crate) fn bounded_planners(pool: &Arc<dyn MemoryPool>) -> Vec<Arc<dyn ExprPlanner>> {
    vec![Arc::new(planner::BoundLiterals::new(Arc::new(Bounds::of(
        pool,
    ))))]
}

#[cfg(test)]
mod tests;
