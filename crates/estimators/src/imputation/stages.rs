//! Two-stage difference-in-differences of Gardner: means of what outcomes have beyond the first stage, with errors that know of it.
//!
//! *Estimand*: as of the imputation, which the effects are equal to. *Assumptions*: the same.
//! *Formula*: the first stage is the model for untreated outcomes, fitted to the untreated rows with weights ω. The second stage
//! regresses u, what all rows have beyond it, on one indicator of exposure (overall), or on an indicator of each event time, without an
//! intercept, weights ω. The indicators do not overlap, so that each coefficient is the mean Σωu/Σω of its rows: after exposure
//! the mean effect, before exposure the mean residual of the first stage. The latter need no reference period; they are not
//! measured from one, and come out small because the rows helped to fit the first stage.
//! *Standard error*: with X₁ and X₂ the columns of the two stages, X₁₀ those of untreated rows and v = u − X₂τ, the influence of a cluster
//! is (X₂'ΩX₂)⁻¹[Σ x₂ωv − X₂'ΩX₁(X₁₀'ΩX₁₀)⁻¹ Σ x₁₀ωu], squared and summed; no small-sample factor. Normal quantiles.
//! Effects are centred at their mean by event time (in the overall row: at the overall mean), not by cohort as in the imputation.
//! *Not identified*, *missing*, *ties*: as in the imputation, statuses included.
//! *Reference*: Gardner (2021), arXiv:2207.05943; Butts and Gardner (2022), The R Journal 14:162. Numbers from R `did2s` 1.2.0, which leaves
//! event time −1 out, and an independent dense implementation.

use nalgebra::DMatrix;

use crate::error::EstimatorError;
use crate::estimate::{check_level, rounding_error};
use crate::imputation::counts::Composition;
use crate::imputation::design::Design;
use crate::imputation::effects::Effects;
use crate::imputation::frame::{Frame, Parts};
use crate::imputation::options::{ImputationColumns, ImputationOptions};
use crate::imputation::predictable::Predictable;
use crate::imputation::result::ImputationResult;
use crate::imputation::rows::Rows;
use crate::imputation::stage_scores::{StageMeans, StageScores, StageWeights};
use crate::imputation::summary::Numbers;
use crate::imputation::untreated_model::{Model, NormalEquations, right_hand_side};
use crate::inference::Inference;
use crate::panel::columns::check_missing_alike;

/// Two-stage difference-in-differences of Gardner. Without a window all event times are returned, those before exposure too.
///
/// # Errors
/// As [`did_imputation`](super::did_imputation), and [`EstimatorError::BadOption`] for other than analytic errors.
pub fn two_stage(
    columns: ImputationColumns,
    options: &ImputationOptions,
) -> Result<ImputationResult, EstimatorError> {
    let mut results = two_stage_outcomes(columns, &[], options)?;
    Ok(results.swap_remove(0))
}

/// [`two_stage`] of the outcome of `columns` and of `others`, which are missing in the same rows. Whatever does not depend on the
/// outcome is worked out once.
///
/// # Errors
/// As [`did_imputation_outcomes`](super::did_imputation_outcomes).
pub fn two_stage_outcomes(
    columns: ImputationColumns,
    others: &[Vec<f64>],
    options: &ImputationOptions,
) -> Result<Vec<ImputationResult>, EstimatorError> {
    check_level(options.level)?;
    let window = options.window.unwrap_or((i32::MIN, i32::MAX));
    if window.0 > window.1 {
        return Err(EstimatorError::BadOption {
            option: "window",
            expected: "first..last with first not after last",
        });
    }
    check_missing_alike(&columns.panel.outcome, others)?;
    if options.inference != Inference::Analytic {
        return Err(EstimatorError::BadOption {
            option: "inference",
            expected: "'analytic'",
        });
    }
    let n_rows_in = columns.panel.unit.len() as u64;
    let (rows, outcome) = Rows::try_new(columns)?;
    let leads = window.0.min(0)..window.1.saturating_add(1).min(0);
    let design = Design::try_new(&rows, leads)?;
    let stages = Stages::prepare(&design, n_rows_in)?;
    let own = rows.in_order(&outcome);
    drop(outcome);
    let mut results = vec![stages.of_outcome(own, window, options)];
    for other in others {
        results.push(stages.of_outcome(rows.in_order(other), window, options));
    }
    Ok(results)
}

/// What does not depend on the outcome.
struct Stages<'a> {
    design: &'a Design<'a>,
    model: Model,
    predictable: Predictable,
    weights: StageWeights,
    frame: Frame,
}

impl<'a> Stages<'a> {
    fn prepare(design: &'a Design<'a>, n_rows_in: u64) -> Result<Self, EstimatorError> {
        if design.events.is_empty() {
            return Err(EstimatorError::NoCohort);
        }
        let equations = NormalEquations::of(design);
        let covariates: Vec<usize> = design.covariate_columns().collect();
        let model = equations.model(&covariates)?;
        let predictable = Predictable::of(design, &equations, &model);
        let parts = Parts {
            design,
            equations: &equations,
            model: &model,
            lead_model: None,
            predictable: &predictable,
            composition: &Composition::of(design, &predictable),
        };
        let frame = parts.frame_of_stages(n_rows_in);
        Ok(Self {
            weights: StageWeights::of(design, &predictable, &equations, &model),
            design,
            model,
            predictable,
            frame,
        })
    }

    /// The result for an outcome in row order.
    fn of_outcome(
        &self,
        outcome: Vec<f64>,
        window: (i32, i32),
        options: &ImputationOptions,
    ) -> ImputationResult {
        let design = self.design;
        let rounding = rounding_error(&outcome);
        let right = right_hand_side(design, &outcome);
        let coefficients = self.model.coefficients(&right);
        let effects = Effects::of(design, &self.predictable, outcome, &coefficients);
        let means = StageMeans::of(design, &self.weights, &effects);
        let all = StageScores {
            design,
            weights: &self.weights,
            deviations: &effects.deviations,
            means: &means,
        }
        .covariance();
        let n = all.nrows() - 1;
        let numbers = Numbers {
            leads: &means.by_estimate[..design.leads.len()],
            means: &effects.means,
            event_weights: &self.predictable.event_weights,
            covariance: DMatrix::from_fn(n, n, |a, b| all[(a, b)]),
            rounding,
        };
        let mut result = numbers.result(&self.frame, window, options);
        // The indicator of exposure is a second stage of its own: its residuals are not those of the event times.
        let factor = self.frame.factors.last().copied().unwrap_or(f64::NAN);
        let error = (all[(n, n)].sqrt() * factor, rounding);
        if let Some(overall) = result.rows.first_mut() {
            let mean = means.by_estimate[n];
            overall.estimate = self.frame.overall.filled(mean, error, options.level);
        }
        result
    }
}
