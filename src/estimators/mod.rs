//! Pure statistics: panels, group-time effects, least squares and their honest errors.
//!
//! Nothing here knows SQL, files or the clock: values in, values out. Reading the SQL arguments and gathering
//! rows is the job of the relations; deciding what may be published is the job of disclosure.
//!
//! # Group-time effects ([`did::att_gt`], [`aggregate::aggregate`])
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
//! [`panel::Layout::Balanced`] units not seen in every period are dropped and counted; with
//! [`panel::Layout::Unbalanced`] the rows form cross-sections and ψ is summed per unit.
//! *Ties*: a unit seen twice in a period is refused. *One cluster*: the cluster sum of ψ is zero by construction, so
//! the error is reported as missing; a cohort in fewer than [`did::FEW_CLUSTERS`] clusters gets `few_clusters`.
//! *Reference*: Callaway and Sant'Anna (2021), J. Econometrics 225:200; numbers from R `did` 2.5.1 and an independent
//! M-estimation implementation (`tests/golden/sim`).
//!
//! # Simultaneous bands ([`sup_t::critical_value`])
//!
//! The exact quantile of max |Z| for the estimated joint normal law, with its simulation error; Montiel Olea and
//! Plagborg-Møller (2019), J. Applied Econometrics 34:1.
//!
//! # Least squares ([`formula::parse`], [`least_squares::ols`])
//!
//! *Estimand*: the (weighted) linear projection, with absorbed fixed effects and two-stage least squares.
//! *Errors*: iid, HC0–HC4, one- and two-way clustered, with the small-sample factors of `fixest`
//! ([`covariance::SmallSample`]). *Collinear columns*: the later one is dropped, named and counted. *Singletons*: kept,
//! as in `fixest` 0.12, unless asked otherwise. *Missing*: any used column missing or not finite, or a weight of zero,
//! drops the row and counts it. *One cluster*: refused.
//! *Reference*: Cameron, Gelbach and Miller (2011), J. Business & Economic Statistics 29:238; numbers from R `fixest`
//! 0.12.2 and `sandwich` 3.0-2.
//!
//! Results never depend on the order of rows, on unit labels (beyond rounding) or on the number of threads: units and
//! rows are put into a canonical order first, and every sum runs in that order.

pub mod estimate;

pub mod panel;

pub mod did;

pub mod aggregate;

pub mod sup_t;

pub mod formula;

pub mod regression_data;

pub mod least_squares;

pub mod demean;

pub mod covariance;

pub mod balance;

pub mod bacon;

pub mod sun_abraham;

mod influence;

mod bootstrap;

mod comparison;

mod adjusted;

mod propensity;

mod points;

pub mod sample;

mod design;

mod within;

mod linear_algebra;

mod normal;

#[cfg(test)]
mod tests;
