//! What can go wrong between query files and published tables.

use crate::checks::ChecksError;
use crate::contract::ContractError;
use crate::diagnostic::{FailureKind, SourceLocation};
use crate::evaluation::EvaluationError;
use crate::ingest::IngestError;
use crate::lake::{self, LakeError};
use crate::session::{ErrorClass, SessionError};
use crate::vocabulary::VocabularyError;

/// An error of the pipeline.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum PipelineError {
    #[error("cannot read the queries")]
    Unreadable(#[source] std::io::Error),
    #[error("cannot read query file `{file}`")]
    UnreadableQuery {
        file: String,
        #[source]
        source: std::io::Error,
    },
    #[error("{at}: not valid SQL: {message}")]
    Syntax { at: SourceLocation, message: String },
    #[error("{at}: a query file holds exactly one SELECT statement")]
    NotOneQuery { at: SourceLocation },
    #[error(
        "{at}: `{query}` belongs to no stage; names begin with clean_, link_, panel_, indicator_, \
         effect_ or summary_"
    )]
    NoStage { at: SourceLocation, query: String },
    #[error("{at}: the file must begin with a comment that says what one row stands for")]
    NoGrain { at: SourceLocation },
    #[error("{at}: header key `{key}` must be {expected}")]
    Header {
        at: SourceLocation,
        key: String,
        expected: &'static str,
    },
    #[error("{at}: unknown header key `{key}`{hint}")]
    UnknownHeaderKey {
        at: SourceLocation,
        key: String,
        hint: String,
    },
    #[error("{at}: no table `{table}`{hint}")]
    UnknownTable {
        at: SourceLocation,
        table: String,
        hint: String,
    },
    #[error("{at}: only `clean_*` queries read the raw table `{table}`")]
    RawOutsideClean { at: SourceLocation, table: String },
    #[error("{at}: `{query}` reads `{table}`, which belongs to a later stage")]
    LaterStage {
        at: SourceLocation,
        query: String,
        table: String,
    },
    #[error("{at}: these queries need each other: `{path}`")]
    Cycle { at: SourceLocation, path: String },
    #[error("no query `{selector}`{hint}")]
    UnknownSelector { selector: String, hint: String },
    #[error("no query has the tag `{tag}`{hint}")]
    UnknownTag { tag: String, hint: String },
    #[error("no evaluation plan is called `{name}`{hint}")]
    UnknownEvaluation { name: String, hint: String },
    #[error("`{selector}` selects nothing: {problem}")]
    WrongSelector { selector: String, problem: String },
    #[error("{at}: parameter `${name}` has no value in `[parameters]` of korabo.toml")]
    UnknownParameter { at: SourceLocation, name: String },
    #[error("{at}: header names column `{column}`, which the query does not return{hint}")]
    UnknownHeaderColumn {
        at: SourceLocation,
        column: String,
        hint: String,
    },
    #[error(
        "{at}: `{query}` is declared `sensitivity: aggregate` but returns `{column}`, one person's"
    )]
    AggregateWithPerson {
        at: SourceLocation,
        query: String,
        column: String,
    },
    #[error("source `{table}` has no contract in schemas/{hint}")]
    NoContract { table: String, hint: String },
    #[error("`{query}` cannot be planned")]
    Plan {
        query: String,
        /// The file, with line and column where the engine says them.
        place: String,
        #[source]
        source: SessionError,
    },
    #[error("`{query}` failed")]
    Run {
        query: String,
        #[source]
        source: SessionError,
    },
    #[error("`{query}` failed")]
    Store {
        query: String,
        #[source]
        source: LakeError,
    },
    #[error("`{query}` was not published: {n_keys} of `{key}` occur more than once in its result")]
    DuplicateKeys {
        query: String,
        key: String,
        n_keys: u64,
    },
    #[error("`{query}` was not published: `{column}` is missing in {n_rows} rows of its result")]
    NullValues {
        query: String,
        column: String,
        n_rows: u64,
    },
    #[error(
        "`{query}` was not run: `{needs}` was never built; select what it needs, too: `korabo run +{query}`"
    )]
    NeverBuilt { query: String, needs: String },
    #[error("`{query}` was not published: a test of its header does not hold: {tests}")]
    TestsFailed {
        query: String,
        tests: String,
        /// What the rows that break the tests say, where they are aggregates.
        reasons: Vec<String>,
    },
    #[error("{at}: the test names column `{column}`, which `{table}` does not have{hint}")]
    UnknownTestColumn {
        at: SourceLocation,
        table: String,
        column: String,
        hint: String,
    },
    #[error(
        "`{query}` was not run: it joins `{table}` on ({columns}) as many-to-one, but {n_keys} \
         keys occur there more than once"
    )]
    JoinCardinality {
        query: String,
        table: String,
        columns: String,
        n_keys: u64,
    },
    #[error("the contracts are wrong")]
    Contract(#[from] ContractError),
    /// Fields or indicators are wrong.
    #[error(transparent)]
    Vocabulary(#[from] VocabularyError),
    /// An evaluation plan, gate or lock is wrong.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
    /// A setting of a check is wrong.
    #[error(transparent)]
    Checks(#[from] ChecksError),
    #[error("ingest stopped")]
    Ingest(#[from] IngestError),
    #[error("cannot use the lake")]
    Lake(#[from] LakeError),
    #[error("cannot use the engine")]
    Session(#[from] SessionError),
}

impl PipelineError {
    /// The same error, of tests whose rows give `reasons`.
    pub(super) fn with_reasons(mut self, found: Vec<String>) -> Self {
        if let Self::TestsFailed { reasons, .. } = &mut self {
            *reasons = found;
        }
        self
    }

    /// Why tests do not hold, a line each.
    #[must_use]
    pub fn reasons(&self) -> &[String] {
        match self {
            Self::TestsFailed { reasons, .. } => reasons,
            _ => &[],
        }
    }

    /// What is wrong with the lake, when that is the cause.
    #[must_use]
    pub fn lake_error(&self) -> Option<&LakeError> {
        match self {
            Self::Plan { source, .. } | Self::Session(source) | Self::Run { source, .. } => {
                source.lake_error()
            }
            Self::Store { source, .. } | Self::Lake(source) => Some(source),
            Self::Ingest(IngestError::Lake(source)) => Some(source),
            _ => None,
        }
    }

    /// Which exit code it leads to.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        if let Some(error) = self.lake_error() {
            return lake::failure_kind(error);
        }
        match self {
            Self::Plan { source, .. } | Self::Session(source) => match source.class() {
                ErrorClass::Resources => FailureKind::Resources,
                ErrorClass::Internal => FailureKind::Internal,
                _ => FailureKind::Project,
            },
            Self::Run { source, .. } => match source.class() {
                ErrorClass::Sql | ErrorClass::Data => FailureKind::Step,
                ErrorClass::Estimator => FailureKind::Estimator,
                ErrorClass::Resources => FailureKind::Resources,
                ErrorClass::Internal => FailureKind::Internal,
            },
            Self::Store { source, .. } | Self::Lake(source) => lake::failure_kind(source),
            Self::DuplicateKeys { .. }
            | Self::NullValues { .. }
            | Self::TestsFailed { .. }
            | Self::JoinCardinality { .. } => FailureKind::Quality,
            Self::NeverBuilt { .. } => FailureKind::Step,
            Self::Ingest(error) => error.kind(),
            _ => FailureKind::Project,
        }
    }
}
