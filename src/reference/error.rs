//! Why published tables cannot be imported. Texts may quote them: nothing in them is about a person.

use std::path::PathBuf;

use crate::diagnostic::SourceLocation;
use crate::toml_reader::TomlError;

/// The file in the project's folder.
pub const REFERENCE_FILE: &str = "reference.toml";

/// Why published tables cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// The project does not say what published tables look like.
    #[error("the project has no `{REFERENCE_FILE}`, which says what published tables look like")]
    NoMapping,
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The mapping is not as it should be.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// The mapping contradicts itself or the project.
    #[error("{at}: {message}")]
    Mapping {
        /// Where.
        at: SourceLocation,
        /// What is wrong, and what to do.
        message: String,
    },
    /// No entry of the mapping is about a file that was named.
    #[error("`{}` is of no kind that `{REFERENCE_FILE}` has an entry for: none of its `files` fits the name", path.display())]
    NoEntry {
        /// The file.
        path: PathBuf,
    },
    /// Nothing was found to import.
    #[error(
        "no file to import: no name below the given paths fits `files` of an entry of `{REFERENCE_FILE}`"
    )]
    NoFile,
    /// A file is no table.
    #[error("`{}`: {message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A cell of a table is not what the mapping says.
    #[error("`{}`, row {row}, column `{column}`: {message}", path.display())]
    Cell {
        /// The file.
        path: PathBuf,
        /// The row, the headings being row 1.
        row: usize,
        /// The column.
        column: String,
        /// What is wrong with it.
        message: String,
    },
    /// Two places give the same figure.
    #[error("{key} is given twice: by `{}` and by `{}`", first.display(), second.display())]
    Twice {
        /// Region, indicator, year, sex and age.
        key: String,
        /// The file that gave it first.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
}
