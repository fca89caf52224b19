//! What can be wrong with a call of a relation, and where in the statement.

use std::fmt;

use datafusion::sql::sqlparser::tokenizer::Span;

/// A call that cannot be planned, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ArgumentError {
    /// The relation called.
    pub relation: &'static str,
    /// Line in the statement, from 1; 0 when unknown.
    pub line: u64,
    /// Column in the statement, from 1; 0 when unknown.
    pub column: u64,
    /// What is wrong.
    pub problem: ArgumentProblem,
    /// How it is called.
    pub usage: &'static str,
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.relation)?;
        if self.line > 0 {
            write!(f, " at line {}, column {}", self.line, self.column)?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// What can be wrong with a relation's arguments.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum ArgumentProblem {
    #[error("the first argument must be a table name or a query in parentheses")]
    NoInput,
    #[error("unknown argument `{name}`{hint}")]
    Unknown { name: String, hint: String },
    #[error("argument `{name}` is missing{hint}")]
    Missing {
        name: &'static str,
        hint: &'static str,
    },
    #[error("argument `{name}` is given twice")]
    Twice { name: &'static str },
    #[error("argument `{name}` must be {expected}, found {found}")]
    Type {
        name: &'static str,
        expected: String,
        found: String,
    },
    #[error("argument `{name}`: no column `{column}` in the input{hint}")]
    NoColumn {
        name: &'static str,
        column: String,
        hint: String,
    },
    #[error(
        "argument `{name}`: the input has {n_columns} columns `{column}`; give them names of their own in the query"
    )]
    Ambiguous {
        name: &'static str,
        column: String,
        n_columns: usize,
    },
    #[error("argument `{name}`: column `{column}` must hold {expected}, found {found}{hint}")]
    ColumnType {
        name: &'static str,
        column: String,
        expected: &'static str,
        found: String,
        hint: String,
    },
    #[error("arguments `{first}` and `{second}` are the same column `{column}`: {why}")]
    SameColumn {
        first: &'static str,
        second: &'static str,
        column: String,
        why: &'static str,
    },
    #[error("argument `{name}`: column `{column}` is named twice")]
    ListedTwice { name: &'static str, column: String },
    #[error("argument `{name}` must be one of {choices}, found '{found}'")]
    Choice {
        name: &'static str,
        choices: String,
        found: String,
    },
    #[error("positional arguments after the input are not taken here; write `name => value`")]
    Positional,
    #[error("{message}")]
    Formula { message: String },
    #[error("`{name}`: {message}")]
    Invalid { name: &'static str, message: String },
}

impl ArgumentProblem {
    /// The argument it is about; of two, the second. `None` when it is about the call.
    pub(super) fn argument(&self) -> Option<&'static str> {
        match self {
            Self::NoInput | Self::Positional | Self::Unknown { .. } => None,
            Self::Formula { .. } => Some("formula"),
            Self::SameColumn { second, .. } => Some(*second),
            Self::Missing { name, .. }
            | Self::Twice { name }
            | Self::Type { name, .. }
            | Self::NoColumn { name, .. }
            | Self::Ambiguous { name, .. }
            | Self::ColumnType { name, .. }
            | Self::ListedTwice { name, .. }
            | Self::Choice { name, .. }
            | Self::Invalid { name, .. } => Some(*name),
        }
    }
}

/// Line and column in the statement, from 1; 0 when unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StatementPosition {
    pub(super) line: u64,
    pub(super) column: u64,
}

impl StatementPosition {
    /// Where something begins.
    pub(super) fn of(span: Span) -> Self {
        Self {
            line: span.start.line,
            column: span.start.column,
        }
    }
}
