//! Estimators as SQL relations: `att_gt((SELECT …), outcome => x, …)`. A relation is one file here that
//! defines its arguments and what to do with the gathered input, plus one line in [`RELATIONS`].
//! Planning is in [`planner`], argument checks in [`args`], execution in [`exec`] and [`run`]; [`permits`] decide how many run side
//! by side.

mod args;
mod argument_error;
mod att;
mod bacon;
mod balance;
mod cohorts;
mod column_role;
mod columns;
mod did_imputation;
mod effects;
mod exec;
mod gather;
mod group_time;
mod node;
mod ols;
mod ols_columns;
mod ols_diagnostics;
mod panel_call;
mod panel_relation;
mod panel_rows;
mod permits;
mod planner;
mod repeated;
mod result;
mod roles;
mod run;
mod sun_abraham;

use std::fmt::Debug;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::execution::session_state::SessionStateBuilder;

pub use args::{ArgumentDefinition, ArgumentKind, BoundArguments};
pub use argument_error::{ArgumentError, ArgumentProblem};
pub use column_role::ColumnRole;

pub(crate) use exec::{ESTIMATING, relation_of};
pub(crate) use node::relation_name;
pub(crate) use planner::{call_of, name_inputs};
pub use roles::Roles;
pub(crate) use roles::roles;

use crate::diagnostic::counted;
use gather::LARGEST_PERIOD;
use korabo_estimators::{EstimatorError, Status};

/// Every relation SQL can call.
pub const RELATIONS: &[RelationDefinition] = &[
    group_time::ATT_GT,
    att::ATT,
    att::EVENT_STUDY,
    effects::EFFECTS,
    ols::OLS,
    sun_abraham::SUN_ABRAHAM,
    bacon::BACON,
    balance::BALANCE,
    ols_diagnostics::OLS_DIAGNOSTICS,
    group_time::ATT_GT_DIAGNOSTICS,
    did_imputation::DID_IMPUTATION,
    did_imputation::DID_IMPUTATION_DIAGNOSTICS,
    sun_abraham::SUN_ABRAHAM_DIAGNOSTICS,
];

/// One relation: its name, its documentation, its arguments and how to prepare it.
#[derive(Debug)]
pub struct RelationDefinition {
    /// Name in SQL.
    pub name: &'static str,
    /// The call in one line.
    pub usage: &'static str,
    /// What it estimates.
    pub description: &'static str,
    /// A statement that runs on the sample project.
    pub example: &'static str,
    /// Named arguments beyond the input.
    pub arguments: &'static [ArgumentDefinition],
    /// A positional second argument, when the relation takes one.
    pub positional: Option<&'static str>,
    /// Turns checked arguments into something that can run.
    pub prepare: fn(&BoundArguments) -> Result<Arc<dyn PreparedRelation>, ArgumentProblem>,
}

/// A relation whose arguments are checked: knows its input columns and result schema.
pub trait PreparedRelation: Debug + Send + Sync {
    /// Positions in the input of the columns it needs, in the order [`Gather::push`] gets them.
    fn input_columns(&self) -> Vec<usize>;
    /// What those columns are for.
    fn roles(&self) -> Roles {
        Roles::default()
    }
    /// Schema of the rows it returns.
    fn schema(&self) -> SchemaRef;
    /// Starts taking in rows.
    fn gather(&self) -> Box<dyn Gather>;
    /// The rows, without numbers, where there is nothing to work on (see [`EstimatorError::nothing_to_estimate`]), so that a
    /// query over many outcomes or groups survives one that is empty. `None`: such input is refused.
    fn nothing(&self, status: Status) -> Option<Result<RecordBatch, RelationError>> {
        let _ = status;
        None
    }
}

/// Takes in the input batch by batch, then estimates.
pub trait Gather: Send {
    /// Makes room for about this many rows, so that columns do not grow by copying.
    fn reserve(&mut self, n_rows: usize);
    /// Takes in one batch with the columns asked for, in that order; a column asked for twice is there twice.
    ///
    /// # Errors
    /// When a column's type cannot be used.
    fn push(&mut self, batch: &RecordBatch) -> Result<(), RelationError>;
    /// Bytes held so far.
    fn bytes(&self) -> usize;
    /// Bytes to be reserved from the memory pool: what is held so far, and what estimating from it takes on top. Measured with two
    /// million rows, panels take up to 2.6 times what was gathered.
    fn needed(&self) -> usize {
        self.bytes().saturating_mul(3)
    }
    /// The result rows.
    ///
    /// # Errors
    /// When the estimator refuses the input.
    fn estimate(self: Box<Self>) -> Result<RecordBatch, RelationError>;
}

/// Why a relation returned no rows.
#[derive(Debug, thiserror::Error)]
pub enum RelationError {
    /// The estimator refused its input.
    #[error("`{relation}` refused its input")]
    Refused {
        /// The relation.
        relation: &'static str,
        /// Why.
        #[source]
        source: EstimatorError,
    },
    /// A column has a type the relation cannot use.
    #[error("`{relation}`: column `{column}` must be {expected}, found {found}")]
    ColumnType {
        /// The relation.
        relation: &'static str,
        /// The column.
        column: String,
        /// What would do.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// Who is treated, or takes part, is neither yes nor no.
    #[error(
        "`{relation}`: column `{column}` (argument `{argument}`) must hold yes/no, or 1 and 0; {} another number",
        hold(*n_rows)
    )]
    NotYesNo {
        /// The relation.
        relation: &'static str,
        /// The argument that names the column.
        argument: &'static str,
        /// The column.
        column: String,
        /// Rows with another number.
        n_rows: u64,
    },
    /// Periods or cohorts are too far from zero.
    #[error("`{relation}`: column `{column}` holds {what} beyond ±{LARGEST_PERIOD}; {hint}")]
    PeriodRange {
        /// The relation.
        relation: &'static str,
        /// The column.
        column: String,
        /// Periods or cohorts.
        what: &'static str,
        /// How to write it.
        hint: String,
    },
    /// Cohorts at or below zero beside periods above it: a code for "never", as in R, not a period.
    #[error(
        "`{relation}`: column `{column}` is 0 or less in {}, while all periods are above 0; write never exposed as NULL: \
         `nullif({}, 0)`; leave out units exposed before the first period",
        counted(*n_rows, "row", "rows"),
        column_role::quoted(column)
    )]
    CohortOfZero {
        /// The relation.
        relation: &'static str,
        /// The column.
        column: String,
        /// Rows concerned.
        n_rows: u64,
    },
    /// A column of `by` has too many levels.
    #[error(
        "`{relation}`: column `{column}` (argument `{argument}`) has {n_levels} levels, more than {limit}; each is an estimate of its own: \
         group them first"
    )]
    TooManyLevels {
        /// The relation.
        relation: &'static str,
        /// The argument that names the column.
        argument: &'static str,
        /// The column.
        column: String,
        /// Its levels.
        n_levels: usize,
        /// The limit.
        limit: usize,
    },
    /// A result could not be put into a batch.
    #[error("cannot build the rows of `{relation}`")]
    Rows {
        /// The relation.
        relation: &'static str,
        /// Why.
        #[source]
        source: datafusion::arrow::error::ArrowError,
    },
}

fn hold(n_rows: u64) -> String {
    let verb = if n_rows == 1 { "holds" } else { "hold" };
    format!("{} {verb}", counted(n_rows, "row", "rows"))
}

pub(super) fn register(mut builder: SessionStateBuilder) -> Result<SessionStateBuilder> {
    let config = builder.config().get_or_insert_default();
    let permits = permits::Permits::new(config.target_partitions());
    config.set_extension(Arc::new(permits));
    Ok(builder
        .with_relation_planners(vec![Arc::new(planner::EstimatorPlanner)])
        .with_query_planner(Arc::new(exec::EstimatorQueryPlanner)))
}

/// Whether `name` is a relation, however it is written.
pub(crate) fn find(name: &str) -> Option<&'static RelationDefinition> {
    RELATIONS
        .iter()
        .find(|relation| relation.name.eq_ignore_ascii_case(name))
}
