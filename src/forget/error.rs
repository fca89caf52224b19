//! Why persons could not be withdrawn.

use std::path::PathBuf;

use crate::diagnostic::FailureKind;
use crate::ingest::IngestError;
use crate::lake::LakeError;

/// Why persons could not be withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    /// The file of tokens cannot be read.
    #[error("cannot read `{}`", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line of the file is no token.
    #[error("`{}`, line {line}: not a token of 64 hexadecimal digits", file.display())]
    NotAToken {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The file has more than the tokens.
    #[error(
        "`{}` has {n_columns} columns; give the tokens alone, since they are withdrawn wherever they are", file.display()
    )]
    Columns {
        /// The file.
        file: PathBuf,
        /// How many columns its first line has.
        n_columns: usize,
    },
    /// The file has no token.
    #[error("`{}` has no token", file.display())]
    NoTokens {
        /// The file.
        file: PathBuf,
    },
    /// No contract has a column that names persons.
    #[error("no contract has a column that names persons: a `token` without `person = false`")]
    NoPersons,
    /// The lake failed.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// Rows could not be withdrawn.
    #[error(transparent)]
    Ingest(#[from] IngestError),
}

impl ForgetError {
    /// Which exit code it leads to; errors of the lake and of ingest have their own.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::NoPersons => FailureKind::Project,
            _ => FailureKind::Usage,
        }
    }
}
