//! What can be wrong with definitions of releases, and why a release is not made.

use std::io;

use crate::diagnostic::FailureKind;
use crate::lake::{LakeError, failure_kind};
use crate::output_file::OutputError;
use crate::project_file::ProjectFileError;
use crate::release_ledger::LedgerError;
use crate::session::{ReleaseError, SessionError};
use crate::toml_reader::TomlError;

/// Why a definition or a preset cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseFileError {
    /// A file cannot be read, or its name is none.
    #[error(transparent)]
    File(#[from] ProjectFileError),
    /// A file is not as it should be.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// The project names a preset that is not there.
    #[error("korabo.toml: [release] preset: there is no `{name}` in rules/release.toml{hint}")]
    NoPreset {
        /// The name.
        name: String,
        /// The nearest one.
        hint: String,
    },
}

/// Why a table was not released.
#[derive(Debug, thiserror::Error)]
pub enum TableReleaseError {
    /// The lake cannot be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The engine failed, or a statement of the definition is wrong.
    #[error("releases/{name}.toml cannot be computed")]
    Session {
        /// The definition.
        name: String,
        /// Why.
        #[source]
        source: SessionError,
    },
    /// The rules of `--release` refuse the statement.
    #[error("releases/{name}.toml: the statement may not leave")]
    Refused {
        /// The definition.
        name: String,
        /// Why.
        #[source]
        source: ReleaseError,
    },
    /// A column that the definition names is not there or is of a wrong type.
    #[error("releases/{name}.toml: {message}")]
    Column {
        /// The definition.
        name: String,
        /// Which column, and what it should be.
        message: String,
    },
    /// The table to be released is not as the suppression needs it.
    #[error("releases/{name}.toml cannot be protected")]
    Problem {
        /// The definition.
        name: String,
        /// Why.
        #[source]
        source: korabo_suppression::ProblemError,
    },
    /// A table cannot be written as CSV.
    #[error("releases/{name}.toml cannot be written as CSV")]
    Csv {
        /// The definition.
        name: String,
        /// Why.
        #[source]
        source: datafusion::arrow::error::ArrowError,
    },
    /// What has left cannot be read or remembered.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A file of the release cannot be written.
    #[error("cannot write into the folder of releases")]
    Output(#[from] OutputError),
    /// A folder or file of the release cannot be used.
    #[error("cannot use the folder of releases")]
    Folder(#[from] io::Error),
}

impl TableReleaseError {
    /// Whose fault it is.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Lake(error) => failure_kind(error),
            Self::Refused { .. } => FailureKind::Disclosure,
            // What the engine refused says more of it than this.
            Self::Session { .. } | Self::Column { .. } => FailureKind::Project,
            Self::Problem { .. } | Self::Csv { .. } => FailureKind::Internal,
            Self::Ledger(LedgerError::Lake(error)) => failure_kind(error),
            Self::Ledger(_) => FailureKind::Quality,
            Self::Output(_) | Self::Folder(_) => FailureKind::Resources,
        }
    }
}
