//! Two-stage difference-in-differences of Gardner: means of what outcomes have beyond the first stage, with errors that know of it.
//!
//! *Estimand*: as of the imputation, which the effects are equal to. *Assumptions*: the same.
//! *Formula*: the first stage is the model for untreated outcomes, fitted to the untreated rows with weights ω. The second stage
//! regresses u, what all rows have beyond it, on one indicator of exposure (overall), or on an indicator of each event time, without an
//! intercept, weights ω. The indicators do not overlap, so that each coefficient is the mean Σωu/Σω of its rows: after exposure
//! the mean effect, before exposure the mean residual of the first stage. The latter need no reference period; they are not
//! measured from one, and come out small because the rows helped to fit the first stage.
//! *Standard error*: with X₁ and X₂ the columns of the two stages, X₁₀ those of untreated rows and v = u − X₂τ, the influence of a cluster
//! is (X₂'ΩX₂)⁻¹[Σ x₂ωv − X₂'ΩX₁(X₁₀'ΩX₁₀)⁻¹ Σ x₁₀ωu], squared and summed; no small-sample factor. Normal quantiles. The cluster jackknife
//! makes both stages again without each cluster.
//! Effects are centred at their mean by event time (in the overall row: at the overall mean), not by cohort as in the imputation.
//! *Not identified*, *missing*, *ties*: as in the imputation, statuses included.
//! *Reference*: Gardner (2021), arXiv:2207.05943; Butts and Gardner (2022), The R Journal 14:162. Numbers from R `did2s` 1.2.0, which leaves
//! event time −1 out, and an independent dense implementation.

use nalgebra::DMatrix;

use crate::error::EstimatorError;
use crate::estimate::rounding_error;
use crate::imputation::contributions::stage_contributions;
use crate::imputation::counts::Composition;
use crate::imputation::design::Design;
use crate::imputation::effects::Effects;
use crate::imputation::frame::{Frame, Parts};
use crate::imputation::jackknife::{Jackknife, laws, without_each};
use crate::imputation::options::{
    ImputationColumns, ImputationOptions, check_bootstrap, check_options,
};
use crate::imputation::predictable::Predictable;
use crate::imputation::result::ImputationResult;
use crate::imputation::rows::Rows;
use crate::imputation::stage_scores::{StageMeans, StageScores, StageWeights};
use crate::imputation::summary::{Bands, Numbers};
use crate::imputation::untreated_model::{Model, NormalEquations, right_hand_side};
use crate::inference::Inference;
use crate::panel::columns::check_missing_alike;

/// Two-stage difference-in-differences of Gardner. Without a window all event times are returned, those before exposure too.
///
/// # Errors
/// As [`did_imputation`](super::did_imputation).
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
    outcomes(columns, others, (options, Bands::Drawn))
}

/// The same without bands, for rows that are estimated again and again.
pub(super) fn stage_rows_of_outcomes(
    columns: ImputationColumns,
    others: &[Vec<f64>],
    options: &ImputationOptions,
) -> Result<Vec<ImputationResult>, EstimatorError> {
    outcomes(columns, others, (options, Bands::LeftOut))
}

fn outcomes(
    columns: ImputationColumns,
    others: &[Vec<f64>],
    (options, bands): (&ImputationOptions, Bands),
) -> Result<Vec<ImputationResult>, EstimatorError> {
    let window = options.window.unwrap_or((i32::MIN, i32::MAX));
    check_options(options, window)?;
    check_missing_alike(&columns.panel.outcome, others)?;
    // Rows are left out of the columns as they came.
    let given = (options.inference == Inference::Cr3).then(|| columns.clone());
    let n_rows_in = columns.panel.unit.len() as u64;
    let (rows, outcome) = Rows::try_new(columns)?;
    let leads = window.0.min(0)..window.1.saturating_add(1).min(0);
    let design = Design::try_new(&rows, leads)?;
    let stages = Stages::prepare(&design, n_rows_in)?;
    check_bootstrap(options.inference, rows.n_clusters)?;
    let own = rows.in_order(&outcome);
    drop(outcome);
    let mut results = vec![stages.of_outcome(own, window, (options, bands))];
    for other in others {
        results.push(stages.of_outcome(rows.in_order(other), window, (options, bands)));
    }
    if let Some(given) = given {
        let jackknife = Jackknife {
            options,
            laws: laws(&rows, &stages.frame, results.len(), |outcome| {
                stages.estimates(outcome)
            })?,
            without: without_each(&given, others, options, stage_rows_of_outcomes)?,
        };
        let all = std::iter::once(&given.panel.outcome).chain(others);
        for (outcome, (result, values)) in results.iter_mut().zip(all).enumerate() {
            jackknife.apply(outcome, rounding_error(&rows.in_order(values)), result);
        }
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

    /// The overall estimate, then the others, of an outcome in row order.
    fn estimates(&self, outcome: Vec<f64>) -> Vec<f64> {
        let right = right_hand_side(self.design, &outcome);
        let coefficients = self.model.coefficients(&right);
        let effects = Effects::of(self.design, &self.predictable, outcome, &coefficients);
        let mut all = StageMeans::of(self.design, &self.weights, &effects).by_estimate;
        all.rotate_right(1);
        all
    }

    /// The result for an outcome in row order, with analytic errors where these are not of the bootstrap.
    fn of_outcome(
        &self,
        outcome: Vec<f64>,
        window: (i32, i32),
        (options, bands): (&ImputationOptions, Bands),
    ) -> ImputationResult {
        let design = self.design;
        let rounding = rounding_error(&outcome);
        let right = right_hand_side(design, &outcome);
        let coefficients = self.model.coefficients(&right);
        let effects = Effects::of(design, &self.predictable, outcome, &coefficients);
        let means = StageMeans::of(design, &self.weights, &effects);
        let scores = StageScores {
            design,
            weights: &self.weights,
            deviations: &effects.deviations,
            means: &means,
        };
        let all = scores.covariance();
        let n = all.nrows() - 1;
        let numbers = Numbers {
            leads: &means.by_estimate[..design.leads.len()],
            means: &effects.means,
            event_weights: &self.predictable.event_weights,
            covariance: DMatrix::from_fn(n, n, |a, b| all[(a, b)]),
            rounding,
        };
        let mut result = numbers.result(&self.frame, window, (options, bands));
        // The indicator of exposure is a second stage of its own: its residuals are not those of the event times.
        let factor = self.frame.factors.last().copied().unwrap_or(f64::NAN);
        let error = (all[(n, n)].sqrt() * factor, rounding);
        if let Some(overall) = result.rows.first_mut() {
            let mean = means.by_estimate[n];
            overall.estimate = self.frame.overall.filled(mean, error, options.level);
        }
        if let Inference::Bootstrap { n_draws } = options.inference {
            let contributions = stage_contributions(&self.frame, &scores, &result);
            result.bootstrap(&contributions, n_draws, options);
        }
        result
    }
}
