//! Why a mapping cannot be used. Headers are quoted, values of persons never.

use std::path::PathBuf;

use crate::diagnostic::{FailureKind, SourceLocation};
use crate::project_file::ProjectFileError;
use crate::tabular::ReadError;
use crate::toml_reader::TomlError;

/// The folder of mappings in a project.
pub const MAPPINGS_FOLDER: &str = "mappings";
/// The file that says what holders call columns.
pub const HEADERS_FILE: &str = "rules/headers.toml";

/// Why a mapping cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// A file of the project cannot be read.
    #[error(transparent)]
    File(#[from] ProjectFileError),
    /// A file is not as it should be.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// A mapping contradicts itself or the project.
    #[error("{at}: {message}")]
    Wrong {
        /// Where.
        at: SourceLocation,
        /// What is wrong, and what to do.
        message: String,
    },
    /// A file has not the header that its mapping names.
    #[error("`{}` has no column `{header}`, which `{mapping}` needs for `{column}`{hint}", file.display())]
    NoHeader {
        /// The file.
        file: PathBuf,
        /// The header.
        header: String,
        /// The mapping.
        mapping: String,
        /// The contract's column.
        column: String,
        /// `; did you mean …?`, or nothing.
        hint: String,
    },
    /// Two mappings fit one file.
    #[error("`{}` fits two mappings, `{first}` and `{second}`: make their `files` narrower", file.display())]
    TwoMappings {
        /// The file.
        file: PathBuf,
        /// One mapping.
        first: String,
        /// The other.
        second: String,
    },
    /// An expression is no SQL over the columns that there are.
    #[error("{at}: the SQL of `{column}` cannot be used: {reason}")]
    Expression {
        /// Where it is written.
        at: SourceLocation,
        /// The contract's column.
        column: String,
        /// What the engine says.
        reason: String,
    },
    /// An expression fails on values.
    #[error(
        "{at}: the SQL of `{column}` fails on a row after row {after_row} of `{}`: use TRY_CAST instead of CAST, and say what becomes of \
         values that are not as expected", file.display()
    )]
    ExpressionFails {
        /// Where it is written.
        at: SourceLocation,
        /// The contract's column.
        column: String,
        /// The file.
        file: PathBuf,
        /// Rows that it worked for.
        after_row: u64,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl MappingError {
    /// Whose fault it is: the mapping's (exit code 3) or the file's (exit code 4).
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Read(_) | Self::NoHeader { .. } | Self::ExpressionFails { .. } => {
                FailureKind::Extract
            }
            _ => FailureKind::Project,
        }
    }
}
