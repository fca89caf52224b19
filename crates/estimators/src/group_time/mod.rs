//! Group-time effects of Callaway and Sant'Anna ([`att_gt`]) and their averages ([`aggregate`]).
//!
//! *Estimand*: ATT(g, t), the mean effect in period t on the units first exposed in period g (intention to treat).
//! *Assumptions*: parallel trends between cohort g and its controls from the base period on, no anticipation beyond
//! the stated number of periods, exposure never ends, no spill-over on controls.
//! *Formula* (no covariates, so `dr`, `ipw` and `reg` coincide): with ΔY = Y(t) − Y(base) and weights ω,
//! ATT = Σ_{G=g} ωΔY / Σ_{G=g} ω − Σ_{C} ωΔY / Σ_{C} ω. Base b(g) = the last observed period with
//! period + anticipation < g; `varying` compares pre-periods with the previous observed one.
//! *Standard error*: the influence function ψ_i (sum of squares, summed within cluster first), no small-sample factor,
//! normal quantiles. Shares in the aggregates are estimated too and their error is part of ψ.
//! *Missing*: a row whose outcome, weight, cluster or covariate is missing or not finite is dropped and counted. With
//! [`crate::panel::Layout::Balanced`] units not seen in every period are dropped and counted; with
//! [`crate::panel::Layout::Unbalanced`] the rows form cross-sections and ψ is summed per unit.
//! *Ties*: a unit seen twice in a period is refused. *One cluster*: the cluster sum of ψ is zero by construction, so
//! the error is reported as missing; with few clusters on either side (see [`crate::inference`]) a row gets that status.
//! *Reference*: Callaway and Sant'Anna (2021), J. Econometrics 225:200; numbers from R `did` 2.5.1 and an independent
//! M-estimation implementation (`tests/golden/sim`).
//!
//! Everything rests on `options.rs` and `cell.rs`: `sample.rs` selects units and periods, `comparison.rs` estimates one comparison (with
//! covariates by `adjustment/`), `influence.rs` has their joint covariance. `aggregate_influence.rs` keeps
//! what clusters contribute to the averages, for comparisons with other estimates.

pub(crate) mod options;

mod cell;

pub(crate) mod sample;

mod observations;

mod adjustment;

mod comparison;

mod adjusted_cells;

mod influence;

mod collapsed;

mod regression_sums;

pub(crate) mod resampling;

mod law;

mod effects;

mod diagnostics;

mod comparisons;

mod cluster_sums;

pub(crate) mod deletions;

mod did;

mod aggregates;

pub(crate) mod leave_one_out;

pub(crate) mod handed_out;

mod randomise;

mod aggregate_influence;

pub use aggregate_influence::{
    AggregateInfluence, AggregateParts, ClusterPart, ClusterParts, aggregate_influence_outcomes,
    cluster_parts_outcomes,
};
pub use aggregates::{
    Aggregate, AggregateOptions, AggregateResult, AggregateRow, aggregate,
    aggregate_with_covariance,
};
pub use did::{att_gt, att_gt_outcomes};
pub use effects::{AttGtResult, GroupTime, Pretest};
pub use leave_one_out::{LeftOut, LeftOutRow, leave_one_out};
pub use options::{AttGtOptions, BasePeriod, Control, Method};
pub use randomise::{randomise, randomise_averages};
pub use sample::SampleCounts;
