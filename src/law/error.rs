//! Why data may not come to a project.

use crate::diagnostic::{FailureKind, SourceLocation};
use crate::project_file::ProjectFileError;
use crate::toml_reader::TomlError;

/// The file of legal bases in a project.
pub const LAW_FILE: &str = "rules/law.toml";

/// Why data may not come to a project.
#[derive(Debug, thiserror::Error)]
pub enum LawError {
    /// A file of the project cannot be read.
    #[error(transparent)]
    File(#[from] ProjectFileError),
    /// A file is not as it should be.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// A source of personal data without a basis, in a project that names its receiver.
    #[error(
        "{at}: the source `{table}` names no legal basis: add `basis`, one of {known}, and `receivers`"
    )]
    NoBasis {
        /// Where the source is.
        at: SourceLocation,
        /// Its table.
        table: String,
        /// Bases that there are.
        known: String,
    },
    /// A basis that the rules do not have.
    #[error("{at}: no legal basis `{basis}` in `{LAW_FILE}`{hint}")]
    UnknownBasis {
        /// Where it is named.
        at: SourceLocation,
        /// The basis.
        basis: String,
        /// `; did you mean …?`, or nothing.
        hint: String,
    },
    /// A basis that is not one for data of this holder.
    #[error(
        "{at}: `{basis}` ({name_ja}) covers no data that come from the {holder}: name another basis for `{table}`"
    )]
    OtherHolder {
        /// Where it is named.
        at: SourceLocation,
        /// The basis.
        basis: String,
        /// Its name in Japanese.
        name_ja: String,
        /// Who delivers the table.
        holder: &'static str,
        /// The table.
        table: String,
    },
    /// The project's receiver is none of those that the source permits.
    #[error(
        "{at}: `{receiver}`, the receiver of this project, is none of the `receivers` of `{table}`: its data may not be read here"
    )]
    OtherReceiver {
        /// Where the source is.
        at: SourceLocation,
        /// Who runs the project.
        receiver: String,
        /// The table.
        table: String,
    },
    /// Receivers are named, but not who runs the project.
    #[error(
        "{at}: the source `{table}` has a `basis` or `receivers`, but [project] names no `receiver`: say who runs this project"
    )]
    NoReceiver {
        /// Where the source is.
        at: SourceLocation,
        /// The table.
        table: String,
    },
}

impl LawError {
    /// The project's files are wrong or do not permit it: exit code 3.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        FailureKind::Project
    }
}
