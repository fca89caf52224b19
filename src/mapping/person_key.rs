//! By what persons are told apart.

use korabo_formats::{PersonTokens, Token};

/// By what persons are told apart: all files of a project by the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonKey {
    /// Insurer, symbol, number, branch number, date of birth and sex.
    Insured,
    /// The same without the branch number, for files that have none; twins of one sex are one person.
    WithoutBranch,
    /// Name in kana, date of birth and sex: the same in every insurer.
    ByName,
}

impl PersonKey {
    /// The word for it in receipts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Insured => "insured",
            Self::WithoutBranch => "without_branch",
            Self::ByName => "by_name",
        }
    }

    /// The token of a person; `None` where a field that it needs is missing.
    #[must_use]
    pub fn token(self, tokens: &PersonTokens) -> Option<Token> {
        match self {
            Self::Insured => tokens.insured,
            Self::WithoutBranch => tokens.without_branch,
            Self::ByName => tokens.by_name,
        }
    }
}
