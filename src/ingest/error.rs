//! Why ingest stopped. Texts name files, rows, columns and rules, never a value.

use super::expected::expected;
use super::file_schema::{SchemaProblem, SchemaRefusal};
use super::rejects::RejectTally;
use super::source::SourceError;
use super::validate_error::ValidateError;
use crate::contract::TableContract;
use crate::diagnostic::{FailureKind, counted};
use crate::lake::LakeError;
use crate::law::LawError;
use crate::mapping::MappingError;
use crate::tabular::ReadError;

/// An error of ingest.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// A source's files could not be found or read.
    #[error("cannot find the extracts")]
    Source(#[from] SourceError),
    /// A source has no file and its table has no rows yet.
    #[error("no extract for `{table}`: nothing matches {patterns}")]
    NoExtract {
        /// The table.
        table: String,
        /// The patterns, for the message.
        patterns: String,
    },
    /// A table named on the command line has no contract.
    #[error("no contract for table `{table}`{hint}")]
    NoContract {
        /// The table.
        table: String,
        /// The nearest name.
        hint: String,
    },
    /// A correction or withdrawal is to be ingested again, and later deliveries may have changed the same rows.
    #[error(
        "`{file}` cannot be ingested again: delivery {later} of `{table}` came after it and may have changed the same rows"
    )]
    Superseded {
        /// The file.
        file: String,
        /// Its table.
        table: String,
        /// The last delivery of the table.
        later: i32,
    },
    /// Deliveries that were refused whole; the others were ingested.
    #[error("{} refused, nothing of {} was ingested{}", counted(.refusals.len() as u64, "delivery was", "deliveries were"), if .refusals.len() == 1 { "it" } else { "them" }, list(.refusals))]
    Refused {
        /// Each with its reason.
        refusals: Vec<Refusal>,
    },
    /// A delivery could not be validated: a bug.
    #[error("cannot validate `{file}`")]
    Validate {
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: ValidateError,
    },
    /// Extracts whose tokens cannot match.
    #[error("the tokens of `{first}` and `{second}` can never match: they were made with {what}")]
    OtherKeys {
        /// A receipt.
        first: String,
        /// Another.
        second: String,
        /// What differs.
        what: String,
    },
    /// The data of a source may not be read here.
    #[error(transparent)]
    Law(#[from] LawError),
    /// A mapping is wrong.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The lake could not be read or written.
    #[error("cannot write the lake")]
    Lake(#[from] LakeError),
    /// A worker thread ended unexpectedly: a bug.
    #[error("reading `{file}` ended unexpectedly")]
    Worker {
        /// The file.
        file: String,
    },
}

/// A delivery that was refused whole, and why.
#[derive(Debug)]
pub struct Refusal {
    /// The file.
    pub file: String,
    /// The table it was meant for.
    pub table: String,
    /// Why.
    pub reason: RefusalReason,
}

/// Why a delivery was refused whole.
#[derive(Debug, thiserror::Error)]
pub enum RefusalReason {
    /// Its columns are wrong.
    #[error(transparent)]
    Schema(#[from] SchemaRefusal),
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It does not fit its mapping.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// Too many rows break the contract.
    #[error("{rejected} of {rows} break the contract, more than the allowed share of {allowed}{places}", rejected = counted(*.n_rejected, "row", "rows"), rows = counted(*.n_rows, "row", "rows"))]
    TooManyRejects {
        /// Rows rejected.
        n_rejected: u64,
        /// Rows received.
        n_rows: u64,
        /// The allowed share.
        allowed: f64,
        /// What was rejected, by column and rule: a line each, with what would be accepted.
        places: String,
    },
}

impl Refusal {
    fn has(&self, is_it: fn(&SchemaProblem) -> bool) -> bool {
        match &self.reason {
            RefusalReason::Schema(refusal) => refusal.problems.iter().any(is_it),
            _ => false,
        }
    }

    /// Whether the file has columns that identify persons.
    fn identifies(&self) -> bool {
        self.has(|problem| matches!(problem, SchemaProblem::Identifying { .. }))
    }

    /// Whether the file's columns are called otherwise than the contract's.
    fn has_other_columns(&self) -> bool {
        self.has(|problem| {
            matches!(
                problem,
                SchemaProblem::NoneKnown
                    | SchemaProblem::Unknown { .. }
                    | SchemaProblem::Missing { .. }
            )
        })
    }
}

fn list(refusals: &[Refusal]) -> String {
    let mut text = String::new();
    for refusal in refusals {
        text.push_str(&format!(
            "\n`{}` for `{}`: {}",
            refusal.file, refusal.table, refusal.reason
        ));
    }
    text
}

/// A line for each rule that rows break.
pub(super) fn places(tally: &RejectTally, contract: &TableContract) -> String {
    let mut text = String::new();
    for (column, rule, count) in tally.iter() {
        let first: Vec<String> = count.first.iter().map(ToString::to_string).collect();
        let rows = counted(count.rows, "row", "rows");
        let first = first.join(", ");
        let expected = expected(contract, column, rule);
        let expected = expected.map_or_else(String::new, |text| format!("; expected: {text}"));
        text.push_str(&format!(
            "\n`{column}` breaks rule `{rule}`: {rows} (first: {first}){expected}"
        ));
    }
    text
}

impl IngestError {
    /// Which exit code it leads to.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Source(_)
            | Self::NoExtract { .. }
            | Self::Refused { .. }
            | Self::OtherKeys { .. }
            | Self::Superseded { .. } => FailureKind::Extract,
            Self::NoContract { .. } => FailureKind::Usage,
            Self::Validate { .. } | Self::Worker { .. } => FailureKind::Internal,
            Self::Mapping(error) => error.kind(),
            Self::Law(error) => error.kind(),
            Self::Lake(error) => crate::lake::failure_kind(error),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::OtherKeys { .. } => Some(
                "make one of the deliveries again with `korabo pseudonymize`, with the secret, version and --key of the other",
            ),
            Self::NoExtract { .. } => {
                Some("put the file there, or mark the source `optional = true` in korabo.toml")
            }
            Self::Refused { refusals }
                if refusals
                    .iter()
                    .any(|r| matches!(r.reason, RefusalReason::TooManyRejects { .. })) =>
            {
                Some("raise `max_reject_share` of the source in korabo.toml if that many is normal")
            }
            Self::Refused { refusals } if refusals.iter().any(Refusal::identifies) => Some(
                "ask the holder for a file without these columns; if you are the holder, `korabo pseudonymize` makes one of it",
            ),
            Self::Refused { refusals } if refusals.iter().any(Refusal::has_other_columns) => Some(
                "ask the holder for a file that fits, or write a mapping: `korabo ingest --sniff FILE` proposes one",
            ),
            Self::Refused { .. } | Self::Superseded { .. } => {
                Some("ask the holder for a corrected file, then run again")
            }
            _ => None,
        }
    }
}
