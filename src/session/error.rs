//! Errors of the engine, sorted by whose fault they are.

use datafusion::common::DataFusionError;

use super::file_error::FileError;
use crate::diagnostic::FailureKind;
use crate::functions::{ArgumentError, RelationError};
use crate::lake::{LakeError, failure_kind};

/// An error of planning or running SQL.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SessionError(#[from] DataFusionError);

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
    /// Whose fault it is.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        let root = self.0.find_root();
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
        external(&self.0)?.downcast_ref()
    }

    /// The relation's run-time error inside, if that is what it is.
    #[must_use]
    pub fn relation_error(&self) -> Option<&RelationError> {
        external(&self.0)?.downcast_ref()
    }

    /// The lake's error inside, as when a data file is damaged.
    #[must_use]
    pub fn lake_error(&self) -> Option<&LakeError> {
        external(&self.0)?.downcast_ref()
    }

    /// What is wrong with a file that the statement names, if that is what it is.
    pub(super) fn file_error(&self) -> Option<&FileError> {
        FileError::among(&self.0)
    }

    /// The engine's error.
    #[must_use]
    pub fn engine_error(&self) -> &DataFusionError {
        &self.0
    }
}

/// Whether a regular expression was wrong: the engine passes that on as an external error.
fn is_regex(error: &(dyn std::error::Error + 'static)) -> bool {
    error.to_string().starts_with("regex parse error")
}

fn io_class(error: &std::io::Error) -> ErrorClass {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::OutOfMemory => ErrorClass::Resources,
        _ => ErrorClass::Data,
    }
}

fn external(error: &DataFusionError) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
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
