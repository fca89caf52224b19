//! Why a batch could not be validated.

use crate::diagnostic::FailureKind;

/// Why a batch could not be validated. Rows that break rules are no errors; these are bugs or a lack of
/// memory. Arrow's own texts are left out because they may quote values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValidateError {
    /// A kernel refused arrays of types that were checked before.
    #[error("internal error while {doing} values")]
    Kernel {
        /// What was being done.
        doing: &'static str,
    },
    /// The batch does not have the schema the validator was made for.
    #[error("internal error: a batch has another schema than its file")]
    OtherSchema,
    /// Keys from the lake without one of the key columns.
    #[error("internal error: existing keys have no column `{column}`")]
    NoKeyColumn {
        /// The column.
        column: String,
    },
}

impl ValidateError {
    pub(super) fn kernel(doing: &'static str) -> Self {
        Self::Kernel { doing }
    }

    /// Never the user's fault.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        FailureKind::Internal
    }
}
