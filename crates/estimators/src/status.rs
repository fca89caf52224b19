//! What to think of a row of results.

/// Why a row is to be trusted, or not, or with care. The text form is what SQL shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Nothing to report.
    Ok,
    /// No row is complete; there is no estimate.
    NoRows,
    /// No unit of the cohort is left in the comparison, or none is exposed at all; there is no estimate.
    NoTreated,
    /// No comparison unit is left; there is no estimate.
    NoControls,
    /// The cohort has no period after its exposure in the sample; there is no estimate.
    NoPostPeriod,
    /// Fewer than [`TOO_FEW_UNITS`] treated units: estimate given, error unreliable. Of pooled estimates: fewer than
    /// [`crate::pooling::FEW_POOLED`].
    TooFew,
    /// Too few clusters for the clustered error to be reliable: estimate given.
    FewClusters,
    /// The interval is wider than it need be and covers more than its level: estimate given.
    Conservative,
    /// The covariates of the comparison units do not determine the adjustment (they lie in a smaller space than those of the
    /// treated); there is no estimate.
    Singular,
    /// Some unit is treated almost surely given its covariates; there is no estimate.
    NoOverlap,
    /// Comparison units that are almost surely treated given their covariates were left out; estimate given.
    Trimmed,
    /// The base period of a universal base: zero by construction, no error.
    BasePeriod,
    /// The rows do not link what would have to be compared; there is no estimate, or it leaves such parts out.
    NotIdentified,
    /// The column is a combination of earlier ones; no coefficient.
    Collinear,
    /// Nothing of the column is left after absorbing the fixed effects; no coefficient.
    Absorbed,
    /// The column has the same value in all rows; no coefficient.
    Constant,
    /// The instruments say too little about the endogenous column: estimate given, its error and bias unreliable.
    WeakInstruments,
    /// The estimate exists but its variance is zero or cannot be computed.
    NoVariance,
    /// A number that the row needs is missing; nothing is worked out from the rest.
    Missing,
    /// All rows lie on one side of the cutoff; there is no estimate.
    OneSided,
    /// The running variable has too few distinct values near the cutoff for the polynomials; there is no estimate.
    TooFewValues,
    /// The estimates before exposure contradict the restriction that an interval assumes: every value is rejected.
    Contradicted,
}

impl Status {
    /// The word SQL shows in the column `status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NoRows => "no_rows",
            Self::NoTreated => "no_treated",
            Self::NoControls => "no_controls",
            Self::NoPostPeriod => "no_post_period",
            Self::TooFew => "too_few",
            Self::FewClusters => "few_clusters",
            Self::Conservative => "conservative",
            Self::Singular => "singular",
            Self::NoOverlap => "no_overlap",
            Self::Trimmed => "trimmed",
            Self::BasePeriod => "base_period",
            Self::NotIdentified => "not_identified",
            Self::Collinear => "collinear",
            Self::Absorbed => "absorbed",
            Self::Constant => "constant",
            Self::WeakInstruments => "weak_instruments",
            Self::NoVariance => "no_variance",
            Self::Missing => "missing",
            Self::OneSided => "one_sided",
            Self::TooFewValues => "too_few_values",
            Self::Contradicted => "contradicted",
        }
    }
}

/// Cohorts with fewer units than this get the status `too_few`.
// The number below which R `did` warns of small groups, without covariates.
pub const TOO_FEW_UNITS: usize = 5;
