//! From rows to effects by imputation: the order of the work. Each step is in a sibling file.

use std::collections::BTreeMap;

use crate::error::EstimatorError;
use crate::estimate::rounding_error;
use crate::imputation::contributions::contributions;
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
use crate::imputation::scores::Scores;
use crate::imputation::summary::{Bands, Numbers};
use crate::imputation::untreated_model::{Model, NormalEquations, right_hand_side};
use crate::imputation::weights::Weights;
use crate::inference::Inference;
use crate::inference::jackknife::JackknifeLaw;
use crate::panel::columns::check_missing_alike;

/// Imputation estimates of Borusyak, Jaravel and Spiess.
///
/// # Errors
/// [`EstimatorError`] when the rows are no panel or no unit is treated; an event time that cannot be estimated is a row with
/// that status.
pub fn did_imputation(
    columns: ImputationColumns,
    options: &ImputationOptions,
) -> Result<ImputationResult, EstimatorError> {
    let mut results = did_imputation_outcomes(columns, &[], options)?;
    Ok(results.swap_remove(0))
}

/// [`did_imputation`] of the outcome of `columns` and of `others`, which are missing in the same rows. Whatever does not depend
/// on the outcome is worked out once: the order of rows, the normal equations and their inverse, which rows can be imputed, the
/// weights of the estimates, counts and statuses. The results are those of a call for each outcome, to the last digit.
///
/// Memory: as for one outcome, however many there are. Beside `others` one outcome at a time is laid out in row order, and its
/// effects take its place. Where groups of the unit effect reach across clusters, a number per group and estimate is kept.
///
/// # Errors
/// As [`did_imputation`], and where one of `others` is missing in other rows than the outcome of `columns`.
pub fn did_imputation_outcomes(
    columns: ImputationColumns,
    others: &[Vec<f64>],
    options: &ImputationOptions,
) -> Result<Vec<ImputationResult>, EstimatorError> {
    each_outcome(columns, others, (options, Bands::Drawn), |_, _, result| {
        result
    })
}

/// The same without bands, for rows that are estimated again and again.
pub(super) fn rows_of_outcomes(
    columns: ImputationColumns,
    others: &[Vec<f64>],
    options: &ImputationOptions,
) -> Result<Vec<ImputationResult>, EstimatorError> {
    each_outcome(
        columns,
        others,
        (options, Bands::LeftOut),
        |_, _, result| result,
    )
}

/// What `finish` makes of each outcome's result, and of the scores and the rows it comes from.
pub(super) fn each_outcome<T>(
    columns: ImputationColumns,
    others: &[Vec<f64>],
    (options, bands): (&ImputationOptions, Bands),
    finish: impl Fn(&Frame, &Scores<'_>, ImputationResult) -> T,
) -> Result<Vec<T>, EstimatorError> {
    let window = options.window.unwrap_or((0, i32::MAX));
    check_options(options, window)?;
    check_missing_alike(&columns.panel.outcome, others)?;
    // Rows are left out of the columns as they came.
    let given = (options.inference == Inference::Cr3).then(|| columns.clone());
    let n_rows_in = columns.panel.unit.len() as u64;
    let (rows, outcome) = Rows::try_new(columns)?;
    // The leads asked for, whatever part of the window lies after exposure.
    let leads = window.0.min(0)..window.1.saturating_add(1).min(0);
    let design = Design::try_new(&rows, leads)?;
    let imputation = Imputation::prepare(&design, n_rows_in)?;
    check_bootstrap(options.inference, rows.n_clusters)?;
    let jackknife = match given {
        None => None,
        Some(given) => Some(Jackknife {
            options,
            laws: imputation.laws(others.len() + 1)?,
            without: without_each(&given, others, options, rows_of_outcomes)?,
        }),
    };
    let finish = |outcome: usize, scores: &Scores<'_>, numbers: &Numbers<'_>| {
        let mut result = numbers.result(&imputation.frame, window, (options, bands));
        if let Some(jackknife) = &jackknife {
            jackknife.apply(outcome, numbers.rounding, &mut result);
        }
        if let Inference::Bootstrap { n_draws } = options.inference {
            let contributions = contributions(&imputation.frame, scores, &result);
            result.bootstrap(&contributions, n_draws, options);
        }
        finish(&imputation.frame, scores, result)
    };
    let own = rows.in_order(&outcome);
    drop(outcome);
    let mut results = vec![imputation.of_outcome(own, |s, n| finish(0, s, n))];
    for (outcome, other) in (1..).zip(others) {
        let own = rows.in_order(other);
        results.push(imputation.of_outcome(own, |s, n| finish(outcome, s, n)));
    }
    Ok(results)
}

/// What does not depend on the outcome.
struct Imputation<'a> {
    design: &'a Design<'a>,
    model: Model,
    /// The pre-trend regression, where leads are asked for.
    lead_model: Option<Model>,
    predictable: Predictable,
    weights: Weights,
    frame: Frame,
}

impl<'a> Imputation<'a> {
    fn prepare(design: &'a Design<'a>, n_rows_in: u64) -> Result<Self, EstimatorError> {
        if design.events.is_empty() {
            return Err(EstimatorError::NoCohort);
        }
        let equations = NormalEquations::of(design);
        let covariates: Vec<usize> = design.covariate_columns().collect();
        let model = equations.model(&covariates)?;
        let lead_model = if design.leads.is_empty() {
            None
        } else {
            let candidates: Vec<usize> = design.lead_columns().chain(covariates).collect();
            Some(equations.model(&candidates)?)
        };
        let predictable = Predictable::of(design, &equations, &model);
        let parts = Parts {
            design,
            equations: &equations,
            model: &model,
            lead_model: lead_model.as_ref(),
            predictable: &predictable,
            composition: &Composition::of(design, &predictable),
        };
        let frame = parts.frame(n_rows_in);
        Ok(Self {
            weights: Weights::of(design, &predictable, &model, lead_model.as_ref()),
            design,
            model,
            lead_model,
            predictable,
            frame,
        })
    }

    /// The laws of the jackknife of the overall estimate and those at event times.
    fn laws(
        &self,
        n_outcomes: usize,
    ) -> Result<BTreeMap<Option<i32>, JackknifeLaw>, EstimatorError> {
        let weights = &self.predictable.event_weights;
        let total: f64 = weights.iter().sum();
        let n_leads = self.design.leads.len();
        laws(self.design.rows, &self.frame, n_outcomes, |outcome| {
            let estimates = self.estimates(outcome);
            let events = estimates[n_leads..].iter().zip(weights);
            let events = events.filter(|(_, weight)| **weight > 0.0);
            let overall = events.map(|(mean, weight)| weight / total * mean).sum();
            std::iter::once(overall).chain(estimates).collect()
        })
    }

    /// The leads, then the effects at event times, of an outcome in row order.
    fn estimates(&self, outcome: Vec<f64>) -> Vec<f64> {
        let right = right_hand_side(self.design, &outcome);
        let coefficients = self.model.coefficients(&right);
        let with_leads = self.lead_model.as_ref();
        let with_leads = with_leads.map(|model| model.coefficients(&right));
        let effects = Effects::of(self.design, &self.predictable, outcome, &coefficients);
        let leads = with_leads.as_ref();
        let leads = leads.map_or(&[][..], |all| &all[self.design.lead_columns()]);
        [leads, &effects.means].concat()
    }

    /// What `finish` makes of the scores and the numbers of an outcome in row order.
    fn of_outcome<T>(
        &self,
        outcome: Vec<f64>,
        finish: impl Fn(&Scores<'_>, &Numbers<'_>) -> T,
    ) -> T {
        let design = self.design;
        let rounding = rounding_error(&outcome);
        let right = right_hand_side(design, &outcome);
        let coefficients = self.model.coefficients(&right);
        let with_leads = self.lead_model.as_ref();
        let with_leads = with_leads.map(|model| model.coefficients(&right));
        let effects = Effects::of(design, &self.predictable, outcome, &coefficients);
        let scores = Scores {
            design,
            weights: &self.weights,
            effects: &effects,
            lead_difference: with_leads.as_ref().map(|with_leads| {
                let pairs = with_leads.iter().zip(&coefficients);
                pairs
                    .map(|(with_leads, without)| with_leads - without)
                    .collect()
            }),
        };
        let numbers = Numbers {
            leads: with_leads
                .as_ref()
                .map_or(&[], |all| &all[design.lead_columns()]),
            means: &effects.means,
            event_weights: &self.predictable.event_weights,
            covariance: scores.covariance(),
            rounding,
        };
        finish(&scores, &numbers)
    }
}
