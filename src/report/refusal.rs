//! Why a report of one employer or municipality is not made.

use super::kind::LEAST_INSURED;

/// Why there is no report.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refusal {
    /// An employer with too few insured.
    #[error("no report of employer `{id}`: it has fewer than {LEAST_INSURED} insured")]
    FewInsured {
        /// The employer.
        id: String,
    },
    /// A municipality with too few insured.
    #[error("no report of municipality `{code}`: it has fewer than {least} insured")]
    FewInhabitants {
        /// The municipality.
        code: String,
        /// From how many on there is one.
        least: u64,
    },
    /// An employer or municipality that the results do not have.
    #[error("the results know no {what} `{id}`{hint}")]
    Unknown {
        /// `employer` or `municipality`.
        what: &'static str,
        /// As it was asked for.
        id: String,
        /// The nearest, or those there are.
        hint: String,
    },
    /// No employer is large enough, or nothing is known of any.
    #[error("there is no employer with at least {LEAST_INSURED} insured to report of")]
    NoEmployer,
    /// Nothing is known of any municipality.
    #[error(
        "there is no municipality to report of: `released_levels` has no rows by municipality (groupings of releases/levels.toml)"
    )]
    NoMunicipality,
}

impl Refusal {
    /// Whether small-cell control is the reason.
    #[must_use]
    pub fn is_disclosure(&self) -> bool {
        matches!(self, Self::FewInsured { .. } | Self::FewInhabitants { .. })
    }

    /// Whether the command line is.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}
