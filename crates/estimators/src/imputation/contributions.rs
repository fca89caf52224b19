//! What clusters contribute to the rows of a result, without small-sample factors.

use nalgebra::DMatrix;

use crate::imputation::frame::Frame;
use crate::imputation::result::ImputationResult;
use crate::imputation::scores::Scores;
use crate::imputation::stage_scores::StageScores;

/// Cluster × row of the result.
pub(super) fn contributions(
    frame: &Frame,
    scores: &Scores<'_>,
    result: &ImputationResult,
) -> DMatrix<f64> {
    let n = scores.weights.n_estimates;
    let by_cluster = scores.by_cluster();
    let shares = overall_shares(frame, scores);
    of_rows(frame, result, (&by_cluster, n), |own| {
        let parts = own.iter().zip(&shares);
        parts.map(|(own, share)| own * share).sum()
    })
}

/// The same of a second stage, in which the overall estimate comes last.
pub(super) fn stage_contributions(
    frame: &Frame,
    scores: &StageScores<'_>,
    result: &ImputationResult,
) -> DMatrix<f64> {
    let n = scores.weights.n_estimates;
    of_rows(frame, result, (&scores.by_cluster(), n), |own| own[n - 1])
}

/// From what clusters contribute to `n` estimates; `overall` makes that of the overall row of them.
fn of_rows(
    frame: &Frame,
    result: &ImputationResult,
    (by_cluster, n): (&[f64], usize),
    overall: impl Fn(&[f64]) -> f64,
) -> DMatrix<f64> {
    let places = result.rows.iter().map(|row| frame.place(row.event_time?));
    let places: Vec<Option<usize>> = places.collect();
    DMatrix::from_fn(by_cluster.len() / n, result.rows.len(), |cluster, row| {
        let own = &by_cluster[cluster * n..(cluster + 1) * n];
        match (result.rows[row].event_time, places[row]) {
            (None, _) => overall(own),
            (Some(_), place) => place.map_or(0.0, |place| own[place]),
        }
    })
}

/// The part of each estimate in the overall one.
fn overall_shares(frame: &Frame, scores: &Scores<'_>) -> Vec<f64> {
    let scale = scores.weights.scale.iter();
    let weights: Vec<f64> = scale
        .map(|&scale| if scale.is_finite() { 1.0 / scale } else { 0.0 })
        .collect();
    let total: f64 = weights.iter().sum();
    let mut shares = vec![0.0; frame.n_leads];
    shares.extend(weights.iter().map(|weight| weight / total));
    shares
}
