//! From rows to effects by imputation: the order of the work. Each step is in a sibling file.

use crate::error::EstimatorError;
use crate::estimate::{check_level, rounding_error};
use crate::imputation::counts::Composition;
use crate::imputation::design::Design;
use crate::imputation::effects::Effects;
use crate::imputation::options::{ImputationColumns, ImputationOptions};
use crate::imputation::result::{ImputationCounts, ImputationResult};
use crate::imputation::rows::{Covariate, Rows};
use crate::imputation::scores::Scores;
use crate::imputation::summary::Summary;
use crate::imputation::untreated_model::{Fit, NormalEquations};

/// Imputation estimates of Borusyak, Jaravel and Spiess.
///
/// # Errors
/// [`EstimatorError`] when the rows are no panel or no unit is treated; an event time that cannot be estimated is a row with
/// that status.
pub fn did_imputation(
    columns: ImputationColumns,
    options: &ImputationOptions,
) -> Result<ImputationResult, EstimatorError> {
    check_level(options.level)?;
    let (first, last) = options.window.unwrap_or((0, i32::MAX));
    if first > last {
        return Err(EstimatorError::BadOption {
            option: "window",
            expected: "first..last with first not after last",
        });
    }
    let n_rows_in = columns.panel.unit.len() as u64;
    let rows = Rows::try_new(columns)?;
    // The leads asked for, whatever part of the window lies after exposure.
    let leads = first.min(0)..last.saturating_add(1).min(0);
    let design = Design::try_new(&rows, leads)?;
    if design.events.is_empty() {
        return Err(EstimatorError::NoCohort);
    }
    let equations = NormalEquations::of(&design);
    let covariates: Vec<usize> = design.covariate_columns().collect();
    let fit = equations.fit(&covariates)?;
    let effects = Effects::of(&design, &equations, &fit);
    let lead_fit = if design.leads.is_empty() {
        None
    } else {
        let candidates: Vec<usize> = design.lead_columns().chain(covariates).collect();
        Some(equations.fit(&candidates)?)
    };
    let covariance = Scores::new(&design, &effects, &fit, lead_fit.as_ref()).covariance();
    let composition = Composition::of(&design, &effects);
    let sample = sample_counts(n_rows_in, &design, &equations, &effects, &fit, &composition);
    let summary = Summary {
        design: &design,
        equations: &equations,
        effects: &effects,
        lead_fit: lead_fit.as_ref(),
        composition: &composition,
        rounding: rounding_error(&rows.outcome),
        level: options.level,
    };
    let covariance = summary.finished(covariance);
    Ok(summary.result(&covariance, sample, (first, last), options.seed))
}

fn sample_counts(
    n_rows_in: u64,
    design: &Design<'_>,
    equations: &NormalEquations,
    effects: &Effects,
    fit: &Fit,
    composition: &Composition,
) -> ImputationCounts {
    let rows = design.rows;
    // A text with one label has no column in the first place.
    let is_passed_over = |name: &str, covariate: &Covariate| {
        let mut null = fit.null_vectors.iter();
        matches!(covariate, Covariate::Levels { n_levels: 1, .. })
            || null.any(|null| design.covariate_of(null.column).0 == name)
    };
    let covariates = rows.covariates.iter();
    let passed_over = covariates.filter(|(name, covariate)| is_passed_over(name, covariate));
    let collinear: Vec<String> = passed_over.map(|(name, _)| name.clone()).collect();
    let reasons = effects.not_predicted;
    ImputationCounts {
        n_rows_in,
        n_missing_rows: rows.n_missing,
        n_zero_weight_rows: rows.n_zero_weight,
        n_untreated_rows: equations.n_rows,
        n_treated_rows: rows.outcome.len() as u64 - equations.n_rows,
        n_rows_without_untreated: reasons.no_untreated_rows,
        n_rows_not_connected: reasons.not_connected,
        n_rows_with_unseen_covariates: reasons.covariates,
        collinear,
        n_units: composition.n_units,
        n_clusters: composition.n_clusters,
    }
}
