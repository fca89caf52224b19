//! Estimators as SQL relations: `att_gt((SELECT …), outcome => x, …)`. A relation is one file here that
//! defines its arguments and what to do with the gathered input, plus one line in [`registry`]. Planning is in [`planner`],
//! checks of arguments in [`bind`], execution in [`exec`] and [`run`]; [`permits`] decide how many run side by side. What a
//! relation is made of is in [`definition`].

mod adjust_p;
mod argument;
mod argument_error;
mod att;
mod bacon;
mod balance;
mod bind;
mod bound_arguments;
mod cluster_parts;
mod column_role;
mod columns;
mod compared_parts;
mod cutoff_arguments;
mod cutoff_meanings;
mod definition;
mod did_imputation;
mod difference;
mod effects;
mod equivalence;
mod estimate_table;
mod event_study_call;
mod event_study_input;
mod event_study_vcov;
mod exec;
mod group_time;
mod honest_did;
mod labels;
mod leave_one_out;
mod lee_bounds;
mod levels;
mod levels_call;
mod levels_rows;
mod node;
mod numbers;
mod ols;
mod ols_columns;
mod ols_diagnostics;
mod panel_call;
mod panel_relation;
mod panel_rows;
mod permits;
mod planner;
mod pool;
mod power;
mod power_design;
mod pretrend_power;
mod rd;
mod rd_bins;
mod rd_density;
mod rd_rows;
mod registry;
mod relation_error;
mod repeated;
mod resampling_arguments;
mod result;
mod result_column;
mod result_meanings;
mod roles;
mod run;
mod sensitivity_columns;
mod shared_arguments;
mod study_relation;
mod sun_abraham;
mod table_meanings;
mod tested;
mod two_stage;
mod unit_rows;
mod value_column;
mod variance_components;
mod westfall_young;

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::execution::session_state::SessionStateBuilder;

pub use argument::{ArgumentDefinition, ArgumentKind};
pub use argument_error::{ArgumentError, ArgumentProblem};
pub use bound_arguments::BoundArguments;
pub use column_role::ColumnRole;
pub use definition::{Gather, PreparedRelation, RelationDefinition};
pub use registry::RELATIONS;
pub use relation_error::RelationError;
pub use result_column::ResultColumn;
pub use result_meanings::result_columns;
pub use roles::Roles;

pub(crate) use exec::{ESTIMATING, relation_of};
pub(crate) use node::{kept, relation_name, roles};
pub(crate) use planner::{call_of, name_inputs, whole_table};
pub(crate) use registry::find;
pub(crate) use result_meanings::result_column;

/// Adds the relations' planners to a session under construction, and the permits of its engine.
pub(super) fn register(mut builder: SessionStateBuilder) -> Result<SessionStateBuilder> {
    let config = builder.config().get_or_insert_default();
    let permits = permits::Permits::new(config.target_partitions());
    config.set_extension(Arc::new(permits));
    Ok(builder
        .with_relation_planners(vec![Arc::new(planner::EstimatorPlanner)])
        .with_query_planner(Arc::new(exec::EstimatorQueryPlanner)))
}
