//! Why files are not pseudonymised.

use std::path::PathBuf;

use datafusion::arrow::error::ArrowError;
use datafusion::parquet::errors::ParquetError;
use korabo_formats::SecretError;
use korabo_formats::checkup::{ItemError, OpenError};
use korabo_formats::uke::MasterError;

use super::content::IdentifyingContent;
use crate::diagnostic::FailureKind;
use crate::ingest::{SchemaRefusal, ValidateError};
use crate::mapping::MappingError;
use crate::project_file::ProjectFileError;
use crate::toml_reader::TomlError;

/// Why a delivery is not written. No variant holds a value of a person.
#[derive(Debug, thiserror::Error)]
pub enum PseudonymizeError {
    /// The secret is missing or weak.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A file that is none of the known ones.
    #[error(
        "`{file}` is no file that is read: tables as .csv, .tsv, .txt or .xlsx, claims as .UKE, checkups as .zip or a folder with DATA"
    )]
    UnknownInput {
        /// The file.
        file: PathBuf,
    },
    /// A table that no mapping is of.
    #[error("no mapping fits `{}`{doubt}; `korabo ingest --sniff` on the file proposes one for the folder `mappings`", file.display())]
    NoMapping {
        /// The file.
        file: PathBuf,
        /// What it looks like, or nothing.
        doubt: String,
    },
    /// A mapping is wrong or does not fit.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// A mapping does not make the columns of its contract.
    #[error("`{}`, read by `{mapping}`", file.display())]
    Schema {
        /// The file.
        file: PathBuf,
        /// The mapping.
        mapping: String,
        /// What is missing.
        #[source]
        source: SchemaRefusal,
    },
    /// A column that would be written holds what identifies persons.
    #[error(
        "column `{column}` made of `{}` holds what looks like {content}: name another header in its mapping, or leave the column out",
        file.display()
    )]
    Identifying {
        /// The file.
        file: PathBuf,
        /// The contract's column.
        column: String,
        /// What it looks like.
        content: IdentifyingContent,
    },
    /// A file of the project cannot be read.
    #[error(transparent)]
    File(#[from] ProjectFileError),
    /// Rules are not as they should be.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// Rows cannot be checked.
    #[error("cannot check rows against their contract")]
    Validate(#[from] ValidateError),
    /// There is something in the folder already.
    #[error("the folder `{folder}` is not empty; name a new one for this delivery")]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// Nothing could be read.
    #[error("nothing could be read of these files; `{rejects}` says why")]
    Nothing {
        /// The list of what was refused.
        rejects: PathBuf,
    },
    /// A master cannot be used.
    #[error(transparent)]
    Master(#[from] MasterError),
    /// A checkup archive cannot be opened.
    #[error(transparent)]
    Archive(#[from] OpenError),
    /// The tables of items are broken.
    #[error(transparent)]
    Items(#[from] ItemError),
    /// A file cannot be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A table cannot be written.
    #[error("cannot write a table of the delivery")]
    Table(#[from] ArrowError),
    /// A table cannot be written as Parquet.
    #[error("cannot write a table of the delivery")]
    Parquet(#[from] ParquetError),
}

impl PseudonymizeError {
    /// Whose fault it is.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Secret(_) | Self::NotEmpty { .. } | Self::UnknownInput { .. } => {
                FailureKind::Usage
            }
            Self::Mapping(error) => error.kind(),
            Self::File(_) | Self::Toml(_) => FailureKind::Project,
            Self::NoMapping { .. }
            | Self::Schema { .. }
            | Self::Identifying { .. }
            | Self::Nothing { .. }
            | Self::Master(_)
            | Self::Archive(_) => FailureKind::Extract,
            Self::Items(_) | Self::Validate(_) => FailureKind::Internal,
            Self::Io(_) | Self::Table(_) | Self::Parquet(_) => FailureKind::Resources,
        }
    }
}
