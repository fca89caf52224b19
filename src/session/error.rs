//! Errors of the engine, sorted by whose fault they are.

use std::error::Error;
use std::fmt;

use datafusion::common::{DataFusionError, SchemaError};

use super::file_error::FileError;
use crate::diagnostic::FailureKind;
use crate::functions::{ArgumentError, RelationError};
use crate::lake::{LakeError, failure_kind};

/// An error of planning or running SQL.
#[derive(Debug)]
pub struct SessionError {
    error: DataFusionError,
    /// Whether the SQL is that of a view, which the statement only names.
    is_of_view: bool,
}

/// The error of a view, on its way through the planning of a statement that names it. Its cause is not told to the engine, which
/// would take it for one of the statement.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct ViewError(DataFusionError);

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for SessionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

impl From<DataFusionError> for SessionError {
    fn from(error: DataFusionError) -> Self {
        let (error, is_of_view) = match error {
            DataFusionError::External(inner) => match inner.downcast::<ViewError>() {
                Ok(view) => (view.0, true),
                Err(inner) => (DataFusionError::External(inner), false),
            },
            error => (error, false),
        };
        Self { error, is_of_view }
    }
}

/// Whose fault an engine error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// The SQL is wrong.
    Sql,
    /// An estimator refused.
    Estimator,
    /// Memory or disk ran out.
    Resources,
    /// A named file or object is not there or cannot be read.
    Data,
    /// The engine or korabo has a bug.
    Internal,
}

impl SessionError {
    /// The same as an error of the view that was planned, for the engine to pass on.
    #[must_use]
    pub fn in_view(self) -> DataFusionError {
        DataFusionError::External(Box::new(ViewError(self.error)))
    }

    /// Whether the statement names a column that its tables do not have.
    #[must_use]
    pub fn is_unknown_column(&self) -> bool {
        match self.error.find_root() {
            DataFusionError::SchemaError(error, _) => {
                matches!(**error, SchemaError::FieldNotFound { .. })
            }
            _ => false,
        }
    }

    /// Whether it is about the SQL of a view that the statement names, not about the statement's own.
    #[must_use]
    pub fn is_of_view(&self) -> bool {
        self.is_of_view
    }

    /// The lake's error, if that is what it is.
    ///
    /// # Errors
    /// With the same error, where it is another one.
    pub fn into_lake_error(self) -> Result<LakeError, Self> {
        match self.error {
            DataFusionError::External(inner) => match inner.downcast::<LakeError>() {
                Ok(error) => Ok(*error),
                Err(inner) => Err(Self {
                    error: DataFusionError::External(inner),
                    ..self
                }),
            },
            error => Err(Self { error, ..self }),
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        let root = self.error.find_root();
        if self.relation_error().is_some() {
            return ErrorClass::Estimator;
        }
        if self.argument_error().is_some() {
            return ErrorClass::Sql;
        }
        if let Some(error) = self.lake_error() {
            return match failure_kind(error) {
                FailureKind::Resources => ErrorClass::Resources,
                _ => ErrorClass::Data,
            };
        }
        if self.file_error().is_some() {
            return ErrorClass::Data;
        }
        match root {
            DataFusionError::SQL(..)
            | DataFusionError::Plan(_)
            | DataFusionError::SchemaError(..)
            | DataFusionError::NotImplemented(_)
            | DataFusionError::Configuration(_) => ErrorClass::Sql,
            DataFusionError::ResourcesExhausted(_) => ErrorClass::Resources,
            DataFusionError::IoError(error) => io_class(error),
            DataFusionError::ObjectStore(error) => {
                if error.to_string().contains("No space left") {
                    ErrorClass::Resources
                } else {
                    ErrorClass::Data
                }
            }
            DataFusionError::ArrowError(..)
            | DataFusionError::ParquetError(_)
            | DataFusionError::Execution(_) => ErrorClass::Data,
            DataFusionError::External(error) if is_regex(error.as_ref()) => ErrorClass::Data,
            _ => ErrorClass::Internal,
        }
    }

    /// The relation's argument error inside, if that is what it is.
    #[must_use]
    pub fn argument_error(&self) -> Option<&ArgumentError> {
        external(&self.error)?.downcast_ref()
    }

    /// The relation's run-time error inside, if that is what it is.
    #[must_use]
    pub fn relation_error(&self) -> Option<&RelationError> {
        external(&self.error)?.downcast_ref()
    }

    /// The lake's error inside, as when a data file is damaged.
    #[must_use]
    pub fn lake_error(&self) -> Option<&LakeError> {
        external(&self.error)?.downcast_ref()
    }

    /// What is wrong with a file that the statement names, if that is what it is.
    pub(super) fn file_error(&self) -> Option<&FileError> {
        FileError::among(&self.error)
    }

    /// The engine's error.
    #[must_use]
    pub fn engine_error(&self) -> &DataFusionError {
        &self.error
    }
}

/// Whether a regular expression was wrong: the engine passes that on as an external error.
fn is_regex(error: &(dyn Error + 'static)) -> bool {
    error.to_string().starts_with("regex parse error")
}

fn io_class(error: &std::io::Error) -> ErrorClass {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::OutOfMemory => ErrorClass::Resources,
        _ => ErrorClass::Data,
    }
}

fn external(error: &DataFusionError) -> Option<&(dyn Error + Send + Sync + 'static)> {
    match error {
        DataFusionError::External(inner) => match inner.downcast_ref::<DataFusionError>() {
            Some(nested) => external(nested),
            None => Some(inner.as_ref()),
        },
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => {
            external(inner)
        }
        DataFusionError::Shared(inner) => external(inner),
        DataFusionError::Collection(errors) => errors.iter().find_map(external),
        _ => None,
    }
}

/// The cause that an error of the engine wraps.
pub(super) fn innermost(error: &DataFusionError) -> &DataFusionError {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => {
            innermost(inner)
        }
        DataFusionError::Shared(inner) => innermost(inner),
        DataFusionError::Collection(errors) => errors.first().map_or(error, innermost),
        DataFusionError::External(inner) => inner
            .downcast_ref::<DataFusionError>()
            .map_or(error, innermost),
        _ => error,
    }
}
