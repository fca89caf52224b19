//! Effects by imputation with the influence of each cluster on them, for comparisons with other estimates.

use crate::error::EstimatorError;
use crate::estimate::rounding_error;
use crate::imputation::contributions::contributions;
use crate::imputation::frame::Frame;
use crate::imputation::impute::each_outcome;
use crate::imputation::options::{ImputationColumns, ImputationOptions};
use crate::imputation::result::ImputationResult;
use crate::imputation::scores::Scores;
use crate::imputation::summary::Bands;
use crate::inference::cluster_influence::ClusterInfluence;

/// The effects of one outcome, and what each cluster contributes to their errors.
#[derive(Debug, Clone)]
pub struct ImputationInfluence {
    /// The effects.
    pub result: ImputationResult,
    /// The influence on each of its rows.
    pub influence: ClusterInfluence,
    /// Standard errors up to this size are rounding.
    pub rounding: f64,
}

/// [`did_imputation_outcomes`](super::did_imputation_outcomes) with the influence of the clusters, whose keys are their codes, or without
/// clusters the ids of the units.
///
/// # Errors
/// As [`did_imputation_outcomes`](super::did_imputation_outcomes).
pub fn imputation_influence_outcomes(
    columns: ImputationColumns,
    others: &[Vec<f64>],
    options: &ImputationOptions,
) -> Result<Vec<ImputationInfluence>, EstimatorError> {
    let keys: Vec<i64> = match &columns.panel.cluster {
        Some(codes) => codes.iter().map(|&code| i64::from(code)).collect(),
        None => columns.panel.unit.clone(),
    };
    let outcomes = std::iter::once(&columns.panel.outcome).chain(others);
    let rounding: Vec<f64> = outcomes.map(|outcome| largest_error(outcome)).collect();
    let found = each_outcome(
        columns,
        others,
        (options, Bands::Drawn),
        |frame, scores, result| {
            let influence = influence(&keys, frame, scores, &result);
            (result, influence)
        },
    )?;
    let with_rounding = found.into_iter().zip(rounding);
    Ok(with_rounding
        .map(|((result, influence), rounding)| ImputationInfluence {
            result,
            influence,
            rounding,
        })
        .collect())
}

/// Rounding beside the finite values of an outcome.
fn largest_error(outcome: &[f64]) -> f64 {
    let finite: Vec<f64> = outcome.iter().copied().filter(|y| y.is_finite()).collect();
    rounding_error(&finite)
}

/// The influence on the rows of a result; `keys` are those of the rows handed over.
fn influence(
    keys: &[i64],
    frame: &Frame,
    scores: &Scores<'_>,
    result: &ImputationResult,
) -> ClusterInfluence {
    let rows = scores.design.rows;
    let contributions = contributions(frame, scores, result);
    let mut cluster_keys = vec![0; rows.n_clusters];
    for group in 0..rows.n_groups() {
        for row in rows.group(group) {
            cluster_keys[rows.cluster(rows.unit(group, row))] = keys[rows.source(row)];
        }
    }
    let factors: Vec<f64> = result
        .rows
        .iter()
        .map(|row| frame.factor(row.event_time))
        .collect();
    let mut values = Vec::with_capacity(rows.n_clusters * result.rows.len());
    for own in contributions.row_iter() {
        values.extend(own.iter().zip(&factors).map(|(own, factor)| own * factor));
    }
    ClusterInfluence::of_units(&cluster_keys, result.rows.len(), &values)
}
