//! What can be wrong with fields, indicators and columns, and the names of their files.

use crate::diagnostic::SourceLocation;
use crate::toml_reader::TomlError;

/// The file of fields, in the project's folder.
pub const FIELDS_FILE: &str = "fields.toml";
/// The file of indicators, in the project's folder.
pub const INDICATORS_FILE: &str = "indicators.toml";

/// The file of what columns mean, in the project's folder.
pub const COLUMNS_FILE: &str = "columns.toml";

/// Why fields, indicators or columns cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VocabularyError {
    /// A file cannot be read.
    #[error("cannot read `{file}`")]
    Unreadable {
        /// Which.
        file: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is not as it should be.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// A name has characters that SQL would need quotes for.
    #[error("{at}: `{name}` cannot be a name: lower-case letters, digits and `_`, a letter first")]
    WrongName {
        /// Where it stands.
        at: SourceLocation,
        /// The name.
        name: String,
    },
    /// A value that must be positive is not.
    #[error("{at}: `{key}` must be above 0")]
    NotPositive {
        /// Where it stands.
        at: SourceLocation,
        /// The key.
        key: String,
    },
    /// An outcome or an indicator is no column of the panel.
    #[error(
        "{at}: no indicator `{name}`: the panel has no such column, and no entry in {INDICATORS_FILE} gives its `sql`{hint}"
    )]
    NoColumn {
        /// Where it stands.
        at: SourceLocation,
        /// The name.
        name: String,
        /// The nearest name.
        hint: String,
    },
    /// An indicator defined by SQL has the name of a column.
    #[error(
        "{at}: the panel has a column `{name}` already; leave out `sql`, or choose another name"
    )]
    IsColumn {
        /// Where it stands.
        at: SourceLocation,
        /// The name.
        name: String,
    },
    /// SQL of an indicator does not parse or plan.
    #[error("{at}: `{key}` of `{name}` cannot be planned over the panel: {message}")]
    Sql {
        /// Where it stands.
        at: SourceLocation,
        /// `sql` or `at_risk`.
        key: &'static str,
        /// The indicator.
        name: String,
        /// What the engine says.
        message: String,
    },
    /// A contract takes its codes from the fields, and there are none.
    #[error("column `{column}` of `{table}` takes its codes from {FIELDS_FILE}, which has none")]
    NoFields {
        /// The contract.
        table: String,
        /// The column.
        column: String,
    },
}
