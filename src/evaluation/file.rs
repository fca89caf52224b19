//! Files of a project that evaluations are made of.

use std::path::Path;

use super::error::EvaluationError;
use crate::regular_file;

/// The text of `path`, which messages call `shown`.
pub(super) fn read_file(path: &Path, shown: &Path) -> Result<String, EvaluationError> {
    regular_file::read_to_string(path).map_err(|source| EvaluationError::Unreadable {
        file: shown.display().to_string(),
        source,
    })
}
