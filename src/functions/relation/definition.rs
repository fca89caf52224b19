//! What a relation is: its definition, a checked call of it ([`PreparedRelation`]), and the rows it gathers before it estimates
//! ([`Gather`]).

use std::fmt::Debug;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;

use super::argument::ArgumentDefinition;
use super::argument_error::{ArgumentError, ArgumentProblem, StatementPosition};
use super::bound_arguments::BoundArguments;
use super::relation_error::RelationError;
use super::roles::Roles;
use korabo_estimators::Status;

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

impl RelationDefinition {
    /// The error of a call with this problem at `place`.
    pub(super) fn error(
        &'static self,
        place: StatementPosition,
        problem: ArgumentProblem,
    ) -> ArgumentError {
        ArgumentError {
            relation: self.name,
            line: place.line,
            column: place.column,
            problem,
            usage: self.usage,
        }
    }
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
    /// How many of the input columns, from the first on, are the first columns of the result as they are.
    fn n_kept(&self) -> usize {
        0
    }
    /// Starts gathering rows.
    fn gather(&self) -> Box<dyn Gather>;
    /// The rows, without numbers, where there is nothing to work on (see [`korabo_estimators::EstimatorError::nothing_to_estimate`]), so that a
    /// query over many outcomes or groups survives one that is empty. `None`: such input is refused.
    fn nothing(&self, status: Status) -> Option<Result<RecordBatch, RelationError>> {
        let _ = status;
        None
    }
}

/// Gathers the input batch by batch, then estimates.
pub trait Gather: Send {
    /// Makes room for about this many rows, so that columns do not grow by copying.
    fn reserve(&mut self, n_rows: usize);
    /// Adds one batch with the columns asked for, in that order; a column asked for twice is there twice.
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
