//! Effects by imputation, of Borusyak, Jaravel and Spiess ([`did_imputation`]): what treated rows have beyond the untreated outcome
//! that units and periods predict.
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
//! The parts. Once for all outcomes: `rows.rs` and `order.rs` check and sort, `design.rs` knows the columns, `untreated_model.rs`
//! inverts, `predictable.rs` finds the rows that can be imputed, `weights.rs` the weights v, `counts.rs` the units behind each
//! estimate, `frame.rs` statuses. For each outcome: `effects.rs` predicts and averages, `scores.rs` has the errors, `summary.rs`
//! makes the rows. `stages.rs` is Gardner's two-stage estimator ([`two_stage`]), which starts from the same model and has errors of its own
//! in `stage_scores.rs`. `jackknife.rs` and `randomise.rs` estimate again, `left_out.rs` does without each cluster, `contributions.rs` is for the bootstrap.
//! `effect_influence.rs` keeps what clusters contribute to the effects, for comparisons with other estimates.

mod options;

mod result;

mod order;

mod rows;

mod design;

mod untreated_model;

mod predictable;

mod weights;

mod counts;

mod frame;

mod effects;

mod scores;

mod summary;

mod jackknife;

mod impute;

mod contributions;

mod effect_influence;

mod left_out;

mod stage_scores;

mod stages;

mod randomise;

pub use effect_influence::{ImputationInfluence, imputation_influence_outcomes};
pub use impute::{did_imputation, did_imputation_outcomes};
pub use left_out::imputation_without_each;
pub use options::{ImputationColumns, ImputationOptions};
pub use randomise::{randomise_imputation, randomise_two_stage};
pub use result::{ImputationCounts, ImputationResult, ImputationRow};
pub use stages::{two_stage, two_stage_outcomes};
