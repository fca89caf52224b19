//! What can be wrong with plans, gates and locks.

use crate::diagnostic::SourceLocation;
use crate::project_file::ProjectFileError;
use crate::toml_reader::TomlError;

/// Why an evaluation cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// A file cannot be read, or its name is none.
    #[error(transparent)]
    File(#[from] ProjectFileError),
    /// A file is not as it should be.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// A name that stands for nothing in the project.
    #[error("{at}: there is no {kind} `{name}`{hint}")]
    Unknown {
        /// Where it stands.
        at: SourceLocation,
        /// What it should be: `field`, `indicator of this plan`, `gate`.
        kind: &'static str,
        /// The name.
        name: String,
        /// The nearest name.
        hint: String,
    },
    /// Two settings that do not go together, or one that needs another.
    #[error("{at}: {message}")]
    Contradiction {
        /// Where one of them stands.
        at: SourceLocation,
        /// What does not fit, and what to do.
        message: String,
    },
}
