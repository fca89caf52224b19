//! Everything SQL can call that DataFusion does not bring: three scalar functions and the statistical
//! relations; and the bounds of all scalar functions, DataFusion's included. The statistics are in `estimators`; here they
//! get names, arguments and result columns.

mod bounded;
mod relation;
mod scalar;
mod whole;

use datafusion::common::Result;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::SessionContext;

pub use relation::{
    ArgumentDefinition, ArgumentError, ArgumentKind, ArgumentProblem, BoundArguments, ColumnRole,
    Gather, PreparedRelation, RELATIONS, RelationDefinition, RelationError, ResultColumn, Roles,
    result_columns,
};

pub(crate) use bounded::{
    bound_functions, bounded_planners, elements_of, most_of_a_batch, widths_of,
};
pub(crate) use relation::{
    ESTIMATING, call_of as relation_call, find as find_relation, kept, name_inputs, relation_name,
    relation_of, result_column, roles, whole_table,
};
pub(crate) use whole::{product_may_not_fit, register_whole, whole_planner};

/// Registers every function with a context. Relations come with [`with_relations`].
pub(crate) fn register_scalars(ctx: &SessionContext) {
    for function in scalar::all() {
        ctx.register_udf(function);
    }
}

/// Adds the relations' SQL planner and physical planner to a session under construction.
pub(crate) fn with_relations(builder: SessionStateBuilder) -> Result<SessionStateBuilder> {
    relation::register(builder)
}
