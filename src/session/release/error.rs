//! Why a result cannot leave.

use crate::session::SessionError;

/// Why a result cannot leave. No variant holds a value.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// A row of the result is a row of a table that holds no aggregates.
    #[error("the result has rows of `{table}`; with --release only grouped results leave")]
    Rows {
        /// The table.
        table: String,
    },
    /// A table or file that the project does not describe.
    #[error("nothing is known about what rows of `{table}` are, so they cannot be released")]
    UnknownTable {
        /// The table or file.
        table: String,
    },
    /// An aggregate table whose counts have no rule here.
    #[error("`{table}` holds counts that only the report protects")]
    OtherCounts {
        /// The table.
        table: String,
    },
    /// Grouping by what tells one person from another.
    #[error("groups of `{column}` are single persons or households")]
    GroupedByPerson {
        /// The column.
        column: String,
    },
    /// Several groupings in one statement.
    #[error(
        "several groupings in one statement (ROLLUP, CUBE, GROUPING SETS) cannot be protected together"
    )]
    SeveralGroupings,
    /// An aggregate that can show one person's value.
    #[error("`{function}` can show one person's value")]
    Aggregate {
        /// The function.
        function: String,
    },
    /// Persons can no longer be counted where the groups are formed.
    #[error("the query that is grouped has no column by which persons could be counted")]
    NoPersonColumn {
        /// The column to keep.
        column: String,
    },
    /// A relation whose rows have no rule here.
    #[error("results of `{relation}` cannot be released by SQL")]
    Relation {
        /// The relation.
        relation: String,
    },
    /// A part of SQL that cannot be checked.
    #[error("{what} cannot be checked")]
    Unchecked {
        /// The part.
        what: &'static str,
    },
    /// More groups than can be protected.
    #[error("the result has more than {limit} groups")]
    TooManyGroups {
        /// The most that are protected.
        limit: usize,
    },
    /// Everything stays back.
    #[error(
        "every group stays back: fewer than {min_count} persons each, or needed to protect those"
    )]
    AllHidden {
        /// The smallest count shown.
        min_count: u64,
    },
    /// `SUMMARIZE`.
    #[error("SUMMARIZE shows single persons' values")]
    Summary,
    /// `EXPLAIN ANALYZE`.
    #[error("EXPLAIN ANALYZE shows how many rows meet a condition")]
    Measured,
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] SessionError),
}

impl ReleaseError {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Rows { .. } | Self::Summary => {
                "count or average them: SELECT …, count(*), avg(…) … GROUP BY …"
            }
            Self::Measured => "EXPLAIN shows the statement's plan",
            Self::UnknownTable { .. } => {
                "ask the project's tables, or leave out --release inside the secure area"
            }
            Self::OtherCounts { .. } => "`korabo report` shows them protected",
            Self::GroupedByPerson { .. } => "group by a property of persons, like sex or age_band",
            Self::SeveralGroupings => "ask for one grouping",
            Self::Aggregate { .. } => {
                "count, sum, avg, stddev, var, covar, corr, regr_* and approx_distinct can be released"
            }
            Self::NoPersonColumn { column } => {
                return Some(format!("keep `{column}` in the inner SELECT"));
            }
            Self::Relation { .. } => {
                "att, att_gt, event_study, did_imputation, sun_abraham and ols can be released"
            }
            Self::Unchecked { .. } => "put it inside the query that is grouped",
            Self::TooManyGroups { .. } | Self::AllHidden { .. } => {
                "group by fewer or wider columns"
            }
            Self::Engine(_) => return None,
        };
        Some(text.to_owned())
    }
}
