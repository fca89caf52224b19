//! Why a result cannot leave.

use datafusion::common::DataFusionError;

use crate::session::error::SessionError;

/// Why it is not known what was told.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// A user was told as much as the project allows.
    #[error("you have had all {budget} answers that `answers_per_user` of korabo.toml allows")]
    UsedUp {
        /// How many those are.
        budget: usize,
    },
    /// It cannot be read or written.
    #[error(transparent)]
    Unusable(Box<dyn std::error::Error + Send + Sync>),
}

impl MemoryError {
    /// What was told cannot be read or written.
    pub fn unusable(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unusable(Box::new(error))
    }
}

/// Why a result cannot leave. No variant holds a value.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// A row of the result is a row of a table that holds no aggregates.
    #[error("the result has rows of `{table}`; with --release only grouped results are released")]
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
    /// What was told before is not known, or too much was.
    #[error("what has left before allows no further answer")]
    Memory(#[source] MemoryError),
    /// Two groupings of one statement over rows that may differ by few.
    #[error(
        "two groupings of this statement are about different rows of the same table: their difference could be few persons"
    )]
    OtherRows,
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
    /// Rows that are about a record of a person whom only another table names.
    #[error("rows of `{table}` are records without a person: persons cannot be counted")]
    NoPersonTable {
        /// The table.
        table: String,
        /// The columns that name the record.
        columns: Vec<String>,
    },
    /// What tells persons apart is computed with, or compared.
    #[error(
        "`{column}` identifies single persons or households: nothing is computed from it or compared with it"
    )]
    ComputedPerson {
        /// The column.
        column: String,
    },
    /// An expression that is not of one row, or could fail.
    #[error("{what} cannot be used below a grouping")]
    Expression {
        /// The function, operator or part of SQL.
        what: String,
    },
    /// A step of a plan that may not stand below a grouping.
    #[error("a grouping of persons cannot be over {what}")]
    Below {
        /// The step.
        what: &'static str,
    },
    /// A table whose numbers are protected, joined to persons.
    #[error("`{table}` holds protected numbers: it is not joined to rows of persons")]
    ProtectedBelow {
        /// The table.
        table: String,
    },
    /// A join after which it is not known whom a row belongs to.
    #[error(
        "a join below a grouping needs an equality of columns, one of them of the other table's key"
    )]
    Join,
    /// Persons joined to other persons.
    #[error("two tables of persons are joined without an equality of their persons")]
    JoinOfPersons,
    /// An outer join whose rows may have no person.
    #[error("in this outer join a row can be without its person")]
    OuterJoin,
    /// An aggregate by person that is not one number.
    #[error("`{function}` of one person's rows cannot be grouped further")]
    InnerAggregate {
        /// The function.
        function: String,
    },
    /// A number that mixes conditions with values.
    #[error(
        "the argument of `{function}` mixes conditions or several columns: single values could be worked out from it"
    )]
    Argument {
        /// The aggregate or relation.
        function: String,
    },
    /// Different functions of one column in one grouping.
    #[error(
        "different functions of one column are asked for together: from their sums single values could be worked out"
    )]
    SeveralFunctions,
    /// `count(DISTINCT …)` of something computed.
    #[error(
        "count(DISTINCT …) of anything but persons, or of households under a condition, can reveal single persons"
    )]
    CountDistinct,
    /// A number that sums would tell too much of.
    #[error("a number in an aggregate cannot have {what}")]
    NotPlain {
        /// What is in it.
        what: &'static str,
    },
    /// A relation over numbers that are computed.
    #[error("`{relation}`: numbers must be columns of tables")]
    NotColumn {
        /// The relation.
        relation: String,
    },
    /// A polynomial that can follow single persons.
    #[error(
        "`{relation}`: powers of one column beyond the second, and exponentials, can follow single persons"
    )]
    Steep {
        /// The relation.
        relation: String,
    },
    /// A period, cohort, cluster or fixed effect that is computed.
    #[error(
        "`{relation}`: periods, cohorts, clusters and fixed effects must be made of one column each"
    )]
    ComputedGroup {
        /// The relation.
        relation: String,
    },
    /// Rows for a relation that conditions on several columns choose.
    #[error("`{relation}`: a condition on several columns can choose single persons")]
    Chosen {
        /// The relation.
        relation: String,
    },
    /// A weight that is no column.
    #[error("`{relation}`: a weight must be a column of a table")]
    Weight {
        /// The relation.
        relation: String,
    },
    /// A relation whose unit is not the person.
    #[error("`{relation}`: the unit must be the person")]
    UnitNotPerson {
        /// The relation.
        relation: String,
        /// The column for persons.
        column: String,
    },
    /// A relation that counts rows.
    #[error("`{relation}` with panel => false counts rows, not persons")]
    CountsRows {
        /// The relation.
        relation: String,
    },
    /// Computing failed. Why could tell of single rows.
    #[error("the numbers could not be computed; with --release the reason is not shown")]
    NotComputed,
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
    /// Everything is withheld.
    #[error(
        "every group is withheld: fewer than {min_count} persons each, or needed to protect those"
    )]
    AllHidden {
        /// The smallest count shown.
        min_count: u64,
    },
    /// Conditions on several columns compare with too many values.
    #[error(
        "its conditions on several columns compare with too many values to be looked at together"
    )]
    ManyComparisons,
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
    #[expect(clippy::too_many_lines, reason = "a line or two per error")]
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
            Self::Memory(MemoryError::UsedUp { .. }) => {
                "statements about groups that were told before are still answered"
            }
            Self::Memory(MemoryError::Unusable(_)) => {
                "it is in the lake's `release_answers`: wait for a release to end, or restore a backup"
            }
            Self::GroupedByPerson { .. } => "group by a property of persons, like sex or age_band",
            Self::SeveralGroupings => "ask for one grouping",
            Self::OtherRows => {
                "put the conditions into one grouping, as count(*) FILTER (WHERE …), or into its keys; `column = 1` beside `column = 2` works"
            }
            Self::Aggregate { .. } => {
                "count, sum, avg, stddev, var, covar, corr and regr_* can be released"
            }
            Self::NoPersonTable { columns, .. } => {
                let columns = columns.join(", ");
                return Some(format!(
                    "join the table of those records, with its persons, on {columns}"
                ));
            }
            Self::ComputedPerson { column } => {
                return Some(format!(
                    "`{column}` can be joined, counted (count(DISTINCT {column})) and kept in inner queries"
                ));
            }
            Self::Expression { .. } => {
                "use columns, comparisons, arithmetic, CASE and simple functions of one row; `person_id IN (SELECT person_id …)` works in WHERE"
            }
            Self::Below { .. } => {
                "select, filter and join tables, group them by person if needed, and put the rest above the grouping"
            }
            Self::ProtectedBelow { .. } => "join it to the grouped result",
            Self::Join => "write JOIN … ON with the columns that identify a row of the other table",
            Self::JoinOfPersons => {
                "join them on person_id (employee_key together with employer_key)"
            }
            Self::OuterJoin => "put the table of persons first: persons LEFT JOIN others",
            Self::InnerAggregate { .. } => {
                "count, sum, avg, min, max, median, stddev, var, bool_or and bool_and of one person can be grouped"
            }
            Self::Argument { .. } => {
                "ask for a column, a sum or ratio of columns written in the aggregate, a condition, or put the condition into FILTER (WHERE …)"
            }
            Self::SeveralFunctions => {
                "ask for them in statements of their own; sums, differences and multiples of columns can stand together"
            }
            Self::CountDistinct => {
                "count persons: count(DISTINCT person_id) FILTER (WHERE …); group by other columns to see which there are"
            }
            Self::NotPlain { .. } => {
                "numbers are columns, multiples, sums, differences, products and ratios of columns; what a query of the project computes is a column"
            }
            Self::NotColumn { .. } => {
                "use the column as it is: log(x) and the like can be written in a formula of ols"
            }
            Self::Steep { .. } => "use fewer powers, or groups of the values",
            Self::ComputedGroup { .. } => {
                "leave it as it is, or let a query of the project compute it"
            }
            Self::Chosen { .. } => {
                "leave it out, or let a query of the project compute it as a column; conditions on one column each can be combined with AND"
            }
            Self::Weight { .. } => "leave the weight out, or store it as a column",
            Self::UnitNotPerson { column, .. } => return Some(format!("write unit => {column}")),
            Self::CountsRows { .. } => "leave panel => false out",
            Self::NotComputed => "ask for less, or leave out --release inside the secure area",
            Self::NoPersonColumn { column } => {
                return Some(format!("keep `{column}` in the inner SELECT"));
            }
            Self::Relation { .. } => {
                "att, att_gt, event_study, did_imputation, two_stage, sun_abraham and ols can be released"
            }
            Self::ManyComparisons => {
                "ask for fewer conditions in one statement, or group by one of their columns"
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

impl From<DataFusionError> for ReleaseError {
    fn from(error: DataFusionError) -> Self {
        Self::Engine(SessionError::from(error))
    }
}
