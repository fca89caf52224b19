//! What every estimator returns and how it refuses. The estimators themselves are in the sibling files.

use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, StudentsT};
use thiserror::Error;

use crate::normal;
use crate::sup_t::SupT;

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
    /// Fewer than [`crate::did::TOO_FEW_UNITS`] treated units: estimate given, error unreliable.
    TooFew,
    /// Too few clusters for the clustered error to be reliable: estimate given.
    FewClusters,
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
        }
    }
}

/// Counts behind one estimate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Distinct treated units (rows for cross-sections).
    pub n_treated: u64,
    /// Distinct comparison units (rows for cross-sections).
    pub n_control: u64,
    /// All units of the sample.
    pub n_units: u64,
    /// All clusters of the sample (equal to `n_units` without clustering).
    pub n_clusters: u64,
}

/// One estimate with its uncertainty. Numbers that do not exist are NaN; SQL shows them as NULL.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Point estimate in units of the outcome.
    pub estimate: f64,
    /// Standard error.
    pub std_error: f64,
    /// Estimate divided by standard error.
    pub statistic: f64,
    /// Two-sided p-value.
    pub p_value: f64,
    /// Lower end of the pointwise interval.
    pub conf_low: f64,
    /// Upper end of the pointwise interval.
    pub conf_high: f64,
    /// Lower end of the simultaneous band.
    pub band_low: f64,
    /// Upper end of the simultaneous band.
    pub band_high: f64,
    /// Treated units.
    pub n_treated: u64,
    /// Comparison units.
    pub n_control: u64,
    /// Units in the sample.
    pub n_units: u64,
    /// Clusters in the sample.
    pub n_clusters: u64,
    /// What to think of the row.
    pub status: Status,
}

impl Estimate {
    /// An estimate with normal inference at the two-sided `level` (0.95 gives ±1.96 errors).
    ///
    /// A standard error that is no larger than `rounding` (see [`rounding_error`]) counts as no variance: the row keeps its
    /// estimate and loses its error, and its status says so whatever else would have been said about the error.
    pub(crate) fn normal(
        estimate: f64,
        (std_error, rounding): (f64, f64),
        level: f64,
        counts: Counts,
        status: Status,
    ) -> Self {
        let rounding = rounding.max(ROUNDING * estimate.abs());
        let usable = std_error.is_finite() && std_error > rounding;
        let std_error = if usable { std_error } else { f64::NAN };
        let status = match status {
            Status::Ok | Status::FewClusters | Status::TooFew | Status::Trimmed if !usable => {
                Status::NoVariance
            }
            other => other,
        };
        let statistic = estimate / std_error;
        let quantile = normal::two_sided_quantile(level);
        Self {
            estimate,
            std_error,
            statistic,
            p_value: normal::two_sided_p(statistic),
            conf_low: estimate - quantile * std_error,
            conf_high: estimate + quantile * std_error,
            band_low: f64::NAN,
            band_high: f64::NAN,
            n_treated: counts.n_treated,
            n_control: counts.n_control,
            n_units: counts.n_units,
            n_clusters: counts.n_clusters,
            status,
        }
    }

    /// The same with inference from the t distribution with `df` degrees of freedom.
    pub(crate) fn student(
        estimate: f64,
        (std_error, rounding): (f64, f64),
        df: f64,
        level: f64,
        counts: Counts,
        status: Status,
    ) -> Self {
        let mut row = Self::normal(estimate, (std_error, rounding), level, counts, status);
        let quantile = student_quantile(df, level);
        row.p_value = match StudentsT::new(0.0, 1.0, df) {
            Ok(law) if row.statistic.is_finite() => 2.0 * law.sf(row.statistic.abs()),
            _ => f64::NAN,
        };
        row.conf_low = estimate - quantile * row.std_error;
        row.conf_high = estimate + quantile * row.std_error;
        row
    }

    /// The row of something that could not be estimated, with the reason.
    pub fn missing(counts: Counts, status: Status) -> Self {
        Self::normal(f64::NAN, (f64::NAN, 0.0), 0.95, counts, status)
    }

    /// Sets the simultaneous band from its critical value.
    pub(crate) fn set_band(&mut self, critical_value: f64) {
        self.band_low = self.estimate - critical_value * self.std_error;
        self.band_high = self.estimate + critical_value * self.std_error;
    }
}

/// The quantile q of the t distribution with P(|T| ≤ q) = `level`; NaN without degrees of freedom.
pub(crate) fn student_quantile(df: f64, level: f64) -> f64 {
    let law = StudentsT::new(0.0, 1.0, df);
    law.map_or(f64::NAN, |law| law.inverse_cdf(0.5 + 0.5 * level))
}

/// The critical value of a band that refers to the t distribution: as likely to be exceeded as `normal` is by a normal statistic,
/// and never below `quantile`, that of the interval.
///
/// Exact for one row; the dependence between several is taken to be that of normal statistics.
pub(crate) fn student_band(normal: f64, df: f64, quantile: f64) -> f64 {
    let law = StudentsT::new(0.0, 1.0, df);
    let critical = law.map_or(f64::NAN, |law| -law.inverse_cdf(normal::cdf(-normal)));
    critical.max(quantile)
}

/// What rounding may leave of a variance of zero, as a share of the numbers it is made from.
const ROUNDING: f64 = 1_024.0 * f64::EPSILON;

/// Standard errors up to this size are what rounding leaves of a variance of zero, for outcomes as large as these.
///
/// R's `did` takes away errors up to 1.49e-7 whatever the unit of the outcome; here an outcome in other units loses nothing.
pub(crate) fn rounding_error(outcome: &[f64]) -> f64 {
    let largest = outcome
        .par_chunks(1 << 16)
        .map(|part| part.iter().fold(0.0_f64, |most, y| most.max(y.abs())))
        .reduce(|| 0.0, f64::max);
    ROUNDING * largest
}

/// One diagnostic. Numbers that do not exist are NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// What is said.
    pub diagnostic: &'static str,
    /// The column, fixed effect or cell it is said about; empty when about the whole.
    pub term: String,
    /// The number.
    pub statistic: f64,
    /// First degrees of freedom.
    pub df1: f64,
    /// Second degrees of freedom.
    pub df2: f64,
    /// P(larger statistic).
    pub p_value: f64,
    /// `ok`, or what is wrong.
    pub status: Status,
    /// More, in words.
    pub detail: String,
}

impl Diagnostic {
    /// A figure that is no test: without degrees of freedom and p-value.
    #[must_use]
    pub fn number(diagnostic: &'static str, term: &str, statistic: f64) -> Self {
        Self {
            diagnostic,
            term: term.to_owned(),
            statistic,
            df1: f64::NAN,
            df2: f64::NAN,
            p_value: f64::NAN,
            status: Status::Ok,
            detail: String::new(),
        }
    }

    /// The critical value of a band.
    pub(crate) fn band(band: SupT) -> Self {
        let detail = format!(
            "over {} estimates; simulation error {:.4}",
            band.dimension, band.simulation_error
        );
        Self::number("band_critical_value", "", band.critical_value).with_detail(&detail)
    }

    /// The last cohort, standing in for the never treated.
    pub(crate) fn comparison_cohort(cohort: i32) -> Self {
        Self::number("comparison_cohort", "", f64::from(cohort)).with_detail(
            "no unit is never treated: this cohort is the comparison, in the periods before it is treated",
        )
    }

    pub(crate) fn with_detail(mut self, detail: &str) -> Self {
        detail.clone_into(&mut self.detail);
        self
    }
}

/// Why an estimator refuses. Texts name columns, groups and counts, never a person's value.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum EstimatorError {
    /// Columns handed over have different lengths: a bug of the caller.
    #[error("column \"{column}\" has {found} rows where {expected} are expected")]
    LengthMismatch {
        /// The column's role.
        column: String,
        /// Its rows.
        found: usize,
        /// The rows of the others.
        expected: usize,
    },
    /// No complete row.
    #[error("no row is left: {n_rows} rows came in, {n_missing} of them with a missing value")]
    NoRows {
        /// Rows that came in.
        n_rows: u64,
        /// Rows with a missing value in a used column.
        n_missing: u64,
    },
    /// A unit appears twice in one period.
    #[error(
        "{n_duplicates} rows repeat a unit within a period; a panel has one row per unit and period"
    )]
    DuplicateRows {
        /// Rows beyond the first of their unit and period.
        n_duplicates: u64,
    },
    /// A unit has more than one cohort.
    #[error("the cohort varies within {n_units} units; it must be the same in all rows of a unit")]
    CohortVaries {
        /// Units concerned.
        n_units: u64,
    },
    /// A unit has more than one cluster.
    #[error("the cluster varies within {n_units} units; it must be the same in all rows of a unit")]
    ClusterVaries {
        /// Units concerned.
        n_units: u64,
    },
    /// None of the never exposed has a cluster.
    #[error(
        "the cluster is missing in all {n_rows} rows of the never exposed, who would all be left out; give them clusters, or \
         leave them out by a filter"
    )]
    NeverWithoutCluster {
        /// Their rows.
        n_rows: u64,
    },
    /// A weight is below zero.
    #[error("{n_rows} rows have a negative weight")]
    NegativeWeight {
        /// Rows concerned.
        n_rows: u64,
    },
    /// A yes/no column holds something else.
    #[error("column \"{column}\" must be 0 or 1 (or yes/no); {n_rows} rows hold another number")]
    NotBinary {
        /// The column's role.
        column: &'static str,
        /// Rows concerned.
        n_rows: u64,
    },
    /// A unit is untreated after having been treated.
    #[error(
        "the treatment ends in {n_units} units; it must stay 1 from a unit's first treated period on"
    )]
    TreatmentEnds {
        /// Units concerned.
        n_units: u64,
    },
    /// Units are not seen in every period, and the estimator needs them to be.
    #[error(
        "{n_units} units are not seen in all {n_periods} periods ({n_missing} rows have a missing value); \
         keep only complete units or choose periods in which all are seen"
    )]
    IncompleteUnits {
        /// Units concerned.
        n_units: u64,
        /// Periods of the panel.
        n_periods: usize,
        /// Rows left out for a missing value.
        n_missing: u64,
    },
    /// All weights are zero.
    #[error("the weights add up to zero")]
    ZeroWeights,
    /// More units, periods or clusters than fit.
    #[error("too many {what}: {found}, at most {limit} are possible")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// A covariate says nothing that the others do not say.
    #[error(
        "covariate \"{column}\" is constant or a combination of the covariates before it; leave it out"
    )]
    DependentCovariate {
        /// The covariate, with its category where it has categories.
        column: String,
    },
    /// There is only one period.
    #[error("at least two periods are needed, found {n_periods}")]
    TooFewPeriods {
        /// Periods found.
        n_periods: usize,
    },
    /// Nobody is treated within the sample.
    #[error(
        "no cohort is first exposed after the first period and by the last one; nothing can be compared"
    )]
    NoCohort,
    /// Dropping incomplete units left nothing.
    #[error("no unit is seen in all {n_periods} periods ({n_dropped} incomplete units)")]
    NoCompleteUnit {
        /// Periods a unit must be seen in.
        n_periods: usize,
        /// Units dropped.
        n_dropped: u64,
    },
    /// There is no never-treated unit and the group that would replace them is too small.
    #[error(
        "no unit is never treated, and the last cohort ({cohort}) has only {n_units} units: too few to be the comparison; \
         use control => 'not_yet_treated'"
    )]
    NoNeverTreated {
        /// The last cohort.
        cohort: i32,
        /// Its units.
        n_units: u64,
    },
    /// An option has an impossible value.
    #[error("{option} must be {expected}")]
    BadOption {
        /// The option's name.
        option: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The data lack a column of the formula.
    #[error("the formula uses column \"{column}\", which the data do not have")]
    UnknownColumn {
        /// The column.
        column: String,
    },
    /// A text column where numbers are needed.
    #[error("column \"{column}\" holds text where {needed_for} needs numbers")]
    NotNumeric {
        /// The column.
        column: String,
        /// Who needs numbers.
        needed_for: &'static str,
    },
    /// Nothing is left to estimate.
    #[error("no coefficient can be estimated: every column is collinear ({columns})")]
    NothingToEstimate {
        /// The columns, comma-separated.
        columns: String,
    },
    /// As many coefficients as rows.
    #[error(
        "{n_coefficients} coefficients (fixed effects included) from {n_obs} rows leave no degree of freedom"
    )]
    NoDegreesOfFreedom {
        /// Coefficients and fixed effects.
        n_coefficients: u64,
        /// Rows used.
        n_obs: u64,
    },
    /// Fewer instruments than endogenous columns.
    #[error(
        "{n_endogenous} endogenous columns need at least as many instruments; {n_instruments} are usable"
    )]
    UnderIdentified {
        /// Endogenous columns.
        n_endogenous: usize,
        /// Instruments left after dropping collinear ones.
        n_instruments: usize,
    },
    /// Leverages of this many fixed effects are not worked out.
    #[error(
        "vcov {vcov} needs leverages, which exist for at most {limit} levels of the fixed effects after the largest; there are \
         {n_levels}; use hc1 or cluster(…)"
    )]
    LeverageWithFixedEffects {
        /// The asked-for kind.
        vcov: &'static str,
        /// Levels of the fixed effects after the largest.
        n_levels: u64,
        /// The limit.
        limit: u64,
    },
    /// A row is fitted perfectly because nothing else carries its column.
    #[error("vcov {vcov} is not defined: {n_rows} rows have leverage one")]
    LeverageOne {
        /// The asked-for kind.
        vcov: &'static str,
        /// Rows with leverage one.
        n_rows: u64,
    },
    /// A polynomial of a column with few values.
    #[error("poly({column}, {degree}) needs more than {degree} different values, found {n_values}")]
    TooFewValues {
        /// The column.
        column: String,
        /// Different values in the rows used.
        n_values: u64,
        /// Degree asked for.
        degree: u64,
    },
    /// The normal equations of the untreated rows are singular up to rounding.
    #[error(
        "the untreated rows link some periods only through vanishing weights, so that period effects cannot be told \
         apart; leave out the rows with the smallest weights, or those periods"
    )]
    VanishingLinks,
    /// The iteration did not settle.
    #[error("fixed effects did not converge in {iterations} iterations")]
    NotConverged {
        /// Iterations done.
        iterations: usize,
    },
}

impl EstimatorError {
    /// The status of what is asked for where there is nothing to work on: no complete row, nobody exposed within the data, a single
    /// period, only columns that are constant. `None` when the input is wrong rather than empty.
    pub fn nothing_to_estimate(&self) -> Option<Status> {
        match self {
            Self::NoRows { .. } | Self::NoCompleteUnit { .. } => Some(Status::NoRows),
            Self::NoCohort => Some(Status::NoTreated),
            Self::TooFewPeriods { .. } | Self::NoDegreesOfFreedom { .. } => {
                Some(Status::NotIdentified)
            }
            Self::NothingToEstimate { .. } => Some(Status::Collinear),
            _ => None,
        }
    }

    /// The same for a level of the input: what would be wrong with a whole input may only be missing in a part of it, as the never
    /// exposed, or a covariate that does not vary there.
    pub fn nothing_in_level(&self) -> Option<Status> {
        match self {
            Self::NoNeverTreated { .. } => Some(Status::NoControls),
            Self::NeverWithoutCluster { .. } | Self::ZeroWeights => Some(Status::NoRows),
            Self::DependentCovariate { .. } => Some(Status::Singular),
            other => other.nothing_to_estimate(),
        }
    }
}
