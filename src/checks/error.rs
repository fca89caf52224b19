//! Why checks could not be made or evaluated.

use crate::diagnostic::SourceLocation;
use crate::lake::LakeError;
use crate::session::SessionError;

/// Why checks could not be made or evaluated.
#[derive(Debug, thiserror::Error)]
pub enum ChecksError {
    /// A `[[checks]]` section fits no check.
    #[error("{at}: no check is called `{name}`{hint}")]
    UnknownCheck {
        /// Where it stands.
        at: SourceLocation,
        /// The name or pattern.
        name: String,
        /// The nearest name.
        hint: String,
    },
    /// The lake cannot be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The engine failed.
    #[error(transparent)]
    Session(#[from] SessionError),
}
