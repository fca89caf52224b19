//! What is wrong with a file that a statement names.

/// A file that cannot be read as a table. No value of it is in the text.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{path}`: {reason}")]
pub(super) struct FileError {
    path: String,
    pub(super) reason: String,
}

impl FileError {
    pub(super) fn new(path: &str, reason: String) -> Self {
        Self {
            path: path.to_owned(),
            reason,
        }
    }

    /// The error of this kind among the causes of `error`.
    pub(super) fn among<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e Self> {
        let mut causes = std::iter::successors(Some(error), |error| error.source());
        causes.find_map(|cause| cause.downcast_ref())
    }
}
