//! Scalar functions within bounds. `repeat('x', 100000000000)`, `lpad`, `range`, chains of `replace` or `||` make much of
//! little, in one step, past the memory that the engine counts. Every function a statement calls is wrapped here: what
//! its result may come to is computed from its arguments first ([`growth`]); large batches go through in pieces; a value
//! or a batch beyond the bounds is refused; what is being made is reserved from the memory pool. A panic of a function is
//! an error of its statement.

mod call;
mod concatenation;
mod gathering;
mod growth;
mod planner;
mod rewrite;
mod widths;

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::execution::memory_pool::{MemoryLimit, MemoryPool};
use datafusion::logical_expr::ScalarUDF;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::registry::FunctionRegistry as _;
use datafusion::prelude::SessionContext;

use call::BoundedCall;
pub(crate) use widths::{each as widths_of, elements as elements_of};

/// Functions that the engine recognises by their type, and that make nothing large.
const AS_THEY_ARE: [&str; 4] = ["get_field", "log", "power", super::whole::PRODUCT];

/// How much functions may make.
#[derive(Debug)]
struct Bounds {
    /// Bytes of one value that a function made larger than its arguments.
    value: usize,
    /// Bytes of the values of one batch.
    batch: usize,
    pool: Arc<dyn MemoryPool>,
}

impl Bounds {
    /// With a memory limit of 1 GiB one value may have 16 MiB and a batch 32 MiB; more with more memory, up to 128 MiB and
    /// 1 GiB: arrays of text end at 2 GiB. Several batches of a statement, and of several statements, are there at once.
    fn of(pool: &Arc<dyn MemoryPool>) -> Self {
        let limit = match pool.memory_limit() {
            MemoryLimit::Finite(bytes) => bytes,
            MemoryLimit::Infinite | MemoryLimit::Unknown => usize::MAX,
        };
        Self {
            value: (limit / 64).clamp(16 * MIB, 128 * MIB),
            batch: most_of_a_batch(limit),
            pool: Arc::clone(pool),
        }
    }
}

const MIB: usize = 1 << 20;

/// Bytes that a batch may have under a memory limit.
pub(crate) fn most_of_a_batch(limit: usize) -> usize {
    (limit / 32).clamp(32 * MIB, 1024 * MIB)
}

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

/// The same function within bounds.
fn bounded(function: &Arc<ScalarUDF>, bounds: &Arc<Bounds>) -> ScalarUDF {
    if AS_THEY_ARE.contains(&function.name()) {
        return function.as_ref().clone();
    }
    let inner = match function.inner().downcast_ref::<BoundedCall>() {
        Some(call) => call.inner(),
        None => function,
    };
    ScalarUDF::new_from_impl(BoundedCall::new(Arc::clone(inner), Arc::clone(bounds)))
}

#[cfg(test)]
mod tests;
