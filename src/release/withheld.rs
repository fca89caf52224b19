//! Why a number is not shown, as a reader may know it.

/// The words of the column `withheld`. Whether a number is small itself or protects another is not said: "small" would be half of
/// the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WithheldReason {
    /// It, or what follows from it and other numbers, is of too few persons, or of a sum that few of them make up.
    Protected,
    /// The row is as it was before: what has changed since is of too few persons.
    AsBefore,
    /// The indicator has so few values that its mean says how many persons have each.
    FewValues,
}

impl WithheldReason {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Protected => "protected",
            Self::AsBefore => "as_before",
            Self::FewValues => "few_values",
        }
    }
}
