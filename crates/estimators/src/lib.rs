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
//! the error is reported as missing; with few clusters on either side ([`few_clusters`]) a row gets that status.
//! *Reference*: Callaway and Sant'Anna (2021), J. Econometrics 225:200; numbers from R `did` 2.5.1 and an independent
//! M-estimation implementation (`tests/golden/sim`).
//!
//! # Effects by imputation ([`imputation::did_imputation`])
//!
//! *Estimand*: the mean effect on all treated rows that can be imputed (overall), and on those at each event time.
//! *Assumptions*: untreated outcomes are unit effect + period effect + x'β, in all periods; no anticipation; exposure never
//! ends; no spill-over.
//! *Formula*: the model is fitted to the untreated rows with weights ω; a treated row's effect is its outcome less the
//! prediction; effects are averaged with ω. Event times before exposure are something else: coefficients of event-time
//! indicators in a regression on the untreated rows alone, beside the same effects and covariates.
//! *Standard error*: v'ε summed within cluster, with v the weights of the estimate in the outcomes (v = ω/Σω on treated
//! rows, v = −Ω₀Z₀(Z₀'Ω₀Z₀)⁻¹Z₁'v₁ on untreated ones) and ε the residual, on treated rows the effect less the mean of its
//! cohort at that event time (weighted with v²); no small-sample factor. The regression before exposure is clustered with
//! the factor of `fixest`. Normal quantiles throughout.
//! *Not identified*: a treated row whose unit or period has no untreated row, whose unit and period are not linked through
//! untreated rows, or whose covariates vary as they never do among untreated rows, is left out and counted; an event time
//! without rows gets `not_identified`, an indicator before exposure that the others explain `collinear`.
//! *Missing*: anything used that is missing or not finite, or a weight of zero, drops the row and counts it; a panel with
//! holes is used as it is. *Ties*: a unit seen twice in a period is refused. *One cluster*: no error. Effects centred
//! within a cohort in few clusters lose variance; when that is more than a fifth the row gets `few_clusters` (`too_few`
//! without clusters).
//! *Reference*: Borusyak, Jaravel and Spiess (2024), Review of Economic Studies 91:3253; numbers from R `didimputation`
//! 0.5.0 and an independent dense implementation. With weights that package squares them in Z₀'Ω₀Z₀; the numbers here
//! follow the formula.
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
//! ([`covariance::SmallSample`]). *Columns without a coefficient* are named with the reason: constant, absorbed by the fixed
//! effects, or a combination of earlier columns ([`least_squares::DroppedColumn`]). *Singletons*: kept and counted, as in
//! `fixest` 0.12, unless asked otherwise: coefficients stay, and nothing is dropped unasked. *Missing*: any used column missing or not
//! finite, a function of it not finite, or a weight of zero, drops the row and counts it. *One cluster*: refused.
//! *Fixed effects*: the largest exactly, others directly or by conjugate gradients ([`demean`]). *Instruments*: tests in
//! [`least_squares::InstrumentTests`].
//! *Reference*: Cameron, Gelbach and Miller (2011), J. Business & Economic Statistics 29:238; numbers from R `fixest`
//! 0.12.2, `sandwich` 3.0-2 and `clubSandwich` 0.5.8.
//!
//! # Interaction-weighted event studies, decompositions, balance
//!
//! Described in their files: [`mod@sun_abraham`] (Sun and Abraham 2021), [`mod@bacon`] (Goodman-Bacon 2021), [`mod@balance`]
//! (standardised differences as in R `cobalt`).
//!
//! Results never depend on the order of rows, on unit labels (beyond rounding) or on the number of threads: units and
//! rows are put into a canonical order first, and every sum runs in that order.

mod linear_algebra;

mod status;

mod error;

mod diagnostic;

mod estimate;

pub mod inference;

pub mod panel;

pub mod group_time;

pub mod sun_abraham;

pub mod imputation;

pub mod regression;

pub mod bacon;

pub mod naive;

pub mod balance;

pub mod identities;

#[cfg(test)]
mod tests;

pub use diagnostic::Diagnostic;
pub use error::EstimatorError;
pub use estimate::{Counts, Estimate};
pub use status::{Status, TOO_FEW_UNITS};
