//! Why a relation returned no rows, and the names of columns in such errors.

use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::error::ArrowError;

use super::column_role::quoted;
use crate::diagnostic::counted;
use korabo_estimators::EstimatorError;

/// Periods and cohorts lie within this distance from zero, so that the time between two of them is a 32-bit number too.
pub(super) const LARGEST_PERIOD: i32 = 1_000_000_000;

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
        quoted(column)
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
        source: ArrowError,
    },
}

fn hold(n_rows: u64) -> String {
    let verb = if n_rows == 1 { "holds" } else { "hold" };
    format!("{} {verb}", counted(n_rows, "row", "rows"))
}

/// Names one column of one relation in errors.
#[derive(Debug, Clone)]
pub(super) struct ColumnName {
    pub(super) relation: &'static str,
    pub(super) column: String,
}

impl ColumnName {
    /// The error of a column whose type cannot be used.
    pub(super) fn wrong_type(&self, expected: &'static str, found: &DataType) -> RelationError {
        RelationError::ColumnType {
            relation: self.relation,
            column: self.column.clone(),
            expected,
            found: found.to_string(),
        }
    }

    /// An estimator's refusal; that of a treatment other than yes and no names the column.
    pub(super) fn refused_treatment(&self, source: EstimatorError) -> RelationError {
        let relation = self.relation;
        match source {
            EstimatorError::NotBinary { n_rows, .. } => RelationError::NotYesNo {
                relation,
                argument: "treated",
                column: self.column.clone(),
                n_rows,
            },
            source => RelationError::Refused { relation, source },
        }
    }
}
