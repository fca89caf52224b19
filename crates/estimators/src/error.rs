//! Why an estimator refuses.

use thiserror::Error;

use crate::status::Status;

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
    /// Units of a cluster are first exposed in different periods, where exposure is to be handed out by cluster.
    #[error(
        "the cohort varies within {n_clusters} clusters; permutations need clusters that are exposed as a whole: name the level at \
         which exposure was assigned as the cluster"
    )]
    CohortVariesInCluster {
        /// Clusters concerned.
        n_clusters: u64,
    },
    /// Rows of a cluster lie in different strata.
    #[error(
        "the strata vary within {n_clusters} clusters; they must be the same in all rows of a cluster"
    )]
    StrataVary {
        /// Clusters concerned.
        n_clusters: u64,
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
    /// Rows of a stratum have different weights in the standard population.
    #[error(
        "the standard population varies within {n_strata} strata; it has one weight for each stratum"
    )]
    StandardVaries {
        /// Strata concerned.
        n_strata: u64,
    },
    /// A yes/no column holds something else.
    #[error("column \"{column}\" must be 0 or 1 (or yes/no); {n_rows} rows hold another number")]
    NotBinary {
        /// The column's role.
        column: &'static str,
        /// Rows concerned.
        n_rows: u64,
    },
    /// A p-value below 0 or above 1.
    #[error("a p-value lies between 0 and 1; {n_rows} rows hold another number")]
    NotAProbability {
        /// Rows concerned.
        n_rows: u64,
    },
    /// The treatment differs within a cluster.
    #[error(
        "the treatment or the stratum varies within {n_clusters} clusters; whole clusters are assigned, within strata"
    )]
    AssignmentVaries {
        /// Clusters concerned.
        n_clusters: u64,
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
    /// No unit is treated within the sample.
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
    /// A hypothesis about a term that the regression does not have.
    #[error("the regression has no term \"{term}\"; it has {terms}")]
    UnknownTerm {
        /// The name given.
        term: String,
        /// The names there are, comma-separated.
        terms: String,
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
    /// An event time appears twice.
    #[error(
        "event time {event_time} appears twice; an event study has one estimate per event time"
    )]
    RepeatedEventTime {
        /// The event time.
        event_time: i32,
    },
    /// An event study without estimates on one side of its reference.
    #[error("no estimate {side} the reference, event time {reference}; at least one is needed")]
    OneSidedEventStudy {
        /// `before` or `after`.
        side: &'static str,
        /// The reference.
        reference: i32,
    },
    /// The estimate of the reference is not zero.
    #[error(
        "the estimate of event time {reference}, the reference, is not zero: the others are not measured from it; use \
         base_period => 'universal'"
    )]
    ReferenceNotZero {
        /// The reference.
        reference: i32,
    },
    /// An event time between the first and the last has no estimate.
    #[error(
        "event time {event_time} has no estimate; differences between neighbouring periods need all from the first to the last"
    )]
    EventTimeGap {
        /// The event time.
        event_time: i32,
    },
    /// An estimate, or one of its covariances, is missing.
    #[error(
        "the estimate of event time {event_time}, or one of its covariances, is missing; leave it out"
    )]
    MissingEstimate {
        /// The event time.
        event_time: i32,
    },
    /// A covariance matrix of another size than there are estimates.
    #[error(
        "the covariance matrix has {n_columns} columns for {n_estimates} estimates; there must be one for each event time, in \
         their order"
    )]
    CovarianceSize {
        /// Columns, or rows where these are wrong.
        n_columns: usize,
        /// Estimates.
        n_estimates: usize,
    },
    /// A matrix that cannot be a covariance matrix.
    #[error("the covariance matrix {problem}")]
    NotACovariance {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The iteration did not settle.
    #[error("fixed effects did not converge in {iterations} iterations")]
    NotConverged {
        /// Iterations done.
        iterations: usize,
    },
}

impl EstimatorError {
    /// The status of what is asked for where there is nothing to work on: no complete row, no unit exposed within the data, a single
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
